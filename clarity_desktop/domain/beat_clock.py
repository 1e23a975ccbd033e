"""Clock times of heart beats as phones print them: local, in the manner of the region, to a hundredth of a second."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["DAY", "beat_seconds", "clock_seconds"]

DAY = 86_400.0
_CLOCK = re.compile(r"(\d{1,2})\s*[:.h]\s*(\d{1,2})\s*[:.]\s*(\d{1,2}(?:\.\d+)?)", re.ASCII)
_LETTERS = re.compile(r"([AaPp])\s*\.?\s*[Mm]\b\.?")
_BEFORE_NOON = ("午前", "上午", "오전")
_AFTER_NOON = ("午後", "下午", "오후")


def clock_seconds(text: str) -> float | None:
    """Seconds of the local day of one time, or ``None`` when it cannot be read.

    ``08:34:05.10``, ``00:20:37,80``, ``6:14:48.94 PM`` with any blank before the letters, and East Asian day parts.
    """
    match = _CLOCK.search(text.replace(",", "."))
    if match is None:
        return None
    hour, minute, second = int(match[1]), int(match[2]), float(match[3])
    letters = _LETTERS.search(text)
    afternoon: bool | None = None
    if letters is not None:
        afternoon = letters[1] in "Pp"
    elif any(part in text for part in _BEFORE_NOON):
        afternoon = False
    elif any(part in text for part in _AFTER_NOON):
        afternoon = True
    if afternoon is not None:
        if hour > 12:
            return None
        hour = hour % 12 + (12 if afternoon else 0)
    if hour > 23 or minute > 59 or second >= 60:
        return None
    return hour * 3600 + minute * 60 + second


def beat_seconds(times: Iterable[str]) -> list[float | None]:
    """Seconds of each beat since the local midnight before the first one.

    A list may cross midnight: when the clock falls by more than twelve hours a day is added. An unreadable time is
    ``None`` and does not break the list.
    """
    result: list[float | None] = []
    days = 0.0
    before: float | None = None
    for text in times:
        seconds = clock_seconds(text)
        if seconds is None:
            result.append(None)
            continue
        if before is not None and seconds < before - DAY / 2:
            days += DAY
        before = seconds
        result.append(round(seconds + days, 4))
    return result
