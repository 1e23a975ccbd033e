"""Sleep stages of simulated nights: cycles of core, deep and REM with awakenings, on half minutes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.demo.people import SimulatedPerson
from clarity_desktop.demo.sleep_timing import SleepEpisodes
from clarity_desktop.domain.time import Span

__all__ = ["AWAKE_ASLEEP", "CORE", "DEEP", "HALF_MINUTE_S", "OUT_OF_SLEEP", "REM", "StageRuns", "hypnogram", "runs"]

HALF_MINUTE_S = 30
OUT_OF_SLEEP, CORE, DEEP, REM, AWAKE_ASLEEP = range(5)
"""Codes of the half-minute grid; ``AWAKE_ASLEEP`` is wake between sleep onset and final awakening."""

_CYCLES = 9
_DEEP_SHARE = np.array([0.42, 0.30, 0.15, 0.05, 0.02, 0.0, 0.0, 0.0, 0.0])
_REM_SHARE = np.array([0.08, 0.18, 0.26, 0.32, 0.36, 0.36, 0.36, 0.36, 0.36])


@dataclass(frozen=True, slots=True)
class StageRuns:
    """Maximal runs of one stage inside sleep episodes, in order; arrays of shape (R,), instants in UTC seconds."""

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    code: NDArray[np.uint8]
    episode: NDArray[np.int64]
    """Row of the episode in :class:`SleepEpisodes`."""


def hypnogram(
    person: SimulatedPerson,
    episodes: SleepEpisodes,
    wake_wished_min: NDArray[np.float64],
    span: Span,
    random: np.random.Generator,
) -> NDArray[np.uint8]:
    """Stage codes of every half minute of ``span``, shape (span.length_s / 30,).

    ``wake_wished_min`` of shape (E,) adds that many minutes of long awakenings to an episode.
    """
    grid = np.zeros(span.length_s // HALF_MINUTE_S, dtype=np.uint8)
    first = (episodes.onset - span.start) // HALF_MINUTE_S
    size = (episodes.offset - episodes.onset) // HALF_MINUTE_S
    episode = np.repeat(np.arange(len(episodes)), size)
    within = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
    code = _cycled(episodes, episode, within, random)
    awake = _awakenings(person, episodes, size, wake_wished_min, random)
    code[awake] = AWAKE_ASLEEP
    position = first[episode] + within
    inside = (position >= 0) & (position < grid.size)
    grid[position[inside]] = code[inside]
    return grid


def _cycled(
    episodes: SleepEpisodes, episode: NDArray[np.int64], within: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.uint8]:
    """Stages by place in the cycle: core at its start, deep early in the night, REM at its end."""
    count = len(episodes)
    length = random.normal(184.0, 22.0, (count, _CYCLES)).clip(120, 260)
    edges = np.cumsum(length, axis=1)
    far = 1e6
    flat = (edges + far * np.arange(count)[:, None]).ravel()
    index = np.searchsorted(flat, within + far * episode, side="right")
    cycle = np.minimum(index - episode * _CYCLES, _CYCLES - 1)
    begin = np.where(cycle > 0, edges[episode, np.maximum(cycle - 1, 0)], 0.0)
    share = (within - begin) / length[episode, cycle]
    deep = (_DEEP_SHARE * random.normal(1.0, 0.18, (count, _CYCLES)).clip(0.3, 1.6))[episode, cycle]
    rem = (_REM_SHARE * random.normal(1.0, 0.15, (count, _CYCLES)).clip(0.4, 1.5))[episode, cycle]
    code = np.full(within.size, CORE, dtype=np.uint8)
    code[(share >= 0.14) & (share < 0.14 + deep)] = DEEP
    code[share >= 1 - rem] = REM
    code[episodes.is_nap[episode]] = CORE
    return code


def _awakenings(
    person: SimulatedPerson,
    episodes: SleepEpisodes,
    size: NDArray[np.int64],
    wake_wished_min: NDArray[np.float64],
    random: np.random.Generator,
) -> NDArray[np.bool_]:
    """Which half minutes of the episodes, laid end to end, are awake; never the first or last four of an episode."""
    hours = size * HALF_MINUTE_S / 3600
    short = random.poisson(np.where(episodes.is_nap, 0.2, person.wakes_per_h) * hours)
    long = np.where(wake_wished_min > 0, np.maximum(2, np.round(wake_wished_min / 28)), 0).astype(np.int64)
    of_short, of_long = np.repeat(np.arange(size.size), short), np.repeat(np.arange(size.size), long)
    length = person.wake_median_min * np.exp(random.normal(0.0, 0.75, of_short.size))
    weight = random.gamma(4.0, 1.0, of_long.size)
    total = np.bincount(of_long, weight, minlength=size.size)
    long_length = weight / total[of_long] * wake_wished_min[of_long]
    of = np.concatenate([of_short, of_long])
    halves = np.maximum(1, np.round(np.concatenate([length, long_length]) * 2)).astype(np.int64)
    # Long awakenings are set apart from each other, so that their minutes add up to what was wished.
    rank = np.arange(of_long.size) - np.repeat(np.cumsum(long) - long, long)
    place = (rank + random.uniform(0.35, 0.65, of_long.size)) / np.maximum(long[of_long], 1)
    at = (np.concatenate([random.random(of_short.size), place]) * size[of]).astype(np.int64) - halves // 2
    begin = np.clip(at, 4, np.maximum(size[of] - 5, 4))
    stop = np.clip(begin + halves, begin, np.maximum(size[of] - 4, begin))
    base = (np.cumsum(size) - size)[of]
    change = np.zeros(int(size.sum()) + 1, dtype=np.int64)
    np.add.at(change, base + begin, 1)
    np.add.at(change, np.minimum(base + stop, change.size - 1), -1)
    return np.asarray(np.cumsum(change)[:-1] > 0)


def runs(grid: NDArray[np.uint8], episodes: SleepEpisodes, span: Span) -> StageRuns:
    """The grid as runs of equal stage; a run never passes the border of an episode."""
    edge = np.flatnonzero(np.diff(grid)) + 1
    start = np.concatenate([[0], edge])
    stop = np.concatenate([edge, [grid.size]])
    code = grid[start]
    keep = code != OUT_OF_SLEEP
    start_s = span.start + start[keep] * HALF_MINUTE_S
    stop_s = span.start + stop[keep] * HALF_MINUTE_S
    episode = np.searchsorted(episodes.onset, start_s, side="right") - 1
    return StageRuns(start_s, stop_s, code[keep], episode)
