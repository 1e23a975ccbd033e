"""Importing again: what is new comes in, what is the same stays, what has vanished is marked, all can be undone."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.domain.errors import CancelledError, ConflictError
from clarity_desktop.domain.importing import ImportOutcome
from clarity_desktop.domain.people import Sex
from clarity_desktop.domain.work import CancelToken, CancelWay, Progress
from clarity_desktop.vault import KdfParameters, Vault
from clarity_desktop.vault.erasure.rows import delete_patient
from clarity_desktop.vault.intake.undo import prune_old

DATA = Path(__file__).resolve().parent.parent / "data" / "healthkit"
SMALL, LATER = DATA / "sample_small.zip", DATA / "sample_later.zip"
WORDS = "seven quiet herons"
MASS = "HKQuantityTypeIdentifierBodyMass"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE HealthData [\n<!-- HealthKit Export Version: 14 -->\n]>\n'


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    Vault.create(tmp_path / "vault", WORDS, kdf=KdfParameters.for_tests()).close()
    opened = open_services(tmp_path)
    opened._adopt(Vault.open(tmp_path / "vault", WORDS, kdf_floor=KdfParameters.for_tests()))
    yield opened
    opened.close()


def numbers(services: Services, patient_id: str) -> dict[str, int]:
    counted: dict[str, int] = {}
    for one in services.series(patient_id):
        shown = len(services.samples(one.id))
        assert shown == one.n
        counted[one.kind] = counted.get(one.kind, 0) + shown
    return {kind: n for kind, n in counted.items() if n}


def export(path: Path, exported: str, rows: list[str], me: str = "") -> Path:
    text = _HEAD + f'<HealthData locale="en_US">\n <ExportDate value="{exported}"/>\n <Me {me}/>\n'
    path.write_text(text + "\n".join(rows) + "\n</HealthData>\n", "utf-8")
    return path


def mass(day: int, value: str, metadata: dict[str, str] | None = None, source: str = "Scale") -> str:
    at = f"2024-03-{day:02d} 08:00:00 +0100"
    inside = "".join(f'<MetadataEntry key="{key}" value="{text}"/>' for key, text in (metadata or {}).items())
    return (
        f' <Record type="{MASS}" sourceName="{source}" unit="kg" creationDate="{at}" startDate="{at}" endDate="{at}"'
        f' value="{value}">{inside}</Record>'
    )


def test_a_later_export_adds_keeps_and_lists_what_has_vanished_as_the_truth_says(services: Services) -> None:
    truth = json.loads((DATA / "sample_later.truth.json").read_text("utf-8"))["vs_base"]
    first = services.import_file(SMALL, new_name="Robin")
    patient_id = first.patient_id or ""
    vault = services.vault
    before = vault.content_hash(patient_id)
    later = services.import_file(LATER, patient_id=patient_id)
    new = {kind: count.stored_new for kind, count in later.types.items() if kind in truth}
    assert new == {kind: one["added"] for kind, one in truth.items() if kind in new}
    assert later.vanished == {kind: one["removed"] for kind, one in truth.items() if one["removed"]}
    listed = services.vanished(patient_id)
    assert {kind: sum(one.kind == kind for one in listed) for kind in later.vanished} == later.vanished
    assert all(one.import_id == later.import_id and one.start is not None for one in listed)
    assert vault.verify().ok
    # Results are those of the later export alone; nothing that vanished was deleted.
    alone = services.import_file(LATER, new_name="Kim").patient_id or ""
    assert numbers(services, patient_id) == numbers(services, alone)
    assert services.days(patient_id, MASS) == services.days(alone, MASS)
    kept = [vault.series.read(one.id, with_hidden=True) for one in vault.series.list(patient_id) if one.kind == MASS]
    assert sum(len(one) for one in kept) == truth[MASS]["same"] + truth[MASS]["added"] + truth[MASS]["removed"]
    # One action brings them back; the same file again leaves them.
    assert services.bring_back(later.import_id or 0) == sum(later.vanished.values())
    assert numbers(services, patient_id)[MASS] == sum(truth[MASS].values())
    assert all(one.kept for one in services.vanished(patient_id))
    again = services.import_file(LATER, patient_id=patient_id)
    assert again.outcome is ImportOutcome.ALREADY
    # Undone, latest first, everything is as it was.
    undone = services.undo_import(later.import_id or 0)
    assert undone.outcome is ImportOutcome.UNDONE
    assert vault.content_hash(patient_id) == before
    assert services.vanished(patient_id) == []
    services.undo_import(first.import_id or 0)
    assert services.series(patient_id) == []
    assert vault.verify().ok


def test_an_older_export_brings_what_is_missing_and_marks_nothing(services: Services) -> None:
    later = services.import_file(LATER, new_name="Robin")
    patient_id = later.patient_id or ""
    older = services.import_file(SMALL, patient_id=patient_id)
    assert older.vanished == {}
    assert (older.types[MASS].stored_new, services.vanished(patient_id)) == (6, [])


def test_the_same_content_in_another_file_stores_zero_rows(services: Services, tmp_path: Path) -> None:
    first = services.import_file(SMALL, new_name="Robin")
    patient_id = first.patient_id or ""
    before = services.vault.content_hash(patient_id)
    packed_again = tmp_path / "again.zip"
    with zipfile.ZipFile(SMALL) as source, zipfile.ZipFile(packed_again, "w") as copy:
        for name in source.namelist():
            copy.writestr(name, source.read(name))
    again = services.import_file(packed_again, patient_id=patient_id)
    assert {count.stored_new for count in again.types.values()} == {0}
    assert again.vanished == {}
    assert services.vault.content_hash(patient_id) == before
    with services.vault._store.reading() as connection:
        changes = connection.exec_driver_sql("SELECT count(*) FROM import_changes").scalar_one()
    assert changes == 0


def test_an_incomplete_file_marks_nothing_and_what_is_there_again_counts_again(
    services: Services, tmp_path: Path
) -> None:
    rows = [mass(day, f"{70 + day / 10}") for day in range(1, 9)]
    first = export(tmp_path / "1.xml", "2024-04-01 08:00:00 +0200", rows)
    patient_id = services.import_file(first, new_name="Ada").patient_id or ""
    cut = tmp_path / "cut.xml"
    cut.write_text(export(tmp_path / "c.xml", "2024-04-02 08:00:00 +0200", [rows[0], rows[7]]).read_text()[:-20])
    assert services.import_file(cut, patient_id=patient_id).vanished == {}
    second = export(tmp_path / "2.xml", "2024-04-03 08:00:00 +0200", [rows[0], *rows[5:]])
    assert services.import_file(second, patient_id=patient_id).vanished == {MASS: 4}
    assert numbers(services, patient_id) == {MASS: 4}
    third = export(tmp_path / "3.xml", "2024-04-04 08:00:00 +0200", rows[:3] + rows[5:])
    report = services.import_file(third, patient_id=patient_id)
    assert (report.returned, report.types[MASS].stored_new) == ({MASS: 2}, 0)
    assert numbers(services, patient_id) == {MASS: 6}
    assert len(services.vanished(patient_id)) == 2


def test_another_unit_of_the_same_source_does_not_count_twice(services: Services, tmp_path: Path) -> None:
    first = export(tmp_path / "1.xml", "2024-04-01 08:00:00 +0200", [mass(day, "70") for day in range(1, 9)])
    patient_id = services.import_file(first, new_name="Ada").patient_id or ""
    rows = [mass(day, "154.3").replace('unit="kg"', 'unit="lb"') for day in range(1, 9)]
    report = services.import_file(export(tmp_path / "2.xml", "2024-05-01 08:00:00 +0200", rows), patient_id=patient_id)
    assert report.vanished == {MASS: 8}
    assert numbers(services, patient_id) == {MASS: 8}


def test_a_higher_sync_version_replaces_the_lower_and_keeps_it(services: Services, tmp_path: Path) -> None:
    def version(number: int) -> dict[str, str]:
        return {"HKMetadataKeySyncIdentifier": "a-1", "HKMetadataKeySyncVersion": str(number)}

    first = export(tmp_path / "1.xml", "2024-04-01 08:00:00 +0200", [mass(1, "70", version(1)), mass(5, "71")])
    patient_id = services.import_file(first, new_name="Ada").patient_id or ""
    # The corrected record lies on another day, outside of what the file covers for that source.
    second = export(tmp_path / "2.xml", "2024-04-02 08:00:00 +0200", [mass(3, "72", version(2)), mass(5, "71")])
    report = services.import_file(second, patient_id=patient_id)
    assert report.superseded == {MASS: 1}
    (series,) = services.vault.series.list(patient_id)
    assert services.samples(series.id).value.tolist() == [72.0, 71.0]
    assert services.vault.series.read(series.id, with_hidden=True).value.tolist() == [70.0, 72.0, 71.0]
    assert services.vault.verify().ok


def test_a_file_with_two_versions_counts_the_higher(services: Services, tmp_path: Path) -> None:
    rows = [
        mass(day, str(60 + number), {"HKMetadataKeySyncIdentifier": f"r{day}", "HKMetadataKeySyncVersion": str(number)})
        for day in (1, 2)
        for number in (3, 10, 9)
    ]
    report = services.import_file(export(tmp_path / "1.xml", "2024-04-01 08:00:00 +0200", rows), new_name="Ada")
    (series,) = services.series(report.patient_id or "")
    assert services.samples(series.id).value.tolist() == [70.0, 70.0]
    assert report.superseded == {MASS: 4}


def test_another_persons_file_is_noticed_and_asked_about(services: Services, tmp_path: Path) -> None:
    prefix = "HKCharacteristicTypeIdentifier"
    me = f'{prefix}DateOfBirth="1980-02-03" {prefix}BiologicalSex="HKBiologicalSexFemale"'
    rows = [mass(day, "70") for day in range(1, 20)]
    file = export(tmp_path / "1.xml", "2024-04-01 08:00:00 +0200", rows, me)
    ada = services.add_patient("Ada", birth_date=date(1981, 2, 3), sex=Sex.FEMALE)
    with pytest.raises(ConflictError, match="date of birth") as caught:
        services.import_file(file, patient_id=ada.id)
    assert (caught.value.code, caught.value.detail) == ("import.other_person", "date_of_birth")
    assert "1980" not in str(caught.value.as_document())
    assert services.series(ada.id) == []
    assert services.import_file(file, patient_id=ada.id, confirmed=True).types[MASS].stored_new == 19
    # Without a birth date the earlier file tells; without either, sources in a shared time do.
    grace = services.add_patient("Grace")
    services.import_file(file, patient_id=grace.id)
    other = export(tmp_path / "2.xml", "2024-04-02 08:00:00 +0200", rows, me.replace("Female", "Male"))
    with pytest.raises(ConflictError, match="sex"):
        services.import_file(other, patient_id=grace.id)
    strange = [mass(day, "91", source="Other scale") for day in range(1, 20)]
    third = export(tmp_path / "3.xml", "2024-04-02 08:00:00 +0200", strange)
    with pytest.raises(ConflictError, match="source"):
        services.import_file(third, patient_id=grace.id)
    assert [one.source for one in services.series(grace.id)] == ["Scale"]


def test_clinical_records_stored_without_their_document_gain_it(services: Services, tmp_path: Path) -> None:
    record = (
        ' <ClinicalRecord type="LabResult" identifier="7" sourceName="Clinic" fhirVersion="4.0.1"'
        ' receivedDate="2024-03-01 08:00:00 +0100" resourceFilePath="/clinical-records/Lab-7.json"/>'
    )
    bare = export(tmp_path / "export.xml", "2024-04-01 08:00:00 +0200", [record, mass(1, "70")])
    patient_id = services.import_file(bare, new_name="Ada").patient_id or ""
    folder = tmp_path / "apple_health_export"
    (folder / "clinical-records").mkdir(parents=True)
    shutil.copy(bare, folder / "export.xml")
    (folder / "clinical-records" / "Lab-7.json").write_text('{"resourceType": "Observation", "status": "final"}')
    services.import_file(folder, patient_id=patient_id)
    (element,) = services.elements(patient_id, "ClinicalRecord")
    assert json.loads(element.payload)["resource"]["resourceType"] == "Observation"
    # Undoing brings the earlier form of the record back.
    import_id, _ = services.undoable_import(patient_id) or (0, 0)
    services.undo_import(import_id)
    (element,) = services.elements(patient_id, "ClinicalRecord")
    assert "resource" not in json.loads(element.payload)


def test_a_file_changed_since_it_was_read_in_part_is_read_whole_and_the_report_says_so(
    services: Services, tmp_path: Path
) -> None:
    patient = services.import_file(
        export(tmp_path / "first.xml", "2024-03-01 09:00:00 +0100", [mass(1, "80")]), new_name="Robin"
    )
    patient_id = patient.patient_id or ""
    path = export(tmp_path / "export.xml", "2024-03-20 09:00:00 +0100", [mass(1, "80"), mass(2, "81")])
    token = CancelToken()

    def pause(step: Progress) -> None:
        if step.total and step.done >= step.total:
            token.cancel(CancelWay.PAUSE)

    with pytest.raises(CancelledError):
        services.import_file(path, patient_id=patient_id, progress=pause, cancel=token)
    assert [one.file for one in services.vault.journal.unfinished(patient_id)] == ["export.xml"]
    export(path, "2024-03-21 09:00:00 +0100", [mass(1, "80"), mass(2, "81"), mass(3, "82")])
    report = services.import_file(path, patient_id=patient_id)
    (changed,) = [one for one in report.problems if one.code == "file.changed"]
    assert changed.message.startswith("The file has changed since it was read in part")
    assert report.resumed_at is None or report.resumed_at == 0
    assert report.types[MASS].stored_new == 2
    assert services.vault.journal.unfinished(patient_id) == []
    # The same file, not interrupted: nothing to say.
    again = export(tmp_path / "export.xml", "2024-03-22 09:00:00 +0100", [mass(4, "83")])
    assert "file.changed" not in {one.code for one in services.import_file(again, patient_id=patient_id).problems}


def test_state_of_mind_and_medications_are_kept_whole(services: Services, tmp_path: Path) -> None:
    at = 'startDate="2024-03-02 08:00:00 +0100" endDate="2024-03-02 08:00:00 +0100" sourceName="Phone"'
    rows = [
        mass(1, "80"),
        f' <StateOfMind kind="daily" valence="0.25" {at}/>',
        f' <MedicationDoseEvent name="First" dose="1" {at}/>',
        f' <MedicationDoseEvent name="Second" dose="2" {at}/>',
        ' <StateOfMind kind="momentary" sourceName="Phone"/>',
    ]
    report = services.import_file(export(tmp_path / "a.xml", "2024-03-20 09:00:00 +0100", rows), new_name="Robin")
    kept = services.elements(report.patient_id or "")
    doses = [json.loads(one.payload)["attributes"]["name"] for one in kept if one.kind == "MedicationDoseEvent"]
    assert sorted(doses) == ["First", "Second"]
    (mood,) = [json.loads(one.payload)["attributes"] for one in kept if one.kind == "StateOfMind"]
    assert mood["valence"] == "0.25"
    (aside,) = [one for one in report.problems if one.code == "date.missing"]
    assert aside.count == 1


def test_only_the_latest_import_of_the_last_thirty_days_is_undone(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [mass(day, "70") for day in range(1, 9)]
    first = services.import_file(export(tmp_path / "1.xml", "2024-04-01 08:00:00 +0200", rows[:4]), new_name="Ada")
    patient_id = first.patient_id or ""
    second = services.import_file(export(tmp_path / "2.xml", "2024-04-02 08:00:00 +0200", rows), patient_id=patient_id)
    with pytest.raises(ConflictError):
        services.undo_import(first.import_id or 0)
    found = services.undoable_import(patient_id)
    assert found is not None
    assert found[0] == second.import_id
    monkeypatch.setattr("clarity_desktop.vault.intake.undo.UNDO_S", -10)
    assert services.undoable_import(patient_id) is None
    with pytest.raises(ConflictError):
        services.undo_import(second.import_id or 0)
    # What is too old to be undone is dropped as the vault is opened.
    prune_old(services.vault._store)
    with services.vault._store.reading() as connection:
        for table in ("import_undo", "import_changes", "import_elements"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() == 0
        blobs = connection.exec_driver_sql("SELECT count(*) FROM blobs").scalar_one()
        assert blobs == connection.exec_driver_sql("SELECT count(*) FROM chunks").scalar_one()
    actions = [entry.action for entry in services.vault.audit.entries(limit=None)]
    assert actions.count("import") == 2
    assert "import.undo" not in actions


def test_erasing_a_person_takes_what_undo_had_kept(services: Services) -> None:
    first = services.import_file(SMALL, new_name="Robin")
    services.import_file(LATER, patient_id=first.patient_id)
    with services.vault._store.writing("patient.erase", first.patient_id) as write:
        delete_patient(write.connection, first.patient_id or "")
        for table in ("blobs", "import_undo", "import_changes", "vanished", "series_formats", "import_journal"):
            assert write.connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() == 0, table
