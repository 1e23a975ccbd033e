"""Heart rate, beats and models from a real vault, against what the simulated people were given."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date

import numpy as np
import pytest
from vault_data import batch, put, watch_days

from clarity_desktop.analysis.beats import beat_record, beat_records
from clarity_desktop.analysis.heart import read_beats, sleep_pressure
from clarity_desktop.analysis.study import Study
from clarity_desktop.circadian.hrv import beat_intervals, time_domain
from clarity_desktop.demo.build import add_simulated_person, import_recording
from clarity_desktop.demo.devices import device_records
from clarity_desktop.demo.people import PEOPLE
from clarity_desktop.demo.signals import SimulatedRecording, simulate
from clarity_desktop.domain.annotations import Annotation, AnnotationKind
from clarity_desktop.domain.findings import Finding
from clarity_desktop.domain.kinds import HEART_RATE, STEPS
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.time import ZoneTimeline, day_of_date
from clarity_desktop.vault import KdfParameters, Vault

BERLIN = ZoneTimeline.single("Europe/Berlin")
FIRST = day_of_date(date(2024, 5, 6))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Vault, dict[str, str], list[SimulatedRecording]]]:
    """A person who writes the clock with a comma, and one who writes it with AM and PM."""
    folder = tmp_path_factory.mktemp("heart")
    with Vault.create(folder / "vault", "a long passphrase", kdf=KdfParameters.for_tests()) as vault:
        known: dict[str, str] = {}
        recordings = []
        for person in (PEOPLE[0], PEOPLE[2]):
            recording = simulate(person, 5, 12)
            patient = add_simulated_person(vault, person)
            import_recording(vault, patient, recording, folder)
            known[person.code] = patient.id
            recordings.append(recording)
        yield vault, known, recordings


def of(findings: tuple[Finding, ...], metric: str) -> Finding:
    return next(finding for finding in findings if finding.metric == metric)


def value(panel: Panel, metric: str) -> float:
    finding = panel.finding(metric)
    assert finding is not None
    assert finding.value is not None, finding.insufficient
    return finding.value


def test_beats_come_back_as_they_were_sent(
    demo: tuple[Vault, dict[str, str], list[SimulatedRecording]],
) -> None:
    vault, known, recordings = demo
    for recording in recordings:
        table = device_records(recording)[-1]
        assert table.beats is not None
        records = beat_records(vault, known[recording.person.code])
        assert len(records) == len(table) > 20
        edges = np.searchsorted(table.beats.record, np.arange(len(table) + 1))
        for row, record in enumerate(records):
            sent = table.beats.at[edges[row] : edges[row + 1]]
            assert record.start == table.start[row]
            assert record.start + record.beats_s == pytest.approx(sent, abs=0.0051)
            assert record.own_sdnn_ms == pytest.approx(table.value[row], abs=1e-3)


def test_variability_is_that_of_the_beats(demo: tuple[Vault, dict[str, str], list[SimulatedRecording]]) -> None:
    vault, known, recordings = demo
    recording = recordings[0]
    table = device_records(recording)[-1]
    assert table.beats is not None
    edges = np.searchsorted(table.beats.record, np.arange(len(table) + 1))
    parts = [table.beats.at[begin:stop] for begin, stop in itertools.pairwise(edges)]
    want = [found.rmssd_ms for part in parts if (found := time_domain(beat_intervals(part))) is not None]
    findings = Study(vault).heart(known[recording.person.code])
    rmssd = of(findings, "hrv_rmssd_ms")
    assert rmssd.value == pytest.approx(float(np.median(want)), rel=0.03)
    assert rmssd.n == pytest.approx(len(want), abs=2)
    assert rmssd.interval is not None
    assert {name for name, _ in rmssd.details} == {"asleep", "awake"}
    low = of(findings, "hrv_lf_ms2")
    assert low.value is None
    assert "5 minutes" in (low.insufficient or "")


def test_the_clock_of_heart_rate_is_near_the_true_minimum(
    demo: tuple[Vault, dict[str, str], list[SimulatedRecording]],
) -> None:
    vault, known, recordings = demo
    for recording in recordings:
        finding = of(Study(vault).heart(known[recording.person.code]), "hr_clock_h")
        truth = recording.zone.local_seconds(recording.circadian_minima) % 86_400 / 3600
        true_h = float(np.angle(np.exp(2j * np.pi * truth / 24).sum())) * 24 / (2 * np.pi) % 24
        assert finding.value is not None
        # Sleep lowers heart rate beside the rhythm, so the estimate leans toward mid-sleep.
        assert abs((finding.value - true_h + 12) % 24 - 12) < 2.5
        assert finding.interval is not None
        parameters = dict(finding.provenance.parameters)
        assert parameters["kind"] == "model estimate"
        assert not any("dlmo" in text.lower() for text in (finding.metric, *parameters.values()))


def test_sleep_pressure_is_a_model_and_kept(demo: tuple[Vault, dict[str, str], list[SimulatedRecording]]) -> None:
    vault, known, recordings = demo
    patient = known[recordings[0].person.code]
    study = Study(vault)
    findings = study.heart(patient)
    onset, wake = of(findings, "pressure_onset"), of(findings, "pressure_wake")
    assert onset.value is not None
    assert wake.value is not None
    assert 0.05 < wake.value < 0.25 < 0.5 < onset.value < 0.8
    assert dict(onset.provenance.parameters)["kind"] == "model, not measured"
    curve = sleep_pressure(study.panel(patient))
    assert np.all(curve.least <= curve.most + 1e-12)
    assert study.heart(patient) == findings


def test_rh58_beats_that_were_left_out_by_hand_do_not_count(
    demo: tuple[Vault, dict[str, str], list[SimulatedRecording]],
) -> None:
    vault, known, recordings = demo
    patient = known[recordings[1].person.code]
    study = Study(vault)
    before, panel = study.heart(patient), study.panel(patient, details=False)
    records = beat_records(vault, patient, panel.span)
    gone = [records[3], records[7]]
    written = [
        vault.diary.save_annotation(patient, Annotation(kind, one.start, one.start + 60))
        for kind, one in zip((AnnotationKind.LEAVE_OUT, AnnotationKind.NOT_WORN), gone, strict=True)
    ]
    after, left = study.heart(patient), read_beats(vault, patient, study.panel(patient, details=False))
    assert [one.start for one in left] == [one.start for one in records if one not in gone]
    had, has = of(before, "hrv_rmssd_ms").n, of(after, "hrv_rmssd_ms").n
    assert had is not None
    assert has == had - sum(one.time_domain is not None for one in gone)
    assert has < had
    for one in written:
        vault.diary.remove_annotation(patient, one.id)


def test_heart_rate_of_the_panel(vault: Vault) -> None:
    patient = vault.patients.add("Watch", home_zone="Europe/Berlin").id
    rate, steps, stages, bed = watch_days(BERLIN, FIRST, 14)
    # Nobody walks from 19:00 to 22:00: the three hours awake at rest.
    walk = steps.start[BERLIN.local_seconds(steps.start) % 86_400 // 3600 < 19]
    put(vault, patient, rate, batch(STEPS, "Watch", walk, 60, np.full(walk.size, 40.0)), stages, bed)
    panel = Study(vault).panel(patient)
    assert value(panel, "hr_dip_pct") == pytest.approx(100 * 22 / 74, abs=2)
    assert value(panel, "hr_mesor") == pytest.approx((16 * 74 + 8 * 52) / 24, abs=0.5)
    # The first harmonic of 8 h at 52 and 16 h at 74 is (2·22/π)·sin(π/3) high and peaks at 15:00.
    assert value(panel, "hr_amplitude") == pytest.approx(2 * 22 / np.pi * np.sin(np.pi / 3), abs=0.5)
    assert value(panel, "hr_acrophase_h") == pytest.approx(15, abs=0.15)
    assert value(panel, "hr_adjusted_acrophase_h") == pytest.approx(15, abs=0.3)
    assert value(panel, "hr_nadir") < value(panel, "hr_mesor")
    acrophase = panel.finding("hr_acrophase_h")
    assert acrophase is not None
    assert acrophase.interval is not None
    assert acrophase.interval[0] < 15.1
    assert acrophase.interval[1] > 14.9


def test_without_steps_there_is_no_dip_and_no_adjusted_rhythm(vault: Vault) -> None:
    patient = vault.patients.add("No steps", home_zone="Europe/Berlin").id
    rate, _, stages, bed = watch_days(BERLIN, FIRST, 14)
    put(vault, patient, rate, stages, bed)
    panel = Study(vault).panel(patient)
    for metric in ("hr_dip_pct", "hr_adjusted_amplitude"):
        finding = panel.finding(metric)
        assert finding is not None
        assert finding.value is None
        assert "Steps are needed" in (finding.insufficient or "")
    assert value(panel, "hr_mesor") > 60


def test_two_days_are_too_few(vault: Vault) -> None:
    patient = vault.patients.add("Short", home_zone="Europe/Berlin").id
    at = BERLIN.instant_of_local(FIRST) + 300 * np.arange(288 * 2)
    put(vault, patient, batch(HEART_RATE, "Watch", at, 0, np.full(at.size, 60.0)))
    finding = Study(vault).panel(patient).finding("hr_mesor")
    assert finding is not None
    assert finding.insufficient == "Needs 3 valid days, has 2."
    clock = of(Study(vault).heart(patient), "hr_clock_h")
    assert clock.insufficient == "Needs 3 valid days, has 0."
    assert of(Study(vault).heart(patient), "hrv_rmssd_ms").insufficient == "The window holds no times of single beats."


def test_lists_without_readable_times_are_left_out() -> None:
    assert beat_record(0, 40.0, '{"metadata":{}}', "Watch") is None
    assert beat_record(0, 40.0, '{"beats":[[60,"?"],[61,""]]}', "Watch") is None
    record = beat_record(1_715_000_400, 40.0, '{"beats":[[60,"23:59:59,40"],[61,"?"],[60,"0:00:01,40"]]}', "Watch")
    assert record is not None
    assert record.beats_s[2] - record.beats_s[0] == pytest.approx(2)
    assert np.isnan(record.beats_s[1])
    assert abs(record.beats_s[0]) <= 450
