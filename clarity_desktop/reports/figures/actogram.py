"""The double-plotted actogram of a report (RH-65): activity, sleep, wear and clock changes on the local clock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.epochs import EpochState
from clarity_desktop.domain.free_days import FreeDays
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.sleep import Night
from clarity_desktop.domain.time import DAY_S, Span, date_of_day
from clarity_desktop.reports.figures.axes import TICK_SIZE
from clarity_desktop.reports.figures.local_time import ClockChange, clock_changes, local_stretches, offset_text
from clarity_desktop.reports.palette import lighter
from clarity_desktop.reports.sheet import Sheet
from clarity_desktop.reports.words import WEEKDAYS, clock_text, short_date_text

__all__ = ["MOST_ROWS", "ActogramBins", "actogram_bins", "draw_actogram", "row_days"]

MOST_ROWS = 42
"""A page holds no more rows; of longer windows the last ones are drawn, and the caption says so."""
_BIN_S = 300
_HALF_DAY_S = DAY_S // 2
_LABEL_WIDTH, _NOTE_WIDTH = 56.0, 56.0


@dataclass(frozen=True, slots=True)
class ActogramBins:
    """Five-minute means on the local clock; arrays of shape (B,). A repeated hour has two bins for one local time."""

    local: NDArray[np.int64]
    """Local seconds at which each bin begins."""
    per_minute: NDArray[np.float64]
    """Mean amount per minute over the valid epochs; NaN without one."""
    lane: NDArray[np.uint8]
    """0 a whole lane; 1 first and 2 second pass of a repeated local time."""
    full: float
    """Amount per minute that fills a row: the 99th percentile of the means."""


def actogram_bins(panel: Panel) -> ActogramBins:
    """The activity of a panel as the actogram draws it."""
    epochs = panel.epochs
    per_minute = np.where(epochs.valid, epochs.values.astype(np.float64) * 60 / epochs.step_s, np.nan)
    size = max(_BIN_S, epochs.step_s)
    changes = clock_changes(panel.zone, epochs.span)
    locals_, means, lanes = [], [], []
    for stretch in local_stretches(panel.zone, epochs.span):
        begin = (stretch.start - stretch.offset_s - epochs.start) // epochs.step_s
        stop = -(-(stretch.stop - stretch.offset_s - epochs.start) // epochs.step_s)
        values = per_minute[begin:stop]
        local = epochs.times[begin:stop] + stretch.offset_s
        bins, where = np.unique(local // size, return_inverse=True)
        known = np.isfinite(values)
        total = np.bincount(where[known], values[known], minlength=bins.size)
        count = np.bincount(where[known], minlength=bins.size)
        means.append(np.where(count > 0, total / np.maximum(count, 1), np.nan))
        locals_.append(bins * size)
        lanes.append(_lanes(bins * size, stretch.offset_s, changes))
    every = np.concatenate(means)
    known_means = every[np.isfinite(every)]
    full = float(np.percentile(known_means, 99)) if known_means.size else 0.0
    return ActogramBins(np.concatenate(locals_), every, np.concatenate(lanes), full)


def _lanes(local: NDArray[np.int64], offset_s: int, changes: list[ClockChange]) -> NDArray[np.uint8]:
    lane = np.zeros(local.size, dtype=np.uint8)
    for change in changes:
        if change.jump_s < 0 and offset_s in (change.before_s, change.after_s):
            twice = (local >= change.at + change.after_s) & (local < change.at + change.before_s)
            lane[twice] = 1 if offset_s == change.before_s else 2
    return lane


def row_days(panel: Panel) -> list[int]:
    """Local days at whose noon the rows begin. The last half row stands in the row before and is not repeated."""
    span = panel.epochs.span
    local = panel.zone.local_seconds(np.array([span.start, max(span.stop - 1, span.start)], dtype=np.int64))
    first, last = ((local - _HALF_DAY_S) // DAY_S).tolist()
    return list(range(first, max(last, first + 1)))


class _Plot:
    """Where rows and local times lie on the sheet."""

    def __init__(self, sheet: Sheet, days: list[int], x: float, top: float, width: float, pitch: float) -> None:
        self.sheet, self.days, self.pitch = sheet, days, pitch
        self.x, self.width, self.top = x + _LABEL_WIDTH, width - _LABEL_WIDTH - _NOTE_WIDTH, top
        self.bottom = top - pitch * len(days)
        self.bar_height = pitch * 0.70

    def floor(self, row: int) -> float:
        """The base line of a row's bars."""
        return self.top - self.pitch * (row + 1) + self.pitch * 0.24

    def at(self, row: int, local: float) -> float:
        """Horizontal place of a local time in a row."""
        begin = self.days[row] * DAY_S + _HALF_DAY_S
        return self.x + self.width * (local - begin) / (2 * DAY_S)

    def pieces(self, start: float, stop: float) -> list[tuple[int, float, float]]:
        """(row, left, right) of a local stretch in every row that shows a part of it."""
        found = []
        for row, day in enumerate(self.days):
            begin = day * DAY_S + _HALF_DAY_S
            low, high = max(start, begin), min(stop, begin + 2 * DAY_S)
            if low < high:
                found.append((row, self.at(row, low), self.at(row, high)))
        return found


