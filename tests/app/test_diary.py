"""Services for what people write by hand: rights, masking, announcements, imports, comparison of windows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from clarity_desktop.app import Services
from clarity_desktop.app.comparisons import DayRange
from clarity_desktop.domain.annotations import Annotation, AnnotationKind
from clarity_desktop.domain.changes import Change, Changes
from clarity_desktop.domain.errors import InputError, NotFoundError, UsageError
from clarity_desktop.domain.sleep_diary import DiaryNight
from clarity_desktop.domain.time import day_of_date
from clarity_desktop.domain.users import Role
from clarity_desktop.vault import KdfParameters, Vault

OWNER, RESEARCH = "seven quiet herons", "own words of research"
NIGHT = DiaryNight(date(2024, 5, 7), 1350, 1360, 400, 420, comments="Ada said so")
EVENT = Annotation(AnnotationKind.THERAPY, 1_715_000_000, None, "Dr. Bell", "Ada asked")


@pytest.fixture
def patient(services: Services) -> str:
    return services.add_patient("Ada", home_zone="Europe/Berlin").id


def test_each_change_is_announced_for_its_patient(services: Services, patient: str) -> None:
    heard: list[Changes] = []
    services.subscribe(heard.append)
    stored = services.save_annotation(patient, EVENT)
    services.save_annotation(patient, replace(stored, title="other"))
    services.undo_entry(patient, "annotation", stored.id)
    services.remove_annotation(patient, stored.id)
    services.save_diary_night(patient, NIGHT)
    services.remove_diary_night(patient, NIGHT.date)
    services.set_free_weekdays(patient, frozenset({4}))
    services.set_free_dates(patient, {date(2024, 5, 9): True})
    assert len(heard) == 8
    assert all(one.what & Change.DIARY and one.patients == (patient,) for one in heard)


def test_a_first_night_is_added_and_a_second_edits_it(services: Services, patient: str) -> None:
    services.save_diary_night(patient, NIGHT)
    services.save_diary_night(patient, replace(NIGHT, quality=3))
    assert [one.action for one in services.entry_history(patient, "night")] == ["add", "edit"]
    services.undo_entry(patient, "night", NIGHT.date.isoformat(), seen=2)
    assert services.diary_nights(patient)[0].quality is None


def test_an_unknown_person_or_entry_is_said(services: Services, patient: str) -> None:
    with pytest.raises(NotFoundError):
        services.annotations("nobody")
    with pytest.raises(NotFoundError):
        services.save_annotation(patient, replace(EVENT, id="zz"))


def test_a_table_imported_twice_adds_nothing(services: Services, patient: str, tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text("start,kind,title\n2024-05-08,medication,Tablet\n2024-05-09,note,Noise\n", encoding="utf-8")
    assert len(services.import_events(patient, path)) == 2
    assert services.import_events(patient, path) == []
    assert [one.source for one in services.annotations(patient)] == ["events.csv"] * 2


def test_a_table_with_an_error_stores_nothing(services: Services, patient: str, tmp_path: Path) -> None:
    path = tmp_path / "diary.csv"
    head = "date,in_bed,final_awakening,out_of_bed\n"
    path.write_text(head + "2024-05-08,22:30,06:30,07:00\n2024-05-09,22:30,06:77,07:00\n", encoding="utf-8")
    with pytest.raises(InputError, match="Row 3, column “final_awakening”"):
        services.import_diary(patient, path)
    assert services.diary_nights(patient) == []
    path.write_text(head + "2024-05-08,22:30,06:30,07:00\n", encoding="utf-8")
    assert services.import_diary(patient, path) == 1


def test_free_dates_are_set_and_forgotten(services: Services, patient: str, tmp_path: Path) -> None:
    day = date(2024, 5, 9)
    services.set_free_dates(patient, {day: True, date(2024, 5, 11): False})
    services.set_free_dates(patient, {day: None, date(2024, 6, 1): None})
    assert services.free_days(patient).exceptions == {date(2024, 5, 11): False}
    services.set_free_weekdays(patient, None)
    services.set_free_weekdays(patient, frozenset({0}))
    services.set_free_weekdays(patient, None)
    assert not services.free_days(patient).stated
    path = tmp_path / "days.csv"
    path.write_text("date,free\n2024-05-20,free\n", encoding="utf-8")
    assert services.import_free_days(patient, path) == 1
    assert services.free_days(patient).is_free(date(2024, 5, 20))


def test_v42_a_researcher_sees_times_and_no_texts_and_removes_none(services: Services, patient: str) -> None:
    stored = services.save_annotation(patient, EVENT)
    services.save_diary_night(patient, NIGHT)
    directory, cheap = services.vault_directory, KdfParameters.for_tests()
    services.lock()
    with Vault.open(directory, OWNER, kdf_floor=cheap) as vault:
        vault.people.add("Rosalind", RESEARCH, {Role.RESEARCHER})
    services._adopt(Vault.open(directory, RESEARCH, person="Rosalind", kdf_floor=cheap))
    (seen,) = services.annotations(patient)
    assert (seen.kind, seen.start, seen.title, seen.reason) == (EVENT.kind, EVENT.start, "", "")
    assert services.diary_nights(patient)[0].comments == ""
    assert {one.payload for one in services.entry_history(patient)} == {None}
    services.save_annotation(patient, replace(seen, start=EVENT.start + 60))
    services.save_diary_night(patient, replace(NIGHT, comments="", quality=2))
    assert services.vault.diary.annotation(patient, stored.id).title == "Dr. Bell"
    assert services.vault.diary.nights(patient)[0].comments == "Ada said so"


def test_two_windows_of_a_recording_are_compared(services: Services, table: Path) -> None:
    report = services.import_file(table, new_name="Ada", zone="Europe/Berlin")
    patient = report.patient_id or ""
    first = day_of_date(date(2024, 5, 6))
    found = services.compare_windows(patient, DayRange(first, first + 3), DayRange(first + 4, first + 8))
    activity = found.measure("activity_mean")
    assert activity is not None
    assert (activity.n_a, activity.n_b) == (4, 5)
    assert activity.insufficient == "Needs 7 valid days in each window, has 4 and 5."
    assert found.measure("is") is not None
    around = services.compare_event(patient, date(2024, 5, 10), days_each_side=4)
    assert (around.a, around.b) == (DayRange(first, first + 3), DayRange(first + 4, first + 7))
    with pytest.raises(UsageError):
        services.compare_windows(patient, DayRange(first, first + 3), DayRange(first + 3, first + 8))


def test_v67_the_export_of_a_person_holds_what_was_written_by_hand(
    services: Services, patient: str, tmp_path: Path
) -> None:
    import json
    from zipfile import ZipFile

    stored = services.save_annotation(patient, EVENT)
    services.save_annotation(patient, replace(stored, title="Dr. Bell, second visit"))
    services.save_diary_night(patient, NIGHT)
    services.set_free_weekdays(patient, frozenset({4}))
    services.export_person(patient, tmp_path / "ada.zip")
    with ZipFile(tmp_path / "ada.zip") as archive:
        events = json.loads(archive.read("annotations.json"))
        history = json.loads(archive.read("diary_history.json"))
        assert events[0]["title"] == "Dr. Bell, second visit"
        assert [one["action"] for one in history] == ["add", "edit", "add", "edit"]
        assert "2024-05-07,22:30,22:40" in archive.read("sleep_diary.csv").decode()
        assert json.loads(archive.read("free_days.json"))["free_weekdays"] == ["Friday"]
    held = dict(services.access_report(patient).held)
    assert (held["Annotations"], held["Sleep diary nights"]) == (1, 1)
