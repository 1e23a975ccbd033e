"""What the heart and sleep times say beyond the panel: variability from beats, and two models (RH-57, RH-58, RH-62)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.analysis.beats import VARIABILITY, BeatRecord, beat_records
from clarity_desktop.analysis.findings.heart_models import clock_finding, pressure_findings
from clarity_desktop.analysis.findings.maker import ALGORITHM_VERSION, FindingMaker
from clarity_desktop.analysis.findings.sleep import states_of_nights
from clarity_desktop.analysis.findings.variability import variability_findings
from clarity_desktop.analysis.layer import read_layer
from clarity_desktop.analysis.panels.activity_signal import read_heart_rate, read_light
from clarity_desktop.analysis.panels.assemble import SCORED_METHOD, scored_states
from clarity_desktop.analysis.panels.codec import decode_findings, encode_findings
from clarity_desktop.analysis.panels.heart_signal import HeartSignal, heart_signal, read_steps
from clarity_desktop.circadian.phase_estimate import estimate_phase
from clarity_desktop.circadian.phase_models import FORGER99
from clarity_desktop.circadian.two_process import TwoProcess, two_process
from clarity_desktop.domain.annotations import AnnotationKind
from clarity_desktop.domain.findings import Finding
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.series import Series
from clarity_desktop.domain.work import CancelToken, Progress, ProgressListener, ignore_progress

if TYPE_CHECKING:
    from clarity_desktop.vault import Vault

__all__ = ["gated_pressure", "heart_study", "read_beats", "read_heart_signal", "sleep_pressure"]

_STEPS = 3


def read_heart_signal(vault: Vault, patient_id: str, series: Sequence[Series], panel: Panel) -> HeartSignal | None:
    """Heart rate and steps of a panel's window on their grids, without what a person left out; ``None`` without any."""
    layer = read_layer(vault, patient_id, series, panel.span, panel.zone)
    rate = layer.without_left_out(read_heart_rate(vault, series, panel.span))
    return heart_signal(rate, read_steps(vault, series, panel.span), panel.span, panel.zone)


def read_beats(vault: Vault, patient_id: str, panel: Panel) -> tuple[BeatRecord, ...]:
    """Lists of beats of a panel's window, without those that begin where a person left out or marked as not worn."""
    layer = read_layer(vault, patient_id, vault.series.list(patient_id), panel.span, panel.zone)
    gone = [one.span for one in layer.of(AnnotationKind.LEAVE_OUT, AnnotationKind.NOT_WORN)]
    return tuple(
        record
        for record in beat_records(vault, patient_id, panel.span)
        if not any(span.start <= record.start < span.stop for span in gone)
    )


def sleep_pressure(panel: Panel, cbtmin: NDArray[np.int64] | None = None) -> TwoProcess:
    """The curve of sleep pressure of a panel's window: a model, not a measurement.

    Sleep is that of the panel: recorded stages, else scored activity.

    Parameters
    ----------
    panel:
        Nights, naps and epochs.
    cbtmin:
        UTC seconds of temperature minima, which turn the gate; no gate when ``None``.
    """
    epochs = panel.epochs
    if any(night.method == SCORED_METHOD for night in panel.nights):
        states = scored_states(epochs)
    else:
        states = states_of_nights((*panel.nights, *panel.naps), epochs)
    return two_process(states, epochs.start, epochs.step_s, cbtmin=cbtmin)


def gated_pressure(vault: Vault, patient_id: str, panel: Panel) -> TwoProcess:
    """The same curve with thresholds gated by the light-driven model of Forger 1999, where there is light for it."""
    light = read_light(vault, vault.series.list(patient_id), panel.epochs)
    estimate = None if light is None else estimate_phase(light, FORGER99)
    if estimate is None:
        return sleep_pressure(panel)
    gate = f"temperature minimum by {FORGER99.id}, model estimate; {estimate.warm_up}"
    return replace(sleep_pressure(panel, estimate.cbtmin), gate=gate)


def heart_study(
    vault: Vault,
    patient_id: str,
    panel: Panel,
    *,
    progress: ProgressListener = ignore_progress,
    cancel: CancelToken | None = None,
) -> tuple[Finding, ...]:
    """Variability from beats, the clock of heart rate and sleep pressure for a panel's window.

    Apart from the panel, because beats are many and models are estimates; kept in the vault under the hash of the panel
    and of the beats.

    Raises
    ------
    CancelledError
        When ``cancel`` was raised between two steps.
    """
    cancel = cancel or CancelToken()
    own = panel.provenance
    beats = vault.content_hash(patient_id, (VARIABILITY,))
    basis = f"heart/{ALGORITHM_VERSION}/{own}/{panel.zone.periods}/{beats}"
    key = hashlib.sha256(basis.encode()).hexdigest()
    cached = vault.findings.get(key)
    if cached is not None:
        known = decode_findings(cached)
        if known is not None:
            return known
    maker = FindingMaker(
        panel.span, panel.coverage, own.input_hash, own.zone, own.wear_rule, parameters=dict(own.parameters)
    )
    progress(Progress("Reading beats", 0, _STEPS, "steps"))
    variability = variability_findings(read_beats(vault, patient_id, panel), panel.nights, maker)
    cancel.check()
    progress(Progress("Following the rhythm of heart rate", 1, _STEPS, "steps"))
    clock = clock_finding(read_heart_signal(vault, patient_id, vault.series.list(patient_id), panel), maker)
    cancel.check()
    progress(Progress("Modelling sleep pressure", 2, _STEPS, "steps"))
    whole = tuple(night for night in panel.nights if not night.incomplete)
    found = (*variability, clock, *pressure_findings(sleep_pressure(panel), whole, maker))
    vault.findings.put(key, patient_id, encode_findings(found))
    progress(Progress("Done", _STEPS, _STEPS, "steps"))
    return found
