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
    n:
        Valid bins.
    squares:
        Sum of squared values of valid bins.
    successive, pairs:
        Sum of squared differences of neighbouring valid bins, and their number.
    """

    __slots__ = ("count", "n", "pairs", "squares", "successive", "total")

    def __init__(self, width_min: int) -> None:
        self.total: NDArray[np.float64] = np.zeros(MINUTES_PER_DAY // width_min)
        self.count: NDArray[np.int64] = np.zeros(MINUTES_PER_DAY // width_min, dtype=np.int64)
        self.n = 0
        self.squares = 0.0
        self.successive = 0.0
        self.pairs = 0

    def add(
        self, value: NDArray[np.float64], missing: NDArray[np.int64], total: NDArray[np.float64] | None = None
    ) -> None:
        """Take bins that follow one another, starting at midnight; ``value`` is 0 in the bins listed as missing.

        ``total`` is the sum of the values at each time of day where it is known already.
        """
        slots, size = self.total.size, value.size
        rows = size // slots
        self.total += np.ones(rows) @ value.reshape(rows, slots) if total is None else total
        squares = float(value @ value)
        self.squares += squares
        # Σ(b − a)² over neighbours is Σa² + Σb² − 2Σab. Missing bins are 0 and drop out of the products; the squares
        # of their neighbours are taken off, since few bins are missing.
        successive = 2 * squares - float(value[0]) ** 2 - float(value[-1]) ** 2 - 2 * float(value[1:] @ value[:-1])
        self.count += rows
        self.n += size - missing.size
        self.pairs += size - 1
        if missing.size:
            self.count -= np.bincount(missing % slots, minlength=slots)
            inner = missing[int(missing[0] == 0) :]
            outer = missing[: missing.size - int(missing[-1] == size - 1)]
            before, after = value[inner - 1], value[outer + 1]
            successive -= float(before @ before) + float(after @ after)
            self.pairs -= inner.size + outer.size - int(np.count_nonzero(missing[1:] - missing[:-1] == 1))
        self.successive += max(successive, 0.0)

    def add_sums(
        self, sums: NDArray[np.float64], missing: NDArray[np.int64], total: NDArray[np.float64], width_min: int
    ) -> None:
        """Take bins as sums over their width: :meth:`add` of ``sums / width_min``, scaled once at the end."""
        scaled = BinStatistics(width_min)
        scaled.add(sums, missing, total)
        self.total += scaled.total / width_min
        self.count += scaled.count
        self.n += scaled.n
        self.squares += scaled.squares / width_min**2
        self.successive += scaled.successive / width_min**2
        self.pairs += scaled.pairs

    def add_pair(self, before: float, after: float) -> None:
        """Take a pair of neighbouring valid bins."""
        self.successive += (after - before) ** 2
        self.pairs += 1

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
    for first in range(0, recording.rows, _ROWS_AT_ONCE):
        _add_rows(recording, slice(first, first + _ROWS_AT_ONCE), chain, found, last)
    for width, statistics in found.items():
        for before_cell, after_cell in recording.junctions(width):
            ends = [recording.bin_at(cell, width) for cell in (before_cell, after_cell)]
            if ends[0] is not None and ends[1] is not None:
                statistics.add_pair(ends[0], ends[1])
    return found


def _add_rows(
    recording: PreparedRecording,
    rows: slice,
    chain: Sequence[int],
    found: dict[int, BinStatistics],
    last: dict[int, tuple[float, bool]],
) -> None:
    """Add some rows of the day grid to the statistics of all widths.

    ``last`` holds the last bin of the rows before and whether it is there, by width, and is renewed. Sums of
    deviations are joined from width to width; only bins that are not full have to be filled up, so that a bin's sum
    stands for its mean in one scale.
    """
    part = slice(rows.start * MINUTES_PER_DAY, rows.stop * MINUTES_PER_DAY)
    valid = recording.grid_valid[part]
    deviations = recording.grid_values[part] - recording.mean
    deviations[np.flatnonzero(~valid)] = 0.0
    days = deviations.size // MINUTES_PER_DAY
    of_minute = np.ones(days) @ deviations.reshape(days, MINUTES_PER_DAY)
    sums, counts = {1: deviations}, {1: valid.view(np.uint8)}
    for width in chain:
        sums[width] = _joined(sums[_PARENT[width]], width // _PARENT[width])
        counts[width] = _joined(counts[_PARENT[width]], width // _PARENT[width])
    for width, statistics in found.items():
        value, count = sums[width], counts[width]
        total = of_minute.reshape(-1, width).sum(axis=1)
        partial = np.flatnonzero(count != width)
        held = count[partial].astype(np.int64)
        gone = (2 * held < width) | (held == 0)
        missing = partial[gone]
        if width > 1 and partial.size:
            before = value[partial]
            after = np.where(gone, 0.0, before * (width / np.maximum(held, 1)))
            value[partial] = after
            total += np.bincount(partial % total.size, after - before, total.size)
        statistics.add_sums(value, missing, total, width)
        earlier, there = last.get(width, (0.0, False))
        if there and not (missing.size and missing[0] == 0):
            statistics.add_pair(earlier, float(value[0]) / width)
        last[width] = float(value[-1]) / width, not (missing.size and missing[-1] == value.size - 1)


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
