"""A population of simulated people with one week of wrist counts each, varied enough to pretrain a model on.

Every person is drawn from distributions of chronotype, work, sleep, naps, movement and device; nobody is real, and the
distributions are round numbers of the literature's order of magnitude, fitted to nothing. Whole blocks of people are
made at once as arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["POPULATION_VERSION", "Population", "simulate_population"]

POPULATION_VERSION: Final = "1"
"""Raised when the simulation changes, so that equal versions and seeds mean equal weeks."""

_DAY_MIN: Final = 1440
_DAYS: Final = 7
_WEEK_MIN: Final = _DAY_MIN * _DAYS
_BLOCK: Final = 200
"""People made at once: arrays of 8 MB stay manageable and blocks can be made in any order."""
_NIGHTS: Final = _DAYS + 2
"""Main sleeps by wake day, from the day before the window to the day after it."""

_MOST: Final = 6_000
"""Counts per minute at which the simulated device saturates."""

Floats = NDArray[np.float32]
_OFFICE, _MANUAL, _FREE, _ROTATING, _NIGHT_WORK, _DRIFTING = range(6)
_ROTATION: Final = np.array([4.0, 4.0, 6.4, 6.4, 13.5, 13.5, 5.5, 5.5])
"""Hour of waking of a person on two early, two late, two night shifts and two free days."""


@dataclass(frozen=True, slots=True)
class Population:
    """Weeks of N simulated people."""

    counts: Floats
    """Movement counts per minute, (N, 10080), from a local midnight; 0 where the device was not worn."""
    worn: NDArray[np.bool_]
    """Whether the device was worn, (N, 10080)."""
    first_weekday: NDArray[np.int8]
    """Weekday on which each window starts, 0 for Monday, (N,)."""
    midsleep_h: Floats
    """Mid-sleep of each person's free days, hours after midnight, (N,)."""
    occupation: NDArray[np.int8]
    """0 office, 1 manual work, 2 no work hours, 3 rotating shifts, 4 night work, 5 not entrained, (N,)."""

    def __len__(self) -> int:
        return int(self.counts.shape[0])


@dataclass(frozen=True, slots=True)
class _People:
    """Parameters of a block of people, each (P, 1) so that they spread over minutes or nights."""

    occupation: NDArray[np.int8]
    weekday: NDArray[np.int8]
    midsleep: Floats
    duration: Floats
    jitter: Floats
    wakes_per_h: Floats
    wake_min: Floats
    nap_share: Floats
    level: Floats
    liveliness: Floats
    stillness: Floats
    scale: Floats
    exercise: Floats
    charge_h: Floats


def simulate_population(people: int, seed: int) -> Population:
    """Simulate a week of each of ``people`` persons; equal arguments give equal arrays.

    The first n persons are the same whatever the number, in whole blocks of 200.
    """
    blocks = [
        _block(np.random.default_rng([seed, index]), min(_BLOCK, people - start))
        for index, start in enumerate(range(0, people, _BLOCK))
    ]
    return Population(
        np.concatenate([block.counts for block in blocks]),
        np.concatenate([block.worn for block in blocks]),
        np.concatenate([block.first_weekday for block in blocks]),
        np.concatenate([block.midsleep_h for block in blocks]),
        np.concatenate([block.occupation for block in blocks]),
    )


def _block(random: np.random.Generator, wanted: int) -> Population:
    people = _draw_people(random)
    onset, offset = _main_sleeps(people, random)
    asleep = _covered(onset, offset)
    asleep |= _naps(people, offset, random)
    counts = _awake_counts(people, offset, random)
    np.copyto(counts, _sleep_counts(people, asleep, random), where=asleep)
    counts *= people.scale
    np.round(counts, out=counts)
    np.clip(counts, 0, _MOST, out=counts)
    worn = _worn(people, asleep, random)
    counts[~worn] = 0.0
    return Population(
        counts[:wanted],
        worn[:wanted],
        people.weekday[:wanted, 0],
        people.midsleep[:wanted, 0],
        people.occupation[:wanted, 0],
    )


