"""The local clock of a grid of epochs: minutes, days, bins and the average day (RH-2, RH-3, RH-4)."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.panel import AverageDay
from clarity_desktop.domain.time import DAY_S, Instant, ZoneTimeline

__all__ = ["MINUTES_PER_DAY", "Bins", "LocalClock", "Stretch", "average_day", "day_boundaries"]

MINUTES_PER_DAY = 1440


@dataclass(frozen=True, slots=True)
class Stretch:
    """Epochs ``[first, stop)`` under one UTC offset."""

    first: int
    stop: int
    offset_s: int


@dataclass(frozen=True, slots=True)
class Bins:
    """Bins of ``width_min`` minutes on the clock hour, in UTC order (RH-3). All arrays have shape (B,)."""

    width_min: int
    first: NDArray[np.int64]
    """Index of the first epoch."""
    stop: NDArray[np.int64]
    """Index after the last epoch."""
    day: NDArray[np.int64]
    """Local day, days since 1970-01-01."""
    minute: NDArray[np.int64]
    """Minute of day at which the bin begins on the clock, a multiple of ``width_min``."""
    start: NDArray[np.int64]
    """UTC seconds of the clock time at which the bin begins; it may lie before the first epoch of a partial bin."""

    def means(self, values: NDArray[np.floating], valid: NDArray[np.bool_], step_s: int) -> NDArray[np.float64]:
        """Mean of the valid epochs of each bin, shape (B,); NaN where fewer than half of the bin's width is valid."""
        kept = np.where(valid, values, 0).astype(np.float64)
        cumulative = np.concatenate(([0], np.cumsum(valid)))
        count = cumulative[self.stop] - cumulative[self.first]
        total = np.add.reduceat(kept, self.first) if self.first.size else np.empty(0)
        enough = 2 * count * step_s >= self.width_min * 60
        result: NDArray[np.float64] = np.full(total.shape, np.nan)
        np.divide(total, count, out=result, where=enough & (count > 0))
        return result