def draw_actogram(
    sheet: Sheet, panel: Panel, x: float, top: float, width: float, pitch: float, free: FreeDays
) -> float:
    """Draw the rows, axes and marks below ``top``, free days tinted; answer the lowest y used."""
    days = row_days(panel)[-MOST_ROWS:]
    bins = actogram_bins(panel)
    plot = _Plot(sheet, days, x, top - TICK_SIZE - 5, width, pitch)
    changes = clock_changes(panel.zone, panel.epochs.span)
    _tints(plot, free)
    _grid(plot)
    _unworn(plot, panel)
    _bars(plot, bins)
    _skipped(plot, changes)
    for night in panel.nights:
        _sleep(plot, panel, night, "core")
    for nap in panel.naps:
        _sleep(plot, panel, nap, "asleep")
    _row_labels(plot, panel, changes, free)
    return _marks(plot, panel)


def _tints(plot: _Plot, free: FreeDays) -> None:
    for day in range(plot.days[0], plot.days[-1] + 3):
        if free.is_free(date_of_day(day)):
            for row, left, right in plot.pieces(day * DAY_S, (day + 1) * DAY_S):
                plot.sheet.box(left, plot.top - plot.pitch * (row + 1), right - left, plot.pitch, fill="weekend")


def _grid(plot: _Plot) -> None:
    sheet, top, bottom = plot.sheet, plot.top, plot.bottom
    for hour in range(0, 49, 3):
        at = plot.x + plot.width * hour / 48
        clock = (hour + 12) % 24
        if hour % 24 == 12:
            sheet.line(at, bottom, at, top, "axis", 0.6, (1, 1.6))
        elif hour == 24:
            sheet.line(at, bottom, at, top, "axis", 0.7)
        else:
            sheet.line(at, bottom, at, top, "grid", 0.4)
        strong = "text" if clock == 0 else "text_faint"
        if hour % 6 == 0:
            sheet.text(at, top + 4, f"{clock:02d}", TICK_SIZE, strong, align="centre")
        sheet.line(at, bottom, at, bottom - 2, "axis", 0.5)
        sheet.text(at, bottom - TICK_SIZE - 2.5, f"{clock:02d}", TICK_SIZE, strong, align="centre")
    for row in range(len(plot.days)):
        sheet.line(plot.x, plot.floor(row), plot.x + plot.width, plot.floor(row), "border", 0.35)


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edge = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return list(zip(edge[::2].tolist(), edge[1::2].tolist(), strict=True))