def _draw_people(random: np.random.Generator) -> _People:
    def normal(mean: float, sd: float) -> Floats:
        return random.normal(mean, sd, (_BLOCK, 1)).astype(np.float32)

    def skewed(median: float, spread: float) -> Floats:
        return (median * np.exp(random.normal(0.0, spread, (_BLOCK, 1)))).astype(np.float32)

    occupation = random.choice(6, (_BLOCK, 1), p=[0.44, 0.18, 0.24, 0.07, 0.045, 0.025]).astype(np.int8)
    age = random.uniform(18, 85, (_BLOCK, 1)).astype(np.float32)
    elder = np.clip((age - 25) / 60, 0, 1)
    return _People(
        occupation=occupation,
        weekday=random.integers(0, 7, (_BLOCK, 1), dtype=np.int8),
        midsleep=np.clip(4.9 - 1.7 * elder + normal(0.0, 1.15), 0.5, 10.5).astype(np.float32),
        duration=np.clip(8.0 - 0.8 * elder + normal(0.0, 0.8), 4.5, 11.0).astype(np.float32),
        jitter=np.clip(skewed(0.45, 0.5), 0.12, 2.5),
        wakes_per_h=np.clip(skewed(1.1, 0.6) * (1 + elder), 0.2, 9.0).astype(np.float32),
        wake_min=np.clip(skewed(2.2, 0.45), 1.0, 12.0),
        nap_share=np.clip(
            random.beta(0.7, 4.0, (_BLOCK, 1)) + 0.25 * elder * random.random((_BLOCK, 1)), 0, 0.95
        ).astype(np.float32),
        level=(normal(5.2, 0.32) - 0.35 * elder + 0.25 * (occupation == _MANUAL)).astype(np.float32),
        liveliness=np.clip(normal(0.62, 0.13), 0.3, 1.0),
        stillness=normal(-1.25, 0.3),
        scale=np.where(random.random((_BLOCK, 1)) < 0.25, skewed(0.35, 0.2), skewed(1.0, 0.25)).astype(np.float32),
        exercise=np.clip(random.gamma(1.1, 1.7, (_BLOCK, 1)) * (1.2 - 0.6 * elder), 0, 7).astype(np.float32),
        charge_h=np.where(random.random((_BLOCK, 1)) < 0.5, normal(7.6, 0.9), normal(20.8, 1.2)).astype(np.float32),
    )


def _work_days(people: _People) -> NDArray[np.bool_]:
    """Whether the morning of each night is a work day, (P, nights), the day before the window first."""
    weekday = (people.weekday + np.arange(_NIGHTS) - 1) % 7
    employed = np.isin(people.occupation, (_OFFICE, _MANUAL, _NIGHT_WORK))
    return np.asarray(employed & (weekday < 5))


