"""Sums over clock bins of many widths in one pass, from which stability and variability follow (RH-10…RH-12).

The record is read some months at a time, so that all widths are formed while the values lie in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.circadian.prepared import ClockBins, PreparedRecording
from clarity_desktop.signals.clock import MINUTES_PER_DAY

__all__ = ["BIN_WIDTHS", "BinStatistics", "bin_statistics", "statistics_of_rows"]

BIN_WIDTHS = (1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 18, 20, 24, 30, 32, 36, 40, 45, 48, 60)
"""Divisors of 1440 up to 60 minutes (RH-12)."""

# Each width is summed from the largest narrower one that divides it.
_PARENT = {
    width: max((other for other in BIN_WIDTHS if other < width and width % other == 0), default=1)
    for width in BIN_WIDTHS
}
_ROWS_AT_ONCE = 128
_Number = TypeVar("_Number", np.float64, np.uint8)


class BinStatistics:
    """Sums over the bins of one width; values are deviations from the recording's mean.

    Attributes
    ----------
    total, count:
        Sum and number of valid bins at each time of day, shape (1440 / width,).
    squares:
        Sum of squared values of valid bins.
    successive, pairs:
        Sum of squared differences of neighbouring valid bins, and their number.
    """

    __slots__ = ("count", "pairs", "squares", "successive", "total")

    def __init__(self, width_min: int) -> None:
        self.total: NDArray[np.float64] = np.zeros(MINUTES_PER_DAY // width_min)
        self.count: NDArray[np.int64] = np.zeros(MINUTES_PER_DAY // width_min, dtype=np.int64)
        self.squares = 0.0
        self.successive = 0.0
        self.pairs = 0

    def add(self, value: NDArray[np.float64], missing: NDArray[np.int64]) -> None:
        """Take bins that follow one another, starting at midnight; ``value`` is 0 in the bins listed as missing."""
        slots = self.total.size
        rows = value.size // slots
        self.total += np.ones(rows) @ value.reshape(rows, slots)
        self.squares += float(value @ value)
        step = value[1:] - value[:-1]
        self.count += rows
        self.pairs += step.size
        if missing.size:
            # Few bins are missing: their pairs are struck out by place instead of testing every pair.
            self.count -= np.bincount(missing % slots, minlength=slots)
            parted = np.zeros(value.size + 1, dtype=np.bool_)
            parted[missing] = True
            parted[missing + 1] = True
            places = np.flatnonzero(parted[1:-1])
            step[places] = 0.0
            self.pairs -= places.size
        self.successive += float(step @ step)

    def add_pair(self, before: float, after: float) -> None:
        """Take a pair of neighbouring valid bins."""
        self.successive += (after - before) ** 2
        self.pairs += 1

    @property
    def n(self) -> int:
        """Valid bins."""
        return int(self.count.sum())

    def spread(self, scale: float) -> float | None:
        """Sum of squared deviations from the bins' mean; ``None`` when they do not vary, measured against ``scale``."""
        n = self.n
        if n < 2:
            return None
        mean = float(self.total.sum()) / n
        spread = self.squares - n * mean * mean
        return spread if spread > 1e-12 * max(1.0, n * scale * scale) else None

    def stability(self, scale: float) -> float | None:
        """IS: variance of the hourly means over the variance of all bins."""
        spread = self.spread(scale)
        if spread is None:
            return None
        present = self.count > 0
        hourly = self.total[present] / self.count[present] - float(self.total.sum()) / self.n
        return self.n * float(hourly @ hourly) / (hourly.size * spread)

    def variability(self, scale: float) -> float | None:
        """IV: mean squared difference of neighbouring bins over the variance of all bins."""
        spread = self.spread(scale)
        if spread is None or not self.pairs:
            return None
        return self.successive / self.pairs / (spread / self.n)


def bin_statistics(recording: PreparedRecording, widths: Sequence[int]) -> dict[int, BinStatistics]:
    """Statistics of the clock bins of several widths.

    Raises
    ------
    ValueError
        When a width is not one of :data:`BIN_WIDTHS`.
    """
    if any(width not in _PARENT for width in widths):
        raise ValueError(f"widths must be among {BIN_WIDTHS}")
    needed = set(widths)
    for width in sorted(widths, reverse=True):
        while width > 1:
            width = _PARENT[width]
            needed.add(width)
    chain = [width for width in BIN_WIDTHS if width in needed and width > 1]
    found = {width: BinStatistics(width) for width in widths}
    last: dict[int, tuple[float, bool]] = {}
    grid, grid_valid, mean = recording.grid_values, recording.grid_valid, recording.mean
    for first in range(0, recording.rows, _ROWS_AT_ONCE):
        part = slice(first * MINUTES_PER_DAY, (first + _ROWS_AT_ONCE) * MINUTES_PER_DAY)
        sums = {1: grid[part]}
        counts = {1: grid_valid[part].view(np.uint8)}
        for width in chain:
            sums[width] = _joined(sums[_PARENT[width]], width // _PARENT[width])
            counts[width] = _joined(counts[_PARENT[width]], width // _PARENT[width])
        for width, statistics in found.items():
            count = counts[width]
            # As if every bin were full, then the few others anew: a division by each bin's own count costs far more.
            value = sums[width] * (1 / width)
            partial = np.flatnonzero(count != width)
            held = count[partial].astype(np.int64)
            value[partial] = sums[width][partial] / np.maximum(held, 1)
            value -= mean
            missing = partial[(2 * held < width) | (held == 0)]
            value[missing] = 0.0
            statistics.add(value, missing)
            before = last.get(width)
            if before is not None and before[1] and not (missing.size and missing[0] == 0):
                statistics.add_pair(before[0], float(value[0]))
            last[width] = float(value[-1]), not (missing.size and missing[-1] == value.size - 1)
    for width, statistics in found.items():
        for before_cell, after_cell in recording.junctions(width):
            ends = [recording.bin_at(cell, width) for cell in (before_cell, after_cell)]
            if ends[0] is not None and ends[1] is not None:
                statistics.add_pair(ends[0], ends[1])
    return found


def _joined(narrow: NDArray[_Number], factor: int) -> NDArray[_Number]:
    total = narrow[0::factor] + narrow[1::factor]
    for offset in range(2, factor):
        total += narrow[offset::factor]
    return total


def statistics_of_rows(bins: ClockBins, rows: slice) -> BinStatistics:
    """Statistics of some rows of the day grid."""
    statistics = BinStatistics(bins.width_min)
    per_row = MINUTES_PER_DAY // bins.width_min
    first, stop = rows.start * per_row, rows.stop * per_row
    if stop > first:
        statistics.add(bins.value[first:stop], np.flatnonzero(~bins.valid[first:stop]))
    for before, after in bins.junctions:
        if before >= first and after < stop and bins.valid[before] and bins.valid[after]:
            statistics.add_pair(float(bins.value[before]), float(bins.value[after]))
    return statistics
