"""Findings on sleep of one window: typical night, regularity, timing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from clarity_desktop.analysis.findings.day_intervals import timing_intervals
from clarity_desktop.analysis.findings.maker import FindingMaker
from clarity_desktop.analysis.findings.uncertainty import (
    REPLICATES,
    circular_mean_interval,
    median_interval,
    regularity_interval,
    seed_of,
)
from clarity_desktop.domain.epochs import Epochs, EpochState
from clarity_desktop.domain.findings import Finding
from clarity_desktop.domain.free_days import FreeDays
from clarity_desktop.domain.sleep import Night
from clarity_desktop.domain.time import ZoneTimeline, day_of_date
from clarity_desktop.signals.clock import LocalClock
from clarity_desktop.sleep.diary import DIARY_METHOD
from clarity_desktop.sleep.fragmentation import fragmentation_index
from clarity_desktop.sleep.latency import latency_10_of_11
from clarity_desktop.sleep.regularity import day_matrix, pairs_of_days
from clarity_desktop.sleep.states import SLEEP, UNKNOWN, WAKE, States
from clarity_desktop.sleep.timing import DEFAULT_NEED_H, timed_nights, timing_of

__all__ = ["SleepEvidence", "sleep_findings", "states_of_nights"]

MOST_UNKNOWN_MIN = 360
"""A date with more unknown minutes than this is left out of regularity (Windred 2021)."""

_FREE_MINUS_WORK = ("free_onset_later_min", "free_offset_later_min", "free_duration_longer_min")
_MEDIANS = ("tst_min", "tib_min", "sol_min", "waso_min", "se_pct", "awakenings")
_NEED_BED = frozenset({"tib_min", "sol_min", "se_pct"})


@dataclass(frozen=True, slots=True)
class SleepEvidence:
    """What the findings on sleep rest on."""

    nights: Sequence[Night]
    states: States
    """Sleep, wake or unknown by epoch, naps included."""
    epochs: Epochs
    zone: ZoneTimeline
    why_none: str = ""
    """Sentence that says why there are no nights, when there are none."""
    method: str = "stages"
    free: FreeDays = field(default_factory=FreeDays)
    """Which dates are free, for timing."""


def states_of_nights(episodes: Sequence[Night], epochs: Epochs) -> States:
    """State of each epoch from recorded sleep: asleep inside sleep stages, awake where worn or staged awake.

    Without either nothing is known of the epoch, nor of what a person left out.
    """
    states = np.where(epochs.valid, WAKE, UNKNOWN).astype(np.int8)
    size = len(epochs)
    for night in episodes:
        for segment in night.segments:
            # An epoch takes the state of its middle.
            first = -(-(segment.start - epochs.start - epochs.step_s // 2) // epochs.step_s)
            last = -(-(segment.stop - epochs.start - epochs.step_s // 2) // epochs.step_s)
            if last > 0 and first < size:
                states[max(first, 0) : last] = SLEEP if segment.stage.is_sleep else WAKE
    states[epochs.state == EpochState.EXCLUDED] = UNKNOWN
    return states


def sleep_findings(evidence: SleepEvidence, maker: FindingMaker, *, details: bool = True) -> tuple[Finding, ...]:
    """Medians over main sleeps, mean mid-sleep, regularity and timing; intervals of timing only with ``details``."""
    nights = evidence.nights
    count = len(nights)
    random = seed_of(maker.input_hash, "nights")
    method = {"method": evidence.method}
    written = sum(night.method == DIARY_METHOD for night in nights)
    if written and evidence.method != DIARY_METHOD:
        method["diary_nights"] = str(written)
    bootstrap = {**method, "bootstrap": "nights", "replicates": str(REPLICATES)}
    none = evidence.why_none if not count and evidence.why_none else None
    found: list[Finding] = []
    for metric in _MEDIANS:
        values = [float(value) for night in nights if (value := getattr(night, metric)) is not None]
        reason = none
        if reason is None and not values and count and metric in _NEED_BED:
            reason = "No record says when the person went to bed and got up."
        median = float(np.median(values)) if values else None
        found.append(
            maker.make(
                metric,
                median,
                len(values),
                interval=median_interval(values, random) if values else None,
                reason=reason,
                details=_latency_details(nights) if metric == "sol_min" else (),
                parameters={"statistic": "median", **bootstrap},
            )
        )
    found.append(_fragmentation(nights, maker, random, none, bootstrap))
    found.append(_midsleep(nights, maker, random, none, bootstrap))
    found.append(_regularity(evidence, maker, method))
    found.extend(_timing(evidence, maker, none, method, details=details))
    return tuple(found)


def _free_dates(evidence: SleepEvidence) -> tuple[int, ...]:
    """Free local days among the dates of waking."""
    dates = [night.date for night in evidence.nights]
    return tuple(day_of_date(day) for day in dates if evidence.free.is_free(day))


def _latency_details(nights: Sequence[Night]) -> tuple[tuple[str, float], ...]:
    """Median latency to persistent sleep beside that to the first sleep (RH-37)."""
    values = [value for night in nights if (value := latency_10_of_11(night)) is not None]
    return (("first_10_of_11_min", float(np.median(values))), ("nights_10_of_11", float(len(values)))) if values else ()


def _fragmentation(
    nights: Sequence[Night],
    maker: FindingMaker,
    random: np.random.Generator,
    none: str | None,
    parameters: dict[str, str],
) -> Finding:
    """Median fragmentation index of the nights that say how they went inside (RH-40)."""
    values = [value for night in nights if (value := fragmentation_index(night)) is not None]
    reason = none
    if reason is None and nights and not values:
        reason = "The nights are stated alone: nothing says how they went inside."
    return maker.make(
        "fragmentation_pct",
        float(np.median(values)) if values else None,
        len(values),
        interval=median_interval(values, random) if values else None,
        reason=reason,
        parameters={"statistic": "median", **parameters},
    )


def _midsleep(
    nights: Sequence[Night],
    maker: FindingMaker,
    random: np.random.Generator,
    none: str | None,
    parameters: dict[str, str],
) -> Finding:
    hours = np.array([night.midsleep_h for night in nights], dtype=np.float64)
    value = interval = None
    if hours.size:
        value = float(np.angle(np.exp(2j * np.pi * hours / 24).sum())) * 24 / (2 * np.pi) % 24
        interval = circular_mean_interval(hours, random, value)
    return maker.make(
        "midsleep_h",
        value,
        hours.size,
        interval=interval,
        reason=none,
        parameters={"statistic": "circular mean", **parameters},
    )


def _regularity(evidence: SleepEvidence, maker: FindingMaker, parameters: dict[str, str]) -> Finding:
    if evidence.epochs.step_s != 60:
        return maker.make("sri", None, 0, reason="Regularity is made from one-minute epochs.", parameters=parameters)
    clock = LocalClock.of(evidence.epochs)
    matrix, first = day_matrix(evidence.states, clock.minute_of_day, clock.local_day)
    pairs = pairs_of_days(matrix, first, most_unknown_min=MOST_UNKNOWN_MIN)
    reason = None
    if not np.any(evidence.states == SLEEP):
        reason = evidence.why_none or "The window holds no sleep."
    return maker.make(
        "sri",
        pairs.index,
        pairs.with_data,
        interval=regularity_interval(pairs, seed_of(maker.input_hash, "sri")),
        reason=reason,
        parameters={
            "handling": "naps and waking count; dates with more than 6 h unknown left out",
            "bootstrap": "pairs of successive dates",
            "replicates": str(REPLICATES),
            **parameters,
        },
    )


def _timing(
    evidence: SleepEvidence, maker: FindingMaker, none: str | None, parameters: dict[str, str], *, details: bool
) -> tuple[Finding, ...]:
    nights = timed_nights(evidence.nights, evidence.zone, _free_dates(evidence))
    timing = timing_of(nights, work_days=evidence.free.work_days_a_week)
    count = len(nights)
    intervals: dict[str, tuple[float, float] | None] = {}
    if details and none is None:
        week = evidence.free.work_days_a_week
        intervals = timing_intervals(nights, seed_of(maker.input_hash, "timing"), work_days=week)
    drawn: dict[str, str] = {}
    blocks: dict[str, str] = {}
    if details:
        drawn = {"bootstrap": "nights, within work and within free nights", "replicates": str(REPLICATES)}
        blocks = {"bootstrap": "blocks of 3 successive nights"}
    free = {"free_days": evidence.free.words, **drawn, **parameters}
    in_order = {**free, **blocks}
    uneven = none
    if uneven is None and not timing.jetlag_is_sufficient:
        uneven = (
            "Needs 2 nights before free days and 4 before work days, "
            f"has {timing.free_nights} and {timing.work_nights}. Free: {evidence.free.words}."
        )
    apart = none
    if apart is None and not timing.deviation_is_sufficient:
        following = timing.consecutive + 1 if timing.consecutive else 0
        apart = f"Needs 5 consecutive nights, has {following}."
    counts = (("free_nights", float(timing.free_nights)), ("work_nights", float(timing.work_nights)))
    rows = (
        ("social_jetlag_h", timing.social_jetlag_h, uneven, counts, free),
        ("msfsc_h", timing.msfsc_h, uneven, counts, free),
        *((name, getattr(timing, name), uneven, counts, free) for name in _FREE_MINUS_WORK),
        ("cpd_h", timing.cpd_h, apart, (), in_order),
        ("midpoint_sd_h", timing.midpoint_sd_h, none, (), {**drawn, **parameters}),
    )
    return (
        *(
            maker.make(
                metric,
                value,
                count,
                interval=intervals.get(metric),
                reason=reason,
                details=seen,
                parameters=told,
            )
            for metric, value, reason, seen, told in rows
        ),
        maker.make(
            "sleep_debt_h_14d",
            timing.sleep_debt_h_14d,
            count,
            reason=none,
            parameters={"need_h": str(DEFAULT_NEED_H), **parameters},
        ),
    )
