"""Rows of an actogram: epochs laid on the local clock as bins of five minutes, with skipped and doubled hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.epochs import Epochs, EpochState
from clarity_desktop.domain.sleep import Night, Stage
from clarity_desktop.domain.time import DAY_S, Instant, Span, ZoneTimeline
from clarity_desktop.ui.charts.lanes import Columns
from clarity_desktop.ui.charts.timescale import ClockChange, clock_changes

__all__ = [
    "BINS",
    "BIN_S",
    "ActogramRows",
    "BinState",
    "Jump",
    "SleepLines",
    "actogram_rows",
    "asleep_lines",
    "lay",
    "light_levels",
]

BIN_S = 300
BINS = DAY_S // BIN_S
_ASLEEP = frozenset(stage for stage in Stage if stage.is_sleep)


class BinState(IntEnum):
    """What a five-minute bin of the local clock holds."""

    WORN = 0
    NOT_WORN = 1
    MISSING = 2
    EXCLUDED = 3
    OUTSIDE = 4
    """Before or after the recording, or an hour that the clock skipped."""


@dataclass(frozen=True, slots=True)
class Jump:
    """Where the clock of a row jumps: bins ``[first, last)`` were skipped, or passed twice."""

    row: int
    first: int
    last: int
    change: ClockChange

    @property
    def skipped(self) -> bool:
        """Clock went forward: these bins never happened."""
        return self.change.delta_s > 0


@dataclass(frozen=True, slots=True)
class ActogramRows:
    """Means of five minutes, one row a local day that begins at ``origin_s`` past midnight.

    ``mean`` and ``state`` have shape (days, 288). Where the clock passed twice, they hold the first pass and
    ``second_mean``, ``second_state`` the second (elsewhere NaN and OUTSIDE).
    """

    first_day: int
    """Local day (days since 1970-01-01) on which row 0 begins."""
    origin_s: int
    mean: NDArray[np.float32]
    state: NDArray[np.uint8]
    second_mean: NDArray[np.float32]
    second_state: NDArray[np.uint8]
    jumps: tuple[Jump, ...]
    scale: float
    """99th percentile of the positive means of worn bins: the value of a full bar."""

    def __len__(self) -> int:
        return int(self.mean.shape[0])


@dataclass(frozen=True, slots=True)
class SleepLines:
    """Stretches on the rows, sorted by row: ``low`` and ``high`` are shares of a day, 0…1. All of shape (N,)."""

    row: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def of_row(self, row: int) -> list[tuple[float, float]]:
        """The stretches of one row."""
        first, last = np.searchsorted(self.row, [row, row + 1])
        return list(zip(self.low[first:last].tolist(), self.high[first:last].tolist(), strict=True))


def actogram_rows(epochs: Epochs, *, origin_s: int = DAY_S // 2) -> ActogramRows:
    """Lay epochs on the local clock.

    A bin is the mean of its worn epochs; a bin without any is *not worn* when some epoch was taken off, else *left
    out* or *missing*. Values of epochs that were not worn do not enter.

    Parameters
    ----------
    epochs:
        The signal; must not be empty.
    origin_s:
        Second of the local day at which rows begin: 43 200 for noon, 0 for midnight.

    Raises
    ------
    ValueError
        When there are no epochs.
    """
    if not len(epochs):
        raise ValueError("an actogram needs at least one epoch")
    changes = clock_changes(epochs.zone, epochs.span)
    stretches = _stretches(epochs, changes, origin_s)
    first_day = min(stretch.wall_s // DAY_S for stretch in stretches)
    days = max((stretch.wall_s + (stretch.stop - stretch.first - 1) * epochs.step_s) // DAY_S for stretch in stretches)
    days += 1 - first_day
    once, twice = _Bins.of(days), _Bins.of(days)
    for stretch in stretches:
        wall = stretch.wall_s - first_day * DAY_S
        middle = stretch.first + stretch.again
        twice.add(epochs, stretch.first, middle, wall)
        once.add(epochs, middle, stretch.stop, wall + stretch.again * epochs.step_s)
    (mean, state), (second_mean, second_state) = once.laid(), twice.laid()
    worn = mean[(state == BinState.WORN) & (mean > 0)]
    return ActogramRows(
        first_day,
        origin_s,
        mean,
        state,
        second_mean,
        second_state,
        tuple(jump for change in changes for jump in _jumps(change, epochs, first_day, origin_s, days)),
        float(np.percentile(worn, 99)) if worn.size else 1.0,
    )


def light_levels(rows: ActogramRows, zone: ZoneTimeline, columns: Columns) -> NDArray[np.uint8]:
    """Strength of light by bin, shape (days, 288): 0 up to 10 lux or unknown, 1, 2 and 3 above 10, 100 and 1000 lux.

    ``columns`` are means in lux; of an hour that passed twice the brighter pass counts.
    """
    n = columns.mean.size
    centres = columns.start + ((np.arange(n) + 0.5) * (columns.stop - columns.start) / max(1, n)).astype(np.int64)
    index = (zone.local_seconds(centres) - rows.origin_s - rows.first_day * DAY_S) // BIN_S
    known = np.isfinite(columns.mean) & (index >= 0) & (index < len(rows) * BINS)
    levels = np.zeros(len(rows) * BINS, dtype=np.uint8)
    np.maximum.at(levels, index[known], np.digitize(columns.mean[known], (10, 100, 1000), right=True).astype(np.uint8))
    return levels.reshape(len(rows), BINS)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Epochs ``[first, stop)`` under one offset; the first ``again`` of them pass hours for the second time."""

    first: int
    stop: int
    wall_s: int
    """Local second of the first epoch since 1970-01-01, less the origin of rows."""
    again: int


