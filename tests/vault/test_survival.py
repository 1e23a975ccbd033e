"""Killed imports, several threads, several processes, damaged pages."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from clarity_desktop.domain.errors import ClarityError, ConflictError, IntegrityError, LockedError
from clarity_desktop.domain.importing import ImportReport, SampleBatch, SinkCounts
from clarity_desktop.vault import Vault
from clarity_desktop.vault.store import schema

BASE = 1_700_000_000
HEART_RATE = "HKQuantityTypeIdentifierHeartRate"

_KILLED = textwrap.dedent(
    """
    import os, sys
    from pathlib import Path
    import numpy as np
    from clarity_desktop.domain.importing import ImportOutcome, ImportReport, Element, SampleBatch
    from clarity_desktop.vault import Vault
    from clarity_desktop.vault.intake import sink as sink_module

    key, directory, patient, where = bytes.fromhex(sys.stdin.readline()), Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    sink_module._ROWS_IN_MEMORY = 1000
    vault = Vault.open_with_key(directory, key)
    sink = vault.begin_import(patient, file="f", format="healthkit", sha256="1")
    if where == "begun":
        os._exit(9)
    n = 3000
    start = 1_700_000_000 + 60 * np.arange(n)
    zeros = np.zeros(n, np.int32)
    sink.samples(SampleBatch("HKQuantityTypeIdentifierHeartRate", "count/min", "Watch", start, zeros,
        np.full(n, 61.0), zeros.astype(np.uint8), start, zeros, zeros - 1))
    sink.element(Element("Workout", "1", 1, 2, "Watch", "{}"))
    if where == "staged":
        sink._stage_texts()
        os._exit(9)
    # Die inside the transaction that makes everything visible, just before its audit entry.
    vault._store.chain.append = lambda *_: os._exit(9)
    sink.finish(ImportReport("f", "healthkit", "1", ImportOutcome.OK, True, 1, 1.0))
    """
)


def whole_database(vault: Vault) -> dict[str, list[tuple[object, ...]]]:
    with vault._store.reading() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(table.select())]
            for table in schema.metadata.sorted_tables
            if table.name != "audit"
        }


@pytest.mark.parametrize("where", ["begun", "staged", "finishing"])
def test_a_killed_import_leaves_the_vault_as_before(
    vault: Vault,
    batch_of: Callable[..., SampleBatch],
    bring_in: Callable[..., dict[str, SinkCounts]],
    where: str,
) -> None:
    patient = vault.patients.add("Ada")
    bring_in(vault, patient.id, batch_of([(BASE, 0, 60.0, None)]))
    before = whole_database(vault)
    key, directory = vault.job_key(), vault.directory
    vault.close()
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(directory), patient.id, where],
        input=key.hex() + "\n",
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == 9, killed.stderr
    assert list(directory.glob("import-*.lock"))
    with Vault.open_with_key(directory, key) as again:
        assert whole_database(again) == before
        assert again.verify().ok
        assert "import" not in [entry.action for entry in again.audit.entries(limit=1)]
    assert not list(directory.glob("import-*"))


_IMPORTS_FOR_EVER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    import numpy as np
    from clarity_desktop.domain.importing import ImportOutcome, ImportReport, SampleBatch
    from clarity_desktop.vault import Vault
    from clarity_desktop.vault.intake import sink as sink_module

    key, directory, patient = bytes.fromhex(sys.stdin.readline()), Path(sys.argv[1]), sys.argv[2]
    sink_module._ROWS_IN_MEMORY = 2000
    with Vault.open_with_key(directory, key) as vault:
        print("open", flush=True)
        n, zeros = 5000, np.zeros(5000, np.int32)
        while True:
            (before,) = [0] if not vault.series.list(patient) else [one.n for one in vault.series.list(patient)]
            sink = vault.begin_import(patient, file="f", format="healthkit", sha256=str(before))
            for part in range(4):
                start = 1_700_000_000 + 60 * (before + 5000 * part + np.arange(n))
                sink.samples(SampleBatch("HKQuantityTypeIdentifierHeartRate", "count/min", "Watch", start, zeros,
                    start % 50 + 50.0, zeros.astype(np.uint8), start, zeros, zeros - 1))
            sink.finish(ImportReport("f", "healthkit", "1", ImportOutcome.OK, True, 1, 1.0))
    """
)


