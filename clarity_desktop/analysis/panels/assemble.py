"""A panel from signals that are at hand: the same for a vault's window and for a file on its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from clarity_desktop.analysis.findings.heart import heart_findings
from clarity_desktop.analysis.findings.light import light_findings
from clarity_desktop.analysis.findings.maker import FindingMaker
from clarity_desktop.analysis.findings.rhythm import rhythm_findings
from clarity_desktop.analysis.findings.rhythm_details import detail_findings
from clarity_desktop.analysis.findings.sleep import (
    SleepEvidence,
    sleep_findings,
    states_of_nights,
)
from clarity_desktop.analysis.layer import Layer
from clarity_desktop.analysis.panels.heart_signal import HeartSignal
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.domain.annotations import AnnotationKind
from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.findings import Finding
from clarity_desktop.domain.kinds import ACTIVITY_COUNTS
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.series import Samples
from clarity_desktop.domain.sleep import Night, SleepSegment
from clarity_desktop.domain.time import Span, ZoneTimeline, day_of_date
from clarity_desktop.domain.work import CancelToken, Progress, ProgressListener, ignore_progress
from clarity_desktop.signals.clock import average_day
from clarity_desktop.signals.presence import Wear, bouts_without_heart_rate, coverage_of, day_coverage
from clarity_desktop.sleep.agreement import dates_of_disagreement
from clarity_desktop.sleep.completeness import with_completeness
from clarity_desktop.sleep.diary import DIARY_METHOD, nights_from_diary
from clarity_desktop.sleep.edited import STATED_METHOD, with_left_out, with_rests, without_spans
from clarity_desktop.sleep.nights import NightsAndNaps, nights_from_segments, nights_from_states, segments_of_states
from clarity_desktop.sleep.scoring import cole_kripke_rescored, tudor_locke_periods
from clarity_desktop.sleep.stages import resolve_sources
from clarity_desktop.sleep.states import SLEEP, UNKNOWN, States

__all__ = ["SCORED_METHOD", "PanelInputs", "assemble_panel", "scored_states", "zone_words"]

SCORED_METHOD: Final = "scored:cole_kripke_rescored"
_SCORED_SOURCE: Final = "scored from activity"
_STEPS: Final = 5
_BY_WORD: Final = frozenset({DIARY_METHOD, STATED_METHOD})
"""Methods of nights that rest on a person's word alone."""


@dataclass(frozen=True, slots=True)
class PanelInputs:
    """Signals of one window, with wear decided."""

    wear: Wear
    """The activity signal as regular epochs, and the bouts of non-wear."""
    signal_note: str
    input_hash: str
    segments: Sequence[SleepSegment] = ()
    """Recorded stages of all sources, reaching beyond the window so that its first night is whole."""
    heart_rate: Samples | None = None
    """Heart rate of one source in beats a minute."""
    heart: HeartSignal | None = None
    """The same heart rate on its grids, with steps."""
    light: Epochs | None = None
    """Lux on the grid of the activity signal, with its wear."""
    activity_unit: str = "counts/min"
    simulated: bool = False
    notes: tuple[str, ...] = ()
    layer: Layer = field(default_factory=Layer)
    """What people wrote by hand; its states lie on ``wear`` already."""
    parameters: Mapping[str, str] = field(default_factory=dict)


def zone_words(zone: ZoneTimeline, span: Span) -> str:
    """Names of the zones in force within a span, in order, joined by an arrow."""
    names: list[str] = [zone.zone_at(span.start).zone]
    for period in zone.periods:
        if span.start < period.from_utc < span.stop and period.zone != names[-1]:
            names.append(period.zone)
    return " → ".join(names)


def scored_states(epochs: Epochs) -> States:
    """Cole–Kripke with Webster rescoring on one-minute counts; epochs that were not worn are unknown."""
    states = cole_kripke_rescored(epochs.values)
    states[~epochs.valid] = UNKNOWN
    return states


def _within(found: NightsAndNaps, span: Span, zone: ZoneTimeline) -> NightsAndNaps:
    """Nights and naps whose date of waking lies in the window and that end inside it."""
    first, last = zone.local_days(np.array([span.start, max(span.stop - 1, span.start)], dtype=np.int64)).tolist()

    def belongs(night: Night) -> bool:
        return first <= day_of_date(night.date) <= last and span.start < night.offset <= span.stop

    return NightsAndNaps(
        tuple(night for night in found.nights if belongs(night)), tuple(nap for nap in found.naps if belongs(nap))
    )


