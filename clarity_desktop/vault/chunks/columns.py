"""Samples as columns in memory, with everything the file says of them: sorting, removing repeats, cutting by period."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.importing import Origin
from clarity_desktop.domain.time import DAY_S

__all__ = ["PERIOD_S", "Columns", "joined", "origin_id", "sorted_unique", "split_by_period"]

PERIOD_S: Final = 30 * DAY_S
"""Length of a chunk's stretch of time in seconds; period *p* starts at ``p · PERIOD_S`` UTC."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of one series. All arrays have shape (N,)."""

    start: NDArray[np.int64]
    length_s: NDArray[np.int32]
    value: NDArray[np.float64]
    flags: NDArray[np.uint8]
    created: NDArray[np.int64]
    """UTC seconds, or ``NO_INSTANT``."""
    origin: NDArray[np.int32]
    """Index into ``origins``."""
    extra: NDArray[np.int32]
    """Index into ``extras``, -1 for none."""
    origins: tuple[int, ...] = ()
    """Ids of the origins dictionary (:func:`origin_id`)."""
    extras: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.start.size)

    def take(self, rows: NDArray[np.int64] | slice) -> Columns:
        """The given rows, in the given order; the text tables stay whole."""
        return Columns(
            self.start[rows],
            self.length_s[rows],
            self.value[rows],
            self.flags[rows],
            self.created[rows],
            self.origin[rows],
            self.extra[rows],
            self.origins,
            self.extras,
        )


def origin_id(origin: Origin) -> int:
    """The id of an origin in the dictionary: a 63-bit hash of its texts, the same in every import and vault."""
    text = f"{origin.device}\0{origin.version}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1


def joined(parts: Sequence[Columns]) -> Columns:
    """All rows of the parts, in their order, over common text tables."""
    if len(parts) == 1:
        return parts[0]
    origins: dict[int, int] = {}
    extras: dict[str, int] = {}
    origin_columns, extra_columns = [], []
    for part in parts:
        origin_codes = [origins.setdefault(origin, len(origins)) for origin in part.origins]
        origin_columns.append(np.array(origin_codes, np.int32)[part.origin] if origin_codes else part.origin)
        extra_codes = [extras.setdefault(text, len(extras)) for text in part.extras]
        # The last place answers index -1, "none".
        extra_columns.append(np.array([*extra_codes, -1], np.int32)[part.extra])
    return Columns(
        np.concatenate([part.start for part in parts]),
        np.concatenate([part.length_s for part in parts]),
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.flags for part in parts]),
        np.concatenate([part.created for part in parts]),
        np.concatenate(origin_columns),
        np.concatenate(extra_columns),
        tuple(origins),
        tuple(extras),
    )


def sorted_unique(columns: Columns) -> Columns:
    """Rows sorted by start, length and value, of equal ones only the one with the longest extra, else the first.

    Two values are equal when they are the same number (70 = 70.0, 0 = -0) or both absent (NaN).
    """
    n = len(columns)
    if n < 2:
        return columns
    step = np.diff(columns.start)
    if step.min() > 0:
        return columns
    if step.min() < 0:
        columns = columns.take(np.argsort(columns.start, kind="stable"))
        step = np.diff(columns.start)
    # Only rows that share their start with a neighbour still need an order.
    tied = np.zeros(n, bool)
    np.equal(step, 0, out=tied[1:])
    tied[:-1] |= tied[1:]
    rows = np.flatnonzero(tied)
    if rows.size == 0:
        return columns
    order = np.lexsort((columns.value[rows], columns.length_s[rows], columns.start[rows]))
    if not np.array_equal(order, np.arange(rows.size)):
        places = np.arange(n)
        places[rows] = rows[order]
        columns = columns.take(places)
    start, length, value = columns.start[rows], columns.length_s[rows], columns.value[rows]
    same = (start[1:] == start[:-1]) & (length[1:] == length[:-1])
    same &= (value[1:] == value[:-1]) | (np.isnan(value[1:]) & np.isnan(value[:-1]))
    if not same.any():
        return columns
    keep = np.ones(n, bool)
    keep[rows[_repeats(columns, rows, same)]] = False
    return columns.take(np.flatnonzero(keep))


def _repeats(columns: Columns, rows: NDArray[np.int64], same: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Positions in ``rows`` to drop, where ``same[i]`` says that row i+1 is equal to row i."""
    group = np.concatenate(([0], np.cumsum(~same)))
    if not columns.extras:
        return np.flatnonzero(same) + 1
    lengths = np.array([*(len(text) for text in columns.extras), 0])[columns.extra[rows]]
    best_first = np.lexsort((-lengths, group))
    first_of_group = np.ones(rows.size, bool)
    first_of_group[1:] = np.diff(group[best_first]) != 0
    return best_first[~first_of_group]


def split_by_period(columns: Columns) -> Iterator[tuple[int, Columns]]:
    """``(period, rows)`` of sorted columns, in order."""
    if len(columns) == 0:
        return
    first, last = int(columns.start[0] // PERIOD_S), int(columns.start[-1] // PERIOD_S)
    if first == last:
        yield first, columns
        return
    periods = columns.start // PERIOD_S
    edges = [0, *(np.flatnonzero(np.diff(periods)) + 1).tolist(), len(columns)]
    for begin, end in itertools.pairwise(edges):
        yield int(periods[begin]), columns.take(slice(begin, end))
