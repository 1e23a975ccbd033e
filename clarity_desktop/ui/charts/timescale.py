"""Where the ticks of a local clock fall on an axis of elapsed time, and where clocks change."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from clarity_desktop.domain.time import DAY_S, Instant, Span, ZoneTimeline, date_of_day
from clarity_desktop.ui.charts.wording import MONTHS, WEEKDAYS, day_short

__all__ = ["ClockChange", "ClockTick", "TimeScale", "clock_changes", "clock_ticks"]

_HOUR = 3600
_STEPS = (900, _HOUR, 3 * _HOUR, 6 * _HOUR)
_MIN_LABEL_PX = 56.0


@dataclass(frozen=True, slots=True)
class TimeScale:
    """Elapsed time mapped on pixels: ``span.start`` at ``left``, ``span.stop`` at ``left + width``."""

    span: Span
    left: float
    width: float

    def x(self, instant: float) -> float:
        """Pixel of an instant; not clamped."""
        length = max(1, self.span.length_s)
        return self.left + (instant - self.span.start) / length * self.width

    def instant(self, x: float) -> Instant:
        """Instant under a pixel, in whole seconds; not clamped."""
        return int(self.span.start + (x - self.left) / max(1e-9, self.width) * self.span.length_s)


@dataclass(frozen=True, slots=True)
class ClockTick:
    """One tick: ``strong`` at local midnight, whose label stands to the right of its line."""

    instant: Instant
    label: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A jump of the person's clock within a window."""

    instant: Instant
    delta_s: int
    """New offset minus old offset, seconds; positive when clocks go forward."""
    travel: bool
    """Another zone rather than the clock change of the same zone."""
    zone: str
    """The zone in force afterwards."""

    @property
    def hours(self) -> str:
        """The jump with its sign, ``+1 h`` or ``−9 h``, minutes only when there are any."""
        sign = "+" if self.delta_s >= 0 else "−"
        hours, minutes = divmod(abs(self.delta_s) // 60, 60)
        return f"{sign}{hours} h" + (f" {minutes:02d}" if minutes else "")

    @property
    def label(self) -> str:
        """What a flag says: ``+1 h clock change`` or ``America/New_York, −6 h``."""
        return f"{self.zone}, {self.hours}" if self.travel else f"{self.hours} clock change"


def clock_changes(zone: ZoneTimeline, span: Span) -> tuple[ClockChange, ...]:
    """Every clock change and journey within a window, in order."""
    entries = zone.offset_changes(span.start, span.stop)
    return tuple(
        ClockChange(after[0], after[1] - before[1], after[2] != before[2], after[2])
        for before, after in pairwise(entries)
    )


def clock_ticks(zone: ZoneTimeline, span: Span, width_px: float) -> tuple[ClockTick, ...]:
    """Ticks of the local clock for a window drawn ``width_px`` wide: labels at least 56 px apart, midnights strong.

    Steps are 15 min, 1 h, 3 h, 6 h, a day, a week (Mondays), a month, a quarter or a year.
    """
    if span.length_s <= 0 or width_px <= 0:
        return ()
    seconds_per_label = span.length_s / width_px * _MIN_LABEL_PX
    for step in _STEPS:
        if step >= seconds_per_label:
            return _hour_ticks(zone, span, step)
    if seconds_per_label <= DAY_S:
        return _day_ticks(zone, span, 1)
    if seconds_per_label <= 7 * DAY_S:
        return _day_ticks(zone, span, 7)
    return _month_ticks(zone, span, seconds_per_label)


def _local_day_range(zone: ZoneTimeline, span: Span) -> range:
    offsets = zone.offset_changes(span.start, span.stop)
    return range((span.start + offsets[0][1]) // DAY_S, (span.stop + offsets[-1][1]) // DAY_S + 1)


def _hour_ticks(zone: ZoneTimeline, span: Span, step: int) -> tuple[ClockTick, ...]:
    ticks: list[ClockTick] = []
    entries = zone.offset_changes(span.start, span.stop)
    for index, (begin, offset, _) in enumerate(entries):
        end = entries[index + 1][0] if index + 1 < len(entries) else span.stop + 1
        wall = -((-(begin + offset)) // step) * step
        while wall - offset < end:
            instant = wall - offset
            if instant >= span.start and (not ticks or instant > ticks[-1].instant):
                day, second = divmod(wall, DAY_S)
                label = day_short(date_of_day(day)) if second == 0 else f"{second // 3600:02d}:{second // 60 % 60:02d}"
                ticks.append(ClockTick(instant, label, strong=second == 0))
            wall += step
    return tuple(ticks)


def _day_ticks(zone: ZoneTimeline, span: Span, every: int) -> tuple[ClockTick, ...]:
    ticks: list[ClockTick] = []
    for day in _local_day_range(zone, span):
        when = date_of_day(day)
        if every == 7 and when.weekday() != 0:
            continue
        instant = zone.instant_of_local(day)
        if span.start <= instant < span.stop:
            label = f"{when.day} {MONTHS[when.month - 1]}" if every == 7 else f"{WEEKDAYS[when.weekday()]} {when.day}"
            if every == 1 and (when.day == 1 or not ticks):
                label = day_short(when)
            ticks.append(ClockTick(instant, label, strong=True))
    return tuple(ticks)


def _month_ticks(zone: ZoneTimeline, span: Span, seconds_per_label: float) -> tuple[ClockTick, ...]:
    months = 1
    for months in (1, 3, 6, 12, 24, 60, 120):
        if months * 30 * DAY_S >= seconds_per_label:
            break
    days = _local_day_range(zone, span)
    first, last = date_of_day(days.start), date_of_day(days.stop)
    ticks: list[ClockTick] = []
    index = first.year * 12 + first.month - 1
    while index <= last.year * 12 + last.month - 1:
        if index % months == 0:
            year, month = divmod(index, 12)
            instant = zone.instant_of_local((first.replace(year=year, month=month + 1, day=1) - date_of_day(0)).days)
            if span.start <= instant < span.stop:
                label = str(year) if month == 0 else MONTHS[month]
                ticks.append(ClockTick(instant, label if ticks else f"{MONTHS[month]} {year}", strong=month == 0))
        index += 1
    return tuple(ticks)
