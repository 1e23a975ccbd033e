"""``Study``: a patient's panel and daily values from the vault, cached under the hash of all they rest on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np

from clarity_desktop.analysis.change import ChangeOverTime, change_over_time
from clarity_desktop.analysis.findings.complexity import complexity_finding
from clarity_desktop.analysis.findings.maker import ALGORITHM_VERSION, FindingMaker
from clarity_desktop.analysis.findings.phase import phase_findings
from clarity_desktop.analysis.heart import gated_pressure, heart_study
from clarity_desktop.analysis.layer import read_layer
from clarity_desktop.analysis.panels.activity_signal import PANEL_KINDS, read_heart_rate, read_light, read_signal
from clarity_desktop.analysis.panels.assemble import PanelInputs, assemble_panel
from clarity_desktop.analysis.panels.codec import (
    FORMAT_VERSION,
    decode_findings,
    decode_panel,
    encode_findings,
    encode_panel,
)
from clarity_desktop.analysis.panels.heart_signal import heart_signal, read_steps
from clarity_desktop.circadian.two_process import TwoProcess
from clarity_desktop.domain.errors import NotFoundError, UsageError
from clarity_desktop.domain.findings import Finding
from clarity_desktop.domain.kinds import kind_of
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.series import Series
from clarity_desktop.domain.sleep_diary import DiaryNight, instants_of
from clarity_desktop.domain.time import DAY_S, Span, ZoneTimeline
from clarity_desktop.domain.work import CancelToken, Progress, ProgressListener, ignore_progress
from clarity_desktop.signals.days import DayStatistics, day_statistics
from clarity_desktop.signals.merge import SourceSamples

if TYPE_CHECKING:
    from clarity_desktop.vault import Vault

__all__ = ["DEFAULT_DAYS", "LONGEST_DAYS", "Study", "zone_of_patient"]

DEFAULT_DAYS: Final = 28
LONGEST_DAYS: Final = 40 * 366


def zone_of_patient(vault: Vault, patient: Patient, zone: str | None = None) -> ZoneTimeline:
    """The clock to use: the zone asked for, else the person's timeline, else the home zone, else unknown.

    Raises
    ------
    InputError
        ``time.unknown_zone`` for a zone this machine does not know.
    """
    if zone is not None:
        return ZoneTimeline.single(zone, origin="chosen for this analysis")
    known = vault.zones.get(patient.id)
    if known is not None:
        return known
    if patient.home_zone is not None:
        return ZoneTimeline.single(patient.home_zone, origin="home zone of the person")
    return ZoneTimeline.unknown()


class Study:
    """Answers questions about one patient at a time; holds nothing but the vault."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def default_span(self, series: list[Series], zone: ZoneTimeline, diary: Sequence[DiaryNight] = ()) -> Span:
        """The last 28 local days that hold data, ending with the last one, cut to the recording's own ends.

        Without any recording, the days of the person's ``diary``.

        Raises
        ------
        NotFoundError
            ``analysis.no_data`` when there is no activity, heart rate or sleep, and no diary.
        """
        bounds = [
            (one.first, one.last)
            for one in series
            if one.kind in PANEL_KINDS and one.first is not None and one.last is not None
        ]
        if not bounds:
            at = [instants_of(night, zone) for night in diary]
            bounds = [(one.in_bed, one.out_of_bed) for one in at]
        if not bounds:
            raise NotFoundError(
                "analysis.no_data",
                "This person has no activity, heart rate or sleep to analyse.",
                remedy="Import a file that holds any of them, or write a sleep diary.",
            )
        first, last = min(begin for begin, _ in bounds), max(end for _, end in bounds)
        day = int(zone.local_days(np.array([max(last - 1, first)], dtype=np.int64))[0])
        start = max(zone.instant_of_local(day - DEFAULT_DAYS + 1), first // 60 * 60)
        stop = min(zone.instant_of_local(day + 1), -(-max(last, first + 60) // 60) * 60)
        return Span(start, max(stop, start + 60))

    def panel(
        self,
        patient_id: str,
        span: Span | None = None,
        *,
        zone: str | None = None,
        epoch_s: int = 60,
        details: bool = True,
        edited: bool = True,
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> Panel:
        """Everything the analysis of one window comes to; served from the cache while nothing it rests on changed.

        Parameters
        ----------
        patient_id:
            Whose data.
        span:
            UTC window; the last 28 local days that hold data when ``None``.
        zone:
            Zone name for all time, in place of the person's own timeline.
        epoch_s:
            Epoch length in seconds.
        details:
            Whether the rhythm metrics beyond the first ones and their intervals are answered too. They take longer
            than all the rest, and a page that opens does not show them.
        edited:
            Whether rests, naps, non-wear and what was left out by hand count. Free days always do.

        Raises
        ------
        NotFoundError
            For an unknown patient, or ``analysis.no_data``.
        UsageError
            ``analysis.span`` for an empty or endless window, ``analysis.epoch`` for an epoch that does not fit.
        CancelledError
            When stopped between two steps.
        """
        vault = self._vault
        cancel = cancel or CancelToken()
        patient = vault.patients.get(patient_id)
        clock = zone_of_patient(vault, patient, zone)
        series = vault.series.list(patient_id)
        window = self.default_span(series, clock, vault.diary.nights(patient_id)) if span is None else span
        _check(window, epoch_s)
        layer = read_layer(vault, patient_id, series, window, clock, edited=edited)
        content = layer.joined_to(vault.content_hash(patient_id, PANEL_KINDS))
        key = _key(patient, content, window, clock, epoch_s, details=details)
        cached = vault.findings.get(key)
        if cached is not None:
            known = decode_panel(cached)
            if known is not None:
                return known
        cancel.check()
        progress(Progress("Reading the recording", 0, None))
        signal = read_signal(vault, series, patient_id, window, clock, epoch_s)
        rate = layer.without_left_out(signal.heart_rate)
        panel = assemble_panel(
            PanelInputs(
                wear=layer.on_wear(signal.wear),
                signal_note=signal.note,
                input_hash=content,
                segments=signal.segments,
                heart_rate=rate,
                heart=heart_signal(rate, read_steps(vault, series, window), window, clock),
                light=None if signal.light is None else layer.on_epochs(signal.light),
                activity_unit=signal.unit,
                simulated=patient.simulated,
                notes=signal.notes,
                layer=layer,
                parameters={"from": str(window.start), "to": str(window.stop), **layer.parameters},
            ),
            details=details,
            progress=progress,
            cancel=cancel,
        )
        vault.findings.put(key, patient_id, encode_panel(panel))
        return panel

    def phase(
        self,
        patient_id: str,
        span: Span | None = None,
        *,
        zone: str | None = None,
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> tuple[Finding, ...]:
        """Temperature minimum by light-driven models for the same window as :meth:`panel`: model estimates.

        Apart from the panel because the models take about a hundred times as long a day as everything else; cached
        like it. Raises what :meth:`panel` raises.
        """
        panel = self.panel(patient_id, span, zone=zone, details=False, progress=progress, cancel=cancel)
        key = hashlib.sha256(f"phase/{FORMAT_VERSION}/{panel.provenance}/{panel.zone.periods}".encode()).hexdigest()
        cached = self._vault.findings.get(key)
        if cached is not None:
            known = decode_findings(cached)
            if known is not None:
                return known
        progress(Progress("Running the models", 0, None))
        light = read_light(self._vault, self._vault.series.list(patient_id), panel.epochs)
        own = panel.provenance
        maker = FindingMaker(
            panel.span, panel.coverage, own.input_hash, own.zone, own.wear_rule, parameters=dict(own.parameters)
        )
        found = phase_findings(light, maker)
        self._vault.findings.put(key, patient_id, encode_findings(found))
        return found

    def heart(
        self,
        patient_id: str,
        span: Span | None = None,
        *,
        zone: str | None = None,
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> tuple[Finding, ...]:
        """Variability from beats, the clock of heart rate and sleep pressure for the same window as :meth:`panel`.

        The last two are model estimates. Cached like the panel. Raises what :meth:`panel` raises.
        """
        panel = self.panel(patient_id, span, zone=zone, details=False, progress=progress, cancel=cancel)
        return heart_study(self._vault, patient_id, panel, progress=progress, cancel=cancel)

    def complexity(
        self, patient_id: str, span: Span | None = None, *, zone: str | None = None, cancel: CancelToken | None = None
    ) -> Finding:
        """Multiscale entropy of the window's activity; apart from the panel, as it takes about a second.

        Raises what :meth:`panel` raises.
        """
        panel = self.panel(patient_id, span, zone=zone, details=False, cancel=cancel)
        own = panel.provenance
        maker = FindingMaker(
            panel.span, panel.coverage, own.input_hash, own.zone, own.wear_rule, parameters=dict(own.parameters)
        )
        return complexity_finding(panel.epochs, maker)

    def sleep_pressure(self, patient_id: str, span: Span | None = None, *, zone: str | None = None) -> TwoProcess:
        """Curve of the two-process model for the same window as :meth:`panel`: a model, not a measurement (RH-62).

        Thresholds are gated where measured light lets a model estimate the phase. Raises what :meth:`panel` raises.
        """
        return gated_pressure(self._vault, patient_id, self.panel(patient_id, span, zone=zone, details=False))

    def change(
        self,
        patient_id: str,
        span: Span | None = None,
        *,
        zone: str | None = None,
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> ChangeOverTime:
        """Daily values and rolling windows of 7, 14 and 28 days for the same window as :meth:`panel`.

        Made anew from the panel, which is cached. Raises what :meth:`panel` raises.
        """
        panel = self.panel(patient_id, span, zone=zone, details=False, progress=progress, cancel=cancel)
        series = self._vault.series.list(patient_id)
        layer = read_layer(self._vault, patient_id, series, panel.span, panel.zone)
        rate = layer.without_left_out(read_heart_rate(self._vault, series, panel.span))
        steps = None if rate is None else read_steps(self._vault, series, panel.span)
        return change_over_time(panel, rate=rate, signal=heart_signal(rate, steps, panel.span, panel.zone))

    def days(
        self, patient_id: str, kind: str, *, merged: bool = False, zone: str | None = None
    ) -> dict[date, DayStatistics]:
        """Totals or statistics of one kind by local day, in order of date; empty when there are no samples.

        Raises
        ------
        UsageError
            ``analysis.category`` for kinds that have states and no amounts.
        """
        vault = self._vault
        clock = zone_of_patient(vault, vault.patients.get(patient_id), zone)
        series = [one for one in vault.series.list(patient_id) if one.kind == kind]
        if not series:
            return {}
        if any(one.labels for one in series):
            raise UsageError(
                "analysis.category",
                "This kind of record has states, not amounts; there are no daily totals of it.",
                remedy="Look at the nights or the timeline instead.",
            )
        parts = [SourceSamples(one.source, vault.series.read(one.id), one.device) for one in series]
        priority = self._vault.source_orders.order(patient_id, kind)
        return day_statistics(parts, kind_of(kind, series[0].unit), clock, merged=merged, priority=priority)


def _check(span: Span, epoch_s: int) -> None:
    if span.length_s < epoch_s or span.length_s > LONGEST_DAYS * DAY_S:
        raise UsageError(
            "analysis.span",
            "The window to analyse is empty or longer than 40 years.",
            remedy="Choose a window inside the recording.",
        )
    if not 1 <= epoch_s <= 3600 or DAY_S % epoch_s:
        raise UsageError(
            "analysis.epoch",
            f"An epoch of {epoch_s} s does not fit the day.",
            remedy="Choose a length from 1 s to 1 h that divides 24 hours.",
        )


def _key(patient: Patient, content: str, span: Span, zone: ZoneTimeline, epoch_s: int, *, details: bool) -> str:
    """Hash of everything the panel depends on."""
    basis = [
        "panel",
        FORMAT_VERSION,
        ALGORITHM_VERSION,
        patient.id,
        patient.simulated,
        content,
        [span.start, span.stop],
        [[p.from_utc, p.zone, p.certainty.value, p.origin] for p in zone.periods],
        epoch_s,
        details,
    ]
    return hashlib.sha256(json.dumps(basis, ensure_ascii=False).encode()).hexdigest()
