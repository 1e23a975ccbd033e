"""The average day of a report (RH-66): median, quartiles, cosinor, and the least and most active hours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.panel import Panel
from clarity_desktop.reports.figures.axes import TICK_SIZE, nice_top, value_axis
from clarity_desktop.reports.palette import lighter
from clarity_desktop.reports.sheet import Sheet
from clarity_desktop.reports.words import clock_text, number_text

__all__ = ["cosinor_curve", "draw_average_day", "shows_mean", "smoothed"]

_BIN_MIN = 15


def smoothed(values: NDArray[np.float64], width_min: int = _BIN_MIN) -> NDArray[np.float64]:
    """Means of ``width_min`` minutes of a profile of shape (1440,); NaN where no minute is known."""
    rows = values.reshape(-1, width_min)
    known = np.isfinite(rows)
    count = known.sum(axis=1)
    total = np.where(known, rows, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def shows_mean(panel: Panel) -> bool:
    """Whether the line is the mean: steps are zero at most minutes, and so is their median all day long."""
    day = panel.average_day
    if day is None:
        return False
    median, mean = (float(np.nanmax(smoothed(part), initial=0.0)) for part in (day.median, day.mean))
    return median < 0.2 * mean


def cosinor_curve(panel: Panel, hours: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The fitted 24-h cosine at local clock hours (RH-17), or ``None`` where the panel has no fit."""
    parts = [panel.finding(metric) for metric in ("mesor", "amplitude", "acrophase_h")]
    values = [part.value for part in parts if part is not None and part.value is not None]
    if len(values) < 3:
        return None
    mesor, amplitude, acrophase = values
    return mesor + amplitude * np.cos(2 * np.pi * (hours - acrophase) / 24)


def draw_average_day(sheet: Sheet, panel: Panel, x: float, top: float, width: float, height: float) -> float:
    """Draw below ``top`` in ``height`` points of plot; answer the lowest y used."""
    left, plot_width, bottom = x + 30, width - 34, top - height
    day = panel.average_day
    if day is None:
        sheet.box(left, bottom, plot_width, height, stroke="grid")
        sheet.text(left + plot_width / 2, bottom + height / 2, "Insufficient data for an average day.", 9,
                   "text_muted", align="centre")  # fmt: skip
        return bottom
    factor = 60 / panel.epochs.step_s
    line = day.mean if shows_mean(panel) else day.median
    middle, low, high = (smoothed(part) * factor for part in (line, day.lower, day.upper))
    hours = (np.arange(middle.size) + 0.5) * _BIN_MIN / 60
    curve_hours = np.linspace(0, 24, 145)
    curve = cosinor_curve(panel, curve_hours)
    peaks = [high, middle] if curve is None else [high, middle, curve]
    top_value, step = nice_top(max(float(np.nanmax(part, initial=0.0)) for part in peaks))
    value_axis(sheet, left, bottom, plot_width, height, top_value, step, lambda value: number_text(value, 0))

    def across(hour: NDArray[np.float64]) -> NDArray[np.float64]:
        return left + plot_width * hour / 24

    def up(value: NDArray[np.float64]) -> NDArray[np.float64]:
        return bottom + height * np.clip(value, 0, top_value) / top_value

    sheet.area(across(hours), up(low), up(high), lighter("activity", 0.24))
    if curve is not None:
        below = np.where(curve < 0, np.nan, curve)
        sheet.polyline(across(curve_hours), up(below), "model", 0.9, (3.2, 2))
        _acrophase(sheet, panel, left, bottom, plot_width, height, float(curve.max()) / top_value)
    sheet.polyline(across(hours), up(middle), "activity", 1.1)
    for hour in range(0, 25, 3):
        at = left + plot_width * hour / 24
        sheet.line(at, bottom, at, bottom - 2, "axis", 0.5)
        sheet.text(at, bottom - TICK_SIZE - 2.5, f"{hour % 24:02d}", TICK_SIZE, "text_faint", align="centre")
    return _windows(sheet, panel, left, bottom - TICK_SIZE - 8, plot_width)


def _acrophase(
    sheet: Sheet, panel: Panel, left: float, bottom: float, width: float, height: float, peak: float
) -> None:
    finding = panel.finding("acrophase_h")
    if finding is None or finding.value is None:
        return
    at = left + width * finding.value / 24
    sheet.line(at, bottom, at, bottom + height * min(peak, 1.0), "model", 0.6, (1, 1.6))
    text = f"model acrophase {clock_text(finding.value)}"
    half = sheet.width_of(text, TICK_SIZE) / 2
    centre = min(max(at, left + half), left + width - half)
    sheet.text(centre, bottom + height + 2.5, text, TICK_SIZE, "model", align="centre")


def _windows(sheet: Sheet, panel: Panel, left: float, y: float, width: float) -> float:
    """L5 and M10 as bars with onset and level; a window past midnight wraps."""
    lowest, taken = y, (-1e9, -1e9)
    for onset_id, level_id, token, name, length in (
        ("l5_onset_h", "l5", "l5", "L5", 5.0),
        ("m10_onset_h", "m10", "m10", "M10", 10.0),
    ):
        onset, level = panel.finding(onset_id), panel.finding(level_id)
        if onset is None or onset.value is None:
            continue
        pieces = [(onset.value, min(onset.value + length, 24.0)), (0.0, onset.value + length - 24.0)]
        for begin, stop in pieces:
            if stop > begin:
                sheet.box(left + width * begin / 24, y - 3, width * (stop - begin) / 24, 2.6, fill=token)
        text = f"{name} {clock_text(onset.value)}"
        if level is not None and level.value is not None:
            text += f", {number_text(level.value, 1 if level.value < 10 else 0)}/min"
        size = sheet.width_of(text, TICK_SIZE)
        at = min(left + width * onset.value / 24, left + width - size)
        row = 1 if at < taken[1] + 6 and at + size > taken[0] - 6 else 0
        taken = (at, at + size)
        below = y - 3 - (TICK_SIZE + 1.5) * (row + 1)
        sheet.text(at, below, text, TICK_SIZE)
        lowest = min(lowest, below)
    return lowest
