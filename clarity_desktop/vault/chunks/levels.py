"""Levels of a chunk: least, greatest and mean value of short stretches of time, from which charts are drawn."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.vault.chunks.codec import Core, compress, decompress
from clarity_desktop.vault.chunks.columns import PERIOD_S
from clarity_desktop.vault.chunks.numbers import Reader, pack_floats, pack_integers, pack_singles

__all__ = ["WIDTHS_S", "LevelBins", "decode_level", "encode_level", "is_worth", "joined_levels", "level_of"]

WIDTHS_S: Final = (15, 120, 900)
"""Widths of the stretches in seconds, each several times the one before; hours follow with the rollup."""

_LEAST_GAIN: Final = 4
_LONGEST_REACH: Final = 3
_HEAD: Final = struct.Struct("<2sBxIIq")
"""Magic, version, width in seconds, bins, number of the first bin."""
_MAGIC: Final = b"CL"
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class LevelBins:
    """Bins that hold samples, in order of time. All arrays have shape (B,), values in the source's unit."""

    width_s: int
    start: NDArray[np.int64]
    """UTC seconds, a multiple of the width."""
    n: NDArray[np.int32]
    """Samples that touch the bin."""
    minimum: NDArray[np.float64]
    maximum: NDArray[np.float64]
    mean: NDArray[np.float64]
    """Kept to the seven digits of float32."""

    def __len__(self) -> int:
        return int(self.start.size)

    def part(self, first: int, stop: int) -> LevelBins:
        """Bins ``[first, stop)``, without a copy."""
        cut = slice(first, stop)
        return LevelBins(
            self.width_s, self.start[cut], self.n[cut], self.minimum[cut], self.maximum[cut], self.mean[cut]
        )


def is_worth(n: int, width_s: int) -> bool:
    """Whether a chunk of ``n`` samples is dense enough for a level of this width to spare work."""
    return n * width_s >= _LEAST_GAIN * PERIOD_S


def level_of(core: Core, width_s: int) -> LevelBins | None:
    """The bins of a chunk; a sample with a length lies in every bin that it touches.

    ``None`` when samples are so long that they would lie in more than three bins on average: then the samples
    themselves are few enough to draw.
    """
    known = np.flatnonzero(np.isfinite(core.value))
    start, value = core.start[known], core.value[known]
    first = start // width_s
    last = np.maximum(start + core.length_s[known] - 1, start) // width_s
    reach = last - first + 1
    total = int(reach.sum())
    if total > _LONGEST_REACH * known.size + 1000:
        return None
    if total > known.size:
        begins = np.cumsum(reach) - reach
        first = np.repeat(first, reach) + np.arange(total) - np.repeat(begins, reach)
        value = np.repeat(value, reach)
        order = np.argsort(first, kind="stable")
        first, value = first[order], value[order]
    if not total:
        return _empty(width_s)
    edges = np.concatenate(([0], np.flatnonzero(first[1:] != first[:-1]) + 1))
    n = np.diff(edges, append=first.size)
    return LevelBins(
        width_s,
        first[edges] * width_s,
        n.astype(np.int32),
        np.minimum.reduceat(value, edges),
        np.maximum.reduceat(value, edges),
        np.add.reduceat(value, edges) / n,
    )


def _empty(width_s: int) -> LevelBins:
    nothing = np.empty(0)
    return LevelBins(width_s, np.empty(0, np.int64), np.empty(0, np.int32), nothing, nothing, nothing)


def joined_levels(parts: list[LevelBins], width_s: int) -> LevelBins:
    """The bins of successive chunks behind one another; a bin that two of them touch stays twice."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return _empty(width_s)
    return LevelBins(
        width_s,
        np.concatenate([part.start for part in parts]),
        np.concatenate([part.n for part in parts]),
        np.concatenate([part.minimum for part in parts]),
        np.concatenate([part.maximum for part in parts]),
        np.concatenate([part.mean for part in parts]),
    )


def encode_level(bins: LevelBins) -> bytes:
    """A level as one compressed blob; extremes are kept bit for bit."""
    if not len(bins):
        return _HEAD.pack(_MAGIC, _VERSION, bins.width_s, 0, 0)
    number = bins.start // bins.width_s
    least = int(number[0])
    step = np.diff(number, prepend=least)
    payload = (
        pack_integers(step),
        pack_integers(bins.n),
        pack_floats(bins.minimum),
        pack_floats(bins.maximum),
        pack_singles(bins.mean),
    )
    return _HEAD.pack(_MAGIC, _VERSION, bins.width_s, len(bins), least) + compress(b"".join(payload))


def decode_level(blob: bytes) -> LevelBins:
    """The reverse of :func:`encode_level`; raises :class:`IntegrityError` (``vault.level``) when damaged."""
    if len(blob) < _HEAD.size:
        raise _damaged()
    magic, version, width_s, size, least = _HEAD.unpack_from(blob)
    if magic != _MAGIC or version != _VERSION or width_s <= 0:
        raise _damaged()
    if not size:
        return _empty(width_s)
    reader = Reader(decompress(memoryview(blob)[_HEAD.size :]), size)
    number = np.cumsum(reader.integers()) + least
    n = reader.integers().astype(np.int32)
    return LevelBins(width_s, number * width_s, n, reader.floats(), reader.floats(), reader.floats())


def _damaged() -> IntegrityError:
    return IntegrityError(
        "vault.level",
        "A prepared summary for charts is damaged.",
        remedy="Open the chart again: it is made anew from the samples.",
        detail="level head",
    )
