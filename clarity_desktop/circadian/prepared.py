"""What several families need of one recording, computed once: valid values, clock bins and the profile of the day."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.time import DAY_S
from clarity_desktop.signals.clock import MINUTES_PER_DAY, LocalClock
from clarity_desktop.signals.working_memory import keep_freed_memory

__all__ = ["ClockBins", "PreparedRecording"]


class ClockBins:
    """Bins of one width on the padded day grid, in UTC order within each stretch of constant offset.

    Attributes
    ----------
    width_min:
        Width in minutes.
    value:
        Mean of the valid epochs minus the recording's mean, 0 where the bin is missing, shape (R · 1440 / width,).
    valid:
        Whether at least half of the bin's width is valid, same shape.
    junctions:
        Pairs of places that are neighbours in time although the grid parts them (a clock change).
    """

    __slots__ = ("junctions", "valid", "value", "width_min")

    def __init__(
        self,
        width_min: int,
        value: NDArray[np.float64],
        valid: NDArray[np.bool_],
        junctions: tuple[tuple[int, int], ...],
    ) -> None:
        self.width_min = width_min
        self.value = value
        self.valid = valid
        self.junctions = junctions


class PreparedRecording:
    """One recording with its shared intermediates.

    The epochs are laid out as rows of 1440 local minutes, one row a local day and stretch of constant UTC offset, so
    that every bin of RH-3 is a reshape. A day with a clock change takes two rows.

    Parameters
    ----------
    epochs:
        One-minute epochs. Only worn, present ones count.

    Raises
    ------
    UsageError
        ``circadian.epoch_length`` when the epochs are not 60 s long.
    """

    def __init__(self, epochs: Epochs) -> None:
        if epochs.step_s != 60:
            raise UsageError(
                "circadian.epoch_length",
                "Rhythm metrics are made from one-minute epochs.",
                remedy="Read the recording with an epoch of 60 seconds.",
                detail=f"step_s={epochs.step_s}",
            )
        keep_freed_memory()
        self.epochs = epochs
        self.clock = LocalClock.of(epochs)
        self.valid: NDArray[np.bool_] = epochs.valid
        """Worn and present, shape (N,)."""
        self.n_valid = int(np.count_nonzero(self.valid))
        self.complete = self.n_valid == len(epochs)
        self._lay_out()

    def _lay_out(self) -> None:
        cells: list[tuple[int, int, int]] = []
        rows = 0
        for stretch in self.clock.stretches:
            minute = (self.epochs.start + stretch.first * 60 + stretch.offset_s) // 60
            lead = rows * MINUTES_PER_DAY + minute % MINUTES_PER_DAY
            cells.append((lead, stretch.first, stretch.stop))
            length = minute % MINUTES_PER_DAY + stretch.stop - stretch.first
            rows += -(-length // MINUTES_PER_DAY)
        self.rows = rows
        """Rows of the day grid."""
        self._cells = tuple(cells)

    def _placed(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        if len(self._cells) == 1 and values.size == self.rows * MINUTES_PER_DAY:
            return values
        placed = np.empty(self.rows * MINUTES_PER_DAY)
        done = 0
        for lead, first, stop in self._cells:
            placed[done:lead] = 0.0
            done = lead + stop - first
            placed[lead:done] = values[first:stop]
        placed[done:] = 0.0
        return placed

    @cached_property
    def _base(self) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """Deviations, values on the day grid, and the mean: few full-length arrays, as new memory costs time."""
        values = self.epochs.values.astype(np.float64)
        if not self.complete:
            values[~self.valid] = 0.0
        mean = float(values.sum() / self.n_valid) if self.n_valid else 0.0
        grid = self._placed(values)
        if grid is values:
            grid = values.copy()
        values -= mean
        if not self.complete:
            values[~self.valid] = 0.0
        return values, grid, mean

    @property
    def mean(self) -> float:
        """Mean of the valid values; 0 when there are none."""
        return self._base[2]

    @property
    def deviations(self) -> NDArray[np.float64]:
        """Values minus their mean in UTC order, 0 where not valid, shape (N,)."""
        return self._base[0]

    @property
    def grid_values(self) -> NDArray[np.float64]:
        """Values on the day grid, 0 where nothing valid, shape (R · 1440,)."""
        return self._base[1]

    @cached_property
    def sum_of_squares(self) -> float:
        """Sum of squared deviations of the valid values from their mean."""
        return float(self.deviations @ self.deviations)

    @cached_property
    def grid_valid(self) -> NDArray[np.bool_]:
        """Whether a cell of the day grid holds a valid epoch, shape (R · 1440,)."""
        placed = np.zeros(self.rows * MINUTES_PER_DAY, dtype=np.bool_)
        for lead, first, stop in self._cells:
            placed[lead : lead + stop - first] = self.valid[first:stop]
        return placed

    @cached_property
    def minute_n(self) -> NDArray[np.int64]:
        """Valid epochs at each minute of the day, shape (1440,)."""
        count: NDArray[np.int64] = self.grid_valid.reshape(self.rows, MINUTES_PER_DAY).sum(axis=0, dtype=np.int64)
        return count

    @cached_property
    def minute_mean(self) -> NDArray[np.float64]:
        """Average day: mean of the valid values at each minute of the day, NaN where there are none, shape (1440,)."""
        total = self.grid_values.reshape(self.rows, MINUTES_PER_DAY).sum(axis=0)
        mean: NDArray[np.float64] = np.full(MINUTES_PER_DAY, np.nan)
        np.divide(total, self.minute_n, out=mean, where=self.minute_n > 0)
        return mean

    def bins(self, width_min: int) -> ClockBins:
        """The bins of ``width_min`` minutes (RH-3).

        Raises
        ------
        ValueError
            When the width does not divide the day.
        """
        if width_min <= 0 or MINUTES_PER_DAY % width_min:
            raise ValueError("the width of a bin must divide 1440 minutes")
        total = self.grid_values.reshape(-1, width_min) @ np.ones(width_min)
        count = self.grid_valid.reshape(-1, width_min) @ np.ones(width_min, np.float32)
        valid = (2 * count >= width_min) & (count > 0)
        value: NDArray[np.float64] = total / np.maximum(count, 1)
        value -= self.mean
        value[~valid] = 0.0
        return ClockBins(width_min, value, valid, self.junctions(width_min))

    def bin_at(self, place: int, width_min: int) -> float | None:
        """One bin's mean minus the recording's, or ``None`` where it is missing."""
        cells = slice(place * width_min, (place + 1) * width_min)
        count = int(np.count_nonzero(self.grid_valid[cells]))
        if not count or 2 * count < width_min:
            return None
        return float(self.grid_values[cells].sum()) / count - self.mean

    def junctions(self, width: int) -> tuple[tuple[int, int], ...]:
        """Places of bins that are neighbours in time although the grid parts them (a clock change)."""
        ends = [(lead + stop - first - 1) // width for lead, first, stop in self._cells]
        starts = [lead // width for lead, _, _ in self._cells]
        pairs = zip(ends[:-1], starts[1:], strict=True)
        return tuple((end, start) for end, start in pairs if start != end + 1)

    def in_order(self, width_min: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The bins in UTC order without padding.

        Returns
        -------
        value, start:
            Mean of each bin in the unit of the epochs, NaN where missing, and UTC seconds of its first epoch; both
            shape (B,).
        """
        bins = self.bins(width_min)
        full = np.where(bins.valid, bins.value + self.mean, np.nan)
        values: list[NDArray[np.float64]] = []
        starts: list[NDArray[np.int64]] = []
        for lead, first, stop in self._cells:
            begin, end = lead // width_min, (lead + stop - first - 1) // width_min + 1
            origin = self.epochs.start + first * 60 - (lead - begin * width_min) * 60
            values.append(full[begin:end])
            start = origin + width_min * 60 * np.arange(end - begin, dtype=np.int64)
            start[0] = self.epochs.start + first * 60
            starts.append(start)
        if not values:
            return np.empty(0), np.empty(0, np.int64)
        return np.concatenate(values), np.concatenate(starts)

    def elapsed_blocks(self, width_min: int) -> NDArray[np.float64]:
        """Means of successive blocks of ``width_min`` minutes from the first epoch on, in UTC order.

        NaN where less than half of a block is valid; an incomplete last block is left out. Shape (N // width,).
        """
        blocks = len(self.epochs) // width_min
        stop = blocks * width_min
        total = self.deviations[:stop].reshape(blocks, width_min) @ np.ones(width_min)
        if self.complete:
            return np.asarray(total / width_min + self.mean)
        count = self.valid[:stop].reshape(blocks, width_min) @ np.ones(width_min, np.float32)
        mean: NDArray[np.float64] = np.full(blocks, np.nan)
        np.divide(total, count, out=mean, where=(2 * count >= width_min) & (count > 0))
        mean += self.mean
        return mean

    def profiles(self, edges: NDArray[np.int64]) -> NDArray[np.float64]:
        """Average days of the rows between each two successive edges, NaN where no epoch is valid, shape (E − 1, 1440).

        ``edges`` are rows of the day grid in rising order.
        """
        held = slice(int(edges[0]), int(edges[-1]))
        first = edges[:-1] - edges[0]
        total = np.add.reduceat(self.grid_values.reshape(self.rows, MINUTES_PER_DAY)[held], first, axis=0)
        cells = self.grid_valid.reshape(self.rows, MINUTES_PER_DAY)[held].view(np.uint8)
        count = np.add.reduceat(cells, first, axis=0, dtype=np.int16)
        mean: NDArray[np.float64] = np.full(total.shape, np.nan)
        np.divide(total, count, out=mean, where=count > 0)
        return mean

    def row_days(self) -> NDArray[np.int64]:
        """Local day of each row of the day grid, shape (R,)."""
        days: list[NDArray[np.int64]] = []
        for stretch in self.clock.stretches:
            first = (self.epochs.start + stretch.first * 60 + stretch.offset_s) // DAY_S
            last = (self.epochs.start + (stretch.stop - 1) * 60 + stretch.offset_s) // DAY_S
            days.append(np.arange(first, last + 1, dtype=np.int64))
        return np.concatenate(days) if days else np.empty(0, np.int64)

    def part(self, first: int, stop: int) -> PreparedRecording:
        """The recording cut to epochs ``[first, stop)``."""
        cut = self.epochs
        start = cut.start + first * 60
        return PreparedRecording(
            Epochs(start, 60, cut.values[first:stop], cut.state[first:stop], cut.zone, cut.unit, cut.kind)
        )