@pytest.mark.slow
def test_power_loss_at_any_moment_keeps_whole_imports_only(vault: Vault) -> None:
    """Thirty processes killed at random moments; every import is there whole or not at all."""
    random = np.random.default_rng(5)
    patient = vault.patients.add("Ada")
    key, directory = vault.job_key(), vault.directory
    vault.close()
    for _ in range(30):
        command = [sys.executable, "-c", _IMPORTS_FOR_EVER, str(directory), patient.id]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(key.hex() + "\n")
            child.stdin.flush()
            assert child.stdout.readline() == "open\n"
            time.sleep(float(random.uniform(0, 0.4)))
            child.kill()
        with Vault.open_with_key(directory, key) as again:
            report = again.verify()
            assert report.ok, report.problems
            stored = sum(series.n for series in again.series.list(patient.id))
            assert stored == 20_000 * len(again.imports.list(patient.id))
            entries = [entry.action for entry in again.audit.entries(limit=None)]
            assert entries.count("import") == len(again.imports.list(patient.id))


def test_a_running_import_outlives_a_second_opening(
    vault: Vault,
    batch_of: Callable[..., SampleBatch],
    report_of: Callable[..., ImportReport],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("clarity_desktop.vault.intake.sink._ROWS_IN_MEMORY", 10)
    patient = vault.patients.add("Ada")
    sink = vault.begin_import(patient.id, file="f", format="healthkit", sha256="1")
    sink.samples(batch_of([(BASE + i, 0, 60.0, None) for i in range(100)]))
    with Vault.open_with_key(vault.directory, vault.job_key()) as second:
        second.patients.add("Grace")
    assert sink.finish(report_of()) == {HEART_RATE: SinkCounts(100, 100)}
    assert vault.verify().ok


def test_many_threads_read_and_write(
    vault: Vault, batch_of: Callable[..., SampleBatch], bring_in: Callable[..., dict[str, SinkCounts]]
) -> None:
    patients = [vault.patients.add(f"Person {number}") for number in range(4)]
    given = [(BASE + 600 * i, 0, float(60 + i % 9), None) for i in range(3000)]

    def work(number: int) -> int:
        patient = patients[number % 4]
        counts = bring_in(vault, patient.id, batch_of(given[number // 4 :: 2]))
        vault.findings.put(f"{number}", patient.id, b"x")
        vault.patients.open(patient.id)
        (series,) = vault.series.list(patient.id)
        assert len(vault.series.read(series.id)) >= 1500
        return counts[HEART_RATE].stored_new or 0

    with ThreadPoolExecutor(8) as pool:
        new = list(pool.map(work, range(8)))
    assert sum(new) == 4 * 3000
    report = vault.verify()
    assert report.ok, report.problems
    assert len({vault.content_hash(patient.id) for patient in patients}) == 1


def test_two_open_vaults_keep_one_chain(vault: Vault) -> None:
    with Vault.open_with_key(vault.directory, vault.job_key(), who="Job") as job, ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda one: [one.audit.append("x") for _ in range(25)], (vault, job)))
    verdict = vault.audit.verify()
    assert verdict.chain_ok
    assert verdict.entries == 2 + 50


@pytest.mark.parametrize("flips", [30, pytest.param(1000, marks=pytest.mark.slow)])
def test_v4_flipped_bytes_are_found_by_opening_or_by_verify(
    vault: Vault,
    batch_of: Callable[..., SampleBatch],
    bring_in: Callable[..., dict[str, SinkCounts]],
    flips: int,
) -> None:
    """V-4 but for naming the damaged area: places spread over the file, one byte at a time."""
    patient = vault.patients.add("Ada")
    bring_in(vault, patient.id, batch_of([(BASE + 60 * i, 0, float(60 + i % 40), None) for i in range(20_000)]))
    key, database = vault.job_key(), vault.directory / "vault.db"
    vault.close()
    sound = database.read_bytes()
    for number in range(flips):
        at = min(len(sound) * number // flips + number % 97, len(sound) - 1)
        database.write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
        for leftover in ("vault.db-wal", "vault.db-shm"):
            (database.parent / leftover).unlink(missing_ok=True)
        try:
            with Vault.open_with_key(database.parent, key) as damaged:
                report = damaged.verify()
                noticed = not report.ok and report.integrity != "ok"
        except (IntegrityError, LockedError):
            noticed = True
        assert noticed, f"byte {at} of {len(sound)}"


def test_v4_verify_names_the_damaged_page(
    vault: Vault, batch_of: Callable[..., SampleBatch], bring_in: Callable[..., dict[str, SinkCounts]]
) -> None:
    patient = vault.patients.add("Ada")
    values = np.random.default_rng(1).normal(size=20_000)
    bring_in(vault, patient.id, batch_of([(BASE + 61 * i, 0, value, None) for i, value in enumerate(values.tolist())]))
    key, database = vault.job_key(), vault.directory / "vault.db"
    vault.close()
    sound, pages = database.read_bytes(), database.stat().st_size // 4096
    seal = database.with_name("audit.head")
    head = seal.read_bytes()
    within_samples = at_opening = tried = 0
    for page in range(pages // 3, pages, max(1, pages // 8)):
        spoilt = bytearray(sound)
        spoilt[4096 * (page - 1) + 100 : 4096 * (page - 1) + 106] = b"damage"
        database.write_bytes(spoilt)
        seal.write_bytes(head)
        for ending in ("-wal", "-shm"):
            database.with_name(database.name + ending).unlink(missing_ok=True)
        tried += 1
        try:
            damaged = Vault.open_with_key(database.parent, key)
        except IntegrityError as error:
            # The names of the tables lie there: nothing can be read without them.
            assert error.code == "vault.damaged"  # noqa: PT017
            at_opening += 1
            continue
        with damaged:
            report = damaged.verify()
            assert not report.ok
            assert f"page {page}" in report.integrity
            assert report.chain_ok
            # What lies on sound pages is still there.
            assert damaged.patients.list() == [patient]
            if "Stored samples cannot be read to the end." in report.problems:
                within_samples += 1
                with pytest.raises(IntegrityError) as caught:
                    damaged.series.read(damaged.series.list(patient.id)[0].id)
                assert caught.value.code == "vault.damaged"
    assert within_samples
    assert at_opening < tried / 2


def test_leftover_of_a_creation_that_was_killed(tmp_path: Path, passphrase: str) -> None:
    from clarity_desktop.vault import KdfParameters

    directory = tmp_path / "v"
    Vault.create(directory, passphrase, kdf=KdfParameters.for_tests()).close()
    # As it stands when the process dies before the database has got its name.
    (directory / "audit.head").unlink()
    (directory / "vault.db").rename(directory / "vault.db.new")
    # A log of a database that is no more must not be read into the new one.
    for name in ("vault.db-wal", "vault.db.new-wal"):
        (directory / name).write_bytes(b"left over" * 1000)
    assert not Vault.exists(directory)
    with Vault.create(directory, passphrase, kdf=KdfParameters.for_tests()) as again:
        assert again.verify().ok
    assert not (directory / "vault.db.new").exists()
    assert len(list(directory.glob("vault.keys.*.old"))) == 1


def test_a_full_disk_is_said_and_changes_nothing(
    vault: Vault, batch_of: Callable[..., SampleBatch], report_of: Callable[..., ImportReport]
) -> None:
    patient = vault.patients.add("Ada")
    with vault._store.staging() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    before = whole_database(vault)
    sink = vault.begin_import(patient.id, file="f", format="healthkit", sha256="1")
    sink.samples(batch_of([(BASE + 61 * i, 0, float(i * i), None) for i in range(20_000)]))
    with pytest.raises(ClarityError) as caught:
        sink.finish(report_of())
    assert caught.value.code == "vault.disk_full"
    sink.abandon()
    assert whole_database(vault) == before
    assert vault.verify().ok


def test_a_writer_elsewhere_is_said(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clarity_desktop.vault.store.engine._WAIT_S", 0.05)
    with Vault.open_with_key(vault.directory, vault.job_key()) as other:
        with vault._store.staging(), pytest.raises(ConflictError) as caught:
            other.patients.add("Ada")
        assert caught.value.code == "vault.busy"
        assert other.patients.list() == []
