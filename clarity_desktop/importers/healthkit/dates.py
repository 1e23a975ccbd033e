"""Dates of an export as text into UTC seconds, one at a time, in all the forms that phones have written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from clarity_desktop.domain.time import Instant

__all__ = ["DateForm", "ParsedDate", "parse_date"]

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_STANDARD = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)", re.ASCII)
_OTHER = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})[ T,]+(\d{1,2})[:.](\d\d)(?:[:.](\d\d)(?:[.,]\d+)?)? ?([AaPp]\.?[Mm]\.?)? ?"
    r"(?:([+-])(\d\d):?(\d\d)|(Z))",
    re.ASCII,
)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d) ?([+-])(\d\d)(\d\d)", re.ASCII)
_BLANKS = re.compile("[\u00a0\u2009\u202f\\s]+")


@dataclass(frozen=True, slots=True)
class DateForm:
    """How a date was written, as a problem code; ``""`` for the usual form."""

    code: str


_USUAL = DateForm("")
_TWELVE = DateForm("date.twelve_hour")
_OLD = DateForm("format.old")
_UNUSUAL = DateForm("date.other_form")


@dataclass(frozen=True, slots=True)
class ParsedDate:
    """An instant and how it was written."""

    instant: Instant
    form: DateForm = _USUAL


@lru_cache(maxsize=4096)
def parse_date(text: str) -> ParsedDate | None:
    """UTC seconds of a date with its offset, or ``None`` when it is no date or does not exist.

    Read are ``2024-03-10 08:00:00 -0400``, the same with a 12-hour clock and any blank before AM or PM, ISO 8601, and
    the compact form of iOS 8, ``20150616071820-0700``. A wall-clock time that the zone skips is still an instant.
    """
    match = _STANDARD.fullmatch(text)
    if match is not None:
        instant = _of_groups(match)
        return None if instant is None else ParsedDate(instant)
    text = _BLANKS.sub(" ", text.strip())
    match = _COMPACT.fullmatch(text)
    if match is not None:
        instant = _of_groups(match)
        return None if instant is None else ParsedDate(instant, _OLD)
    match = _OTHER.fullmatch(text)
    if match is None:
        return None
    hour = int(match[4])
    form = _UNUSUAL
    if match[7]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match[7][0] in "Pp" else 0)
        form = _TWELVE
    offset = (0, True) if match[11] else _offset(*match.group(8, 9, 10))
    instant = _instant(int(match[1]), int(match[2]), int(match[3]), hour, int(match[5]), int(match[6] or 0), *offset)
    return None if instant is None else ParsedDate(instant, form)


def _of_groups(match: re.Match[str]) -> Instant | None:
    year, month, day, hour, minute, second = map(int, match.group(1, 2, 3, 4, 5, 6))
    return _instant(year, month, day, hour, minute, second, *_offset(*match.group(7, 8, 9)))


def _offset(sign: str, hours: str, minutes: str) -> tuple[int, bool]:
    """Offset in seconds, and whether it can exist."""
    value = int(hours) * 3600 + int(minutes) * 60
    return (-value if sign == "-" else value), int(hours) <= 15 and int(minutes) < 60


def _instant(
    year: int, month: int, day: int, hour: int, minute: int, second: int, offset_s: int, exists: bool
) -> Instant | None:
    if not exists or hour > 23 or minute > 59 or second > 59 or year < 1:
        return None
    try:
        days = date(year, month, day).toordinal() - _EPOCH_ORDINAL
    except ValueError:
        return None
    return days * 86_400 + hour * 3600 + minute * 60 + second - offset_s