def _unworn(plot: _Plot, panel: Panel) -> None:
    epochs = panel.epochs
    for state, missing in ((EpochState.NOT_WORN, False), (EpochState.MISSING, True)):
        for begin, stop in _runs(epochs.state == state):
            span = Span(epochs.start + begin * epochs.step_s, epochs.start + stop * epochs.step_s)
            for stretch in local_stretches(panel.zone, span):
                for row, left, right in plot.pieces(stretch.start, stretch.stop):
                    plot.sheet.hatch(left, plot.floor(row), right - left, plot.bar_height, missing=missing)


def _bars(plot: _Plot, bins: ActogramBins) -> None:
    if bins.full <= 0:
        return
    share = np.clip(bins.per_minute / bins.full, 0, 1)
    width = plot.width * _BIN_S / (2 * DAY_S)
    if bins.local.size > 1:
        width = plot.width * float(np.median(np.diff(bins.local))) / (2 * DAY_S)
    for row, day in enumerate(plot.days):
        begin = day * DAY_S + _HALF_DAY_S
        inside = (bins.local >= begin) & (bins.local < begin + 2 * DAY_S)
        for lane, lift, scale in ((0, 0.0, 1.0), (1, 0.5, 0.5), (2, 0.0, 0.5)):
            rows = np.flatnonzero(inside & (bins.lane == lane))
            if rows.size == 0:
                continue
            left = plot.x + plot.width * (bins.local[rows] - begin) / (2 * DAY_S)
            base = plot.floor(row) + lift * plot.bar_height
            plot.sheet.columns(left, width, base, share[rows] * plot.bar_height * scale, "activity")


def _skipped(plot: _Plot, changes: list[ClockChange]) -> None:
    for change in changes:
        if change.jump_s <= 0:
            continue
        for row, left, right in plot.pieces(change.at + change.before_s, change.at + change.after_s):
            base, height = plot.floor(row), plot.bar_height
            plot.sheet.box(left, base, right - left, height, fill="warn_bg", stroke="warn", pen=0.5)
            middle, reach = base + height / 2, min((right - left) * 0.34, 4.0)
            centre = (left + right) / 2
            plot.sheet.line(centre - reach, middle, centre + reach, middle, "warn", 0.6)
            plot.sheet.line(centre + reach - 1.6, middle + 1.4, centre + reach, middle, "warn", 0.6)
            plot.sheet.line(centre + reach - 1.6, middle - 1.4, centre + reach, middle, "warn", 0.6)


def _sleep(plot: _Plot, panel: Panel, night: Night, token: str) -> None:
    spans = [Span(part.start, part.stop) for part in night.segments if part.stage.is_sleep]
    merged: list[Span] = []
    for span in spans or [Span(night.onset, night.offset)]:
        if merged and span.start <= merged[-1].stop:
            merged[-1] = Span(merged[-1].start, max(span.stop, merged[-1].stop))
        else:
            merged.append(span)
    for span in merged:
        for stretch in local_stretches(panel.zone, span):
            for row, left, right in plot.pieces(stretch.start, stretch.stop):
                level = plot.floor(row) - 1.3
                plot.sheet.line(left, level, right, level, token, 1.5)


def _row_labels(plot: _Plot, panel: Panel, changes: list[ClockChange], free: FreeDays) -> None:
    size = min(TICK_SIZE, plot.pitch * 0.82)
    unworn = {day.date for day in panel.days if day.not_worn_min >= 8 * 60}
    for row, day in enumerate(plot.days):
        date = date_of_day(day)
        with_month = row == 0 or date.weekday() == 0 or date.day == 1
        text = f"{WEEKDAYS[date.weekday()]} {short_date_text(date) if with_month else date.day}"
        y = plot.floor(row) + 0.5
        weekend = date.weekday() >= 5
        colour = "text" if weekend or free.is_free(date) else "text_muted"
        plot.sheet.text(plot.x - 6, y, text, size, colour, bold=weekend, align="right")
        right = plot.x + plot.width + 4
        begin = day * DAY_S + _HALF_DAY_S
        jump = next((c for c in changes if begin <= c.at + c.before_s < begin + DAY_S), None)
        if jump is not None:
            plot.sheet.text(right, y, _jump_text(jump), min(size, 8.0), "warn", bold=True)
        elif date in unworn:
            plot.sheet.text(right, y, "not worn", min(size, 8.0), "text_muted")


