"""Rows of an actogram: epochs laid on the local clock as bins of five minutes, with skipped and doubled hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.epochs import Epochs, EpochState
from clarity_desktop.domain.sleep import Night
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
    wall = epochs.zone.local_seconds(epochs.times) - origin_s
    first_day = int(wall.min() // DAY_S)
    days = int(wall.max() // DAY_S) - first_day + 1
    index = (wall - first_day * DAY_S) // BIN_S
    again = _second_pass(epochs, changes)
    mean, state = _bins(epochs, index, ~again, days)
    if again.any():
        second_mean, second_state = _bins(epochs, index, again, days)
    else:
        second_mean = np.full_like(mean, np.nan)
        second_state = np.full_like(state, BinState.OUTSIDE)
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


def _second_pass(epochs: Epochs, changes: tuple[ClockChange, ...]) -> NDArray[np.bool_]:
    again = np.zeros(len(epochs), dtype=np.bool_)
    for change in changes:
        if change.delta_s < 0:
            begin = -(-(change.instant - epochs.start) // epochs.step_s)
            stop = -(-(change.instant - change.delta_s - epochs.start) // epochs.step_s)
            again[max(0, begin) : max(0, stop)] = True
    return again


def _bins(
    epochs: Epochs, index: NDArray[np.int64], chosen: NDArray[np.bool_], days: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    size = days * BINS
    worn = chosen & epochs.valid
    count = np.bincount(index[worn], minlength=size)
    total = np.bincount(index[worn], weights=epochs.values[worn], minlength=size)
    mean = np.full(size, np.nan, dtype=np.float32)
    np.divide(total, count, out=mean, where=count > 0, casting="unsafe")
    state = np.full(size, BinState.OUTSIDE, dtype=np.uint8)
    for source, code in (
        (chosen & (epochs.state != EpochState.EXCLUDED) & (epochs.state != EpochState.NOT_WORN), BinState.MISSING),
        (chosen & (epochs.state == EpochState.EXCLUDED), BinState.EXCLUDED),
        (chosen & (epochs.state == EpochState.NOT_WORN), BinState.NOT_WORN),
    ):
        state[index[source]] = code
    state[count > 0] = BinState.WORN
    return mean.reshape(days, BINS), state.reshape(days, BINS)


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
        if not any(segment.stage.is_sleep for segment in sleep.segments):
            starts.append(sleep.onset)
            stops.append(sleep.offset)
        for segment in sleep.segments:
            if not segment.stage.is_sleep:
                continue
            if stops and stops[-1] == segment.start:
                stops[-1] = segment.stop
            else:
                starts.append(segment.start)
                stops.append(segment.stop)
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
