"""Time stamps of plain tables, as text, into UTC or local seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

__all__ = ["NAIVE", "TimeColumn", "looks_like_time", "parse_times"]

NAIVE = -(2**31)
"""Offset of a time that states none."""
_UNREADABLE = -(2**62)

_SLASHED = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(.*)")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?")
_OFFSET = re.compile(r"([T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?) ?(Z|[+-]\d{2}:?\d{2})$")
_EPOCH = datetime(1970, 1, 1)
_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_MILLISECONDS_FROM = 1e11


class TimeColumn:
    """Parsed times. ``seconds`` is UTC where ``offset_s`` is known, else local wall-clock seconds. Shapes (N,)."""

    __slots__ = ("fractions", "offset_s", "readable", "seconds")

    def __init__(self, parsed: list[tuple[int, int, bool]]) -> None:
        columns = np.array([(seconds, offset) for seconds, offset, _ in parsed], dtype=np.int64).reshape(-1, 2)
        self.seconds: NDArray[np.int64] = np.ascontiguousarray(columns[:, 0])
        self.offset_s: NDArray[np.int64] = np.ascontiguousarray(columns[:, 1])
        self.readable: NDArray[np.bool_] = self.seconds != _UNREADABLE
        self.fractions: int = sum(fraction for _, _, fraction in parsed)


def parse_times(cells: list[str]) -> TimeColumn:
    """Parse ISO 8601 with or without offset, ``YYYY/MM/DD``, and seconds or milliseconds since 1970 (UTC)."""
    return TimeColumn([_parse(cell) for cell in cells])


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
