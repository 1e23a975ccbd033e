"""Columns of numbers as few bytes: offset from the least, narrowest width, bytes shuffled, floats as decimals."""

from __future__ import annotations

import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import IntegrityError

__all__ = ["Reader", "pack_floats", "pack_integers", "pack_singles"]

_COLUMN: Final = struct.Struct("<BBq")
"""Form, width in bytes, offset (or scale exponent beside it)."""
_INTEGERS, _SCALED, _RAW, _CONSTANT, _SINGLES = 0, 1, 2, 3, 4
_WIDTHS: Final = {0: None, 1: np.dtype("u1"), 2: np.dtype("<u2"), 4: np.dtype("<u4"), 8: np.dtype("<u8")}
_MOST_DECIMALS: Final = 9
_EXACT: Final = float(2**53)
_SCALES: Final[tuple[float, ...]] = tuple(10.0**k for k in range(_MOST_DECIMALS + 1))
_PROBE: Final = 64


def pack_integers(column: NDArray[np.integer]) -> bytes:
    """A column of integers of any width; shape (N,), N ≥ 1."""
    least, most = int(column.min()), int(column.max())
    reach = most - least
    if reach == 0:
        return _COLUMN.pack(_INTEGERS, 0, least)
    width = 1 if reach < 2**8 else 2 if reach < 2**16 else 4 if reach < 2**32 else 8
    dtype = _WIDTHS[width]
    if reach < 2**63:
        offsets = np.subtract(column, least, dtype=np.int64).astype(dtype)
    else:
        # The difference wraps around in 64 bits, and adding the offset wraps it back.
        offsets = np.subtract(column.astype(np.int64).view(np.uint64), np.uint64(least % 2**64))
    return _COLUMN.pack(_INTEGERS, width, least) + _shuffled(offsets, width)


def pack_floats(column: NDArray[np.float64]) -> bytes:
    """A column of float64, read back bit for bit (but for NaN payloads); shape (N,), N ≥ 1."""
    bits = column.view(np.int64)
    if (bits == bits[0]).all():
        return _COLUMN.pack(_CONSTANT, 8, int(bits[0]))
    scaled = _scaled(column)
    if scaled is not None:
        decimals, integers = scaled
        return _COLUMN.pack(_SCALED, 0, decimals) + pack_integers(integers)
    return _COLUMN.pack(_RAW, 8, 0) + _shuffled(np.ascontiguousarray(column, "<f8"), 8)


def _scaled(column: NDArray[np.float64]) -> tuple[int, NDArray[np.int64]] | None:
    """``(decimals, integers)`` with column = integers / 10^decimals bit for bit, or ``None`` where there are none."""
    if not np.isfinite(column).all():
        return None
    greatest = max(abs(float(column.min())), abs(float(column.max())))
    probe = column[:: max(1, column.size // _PROBE)]
    for decimals, scale in enumerate(_SCALES):
        if greatest * scale >= _EXACT:
            return None
        if not np.array_equal(np.rint(probe * scale) / scale, probe):
            continue
        scaled = np.rint(column * scale)
        # The bits are compared, so that -0.0 is kept as it is.
        if np.array_equal((scaled.astype(np.int64) / scale).view(np.int64), column.view(np.int64)):
            return decimals, scaled.astype(np.int64)
    return None


def pack_singles(column: NDArray[np.float64]) -> bytes:
    """A column of float64 kept to the seven digits of float32; shape (N,), N may be 0."""
    return _COLUMN.pack(_SINGLES, 4, 0) + _shuffled(np.ascontiguousarray(column, "<f4"), 4)


def _shuffled(column: NDArray[np.generic], width: int) -> bytes:
    """The bytes of a column, all lowest bytes first, then all second ones … which compresses better."""
    if width == 1:
        return column.tobytes()
    return column.view(np.uint8).reshape(-1, width).T.tobytes()


class Reader:
    """Reads columns back from a buffer, in the order in which they were packed."""

    __slots__ = ("_at", "_buffer", "_n")

    def __init__(self, buffer: bytes, n: int) -> None:
        self._buffer = buffer
        self._n = n
        self._at = 0

    def integers(self) -> NDArray[np.int64]:
        """The next column of integers, shape (N,)."""
        form, width, least = self._head()
        if form != _INTEGERS:
            raise _damaged("column form")
        if width == 0:
            return np.full(self._n, least, np.int64)
        offsets = self._unshuffled(width)
        if width == 8:
            # Adding wraps around in 64 bits, as the subtraction did.
            whole: NDArray[np.int64] = np.add(offsets.view(np.int64), np.int64(least), dtype=np.int64)
            return whole
        return np.asarray(np.add(offsets, least, dtype=np.int64))

    def floats(self) -> NDArray[np.float64]:
        """The next column of float64, shape (N,)."""
        form, width, number = self._head()
        if form == _CONSTANT:
            return np.full(self._n, number, np.int64).view(np.float64)
        if form == _SCALED:
            if not 0 <= number <= _MOST_DECIMALS:
                raise _damaged("column scale")
            values = self.integers().astype(np.float64)
            return values if number == 0 else values / _SCALES[number]
        if form == _SINGLES and width == 4:
            return self._unshuffled(4).view("<f4").astype(np.float64)
        if form == _RAW and width == 8:
            return self._unshuffled(8).view("<f8")
        raise _damaged("column form")

    def of_length(self, n: int) -> Reader:
        """The same buffer at the same place, for columns of another length; go on with :meth:`rest` of that one."""
        reader = Reader(self._buffer, n)
        reader._at = self._at
        return reader

    def rest(self) -> bytes:
        """Everything after the columns read so far."""
        return self._buffer[self._at :]

    def _head(self) -> tuple[int, int, int]:
        if self._at + _COLUMN.size > len(self._buffer):
            raise _damaged("column head")
        form, width, number = _COLUMN.unpack_from(self._buffer, self._at)
        self._at += _COLUMN.size
        return form, width, number

    def _unshuffled(self, width: int) -> NDArray[np.generic]:
        dtype = _WIDTHS.get(width)
        size = width * self._n
        if dtype is None or self._at + size > len(self._buffer):
            raise _damaged("column length")
        raw = np.frombuffer(self._buffer, np.uint8, size, self._at)
        self._at += size
        if width == 1:
            return raw
        return np.ascontiguousarray(raw.reshape(width, self._n).T).view(dtype).reshape(self._n)


def _damaged(detail: str) -> IntegrityError:
    return IntegrityError(
        "vault.chunk",
        "A stretch of stored samples is damaged.",
        remedy="Restore the vault from a backup, or import the file again.",
        detail=detail,
    )
