"""The minutes that PAT is fed, of a whole recording: counts, steps, energy or heart rate, with their wear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from clarity_desktop.analysis.panels.activity_signal import read_heart_rate, read_signal
from clarity_desktop.analysis.recording import asleep_epochs
from clarity_desktop.analysis.timeline import stages_between
from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.errors import NotFoundError
from clarity_desktop.domain.kinds import ACTIVITY_COUNTS, HEART_RATE, SLEEP, STEPS, kind_of
from clarity_desktop.domain.pat import SIGNAL_KINDS, WeekSignal
from clarity_desktop.domain.series import Series
from clarity_desktop.domain.time import Span, ZoneTimeline
from clarity_desktop.signals.epochs import epochs_of_counts, grid_of, to_epochs
from clarity_desktop.signals.merge import SourceSamples, merge_sources
from clarity_desktop.signals.presence import combine_wear, heart_rate_evidence

if TYPE_CHECKING:
    from clarity_desktop.vault import Vault

__all__ = ["chosen_signal", "read_minutes", "whole_of"]

_STEP_S = 60


def chosen_signal(series: Sequence[Series], wanted: WeekSignal | None) -> WeekSignal:
    """The signal to feed: the one asked for, else counts, else steps.

    Raises
    ------
    NotFoundError
        ``pat.no_signal`` when the recording holds none of it.
    """
    kinds = {one.kind for one in series if one.n}
    order = (WeekSignal.COUNTS, WeekSignal.STEPS) if wanted is None else (wanted,)
    for signal in order:
        if SIGNAL_KINDS[signal] in kinds:
            return signal
    named = "activity counts or steps" if wanted is None else wanted.words
    raise NotFoundError(
        "pat.no_signal",
        f"The recording holds no {named}.",
        remedy="Import a recording that has them, or choose another signal.",
    )


def whole_of(series: Sequence[Series], signal: WeekSignal) -> Span:
    """From the first to the last sample of a signal, on whole minutes."""
    ends = [
        (one.first, one.last)
        for one in series
        if one.kind == SIGNAL_KINDS[signal] and one.first is not None and one.last is not None
    ]
    start = min(first for first, _ in ends) // _STEP_S * _STEP_S
    return Span(start, max(-(-max(last for _, last in ends) // _STEP_S) * _STEP_S, start + _STEP_S))


def read_minutes(
    vault: Vault, patient_id: str, series: Sequence[Series], signal: WeekSignal, span: Span, zone: ZoneTimeline
) -> Epochs:
    """One-minute epochs of a signal with their wear decided, over a span.

    Counts and steps come as the panel sees them. Energy counts 0 where heart rate or a sleep stage shows that the
    device was worn. Heart rate is not carried over gaps: a minute without a sample is missing.
    """
    if signal in (WeekSignal.COUNTS, WeekSignal.STEPS):
        other = STEPS if signal is WeekSignal.COUNTS else ACTIVITY_COUNTS
        kept = [one for one in series if one.kind != other]
        return read_signal(vault, kept, patient_id, span, zone, _STEP_S).wear.epochs
    beats = read_heart_rate(vault, series, span)
    if signal is WeekSignal.HEART_RATE:
        kind = kind_of(HEART_RATE)
        if beats is None:
            raise NotFoundError("pat.no_signal", "The recording holds no heart rate.", remedy="Choose another signal.")
        return to_epochs([(beats, kind)], span, zone, _STEP_S)
    kind = kind_of(SIGNAL_KINDS[signal])
    start, n = grid_of(span, _STEP_S)
    blank = epochs_of_counts(start, np.full(n, np.nan), zone, unit=kind.unit, kind=kind.id)
    evidence = None if beats is None else heart_rate_evidence(beats.start, blank)
    segments = stages_between(vault, patient_id, span) if any(one.kind == SLEEP for one in series) else ()
    asleep = asleep_epochs(segments, blank)
    worn = asleep if evidence is None else asleep | (evidence == 1)
    parts = [
        SourceSamples(one.source, vault.series.read(one.id, span), one.device) for one in series if one.kind == kind.id
    ]
    merged = merge_sources(parts, kind)
    epochs = to_epochs([(merged.samples, kind)], span, zone, _STEP_S, absent_is_zero=worn)
    return combine_wear(epochs, heart_rate=evidence, asleep=asleep if segments else None).epochs
