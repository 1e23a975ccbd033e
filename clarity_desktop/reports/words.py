"""Numbers, dates and durations as a report prints them."""

from __future__ import annotations

import math
from datetime import date

from clarity_desktop.domain.findings import Metric

__all__ = [
    "MONTHS",
    "clock_text",
    "date_range_text",
    "date_text",
    "duration_text",
    "interval_text",
    "number_text",
    "short_date_text",
    "value_text",
    "wear_words",
]

THIN = "\u2009"
_NARROW, _FIXED = "\u202f", "\u00a0"
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LONG_DURATIONS = frozenset({"tst_min", "tib_min"})


def number_text(value: float, decimals: int) -> str:
    """A number with a true minus sign and narrow no-break spaces between thousands."""
    text = f"{value:,.{decimals}f}".replace(",", _NARROW)
    if text.startswith("-"):
        text = text[1:] if float(f"{value:.{decimals}f}") == 0 else "−" + text[1:]
    return text


def duration_text(minutes: float) -> str:
    """Minutes as ``7 h 14 min``, below an hour as ``24 min``."""
    whole = round(minutes)
    if abs(whole) < 60:
        return f"{number_text(whole, 0)}{_FIXED}min"
    hours, rest = divmod(whole, 60)
    return f"{hours}{_FIXED}h{_FIXED}{rest:02d}{_FIXED}min"


def clock_text(hour: float) -> str:
    """A clock hour 0…24 as ``03:39``; 24 h wraps to 00:00."""
    minute = math.floor(hour * 60 + 0.5) % 1440
    return f"{minute // 60:02d}:{minute % 60:02d}"


def value_text(metric: Metric, value: float) -> str:
    """The value of a finding with its unit."""
    if metric.clock_hour:
        return clock_text(value)
    if metric.id in _LONG_DURATIONS:
        return duration_text(value)
    text = number_text(value, metric.decimals)
    return f"{text} {metric.unit}" if metric.unit else text


def interval_text(metric: Metric, interval: tuple[float, float]) -> str:
    """A 95 % interval in the form of the value, without unit."""
    low, high = interval
    if metric.clock_hour:
        ends = (clock_text(low), clock_text(high))
    elif metric.id in _LONG_DURATIONS:
        ends = (duration_text(low).removesuffix(f"{_FIXED}min"), duration_text(high).removesuffix(f"{_FIXED}min"))
    else:
        ends = (number_text(low, metric.decimals), number_text(high, metric.decimals))
    return f"{ends[0]}{THIN}–{THIN}{ends[1]}"


def wear_words(rule: str) -> str:
    """The wear rule as a reader meets it in the literature."""
    words = rule.replace("choi", "Choi 2011").replace("troiano", "Troiano 2008")
    return words.replace(" > ", ", then ")


def date_text(value: date, *, year: bool = False) -> str:
    """``30 March``, or ``30 March 2025``."""
    text = f"{value.day} {MONTHS[value.month - 1]}"
    return f"{text} {value.year}" if year else text


def short_date_text(value: date) -> str:
    """``30 Mar``."""
    return f"{value.day} {MONTHS[value.month - 1][:3]}"


def date_range_text(first: date, last: date) -> str:
    """``10 March – 6 April 2025``, as short as it can be without loss."""
    if first == last:
        return date_text(first, year=True)
    begin = date_text(first, year=first.year != last.year)
    if (first.year, first.month) == (last.year, last.month):
        begin = str(first.day)
    return f"{begin} – {date_text(last, year=True)}"
