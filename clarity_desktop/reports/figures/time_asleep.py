"""Time asleep night by night (RH-70): bars from zero, gaps hatched, a running median, and the published range."""

from __future__ import annotations

import numpy as np

from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.time import date_of_day, day_of_date
from clarity_desktop.reports.figures.axes import TICK_SIZE, value_axis
from clarity_desktop.reports.figures.local_time import clock_changes
from clarity_desktop.reports.sheet import Sheet
from clarity_desktop.reports.words import short_date_text

__all__ = ["draw_time_asleep", "running_median"]

_WINDOW = 7
_LEAST_IN_WINDOW = 3


def running_median(day: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """Median of the nights within three days of each night; NaN with fewer than three. Shape as given."""
    near = np.abs(day[:, None] - day[None, :]) <= _WINDOW // 2
    return np.array(
        [np.nanmedian(hours[row]) if np.isfinite(hours[row]).sum() >= _LEAST_IN_WINDOW else np.nan for row in near],
        dtype=np.float64,
    )


def draw_time_asleep(
    sheet: Sheet, panel: Panel, band: tuple[float, float] | None, x: float, top: float, width: float, height: float
) -> float:
    """Draw below ``top``; ``band`` is a published range in hours. Answers the lowest y used."""
    left, plot_width, bottom = x + 26, width - 28, top - height
    if not panel.nights:
        sheet.box(left, bottom, plot_width, height, stroke="grid")
        sheet.text(left + plot_width / 2, bottom + height / 2, "No sleep was recorded in this window.", 9,
                   "text_muted", align="centre")  # fmt: skip
        return bottom
    day = np.array([day_of_date(night.date) for night in panel.nights], dtype=np.int64)
    hours = np.array([night.tst_min / 60 for night in panel.nights], dtype=np.float64)
    first, last = int(day.min()), int(day.max())
    slot = plot_width / (last - first + 1)
    top_value = max(10.0, float(np.ceil(hours.max() / 2) * 2))
    if band is not None:
        base, ceiling = (bottom + height * edge / top_value for edge in band)
        sheet.box(left, base, plot_width, ceiling - base, fill="band")
    value_axis(sheet, left, bottom, plot_width, height, top_value, 2.0, lambda value: f"{value:g} h")
    for missing in sorted(set(range(first, last + 1)) - set(day.tolist())):
        sheet.hatch(left + slot * (missing - first) + slot * 0.06, bottom, slot * 0.88, height)
    for night, at, value in zip(panel.nights, day.tolist(), hours.tolist(), strict=True):
        edge, tall = left + slot * (at - first), height * value / top_value
        sheet.box(edge + slot * 0.1, bottom, slot * 0.8, tall, fill="asleep")
        if night.incomplete:
            sheet.hatch(edge + slot * 0.06, bottom + tall, slot * 0.88, height - tall)
    whole = np.where([not night.incomplete for night in panel.nights], hours, np.nan)
    centre = left + slot * (day.astype(np.float64) - first + 0.5)
    sheet.polyline(centre, bottom + height * running_median(day, whole) / top_value, "text", 1.1)
    marked = False
    for change in clock_changes(panel.zone, panel.span):
        jump_day = int(panel.zone.local_days(np.array([change.at], dtype=np.int64))[0])
        if first <= jump_day <= last:
            at = left + slot * (jump_day - first + 0.5)
            sheet.line(at, bottom, at, top, "warn", 0.8, (2.4, 1.8))
            marked = True
    if marked:
        text = "dashed: the clock changed"
        sheet.text(left + plot_width, top + 2.5, text, TICK_SIZE, "warn", align="right")
    _dates(sheet, first, last, left, slot, bottom)
    return bottom - TICK_SIZE - 2.5


def _dates(sheet: Sheet, first: int, last: int, left: float, slot: float, bottom: float) -> None:
    """Sundays, and the last night where there is room."""
    taken = -1e9
    sundays = [day for day in range(first, last + 1) if date_of_day(day).weekday() == 6]
    every = max(1, len(sundays) // 5)
    for day in sundays[::-1][::every][::-1] if len(sundays) > 2 else sorted({first, last}):
        at = left + slot * (day - first + 0.5)
        text = short_date_text(date_of_day(day))
        half = sheet.width_of(text, TICK_SIZE) / 2
        at = min(max(at, left + half), left + slot * (last - first + 1) - half)
        if at - half < taken + 6:
            continue
        sheet.text(at, bottom - TICK_SIZE - 2.5, text, TICK_SIZE, "text_faint", align="centre")
        taken = at + half