def _sleep_of(inputs: PanelInputs) -> tuple[NightsAndNaps, SleepEvidence]:
    """All nights with their completeness, and the evidence: the whole nights alone, states of all."""
    found, evidence = _recorded_or_scored(inputs)
    bouts = inputs.wear.bouts
    if evidence.method == "stages" and inputs.heart_rate is not None:
        # Stages and heart rate are of the watch; the activity may be of another device.
        bouts = bouts_without_heart_rate(inputs.heart_rate.start, inputs.wear.epochs, evidence.states == SLEEP)
    # A night that a person wrote down or stated does not hang on the device.
    by_device = with_completeness([one for one in found.nights if one.method not in _BY_WORD], bouts)
    by_word = [one for one in found.nights if one.method in _BY_WORD]
    nights = with_left_out(
        sorted((*by_device, *by_word), key=lambda one: one.date), inputs.layer.of(AnnotationKind.LEAVE_OUT)
    )
    whole = tuple(night for night in nights if not night.incomplete)
    why_none = evidence.why_none
    if nights and not whole:
        left_out = all(night.incomplete.startswith("Left out") for night in nights)
        why_none = "The device was worn for only a part of every night."
        if all(night.method == STATED_METHOD for night in nights):
            why_none = "Every night is stated only; nothing was recorded in it."
        if left_out:
            why_none = "Every night was left out by hand."
    evidence = replace(evidence, nights=whole, why_none=why_none, free=inputs.layer.free)
    return NightsAndNaps(nights, found.naps), evidence


def _with_diary(found: NightsAndNaps, layer: Layer, zone: ZoneTimeline) -> NightsAndNaps:
    """The nights with those of the diary on the dates of which nothing was recorded."""
    taken = {night.date for night in found.nights}
    sleeps = (*found.nights, *found.naps)
    added = [
        night
        for night in nights_from_diary(layer.diary, zone)
        if night.date not in taken and not any(one.onset < night.offset and night.onset < one.offset for one in sleeps)
    ]
    return NightsAndNaps(tuple(sorted((*found.nights, *added), key=lambda night: night.date)), found.naps)


