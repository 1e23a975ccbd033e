"""Marks that lie over stored samples: gone from the latest export, superseded by a later version, kept by a person."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.series import SampleFlag
from clarity_desktop.vault.chunks.columns import Columns

__all__ = ["HIDDEN", "LAYERS", "hidden_rows", "rows_among", "visible"]

HIDDEN: Final = np.uint8(SampleFlag.GONE | SampleFlag.SUPERSEDED)
"""Samples with one of these stay stored and are left out of results."""
LAYERS: Final = np.uint8(SampleFlag.GONE | SampleFlag.SUPERSEDED | SampleFlag.KEPT)
"""Marks that no file gives: importing the same sample again does not take them away by itself."""


def hidden_rows(columns: Columns) -> int:
    """How many rows are left out of results."""
    return int(np.count_nonzero(columns.flags & HIDDEN))


def visible(columns: Columns) -> Columns:
    """The rows that count in results."""
    hidden = (columns.flags & HIDDEN) != 0
    return columns.take(np.flatnonzero(~hidden)) if hidden.any() else columns


def rows_among(columns: Columns, others: Columns) -> NDArray[np.bool_]:
    """Which rows have an equal among the others (same start, length, value); shape (N,). Both are without repeats."""
    n = len(columns)
    if len(others) == 0 or n == 0:
        return np.zeros(n, np.bool_)
    start = np.concatenate([columns.start, others.start])
    length = np.concatenate([columns.length_s, others.length_s])
    value = np.concatenate([_bits(columns.value), _bits(others.value)])
    order = np.lexsort((value, length, start))
    start, length, value = start[order], length[order], value[order]
    same = (start[1:] == start[:-1]) & (length[1:] == length[:-1]) & (value[1:] == value[:-1])
    found = np.zeros(order.size, np.bool_)
    found[1:] |= same
    found[:-1] |= same
    result = np.zeros(order.size, np.bool_)
    result[order] = found
    return result[:n]


def _bits(value: NDArray[np.float64]) -> NDArray[np.int64]:
    """Equal numbers as equal bits: -0 as 0, every absent value as one."""
    plain = value + 0.0
    plain[np.isnan(plain)] = np.nan
    return plain.view(np.int64)
