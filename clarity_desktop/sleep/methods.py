"""How far the accounts of the same nights agree: stages, scored activity, diary; per night and in sum (RH-44)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.sleep import Night
from clarity_desktop.sleep.agreement import EpochAgreement, epoch_agreement
from clarity_desktop.sleep.states import SLEEP, UNKNOWN, WAKE, States

__all__ = [
    "LEAST_FOR_LIMITS",
    "MEASURES",
    "Bias",
    "MethodPair",
    "PairedNight",
    "compare_methods",
    "minute_states",
    "pairs_of_methods",
]

LEAST_FOR_LIMITS: Final = 5
"""Nights from which limits of agreement are given: a choice of this program, fewer give no spread worth naming."""
MEASURES: Final[Mapping[str, str]] = {
    "onset_min": "Onset of sleep",
    "offset_min": "Final awakening",
    "tst_min": "Time asleep",
    "tib_min": "Time in bed",
    "sol_min": "Sleep latency",
    "waso_min": "Awake after onset",
}
"""What is compared, in minutes, in order."""
_CLOCKS: Final = {"onset_min": "onset", "offset_min": "offset"}


@dataclass(frozen=True, slots=True)
class Bias:
    """Other minus reference over the nights that both have (Bland & Altman 1986). Minutes."""

    measure: str
    n: int
    mean: float | None
    """Bias: mean of the differences."""
    sd: float | None
    """Standard deviation of the differences (n − 1)."""
    low: float | None
    """Lower limit of agreement, mean − 1.96 SD; ``None`` below five nights."""
    high: float | None


@dataclass(frozen=True, slots=True)
class PairedNight:
    """One night by two accounts: other minus reference in minutes, ``None`` where one of them does not say."""

    date: date
    reference: Night
    other: Night
    differences: Mapping[str, float | None]
    epochs: EpochAgreement
    """Minutes from the earlier going to bed to the later getting up of the two."""


@dataclass(frozen=True, slots=True)
class MethodPair:
    """Two accounts of the same nights."""

    reference: str
    """``stages``, ``scored`` or ``diary``."""
    other: str
    nights: tuple[PairedNight, ...]
    biases: tuple[Bias, ...]
    epochs: EpochAgreement
    """Over the minutes of all nights together."""
    only_reference: int
    """Nights that the other has no account of."""
    only_other: int


def minute_states(night: Night, low: int, high: int) -> States:
    """State of each minute between two instants by one account, at its middle.

    Outside of the account's sleep period it says awake; inside, what no record covers is unknown. A diary does not
    say when the person was awake, so its whole sleep period counts as sleep.
    """
    middle: NDArray[np.int64] = np.arange(low + 30, high, 60, dtype=np.int64)
    states = np.full(middle.size, WAKE, dtype=np.int8)
    states[(middle >= night.onset) & (middle < night.offset)] = UNKNOWN
    for segment in night.segments:
        first, last = np.searchsorted(middle, (segment.start, segment.stop))
        states[first:last] = SLEEP if segment.stage.is_sleep else WAKE
    return states


def compare_methods(reference: str, other: str, nights: Mapping[str, Sequence[Night]]) -> MethodPair:
    """Compare two accounts on the dates of which both have a main sleep.

    Parameters
    ----------
    reference, other:
        Names of two accounts; differences are other minus reference.
    nights:
        Main sleeps by account, at most one a date.
    """
    first = {night.date: night for night in nights[reference]}
    second = {night.date: night for night in nights[other]}
    shared = sorted(first.keys() & second.keys())
    paired: list[PairedNight] = []
    states: tuple[list[States], list[States]] = ([], [])
    for day in shared:
        one, two = first[day], second[day]
        low = min(at for night in (one, two) for at in (night.in_bed, night.onset) if at is not None)
        high = max(at for night in (one, two) for at in (night.out_of_bed, night.offset) if at is not None)
        own, others = minute_states(one, low, high), minute_states(two, low, high)
        states[0].append(own)
        states[1].append(others)
        differences = {measure: _difference(measure, one, two) for measure in MEASURES}
        paired.append(PairedNight(day, one, two, differences, epoch_agreement(own, others)))
    empty = np.empty(0, np.int8)
    pooled = epoch_agreement(
        np.concatenate([empty, *states[0]]).astype(np.int8), np.concatenate([empty, *states[1]]).astype(np.int8)
    )
    biases = tuple(
        _bias(measure, [value for one in paired if (value := one.differences[measure]) is not None])
        for measure in MEASURES
    )
    return MethodPair(
        reference, other, tuple(paired), biases, pooled, len(first) - len(shared), len(second) - len(shared)
    )


def pairs_of_methods(nights: Mapping[str, Sequence[Night]]) -> tuple[MethodPair, ...]:
    """Every pair of accounts that have a night, in the order of the mapping."""
    there = [name for name, found in nights.items() if found]
    return tuple(compare_methods(one, two, nights) for one, two in combinations(there, 2))


def _difference(measure: str, reference: Night, other: Night) -> float | None:
    if measure in _CLOCKS:
        name = _CLOCKS[measure]
        return float(getattr(other, name) - getattr(reference, name)) / 60
    one, two = getattr(reference, measure), getattr(other, measure)
    return None if one is None or two is None else float(two - one)


def _bias(measure: str, values: Sequence[float]) -> Bias:
    n = len(values)
    if not n:
        return Bias(measure, 0, None, None, None, None)
    mean = float(np.mean(values))
    sd = float(np.std(values, ddof=1)) if n > 1 else None
    if sd is None or n < LEAST_FOR_LIMITS:
        return Bias(measure, n, mean, sd, None, None)
    return Bias(measure, n, mean, sd, mean - 1.96 * sd, mean + 1.96 * sd)
