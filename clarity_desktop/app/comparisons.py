"""Comparisons of windows and of accounts of sleep, for the window, which may not reach into the analysis room."""

from __future__ import annotations

from clarity_desktop.analysis.comparison import ComparedMeasure, Comparison, DayRange, around_event
from clarity_desktop.analysis.methods import MEASURES, METHOD_WORDS, Bias, MethodPair, SleepMethods

__all__ = [
    "MEASURES",
    "METHOD_WORDS",
    "Bias",
    "ComparedMeasure",
    "Comparison",
    "DayRange",
    "MethodPair",
    "SleepMethods",
    "around_event",
]
