"""Times of heart beats: local, written in the phone's own manner, to a hundredth of a second."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["BEAT", "BEATS", "DAY", "BeatList", "beat_seconds", "clock_seconds", "without_beats"]

BEATS = "HeartRateVariabilityMetadataList"
BEAT = "InstantaneousBeatsPerMinute"
_OPENING = b"\n  <HeartRateVariabilityMetadataList>\n"
_CLOSING = b"  </HeartRateVariabilityMetadataList>\n"
# The list as phones write it, after its tags have been turned into JSON by plain replacement.
_AS_JSON = re.compile(
    rb"(?:\[[1-9]\d{0,2},\"(?:(?:[01]?\d|2[0-3]):[0-5]\d:[0-5]\d[.,]\d\d"
    rb"|(?:0?[1-9]|1[0-2]):[0-5]\d:[0-5]\d[.,]\d\d(?: |\xe2\x80\xaf)[AaPp][Mm])\"\],)+"
)

DAY = 86_400.0
_CLOCK = re.compile(r"(\d{1,2})\s*[:.h]\s*(\d{1,2})\s*[:.]\s*(\d{1,2}(?:\.\d+)?)", re.ASCII)
_LETTERS = re.compile(r"([AaPp])\s*\.?\s*[Mm]\b\.?")
_BEFORE_NOON = ("午前", "上午", "오전")
_AFTER_NOON = ("午後", "下午", "오후")


@dataclass(frozen=True, slots=True)
class BeatList:
    """A list of beats as it stands in a record."""

    json: str
    """``[[bpm,"time"],…]``"""
    count: int
    first: str
    """Time of the first beat."""


def without_beats(row: bytes) -> tuple[bytes, BeatList] | None:
    """A record's text without its list of beats, and that list; ``None`` unless the list has the usual plain form."""
    begin = row.find(_OPENING)
    end = row.find(_CLOSING, begin)
    if begin < 0 or end < 0:
        return None
    body = row[begin + len(_OPENING) : end]
    body = body.replace(b'   <InstantaneousBeatsPerMinute bpm="', b"[").replace(b'" time="', b',"')
    body = body.replace(b'"/>\n', b'"],')
    if _AS_JSON.fullmatch(body) is None:
        return None
    text = body[:-1].decode("utf-8")
    first = text[text.index('"') + 1 : text.index('"]')]
    return row[: begin + 1] + row[end + len(_CLOSING) :], BeatList(f"[{text}]", body.count(b"["), first)


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
