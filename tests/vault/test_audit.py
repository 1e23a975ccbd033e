"""The audit chain: whatever is done to it shows, and nothing happens without it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.importing import ImportReport, SampleBatch
from clarity_desktop.vault import Vault
from clarity_desktop.vault.store.transactions import Store

BASE = 1_700_000_000


@pytest.fixture
def busy_vault(vault: Vault) -> Vault:
    """Ten entries."""
    for number in range(9):
        vault.audit.append("report.pdf", detail=f"{number} pages")
    assert vault.audit.verify().entries == 10
    return vault


def tamper(vault: Vault, *statements: str) -> None:
    """Change the tables as somebody with the key would, past the repositories."""
    with vault._store.staging() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_v30_an_untouched_chain_is_sound(busy_vault: Vault) -> None:
    verdict = busy_vault.audit.verify()
    assert (verdict.entries, verdict.chain_ok, verdict.first_bad) == (10, True, None)


@pytest.mark.parametrize(
    ("statements", "first_bad"),
    [
        (("UPDATE audit SET detail = '99 pages' WHERE seq = 4",), 4),
        (("UPDATE audit SET at = at - 1 WHERE seq = 1",), 1),
        (("UPDATE audit SET who = 'Somebody' WHERE seq = 10",), 10),
        (("UPDATE audit SET patient_id = 'x' WHERE seq = 5",), 5),
        (("UPDATE audit SET outcome = 'denied' WHERE seq = 5",), 5),
        (("UPDATE audit SET role = 'somebody' WHERE seq = 5",), 5),
        (("UPDATE audit SET origin = 'CLI' WHERE seq = 8",), 8),
        (("UPDATE audit SET origin = '' WHERE seq = 8",), 8),
        (("UPDATE audit SET correlation = 'x' WHERE seq = 2",), 2),
        (("UPDATE audit SET monotonic_ms = 0 WHERE seq = 9",), 9),
        (("UPDATE audit SET mac = zeroblob(32) WHERE seq = 6",), 6),
        (("UPDATE audit SET hash = zeroblob(32) WHERE seq = 6",), 6),
        (("DELETE FROM audit WHERE seq = 3",), 3),
        (("DELETE FROM audit WHERE seq = 3", "UPDATE audit SET seq = seq - 1 WHERE seq > 3"), 3),
        (
            (
                "UPDATE audit SET seq = 0 WHERE seq = 7",
                "UPDATE audit SET seq = 7 WHERE seq = 8",
                "UPDATE audit SET seq = 8 WHERE seq = 0",
            ),
            7,
        ),
        (
            (
                (
                    "INSERT INTO audit SELECT 11, at, who, action, patient_id, outcome, detail, hash, mac, role, "
                    "origin, correlation, monotonic_ms FROM audit LIMIT 1"
                ),
            ),
            11,
        ),
        (("DELETE FROM audit WHERE seq = 10",), 10),
        (("DELETE FROM audit WHERE seq > 2",), 3),
        (("DELETE FROM audit",), 1),
    ],
)
def test_v30_every_change_is_found_with_the_first_bad_entry(
    busy_vault: Vault, statements: tuple[str, ...], first_bad: int
) -> None:
    tamper(busy_vault, *statements)
    verdict = busy_vault.audit.verify()
    assert not verdict.chain_ok
    assert verdict.first_bad == first_bad
    report = busy_vault.verify()
    assert not report.ok
    assert not report.chain_ok
    assert report.first_bad == first_bad
    assert report.problems


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"seq": 2, "hash": "00", "mac": "00"}'])
def test_a_missing_or_altered_seal_is_found(busy_vault: Vault, content: bytes | None) -> None:
    head = busy_vault.directory / "audit.head"
    head.unlink()
    if content is not None:
        head.write_bytes(content)
    assert not busy_vault.audit.verify().chain_ok


def test_an_older_database_under_a_newer_seal_is_found(busy_vault: Vault, tmp_path: Path) -> None:
    key, directory = busy_vault.job_key(), busy_vault.directory
    busy_vault.close()
    older = (directory / "vault.db").read_bytes()
    with Vault.open_with_key(directory, key) as vault:
        vault.audit.append("report.pdf")
    (directory / "vault.db").write_bytes(older)
    # Opening adds an entry, so the chain is as long as the seal says less one; it still differs.
    with Vault.open_with_key(directory, key) as vault:
        assert not vault.verify().chain_ok


def test_v32_without_its_entry_no_action_happens(
    busy_vault: Vault, batch_of: Callable[..., SampleBatch], report_of: Callable[..., ImportReport]
) -> None:
    vault = busy_vault
    patient = vault.patients.add("Ada")
    tamper(
        vault,
        "CREATE TRIGGER refuse BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no room'); END",
    )
    with pytest.raises(DBAPIError):
        vault.patients.add("Grace")
    with pytest.raises(DBAPIError):
        vault.patients.open(patient.id)
    with pytest.raises(DBAPIError):
        vault.findings.put("key", patient.id, b"blob")
    sink = vault.begin_import(patient.id, file="f", format="healthkit", sha256="1")
    sink.samples(batch_of([(BASE, 0, 60.0, None)]))
    with pytest.raises(DBAPIError):
        sink.finish(report_of())
    sink.abandon()
    assert vault.patients.list() == [patient]
    assert vault.findings.get("key") is None
    assert vault.series.list(patient.id) == []
    assert vault.imports.list(patient.id) == []
    assert vault.audit.verify().chain_ok


def test_a_seal_that_cannot_be_written_is_said(busy_vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("clarity_desktop.vault.store.anchors.FileAnchor.write", full)
    with pytest.raises(ClarityError) as caught:
        busy_vault.audit.append("report.pdf")
    assert caught.value.code == "vault.audit_head"
    monkeypatch.undo()
    busy_vault.audit.append("report.pdf")
    assert busy_vault.audit.verify().chain_ok


def test_each_way_of_opening_is_an_entry(busy_vault: Vault) -> None:
    key = busy_vault.job_key()
    with Vault.open_with_key(busy_vault.directory, key, who="Dr. A.") as job:
        (entry,) = job.audit.entries(limit=1)
    assert (entry.action, entry.who, entry.detail) == ("vault.open", "Dr. A.", "data key")
    busy_vault.audit.append("report.pdf")
    assert busy_vault.audit.verify().chain_ok


def test_v34_there_is_no_function_to_change_an_entry(busy_vault: Vault) -> None:
    offered = {name for name in dir(busy_vault.audit) if not name.startswith("_")}
    assert offered == {"accept_gap", "append", "digests", "entries", "find", "verify"}
    ways = {name for name in dir(Store) if not name.startswith("_")}
    assert ways == {
        "dispose",
        "is_read_only",
        "noting",
        "require_owner",
        "reading",
        "rewrite_pages",
        "seal_of",
        "staging",
        "writing",
    }