def _recorded_or_scored(inputs: PanelInputs) -> tuple[NightsAndNaps, SleepEvidence]:
    epochs = inputs.wear.epochs
    zone, layer = epochs.zone, inputs.layer
    segments = without_spans(inputs.segments, [one.span for one in layer.of(AnnotationKind.NOT_WORN)])
    rests = layer.of(AnnotationKind.REST, AnnotationKind.NAP)
    if any(segment.stage.is_sleep for segment in segments):

        def staged(low: int, high: int) -> tuple[SleepSegment, ...]:
            return resolve_sources([s for s in segments if s.start < high and s.stop > low])

        found = nights_from_segments(segments, zone)
        found = with_rests(found, rests, staged, zone, source="recorded stages", method="stages")
        states = states_of_nights([one for one in (*found.nights, *found.naps) if one.method not in _BY_WORD], epochs)
        kept = _within(_with_diary(found, layer, zone), epochs.span, zone)
        return kept, SleepEvidence(kept.nights, states, epochs, zone)
    nothing = np.full(len(epochs), UNKNOWN, dtype=np.int8)
    if epochs.kind == ACTIVITY_COUNTS and epochs.step_s == 60:
        states = scored_states(epochs)
        periods = tudor_locke_periods(states)
        found = nights_from_states(states, periods, epochs.start, zone, source=_SCORED_SOURCE, method=SCORED_METHOD)

        def scored(low: int, high: int) -> tuple[SleepSegment, ...]:
            first, last = ((at - epochs.start) // epochs.step_s for at in (low, high + epochs.step_s - 1))
            first, last = max(0, min(first, len(epochs))), max(0, min(last, len(epochs)))
            return segments_of_states(states, first, last, epochs.start, epochs.step_s, _SCORED_SOURCE)

        found = with_rests(found, rests, scored, zone, source=_SCORED_SOURCE, method=SCORED_METHOD)
        found = _with_diary(found, layer, zone)
        return found, SleepEvidence(
            found.nights, states, epochs, zone, "The activity shows no sleep period of 160 minutes.", SCORED_METHOD
        )
    stated = with_rests(NightsAndNaps((), ()), rests, lambda _low, _high: (), zone, source="", method="none")
    if layer.diary:
        written = _with_diary(stated, layer, zone)
        kept = _within(written, epochs.span, zone)
        return kept, SleepEvidence(kept.nights, nothing, epochs, zone, "The diary has no night here.", DIARY_METHOD)
    why = "No sleep was recorded in this window"
    if epochs.kind == ACTIVITY_COUNTS:
        why += ", and activity is scored from one-minute epochs only."
    else:
        why += ", and steps cannot be scored as sleep."
    kept = _within(stated, epochs.span, zone)
    return kept, SleepEvidence(kept.nights, nothing, epochs, zone, why, "none")


def _notes(inputs: PanelInputs, evidence: SleepEvidence, nights: Sequence[Night]) -> tuple[str, ...]:
    zone = inputs.wear.epochs.zone
    notes = list(inputs.notes)
    if inputs.layer.note:
        notes.append(inputs.layer.note)
    if evidence.method == DIARY_METHOD:
        notes.append("Sleep is that of the person's diary; nothing was recorded. Regularity needs a recording.")
    from_diary = sum(night.method == DIARY_METHOD for night in evidence.nights)
    if from_diary and evidence.method != DIARY_METHOD:
        what = "night is" if from_diary == 1 else "nights are"
        notes.append(f"{from_diary} {what} from the person's diary, where neither stages nor counts were recorded.")
    only_stated = sum(night.method == STATED_METHOD for night in nights)
    if only_stated:
        what = "night is" if only_stated == 1 else "nights are"
        notes.append(f"{only_stated} {what} stated only, with no recorded sleep, and left out of medians.")
    if zone.is_unknown:
        notes.append("The time zone is not known. Clock hours are those printed in the file.")
    if evidence.method == SCORED_METHOD:
        notes.append(
            "Sleep is scored from activity by Cole–Kripke with Webster rescoring, in periods by Tudor-Locke's rule. "
            "The scorer is uncalibrated for this device, and without an in-bed record latency and efficiency are open."
        )
    left_out = [night.date for night in nights if night.incomplete.startswith("Left out")]
    if left_out:
        what = "night is" if len(left_out) == 1 else "nights are"
        notes.append(f"{len(left_out)} {what} left out of medians by hand.")
    partly = [
        night.date
        for night in nights
        if night.incomplete and night.date not in left_out and night.method != STATED_METHOD
    ]
    if partly:
        shown = ", ".join(day.isoformat() for day in partly[:3]) + (" …" if len(partly) > 3 else "")
        what = "night is" if len(partly) == 1 else "nights are"
        notes.append(f"{len(partly)} {what} left out of medians: the device was not worn for a part ({shown}).")
    dates = {night.date for night in evidence.nights}
    apart = sum(day in dates for day in dates_of_disagreement(inputs.segments, zone))
    if apart:
        notes.append(
            f"On {apart} {'night' if apart == 1 else 'nights'} two sources place the onset of sleep more than an hour "
            "apart. The source with the higher priority is shown."
        )
    return tuple(notes)


def _not_worn(maker: FindingMaker) -> Finding:
    coverage = maker.coverage
    minutes = coverage.not_worn * int(maker.parameters["epoch_s"]) / 60
    nothing = coverage.worn + coverage.not_worn == 0
    return maker.make("nonwear_min", minutes, coverage.days, reason="Nothing was recorded." if nothing else None)


def assemble_panel(
    inputs: PanelInputs,
    *,
    details: bool = True,
    progress: ProgressListener = ignore_progress,
    cancel: CancelToken | None = None,
) -> Panel:
    """Coverage, average day, nights and findings of one window; without ``details`` the first rhythm metrics only.

    Raises
    ------
    CancelledError
        When ``cancel`` was raised between two steps.
    """
    cancel = cancel or CancelToken()
    epochs, wear = inputs.wear.epochs, inputs.wear

    def step(number: int, words: str) -> None:
        cancel.check()
        progress(Progress(words, number, _STEPS, "steps"))

    step(0, "Checking wear")
    days = day_coverage(epochs)
    coverage = coverage_of(epochs, days)
    zone_name = zone_words(epochs.zone, epochs.span)
    maker = FindingMaker(
        epochs.span,
        coverage,
        inputs.input_hash,
        zone_name,
        wear.summary,
        inputs.activity_unit,
        {"epoch_s": str(epochs.step_s), "signal": epochs.kind, **inputs.parameters},
    )
    step(1, "Averaging the day")
    usual = average_day(epochs) if epochs.step_s == 60 and epochs.valid.any() else None
    step(2, "Measuring the rhythm")
    recording = PreparedRecording(epochs) if epochs.step_s == 60 else None
    rhythm = rhythm_findings(recording, maker)
    if details:
        rhythm = (*rhythm, *detail_findings(recording, maker))
    light = () if inputs.light is None else light_findings(inputs.light, maker)
    step(3, "Building the nights")
    sleep, evidence = _sleep_of(inputs)
    step(4, "Measuring sleep")
    asleep = sleep_findings(evidence, maker, details=details)
    heart = heart_findings(evidence.nights, inputs.heart_rate, inputs.heart, epochs.zone, maker)
    progress(Progress("Done", _STEPS, _STEPS, "steps"))
    return Panel(
        span=epochs.span,
        zone=epochs.zone,
        epochs=epochs,
        signal=epochs.kind,
        signal_note=inputs.signal_note,
        coverage=coverage,
        wear_rule=wear.summary,
        wear_bouts=wear.bouts,
        days=days,
        findings=(*rhythm, *asleep, *heart, *light, _not_worn(maker)),
        nights=sleep.nights,
        naps=sleep.naps,
        average_day=usual,
        provenance=maker.provenance("panel"),
        simulated=inputs.simulated,
        notes=_notes(inputs, evidence, sleep.nights),
    )
