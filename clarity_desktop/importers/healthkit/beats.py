"""Times of heart beats: local, written in the phone's own manner, to a hundredth of a second."""

from __future__ import annotations

import re
from dataclasses import dataclass

from clarity_desktop.domain.beat_clock import DAY, beat_seconds, clock_seconds

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