def _stretches(epochs: Epochs, changes: tuple[ClockChange, ...], origin_s: int) -> list[_Stretch]:
    ends = [min(len(epochs), max(0, -(-(change.instant - epochs.start) // epochs.step_s))) for change in changes]
    firsts = np.array([0, *ends], dtype=np.int64)
    stops = np.array([*ends, len(epochs)], dtype=np.int64)
    repeated = [0, *(max(0, -change.delta_s) // epochs.step_s for change in changes)]
    walls = epochs.zone.local_seconds(epochs.start + firsts * epochs.step_s) - origin_s
    rows = zip(firsts.tolist(), stops.tolist(), walls.tolist(), repeated, strict=True)
    return [_Stretch(a, b, wall, min(again, b - a)) for a, b, wall, again in rows if b > a]


# What speaks for a bin, the strongest last: one epoch of it decides over any number of weaker ones.
_RANKS = (BinState.OUTSIDE, BinState.MISSING, BinState.EXCLUDED, BinState.NOT_WORN, BinState.WORN)
_CODE_OF = np.array(_RANKS, dtype=np.uint8)
_RANK_OF = np.full(256, _RANKS.index(BinState.MISSING), dtype=np.uint8)
_RANK_OF[int(EpochState.EXCLUDED)] = _RANKS.index(BinState.EXCLUDED)
_RANK_OF[int(EpochState.NOT_WORN)] = _RANKS.index(BinState.NOT_WORN)


@dataclass(slots=True)
class _Bins:
    """Bins of all rows behind one another while they are filled, shape (days · 288,)."""

    total: NDArray[np.float64]
    count: NDArray[np.int32]
    rank: NDArray[np.uint8]

    @classmethod
    def of(cls, days: int) -> _Bins:
        n = days * BINS
        return cls(np.zeros(n), np.zeros(n, dtype=np.int32), np.zeros(n, dtype=np.uint8))

    def add(self, epochs: Epochs, first: int, stop: int, wall_s: int) -> None:
        """Add epochs ``[first, stop)`` under one offset, the first of them at local second ``wall_s`` of the rows."""
        if stop <= first:
            return
        values, codes = epochs.values[first:stop], epochs.state[first:stop]
        worn = (codes == EpochState.WORN) & np.isfinite(values)
        rank = _RANK_OF[codes]
        rank[worn] = len(_RANKS) - 1
        edges, places = _bins_of(stop - first, wall_s, epochs.step_s)
        # A journey may part a bin, so what an earlier stretch has put there stays.
        self.total[places] += np.add.reduceat(np.where(worn, values, np.float32(0)), edges, dtype=np.float64)
        self.count[places] += np.add.reduceat(worn.view(np.uint8), edges, dtype=np.int32)
        self.rank[places] = np.maximum(self.rank[places], np.maximum.reduceat(rank, edges))

    def laid(self) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Means and states, shape (days, 288)."""
        mean = np.full(self.count.size, np.nan, dtype=np.float32)
        np.divide(self.total, self.count, out=mean, where=self.count > 0, casting="unsafe")
        return mean.reshape(-1, BINS), _CODE_OF[self.rank].reshape(-1, BINS)


def _bins_of(n: int, wall_s: int, step_s: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First epoch and place on the rows of each bin that some of ``n`` epochs begin in."""
    places = np.arange(wall_s // BIN_S, (wall_s + (n - 1) * step_s) // BIN_S + 1, dtype=np.int64)
    edges = np.maximum(-((wall_s - places * BIN_S) // step_s), 0)
    # Epochs longer than a bin leave bins between them in which none begins.
    some = np.diff(edges, append=n) > 0
    return edges[some], places[some]


def _jumps(change: ClockChange, epochs: Epochs, first_day: int, origin_s: int, days: int) -> list[Jump]:
    after = int(epochs.zone.offsets_s(np.array([change.instant], dtype=np.int64))[0])
    before = after - change.delta_s
    low, high = sorted((change.instant + before, change.instant + after))
    found: list[Jump] = []
    while low < high:
        row, second = divmod(low - origin_s - first_day * DAY_S, DAY_S)
        stop = min(high, low + DAY_S - second)
        if 0 <= row < days:
            first = int(second // BIN_S)
            found.append(Jump(int(row), first, int(first + -(-(stop - low) // BIN_S)), change))
        low = stop
    return found


def asleep_lines(rows: ActogramRows, zone: ZoneTimeline, sleeps: Sequence[Night]) -> SleepLines:
    """Where the sleep of nights or naps lies on the rows: joined sleep segments, or onset to final wake without any.

    Lines are cut at row ends and at clock changes, so that each piece lies where the local clock stood.
    """
    starts: list[Instant] = []
    stops: list[Instant] = []
    for sleep in sleeps:
        asleep = [(one.start, one.stop) for one in sleep.segments if one.stage in _ASLEEP]
        for start, stop in asleep or [(sleep.onset, sleep.offset)]:
            if asleep and stops and stops[-1] == start:
                stops[-1] = stop
            else:
                starts.append(start)
                stops.append(stop)
    return lay(rows, zone, np.array(starts, dtype=np.int64), np.array(stops, dtype=np.int64))


def lay(rows: ActogramRows, zone: ZoneTimeline, start: NDArray[np.int64], stop: NDArray[np.int64]) -> SleepLines:
    """Lay UTC stretches ``[start, stop)``, shape (N,), on the rows; each shorter than a day."""
    if not start.size:
        empty = np.empty(0, dtype=np.float64)
        return SleepLines(np.empty(0, dtype=np.int64), empty, empty)
    for change in clock_changes(zone, Span(int(start.min()), int(stop.max()))):
        cut = (start < change.instant) & (stop > change.instant)
        if cut.any():
            ends = stop[cut]
            stop = np.concatenate([np.where(cut, change.instant, stop), ends])
            start = np.concatenate([start, np.full(int(cut.sum()), change.instant, dtype=np.int64)])
    low = zone.local_seconds(start) - rows.origin_s - rows.first_day * DAY_S
    high = low + (stop - start)
    row = low // DAY_S
    crosses = high > (row + 1) * DAY_S
    row = np.concatenate([row, row[crosses] + 1])
    second_low, second_high = (row[low.size :]) * DAY_S, high[crosses]
    high = np.concatenate([np.where(crosses, (row[: low.size] + 1) * DAY_S, high), second_high])
    low = np.concatenate([low, second_low])
    order = np.argsort(row, kind="stable")
    row = row[order]
    return SleepLines(row, low[order] / DAY_S - row, high[order] / DAY_S - row)
