"""Columns of a time chart taken straight from epochs, so that lanes and actogram show the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.time import Instant, Span
from clarity_desktop.ui.charts.lanes import Columns
from clarity_desktop.ui.charts.wording import activity_unit

__all__ = ["EpochColumns", "columns_of_epochs", "joined_columns"]


@dataclass(frozen=True, slots=True)
class EpochColumns:
    """Least, greatest and mean value of each column; arrays of shape (columns,), NaN where there is no sample."""

    start: Instant
    stop: Instant
    minimum: NDArray[np.float32]
    maximum: NDArray[np.float32]
    mean: NDArray[np.float32]
    unit: str


def joined_columns(parts: Sequence[Columns]) -> EpochColumns:
    """Columns of successive spans, all of one width, as one; there must be at least one."""
    return EpochColumns(
        parts[0].start,
        parts[-1].stop,
        np.concatenate([part.minimum for part in parts]),
        np.concatenate([part.maximum for part in parts]),
        np.concatenate([part.mean for part in parts]),
        parts[0].unit,
    )


def columns_of_epochs(epochs: Epochs, span: Span, columns: int) -> EpochColumns:
    """Reduce epochs to columns over a span; never more columns than epochs, so that none is empty for that reason.

    Values of epochs that were not worn are shown too: the hatch over them says what they are.
    """
    columns = max(1, min(columns, span.length_s // epochs.step_s))
    factor, unit = activity_unit(epochs)
    first = max(0, -(-(span.start - epochs.start) // epochs.step_s))
    last = max(first, min(len(epochs), -(-(span.stop - epochs.start) // epochs.step_s)))
    values = epochs.values[first:last]
    column = (epochs.start + epochs.step_s * np.arange(first, last) - span.start) * columns // max(1, span.length_s)
    known = np.isfinite(values) & (column >= 0) & (column < columns)
    column, values = column[known], values[known] * np.float32(factor)
    low = np.full(columns, np.nan, dtype=np.float32)
    high, mean = low.copy(), low.copy()
    if column.size:
        # Epochs are in order of time, so equal columns stand together.
        starts = np.flatnonzero(np.diff(column, prepend=-1))
        held = column[starts]
        low[held] = np.minimum.reduceat(values, starts)
        high[held] = np.maximum.reduceat(values, starts)
        mean[held] = np.add.reduceat(values.astype(np.float64), starts) / np.diff(np.append(starts, column.size))
    return EpochColumns(span.start, span.stop, low, high, mean, unit)
