"""The minute signals of a simulated person: activity, steps, heart rate and light, with all that is true of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.demo.hypnogram import (
    AWAKE_ASLEEP,
    CORE,
    DEEP,
    OUT_OF_SLEEP,
    REM,
    StageRuns,
    hypnogram,
    runs,
)
from clarity_desktop.demo.people import LAST_DAY, SimulatedPerson
from clarity_desktop.demo.sleep_timing import (
    SleepEpisodes,
    circadian_minima,
    sleep_episodes,
    work_intervals,
    zone_timeline,
)
from clarity_desktop.domain.time import DAY_S, Span, ZoneTimeline, date_of_day, day_of_date

__all__ = ["SimulatedRecording", "TrueNight", "WorkoutBout", "simulate"]

_MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class TrueNight:
    """What really happened in one sleep episode. Instants in UTC seconds, durations in minutes."""

    date: date
    """Local date of waking."""
    in_bed: int
    onset: int
    offset: int
    out_of_bed: int
    tst_min: float
    waso_min: float
    stages_min: dict[str, float]
    """Minutes of ``core``, ``deep`` and ``rem``."""
    is_nap: bool
    recorded: bool
    """Lies wholly in the recording and the watch was worn all through: an importer must find exactly this."""


@dataclass(frozen=True, slots=True)
class WorkoutBout:
    """One workout, UTC seconds."""

    start: int
    stop: int
    indoor: bool


@dataclass(frozen=True, slots=True)
class SimulatedRecording:
    """A person's simulated life on a regular grid, before any device has looked at it.

    Minute arrays have shape (N,) and start at ``span.start``; ``stages`` has shape (2N,), one code a half minute.
    """

    person: SimulatedPerson
    seed: int
    span: Span
    zone: ZoneTimeline
    """The zones the clock of the person really followed."""
    counts: NDArray[np.float32]
    """Wrist counts per minute; zero while no actigraph is worn."""
    steps: NDArray[np.int32]
    heart_rate: NDArray[np.float32]
    """1/min, minute means."""
    light: NDArray[np.float32]
    """Lux at the wrist."""
    worn: NDArray[np.bool_]
    """Whether the watch is worn."""
    stages: NDArray[np.uint8]
    """Codes of :mod:`clarity_desktop.demo.hypnogram`."""
    stage_runs: StageRuns
    episodes: SleepEpisodes
    workouts: tuple[WorkoutBout, ...]
    circadian_minima: NDArray[np.int64]
    """UTC instants of the true circadian minimum, one a cycle."""
    nights: tuple[TrueNight, ...]

    @property
    def days(self) -> tuple[int, ...]:
        """Local days of the recording, days since 1970-01-01."""
        first = int(self.zone.local_days(np.array([self.span.start]))[0])
        last = int(self.zone.local_days(np.array([self.span.stop - 1]))[0])
        return tuple(range(first, last + 1))

    @property
    def minutes(self) -> NDArray[np.int64]:
        """UTC seconds of the start of each minute, shape (N,)."""
        return self.span.start + _MINUTE_S * np.arange(self.counts.size, dtype=np.int64)

    @property
    def local_days(self) -> NDArray[np.int64]:
        """True local day number of each minute, shape (N,)."""
        return self.zone.local_days(self.minutes)

    def steps_by_day(self) -> dict[date, int]:
        """Steps really taken by local day, carried device or not."""
        return {date_of_day(day): int(self.steps[self.local_days == day].sum()) for day in self.days}


def simulate(person: SimulatedPerson, seed: int, days: int, *, last_day: date = LAST_DAY) -> SimulatedRecording:
    """Simulate ``days`` local days that end with ``last_day``; equal arguments give equal arrays.

    Parameters
    ----------
    person:
        Who; all parameters of the simulation are theirs.
    seed:
        Any integer ≥ 0. The person's code enters too, so that one seed serves several people.
    days:
        Whole local days, at least 2.
    """
    if days < 2:
        raise ValueError("a simulation needs at least 2 days")
    source = np.random.SeedSequence([seed, *person.code.encode()])
    streams = [np.random.default_rng(stream) for stream in source.spawn(6)]
    last = day_of_date(last_day)
    first = last - days + 1
    zone = zone_timeline(person, last)
    span = Span(zone.instant_of_local(first), zone.instant_of_local(last + 1))
    minima = circadian_minima(person, zone, first, last)
    episodes = sleep_episodes(person, zone, minima, first, last, streams[0])
    wished = _disturbance(person, episodes, zone, last, streams[1])
    stages = hypnogram(person, episodes, wished, span, streams[1])
    minutes = span.start + _MINUTE_S * np.arange(span.length_s // _MINUTE_S, dtype=np.int64)
    worn = _worn(person, zone, first, last, minutes, stages, streams[2])
    workouts, effort = _workouts(person, zone, episodes, minutes, first, last, streams[3])
    counts, steps = _movement(person, zone, minutes, stages, effort, streams[4])
    heart_rate = _heart_rate(person, minutes, minima, stages, counts, effort, streams[5])
    light = _light(zone, minutes, stages, steps, streams[5])
    stage_runs = runs(stages, episodes, span)
    nights = _true_nights(episodes, stage_runs, zone, span, worn)
    if person.off_wrist:
        counts = np.where(_off_wrist(person, zone, last, minutes), np.float32(0), counts)
    return SimulatedRecording(
        person, seed, span, zone, counts, steps, heart_rate, light, worn, stages, stage_runs, episodes, workouts,
        minima, nights,
    )  # fmt: skip


def _disturbance(
    person: SimulatedPerson, episodes: SleepEpisodes, zone: ZoneTimeline, last: int, random: np.random.Generator
) -> NDArray[np.float64]:
    """Minutes of long wake for each episode: by chance, and for the nights that the person's parameters name."""
    wished = np.where(random.random(len(episodes)) < person.disturbed_share, random.uniform(45, 130, len(episodes)), 0)
    wake_day = zone.local_days(episodes.offset)
    for days_before_end, minutes in person.disturbed:
        wished[(wake_day == last - days_before_end) & ~episodes.is_nap] = minutes
    return np.where(episodes.is_nap, 0.0, wished)


