from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from clarity_desktop.analysis.study import Study
from clarity_desktop.demo.build import build_demo
from clarity_desktop.demo.devices import device_records
from clarity_desktop.demo.people import PEOPLE
from clarity_desktop.demo.signals import SimulatedRecording
from clarity_desktop.domain.errors import CancelledError
from clarity_desktop.domain.importing import ImportOutcome
from clarity_desktop.domain.kinds import ACTIVITY_COUNTS, STEPS
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.time import Span, date_of_day
from clarity_desktop.domain.work import CancelToken, Progress
from clarity_desktop.vault import Vault
from clarity_desktop.vault.keys.kdf import KdfParameters

RecordingOf = Callable[[str], SimulatedRecording]
CODES = [person.code for person in PEOPLE]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Vault, dict[str, Patient]]]:
    folder = tmp_path_factory.mktemp("demo")
    with Vault.create(folder / "vault", "a passphrase for tests", kdf=KdfParameters.for_tests()) as vault:
        yield vault, {patient.code: patient for patient in build_demo(vault, folder / "files")}


Demo = tuple[Vault, dict[str, Patient]]


def test_five_people_marked_as_simulated(demo: Demo) -> None:
    _, people = demo
    assert list(people) == CODES
    for person, patient in zip(PEOPLE, people.values(), strict=True):
        assert patient.simulated
        assert patient.tags == ("demo",)
        assert (patient.name, patient.birth_date, patient.home_zone) == (
            person.name,
            person.birth_date,
            person.home_zone,
        )


def test_every_import_is_whole_and_without_problems(demo: Demo) -> None:
    vault, people = demo
    for person in PEOPLE:
        reports = vault.imports.list(people[person.code].id)
        assert len(reports) == 1 + person.actigraph
        for report in reports:
            assert report.outcome is ImportOutcome.OK
            for count in report.types.values():
                assert count.records == (count.stored_new or 0) + count.duplicates + count.rejected
                assert count.stored_new == count.unique


def test_a_second_build_changes_nothing(demo: Demo, tmp_path: Path) -> None:
    vault, people = demo
    before = {code: vault.content_hash(patient.id) for code, patient in people.items()}
    again = build_demo(vault, tmp_path)
    assert [patient.id for patient in again] == [patient.id for patient in people.values()]
    assert {patient.code: vault.content_hash(patient.id) for patient in again} == before
    assert list(tmp_path.iterdir()) == []


def test_a_cancelled_build_can_be_continued(tmp_path: Path) -> None:
    token = CancelToken()

    def stop_at_second(progress: Progress) -> None:
        if progress.done >= 1:
            token.cancel()

    with Vault.create(tmp_path / "vault", "a passphrase for tests", kdf=KdfParameters.for_tests()) as vault:
        with pytest.raises(CancelledError):
            build_demo(vault, tmp_path / "files", progress=stop_at_second, cancel=token)
        kept = [patient for patient in vault.patients.list() if vault.imports.list(patient.id)]
        assert [patient.code for patient in kept] == ["D-0001"]


@pytest.mark.parametrize("code", CODES)
def test_the_nights_found_are_the_nights_slept(demo: Demo, recording_of: RecordingOf, code: str) -> None:
    vault, people = demo
    recording = recording_of(code)
    panel = Study(vault).panel(people[code].id, recording.span)
    assert panel.simulated
    found = {night.onset: night for night in (*panel.nights, *panel.naps)}
    true = [night for night in recording.nights if night.recorded]
    assert len(true) > 20
    for night in true:
        assert night.onset in found, night.date
        mine = found[night.onset]
        assert mine.offset == night.offset
        assert mine.tst_min == pytest.approx(night.tst_min)
        assert mine.waso_min == pytest.approx(night.waso_min)
        for stage, minutes in night.stages_min.items():
            assert mine.stages_min.get(stage, 0.0) == pytest.approx(minutes)
        if not night.is_nap:
            assert (mine.in_bed, mine.out_of_bed) == (night.in_bed, night.out_of_bed)


@pytest.mark.parametrize("code", ["D-0001", "D-0004"])
def test_merged_steps_are_those_of_the_watch_and_of_the_phone_where_it_is_off(
    demo: Demo, recording_of: RecordingOf, code: str
) -> None:
    vault, people = demo
    recording = recording_of(code)
    per_minute = []
    for table in [table for table in device_records(recording) if table.kind == STEPS]:
        minutes = table.length_s // 60
        row = np.repeat((table.start - recording.span.start) // 60, minutes)
        row += np.arange(row.size) - np.repeat(np.cumsum(minutes) - minutes, minutes)
        amount = np.full(recording.counts.size, np.nan)
        amount[row] = np.repeat(table.value / minutes, minutes)
        per_minute.append(amount)
    watch, phone = per_minute
    merged = np.where(np.isfinite(watch), watch, np.nan_to_num(phone))
    days = Study(vault).days(people[code].id, STEPS, merged=True, zone=None)
    assert len(days) == len(recording.days)
    for day in recording.days:
        expected = merged[recording.local_days == day].sum()
        assert days[date_of_day(day)].sum == pytest.approx(expected, abs=1e-6)


def test_the_zones_of_the_traveller_are_in_the_vault(demo: Demo, recording_of: RecordingOf) -> None:
    vault, people = demo
    timeline = vault.zones.get(people["D-0005"].id)
    assert timeline is not None
    minutes = recording_of("D-0005").minutes
    equal = timeline.offsets_s(minutes) == recording_of("D-0005").zone.offsets_s(minutes)
    assert equal.mean() > 0.97


def test_counts_of_the_actigraph_arrive_unchanged(demo: Demo, recording_of: RecordingOf) -> None:
    vault, people = demo
    recording = recording_of("D-0002")
    series = [one for one in vault.series.list(people["D-0002"].id) if one.kind == ACTIVITY_COUNTS]
    assert len(series) == 1
    samples = vault.series.read(series[0].id, Span(recording.span.start, recording.span.stop))
    np.testing.assert_array_equal(samples.start, recording.minutes)
    np.testing.assert_array_equal(samples.value, recording.counts)
    assert set(samples.length_s.tolist()) == {60}


def test_a_half_imported_person_is_completed(tmp_path: Path, recording_of: RecordingOf) -> None:
    from clarity_desktop.demo.build import add_simulated_person, import_recording, write_files
    from clarity_desktop.importers.pipeline import import_file

    recording = recording_of("D-0002")
    with Vault.create(tmp_path / "vault", "a passphrase for tests", kdf=KdfParameters.for_tests()) as vault:
        patient = add_simulated_person(vault, recording.person)
        table, _export = write_files(recording, tmp_path / "files")
        import_file(
            table,
            lambda format_id, sha256, file: vault.begin_import(patient.id, file=file, format=format_id, sha256=sha256),
            home_zone=patient.home_zone,
        )
        reports = import_recording(vault, patient, recording, tmp_path / "files")
        assert [report.file for report in reports] == ["D-0002 actigraph.csv", "D-0002 export.zip"]
        assert len(vault.imports.list(patient.id)) == 2
        counts = [one.n for one in vault.series.list(patient.id) if one.kind == ACTIVITY_COUNTS]
        assert counts == [recording.counts.size]