def _jump_text(change: ClockChange) -> str:
    if change.is_travel:
        return f"to {offset_text(change.after_s)}"
    hours = change.jump_s / 3600
    return f"{'+' if hours > 0 else '−'}{abs(hours):g} h DST"


def _marks(plot: _Plot, panel: Panel) -> float:
    """L5 and M10 as bars under the axis, wherever the 48 hours show them."""
    sheet, y = plot.sheet, plot.bottom - TICK_SIZE - 8
    written: list[tuple[float, float]] = []
    for metric, token, name, length in (("m10_onset_h", "m10", "M10", 10.0), ("l5_onset_h", "l5", "L5", 5.0)):
        finding = panel.finding(metric)
        if finding is None or finding.value is None:
            continue
        label = f"{name} {clock_text(finding.value)}–{clock_text((finding.value + length) % 24)}"
        for lap in (-24.0, 0.0, 24.0, 48.0):
            begin = finding.value - 12 + lap
            low, high = max(begin, 0.0), min(begin + length, 48.0)
            if low >= high:
                continue
            left, right = plot.x + plot.width * low / 48, plot.x + plot.width * high / 48
            sheet.box(left, y - 3, right - left, 2.6, fill=token)
            for text in (label, name) if high - low > length - 0.01 else (name,):
                half = sheet.width_of(text, TICK_SIZE) / 2
                ends = (left + right) / 2 - half, (left + right) / 2 + half
                if not any(ends[0] < stop + 5 and ends[1] > start - 5 for start, stop in written):
                    sheet.text(ends[0], y - 3 - TICK_SIZE - 1.5, text, TICK_SIZE)
                    written.append(ends)
                    break
    shown = bool(written)
    y -= TICK_SIZE + 10 if shown else 2
    return _legend(plot, panel, y)


def _legend(plot: _Plot, panel: Panel, y: float) -> float:
    sheet, x, size = plot.sheet, plot.x, 8.0
    entries = [("Activity", "bar"), ("Sleep", "core"), ("Nap", "asleep")]
    if np.any(panel.epochs.state == EpochState.NOT_WORN):
        entries.append(("Not worn", "hatch"))
    if np.any(panel.epochs.state == EpochState.MISSING):
        entries.append(("No sample", "missing"))
    jumps = [change.jump_s for change in clock_changes(panel.zone, panel.epochs.span)]
    if any(jump > 0 for jump in jumps):
        entries.append(("Skipped local time", "skip"))
    if any(jump < 0 for jump in jumps):
        entries.append(("Repeated local time, first above", "twice"))
    y -= size
    for name, mark in entries:
        if x + 13 + sheet.width_of(name, size) > plot.x + plot.width + _NOTE_WIDTH:
            x, y = plot.x, y - size - 4
        if mark == "bar":
            sheet.box(x, y, 9, 6, fill="activity")
        elif mark == "twice":
            sheet.box(x, y + 3.6, 9, 1.8, fill="activity")
            sheet.box(x, y, 9, 2.6, fill="activity")
        elif mark == "skip":
            sheet.box(x, y, 9, 6, fill="warn_bg", stroke="warn")
        elif mark in ("hatch", "missing"):
            sheet.hatch(x, y, 9, 6, missing=mark == "missing")
            sheet.box(x, y, 9, 6, stroke=lighter("hatch", 0.6), pen=0.3)
        else:
            sheet.line(x, y + 3, x + 10, y + 3, mark, 1.5)
        x += 13 + sheet.text(x + 13, y + 0.3, name, size, "text_muted") + 14
    return y
