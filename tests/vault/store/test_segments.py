"""Expiry of the audit: whole sealed segments go, each leaves a signed stub, and the chain still tells of changes."""

from __future__ import annotations

import hashlib
import time

import pytest

from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.domain.time import DAY_S
from clarity_desktop.vault import AuditEntry, Vault
from clarity_desktop.vault.consent.retention import DataClass
from clarity_desktop.vault.consent.segments import AuditSegments
from clarity_desktop.vault.people.rekey import rekeyed
from clarity_desktop.vault.store.stubs import read_stubs

NOW = 2_000_000_000
SEGMENT = 100
SEVEN_YEARS = 7 * 365 * DAY_S


def fill(vault: Vault, entries: int, *, at: int, patient: str | None = None) -> None:
    """Entries of one moment, written through the chain as all are."""
    chain, store = vault._store.chain, vault._store
    with store.staging() as connection:
        for number in range(entries):
            entry = AuditEntry(
                0, at + number, "Anna", "patient.open", patient, "ok", "", "clinician", "UI", "c", number
            )
            head = chain.append(connection, entry)
    chain.anchor(head)


def old_vault(vault: Vault, *, keep_days: int | None = 2192) -> Vault:
    """Some 240 entries of seven years ago and 110 of now, with a policy of six years."""
    fill(vault, 240, at=NOW - SEVEN_YEARS)
    fill(vault, 110, at=NOW - DAY_S)
    if keep_days is not None:
        vault.retention.set(DataClass.AUDIT, keep_days, confirmed_by="Ben", reason="by law")
    # The entry of the policy bears the clock of this machine, which may stand before the made-up now.
    return vault


@pytest.fixture(autouse=True)
def _short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clarity_desktop.vault.consent.segments.SEGMENT", SEGMENT)


def test_v35_by_default_nothing_of_the_audit_expires(vault: Vault) -> None:
    old_vault(vault, keep_days=None)
    assert vault.audit_segments.due(now=NOW + 100 * SEVEN_YEARS) == []
    assert vault.audit_segments.expire(now=NOW + 100 * SEVEN_YEARS) == []


def test_v34_whole_segments_go_and_leave_signed_stubs(vault: Vault) -> None:
    old_vault(vault)
    # The first entries of the vault bear the present clock, so the first segment ends when they are old.
    first = vault.audit_segments.due(now=NOW)
    now = max(NOW, int(time.time()) + 2193 * DAY_S)
    due = vault.audit_segments.due(now=now)
    assert len(due) == 2 >= len(first)
    assert [(one.first, one.last) for one in due] == [(1, SEGMENT), (SEGMENT + 1, 2 * SEGMENT)]
    before = vault.audit.verify().entries
    left = vault.audit_segments.expire(now=now)
    assert [(one.first, one.last) for one in left] == [(1, SEGMENT), (SEGMENT + 1, 2 * SEGMENT)]
    assert min(one.seq for one in vault.audit.entries(None)) == 2 * SEGMENT + 1
    verdict = vault.audit.verify()
    assert (verdict.entries, verdict.chain_ok) == (before + 1, True)
    assert vault.verify().ok
    (entry,) = [one for one in vault.audit.entries(10) if one.action == "audit.expire"]
    assert left[-1].last_hash.hex() in entry.detail
    assert vault.audit_segments.expire(now=now) == []
    vault.audit.append("report.pdf")
    assert vault.audit.verify().chain_ok


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_stubs",
        "DELETE FROM audit_stubs WHERE first = 1",
        "DELETE FROM audit_stubs WHERE first > 1",
        "UPDATE audit_stubs SET last = last + 1 WHERE first > 1",
        "UPDATE audit_stubs SET expired_by = 'Somebody'",
        "UPDATE audit_stubs SET last_hash = zeroblob(32)",
        "UPDATE audit_stubs SET ended = ended - 1",
        "UPDATE audit_stubs SET mac = zeroblob(32)",
        "DELETE FROM audit WHERE seq = 201",
        "DELETE FROM audit WHERE seq > 300",
        "DELETE FROM audit",
        "UPDATE audit SET who = 'Ben' WHERE seq = 250",
        "UPDATE audit SET seq = 5 WHERE seq = 250",
    ],
)
def test_v34_a_stubbed_chain_still_tells_what_was_done_to_it(vault: Vault, statement: str) -> None:
    old_vault(vault)
    vault.audit_segments.expire(now=max(NOW, int(time.time()) + 2193 * DAY_S))
    assert vault.audit.verify().chain_ok
    with vault._store.staging() as connection:
        connection.exec_driver_sql(statement)
    verdict = vault.audit.verify()
    assert not verdict.chain_ok
    assert verdict.first_bad is not None


def test_v34_what_was_changed_does_not_expire(vault: Vault) -> None:
    old_vault(vault)
    with vault._store.staging() as connection:
        connection.exec_driver_sql("UPDATE audit SET who = 'Ben' WHERE seq = 70")
    with pytest.raises(IntegrityError) as caught:
        vault.audit_segments.expire(now=max(NOW, int(time.time()) + 2193 * DAY_S))
    assert caught.value.code == "audit.changed"
    assert vault.audit_segments.stubs() == []
    assert vault.audit.verify().first_bad == 70


def test_v34_there_is_no_function_for_fewer_than_a_segment() -> None:
    assert {name for name in dir(AuditSegments) if not name.startswith("_")} == {"due", "expire", "stubs"}


def test_v60_entries_about_a_patient_on_hold_stay(vault: Vault) -> None:
    patient = vault.patients.add("Ada")
    fill(vault, 150, at=NOW - SEVEN_YEARS, patient=patient.id)
    fill(vault, 200, at=NOW - DAY_S)
    vault.retention.set(DataClass.AUDIT, 2192, confirmed_by="Ben")
    later = max(NOW, int(time.time()) + 2193 * DAY_S)
    assert len(vault.audit_segments.due(now=later)) == 1
    vault.holds.place(patient.id, "Order of the court")
    assert vault.audit_segments.due(now=later) == []


def test_new_keys_sign_the_stubs_anew(vault: Vault) -> None:
    old_vault(vault)
    vault.audit_segments.expire(now=max(NOW, int(time.time()) + 2193 * DAY_S))
    macs = [one.mac for one in vault.audit_segments.stubs()]
    again = rekeyed(vault)
    try:
        assert [one.mac for one in again.audit_segments.stubs()] != macs
        assert again.verify().ok
    finally:
        again.close()


def test_a_backup_of_before_is_restored_and_practised_after_an_expiry(vault: Vault) -> None:
    old_vault(vault)
    vault.backups.make()
    vault.audit_segments.expire(now=max(NOW, int(time.time()) + 2193 * DAY_S))
    key = vault.job_key()
    report = vault.backups.drill(lambda folder, copy: Vault.open_with_key(folder, key, circumstances=copy))
    assert report.ok, report.problems


def test_stubs_hold_nothing_of_their_entries(vault: Vault) -> None:
    old_vault(vault)
    vault.audit_segments.expire(now=max(NOW, int(time.time()) + 2193 * DAY_S))
    with vault._store.reading() as connection:
        (first, *_) = read_stubs(connection)
    assert len(first.last_hash) == hashlib.sha256().digest_size
    assert first.expired_by == vault.who
