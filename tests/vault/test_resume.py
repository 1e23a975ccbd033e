"""Interrupted imports: killed anywhere, they go on where they were and end with the same bytes."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from clarity_desktop.domain.errors import CancelledError
from clarity_desktop.domain.importing import ImportOutcome, ImportReport
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.work import CancelToken, CancelWay
from clarity_desktop.importers.pipeline import import_file
from clarity_desktop.vault import Vault
from clarity_desktop.vault.intake import sink as sink_module
from clarity_desktop.vault.intake.journal import ImportPlace
from clarity_desktop.vault.tables.chunks import all_blobs

SAMPLE = Path(__file__).resolve().parent.parent / "data" / "healthkit" / "sample_small.zip"

_CHILD = textwrap.dedent(
    """
    import os, sys
    from pathlib import Path
    from clarity_desktop.importers.healthkit import container, reader
    from clarity_desktop.importers.pipeline import import_file
    from clarity_desktop.vault import Vault
    from clarity_desktop.vault.intake import sink as sink_module
    from clarity_desktop.vault.intake.journal import ImportPlace

    key, directory, patient = bytes.fromhex(sys.stdin.readline()), Path(sys.argv[1]), sys.argv[2]
    file, die_at = Path(sys.argv[3]), int(sys.argv[4])
    sink_module._ROWS_IN_MEMORY = 700
    sink_module._MARK_EVERY_S = sink_module._MARK_LONGEST_S = 0.0
    reader.ExportReader.__init__.__kwdefaults__["flush_rows"] = 400
    container.open_export.__wrapped__.__defaults__ = (64 << 10,)
    vault = Vault.open_with_key(directory, key)
    print("open", flush=True)
    calls = 0
    staging = vault._store.staging

    def counted():
        global calls
        calls += 1
        if calls == die_at:
            os._exit(9)
        return staging()

    vault._store.staging = counted
    place = ImportPlace(file.name, str(file))
    report = import_file(file, lambda form, sha256, name: vault.begin_import(
        patient, file=name, format=form, sha256=sha256, place=place))
    vault.close()
    """
)


def visible_bytes(vault: Vault) -> str:
    """A hash over the unsealed bytes of every visible chunk, and over everything else that is stored of a patient."""
    state = hashlib.sha256()
    queries = (
        "SELECT kind, unit, source, labels, n, first, last, device, digest FROM series ORDER BY kind, unit, source",
        "SELECT kind, key, start, stop, digest FROM elements ORDER BY kind, key",
        "SELECT kind, unit, source, origin_id, o.n FROM series JOIN series_origins o ON id=series_id ORDER BY 1,2,3,4",
        'SELECT kind, "offset", code FROM set_aside ORDER BY "offset"',
        "SELECT from_utc, zone, certainty, evidence, evidence_count FROM zones ORDER BY position",
    )
    with vault._store.reading() as connection:
        found = connection.exec_driver_sql("SELECT id, kind, unit, source FROM series")
        named = {row[0]: tuple(row[1:]) for row in found}
        for row in sorted(all_blobs(connection), key=lambda one: (named[one.series_id], one.period)):
            seal = vault._store.seal_of(row.patient_id)
            state.update(repr((named[row.series_id], row.period, row.n, row.digest)).encode())
            for name in ("rollup", "core", "rest"):
                state.update(seal.open(getattr(row, name), "blobs", row.blob_id, name))
        for query in queries:
            for line in connection.exec_driver_sql(query):
                state.update(repr(tuple(line)).encode())
    return state.hexdigest()


def told(report: ImportReport) -> tuple[object, ...]:
    """What a report says of the file, apart from how the reading went."""
    problems = sorted((one.code, one.count, one.first_at) for one in report.problems)
    return report.types, report.elements, problems, report.zones, report.outcome, report.bytes, report.person


def run_child(vault: Vault, patient: Patient, die_at: int = 0, kill_after: float | None = None) -> int:
    key, directory = vault.data_key(), vault.directory
    vault.close()
    command = [sys.executable, "-c", _CHILD, str(directory), patient.id, str(SAMPLE), str(die_at)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(key.hex() + "\n")
        child.stdin.flush()
        assert child.stdout.readline() == "open\n"
        if kill_after is not None:
            time.sleep(kill_after)
            child.kill()
        return child.wait(120)


def bring_in(vault: Vault, patient: Patient, cancel: CancelToken | None = None, **more: object) -> ImportReport:
    place = ImportPlace(SAMPLE.name, str(SAMPLE))
    return import_file(
        SAMPLE,
        lambda form, sha256, name: vault.begin_import(patient.id, file=name, format=form, sha256=sha256, place=place),
        cancel=cancel,
        **more,  # type: ignore[arg-type]
    )


@pytest.fixture
def undisturbed(vault: Vault) -> tuple[str, str, ImportReport]:
    """Content hash, bytes and report of an import that nothing interrupts, which is taken back afterwards."""
    patient = vault.patients.add("Grace")
    report = bring_in(vault, patient)
    answer = vault.content_hash(patient.id), visible_bytes(vault), report
    assert report.import_id is not None
    vault.reversals.undo(report.import_id)
    return answer


@pytest.mark.parametrize("die_at", [6, 15, 24])
def test_a_killed_import_goes_on_where_it_was_and_ends_with_the_same_bytes(
    vault: Vault, undisturbed: tuple[str, str, ImportReport], die_at: int
) -> None:
    patient = vault.patients.list()[0]
    empty = visible_bytes(vault)
    directory, key = vault.directory, vault.data_key()
    assert run_child(vault, patient, die_at) == 9
    with Vault.open_with_key(directory, key) as again:
        (unfinished,) = again.journal.unfinished(patient.id)
        assert unfinished.file == SAMPLE.name
        assert 0 < unfinished.done < (unfinished.total or 0)
        assert visible_bytes(again) == empty, "nothing is visible before the end"
        report = bring_in(again, patient)
        assert report.resumed_at
        assert told(report) == told(undisturbed[2])
        assert again.content_hash(patient.id) == undisturbed[0]
        assert visible_bytes(again) == undisturbed[1]
        assert again.journal.unfinished() == []
        assert again.verify().ok
        with again._store.reading() as connection:
            for table in ("stage", "stage_chunks", "stage_elements", "stage_set_aside", "import_journal"):
                assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() == 0


@pytest.mark.slow
def test_twenty_kills_at_random_moments_change_nothing(
    vault: Vault, undisturbed: tuple[str, str, ImportReport]
) -> None:
    random = np.random.default_rng(9)
    patient = vault.patients.list()[0]
    directory, key = vault.directory, vault.data_key()
    kills = resumed = 0
    while kills < 20:
        run_child(vault, patient, kill_after=float(random.uniform(0.02, 1.6)))
        vault = Vault.open_with_key(directory, key)
        ended = [one for one in vault.imports.list(patient.id) if one.outcome is not ImportOutcome.UNDONE]
        if not ended:
            kills += 1
            resumed += bool(vault.journal.unfinished(patient.id))
            continue
        assert (vault.content_hash(patient.id), visible_bytes(vault)) == undisturbed[:2]
        for one in reversed(ended):
            vault.reversals.undo(one.import_id or 0)
    bring_in(vault, patient)
    assert (vault.content_hash(patient.id), visible_bytes(vault)) == undisturbed[:2]
    assert resumed > 0
    vault.close()


def test_an_interrupted_import_of_a_changed_file_begins_anew(vault: Vault, tmp_path: Path) -> None:
    patient = vault.patients.add("Ada")
    file = tmp_path / "export.zip"
    place = ImportPlace(file.name, str(file))
    entry = vault.journal.begin(patient.id, format="healthkit", sha256="before", place=place)
    with vault._store.staging() as connection:
        vault.journal.mark(connection, entry, place, {"reader": {}})
    entry.lock.release()
    assert vault.journal.changed_file(patient.id, sha256="after", path=str(file))
    assert vault.journal.take_up(patient.id, format="healthkit", sha256="after", place=place) is None
    assert vault.journal.unfinished() == []


@pytest.mark.parametrize("way", list(CancelWay))
def test_stopping_leaves_the_vault_as_before_or_keeps_the_part_as_chosen(
    vault: Vault, undisturbed: tuple[str, str, ImportReport], monkeypatch: pytest.MonkeyPatch, way: CancelWay
) -> None:
    from clarity_desktop.importers.healthkit import container

    monkeypatch.setattr(sink_module, "_ROWS_IN_MEMORY", 3000)
    monkeypatch.setattr(container.open_export.__wrapped__, "__defaults__", (64 << 10,))
    patient = vault.patients.list()[0]
    before = visible_bytes(vault)
    token = CancelToken(way)

    def stop_half_way(progress: object) -> None:
        if getattr(progress, "step", "") == "Reading records" and (getattr(progress, "share", 0) or 0) > 0.5:
            token.cancel()

    if way is CancelWay.KEEP:
        report = bring_in(vault, patient, token, progress=stop_half_way)
        assert report.outcome is ImportOutcome.INCOMPLETE
        assert "file.stopped" in {one.code for one in report.problems}
        stored = sum(one.n for one in vault.series.list(patient.id))
        assert 0 < stored < sum(count.unique for count in undisturbed[2].types.values())
    else:
        with pytest.raises(CancelledError):
            bring_in(vault, patient, token, progress=stop_half_way)
        assert visible_bytes(vault) == before
        assert bool(vault.journal.unfinished()) is (way is CancelWay.PAUSE)
    finished = bring_in(vault, patient)
    assert finished.complete
    assert bool(finished.resumed_at) is (way is CancelWay.PAUSE)
    assert vault.content_hash(patient.id) == undisturbed[0]
