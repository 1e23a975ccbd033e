"""Making backups: verified, rotated, and never at the cost of an earlier one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.errors import CancelledError, ClarityError, ConflictError, IntegrityError
from clarity_desktop.domain.importing import ImportReport, SampleBatch
from clarity_desktop.domain.time import DAY_S
from clarity_desktop.domain.work import CancelToken
from clarity_desktop.vault import Vault
from clarity_desktop.vault.backup import rotation
from clarity_desktop.vault.backup.backups import Backups
from clarity_desktop.vault.backup.inspection import backups_in, checked
from clarity_desktop.vault.backup.manifest import Manifest
from clarity_desktop.vault.backup.writer import PARTIAL

BASE = 1_700_000_000
CLEAR = b"Ada Lovelace"


@pytest.fixture
def filled(vault: Vault, batch_of: Callable[..., SampleBatch], bring_in: Callable[..., object]) -> Vault:
    patient = vault.patients.add(CLEAR.decode())
    bring_in(vault, patient.id, batch_of([(BASE + 60 * i, 0, float(60 + i % 40), None) for i in range(20_000)]))
    return vault


def test_v51_a_backup_is_opened_from_the_written_file_before_it_counts(filled: Vault) -> None:
    manifest = filled.backups.make()
    assert manifest.verified is not None
    assert {"vault.db", "vault.keys", "audit.head"} == set(manifest.files)
    assert checked(filled.backups.folder / manifest.name).name == manifest.name
    assert manifest.opened(filled.data_key()).rows["patients"] == 1
    assert filled.backups.check(manifest.name) == manifest
    assert [entry.outcome for entry in filled.audit.entries(limit=2)] == ["ok", "begun"]


def test_a_backup_is_encrypted_and_for_its_owner_only(filled: Vault) -> None:
    manifest = filled.backups.make()
    folder = filled.backups.folder / manifest.name
    for path in folder.iterdir():
        assert CLEAR not in path.read_bytes()
        assert b"SQLite format 3" not in path.read_bytes()
        assert os.name != "posix" or path.stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0 or os.name != "posix"
    assert "patients" not in (folder / "manifest.json").read_text("utf-8")


def test_v51_a_copy_that_does_not_read_back_is_not_kept(filled: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    from clarity_desktop.vault.backup import writer

    kept = filled.backups.make()
    honest = writer.copy_database

    def torn(*given: object) -> object:
        made = honest(*given)  # type: ignore[arg-type]
        target = given[2]
        assert isinstance(target, Path)
        with target.open("r+b") as file:
            file.seek(4096 * 3 + 50)
            file.write(b"damage")
        return made

    monkeypatch.setattr(writer, "copy_database", torn)
    with pytest.raises(IntegrityError) as caught:
        filled.backups.make()
    assert caught.value.code == "backup.unsound"
    assert [one.name for one in filled.backups.list()] == [kept.name]
    assert not list(filled.backups.folder.glob(f"{PARTIAL}*"))
    assert filled.audit.entries(limit=1)[0].outcome == "failed"


def test_the_vault_is_written_to_while_it_is_copied(filled: Vault) -> None:
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            filled.audit.append("report.pdf")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        manifests = [filled.backups.make() for _ in range(3)]
    finally:
        stop.set()
        writer.join()
    entries = [manifest.opened(filled.data_key()).audit_entries for manifest in manifests]
    assert entries == sorted(entries)
    for manifest in manifests:
        rows = manifest.opened(filled.data_key()).rows
        assert rows["audit"] == manifest.opened(filled.data_key()).audit_entries
    assert filled.verify().ok


def test_a_backup_can_be_stopped(filled: Vault) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(CancelledError):
        filled.backups.make(cancel=token)
    assert filled.backups.list() == []
    assert not list(filled.backups.folder.glob(f"{PARTIAL}*"))
    assert filled.verify().ok


def test_a_second_backup_at_once_is_refused(filled: Vault) -> None:
    from clarity_desktop.vault.backup.writer import alone

    filled.backups.folder.mkdir()
    with alone(filled.backups.folder), pytest.raises(ConflictError) as caught:
        filled.backups.make()
    assert caught.value.code == "backup.running"


def manifest_at(created: int, *, kind: str = "scheduled", verified: bool = True, name: str = "") -> Manifest:
    return Manifest(name or f"b{created}", "v", "1", "1", created, kind, created if verified else None, {})


def noon(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, 12, tzinfo=UTC).timestamp())


def test_v50_seven_days_four_weeks_six_months_stay() -> None:
    """A backup a day for a year, each rotated as it is made."""
    held: list[Manifest] = []
    start = noon(2025, 1, 1)
    for day in range(365):
        now = start + day * DAY_S
        held.append(manifest_at(now))
        gone = {one.name for one in rotation.expendable(held, now)}
        held = [one for one in held if one.name not in gone]
    days = [datetime.fromtimestamp(one.created, UTC).date().isoformat() for one in reversed(held)]
    assert days[:7] == [f"2025-12-{day}" for day in range(31, 24, -1)]
    weeks = {datetime.fromtimestamp(one.created, UTC).strftime("%G-%V") for one in held}
    assert len(weeks & {"2026-01", "2025-52", "2025-51", "2025-50"}) == 4
    months = {day[:7] for day in days}
    assert months >= {f"2025-{month:02d}" for month in range(7, 13)}
    assert len(held) <= rotation.DAILY + rotation.WEEKLY + rotation.MONTHLY


@given(
    st.lists(
        st.tuples(st.integers(0, 400 * DAY_S), st.booleans(), st.sampled_from(["scheduled", "migration", "safety"])),
        max_size=40,
    ),
    st.integers(0, 500 * DAY_S),
)
def test_v50_the_last_verified_one_never_goes(given_ones: list[tuple[int, bool, str]], now: int) -> None:
    held = [
        manifest_at(BASE + at, kind=kind, verified=verified, name=f"b{number}")
        for number, (at, verified, kind) in enumerate(given_ones)
    ]
    gone = {one.name for one in rotation.expendable(held, BASE + now)}
    last = rotation.last_verified(held)
    assert last is None or last.name not in gone
    if last is None:
        assert not gone
    remaining = [one for one in held if one.name not in gone]
    assert rotation.expendable(remaining, BASE + now) == []


def test_v50_a_day_after_the_last_one_the_next_is_due(filled: Vault) -> None:
    now = [float(noon(2026, 3, 1))]
    backups = Backups(filled._store, filled.data_key, filled.backups.folder, clock=lambda: now[0])
    assert backups.make_if_due() is not None
    assert backups.make_if_due() is None
    now[0] += DAY_S - 1
    assert backups.make_if_due() is None
    now[0] += 1
    assert backups.make_if_due() is not None
    # The clock moved back: what lies ahead of it does not stop the next backup, and stays.
    now[0] -= 40 * DAY_S
    assert backups.make_if_due() is not None
    assert len(backups.list()) == 3


def test_v58_seven_days_without_a_verified_backup_are_reported(filled: Vault) -> None:
    now = [time.time()]
    backups = Backups(filled._store, filled.data_key, filled.backups.folder, clock=lambda: now[0])
    assert not backups.is_overdue()
    now[0] += 7 * DAY_S
    assert backups.is_overdue()
    backups.make()
    assert not backups.is_overdue()
    now[0] += 7 * DAY_S
    assert backups.is_overdue()


def test_rotation_removes_what_has_gone_out_of_use(filled: Vault) -> None:
    now = [float(noon(2026, 3, 1))]
    backups = Backups(filled._store, filled.data_key, filled.backups.folder, clock=lambda: now[0])
    names = []
    for _ in range(3):
        names.append(backups.make().name)
        now[0] += 60
    assert [one.name for one in backups.list()] == [names[-1]]
    assert filled.audit.entries(limit=1)[0].action == "vault.backup_expired"
    assert not list(backups.folder.glob(f"{PARTIAL}*"))


_FULL = textwrap.dedent(
    """
    import resource, sys
    from pathlib import Path
    from clarity_desktop.domain.errors import ClarityError
    from clarity_desktop.vault import Vault

    with Vault.open_with_key(Path(sys.argv[1]), bytes.fromhex(sys.stdin.readline())) as vault:
        before = [one.name for one in vault.backups.list()]
        size = (Path(sys.argv[1]) / "vault.db").stat().st_size
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, limits[1]))
        try:
            vault.backups.make()
        except ClarityError as error:
            print(error.code)
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert [one.name for one in vault.backups.list()] == before
        assert vault.verify().ok
    """
)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file sizes are of POSIX")
def test_v57_a_disk_that_fills_up_leaves_the_earlier_backup(filled: Vault) -> None:
    kept = filled.backups.make()
    key, directory, folder = filled.job_key(), filled.directory, filled.backups.folder
    filled.close()
    done = subprocess.run(
        [sys.executable, "-c", _FULL, str(directory)],
        input=key.hex() + "\n",
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in ("backup.no_room", "backup.place")
    assert checked(folder / kept.name).verified
    assert not list(folder.glob(f"{PARTIAL}*"))


def test_v57_no_room_is_seen_before_anything_is_written(filled: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100, 99, 1))
    with pytest.raises(ClarityError) as caught:
        filled.backups.make()
    assert caught.value.code == "backup.no_room"
    assert not list(filled.backups.folder.glob(f"{PARTIAL}*"))


def test_v57_a_place_that_is_gone_is_said(filled: Vault, tmp_path: Path) -> None:
    kept = filled.backups.make()
    in_the_way = tmp_path / "file"
    in_the_way.write_text("no folder")
    with pytest.raises(ClarityError) as caught:
        filled.backups.make(folder=in_the_way / "backups")
    assert caught.value.code == "backup.place"
    assert [one.name for one in filled.backups.list()] == [kept.name]


_BACKS_UP_FOR_EVER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from clarity_desktop.vault import Vault

    with Vault.open_with_key(Path(sys.argv[1]), bytes.fromhex(sys.stdin.readline())) as vault:
        print("open", flush=True)
        while True:
            vault.backups.make()
    """
)


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of POSIX")
@pytest.mark.parametrize("rounds", [5, pytest.param(40, marks=pytest.mark.slow)])
def test_v57_killed_while_backing_up_the_earlier_ones_stay_whole(filled: Vault, rounds: int) -> None:
    random = np.random.default_rng(7)
    filled.backups.make()
    key, directory, folder = filled.job_key(), filled.directory, filled.backups.folder
    filled.close()
    for _ in range(rounds):
        command = [sys.executable, "-c", _BACKS_UP_FOR_EVER, str(directory)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(key.hex() + "\n")
            child.stdin.flush()
            assert child.stdout.readline() == "open\n"
            time.sleep(float(random.uniform(0, 0.3)))
            child.send_signal(signal.SIGKILL)
        whole = backups_in(folder)
        assert whole
        for manifest in whole:
            checked(folder / manifest.name)
    with Vault.open_with_key(directory, key) as again:
        assert again.verify().ok
        again.backups.make()
    assert not list(folder.glob(f"{PARTIAL}*"))


def test_a_manifest_cannot_be_changed_unseen(filled: Vault) -> None:
    made = filled.backups.make()
    path = filled.backups.folder / made.name / "manifest.json"
    document = json.loads(path.read_text("utf-8"))
    document["kind"] = "scheduled"
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(IntegrityError) as caught:
        filled.backups.check(made.name)
    assert caught.value.code == "backup.altered"


def test_v28_a_backup_of_a_damaged_vault_ends_with_its_entry(
    vault: Vault, batch_of: Callable[..., SampleBatch], report_of: Callable[..., ImportReport]
) -> None:
    """Whichever page of the recordings is damaged, the audit says that the backup did not come about."""
    patient = vault.patients.add("Ada")
    sink = vault.begin_import(patient.id, file="f", format="healthkit", sha256="1")
    random = np.random.default_rng(5)
    for month in range(12):
        rows = [(BASE + 30 * 86_400 * month + 60 * i, 0, float(random.normal()), None) for i in range(1_200)]
        sink.samples(batch_of(rows))
    sink.finish(report_of())
    with vault._store.reading() as connection:
        roots = connection.exec_driver_sql("SELECT rootpage FROM sqlite_master WHERE name = 'audit'").scalars().all()
    key, database = vault.job_key(), vault.directory / "vault.db"
    vault.close()
    sound = database.read_bytes()
    said = []
    for page in range(40, len(sound) // 4096, max(1, (len(sound) // 4096 - 40) // 12)):
        if page + 1 in roots:
            continue
        damaged = bytearray(sound)
        damaged[page * 4096 + 100] ^= 1
        database.write_bytes(damaged)
        for ending in ("-wal", "-shm"):
            database.with_name(database.name + ending).unlink(missing_ok=True)
        try:
            opened = Vault.open_with_key(database.parent, key)
        except IntegrityError:
            continue
        with opened:
            try:
                opened.backups.make()
            except IntegrityError:
                said.append([one.outcome for one in opened.audit.entries(2)])
    assert len(said) >= 6
    assert said == [["failed", "begun"]] * len(said)
