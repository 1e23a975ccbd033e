"""The services as window and command line use them: import, repeat, refuse, cancel, announce, analyse."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.domain.changes import Change, Changes
from clarity_desktop.domain.errors import (
    CancelledError,
    ConflictError,
    InputError,
    LockedError,
    NotFoundError,
    UsageError,
)
from clarity_desktop.domain.importing import ImportOutcome
from clarity_desktop.domain.kinds import ACTIVITY_COUNTS
from clarity_desktop.domain.work import CancelToken, Progress


def test_nothing_is_answered_while_locked(tmp_path: Path) -> None:
    services = open_services(tmp_path)
    assert not services.unlocked
    assert not services.vault_exists()
    with pytest.raises(LockedError):
        services.patients()


def test_locking_forgets_the_vault(services: Services) -> None:
    services.add_patient("Somebody")
    services.lock()
    assert not services.unlocked
    with pytest.raises(LockedError):
        services.patients()


def test_an_import_gives_a_new_person_series_and_a_panel(services: Services, table: Path) -> None:
    report = services.import_file(table, new_name="Nine days", zone="Europe/Berlin")
    assert report.outcome is ImportOutcome.OK
    assert report.types[ACTIVITY_COUNTS].stored_new == 9 * 1440
    (patient,) = services.patients()
    assert report.patient_id == patient.id
    panel = services.panel(patient.id)
    found = panel.finding("is")
    assert found is not None
    assert found.value is not None
    assert 0.9 < found.value <= 1.0
    summary = services.summary(patient.id)
    assert summary.last_local == "2024-05-15T00:00:00+02:00"
    assert summary.valid_days == (9, 9)
    assert len(summary.coverage_28d) == 28


def test_the_same_file_again_stores_nothing_and_says_so(services: Services, table: Path) -> None:
    first = services.import_file(table, new_name="Nine days", zone="Europe/Berlin")
    again = services.import_file(table, patient_id=first.patient_id, zone="Europe/Berlin")
    assert again.outcome is ImportOutcome.ALREADY
    count = again.types[ACTIVITY_COUNTS]
    assert (count.records, count.stored_new, count.duplicates) == (9 * 1440, 0, 9 * 1440)
    assert len(services.imports(first.patient_id)) == 1


def test_a_file_that_cannot_be_read_leaves_no_person_behind(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear colleague,\nno numbers here.\n")
    with pytest.raises(InputError):
        services.import_file(path, new_name="Nobody")
    assert services.patients() == []


def test_a_cancelled_import_leaves_no_person_behind(services: Services, table: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(CancelledError):
        services.import_file(table, new_name="Nobody", cancel=cancel)
    assert services.patients() == []


@pytest.mark.parametrize("whose", [{}, {"patient_id": "x", "new_name": "y"}])
def test_an_import_belongs_to_exactly_one_person(services: Services, table: Path, whose: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        services.import_file(table, patient_id=whose.get("patient_id"), new_name=whose.get("new_name"))


def test_an_import_into_an_unknown_person_is_refused(services: Services, table: Path) -> None:
    with pytest.raises(NotFoundError):
        services.import_file(table, patient_id="nobody")


def test_an_import_in_its_own_process_announces_and_reports_progress(services: Services, table: Path) -> None:
    heard: list[Changes] = []
    steps: list[Progress] = []
    unsubscribe = services.subscribe(heard.append)
    report = services.import_in_process(table, new_name="Nine days", zone="Europe/Berlin", progress=steps.append)
    assert report.types[ACTIVITY_COUNTS].stored_new == 9 * 1440
    assert [patient.id for patient in services.patients()] == [report.patient_id]
    assert steps
    assert heard[-1].what & Change.SAMPLES
    assert heard[-1].patients == (report.patient_id,)
    unsubscribe()
    services.add_patient("Quiet")
    assert len(heard) == 1


def test_an_error_in_the_process_comes_back_as_itself(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear colleague,\nno numbers here.\n")
    with pytest.raises(InputError) as caught:
        services.import_in_process(path, new_name="Nobody")
    assert caught.value.code
    assert services.patients() == []


def test_a_cancel_reaches_the_process(services: Services, table: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(CancelledError):
        services.import_in_process(table, new_name="Nobody", cancel=cancel)
    assert services.patients() == []


def test_people_need_a_name_and_a_past_birth_date(services: Services) -> None:
    with pytest.raises(UsageError):
        services.add_patient("  ")
    with pytest.raises(UsageError, match="future"):
        services.add_patient("Somebody", birth_date=date.today() + timedelta(days=1))


def test_a_person_with_data_is_not_discarded(services: Services, table: Path) -> None:
    report = services.import_file(table, new_name="Nine days")
    assert report.patient_id is not None
    with pytest.raises(ConflictError):
        services.vault.patients.discard_empty(report.patient_id)
    assert services.series(report.patient_id)


def test_opening_a_person_is_in_the_audit(services: Services) -> None:
    patient = services.add_patient("Somebody")
    services.open_patient(patient.id)
    actions = [entry.action for entry in services.vault.audit.entries(limit=10, patient_id=patient.id)]
    assert "patient.open" in actions


def test_settings_survive_and_a_damaged_file_is_set_aside(tmp_path: Path) -> None:
    services = open_services(tmp_path)
    services.settings.set("theme", "dark")
    assert open_services(tmp_path).settings.get("theme") == "dark"
    (tmp_path / "settings.json").write_text("{not json")
    again = open_services(tmp_path)
    assert again.settings.get("theme", "system") == "system"
    assert again.settings.set_aside is not None
    assert again.settings.set_aside.read_text() == "{not json"
