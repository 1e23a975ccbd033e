"""Time stamps of plain tables, as text, into UTC or local seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.importers.clock_words import WORD_OFFSETS, seconds_of_words

__all__ = ["NAIVE", "TimeColumn", "looks_like_time", "parse_times"]

NAIVE = -(2**31)
"""Offset of a time that states none."""
_UNREADABLE = -(2**62)

_SLASHED = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(.*)")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?")
_OFFSET = re.compile(r"([T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?) ?(Z|[+-]\d{2}:?\d{2})$")
_WHOLE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:Z|[+-]\d\d:?\d\d)?", re.ASCII)
_TAIL = re.compile(r"([+-])(\d\d):?(\d\d)", re.ASCII)
_FIXED = (4, 7, 10, 13, 16)
_CLOCK_CHARACTERS = 19
_EPOCH = datetime(1970, 1, 1)
_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_MILLISECONDS_FROM = 1e11


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """Parsed times; arrays have shape (N,)."""

    seconds: NDArray[np.int64]
    """UTC where ``offset_s`` is known, else local wall-clock seconds."""
    offset_s: NDArray[np.int64]
    readable: NDArray[np.bool_]
    fractions: int
    """Times that carry a fraction of a second, which is left out."""


def parse_times(cells: list[str]) -> TimeColumn:
    """Parse ISO 8601 with or without offset, ``YYYY/MM/DD``, and seconds or milliseconds since 1970 (UTC)."""
    column = _uniform(cells)
    if column is not None:
        return column
    parsed = [_parse(cell) for cell in cells]
    columns = np.array([(seconds, offset) for seconds, offset, _ in parsed], dtype=np.int64).reshape(-1, 2)
    seconds, offsets = np.ascontiguousarray(columns[:, 0]), np.ascontiguousarray(columns[:, 1])
    return TimeColumn(seconds, offsets, seconds != _UNREADABLE, sum(fraction for _, _, fraction in parsed))


def _uniform(cells: list[str]) -> TimeColumn | None:
    """All cells at once when each is ``YYYY-MM-DD hh:mm:ss`` and one of a few offsets; else ``None``."""
    if not cells or _WHOLE.fullmatch(cells[0]) is None:
        return None
    width, n = len(cells[0]), len(cells)
    text = "".join(cells)
    if not text.isascii() or set(map(len, cells)) != {width}:
        return None
    packed = text.encode()
    raw = np.frombuffer(packed, np.uint8).reshape(n, width)
    fixed = list(_FIXED)
    if (raw[:, fixed] != raw[0, fixed]).any():
        return None
    words = np.empty((3, 1, n), np.uint64)
    for word, at in enumerate(WORD_OFFSETS):
        words[word, 0] = np.ndarray((n,), "<u8", packed, at, (width,))
    seconds, exists = seconds_of_words(words, np.zeros((1, 1), np.int64))
    if not exists.all():
        return None
    offsets = np.full(n, NAIVE, np.int64)
    instants = seconds[0]
    if width > _CLOCK_CHARACTERS:
        tails = np.ascontiguousarray(raw[:, _CLOCK_CHARACTERS:]).view(f"S{width - _CLOCK_CHARACTERS}").ravel()
        distinct, which = np.unique(tails, return_inverse=True)
        known = [_offset_of(tail.decode()) for tail in distinct]
        if any(offset is None for offset in known):
            return None
        offsets = np.array(known, np.int64)[which]
        instants = instants - offsets
    return TimeColumn(instants, offsets, np.ones(n, np.bool_), 0)


def _offset_of(tail: str) -> int | None:
    if tail == "Z":
        return 0
    match = _TAIL.fullmatch(tail)
    if match is None or int(match[3]) > 59 or int(match[2]) > 15:
        return None
    seconds = int(match[2]) * 3600 + int(match[3]) * 60
    return -seconds if match[1] == "-" else seconds


def looks_like_time(cell: str) -> bool:
    """Whether a cell can be read as a time."""
    return _parse(cell)[0] != _UNREADABLE


def _parse(cell: str) -> tuple[int, int, bool]:
    text = cell.strip().strip('"')
    if _NUMBER.fullmatch(text):
        number = float(text)
        if abs(number) >= _MILLISECONDS_FROM:
            number /= 1000
        if not 1e8 <= abs(number) < _MILLISECONDS_FROM:
            return _UNREADABLE, NAIVE, False
        return int(number // 1), 0, number % 1 != 0
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        spelled = _respell(text)
        if spelled is None:
            return _UNREADABLE, NAIVE, False
        value = spelled
    if len(text) <= 10:
        return _UNREADABLE, NAIVE, False
    fraction = value.microsecond != 0
    offset = value.utcoffset()
    if offset is None:
        return (value - _EPOCH) // _SECOND, NAIVE, fraction
    return (value - _EPOCH_UTC) // _SECOND, int(offset.total_seconds()), fraction


def _respell(text: str) -> datetime | None:
    slashed = _SLASHED.fullmatch(text)
    if slashed:
        text = f"{slashed[1]}-{int(slashed[2]):02d}-{int(slashed[3]):02d}{slashed[4]}"
    text = _OFFSET.sub(r"\1\2", text)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
