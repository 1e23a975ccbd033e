"""When a simulated person sleeps: circadian phase, sleep pressure, work and naps (Borbély 1982; Daan 1984)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.demo.people import SimulatedPerson
from clarity_desktop.domain.time import (
    DAY_S,
    Certainty,
    ZonePeriod,
    ZoneTimeline,
    date_of_day,
)

__all__ = ["SleepEpisodes", "circadian_minima", "sleep_episodes", "work_intervals", "zone_timeline"]

_TAU_RISE_H = 18.2
_TAU_FALL_H = 4.2
_THRESHOLD_SWING = 0.1
_STEP_H = 1 / 12
_WARM_UP_DAYS = 6
_MINIMUM_AFTER_MIDSLEEP_H = 1.0
"""The simulated circadian minimum stands this long after the free mid-sleep."""


@dataclass(frozen=True, slots=True)
class SleepEpisodes:
    """Main sleeps and naps in order of time; arrays of shape (E,), instants in UTC seconds on the half minute."""

    in_bed: NDArray[np.int64]
    onset: NDArray[np.int64]
    offset: NDArray[np.int64]
    out_of_bed: NDArray[np.int64]
    is_nap: NDArray[np.bool_]

    def __len__(self) -> int:
        return int(self.onset.size)


def zone_timeline(person: SimulatedPerson, last_day: int) -> ZoneTimeline:
    """The zones that the person's clock really follows."""
    periods = [ZonePeriod(-(2**40), person.home_zone, Certainty.STATED, "simulated")]
    periods += [
        ZonePeriod((last_day - stay.days_before_end) * DAY_S + DAY_S // 2, stay.zone, Certainty.STATED, "simulated")
        for stay in person.stays
    ]
    return ZoneTimeline(tuple(periods))


def circadian_minima(person: SimulatedPerson, zone: ZoneTimeline, first_day: int, last_day: int) -> NDArray[np.int64]:
    """UTC instants of the circadian minimum, one a cycle, from before ``first_day`` to after ``last_day``.

    With a period of 24 h the minimum follows the local clock, at most ``advance_h_per_day`` or ``delay_h_per_day``
    a day; with another period it drifts freely.
    """
    hour = (person.free_midsleep_h + _MINIMUM_AFTER_MIDSLEEP_H) * 3600
    begin = first_day - _WARM_UP_DAYS - 2
    minima = [zone.instant_of_local(begin, 0) + round(hour)]
    stop = (last_day + 3) * DAY_S
    day = begin
    while minima[-1] < stop:
        day += 1
        expected = minima[-1] + person.period_h * 3600
        if person.period_h == 24.0:
            pull = zone.instant_of_local(day, 0) + hour - expected
            expected += min(max(pull, -person.advance_h_per_day * 3600), person.delay_h_per_day * 3600)
        minima.append(round(expected))
    return np.array(minima, dtype=np.int64)


def work_intervals(person: SimulatedPerson, zone: ZoneTimeline, first_day: int, last_day: int) -> NDArray[np.int64]:
    """``(start, stop)`` UTC seconds of work, shape (W, 2), by the local calendar."""
    hours = {kind.code: kind for kind in person.work_hours}
    pattern = person.work_pattern
    rows: list[tuple[int, int]] = []
    for day in range(first_day, last_day + 1):
        index = date_of_day(day).weekday() if len(pattern) == 7 else day % len(pattern)
        kind = hours.get(pattern[index])
        if kind is not None:
            midnight = zone.instant_of_local(day)
            rows.append((midnight + round(kind.start_h * 3600), midnight + round(kind.stop_h * 3600)))
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def sleep_episodes(
    person: SimulatedPerson,
    zone: ZoneTimeline,
    minima: NDArray[np.int64],
    first_day: int,
    last_day: int,
    random: np.random.Generator,
) -> SleepEpisodes:
    """Main sleeps by the two-process model and naps by chance, from some days before ``first_day`` on."""
    begin = first_day - _WARM_UP_DAYS
    work = work_intervals(person, zone, begin - 1, last_day + 2)
    alarms = work[:, 0] - round(person.alarm_lead_h * 3600)
    awake_from = alarms - 2 * 3600
    awake_until = work[:, 1] + round(person.wind_down_h * 3600)
    cycle = np.arange(minima.size, dtype=np.float64)

    def swing(times: NDArray[np.float64]) -> NDArray[np.float64]:
        phase: NDArray[np.float64] = np.interp(times, minima, cycle)
        return -_THRESHOLD_SWING * np.cos(2 * np.pi * phase)

    wake = float(zone.instant_of_local(begin, 7 * 3600))
    pressure = 0.2
    stop = zone.instant_of_local(last_day + 2)
    onsets: list[float] = []
    offsets: list[float] = []
    while wake < stop:
        hours = np.arange(3.0, 36.0, _STEP_H)
        times = wake + hours * 3600
        rising = 1 - (1 - pressure) * np.exp(-hours / _TAU_RISE_H)
        row = np.searchsorted(awake_from, times, side="right") - 1
        at_work = (
            (row >= 0) & (times < awake_until[np.maximum(row, 0)]) if awake_until.size else np.zeros(times.shape, bool)
        )
        ready = np.flatnonzero((rising >= person.upper_threshold + swing(times)) & ~at_work)
        first = int(ready[0]) if ready.size else times.size - 1
        onset = times[first] + random.normal(0.0, person.bed_jitter_min * 60)
        asleep_pressure = 1 - (1 - pressure) * np.exp(-(onset - wake) / 3600 / _TAU_RISE_H)
        hours = np.arange(1.0, 16.0, _STEP_H)
        times = onset + hours * 3600
        falling = asleep_pressure * np.exp(-hours / _TAU_FALL_H)
        rested = np.flatnonzero(falling <= person.lower_threshold + swing(times))
        offset = times[int(rested[0]) if rested.size else times.size - 1] + random.normal(0.0, 12 * 60)
        alarm = np.flatnonzero((alarms > onset + 3600) & (alarms < offset))
        if alarm.size:
            offset = float(alarms[alarm[0]]) + abs(random.normal(0.0, 5 * 60))
        offset = max(offset, onset + 1.5 * 3600)
        pressure = float(asleep_pressure * np.exp(-(offset - onset) / 3600 / _TAU_FALL_H))
        onsets.append(onset)
        offsets.append(offset)
        wake = float(offset)
    return _with_naps(person, zone, np.array(onsets), np.array(offsets), work, random)


def _with_naps(
    person: SimulatedPerson,
    zone: ZoneTimeline,
    onsets: NDArray[np.float64],
    offsets: NDArray[np.float64],
    work: NDArray[np.int64],
    random: np.random.Generator,
) -> SleepEpisodes:
    """Add naps in the afternoon of some days, where four hours on both sides are awake and free of work."""
    between = np.arange(onsets.size - 1)
    wished = random.random(between.size) < person.nap_share
    length = person.nap_median_min * 60 * np.exp(random.normal(0.0, 0.3, between.size))
    awake = onsets[1:] - offsets[:-1]
    nap_on = offsets[:-1] + np.clip(0.45 * awake + random.normal(0.0, 2400.0, between.size), 4 * 3600, None)
    room = nap_on + length + 4 * 3600 < onsets[1:]
    if work.size:
        row = np.searchsorted(work[:, 0], nap_on + length, side="right") - 1
        busy = (row >= 0) & (work[np.maximum(row, 0), 1] > nap_on)
    else:
        busy = np.zeros(between.size, bool)
    keep = wished & room & ~busy
    start = np.concatenate([onsets, nap_on[keep]])
    stop = np.concatenate([offsets, (nap_on + length)[keep]])
    is_nap = np.concatenate([np.zeros(onsets.size, bool), np.ones(int(keep.sum()), bool)])
    order = np.argsort(start, kind="stable")
    start, stop, is_nap = start[order], stop[order], is_nap[order]
    latency = random.gamma(3.0, np.where(is_nap, 2.0, person.sleep_latency_min / 3)) * 60
    lingering = random.exponential(np.where(is_nap, 2.0, 7.0)) * 60
    return SleepEpisodes(
        _half_minute(start - latency), _half_minute(start), _half_minute(stop), _half_minute(stop + lingering), is_nap
    )


def _half_minute(times: NDArray[np.float64]) -> NDArray[np.int64]:
    return (np.round(times / 30) * 30).astype(np.int64)