def _noise(size: int, step_min: float, random: np.random.Generator) -> NDArray[np.float64]:
    """Smooth noise of unit variance at its knots, which are ``step_min`` minutes apart; shape (size,)."""
    knots = random.standard_normal(int(size / step_min) + 3)
    return np.asarray(np.interp(np.arange(size) / step_min, np.arange(knots.size), knots))


def _asleep(stages: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Minutes that lie in the sleep period (awakenings included), shape (N,)."""
    return np.asarray((stages.reshape(-1, 2) != OUT_OF_SLEEP).all(axis=1))


def _off_wrist(person: SimulatedPerson, zone: ZoneTimeline, last: int, minutes: NDArray[np.int64]) -> NDArray[np.bool_]:
    off = np.zeros(minutes.size, dtype=bool)
    for stretch in person.off_wrist:
        begin = zone.instant_of_local(last - stretch.days_before_end, round(stretch.start_h * 3600))
        off |= (minutes >= begin) & (minutes < begin + stretch.length_h * 3600)
    return off


def _worn(
    person: SimulatedPerson,
    zone: ZoneTimeline,
    first: int,
    last: int,
    minutes: NDArray[np.int64],
    stages: NDArray[np.uint8],
    random: np.random.Generator,
) -> NDArray[np.bool_]:
    """Worn but for a daily charge while awake, and the stretches that the person's parameters name."""
    worn = ~_off_wrist(person, zone, last, minutes)
    days = np.arange(first, last + 1)
    hour = np.where(random.random(days.size) < 0.5, 7.6, 20.6) + random.normal(0.0, 0.6, days.size)
    length = random.integers(38, 71, days.size)
    asleep = np.concatenate([[0], np.cumsum(_asleep(stages))])
    for day, at, size in zip(days, hour, length, strict=True):
        begin = (zone.instant_of_local(int(day), round(float(at) * 3600)) - int(minutes[0])) // _MINUTE_S
        begin, stop = max(begin, 0), min(begin + int(size), minutes.size)
        if begin < stop and asleep[stop] == asleep[begin]:
            worn[begin:stop] = False
    return worn


def _workouts(
    person: SimulatedPerson,
    zone: ZoneTimeline,
    episodes: SleepEpisodes,
    minutes: NDArray[np.int64],
    first: int,
    last: int,
    random: np.random.Generator,
) -> tuple[tuple[WorkoutBout, ...], NDArray[np.float64]]:
    """Workouts on free time while awake, and the effort 0…1 of every minute, shape (N,)."""
    work = work_intervals(person, zone, first - 1, last + 1)
    effort = np.zeros(minutes.size)
    bouts: list[WorkoutBout] = []
    for day in range(first, last + 1):
        chance, hour, length, indoor = (
            random.random(),
            random.normal(17.9, 1.2),
            random.integers(24, 62),
            random.random(),
        )
        start = zone.instant_of_local(day, round(hour * 60) * 60 % DAY_S)
        stop = start + int(length) * 60
        busy = np.any((work[:, 0] - 3600 < stop) & (work[:, 1] + 1800 > start))
        asleep = np.any((episodes.in_bed - 3600 < stop) & (episodes.out_of_bed + 1800 > start))
        if chance >= person.workouts_per_week / 7 or busy or asleep or stop > minutes[-1]:
            continue
        bouts.append(WorkoutBout(start, stop, bool(indoor < 0.25)))
        row = (start - int(minutes[0])) // _MINUTE_S
        effort[row : row + int(length)] = np.minimum(1.0, np.arange(int(length)) / 6.0) * 0.9
    return tuple(bouts), effort


def _movement(
    person: SimulatedPerson,
    zone: ZoneTimeline,
    minutes: NDArray[np.int64],
    stages: NDArray[np.uint8],
    effort: NDArray[np.float64],
    random: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Wrist counts and steps of every minute, both of shape (N,)."""
    size = minutes.size
    hour = zone.local_seconds(minutes) / 3600 % 24
    halves = stages.reshape(-1, 2)
    asleep, awake_in_bed = _asleep(stages), (halves == AWAKE_ASLEEP).all(axis=1)
    drive = 0.9 * _noise(size, 70, random) + 0.8 * _noise(size, 11, random)
    profile = 0.55 * np.cos(2 * np.pi * (hour - 15.0) / 24)
    level = 4.85 + profile + 0.45 * drive + 0.55 * _noise(size, 2, random) + 0.35 * random.standard_normal(size)
    counts = np.exp(level)
    counts[drive + 0.5 * _noise(size, 3, random) < -1.35] *= 0.04

    walking = drive + 0.8 * _noise(size, 5, random) > 1.55
    cadence = np.where(walking, random.normal(92.0, 14.0, size), 0.0)
    stroll = np.where((~walking) & (counts > 170), random.gamma(1.2, 7.0, size), 0.0)
    steps = np.where(asleep, 0.0, cadence + stroll).clip(0, 140)
    if person.workout != "Cycling":
        pace = 158.0 if person.workout == "Running" else 112.0
        steps = np.where(effort > 0, pace * effort + random.normal(0, 4, size), steps)
    awake_days = max((~asleep).sum() / 1020, 1.0)
    share = person.steps_per_day * awake_days / max(steps.sum(), 1.0)
    if share < 1:
        quiet = random.random(size) >= share
        steps[quiet & (effort == 0)] = 0.0

    counts = counts * np.where(steps > 60, 1.7, 1.0) + 380 * effort
    twitch = np.where(random.random(size) < 0.035, random.gamma(1.1, 22.0, size), 0.0)
    twitch[(halves == REM).any(axis=1)] *= 1.6
    twitch[(halves == DEEP).any(axis=1)] *= 0.3
    counts = np.where(asleep, twitch, counts)
    counts = np.where(awake_in_bed, random.gamma(1.3, 55.0, size), counts)
    counts = np.round(counts * person.activity).clip(0, 4000)
    return counts.astype(np.float32), np.round(steps).astype(np.int32)


def _heart_rate(
    person: SimulatedPerson,
    minutes: NDArray[np.int64],
    minima: NDArray[np.int64],
    stages: NDArray[np.uint8],
    counts: NDArray[np.float32],
    effort: NDArray[np.float64],
    random: np.random.Generator,
) -> NDArray[np.float32]:
    """Minute means: rest, circadian swing, response to movement that lags some minutes, and sleep."""
    phase = np.interp(minutes, minima, np.arange(minima.size, dtype=np.float64))
    kernel = np.exp(-np.arange(10) / 3.0)
    moved = np.convolve(np.minimum(counts, 900), kernel / kernel.sum())[: minutes.size]
    trained = np.convolve(effort, kernel / kernel.sum())[: minutes.size]
    halves = stages.reshape(-1, 2)
    rate = person.resting_rate + 9 - 4 * np.cos(2 * np.pi * phase)
    rate += 0.028 * moved + 62 * trained + 3 * _noise(minutes.size, 25, random)
    rate += random.normal(0.0, 1.5, minutes.size)
    asleep = _asleep(stages)
    rate[asleep] -= 7.0
    rate[(halves == DEEP).all(axis=1)] -= 3.0
    rate[(halves == REM).all(axis=1)] += 3.5
    rate[(halves == AWAKE_ASLEEP).any(axis=1)] += 8.0
    return rate.clip(38, 196).astype(np.float32)


def _light(
    zone: ZoneTimeline,
    minutes: NDArray[np.int64],
    stages: NDArray[np.uint8],
    steps: NDArray[np.int32],
    random: np.random.Generator,
) -> NDArray[np.float32]:
    """Lux at the wrist: daylight when outdoors, rooms and lamps otherwise, near darkness asleep."""
    size = minutes.size
    hour = zone.local_seconds(minutes) / 3600 % 24
    sun = np.sin(np.pi * (hour - 6.5) / 13.0).clip(0, 1)
    outdoors = (_noise(size, 35, random) + 0.004 * np.minimum(steps, 120) > 1.15) & (sun > 0)
    room = 1.75 + 0.55 * sun + 0.3 * _noise(size, 45, random) + 0.12 * random.standard_normal(size)
    sky = 2.6 + 1.5 * sun + 0.35 * _noise(size, 20, random)
    lux = 10 ** np.where(outdoors, sky, room)
    asleep = _asleep(stages)
    lux[asleep] = 10 ** (-0.6 + 0.9 * sun[asleep] + 0.25 * random.standard_normal(int(asleep.sum())))
    return np.round(lux.clip(0, 120_000), 1).astype(np.float32)


def _true_nights(
    episodes: SleepEpisodes, stage_runs: StageRuns, zone: ZoneTimeline, span: Span, worn: NDArray[np.bool_]
) -> tuple[TrueNight, ...]:
    length = (stage_runs.stop - stage_runs.start) / _MINUTE_S
    off = np.concatenate([[0], np.cumsum(~worn)])
    wake_day = zone.local_days(episodes.offset)
    nights: list[TrueNight] = []
    for row in range(len(episodes)):
        in_bed, out_of_bed = int(episodes.in_bed[row]), int(episodes.out_of_bed[row])
        if in_bed < span.start or out_of_bed > span.stop:
            continue
        mine = stage_runs.episode == row
        stages = {
            name: float(length[mine & (stage_runs.code == code)].sum())
            for name, code in (("core", CORE), ("deep", DEEP), ("rem", REM))
        }
        begin = (int(episodes.onset[row]) - span.start) // _MINUTE_S
        stop = -(-(int(episodes.offset[row]) - span.start) // _MINUTE_S)
        nights.append(
            TrueNight(
                date_of_day(int(wake_day[row])),
                in_bed,
                int(episodes.onset[row]),
                int(episodes.offset[row]),
                out_of_bed,
                sum(stages.values()),
                float(length[mine & (stage_runs.code == AWAKE_ASLEEP)].sum()),
                stages,
                bool(episodes.is_nap[row]),
                bool(off[stop] == off[begin]),
            )
        )
    return tuple(nights)
