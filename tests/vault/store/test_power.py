"""A power cut: what was answered as stored is there, and the audit's head never tells of more than there is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from clarity_desktop.vault import Circumstances, KdfParameters, Vault
from clarity_desktop.vault.store.anchors import FileAnchor, Head

KEY = bytes(range(32))


def anchor(path: Path) -> FileAnchor:
    return FileAnchor(path, KEY, where="the seal", is_outside=False)


def head(seq: int) -> Head:
    return Head(seq, seq.to_bytes(32, "big"))


def test_each_commit_waits_for_the_disk(vault: Vault) -> None:
    with vault._store.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"


def test_the_head_is_written_after_its_entry_is_on_the_disk(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another connection, which reads the file alone, finds the entry by the time that the head is written."""
    found: list[tuple[int, int]] = []
    write = FileAnchor.write

    def looked(self: FileAnchor, head: Head) -> None:
        with vault._store.engine.connect() as connection:
            found.append((head.seq, connection.exec_driver_sql("SELECT max(seq) FROM audit").scalar_one()))
        write(self, head)

    monkeypatch.setattr(FileAnchor, "write", looked)
    for _ in range(5):
        vault.audit.append("report.pdf")
    assert len(found) >= 5
    assert all(seq <= stored for seq, stored in found)


def test_a_head_cut_in_the_middle_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "audit.head"
    seal = anchor(path)
    for seq in range(1, 9):
        before = path.read_bytes() if path.exists() else None
        seal.write(head(seq))
        assert anchor(path).read() == head(seq)
        after = path.read_bytes()
        if before is None or seq < 2:
            continue
        assert len(after) == len(before)
        first = next(at for at in range(len(after)) if after[at] != before[at])
        last = max(at for at in range(len(after)) if after[at] != before[at])
        for cut in range(first + 1, last + 1, 7):
            path.write_bytes(after[:cut] + before[cut:])
            assert anchor(path).read() in (head(seq - 1), head(seq))
        path.write_bytes(after)


def test_an_earlier_head_takes_both_places(tmp_path: Path) -> None:
    path = tmp_path / "audit.head"
    seal = anchor(path)
    for seq in (5, 6, 7):
        seal.write(head(seq))
    seal.write(head(3))
    assert seal.read() == head(3)
    seal.write(head(4))
    assert seal.read() == head(4)
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_file_of_an_earlier_version_is_read_and_replaced(tmp_path: Path) -> None:
    import hmac
    import json

    path, digest = tmp_path / "audit.head", bytes(range(32))
    mac = hmac.digest(KEY, f"7:{digest.hex()}".encode(), "sha256").hex()
    path.write_text(json.dumps({"seq": 7, "hash": digest.hex(), "mac": mac}))
    assert anchor(path).read() == Head(7, digest)
    anchor(path).write(head(8))
    assert anchor(path).read() == head(8)


def test_an_older_seal_beside_a_newer_database_is_no_alarm(tmp_path: Path) -> None:
    """What a power cut may leave: the database with all entries, and heads from any moment before."""
    state = Circumstances(state=tmp_path / "state")
    vault = Vault.create(
        tmp_path / "vault", "a passphrase for tests", kdf=KdfParameters.for_tests(), circumstances=state
    )
    key, seals = vault.job_key(), []
    for number in range(6):
        vault.audit.append("report.pdf", detail=str(number))
        seals.append(((tmp_path / "vault" / "audit.head").read_bytes(), _outside(tmp_path).read_bytes()))
    vault.close()
    for inside, outside in seals:
        copy = tmp_path / "after"
        shutil.copytree(tmp_path / "vault", copy)
        (tmp_path / "vault").replace(tmp_path / "kept")
        copy.replace(tmp_path / "vault")
        (tmp_path / "vault" / "audit.head").write_bytes(inside)
        _outside(tmp_path).write_bytes(outside)
        with Vault.open_with_key(tmp_path / "vault", key, circumstances=state) as again:
            assert again.gap == ""
            assert again.audit.verify().chain_ok
        shutil.rmtree(tmp_path / "vault")
        (tmp_path / "kept").replace(tmp_path / "vault")


def _outside(folder: Path) -> Path:
    (path,) = (folder / "state").glob("audit-*.head")
    return path
