"""The head of the audit outside the vault's folder: an older copy of everything is seen on opening (V-31)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from clarity_desktop.domain.time import Span
from clarity_desktop.vault import AuditEntry, AuditQuery, Circumstances, KdfParameters, Vault, correlated
from tests.memory_keychain import MemoryKeychain

PASSPHRASE = "a passphrase for tests"
CHEAP = KdfParameters.for_tests()


def open_it(folder: Path, state: Path | None) -> Vault:
    return Vault.open(folder, PASSPHRASE, kdf_floor=CHEAP, circumstances=Circumstances(origin="UI", state=state))


@pytest.fixture
def older(tmp_path: Path) -> tuple[Path, Path, Path]:
    """``(vault, older copy of its folder, state folder)``; the vault has moved on since the copy."""
    folder, copy, state = tmp_path / "vault", tmp_path / "copy", tmp_path / "home" / "state"
    Vault.create(folder, PASSPHRASE, kdf=CHEAP, circumstances=Circumstances(state=state)).close()
    shutil.copytree(folder, copy)
    with open_it(folder, state) as vault:
        vault.patients.add("Ada")
        assert vault.gap == ""
    return folder, copy, state


def put_back(folder: Path, copy: Path) -> None:
    shutil.rmtree(folder)
    shutil.copytree(copy, folder)


def test_v31_a_whole_folder_put_back_is_seen_on_opening(older: tuple[Path, Path, Path]) -> None:
    folder, copy, state = older
    put_back(folder, copy)
    with open_it(folder, state) as vault:
        assert "the record of this account says" in vault.gap
        verdict = vault.audit.verify()
        assert not verdict.chain_ok
        assert verdict.first_bad is not None
        actions = [entry.action for entry in vault.audit.entries(limit=None)]
        assert "audit.mismatch" in actions
        assert not vault.verify().ok


def test_v31_it_stays_seen_until_somebody_answers_for_it(older: tuple[Path, Path, Path]) -> None:
    folder, copy, state = older
    put_back(folder, copy)
    for _ in range(2):
        with open_it(folder, state) as vault:
            # Entries go on beyond the number that the record outside names, and it still does not fit.
            for number in range(5):
                vault.audit.append("report.pdf", detail=f"{number} pages")
            assert vault.gap
            assert not vault.audit.verify().chain_ok
    with open_it(folder, state) as vault:
        vault.audit.accept_gap("The disk was replaced, and the folder came from the old one.")
        assert vault.audit.verify().chain_ok
        (entry,) = vault.audit.entries(limit=1)
        assert entry.action == "audit.gap"
        assert "The disk was replaced" in entry.detail
    with open_it(folder, state) as vault:
        assert vault.gap == ""
        assert vault.verify().ok


def test_v31_the_keychain_keeps_the_head_for_those_who_use_one(tmp_path: Path, keychain: MemoryKeychain) -> None:
    folder, copy = tmp_path / "vault", tmp_path / "copy"
    with Vault.create(folder, PASSPHRASE, kdf=CHEAP) as vault:
        vault.add_keychain_slot("This computer")
    open_it(folder, None).close()
    shutil.copytree(folder, copy)
    with open_it(folder, None) as vault:
        vault.patients.add("Ada")
    put_back(folder, copy)
    with open_it(folder, None) as vault:
        assert "the record in the keychain" in vault.gap
    keychain.kept.clear()
    with open_it(folder, None) as vault:
        assert vault.gap == ""


def made(tmp_path: Path) -> Vault:
    return Vault.create(tmp_path / "v", PASSPHRASE, kdf=CHEAP, circumstances=Circumstances(origin="CLI"))


def test_v29_entries_say_from_where_and_belong_together(tmp_path: Path) -> None:
    with made(tmp_path) as vault:
        vault.audit.append("report.pdf", patient_id="p-1")
        with correlated() as one:
            vault.audit.append("report.pdf", patient_id="p-2")
            vault.patients.add("Ada")
        later, earlier = vault.audit.find(AuditQuery(action="report"))
        (opened,) = vault.audit.find(AuditQuery(action="vault.open"))
        everything = vault.audit.entries(limit=None)
    assert {entry.origin for entry in everything} == {"CLI"}
    assert opened.correlation == earlier.correlation != one
    assert later.correlation == one
    assert [entry.action for entry in everything if entry.correlation == one] == ["patient.add", "report.pdf"]
    times = [entry.monotonic_ms for entry in reversed(everything)]
    assert times == sorted(times)
    assert times[0] > 0


def test_entries_are_found_by_each_condition(tmp_path: Path) -> None:
    with made(tmp_path) as vault:
        vault.audit.append("export.table", patient_id="p-1", outcome="denied")
        vault.audit.append("export", patient_id="p-2")
        vault.audit.append("exporters", patient_id="p-2")
        assert [entry.action for entry in vault.audit.find(AuditQuery(action="export"))] == ["export", "export.table"]
        assert len(vault.audit.find(AuditQuery(outcome="denied"))) == 1
        assert len(vault.audit.find(AuditQuery(patient_id="p-2", action="export"))) == 1
        whole = len(vault.audit.entries(limit=None))
        assert len(vault.audit.find(AuditQuery(who=vault.who))) == whole >= 4
        assert vault.audit.find(AuditQuery(origin="UI")) == []
        latest = vault.audit.entries(limit=1)[0]
        assert len(vault.audit.find(AuditQuery(correlation=latest.correlation))) == whole
        assert len(vault.audit.find(AuditQuery(span=Span(latest.at - 60, latest.at + 1)))) == whole
        assert vault.audit.find(AuditQuery(span=Span(latest.at - 60, latest.at - 50))) == []


def test_entries_from_before_origins_were_kept_stay_sound(tmp_path: Path) -> None:
    """An entry as the first revision hashed it: without role, origin, correlation and machine time."""
    with made(tmp_path) as vault:
        old = AuditEntry(0, 1_700_000_000, "Owner", "patient.open", "p-1", "ok", "")
        with vault._store.staging() as connection:
            head = vault._store.chain.append(connection, old)
        vault._store.chain.anchor(head)
        assert vault.audit.verify().chain_ok
        with vault._store.staging() as connection:
            connection.exec_driver_sql("UPDATE audit SET origin = 'UI' WHERE seq = (SELECT max(seq) FROM audit)")
        assert not vault.audit.verify().chain_ok
