"""How far two accounts of the same sleep agree: per night, per epoch, and sources that disagree (RH-43, RH-44)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from clarity_desktop.domain.sleep import Night, SleepSegment
from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.sleep.nights import nights_from_segments
from clarity_desktop.sleep.states import SLEEP, UNKNOWN, States

__all__ = ["EpochAgreement", "NightDifference", "dates_of_disagreement", "epoch_agreement", "night_differences"]

DISAGREEMENT_S: Final = 3600
"""Onsets of two sources further apart than this are flagged (RH-43)."""


@dataclass(frozen=True, slots=True)
class EpochAgreement:
    """Agreement of two series of states over the epochs that both know."""

    epochs: int
    share: float | None
    """Equal epochs over known ones, 0…1."""
    kappa: float | None
    """Cohen's κ; ``None`` when both say one state throughout."""
    sensitivity: float | None
    """Share of the reference's sleep that the other calls sleep."""
    specificity: float | None
    """Share of the reference's wake that the other calls wake."""


@dataclass(frozen=True, slots=True)
class NightDifference:
    """Other minus reference, for a date that both have, in minutes."""

    date: date
    onset_min: float
    offset_min: float
    tst_min: float


def epoch_agreement(reference: States, other: States) -> EpochAgreement:
    """Agreement of two scorings on the same grid, shape (N,) both.

    Raises
    ------
    ValueError
        When the grids differ in length.
    """
    if reference.shape != other.shape:
        raise ValueError("states to compare must lie on one grid")
    known = (reference != UNKNOWN) & (other != UNKNOWN)
    n = int(np.count_nonzero(known))
    if n == 0:
        return EpochAgreement(0, None, None, None, None)
    one, two = reference[known] == SLEEP, other[known] == SLEEP
    both = int(np.count_nonzero(one & two))
    neither = int(np.count_nonzero(~one & ~two))
    asleep, called = int(one.sum()), int(two.sum())
    share = (both + neither) / n
    chance = (asleep * called + (n - asleep) * (n - called)) / n**2
    return EpochAgreement(
        epochs=n,
        share=share,
        kappa=(share - chance) / (1 - chance) if chance < 1 else None,
        sensitivity=both / asleep if asleep else None,
        specificity=neither / (n - asleep) if asleep < n else None,
    )


def night_differences(reference: Sequence[Night], other: Sequence[Night]) -> tuple[NightDifference, ...]:
    """Differences in onset, offset and time asleep on the dates of which both have a main sleep, in order."""
    by_date = {night.date: night for night in other}
    return tuple(
        NightDifference(
            night.date,
            (match.onset - night.onset) / 60,
            (match.offset - night.offset) / 60,
            match.tst_min - night.tst_min,
        )
        for night in sorted(reference, key=lambda night: night.date)
        if (match := by_date.get(night.date)) is not None
    )


def dates_of_disagreement(segments: Sequence[SleepSegment], zone: ZoneTimeline) -> tuple[date, ...]:
    """Dates whose main sleep begins more than an hour apart by two sources, each source taken on its own."""
    sources = sorted({segment.source for segment in segments if segment.stage.is_sleep})
    onsets: dict[date, list[int]] = {}
    if len(sources) < 2:
        return ()
    for source in sources:
        own = [segment for segment in segments if segment.source == source]
        for night in nights_from_segments(own, zone).nights:
            onsets.setdefault(night.date, []).append(night.onset)
    return tuple(day for day, found in sorted(onsets.items()) if max(found) - min(found) > DISAGREEMENT_S)