class LocalClock:
    """Local clock time of a regular grid of epochs.

    Parameters
    ----------
    start:
        UTC seconds of the first epoch.
    step_s:
        Length of an epoch in seconds.
    n:
        Number of epochs.
    zone:
        The zone timeline; clock changes and travel are both changes of the UTC offset.
    """

    __slots__ = ("n", "start", "step_s", "stretches", "zone")

    def __init__(self, start: Instant, step_s: int, n: int, zone: ZoneTimeline) -> None:
        self.start = start
        self.step_s = step_s
        self.n = n
        self.zone = zone
        self.stretches: tuple[Stretch, ...] = self._stretches()

    @classmethod
    def of(cls, epochs: Epochs) -> LocalClock:
        """The clock of these epochs."""
        return cls(epochs.start, epochs.step_s, len(epochs), epochs.zone)

    def _stretches(self) -> tuple[Stretch, ...]:
        if self.n == 0:
            return ()
        changes = self.zone.offset_changes(self.start, self.start + (self.n - 1) * self.step_s)
        result: list[Stretch] = []
        for index, (at, offset, _) in enumerate(changes):
            first = -(-(at - self.start) // self.step_s)
            stop = -(-(changes[index + 1][0] - self.start) // self.step_s) if index + 1 < len(changes) else self.n
            if stop <= first:
                continue
            if result and result[-1].offset_s == offset:
                result[-1] = Stretch(result[-1].first, stop, offset)
            else:
                result.append(Stretch(first, stop, offset))
        return tuple(result)

    @property
    def minute_of_day(self) -> NDArray[np.int64]:
        """Local minute of day of each epoch's start, 0…1439, shape (N,)."""
        minute = np.empty(self.n, np.int64)
        for stretch in self.stretches:
            local = self.start + stretch.first * self.step_s + stretch.offset_s
            # The clock comes round after this many epochs: what a day shows is repeated, not divided out anew.
            cycle = DAY_S // gcd(DAY_S, self.step_s)
            length = stretch.stop - stretch.first
            once = (local + self.step_s * np.arange(min(cycle, length), dtype=np.int64)) % DAY_S // 60
            minute[stretch.first : stretch.stop] = np.resize(once, length)
        return minute

    @property
    def local_day(self) -> NDArray[np.int64]:
        """Local day number (days since 1970-01-01) of each epoch's start, shape (N,)."""
        found = np.empty(self.n, np.int64)
        for stretch in self.stretches:
            begin = self.start + stretch.first * self.step_s + stretch.offset_s
            days = np.arange(begin // DAY_S, (begin + (stretch.stop - 1 - stretch.first) * self.step_s) // DAY_S + 1)
            # Where each day begins among the epochs: the day is written so many times, not divided out for each.
            edges = np.minimum(-(-(days[1:] * DAY_S - begin) // self.step_s), stretch.stop - stretch.first)
            lengths = np.diff(np.concatenate(([0], edges, [stretch.stop - stretch.first])))
            found[stretch.first : stretch.stop] = np.repeat(days, lengths)
        return found

    @property
    def hours(self) -> NDArray[np.float64]:
        """Local clock hours of each epoch's start, minute resolution, shape (N,)."""
        return np.asarray(self.minute_of_day / 60.0)

    def bins(self, width_min: int) -> Bins:
        """The bins of ``width_min`` minutes: maximal runs of epochs of equal local day, offset and clock bin (RH-3).

        Raises
        ------
        ValueError
            When the width does not divide the day.
        """
        if width_min <= 0 or MINUTES_PER_DAY % width_min:
            raise ValueError("the width of a bin must divide 1440 minutes")
        width_s = width_min * 60
        firsts, stops, walls, offsets = [], [], [], []
        for stretch in self.stretches:
            local = self.start + stretch.first * self.step_s + stretch.offset_s
            local_end = self.start + (stretch.stop - 1) * self.step_s + stretch.offset_s
            wall = np.arange(local // width_s, local_end // width_s + 1, dtype=np.int64) * width_s
            edge = -((local - wall) // self.step_s) + stretch.first
            first = np.maximum(edge, stretch.first)
            stop = np.append(first[1:], stretch.stop)
            some = stop > first
            firsts.append(first[some])
            stops.append(stop[some])
            walls.append(wall[some])
            offsets.append(np.full(int(some.sum()), stretch.offset_s, dtype=np.int64))
        if not walls:
            none = np.empty(0, np.int64)
            return Bins(width_min, none, none, none, none, none)
        wall = np.concatenate(walls)
        day = wall // DAY_S
        return Bins(
            width_min,
            np.concatenate(firsts),
            np.concatenate(stops),
            day,
            (wall - day * DAY_S) // 60,
            wall - np.concatenate(offsets),
        )

    def rows(self, values: NDArray[np.float32], fill: float = np.nan) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Values as local days × clock slots, one row per local day and stretch of constant offset.

        Returns
        -------
        matrix, day:
            Matrix of shape (R, 86400 / step_s) with ``fill`` where the grid has no epoch, and the local day of each
            row. A day with a clock change has two rows.

        Raises
        ------
        ValueError
            When ``step_s`` does not divide the day.
        """
        if DAY_S % self.step_s:
            raise ValueError("step_s must divide 24 hours")
        slots = DAY_S // self.step_s
        blocks: list[NDArray[np.float32]] = []
        days: list[NDArray[np.int64]] = []
        for stretch in self.stretches:
            slot = (self.start + stretch.first * self.step_s + stretch.offset_s) // self.step_s
            day = slot // slots
            lead = slot - day * slots
            length = stretch.stop - stretch.first
            count = -(-(lead + length) // slots)
            block = np.full(count * slots, fill, dtype=np.float32)
            block[lead : lead + length] = values[stretch.first : stretch.stop]
            blocks.append(block.reshape(count, slots))
            days.append(np.arange(day, day + count, dtype=np.int64))
        if not blocks:
            return np.empty((0, slots), np.float32), np.empty(0, np.int64)
        return np.concatenate(blocks), np.concatenate(days)


def average_day(epochs: Epochs) -> AverageDay:
    """Mean, median, quartiles and number of days for each local minute of the day (RH-4).

    Epochs must be 60 s long. Only worn, present epochs count; a minute repeated by a clock change counts twice.
    Percentiles interpolate linearly between the ordered values.
    """
    if epochs.step_s != 60:
        raise ValueError("the average day is made of one-minute epochs")
    valid = epochs.valid
    rows, _ = LocalClock.of(epochs).rows(np.where(valid, epochs.values, np.float32(np.nan)))
    by_minute = np.sort(np.ascontiguousarray(rows.T), axis=1)
    n = np.isfinite(by_minute).sum(axis=1)
    total = np.where(np.isnan(by_minute), 0.0, by_minute).sum(axis=1, dtype=np.float64)
    mean = np.divide(total, n, out=np.full(MINUTES_PER_DAY, np.nan), where=n > 0)
    lower, median, upper = (_quantile(by_minute, n, share) for share in (0.25, 0.5, 0.75))
    return AverageDay(mean, median, lower, upper, n.astype(np.int32))


def _quantile(ordered: NDArray[np.float32], n: NDArray[np.int64], share: float) -> NDArray[np.float64]:
    """Linear-interpolation quantile of each row's first ``n`` values; NaN where a row has none."""
    if ordered.shape[1] == 0:
        return np.full(ordered.shape[0], np.nan)
    place = share * np.maximum(n - 1, 0)
    low = place.astype(np.int64)
    high = np.minimum(low + 1, np.maximum(n - 1, 0))
    rows = np.arange(ordered.shape[0])
    below = ordered[rows, low].astype(np.float64)
    above = ordered[rows, high].astype(np.float64)
    result = below + (place - low) * (above - below)
    result[n == 0] = np.nan
    return result


def day_boundaries(zone: ZoneTimeline, start: Instant, stop: Instant) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Instants in ``[start, stop]`` at which a local day or a UTC offset begins, and the local day from each on.

    The first instant is ``start``. Between two instants the local day does not change, so an interval cut at them
    falls into whole days; with travel across the date line a day may come twice.
    """
    instants: list[NDArray[np.int64]] = []
    days: list[NDArray[np.int64]] = []
    changes = zone.offset_changes(start, stop)
    for index, (begin, offset, _) in enumerate(changes):
        end = changes[index + 1][0] if index + 1 < len(changes) else stop + 1
        first, last = (begin + offset) // DAY_S, (end - 1 + offset) // DAY_S
        day = np.arange(first, max(first, last) + 1, dtype=np.int64)
        instants.append(np.maximum(day * DAY_S - offset, begin))
        days.append(day)
    return np.concatenate(instants), np.concatenate(days)
