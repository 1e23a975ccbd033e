"""One writer: a second process reads, a killed owner is recognised, another computer is believed (V-70 to V-73)."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clarity_desktop.domain.errors import IntegrityError, OccupiedError
from clarity_desktop.domain.importing import SampleBatch
from clarity_desktop.vault import Circumstances, KdfParameters, Vault

CHEAP = KdfParameters.for_tests()
_children: list[subprocess.Popen[str]] = []

_OWNS = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from clarity_desktop.vault import Vault

    vault = Vault.open_with_key(Path(sys.argv[1]), bytes.fromhex(sys.stdin.readline()))
    print("read" if vault.is_read_only else "write", vault.owner_token(), flush=True)
    sys.stdin.readline()
    vault.close()
    """
)


def owning(directory: Path, key: bytes) -> subprocess.Popen[str]:
    """Another process that has the vault open; it has said whether it may write."""
    command = [sys.executable, "-c", _OWNS, str(directory)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    _children.append(child)
    assert child.stdin is not None
    child.stdin.write(key.hex() + "\n")
    child.stdin.flush()
    return child


def said(child: subprocess.Popen[str]) -> list[str]:
    assert child.stdout is not None
    return child.stdout.readline().split()


def end(child: subprocess.Popen[str]) -> None:
    child.communicate("\n", timeout=30)


@pytest.fixture(autouse=True)
def no_child_stays() -> Iterator[None]:
    yield
    for child in _children:
        if child.poll() is None:
            child.kill()
            child.communicate(timeout=30)
    _children.clear()


def test_v70_v73_the_second_process_reads_and_does_not_write(
    vault: Vault, batch_of: Callable[..., SampleBatch], bring_in: Callable[..., object]
) -> None:
    patient = vault.patients.add("Ada")
    bring_in(vault, patient.id, batch_of([(1_700_000_000, 0, 60.0, None)]))
    key, directory = vault.job_key(), vault.directory
    vault.close()
    child = owning(directory, key)
    assert said(child)[0] == "write"
    with Vault.open_with_key(directory, key, circumstances=Circumstances(origin="CLI")) as second:
        assert second.is_read_only
        assert second.owner is not None
        assert second.owner.pid == child.pid
        assert second.patients.open(patient.id) == patient
        assert len(second.series.list(patient.id)) == 1
        second.findings.put("key", patient.id, b"not kept")
        assert second.findings.get("key") is None
        for write in (
            lambda: second.patients.add("Grace"),
            lambda: second.patients.update(patient),
            lambda: second.begin_import(patient.id, file="f", format="healthkit", sha256="1"),
            second.require_owner,
        ):
            with pytest.raises(OccupiedError) as caught:
                write()
            assert caught.value.exit_code == 75
            assert socket.gethostname() in caught.value.message
        # What was read is in the audit, and its chain is one.
        assert second.audit.entries(limit=1)[0].action == "patient.open"
        assert second.audit.verify().chain_ok
    end(child)
    with Vault.open_with_key(directory, key) as third:
        assert not third.is_read_only
        assert [one.name for one in third.patients.list()] == ["Ada"]
    assert not (directory / "owner.lock").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of POSIX")
def test_v71_a_killed_owner_is_recognised_at_once(vault: Vault) -> None:
    key, directory = vault.job_key(), vault.directory
    vault.close()
    for _ in range(3):
        child = owning(directory, key)
        assert said(child)[0] == "write"
        child.send_signal(signal.SIGKILL)
        child.communicate(timeout=30)
        assert (directory / "owner.lock").exists()
    with Vault.open_with_key(directory, key) as again:
        assert not again.is_read_only
        again.patients.add("Ada")


def test_v71_a_live_owner_on_another_computer_is_believed(vault: Vault) -> None:
    key, directory = vault.job_key(), vault.directory
    vault.close()
    lock = {"who": "Dr. B.", "pid": 4711, "host": "another-computer", "started": 1_700_000_000, "token_sha256": ""}
    (directory / "owner.lock").write_text(json.dumps(lock))
    for _ in range(2):
        with Vault.open_with_key(directory, key) as second:
            assert second.is_read_only
            with pytest.raises(OccupiedError) as caught:
                second.patients.add("Ada")
            assert "Dr. B. on another-computer since 2023-11-14" in caught.value.message
    with Vault.open_with_key(directory, key, circumstances=Circumstances(take_over=True)) as third:
        third.patients.add("Ada")
    with Vault.open_with_key(directory, key) as fourth:
        assert not fourth.is_read_only


def test_a_process_of_the_owner_writes_with_its_token(vault: Vault) -> None:
    key, directory = vault.job_key(), vault.directory
    vault.close()
    child = owning(directory, key)
    _, token = said(child)
    with Vault.open_with_key(directory, key, circumstances=Circumstances(owner=token)) as job:
        assert not job.is_read_only
        job.patients.add("Ada")
    with Vault.open_with_key(directory, key, circumstances=Circumstances(owner="another token")) as stranger:
        assert stranger.is_read_only
    assert token not in (directory / "owner.lock").read_text()
    end(child)


def test_two_openings_in_one_process_share_the_ownership(vault: Vault) -> None:
    key, directory = vault.job_key(), vault.directory
    second = Vault.open_with_key(directory, key)
    vault.close()
    child = owning(directory, key)
    assert said(child) == ["read"]
    end(child)
    second.patients.add("Ada")
    second.close()
    child = owning(directory, key)
    assert said(child)[0] == "write"
    end(child)


def test_v72_a_file_put_in_the_databases_place_stops_writing(vault: Vault) -> None:
    vault.patients.add("Ada")
    database = vault.directory / "vault.db"
    copy = database.read_bytes()
    database.unlink()
    database.write_bytes(copy)
    for _ in range(2):
        with pytest.raises(IntegrityError) as caught:
            vault.patients.add("Grace")
        assert caught.value.code == "vault.changed_outside"


def test_v72_an_older_state_written_into_the_open_file_stops_writing(vault: Vault) -> None:
    vault.patients.add("Ada")
    with vault._store.staging() as connection:
        connection.exec_driver_sql("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)")
    for _ in range(2):
        with pytest.raises(IntegrityError) as caught:
            vault.patients.add("Grace")
        assert caught.value.code == "vault.changed_outside"
    assert [patient.name for patient in vault.patients.list()] == ["Ada"]