def _main_sleeps(people: _People, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Onset and offset of the main sleeps in minutes of the window, each (P, nights)."""
    shape = (_BLOCK, _NIGHTS)
    work = _work_days(people)
    middle = np.broadcast_to(people.midsleep, shape).copy()
    length = people.duration + random.normal(0.0, 0.55, shape)
    employed = np.isin(people.occupation, (_OFFICE, _MANUAL))
    alarm = 6.6 - 0.8 * (people.occupation == _MANUAL) + random.normal(0.0, 0.5, (_BLOCK, 1))
    late = np.maximum(middle + length / 2 - alarm, 0.0) * (work & employed)
    # An alarm cuts the late part of the night; going to bed earlier makes up for a part of it.
    middle -= (0.8 * late).astype(np.float32)
    length -= 0.4 * late
    middle += (0.55 * (~work & employed)).astype(np.float32) * random.random((_BLOCK, 1)).astype(np.float32)
    at_night = (people.occupation == _NIGHT_WORK) & work
    middle = np.where(at_night, 11.3 + random.normal(0.0, 0.5, shape), middle)
    length = np.where(at_night, length - 1.4, length)
    turn = (random.integers(0, _ROTATION.size, (_BLOCK, 1)) + np.arange(_NIGHTS)) % _ROTATION.size
    rotating = people.occupation == _ROTATING
    wake = _ROTATION[turn] + 0.35 * (people.midsleep - 4.0)
    length = np.where(rotating, np.clip(length - 0.7 * (wake < 5) - 1.2 * (wake > 12), 3.5, None), length)
    middle = np.where(rotating, wake + 0.6 - length / 2, middle)
    drift = (people.occupation == _DRIFTING) * random.uniform(0.2, 1.6, (_BLOCK, 1)) * (np.arange(_NIGHTS) - 4)
    middle = middle + drift + random.normal(0.0, 1.0, shape) * people.jitter
    length = np.clip(length + 0.5 * people.jitter * random.normal(0.0, 1.0, shape), 2.0, 13.0)
    base = _DAY_MIN * (np.arange(_NIGHTS) - 1)
    onset = base + 60 * (middle - length / 2)
    offset = base + 60 * (middle + length / 2)
    return onset.astype(np.float32), offset.astype(np.float32)


def _covered(start: Floats, stop: Floats) -> NDArray[np.bool_]:
    """Minutes of the window that lie in any of each person's stretches, (P, 10080)."""
    edges = np.zeros((start.shape[0], _WEEK_MIN + 1), np.int16)
    rows = np.broadcast_to(np.arange(start.shape[0])[:, None], start.shape)
    np.add.at(edges, (rows, np.clip(start, 0, _WEEK_MIN).astype(np.intp)), 1)
    np.add.at(edges, (rows, np.clip(stop, 0, _WEEK_MIN).astype(np.intp)), -1)
    return np.asarray(np.cumsum(edges[:, :-1], axis=1, dtype=np.int16) > 0)


def _naps(people: _People, offset: Floats, random: np.random.Generator) -> NDArray[np.bool_]:
    """Naps some hours after waking, (P, 10080)."""
    taken = random.random(offset.shape) < people.nap_share
    start = offset + 60 * np.clip(random.normal(7.2, 1.5, offset.shape), 3.0, 12.0)
    length = np.clip(35 * np.exp(random.normal(0.0, 0.5, offset.shape)), 8, 150) * taken
    return _covered(start.astype(np.float32), (start + length).astype(np.float32))


def _smooth(step_min: int, random: np.random.Generator) -> Floats:
    """Smooth noise of unit variance at knots ``step_min`` apart, straight between them, (P, 10080)."""
    knots = -(-_WEEK_MIN // step_min) + 1
    values = random.standard_normal((_BLOCK, knots), np.float32)
    share = (np.arange(step_min, dtype=np.float32) / step_min)[None, None, :]
    between = values[:, :-1, None] * (1 - share) + values[:, 1:, None] * share
    return np.asarray(between.reshape(_BLOCK, -1)[:, :_WEEK_MIN])


def _awake_counts(people: _People, offset: Floats, random: np.random.Generator) -> Floats:
    """Counts as if awake all week, (P, 10080)."""
    clock = (np.arange(_WEEK_MIN, dtype=np.float32) % _DAY_MIN) / 60
    peak = 13.2 + 0.75 * (people.midsleep - 4.0)
    swing = np.cos(2 * np.pi * (clock[:_DAY_MIN] - peak) / 24).astype(np.float32)
    depth = random.uniform(0.2, 0.75, (_BLOCK, 1)).astype(np.float32)
    level = people.level + depth * np.tile(swing, (1, _DAYS))
    drive = _smooth(80, random)
    drive += 0.85 * _smooth(12, random)
    level += people.liveliness * 0.75 * drive
    level += people.liveliness * 0.7 * random.standard_normal((_BLOCK, _WEEK_MIN), np.float32)
    # Days differ: one sits in the car or at home for a whole day.
    daily = random.normal(0.0, 0.22, (_BLOCK, _DAYS)).astype(np.float32)
    level += np.repeat(daily, _DAY_MIN, axis=1)
    level += _at_work(people, offset, random)
    counts = np.exp(level, out=level)
    still = drive + 0.6 * _smooth(4, random) < people.stillness
    counts *= np.where(still, np.float32(0.03), np.float32(1))
    counts += _exercise(people, offset, random)
    return np.asarray(counts)


def _at_work(people: _People, offset: Floats, random: np.random.Generator) -> Floats:
    """What work adds to the logarithm of counts, (P, 10080): less at a desk, more on one's feet."""
    works = _work_days(people) | (people.occupation == _ROTATING)
    start = offset + 60 * random.uniform(1.2, 2.6, (_BLOCK, 1))
    stop = start + 60 * random.uniform(6.5, 9.5, (_BLOCK, 1)) * works
    effect = np.where(people.occupation == _OFFICE, -0.55, 0.4) * random.uniform(0.3, 1.4, (_BLOCK, 1))
    return np.asarray(_covered(start.astype(np.float32), stop.astype(np.float32)) * effect.astype(np.float32))


def _exercise(people: _People, offset: Floats, random: np.random.Generator) -> Floats:
    """Counts of exercise bouts, (P, 10080); a person has their hour after waking and their intensity."""
    taken = random.random(offset.shape) < people.exercise / 7
    habit = random.choice([1.3, 5.0, 10.5], (_BLOCK, 1), p=[0.25, 0.15, 0.6])
    start = offset + 60 * np.clip(habit + random.normal(0.0, 0.7, offset.shape), 0.3, 14)
    stop = start + random.uniform(18, 75, offset.shape) * taken
    intensity = random.uniform(200, 1000, (_BLOCK, 1)).astype(np.float32)
    bout = _covered(start.astype(np.float32), stop.astype(np.float32))
    return bout * intensity * (1 + 0.2 * _smooth(3, random))


def _sleep_counts(people: _People, asleep: NDArray[np.bool_], random: np.random.Generator) -> Floats:
    """Counts as if asleep all week, (P, 10080): stillness, twitches and awakenings."""
    twitching = random.random((_BLOCK, 1)).astype(np.float32) * 0.09 + 0.015
    chance = random.random((_BLOCK, _WEEK_MIN), np.float32)
    # 90-minute cycles: movement gathers in the lighter half of each.
    phase = random.random((_BLOCK, 1)).astype(np.float32)
    cycle = np.sin(2 * np.pi * (np.arange(_WEEK_MIN, dtype=np.float32) / 92 + phase)).astype(np.float32)
    counts = np.zeros((_BLOCK, _WEEK_MIN), np.float32)
    moved = chance < twitching * (1 + 0.6 * cycle)
    counts[moved] = random.gamma(1.1, 22.0, int(moved.sum()))
    woke = (random.random((_BLOCK, _WEEK_MIN), np.float32) < people.wakes_per_h / 60) & asleep
    rows, starts = np.nonzero(woke)
    lengths = np.ceil(random.exponential(people.wake_min[rows, 0])).astype(np.intp)
    edges = np.zeros((_BLOCK, _WEEK_MIN + 1), np.int16)
    np.add.at(edges, (rows, starts), 1)
    np.add.at(edges, (rows, np.minimum(starts + lengths, _WEEK_MIN)), -1)
    awake = np.cumsum(edges[:, :-1], axis=1, dtype=np.int16) > 0
    counts[awake] = random.gamma(1.2, 60.0, int(awake.sum()))
    return counts


def _worn(people: _People, asleep: NDArray[np.bool_], random: np.random.Generator) -> NDArray[np.bool_]:
    """Worn but for a charge on most days; a few people leave it off at night or for half a day."""
    day = _DAY_MIN * np.arange(_DAYS)
    start = day + 60 * (people.charge_h + random.normal(0.0, 0.6, (_BLOCK, _DAYS)))
    length = random.uniform(25, 80, (_BLOCK, _DAYS)) * (random.random((_BLOCK, _DAYS)) < 0.85)
    off = _covered(start.astype(np.float32), (start + length).astype(np.float32))
    forgotten = random.random((_BLOCK, _DAYS)) < 0.02
    start = day + random.uniform(0, _DAY_MIN, (_BLOCK, _DAYS))
    length = random.uniform(120, 700, (_BLOCK, _DAYS)) * forgotten
    off |= _covered(start.astype(np.float32), (start + length).astype(np.float32))
    one_night = random.random((_BLOCK, 1)) < 0.03
    night = np.repeat(np.arange(_DAYS) == random.integers(0, _DAYS, (_BLOCK, 1)), _DAY_MIN, axis=1)
    return np.asarray(~(off | (asleep & one_night & night)))
