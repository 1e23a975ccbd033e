"""Charts of sleep, activity and rhythm: each draws what it is given and holds no rules of its own."""

from __future__ import annotations

from clarity_desktop.ui.charts.actogram import ActogramChart
from clarity_desktop.ui.charts.average_day import AverageDayChart
from clarity_desktop.ui.charts.canvas import Chart
from clarity_desktop.ui.charts.dial import PhaseDial
from clarity_desktop.ui.charts.event_flags import EventFlag
from clarity_desktop.ui.charts.hypnogram import HypnogramChart
from clarity_desktop.ui.charts.lanes import LaneSpec
from clarity_desktop.ui.charts.night_strip import NightStrip
from clarity_desktop.ui.charts.raster import SleepRasterChart
from clarity_desktop.ui.charts.strip import OverviewStrip
from clarity_desktop.ui.charts.time_asleep import SleepBand, TimeAsleepChart
from clarity_desktop.ui.charts.timeline import TimelineChart

__all__ = [
    "ActogramChart",
    "AverageDayChart",
    "Chart",
    "EventFlag",
    "HypnogramChart",
    "LaneSpec",
    "NightStrip",
    "OverviewStrip",
    "PhaseDial",
    "SleepBand",
    "SleepRasterChart",
    "TimeAsleepChart",
    "TimelineChart",
]
