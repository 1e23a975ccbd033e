"""One patient is brought back from a backup, and nobody else is touched (V-52, V-56)."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from clarity_desktop.domain.errors import NotFoundError
from clarity_desktop.domain.importing import Element, ImportReport, Origin, SampleBatch, ZoneFound
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.time import Certainty, ZonePeriod
from clarity_desktop.vault import Vault
from clarity_desktop.vault.backup.one_patient import RestoredPatient, restore_patient

BASE = 1_700_000_000


def filled(
    vault: Vault, batch_of: Callable[..., SampleBatch], report_of: Callable[..., ImportReport], name: str
) -> Patient:
    patient = vault.patients.add(name, birth_date=date(1911, 2, 3), tags=("study",))
    sink = vault.begin_import(patient.id, file="f", format="healthkit", sha256=name)
    rows = [(BASE + 60 * i, 0, 60.0 + i % 9, f'{{"x":"{i % 3}"}}' if i % 2 else None) for i in range(900)]
    sink.samples(batch_of(rows, origin=Origin("a watch", "1"), created=BASE + 9))
    sink.samples(batch_of([(BASE, 60, 1.0, None)], kind="stage", labels=("asleep", "awake")))
    sink.element(Element("Workout", "key", BASE, BASE + 9, "Watch", '{"a":1}'))
    sink.zones((ZoneFound(ZonePeriod(BASE, "Europe/London", Certainty.STATED, "file"), "stated", 3),))
    sink.finish(report_of())
    vault.attachments.add(patient.id, io.BytesIO(b"a letter"), name="letter.txt", media_type="text/plain")
    return patient


def bring_back(vault: Vault, backup: Path, patient_id: str) -> RestoredPatient:
    key = vault.job_key()
    return restore_patient(
        vault, backup, patient_id, lambda folder, copy: Vault.open_with_key(folder, key, circumstances=copy)
    )


def remove_rows(vault: Vault, patient: Patient) -> None:
    """As a mistake would: everything of a patient is gone, without an erasure."""
    from clarity_desktop.vault.erasure.rows import delete_patient

    with vault._store.writing("mistake") as write:
        delete_patient(write.connection, patient.id)
    vault._store.keys.destroy(patient.id)


def test_v52_a_patient_who_is_gone_comes_back_as_they_were(
    vault: Vault, batch_of: Callable[..., SampleBatch], report_of: Callable[..., ImportReport]
) -> None:
    patient, other = (filled(vault, batch_of, report_of, name) for name in ("Ada", "Bob"))
    content, others = vault.content_hash(patient.id), vault.content_hash(other.id)
    backup = vault.backups.path_of(vault.backups.make())
    remove_rows(vault, patient)
    # The copy made before does not push out the one that is restored, though both are of one day.
    time.sleep(1.1)
    done = bring_back(vault, backup, patient.id)
    assert backup.exists()
    assert (done.was_absent, done.samples, done.elements, done.documents) == (True, 901, 1, 1)
    assert vault.patients.get(patient.id) == patient
    assert vault.content_hash(patient.id) == content
    assert vault.content_hash(other.id) == others
    (document,) = vault.attachments.list(patient.id)
    with vault.attachments.open(document.id) as stream:
        assert stream.read() == b"a letter"
    assert vault.verify().ok
    # A verified copy was made before, and the opened one is gone.
    assert "safety" in {one.kind for one in vault.backups.list()}
    assert list(vault.backups.folder.glob(".partial-*")) == []
    entry = next(one for one in vault.audit.entries(20) if one.action == "patient.restore")
    assert (entry.patient_id, "901 samples" in entry.detail) == (patient.id, True)


def test_v52_what_is_there_stays_and_what_is_missing_comes(
    vault: Vault,
    batch_of: Callable[..., SampleBatch],
    report_of: Callable[..., ImportReport],
    bring_in: Callable[..., object],
) -> None:
    patient = filled(vault, batch_of, report_of, "Ada")
    backup = vault.backups.path_of(vault.backups.make())
    bring_in(vault, patient.id, batch_of([(BASE + 10**6, 0, 99.0, None)]), sha256="later")
    content = vault.content_hash(patient.id)
    assert bring_back(vault, backup, patient.id).samples == 0
    assert vault.content_hash(patient.id) == content
    vault.attachments.remove(vault.attachments.list(patient.id)[0].id)
    assert bring_back(vault, backup, patient.id).documents == 1
    assert max(one.last or 0 for one in vault.series.list(patient.id)) == BASE + 10**6


def test_v56_an_erased_patient_does_not_come_back(
    vault: Vault, batch_of: Callable[..., SampleBatch], report_of: Callable[..., ImportReport], tmp_path: Path
) -> None:
    import shutil

    patient = filled(vault, batch_of, report_of, "Ada")
    made = vault.backups.make()
    # A copy that the erasure did not reach.
    away = tmp_path / "away" / made.name
    shutil.copytree(vault.backups.path_of(made), away)
    vault.erase(patient.id, requested_by="Anna", confirmed_by="Ben")
    with pytest.raises(NotFoundError) as caught:
        bring_back(vault, away, patient.id)
    assert caught.value.code == "backup.no_patient"
    assert vault.patients.list() == []
