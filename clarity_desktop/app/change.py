"""Change over time for the window, which may not reach into the analysis room."""

from __future__ import annotations

from clarity_desktop.analysis.change import ChangeOverTime, Followed, RollingValues, compare, follow, rolling_values
from clarity_desktop.analysis.daily_values import DailyValues
from clarity_desktop.analysis.findings.trends import BeforeAfter, Trend

__all__ = [
    "BeforeAfter",
    "ChangeOverTime",
    "DailyValues",
    "Followed",
    "RollingValues",
    "Trend",
    "compare",
    "follow",
    "rolling_values",
]
