"""Dates in columns: 19 characters of date and time of many rows at once, as 8-byte words, into seconds."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["DATE_BYTES", "DIGIT_POSITIONS", "WORD_OFFSETS", "seconds_of_words"]

DATE_BYTES = 25
"""``2024-03-10 08:00:00 -0400``."""
DIGIT_POSITIONS = (0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18)
"""Where the digits of date and time stand; all else in a row must equal the template."""
WORD_OFFSETS = (0, 8, 11)
"""Where the three words begin: ``YYYY-MM-``, ``DD HH:MM``, ``HH:MM:SS``."""

_U = np.uint64
_ZEROS = _U(0x3030303030303030)
_CARRY = _U(0x7676767676767676)
_HIGH = _U(0x8080808080808080)
# Bytes of each word that hold digits, least significant byte first.
_DIGITS = tuple(
    _U(int.from_bytes(bytes(0xFF if digit else 0 for digit in places), "little"))
    for places in ((1, 1, 1, 1, 0, 1, 1, 0), (1, 1, 0, 0, 0, 0, 0, 0), (1, 1, 0, 1, 1, 0, 1, 1))
)
_LOW = _U(0xFF)
_TEN = _U(10)
_EIGHT = _U(8)


@lru_cache(maxsize=1)
def _months() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Seconds since 1970 of the day before each month's first, and the days of each month; index year·16 + month."""
    firsts = (np.arange(120_001) - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    begin = np.zeros((10_000, 16), np.int64)
    length = np.zeros((10_000, 16), np.int64)
    begin[:, 1:13] = (firsts[:-1].reshape(10_000, 12) - 1) * 86_400
    length[:, 1:13] = np.diff(firsts).reshape(10_000, 12)
    length[0] = 0
    return begin.ravel(), length.ravel()


def seconds_of_words(
    words: NDArray[np.uint64], offset_s: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """UTC seconds of dates given as words.

    Parameters
    ----------
    words:
        Shape (3, D, N): the three words of D dates in N rows.
    offset_s:
        Shape (D, 1): the printed UTC offset of each date in seconds.

    Returns
    -------
    (D, N) seconds, and (D, N) whether the date exists and holds digits where digits belong.
    """
    months_begin, months_length = _months()
    flawed = np.zeros(words.shape[1:], np.uint64)
    pairs = []
    for word, digits in zip(words, _DIGITS, strict=True):
        plain = (word ^ _ZEROS) & digits
        flawed |= (plain + _CARRY) | plain
        plain = plain * _TEN + (plain >> _EIGHT)
        pairs.append(plain)
    date, day_word, clock = pairs
    month = (date >> _U(40)) & _LOW
    year = (date & _LOW) * _U(100) + ((date >> _U(16)) & _LOW)
    exists = (flawed & _HIGH) == 0
    exists &= month <= 12
    index = np.where(exists, (year << _U(4)) + month, _U(0)).astype(np.int64)
    day = (day_word & _LOW).astype(np.int64)
    hour = (clock & _LOW).astype(np.int64)
    minute = ((clock >> _U(24)) & _LOW).astype(np.int64)
    second = ((clock >> _U(48)) & _LOW).astype(np.int64)
    exists &= (day >= 1) & (day <= months_length[index]) & (hour <= 23) & (minute <= 59) & (second <= 59)
    seconds = months_begin[index] + day * 86_400 + hour * 3600 + minute * 60 + second
    seconds -= offset_s
    return seconds, exists
