"""Whether the device was worn: evidence of several kinds, combined in a fixed order, with the rule that spoke kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.epochs import Epochs, EpochState
from clarity_desktop.domain.findings import Coverage
from clarity_desktop.domain.panel import DayCoverage, WearBout
from clarity_desktop.domain.time import DAY_S, Span, date_of_day
from clarity_desktop.signals.clock import LocalClock

__all__ = [
    "bouts_without_heart_rate",
    "HR_GAP_BACKGROUND_S",
    "HR_GAP_EVERY_MINUTE_S",
    "RULES",
    "Evidence",
    "ValidDayRule",
    "Wear",
    "combine_wear",
    "coverage_of",
    "day_coverage",
    "fitting_gap_s",
    "heart_rate_evidence",
    "in_runs",
    "runs",
]

HR_GAP_BACKGROUND_S = 30 * 60
"""Longest gap between heart rates of a worn watch that samples in the background. A choice of this program (RH-8)."""
HR_GAP_EVERY_MINUTE_S = 5 * 60
"""The same for devices that record every minute."""

_EVERY_MINUTE_S = 90

RULES = ("none", "device flag", "heart rate", "choi")
"""Names of the rules by their code in :attr:`Wear.rule`."""

Evidence = NDArray[np.int8]
"""Per epoch, shape (N,): 1 worn, 0 not worn, -1 no statement."""


def runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """``(start, stop)`` of the maximal runs of true, as half-open index ranges."""
    if not mask.size:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    change = np.flatnonzero(mask[1:] != mask[:-1]) + 1
    edges = np.concatenate(([0], change, [mask.size]))
    first = 0 if mask[0] else 1
    return edges[first:-1:2].astype(np.int64), edges[first + 1 :: 2].astype(np.int64)


def in_runs(mask: NDArray[np.bool_], least: int) -> NDArray[np.bool_]:
    """Epochs inside runs of true at least ``least`` long, which is the binary opening with a structure of that width.

    Erosion and dilation by doubling: two windows side by side make one of twice the width, so that a width of 121
    takes 7 passes over bytes each way, whatever the number of runs.
    """
    if mask.size < least:
        return np.zeros(mask.size, np.bool_)
    whole, reach = mask, 1
    while reach < least:
        step = min(reach, least - reach)
        whole, reach = whole[:-step] & whole[step:], reach + step
    edge = np.zeros(least - 1, np.bool_)
    covered, reach = np.concatenate((edge, whole, edge)), 1
    while reach < least:
        step = min(reach, least - reach)
        covered, reach = covered[:-step] | covered[step:], reach + step
    return covered


def fitting_gap_s(beats: NDArray[np.int64]) -> int:
    """The default gap that fits how often a device samples: every minute, or now and then in the background.

    Decided by the spacing in which most of the time passes, not most samples, because a workout sampled every few
    seconds says nothing of the rest of the day.
    """
    gaps = np.sort(np.diff(np.sort(beats)))
    gaps = gaps[(gaps > 0) & (gaps <= HR_GAP_BACKGROUND_S)]
    if not gaps.size:
        return HR_GAP_BACKGROUND_S
    time = np.cumsum(gaps)
    typical = int(gaps[np.searchsorted(time, time[-1] / 2)])
    return HR_GAP_EVERY_MINUTE_S if typical <= _EVERY_MINUTE_S else HR_GAP_BACKGROUND_S


def heart_rate_evidence(beats: NDArray[np.int64], epochs: Epochs, gap_s: int = HR_GAP_BACKGROUND_S) -> Evidence:
    """What the times of heart-rate samples say about wear (RH-8).

    A gap longer than ``gap_s`` between successive samples means not worn from one minute after the last sample to the
    next one. Before the first and after the last sample nothing is said. A device without power looks the same as one
    that is not worn.

    Parameters
    ----------
    beats:
        UTC seconds of heart-rate samples in any order, shape (M,).
    epochs:
        The grid to speak about.
    gap_s:
        Longest gap of a worn device in seconds. No published standard exists; it is shown and can be changed.
    """
    evidence = np.full(len(epochs), -1, dtype=np.int8)
    if beats.size < 2:
        return evidence
    times = np.sort(beats)
    lows = np.clip((times[:-1] - epochs.start) // epochs.step_s, 0, len(epochs))
    first, last = int(lows[0]), int(np.clip((times[-1] - epochs.start) // epochs.step_s + 1, 0, len(epochs)))
    evidence[first:last] = 1
    wide = np.flatnonzero(np.diff(times) > gap_s)
    begin = np.clip(-(-(times[wide] + 60 - epochs.start) // epochs.step_s), 0, len(epochs))
    end = np.clip((times[wide + 1] - epochs.start) // epochs.step_s, 0, len(epochs))
    edges = np.zeros(len(epochs) + 1, dtype=np.int64)
    some = end > begin
    np.add.at(edges, begin[some], 1)
    np.add.at(edges, end[some], -1)
    evidence[np.cumsum(edges[:-1]) > 0] = 0
    return evidence


def bouts_without_heart_rate(
    beats: NDArray[np.int64], epochs: Epochs, asleep: NDArray[np.bool_]
) -> tuple[WearBout, ...]:
    """When the device that recorded these heart rates was off, as far as its gaps tell (RH-8).

    Epochs with a recorded sleep stage (``asleep``, shape (N,)) are worn: only a worn device stages sleep.
    """
    starts, stops = runs((heart_rate_evidence(beats, epochs) == 0) & ~asleep)
    return tuple(
        WearBout(Span(epochs.start + begin * epochs.step_s, epochs.start + end * epochs.step_s), RULES[2])
        for begin, end in zip(starts.tolist(), stops.tolist(), strict=True)
    )


@dataclass(frozen=True, slots=True)
class Wear:
    """Epochs with their state set, the bouts of non-wear, and the rule that spoke for each epoch."""

    epochs: Epochs
    rule: NDArray[np.uint8]
    """Index into :data:`RULES`, shape (N,)."""
    bouts: tuple[WearBout, ...]
    summary: str
    """The rules in force in words, for provenance: ``device flag > heart rate (30 min) > choi``."""


def combine_wear(
    epochs: Epochs,
    *,
    device: Evidence | None = None,
    heart_rate: Evidence | None = None,
    asleep: NDArray[np.bool_] | None = None,
    choi: Sequence[tuple[int, int]] | None = None,
    gap_s: int = HR_GAP_BACKGROUND_S,
) -> Wear:
    """State of each epoch from all evidence: device flag, then heart rate, then long zero runs (RH-9).

    Parameters
    ----------
    epochs:
        Values on the grid. Missing epochs stay missing, excluded ones excluded, whatever the evidence says.
    device:
        What an off-wrist sensor says.
    heart_rate:
        From :func:`heart_rate_evidence`.
    asleep:
        Epochs with a recorded sleep stage, shape (N,): only a worn device stages sleep.
    choi:
        Bouts ``[start, stop)`` of long zero runs. A bout in which any stage or worn heart rate exists is dropped: a
        sleeper lies still, and wear wins. Give none for signals that are not activity counts.
    gap_s:
        The gap used for ``heart_rate``, for the summary.
    """
    n = len(epochs)
    not_worn = np.zeros(n, dtype=np.bool_)
    rule = np.zeros(n, dtype=np.uint8)
    names: list[str] = []
    if choi is not None:
        names.insert(0, RULES[3])
        worn_evidence = np.zeros(n, dtype=np.bool_)
        if asleep is not None:
            worn_evidence |= asleep
        for evidence in (heart_rate, device):
            if evidence is not None:
                worn_evidence |= evidence == 1
        for start, stop in choi:
            if not worn_evidence[start:stop].any():
                not_worn[start:stop] = True
        rule[:] = 3
    if heart_rate is not None:
        names.insert(0, f"{RULES[2]} ({gap_s // 60} min)")
        speaks = heart_rate >= 0
        stays = not_worn & ~speaks
        not_worn = stays | (speaks & (heart_rate == 0))
        if asleep is not None:
            not_worn &= ~(asleep & speaks)
        rule[speaks] = 2
    if device is not None:
        names.insert(0, RULES[1])
        speaks = device >= 0
        not_worn = np.where(speaks, device == 0, not_worn)
        rule[speaks] = 1
    state = epochs.state.copy()
    decided = (state == EpochState.WORN) | (state == EpochState.NOT_WORN)
    state[decided] = np.where(not_worn[decided], np.uint8(EpochState.NOT_WORN), np.uint8(EpochState.WORN))
    return Wear(replace(epochs, state=state), rule, _bouts(epochs, not_worn, rule), " > ".join(names) or RULES[0])


def _bouts(epochs: Epochs, not_worn: NDArray[np.bool_], rule: NDArray[np.uint8]) -> tuple[WearBout, ...]:
    found: list[WearBout] = []
    for code, name in enumerate(RULES):
        starts, stops = runs(not_worn & (rule == code))
        found.extend(
            WearBout(Span(epochs.start + begin * epochs.step_s, epochs.start + end * epochs.step_s), name)
            for begin, end in zip(starts.tolist(), stops.tolist(), strict=True)
        )
    return tuple(sorted(found, key=lambda bout: bout.span))


@dataclass(frozen=True, slots=True)
class ValidDayRule:
    """When a local day counts (RH-5). A choice of this program; practice elsewhere is 10 h awake or 16 h a day."""

    hours: float = 16.0
    """Least hours worn."""
    quarter_hours: float = 1.0
    """Least hours worn in each quarter of the clock day (0–6, 6–12, 12–18, 18–24)."""


def day_coverage(epochs: Epochs, rule: ValidDayRule | None = None) -> tuple[DayCoverage, ...]:
    """Minutes worn, not worn and missing of every local day the grid touches, in order of date.

    Epochs that a person excluded count in none of the three. Minutes before the first and after the last epoch are not
    counted, so the first and last day may come to fewer minutes.
    """
    rule = rule or ValidDayRule()
    if not len(epochs):
        return ()
    codes = (EpochState.WORN, EpochState.NOT_WORN, EpochState.MISSING)
    quarter_s = DAY_S // 4
    numbers: list[NDArray[np.int64]] = []
    counts: list[NDArray[np.int64]] = []
    for stretch in LocalClock.of(epochs).stretches:
        # Quarter-days under one offset are evenly spaced, so their borders need no look at single epochs.
        begin = epochs.start + stretch.first * epochs.step_s + stretch.offset_s
        end = epochs.start + (stretch.stop - 1) * epochs.step_s + stretch.offset_s
        number = np.arange(begin // quarter_s, end // quarter_s + 1, dtype=np.int64)
        first = np.maximum(-((begin - number * quarter_s) // epochs.step_s), 0)
        state = epochs.state[stretch.first : stretch.stop]
        numbers.append(number)
        counts.append(np.stack([np.add.reduceat((state == code).astype(np.int32), first) for code in codes], axis=1))
    number = np.concatenate(numbers)
    origin = int(number.min()) // 4
    table = np.zeros((int(number.max()) // 4 - origin + 1, 4, len(codes)), dtype=np.int64)
    np.add.at(table.reshape(-1, len(codes)), number - 4 * origin, np.concatenate(counts))
    minutes = table * (epochs.step_s / 60)
    totals = minutes.sum(axis=1)
    enough = (totals[:, 0] >= rule.hours * 60) & (minutes[:, :, 0] >= rule.quarter_hours * 60).all(axis=1)
    touched = np.unique(number // 4) - origin
    rows = zip(touched.tolist(), totals[touched].tolist(), enough[touched].tolist(), strict=True)
    return tuple(
        DayCoverage(date_of_day(origin + day), worn, not_worn, missing, valid)
        for day, (worn, not_worn, missing), valid in rows
    )


def coverage_of(epochs: Epochs, days: Sequence[DayCoverage]) -> Coverage:
    """How much of the grid holds usable data."""
    counts = np.bincount(epochs.state, minlength=4)
    return Coverage(
        epochs=len(epochs),
        worn=int(counts[EpochState.WORN]),
        not_worn=int(counts[EpochState.NOT_WORN]),
        missing=int(counts[EpochState.MISSING]),
        days=len(days),
        valid_days=sum(day.valid for day in days),
    )
