"""Power loss, full disk, read-only folder, damaged page, clock moved back, newer schema: a message, and no loss."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.importing import SampleBatch
from clarity_desktop.vault import Vault

BASE = 1_700_000_000

_WRITES_FOR_EVER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from clarity_desktop.vault import Vault

    vault = Vault.open_with_key(Path(sys.argv[1]), bytes.fromhex(sys.stdin.readline()))
    while True:
        patient = vault.patients.add("Somebody")
        # What is said here was committed before.
        print(patient.id, flush=True)
    """
)


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of POSIX")
@pytest.mark.parametrize("rounds", [10, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])])
def test_killed_at_any_moment_nothing_that_was_committed_is_lost(vault: Vault, rounds: int) -> None:
    random = np.random.default_rng(11)
    key, directory = vault.job_key(), vault.directory
    vault.close()
    said: set[str] = set()
    for number in range(rounds):
        command = [sys.executable, "-c", _WRITES_FOR_EVER, str(directory)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(key.hex() + "\n")
            child.stdin.flush()
            said.add(child.stdout.readline().strip())
            time.sleep(float(random.uniform(0, 0.05)))
            child.send_signal(signal.SIGKILL)
            said.update(line.strip() for line in child.stdout if line.endswith("\n"))
        if number % 10 == rounds % 10 or number == rounds - 1:
            with Vault.open_with_key(directory, key) as again:
                assert not again.is_read_only
                report = again.verify()
                assert report.ok, report.problems
                assert said <= {patient.id for patient in again.patients.list()}
    assert len(said) >= rounds


_FULL = textwrap.dedent(
    """
    import resource, sys
    from pathlib import Path
    from clarity_desktop.domain.errors import ClarityError
    from clarity_desktop.vault import Vault

    vault = Vault.open_with_key(Path(sys.argv[1]), bytes.fromhex(sys.stdin.readline()))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((Path(sys.argv[1]) / "vault.db-wal").stat().st_size + 20000, limits[1]))
    added = 0
    try:
        for _ in range(1000):
            vault.patients.add("Somebody" * 100)
            added += 1
    except ClarityError as error:
        print(error.code, added)
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(vault.patients.list()) == added
    vault.patients.add("After it was freed")
    assert vault.verify().ok
    vault.close()
    """
)


def run_child(code: str, directory: Path, key: bytes) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, str(directory)],
        input=key.hex() + "\n",
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file sizes are of POSIX")
def test_a_disk_that_fills_up_is_said_and_writing_goes_on_afterwards(vault: Vault) -> None:
    key, directory = vault.job_key(), vault.directory
    vault.close()
    code, added = run_child(_FULL, directory, key).split()
    assert code in ("vault.disk_full", "vault.disk", "vault.audit_head")
    with Vault.open_with_key(directory, key) as again:
        assert len(again.patients.list()) == int(added) + 1
        assert again.verify().ok


_READ_ONLY = textwrap.dedent(
    """
    import os, sys
    from pathlib import Path
    from clarity_desktop.domain.errors import ClarityError
    from clarity_desktop.vault import Vault

    key, directory = bytes.fromhex(sys.stdin.readline()), Path(sys.argv[1])
    # Opened once before, so that everything is imported that another account may not read.
    Vault.open_with_key(directory, key).close()
    for path in directory.iterdir():
        path.chmod(0o444)
    directory.chmod(0o555)
    if os.geteuid() == 0:
        os.seteuid(65534)
    try:
        Vault.open_with_key(directory, key)
    except ClarityError as error:
        print(error.code, bool(error.remedy))
    """
)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are of POSIX")
def test_a_folder_that_cannot_be_written_to_is_said(vault: Vault, tmp_path: Path) -> None:
    vault.patients.add("Ada")
    key, directory = vault.job_key(), vault.directory
    vault.close()
    closed = [path for path in (tmp_path, *tmp_path.parents) if path.stat().st_mode & 0o055 != 0o055]
    before = {path: path.stat().st_mode for path in closed}
    for path, mode in before.items():
        path.chmod(mode | 0o055)
    try:
        said = run_child(_READ_ONLY, directory, key)
    finally:
        for path, mode in before.items():
            path.chmod(mode)
    assert said in ("vault.folder True", "vault.read_only True", "vault.disk True")
    directory.chmod(0o700)
    for path in directory.iterdir():
        path.chmod(0o600)
    with Vault.open_with_key(directory, key) as again:
        assert [patient.name for patient in again.patients.list()] == ["Ada"]
        assert again.verify().ok


def test_a_damaged_page_is_said_and_the_rest_can_be_read(
    vault: Vault, batch_of: Callable[..., SampleBatch], bring_in: Callable[..., object]
) -> None:
    patient = vault.patients.add("Ada")
    # Noise, so that most pages are samples: a page with the names of the tables would be found on opening.
    noise = np.random.default_rng(1).normal(size=60_000).tolist()
    bring_in(vault, patient.id, batch_of([(BASE + 61 * i, 0, value, None) for i, value in enumerate(noise)]))
    manifest = vault.backups.make()
    key, database = vault.job_key(), vault.directory / "vault.db"
    vault.close()
    with database.open("r+b") as file:
        file.seek(database.stat().st_size // 4096 * 3 // 4 * 4096 + 100)
        file.write(b"damage")
    with Vault.open_with_key(database.parent, key) as damaged:
        assert damaged.patients.list() == [patient]
        with pytest.raises(ClarityError) as caught:
            damaged.backups.make()
        assert caught.value.code == "backup.unsound"
        assert [one.name for one in damaged.backups.list()] == [manifest.name]
        assert not damaged.verify().ok


def test_a_clock_that_was_moved_back_is_noticed_and_the_order_stays(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.patients.add("Ada")
    assert not vault.clock_went_back()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 3 * 86_400)
    vault.patients.add("Grace")
    assert vault.clock_went_back()
    latest, before = vault.audit.entries(limit=2)
    assert latest.at < before.at
    assert latest.monotonic_ms >= before.monotonic_ms
    assert vault.audit.verify().chain_ok
    assert vault.verify().ok
