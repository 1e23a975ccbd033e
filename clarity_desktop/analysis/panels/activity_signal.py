"""The activity signal of a patient's window: counts where there are any, else steps, with wear from what is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from clarity_desktop.analysis.panels.still_sleep import still_stretches
from clarity_desktop.analysis.recording import asleep_epochs
from clarity_desktop.analysis.timeline import stages_between
from clarity_desktop.domain.epochs import Epochs, EpochState
from clarity_desktop.domain.kinds import ACTIVITY_COUNTS, HEART_RATE, LIGHT, SLEEP, STEPS, kind_of
from clarity_desktop.domain.series import Samples, Series
from clarity_desktop.domain.sleep import SleepSegment
from clarity_desktop.domain.time import Span, ZoneTimeline
from clarity_desktop.signals.conversion import canonical_samples
from clarity_desktop.signals.epochs import grid_of, to_epochs
from clarity_desktop.signals.merge import SourceSamples, merge_sources
from clarity_desktop.signals.presence import Evidence, Wear, combine_wear, heart_rate_evidence, runs

if TYPE_CHECKING:
    from clarity_desktop.vault import Vault

__all__ = ["PANEL_KINDS", "ActivitySignal", "read_heart_rate", "read_light", "read_signal"]

_LEAST_MOVING: Final = 0.02
"""Share of epochs with counts from which an actigraph is held to be worn. A choice of this program: a sleeper moves in
more, a device on the table in none."""

PANEL_KINDS: Final = (ACTIVITY_COUNTS, STEPS, HEART_RATE, SLEEP, LIGHT)
"""Kinds that a panel rests on; when none of their samples change, its numbers do not."""

_SLEEP_MARGIN_S: Final = 18 * 3600
"""Sleep records are read this far beyond the window, so that its first and last nights are whole."""


@dataclass(frozen=True, slots=True)
class ActivitySignal:
    """What a panel is made of."""

    wear: Wear
    note: str
    unit: str
    heart_rate: Samples | None
    segments: tuple[SleepSegment, ...]
    notes: tuple[str, ...]
    light: Epochs | None = None
    """Lux on the same grid, with the same wear; ``None`` where no light was measured."""


def _in_window(series: Sequence[Series], kind: str, span: Span) -> list[Series]:
    return [
        one
        for one in series
        if one.kind == kind and one.first is not None and one.last is not None
        if one.first < span.stop and one.last >= span.start
    ]


def _richest(vault: Vault, series: Sequence[Series], span: Span) -> tuple[Series, Samples] | None:
    """The series with the most samples in the span, in the canonical unit; levels of two sources are never added."""
    best: tuple[Series, Samples] | None = None
    for one in series:
        samples = vault.series.read(one.id, span)
        if len(samples) and (best is None or len(samples) > len(best[1])):
            best = (one, samples)
    if best is None:
        return None
    return best[0], canonical_samples(best[1], kind_of(best[0].kind, best[0].unit))


def read_light(vault: Vault, series: Sequence[Series], grid: Epochs) -> Epochs | None:
    """Lux of the source with the most samples, on the grid of the activity signal; ``None`` where none was measured.

    Where the signal says that the device was not worn, the light is not worn either: a sensor in a drawer measures the
    drawer. What a person left out there is left out here.
    """
    best = _richest(vault, _in_window(series, LIGHT, grid.span), grid.span)
    if best is None:
        return None
    light = to_epochs([(best[1], kind_of(LIGHT))], grid.span, grid.zone, grid.step_s)
    state = light.state.copy()
    state[(grid.state == EpochState.NOT_WORN) & (state == EpochState.WORN)] = EpochState.NOT_WORN
    state[grid.state == EpochState.EXCLUDED] = EpochState.EXCLUDED
    return replace(light, state=state)


def read_heart_rate(vault: Vault, series: Sequence[Series], span: Span) -> Samples | None:
    """Heart rate of the source with the most samples in the span, in beats a minute; ``None`` without any."""
    best = _richest(vault, _in_window(series, HEART_RATE, span), span)
    return None if best is None else best[1]


def _blank(span: Span, zone: ZoneTimeline, step_s: int, kind: str, unit: str) -> Epochs:
    start, n = grid_of(span, step_s)
    return Epochs(
        start,
        step_s,
        np.full(n, np.nan, np.float32),
        np.full(n, np.uint8(EpochState.MISSING), np.uint8),
        zone,
        unit,
        kind,
    )


def _trust_movement(evidence: Evidence, epochs: Epochs) -> None:
    """Take back what a gap in another device's heart rate says where the actigraph moved meanwhile (in place).

    A watch on its charger says nothing of the actigraph on the other wrist.
    """
    moved = np.concatenate(([0], np.cumsum(epochs.values > 0)))
    for start, stop in zip(*runs(evidence == 0), strict=True):
        if moved[stop] - moved[start] >= _LEAST_MOVING * (stop - start):
            evidence[start:stop] = -1


def _of_counts(
    counts: tuple[Series, Samples],
    others: int,
    span: Span,
    zone: ZoneTimeline,
    step_s: int,
    beats: Samples | None,
    segments: tuple[SleepSegment, ...],
    *,
    beats_of_same_device: bool,
) -> tuple[Wear, str, tuple[str, ...]]:
    series, samples = counts
    epochs = to_epochs([(samples, kind_of(ACTIVITY_COUNTS))], span, zone, step_s)
    still = still_stretches(epochs) if step_s == 60 else None
    evidence = None if beats is None else heart_rate_evidence(beats.start, epochs)
    if evidence is not None and not beats_of_same_device:
        _trust_movement(evidence, epochs)
    wear = combine_wear(
        epochs,
        heart_rate=evidence,
        asleep=asleep_epochs(segments, epochs) if segments else None,
        choi=None if still is None else still.not_worn,
    )
    remarks: list[str] = []
    if evidence is not None and not beats_of_same_device:
        remarks.append(
            "Heart rate is of another device: a gap in it counts as not worn only where the actigraph is still too."
        )
    if still is not None and still.note is not None and beats is None and not segments:
        remarks.append(still.note)
    recorded_s = int(np.median(samples.length_s))
    if recorded_s > step_s:
        remarks.append(
            f"Counts were recorded in epochs of {recorded_s} s and are spread evenly over epochs of {step_s} s. "
            "Scored sleep and variability are smoother than with counts of each minute."
        )
    note = f"Activity counts of {series.source or 'one source'}."
    if others:
        note += f" {others} other source{'s' if others > 1 else ''} of counts left out."
    return wear, note, tuple(remarks)


def _of_steps(
    vault: Vault,
    series: Sequence[Series],
    span: Span,
    zone: ZoneTimeline,
    step_s: int,
    beats: Samples | None,
    segments: tuple[SleepSegment, ...],
) -> tuple[Wear, str, tuple[str, ...]]:
    kind = kind_of(STEPS)
    blank = _blank(span, zone, step_s, STEPS, kind.unit)
    evidence = None if beats is None else heart_rate_evidence(beats.start, blank)
    asleep = asleep_epochs(segments, blank)
    worn = asleep if evidence is None else asleep | (evidence == 1)
    priority = vault.source_orders.order(series[0].patient_id, STEPS) if series else None
    merged = merge_sources(
        [SourceSamples(one.source, vault.series.read(one.id, span), one.device) for one in series], kind, priority
    )
    epochs = to_epochs([(merged.samples, kind)], span, zone, step_s, absent_is_zero=worn) if series else blank
    wear = combine_wear(epochs, heart_rate=evidence, asleep=asleep if segments else None)
    if evidence is not None:
        # Without steps such an epoch has no value, but that the watch was off is known all the same.
        state = wear.epochs.state.copy()
        state[(evidence == 0) & (state == EpochState.MISSING)] = EpochState.NOT_WORN
        wear = replace(wear, epochs=replace(wear.epochs, state=state))
    sources = len(merged.sources)
    if not sources:
        return wear, "No activity was recorded.", ()
    merged_from = f", merged from {sources} sources" if sources > 1 else ""
    note = f"Steps per minute{merged_from}. Not actigraphy counts: uncalibrated."
    notes: tuple[str, ...] = ()
    if evidence is None:
        notes = ("No heart rate says when the device was worn: minutes without steps are missing, not zero.",)
    return wear, note, notes


def read_signal(
    vault: Vault, series: Sequence[Series], patient_id: str, span: Span, zone: ZoneTimeline, step_s: int
) -> ActivitySignal:
    """Read the window's activity, heart rate and sleep records, and decide wear.

    Counts are the signal where there are any (of the source with the most samples in the window). Else steps of all
    sources are merged by priority; an epoch without steps counts 0 when heart rate or a sleep stage shows that the
    device was worn, and is missing otherwise. Only chunks that touch the window are read.
    """
    counts = _in_window(series, ACTIVITY_COUNTS, span)
    best = _richest(vault, counts, span)
    beats = read_heart_rate(vault, series, span)
    around = Span(span.start - _SLEEP_MARGIN_S, span.stop + _SLEEP_MARGIN_S)
    segments = stages_between(vault, patient_id, around)
    if best is not None:
        same = any(one.kind == HEART_RATE and one.source == best[0].source for one in series)
        wear, note, notes = _of_counts(
            best, len(counts) - 1, span, zone, step_s, beats, segments, beats_of_same_device=same
        )
        light = read_light(vault, series, wear.epochs)
        return ActivitySignal(wear, note, "counts/min", beats, segments, notes, light)
    steps = _in_window(series, STEPS, span)
    wear, note, notes = _of_steps(vault, steps, span, zone, step_s, beats, segments)
    light = read_light(vault, series, wear.epochs)
    return ActivitySignal(wear, note, "steps/min", beats, segments, notes, light)
