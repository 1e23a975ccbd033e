"""Hourly summaries of a chunk, so that an overview never reads the samples themselves."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.domain.series import Rollup
from clarity_desktop.domain.time import DAY_S, Instant, Span
from clarity_desktop.vault.chunks.codec import compress, decompress
from clarity_desktop.vault.chunks.columns import Columns
from clarity_desktop.vault.chunks.numbers import Reader, pack_floats, pack_integers, pack_singles

__all__ = ["decode_rollup", "encode_rollup", "joined_rollups", "rollup_of"]

_HOUR: Final = 3600
_LONGEST_SPREAD_S: Final = 31 * DAY_S
_HEAD: Final = struct.Struct("<2sB?Iq")
_MAGIC: Final = b"CR"
_VERSION: Final = 1


def rollup_of(columns: Columns, *, spread: bool) -> Rollup:
    """The hourly summary of sorted columns.

    Parameters
    ----------
    spread:
        True for amounts (``Accumulation.SUM``): a sample's amount is spread pro rata over the hours it covers, also
        beyond the chunk's stretch. Hours that are only covered have n = 0 and NaN as minimum, maximum and mean. A
        sample longer than 31 days counts whole in the hour of its start.

    Absent values (NaN) count in ``n`` only.
    """
    if len(columns) == 0:
        return joined_rollups([])
    hour = columns.start // _HOUR
    edges = np.concatenate(([0], np.flatnonzero(np.diff(hour)) + 1))
    n = np.diff(edges, append=hour.size)
    present = ~np.isnan(columns.value)
    value = columns.value if present.all() else np.where(present, columns.value, 0.0)
    total = np.add.reduceat(value, edges)
    n_present = n if value is columns.value else np.add.reduceat(present.astype(np.int64), edges)
    mean = np.full(n.size, np.nan)
    np.divide(total, n_present, out=mean, where=n_present > 0)
    own = Rollup(
        hour=hour[edges] * _HOUR,
        n=n.astype(np.int32),
        minimum=np.fmin.reduceat(columns.value, edges),
        maximum=np.fmax.reduceat(columns.value, edges),
        mean=mean,
        total=total,
    )
    if not spread:
        return own
    stop = columns.start + columns.length_s
    crosses = ((stop - 1) // _HOUR > hour) & present
    crosses &= columns.length_s <= _LONGEST_SPREAD_S
    rows = np.flatnonzero(crosses)
    if rows.size == 0:
        return own
    total -= np.bincount(np.searchsorted(edges, rows, side="right") - 1, value[rows], edges.size)
    return joined_rollups([own, _spread(columns.start[rows], stop[rows], value[rows])])


def _spread(start: NDArray[np.int64], stop: NDArray[np.int64], amount: NDArray[np.float64]) -> Rollup:
    """The amounts of intervals by hour, as a rollup without samples of its own."""
    first = start // _HOUR
    hours = (stop - 1) // _HOUR - first + 1
    row = np.repeat(np.arange(start.size), hours)
    begins = np.cumsum(hours) - hours
    hour = first[row] + np.arange(row.size) - begins[row]
    covered = np.minimum(stop[row], (hour + 1) * _HOUR) - np.maximum(start[row], hour * _HOUR)
    share = amount[row] * (covered / (stop - start)[row])
    least = int(hour.min())
    total = np.asarray(np.bincount(hour - least, share), np.float64)
    touched = np.flatnonzero(np.bincount(hour - least))
    nothing = np.full(touched.size, np.nan)
    return Rollup(
        (touched + least) * _HOUR, np.zeros(touched.size, np.int32), nothing, nothing, nothing, total[touched]
    )


def joined_rollups(parts: Sequence[Rollup], unit: str = "") -> Rollup:
    """One rollup of several: hours in order, each once."""
    hour = np.concatenate([part.hour for part in parts]) if parts else np.empty(0, np.int64)
    n = np.concatenate([part.n for part in parts]) if parts else np.empty(0, np.int32)
    columns = [
        np.concatenate([getattr(part, name) for part in parts]) if parts else np.empty(0)
        for name in ("minimum", "maximum", "mean", "total")
    ]
    if hour.size and np.diff(hour).min(initial=1) <= 0:
        order = np.argsort(hour, kind="stable")
        hour, n = hour[order], n[order]
        minimum, maximum, mean, total = (column[order] for column in columns)
        edges = np.concatenate(([0], np.flatnonzero(np.diff(hour)) + 1))
        weight = np.where(np.isnan(mean), 0, n)
        weights = np.add.reduceat(weight, edges)
        joint_mean = np.full(edges.size, np.nan)
        weighted = np.add.reduceat(np.where(weight > 0, mean, 0.0) * weight, edges)
        np.divide(weighted, weights, out=joint_mean, where=weights > 0)
        columns = [
            np.fmin.reduceat(minimum, edges),
            np.fmax.reduceat(maximum, edges),
            joint_mean,
            np.add.reduceat(total, edges),
        ]
        hour, n = hour[edges], np.add.reduceat(n, edges)
    return Rollup(hour, n.astype(np.int32), columns[0], columns[1], columns[2], columns[3], unit)


def within(rollup: Rollup, span: Span) -> Rollup:
    """The hours that intersect a span."""
    keep = (rollup.hour < span.stop) & (rollup.hour + _HOUR > span.start)
    return Rollup(
        rollup.hour[keep],
        rollup.n[keep],
        rollup.minimum[keep],
        rollup.maximum[keep],
        rollup.mean[keep],
        rollup.total[keep],
        rollup.unit,
    )


def encode_rollup(rollup: Rollup) -> bytes:
    """A rollup as one compressed blob.

    One without hours is its head alone. What follows from another column is left out: of an hour with one sample only
    its value is kept. Means and spread totals are kept to the seven digits of float32.
    """
    if rollup.hour.size == 0:
        return _HEAD.pack(_MAGIC, _VERSION, False, 0, 0)
    least = int(rollup.hour[0])
    single, several = rollup.n == 1, rollup.n > 1
    follows = np.where(rollup.n > 0, rollup.mean * rollup.n, 0.0)
    has_totals = not np.allclose(rollup.total, follows, rtol=1e-6, atol=0)
    payload = [
        pack_integers((rollup.hour - least) // _HOUR),
        pack_integers(rollup.n),
    ]
    if single.any():
        payload.append(pack_floats(rollup.minimum[single]))
    if several.any():
        payload += [pack_floats(rollup.minimum[several]), pack_floats(rollup.maximum[several])]
        payload.append(pack_singles(rollup.mean[several]))
    if has_totals:
        payload.append(pack_singles(rollup.total))
    return _HEAD.pack(_MAGIC, _VERSION, has_totals, rollup.hour.size, least) + compress(b"".join(payload))


def decode_rollup(blob: bytes, unit: str = "") -> Rollup:
    """The reverse of :func:`encode_rollup`; raises :class:`IntegrityError` (``vault.chunk``) when damaged."""
    least, has_totals, size, payload = _opened(blob)
    if size == 0:
        return joined_rollups([], unit)
    reader = Reader(payload, size)
    hour = reader.integers() * _HOUR + least
    n = reader.integers().astype(np.int32)
    minimum, maximum, mean = np.full(size, np.nan), np.full(size, np.nan), np.full(size, np.nan)
    single, several = np.flatnonzero(n == 1), np.flatnonzero(n > 1)
    if single.size:
        reader = reader.of_length(single.size)
        minimum[single] = reader.floats()
        maximum[single] = mean[single] = minimum[single]
    if several.size:
        reader = reader.of_length(several.size)
        minimum[several], maximum[several], mean[several] = reader.floats(), reader.floats(), reader.floats()
    total = reader.of_length(size).floats() if has_totals else np.where(n > 0, mean * n, 0.0)
    return Rollup(hour, n, minimum, maximum, mean, total, unit)


def _opened(blob: bytes) -> tuple[Instant, bool, int, bytes]:
    if len(blob) >= _HEAD.size:
        magic, version, has_totals, size, least = _HEAD.unpack_from(blob)
        if magic == _MAGIC and version == _VERSION and (size > 0 or len(blob) == _HEAD.size):
            packed = memoryview(blob)[_HEAD.size :]
            return least, has_totals, size, decompress(packed) if size else b""
    raise IntegrityError(
        "vault.chunk",
        "A stretch of stored samples is damaged.",
        remedy="Restore the vault from a backup, or import the file again.",
        detail="rollup head",
    )
