"""Nights and naps, from recorded stages or from scored activity (RH-36…RH-43)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from clarity_desktop.domain.findings import METRICS, Metric
from clarity_desktop.domain.sleep import Night, SleepSegment, Stage
from clarity_desktop.domain.time import DAY_S, Instant, ZoneTimeline, date_of_day
from clarity_desktop.sleep.episodes import EPISODE_GAP_S, assign_episodes, group_episodes
from clarity_desktop.sleep.stages import resolve_sources, source_order, summarise_stages
from clarity_desktop.sleep.states import SLEEP, UNKNOWN, WAKE, States, runs_of

__all__ = [
    "NightsAndNaps",
    "ScoredNight",
    "clock_hour",
    "nights_from_segments",
    "nights_from_states",
    "segments_of_states",
    "summarise_states",
]

_LEAST_EPISODE_MIN: Final = 10.0
"""Sleep shorter than this makes no episode; watches write stray minutes."""

for _metric in (
    Metric("tst_min", "Time asleep", "min", 0, "sleep", "Ohayon 2017", "RH-38", "nights", 3),
    Metric("tib_min", "Time in bed", "min", 0, "sleep", "Ohayon 2017", "RH-36", "nights", 3),
    Metric("sol_min", "Sleep latency", "min", 0, "sleep", "Ohayon 2017", "RH-37", "nights", 3),
    Metric("waso_min", "Wake after sleep onset", "min", 0, "sleep", "Ohayon 2017", "RH-38", "nights", 3),
    Metric("se_pct", "Sleep efficiency", "%", 0, "sleep", "Ohayon 2017", "RH-38", "nights", 3),
    Metric("awakenings", "Awakenings", "", 0, "sleep", "Ohayon 2017", "RH-39", "nights", 3),
    Metric("midsleep_h", "Mid-sleep", "h", 2, "sleep", "Roenneberg 2004", "RH-41", "nights", 3, clock_hour=True),
):
    METRICS.declare(_metric)


@dataclass(frozen=True, slots=True)
class NightsAndNaps:
    """Main sleeps and naps, each in order of time."""

    nights: tuple[Night, ...]
    naps: tuple[Night, ...]


@dataclass(frozen=True, slots=True)
class ScoredNight:
    """A stretch in bed by scored activity. Epoch numbers and minutes; ``None`` where it takes sleep to say so."""

    start: int
    stop: int
    onset: int | None
    offset: int | None
    """Epoch after the last sleeping one."""
    tib_min: float
    tst_min: float
    sol_min: float | None
    waso_min: float | None
    se_pct: float | None
    awakenings: int | None
    awakenings_5: int | None
    fragmentation: float | None
    """Per cent of wake in the sleep period plus per cent of one-minute bouts among sleep bouts (RH-40)."""
    snooze_min: float | None
    """From the last sleep to the end of the time in bed."""


def summarise_states(states: States, start: int, stop: int, *, step_s: int = 60) -> ScoredNight:
    """What the epochs ``[start, stop)`` in bed come to (RH-36…RH-40). Unknown epochs are neither sleep nor wake."""
    minute = step_s / 60
    bed = states[start:stop]
    asleep = np.flatnonzero(bed == SLEEP)
    tib = (stop - start) * minute
    if asleep.size == 0:
        return ScoredNight(start, stop, None, None, tib, 0.0, None, None, 0.0, None, None, None, None)
    first, last = int(asleep[0]), int(asleep[-1]) + 1
    period = bed[first:last]
    runs = runs_of(period)
    wake = runs.length[runs.value == WAKE]
    sleep = runs.length[runs.value == SLEEP]
    return ScoredNight(
        start=start,
        stop=stop,
        onset=start + first,
        offset=start + last,
        tib_min=tib,
        tst_min=asleep.size * minute,
        sol_min=first * minute,
        waso_min=float(wake.sum()) * minute,
        se_pct=100 * asleep.size / (stop - start),
        awakenings=int(wake.size),
        awakenings_5=int(np.count_nonzero(wake * minute >= 5)),
        fragmentation=100 * float(wake.sum()) / period.size + 100 * float(np.mean(sleep * minute <= 1)),
        snooze_min=(stop - start - last) * minute,
    )


def clock_hour(instant: Instant, zone: ZoneTimeline) -> float:
    """Hour of the local clock, 0…24, at an instant."""
    local = int(zone.local_seconds(np.array([instant], dtype=np.int64))[0])
    return local % DAY_S / 3600


def _as_main_and_naps(episodes: list[Night], zone: ZoneTimeline) -> NightsAndNaps:
    if not episodes:
        return NightsAndNaps((), ())
    onset = np.array([night.onset for night in episodes], dtype=np.int64)
    offset = np.array([night.offset for night in episodes], dtype=np.int64)
    assigned = assign_episodes(onset, offset, zone)
    placed = [
        replace(night, date=date_of_day(day), is_nap=not main)
        for night, day, main in zip(episodes, assigned.day.tolist(), assigned.main.tolist(), strict=True)
    ]
    return NightsAndNaps(
        tuple(sorted((n for n in placed if not n.is_nap), key=lambda n: n.date)),
        tuple(n for n in placed if n.is_nap),
    )


def nights_from_segments(
    segments: Sequence[SleepSegment], zone: ZoneTimeline, priority: Sequence[str] | None = None
) -> NightsAndNaps:
    """Nights and naps from stage records of any number of sources.

    Records less than 60 minutes apart are one episode; inside it the sources are resolved by
    :func:`clarity_desktop.sleep.stages.resolve_sources`. An episode belongs to the local date on which it ends.

    Parameters
    ----------
    segments:
        Records of all sources, ``IN_BED`` among them, in any order.
    zone:
        Clock of the person.
    priority:
        Sources, highest first; by what they know when ``None``.
    """
    order = tuple(priority) if priority is not None else source_order(segments)
    episodes: list[Night] = []
    for records in group_episodes(segments):
        resolved = resolve_sources(records, order)
        summary = summarise_stages(resolved, [s for s in records if s.stage is Stage.IN_BED])
        if summary is None or summary.tst_min < _LEAST_EPISODE_MIN:
            continue
        seconds: dict[str, int] = {}
        for segment in resolved:
            seconds[segment.source] = seconds.get(segment.source, 0) + segment.stop - segment.start
        episodes.append(
            Night(
                date=date_of_day(0),
                onset=summary.onset,
                offset=summary.offset,
                in_bed=summary.in_bed,
                out_of_bed=summary.out_of_bed,
                tib_min=summary.tib_min,
                tst_min=summary.tst_min,
                sol_min=summary.sol_min,
                waso_min=summary.waso_min,
                se_pct=summary.se_pct,
                maintenance_pct=summary.maintenance_pct,
                awakenings=summary.awakenings,
                awakenings_5min=summary.awakenings_5min,
                midsleep_h=clock_hour((summary.onset + summary.offset) // 2, zone),
                stages_min={**summary.stages_min, "gap": summary.gap_min},
                rem_latency_min=summary.rem_latency_min,
                source=max(seconds, key=lambda name: (seconds[name], name)),
                segments=resolved,
            )
        )
    return _as_main_and_naps(episodes, zone)


def _joined(periods: Sequence[tuple[int, int]], gap: float) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(periods):
        if joined and start - joined[-1][1] < gap:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((start, stop))
    return joined


def segments_of_states(
    states: States, onset: int, offset: int, start: Instant, step_s: int, source: str
) -> tuple[SleepSegment, ...]:
    """Runs of sleep and wake among the epochs ``[onset, offset)`` as segments; unknown epochs make none."""
    runs = runs_of(states[onset:offset])
    return tuple(
        SleepSegment(
            start + (onset + first) * step_s,
            start + (onset + last) * step_s,
            Stage.ASLEEP if value == SLEEP else Stage.AWAKE,
            source,
        )
        for first, last, value in zip(runs.start.tolist(), runs.stop.tolist(), runs.value.tolist(), strict=True)
        if value != UNKNOWN
    )


def nights_from_states(
    states: States,
    periods: Sequence[tuple[int, int]],
    start: Instant,
    zone: ZoneTimeline,
    *,
    step_s: int = 60,
    source: str,
    method: str,
) -> NightsAndNaps:
    """Nights and naps from scored activity inside rest periods that another rule found.

    Time in bed, latency and efficiency stay ``None``: lying still is no evidence of going to bed.

    Parameters
    ----------
    states:
        Sleep and wake by a scorer, shape (N,).
    periods:
        Rest periods as epoch numbers ``[start, stop)``, such as
        :func:`clarity_desktop.sleep.scoring.tudor_locke_periods` finds; those less than 60 minutes apart
        are one episode.
    start:
        UTC seconds of the first epoch.
    zone:
        Clock of the person.
    step_s:
        Length of an epoch.
    source, method:
        Names kept with each night, such as ``activity`` and ``scored:cole_kripke_rescored``.
    """
    episodes: list[Night] = []
    for first, last in _joined(periods, EPISODE_GAP_S / step_s):
        scored = summarise_states(states, first, last, step_s=step_s)
        if scored.onset is None or scored.offset is None or scored.tst_min < _LEAST_EPISODE_MIN:
            continue
        onset, offset = start + scored.onset * step_s, start + scored.offset * step_s
        waso = scored.waso_min or 0.0
        period = (offset - onset) / 60
        episodes.append(
            Night(
                date=date_of_day(0),
                onset=onset,
                offset=offset,
                in_bed=None,
                out_of_bed=None,
                tib_min=None,
                tst_min=scored.tst_min,
                sol_min=None,
                waso_min=waso,
                se_pct=None,
                maintenance_pct=100 * scored.tst_min / period,
                awakenings=scored.awakenings or 0,
                awakenings_5min=scored.awakenings_5 or 0,
                midsleep_h=clock_hour((onset + offset) // 2, zone),
                stages_min={
                    Stage.ASLEEP.value: scored.tst_min,
                    Stage.AWAKE.value: waso,
                    "gap": max(0.0, period - scored.tst_min - waso),
                },
                source=source,
                method=method,
                segments=segments_of_states(states, scored.onset, scored.offset, start, step_s, source),
            )
        )
    return _as_main_and_naps(episodes, zone)
