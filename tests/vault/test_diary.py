"""What people write by hand in the vault: sealed, with history and undo, audited, erased, retired and hashed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from clarity_desktop.domain.annotations import Annotation, AnnotationKind
from clarity_desktop.domain.errors import ConflictError, InputError, NotFoundError
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.sleep_diary import DiaryNight
from clarity_desktop.domain.time import DAY_S
from clarity_desktop.vault import Vault
from clarity_desktop.vault.consent.retention import DataClass, Due
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.tables.diary import AREAS

NOW = 1_741_000_000
NIGHT = DiaryNight(date(2025, 3, 12), 1350, 1365, 410, 430, latency_min=15.0, comments="canary-comment")


@pytest.fixture
def patient(vault: Vault) -> Patient:
    return vault.patients.add("Ada")


def event(title: str = "canary-title", start: int = NOW) -> Annotation:
    return Annotation(AnnotationKind.MEDICATION, start, None, title, "canary-reason")


def test_an_annotation_is_stored_with_author_and_time(vault: Vault, patient: Patient) -> None:
    stored = vault.diary.save_annotation(patient.id, event())
    assert (stored.title, stored.author, stored.revision) == ("canary-title", "Owner", 1)
    assert stored.at > NOW
    assert vault.diary.annotations(patient.id) == [stored]
    assert vault.diary.annotation(patient.id, stored.id[:8]) == stored


def test_each_change_stays_in_the_history_and_can_be_undone(vault: Vault, patient: Patient) -> None:
    diary = vault.diary
    first = diary.save_annotation(patient.id, event("first"))
    second = diary.save_annotation(patient.id, replace(first, title="second"))
    assert second.revision == 2
    diary.remove_annotation(patient.id, first.id)
    assert diary.annotations(patient.id) == []
    diary.undo(patient.id, "annotation", first.id)
    (back,) = diary.annotations(patient.id)
    assert (back.title, back.revision) == ("second", 4)
    actions = [(one.action, (one.payload or {}).get("title")) for one in diary.history(patient.id)]
    assert actions == [("add", "first"), ("edit", "second"), ("remove", None), ("undo", "second")]
    # A second undo brings back what the first one took away, here the removal.
    diary.undo(patient.id, "annotation", first.id)
    assert diary.annotations(patient.id) == []


def test_undoing_a_new_entry_takes_it_away(vault: Vault, patient: Patient) -> None:
    stored = vault.diary.save_annotation(patient.id, event())
    vault.diary.undo(patient.id, "annotation", stored.id, seen=1)
    assert vault.diary.annotations(patient.id) == []


def test_what_somebody_else_changed_since_is_not_undone_unseen(vault: Vault, patient: Patient) -> None:
    stored = vault.diary.save_annotation(patient.id, event())
    vault.diary.save_annotation(patient.id, replace(stored, title="newer"))
    with pytest.raises(ConflictError) as refused:
        vault.diary.undo(patient.id, "annotation", stored.id, seen=1)
    assert refused.value.code == "diary.changed"
    assert vault.diary.annotations(patient.id)[0].title == "newer"


def test_an_equal_entry_is_no_new_version(vault: Vault, patient: Patient) -> None:
    vault.diary.save_nights(patient.id, [NIGHT])
    vault.diary.save_nights(patient.id, [NIGHT])
    assert [one.revision for one in vault.diary.history(patient.id, "night")] == [1]


def test_an_import_is_all_or_nothing(vault: Vault, patient: Patient) -> None:
    rest = Annotation(AnnotationKind.REST, NOW, NOW + 3600)
    with pytest.raises(InputError):
        vault.diary.save_annotations(patient.id, [event(), rest, rest])
    assert vault.diary.annotations(patient.id) == []


def test_a_missing_entry_is_said(vault: Vault, patient: Patient) -> None:
    for act in (
        lambda: vault.diary.annotation(patient.id, "zz"),
        lambda: vault.diary.annotation(patient.id, ""),
        lambda: vault.diary.remove_night(patient.id, date(2025, 1, 1)),
        lambda: vault.diary.undo(patient.id, "annotation", "zz"),
    ):
        with pytest.raises(NotFoundError, match="no such entry"):
            act()


def test_v28_every_change_is_an_entry_of_the_audit_without_what_it_says(vault: Vault, patient: Patient) -> None:
    stored = vault.diary.save_annotation(patient.id, event())
    vault.diary.save_annotation(patient.id, replace(stored, title="newer"))
    vault.diary.remove_annotation(patient.id, stored.id)
    vault.diary.undo(patient.id, "annotation", stored.id)
    vault.diary.save_nights(patient.id, [NIGHT])
    vault.diary.save_week(patient.id, frozenset({4}))
    vault.diary.save_days(patient.id, {date(2025, 3, 12): True})
    entries = vault.audit.entries(limit=None, patient_id=patient.id)
    actions = [one.action for one in reversed(entries)]
    assert actions[1:] == [
        "annotation.add",
        "annotation.edit",
        "annotation.remove",
        "annotation.undo",
        "diary.import",
        "free_days.edit",
        "free_days.edit",
    ]
    assert not [one for one in entries if "canary" in one.detail or "newer" in one.detail]


def test_texts_are_sealed_with_the_key_of_the_patient(vault: Vault, patient: Patient) -> None:
    vault.diary.save_annotation(patient.id, event())
    vault.diary.save_nights(patient.id, [NIGHT])
    with vault._store.reading() as connection:
        for table in (schema.diary_entries, schema.diary_history):
            rows = connection.execute(table.select()).all()
            assert len(rows) == 2
            assert "canary" not in repr([tuple(row) for row in rows])


def test_v62_erasing_a_patient_takes_diary_and_history(vault: Vault, patient: Patient) -> None:
    stays = vault.patients.add("Bob")
    for one in (patient, stays):
        vault.diary.save_annotation(one.id, event())
        vault.diary.save_nights(one.id, [NIGHT])
    vault.erase(patient.id, requested_by="Dr. A.", confirmed_by="Dr. B.")
    with vault._store.reading() as connection:
        for table in (schema.diary_entries, schema.diary_history):
            assert set(connection.execute(table.select().with_only_columns(table.c.patient_id)).scalars()) == {stays.id}
    assert len(vault.diary.annotations(stays.id)) == 1


def test_v59_retention_takes_entries_that_speak_of_older_days(vault: Vault, patient: Patient) -> None:
    old, new = event(start=NOW - 900 * DAY_S), event(start=NOW - 10 * DAY_S)
    vault.diary.save_annotations(patient.id, [old, new])
    vault.diary.save_week(patient.id, frozenset({4}))
    vault.retention.set(DataClass.DIARY, 365, confirmed_by="Second")
    assert vault.retention.preview(now=NOW) == [Due(patient.id, DataClass.DIARY, 1)]
    vault.retention.execute(confirmed_by="Second", now=NOW)
    assert [one.start for one in vault.diary.annotations(patient.id)] == [new.start]
    assert vault.diary.free_days(patient.id).stated
    assert len(vault.diary.history(patient.id, "annotation")) == 1


def test_free_days_are_read_back_and_forgotten(vault: Vault, patient: Patient) -> None:
    day = date(2025, 3, 12)
    vault.diary.save_week(patient.id, frozenset({0, 1}))
    vault.diary.save_days(patient.id, {day: True, date(2025, 3, 17): False})
    free = vault.diary.free_days(patient.id)
    assert (free.weekdays, free.stated) == (frozenset({0, 1}), True)
    assert (free.is_free(day), free.is_free(date(2025, 3, 17))) == (True, False)
    vault.diary.forget_week(patient.id)
    vault.diary.remove_day(patient.id, day)
    assert vault.diary.free_days(patient.id).words == "Saturday and Sunday (assumed); 1 date entered"


def test_the_digest_follows_what_is_written(vault: Vault, patient: Patient) -> None:
    diary = vault.diary
    assert diary.digest(patient.id) == ""
    stored = diary.save_annotation(patient.id, event())
    one = diary.digest(patient.id)
    changed = diary.save_annotation(patient.id, replace(stored, title="other"))
    assert diary.digest(patient.id) not in ("", one)
    diary.undo(patient.id, "annotation", changed.id)
    assert diary.digest(patient.id) == one
    assert set(AREAS) == {"annotation", "night", "week", "day"}


def test_entries_outlive_closing_and_opening(vault: Vault, patient: Patient, passphrase: str) -> None:
    stored = vault.diary.save_annotation(patient.id, event())
    directory: Path = vault.directory
    from clarity_desktop.vault import KdfParameters

    vault.close()
    with Vault.open(directory, passphrase, kdf_floor=KdfParameters.for_tests()) as again:
        assert again.diary.annotations(patient.id) == [stored]
