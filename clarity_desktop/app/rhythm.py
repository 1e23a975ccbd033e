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
from clarity_desktop.circadian.two_process import LABEL as PRESSURE_LABEL
from clarity_desktop.circadian.two_process import TwoProcess
from clarity_desktop.sleep.fragmentation import fragmentation_index

__all__ = [
    "ALPHA",
    "PRESSURE_LABEL",
    "DailySeries",
    "PowerSpectrum",
    "RegularityMap",
    "RhythmDetail",
    "SeriesTrend",
    "TwoProcess",
    "fragmentation_index",
    "rhythm_detail",
]
