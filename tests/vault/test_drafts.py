"""Unsaved text in the vault: whose it is, what seals it, when it goes, and the rules of admins beside it."""

from __future__ import annotations

import json
import time
import zipfile
from pathlib import Path

import pytest

from clarity_desktop.app import open_services
from clarity_desktop.domain.drafts import UnsavedText
from clarity_desktop.domain.errors import LockedError
from clarity_desktop.domain.users import Role
from clarity_desktop.vault import KdfParameters, Vault
from clarity_desktop.vault.drafts import KEPT_DAYS

CHEAP = KdfParameters.for_tests()
OTHER = "nine loud magpies there"


def test_v21_texts_come_back_to_their_user_and_to_nobody_else(vault: Vault, passphrase: str) -> None:
    ada = vault.patients.add("Ada Lovelace")
    vault.people.add("Second", OTHER, {Role.CLINICIAN}, kdf=CHEAP)
    texts = [
        UnsavedText("overview/Note", "about Ada \udce9 ünïcode", ada.id),
        UnsavedText("NewPatientDialog/Name or code", "Grace"),
    ]
    assert vault.drafts.keep(texts) == 2
    assert vault.drafts.keep([]) == 0
    assert vault.drafts.keep([UnsavedText("NewPatientDialog/Name or code", "Grace H.")]) == 1
    found = {(one.place, one.text, one.patient_id) for one in vault.drafts.list()}
    assert found == {
        ("overview/Note", "about Ada \udce9 ünïcode", ada.id),
        ("NewPatientDialog/Name or code", "Grace H.", None),
    }
    ids = [one.id for one in vault.drafts.list()]
    with Vault.open(vault.directory, OTHER, person="Second", kdf_floor=CHEAP) as other:
        assert other.drafts.list() == []
        other.drafts.discard(ids)
        with other._store.staging() as connection:
            connection.exec_driver_sql("UPDATE drafts SET user_id = ?", (other._keys.user_id,))
        assert other.drafts.list() == []
        with other._store.staging() as connection:
            connection.exec_driver_sql("UPDATE drafts SET user_id = ?", (vault._keys.user_id,))
    assert len(vault.drafts.list()) == 2
    vault.drafts.discard(ids)
    assert vault.drafts.list() == []
    actions = [entry.action for entry in vault.audit.entries(limit=None)]
    assert actions.count("drafts.keep") == 2


def test_v21_what_is_stored_is_sealed_and_bound_to_its_row(vault: Vault) -> None:
    ada, eve = vault.patients.add("Ada"), vault.patients.add("Eve")
    vault.drafts.keep([UnsavedText("overview/Note", "a secret sentence", ada.id), UnsavedText("a/b", "another secret")])
    with vault._store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT sealed FROM drafts").scalars().all()
    assert not [row for row in rows if b"secret" in row]
    with vault._store.staging() as connection:
        connection.exec_driver_sql("UPDATE drafts SET patient_id = ? WHERE patient_id IS NOT NULL", (eve.id,))
        connection.exec_driver_sql("UPDATE drafts SET place = 'c/d' WHERE patient_id IS NULL")
    assert vault.drafts.list() == []


def test_v21_drafts_go_after_a_month_and_with_their_patient(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = vault.patients.add("Ada")
    vault.drafts.keep([UnsavedText("overview/Note", "about Ada", ada.id), UnsavedText("a/b", "of nobody")])
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + (KEPT_DAYS + 1) * 86_400)
    assert vault.drafts.list() == []
    monkeypatch.undo()
    assert len(vault.drafts.list()) == 2
    vault.erase(ada.id, requested_by="one", confirmed_by="two")
    assert [one.text for one in vault.drafts.list()] == ["of nobody"]
    monkeypatch.setattr(time, "time", lambda: now + (KEPT_DAYS + 1) * 86_400)
    vault.drafts.discard([])
    with vault._store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM drafts").scalar_one() == 0


def test_v21_a_process_without_the_users_own_key_opens_no_drafts(vault: Vault) -> None:
    vault.drafts.keep([UnsavedText("a/b", "of nobody")])
    with Vault.open_with_key(vault.directory, vault.job_key()) as job, pytest.raises(LockedError) as caught:
        job.drafts.list()
    assert caught.value.code == "drafts.no_key"


def test_v82_the_export_of_a_person_has_the_drafts_about_them(tmp_path: Path, passphrase: str) -> None:
    services = open_services(tmp_path)
    services._adopt(Vault.create(services.vault_directory, passphrase, kdf=CHEAP))
    ada = services.add_patient("Ada")
    services.keep_drafts([UnsavedText("overview/Note", "about Ada", ada.id), UnsavedText("a/b", "of nobody")])
    services.export_person(ada.id, tmp_path / "ada.zip")
    with zipfile.ZipFile(tmp_path / "ada.zip") as archive:
        (name,) = [one for one in archive.namelist() if one.endswith("drafts.json")]
        (draft,) = json.loads(archive.read(name))
    assert (draft["field"], draft["text"]) == ("overview/Note", "about Ada")
    services.close()


def test_v17_rules_are_kept_in_the_vault_with_an_entry(vault: Vault) -> None:
    assert vault.rules.get("lock.after_min") is None
    vault.rules.set("lock.after_min", 5)
    vault.rules.set("lock.after_min", 7)
    assert vault.rules.get("lock.after_min") == 7
    details = [entry.detail for entry in vault.audit.entries(limit=2)]
    assert details == ["lock.after_min=7", "lock.after_min=5"]
