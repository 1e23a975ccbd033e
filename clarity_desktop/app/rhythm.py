"""Details of rhythm for the window, which may not reach into the analysis room."""

from __future__ import annotations

from clarity_desktop.analysis.rhythm_detail import (
    ALPHA,
    DailySeries,
    PowerSpectrum,
    RegularityMap,
    RhythmDetail,
    SeriesTrend,
    rhythm_detail,
)

__all__ = ["ALPHA", "DailySeries", "PowerSpectrum", "RegularityMap", "RhythmDetail", "SeriesTrend", "rhythm_detail"]
