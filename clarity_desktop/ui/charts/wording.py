"""Numbers, clock times, dates and durations as the window writes them."""

from __future__ import annotations

import math
from datetime import date

import numpy as np

from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.kinds import STEPS, kind_of
from clarity_desktop.domain.series import Accumulation
from clarity_desktop.domain.time import DAY_S, Instant, ZoneTimeline, date_of_day

__all__ = [
    "MONTHS",
    "WEEKDAYS",
    "activity_unit",
    "clock",
    "day_long",
    "day_short",
    "days_between",
    "duration",
    "hour_text",
    "interval",
    "local_parts",
    "moment",
    "number",
    "offset_text",
    "zone_label",
]

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEKDAYS_LONG = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MINUS = "\u2212"
_GROUP = "\u202f"
_DASH = "\u2009\u2013\u2009"


def number(value: float, decimals: int = 0) -> str:
    """A number with a true minus and narrow no-break spaces between thousands; ``NaN`` gives an en dash."""
    if not math.isfinite(value):
        return "–"
    text = f"{abs(value):,.{decimals}f}".replace(",", _GROUP)
    is_zero = not any(digit in text for digit in "123456789")
    return text if value >= 0 or is_zero else _MINUS + text


def interval(low: str, high: str) -> str:
    """A range with an en dash between thin spaces."""
    return f"{low}{_DASH}{high}"


def duration(minutes: float) -> str:
    """Minutes as ``7 h 14`` from one hour on, ``36 min`` below."""
    if not math.isfinite(minutes):
        return "–"
    total = round(minutes)
    if abs(total) < 60:
        return f"{number(total)} min"
    sign = _MINUS if total < 0 else ""
    hours, rest = divmod(abs(total), 60)
    return f"{sign}{number(hours)} h {rest:02d}"


def hour_text(hour: float) -> str:
    """Decimal hours of the day as ``hh:mm`` (24 h wraps to 00:00); ``NaN`` gives an en dash."""
    if not math.isfinite(hour):
        return "–"
    minute = round(hour * 60) % 1440
    return f"{minute // 60:02d}:{minute % 60:02d}"


def offset_text(offset_s: int) -> str:
    """A UTC offset as ``UTC+1``, ``UTC−3:30`` or ``UTC``."""
    if offset_s == 0:
        return "UTC"
    hours, minutes = divmod(abs(offset_s) // 60, 60)
    return f"UTC{'+' if offset_s > 0 else _MINUS}{hours}" + (f":{minutes:02d}" if minutes else "")


def local_parts(zone: ZoneTimeline, instant: Instant) -> tuple[date, int, int]:
    """``(local date, second of the local day, offset in seconds)`` of an instant."""
    offset = int(zone.offsets_s(np.array([instant], dtype=np.int64))[0])
    day, second = divmod(instant + offset, DAY_S)
    return date_of_day(day), second, offset


def clock(zone: ZoneTimeline, instant: Instant) -> str:
    """Local clock time ``hh:mm`` of an instant."""
    _, second, _ = local_parts(zone, instant)
    return f"{second // 3600:02d}:{second // 60 % 60:02d}"


def day_short(day: date, *, weekday: bool = True, month: bool = True) -> str:
    """``Thu 27 Mar``, or parts of it."""
    parts = ([WEEKDAYS[day.weekday()]] if weekday else []) + [str(day.day)] + ([MONTHS[day.month - 1]] if month else [])
    return " ".join(parts)


def day_long(day: date) -> str:
    """``Thursday 27 Mar 2025``."""
    return f"{_WEEKDAYS_LONG[day.weekday()]} {day.day} {MONTHS[day.month - 1]} {day.year}"


def days_between(first: date, last: date) -> str:
    """``10 Mar – 6 Apr 2025``: the year once, twice when it differs."""
    start = day_short(first, weekday=False)
    if first.year != last.year:
        start += f" {first.year}"
    return f"{start} – {day_short(last, weekday=False)} {last.year}"


def activity_unit(epochs: Epochs) -> tuple[float, str]:
    """``(factor, unit)`` that turn epoch values into what charts print: amounts per minute, levels as they are."""
    kind = kind_of(epochs.kind, epochs.unit) if epochs.kind else None
    if kind is not None and kind.accumulation is Accumulation.MEAN and kind.known:
        return 1.0, epochs.unit or kind.unit
    word = "steps" if epochs.kind == STEPS else (epochs.unit or "counts")
    return 60.0 / epochs.step_s, f"{word}/min"


def moment(zone: ZoneTimeline, instant: Instant) -> tuple[str, str]:
    """``("Thu 27 Mar 17:47", "UTC+1")``: weekday, date and time, and the offset then in force."""
    day, _, offset = local_parts(zone, instant)
    return f"{day_short(day)} {clock(zone, instant)}", "zone unknown" if zone.is_unknown else offset_text(offset)


def zone_label(zone: ZoneTimeline, start: Instant, stop: Instant) -> str:
    """``Europe/Berlin · UTC+1 → UTC+2``: the zones and offsets in force within a window."""
    if zone.is_unknown:
        return "zone unknown, clock as recorded"
    changes = zone.offset_changes(start, max(start, stop - 1))
    names = list(dict.fromkeys(name for _, _, name in changes))
    offsets = list(dict.fromkeys(offset_text(offset) for _, offset, _ in changes))
    shown = " → ".join(names if len(names) <= 3 else [*names[:2], "…", names[-1]])
    return shown if len(names) > 2 else f"{shown} · {' → '.join(offsets)}"
