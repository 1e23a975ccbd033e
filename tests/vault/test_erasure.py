"""Erasing a patient: no byte stays, no copy brings them back, a kill changes nothing (V-47, V-60, V-62 to V-66)."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pytest

from clarity_desktop.domain.errors import ConflictError, IntegrityError, NotFoundError, UsageError
from clarity_desktop.domain.importing import Element, ImportReport, Origin, SampleBatch, SetAside, ZoneFound
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.time import Certainty, ZonePeriod
from clarity_desktop.vault import KdfParameters, Vault
from clarity_desktop.vault.erasure.certificate import CertificateOfErasure, CopyState
from clarity_desktop.vault.erasure.copies import BackupPlace
from clarity_desktop.vault.erasure.ledger import ErasureLedger, LedgerEntry
from clarity_desktop.vault.erasure.rows import KEPT, OWNED
from clarity_desktop.vault.seal.keyring import PatientKeys, read_wrapped
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.engine import connector
from clarity_desktop.vault.vault import apply_erasure_ledger

BASE = 1_700_000_000
_WORDS = """
    name tag device source kind label extra element key aside zone file finding reason
"""
CANARIES = tuple(f"canary-{word}" for word in _WORDS.split())


def by_two(vault: Vault, patient_id: str, places: Sequence[BackupPlace] = ()) -> CertificateOfErasure:
    return vault.erase(patient_id, requested_by="Dr. A.", confirmed_by="Dr. B.", places=places)


def fill(
    vault: Vault, batch_of: Callable[..., SampleBatch], report_of: Callable[..., ImportReport], mark: str = "canary-"
) -> Patient:
    """A patient whose every text bears a mark."""
    patient = vault.patients.add(f"{mark}name", birth_date=date(1911, 2, 3), tags=(f"{mark}tag",))
    sink = vault.begin_import(patient.id, file=f"{mark}file.xml", format="healthkit", sha256="1")
    origin = Origin(f"{mark}device", "1")
    rows = [(BASE + 60 * i, 0, 61.25 + i % 7, f'{{"x":"{mark}extra {i % 5}"}}') for i in range(3000)]
    sink.samples(batch_of(rows, source=f"{mark}source", origin=origin))
    sink.samples(batch_of([(BASE, 9, 0.0, None)], kind=f"{mark}kind", labels=(f"{mark}label",), origin=origin))
    sink.element(Element("Workout", f"{mark}key", BASE, BASE + 9, f"{mark}source", f'{{"a":"{mark}element"}}'))
    sink.set_aside(SetAside("x", 3, f"<{mark}aside/>", "date.impossible"))
    sink.zones((ZoneFound(ZonePeriod(BASE, "Europe/London", Certainty.STATED, "file"), f"{mark}zone", 3),))
    sink.finish(report_of(file=f"{mark}file.xml"))
    vault.findings.put(f"{mark}finding", patient.id, f"{mark}finding".encode())
    return patient


def decrypted(database: Path, key: bytes, folder: Path) -> bytes:
    """The pages of a database and its log in plain: of the file as it lies there, free pages included."""
    copy = folder / "taken"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    for ending in ("", "-wal"):
        path = database.with_name(database.name + ending)
        if path.exists():
            shutil.copy(path, copy / path.name)
    connection = connector(copy / database.name, key)()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    connection.close()
    return plain_pages(copy / database.name, key)


def plain_pages(path: Path, key: bytes) -> bytes:
    """Every page of a SQLCipher 4 file decrypted one by one, used or free."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    raw, size, reserve = path.read_bytes(), 4096, 80
    pages = []
    for number in range(len(raw) // size):
        page = raw[number * size : (number + 1) * size]
        body = page[16 if number == 0 else 0 : size - reserve]
        cipher = Cipher(algorithms.AES(key), modes.CBC(page[size - reserve : size - reserve + 16])).decryptor()
        pages.append(cipher.update(body) + cipher.finalize())
    return b"".join(pages)


@pytest.fixture
def filled(
    vault: Vault, batch_of: Callable[..., SampleBatch], report_of: Callable[..., ImportReport]
) -> tuple[Vault, Patient, Patient]:
    gone = fill(vault, batch_of, report_of)
    return vault, gone, fill(vault, batch_of, report_of, mark="stays-")


def test_v62_no_byte_of_an_erased_patient_stays(filled: tuple[Vault, Patient, Patient], tmp_path: Path) -> None:
    vault, gone, stays = filled
    key, database = vault.data_key(), vault.directory / "vault.db"
    vault.holds.place(gone.id, "canary-reason of the court")
    vault.holds.release(gone.id)
    before = decrypted(database, key, tmp_path)
    assert b"canary-device" in before
    assert b"canary-name" not in before  # sealed even within the encrypted pages
    assert gone.id.encode() in before
    by_two(vault, gone.id)
    after = decrypted(database, key, tmp_path)
    assert [word for word in CANARIES if word.encode() in after] == []
    assert b"stays-device" in after
    assert vault.patients.get(stays.id).name == "stays-name"
    assert gone.id.encode() not in (vault.directory / "patients.keys").read_bytes()
    with pytest.raises(NotFoundError):
        vault.patients.get(gone.id)
    assert [one.id for one in vault.patients.list()] == [stays.id]
    assert vault.findings.get("stays-finding") == b"stays-finding"
    assert len(vault.series.list(stays.id)) == 2
    assert vault.verify().ok
    with vault._store.reading() as connection:
        origins = connection.exec_driver_sql("SELECT device FROM origins").scalars().all()
    assert origins == ["stays-device"]


def test_v62_every_table_is_either_kept_or_cleared() -> None:
    shared = {"alembic_version", "audit_stubs", "personal", "blobs", "origins", "patients", "people", "retention"}
    shared |= {"workstation_rules"}
    # Carrier types by kind, the same for everybody.
    shared |= {"sync_kinds"}
    # Cleared as a whole or by content, see the next test.
    by_content = {"pat_heads", "cloud_bodies", "sync_state"}
    staged = {"stage", "stage_chunks", "stage_elements", "stage_set_aside"}
    unknown = [
        name
        for name, table in schema.metadata.tables.items()
        if name not in KEPT | shared | staged | by_content
        and "patient_id" not in table.c
        and not set(OWNED) & set(table.c.keys())
    ]
    assert unknown == []


def test_v62_what_names_nobody_in_a_column_is_cleared_by_what_it_holds(
    filled: tuple[Vault, Patient, Patient], tmp_path: Path
) -> None:
    vault, gone, stays = filled
    report = {"people": 2}
    vault.pat.add_head("shared", "recipe", {"label": "stays-label", "report": report}, (gone.id, stays.id))
    vault.pat.add_head("alone", "recipe", {"label": "canary-label", "report": {"people": 1}}, (gone.id,))
    with vault._store.staging() as connection:
        connection.exec_driver_sql("INSERT INTO cloud_bodies VALUES ('a', 'GET /x', 'e', 1, 1, 9, 'canary-body')")
        for name, document in (("account", '{"a":1}'), (f"epoch/{gone.id}", "7"), ("last", f'["{gone.id}"]')):
            connection.exec_driver_sql("INSERT INTO sync_state VALUES (?, ?, 1)", (name, document))
    by_two(vault, gone.id)
    # A head says of itself whom it still rests on, so that those who read it know (its page says: train it again).
    assert [(one.id, one.people, one.document["report"]["people"]) for one in vault.pat.heads()] == [("shared", 1, 2)]
    with vault._store.reading() as connection:
        assert connection.exec_driver_sql("SELECT name FROM sync_state").scalars().all() == ["account"]
        assert connection.exec_driver_sql("SELECT count(*) FROM cloud_bodies").scalar_one() == 0
    after = decrypted(vault.directory / "vault.db", vault.data_key(), tmp_path)
    assert b"canary-label" not in after
    assert b"canary-body" not in after


def test_v63_what_was_copied_before_does_not_open_any_more(
    filled: tuple[Vault, Patient, Patient], tmp_path: Path
) -> None:
    vault, gone, stays = filled
    key = vault.data_key()
    (heart, _) = sorted(vault.series.list(gone.id), key=lambda one: -one.n)
    with vault._store.reading() as connection:
        blob_id, core = connection.exec_driver_sql(
            "SELECT blobs.id, core FROM blobs JOIN chunks ON blob_id = blobs.id WHERE series_id = ?", (heart.id,)
        ).one()
    assert len(vault._store.seal_of(gone.id).open(core, "blobs", blob_id, "core")) > 50
    by_two(vault, gone.id)
    for keys in (vault._store.keys, PatientKeys(vault.directory / "patients.keys", key)):
        with pytest.raises(IntegrityError) as caught:
            keys.seal_of(gone.id)
        assert caught.value.code == "vault.patient_key"
    with pytest.raises(IntegrityError):
        vault._store.seal_of(stays.id).open(core, "blobs", blob_id, "core")


def test_v64_backups_lose_the_key_or_are_caught_by_the_ledger(
    filled: tuple[Vault, Patient, Patient], tmp_path: Path
) -> None:
    vault, gone, stays = filled
    key = vault.data_key()
    near, empty, far = tmp_path / "near", tmp_path / "empty", tmp_path / "far"
    empty.mkdir()
    for folder in (near / "one", far / "two"):
        folder.mkdir(parents=True)
        for name in ("vault.db", "vault.db-wal", "vault.keys", "audit.head", "patients.keys"):
            if (vault.directory / name).exists():
                shutil.copy(vault.directory / name, folder / name)
    far.rename(tmp_path / "unplugged")
    places = [BackupPlace(near, 1_900_000_000), BackupPlace(empty), BackupPlace(far, 1_950_000_000)]
    certificate = by_two(vault, gone.id, places=places)
    assert [(copy.place, copy.state, copy.until) for copy in certificate.copies] == [
        (str(near), CopyState.KEY_REMOVED, 1_900_000_000),
        (str(empty), CopyState.HOLDS_NOTHING, None),
        (str(far), CopyState.NOT_REACHED, 1_950_000_000),
    ]
    assert set(read_wrapped(near / "one" / "patients.keys")) == {stays.id}
    ledger = vault.directory / "erased.ledger"
    assert [entry.patient_id for entry in ErasureLedger(ledger, key).entries()] == [gone.id]
    vault.close()
    restored = tmp_path / "unplugged" / "two"
    with Vault.open_with_key(restored, key) as old:
        assert len(old.patients.list()) == 2
        assert apply_erasure_ledger(old, ledger) == (gone.id,)
        assert [one.id for one in old.patients.list()] == [stays.id]
        assert old.erasures.certificate(gone.id).again
        assert old.verify().ok
    assert b"canary" not in decrypted(restored / "vault.db", key, tmp_path)


def test_v56_an_older_database_put_back_shows_no_erased_patient(filled: tuple[Vault, Patient, Patient]) -> None:
    vault, gone, stays = filled
    key, directory = vault.data_key(), vault.directory
    vault.close()
    old = (directory / "vault.db").read_bytes(), (directory / "patients.keys").read_bytes()
    with Vault.open_with_key(directory, key) as again:
        by_two(again, gone.id)
    (directory / "vault.db").write_bytes(old[0])
    (directory / "patients.keys").write_bytes(old[1])
    for name in ("vault.db-wal", "vault.db-shm"):
        (directory / name).unlink(missing_ok=True)
    with Vault.open_with_key(directory, key) as restored:
        assert [one.id for one in restored.patients.list()] == [stays.id]
        assert "patient.erase.again" in [entry.action for entry in restored.audit.entries()]
    assert set(read_wrapped(directory / "patients.keys")) == {stays.id}


def test_a_ledger_somebody_else_wrote_erases_nobody(filled: tuple[Vault, Patient, Patient]) -> None:
    vault, gone, _ = filled
    ErasureLedger(vault.directory / "erased.ledger", bytes(32)).add(LedgerEntry(gone.id, 1))
    assert vault.erasures.settle() == ()
    assert len(vault.patients.list()) == 2
    assert not ErasureLedger(vault.directory / "erased.ledger", vault.data_key()).is_sound()


def test_v65_the_certificate_says_what_when_who_and_no_name(
    filled: tuple[Vault, Patient, Patient], tmp_path: Path
) -> None:
    vault, gone, _ = filled
    content = vault.content_hash(gone.id)
    certificate = by_two(vault, gone.id, places=[BackupPlace(tmp_path / "away", 1_900_000_000)])
    assert (certificate.requested_by, certificate.confirmed_by) == ("Dr. A.", "Dr. B.")
    assert certificate.content_sha256 == content
    assert len(certificate.key_sha256) == 64
    assert certificate.pages == "rewritten"
    assert certificate.rows["series"] == 2
    assert certificate.rows["patients"] == 1
    assert vault.erasures.certificate(gone.id) == certificate
    assert CertificateOfErasure.from_json(certificate.as_json()) == certificate
    text = certificate.as_text()
    for word in (gone.id, "Dr. A.", "Dr. B.", content, certificate.key_sha256, "2030-03-17"):
        assert word in text
    held = text + certificate.as_json() + str(vault.audit.entries(limit=None))
    assert [word for word in (*CANARIES, "1911") if word in held] == []
    about = [entry.action for entry in vault.audit.entries(patient_id=gone.id)]
    assert about[:3] == ["patient.erase.done", "patient.erase", "patient.erase.begin"]


@pytest.mark.parametrize(("first", "second"), [("Dr. A.", "Dr. A."), ("Dr. A.", " dr. a. "), ("", "B"), ("A", " ")])
def test_v47_one_person_alone_erases_nobody(filled: tuple[Vault, Patient, Patient], first: str, second: str) -> None:
    vault, gone, _ = filled
    with pytest.raises(UsageError) as caught:
        vault.erase(gone.id, requested_by=first, confirmed_by=second)
    assert caught.value.code == "erase.two_people"
    assert len(vault.patients.list()) == 2


def test_v60_a_legal_hold_forbids_an_erasure(filled: tuple[Vault, Patient, Patient]) -> None:
    vault, gone, _ = filled
    hold = vault.holds.place(gone.id, "Order of the court")
    assert vault.holds.list(gone.id) == [hold]
    assert vault.holds.held() == {gone.id}
    with pytest.raises(ConflictError) as caught:
        by_two(vault, gone.id)
    assert caught.value.code == "patient.on_hold"
    assert vault.patients.get(gone.id) == gone
    vault.holds.release(gone.id)
    with pytest.raises(NotFoundError):
        vault.holds.release(gone.id)
    by_two(vault, gone.id)


def test_nobody_is_erased_during_an_import(filled: tuple[Vault, Patient, Patient]) -> None:
    vault, gone, stays = filled
    sink = vault.begin_import(stays.id, file="f", format="healthkit", sha256="3")
    with pytest.raises(ConflictError) as caught:
        by_two(vault, gone.id)
    assert caught.value.code == "erase.import_running"
    sink.abandon()
    by_two(vault, gone.id)


_KILLED = textwrap.dedent(
    """
    import os, sys
    from pathlib import Path
    from clarity_desktop.vault import Vault
    from clarity_desktop.vault.erasure.copies import BackupPlace

    key, directory, patient = bytes.fromhex(sys.stdin.readline()), Path(sys.argv[1]), sys.argv[2]
    step, after = int(sys.argv[3]), sys.argv[4] == "after"
    vault = Vault.open_with_key(directory, key)
    steps = list(vault.erasures._steps)
    if step == len(steps):
        # Inside the transaction that ends the erasure.
        append = vault._store.chain.append
        def die(connection, entry):
            return os._exit(9) if entry.action == "patient.erase.done" else append(connection, entry)
        vault._store.chain.append = die
    else:
        done = steps[step]
        def killed(entry, plan):
            if after:
                done(entry, plan)
            os._exit(9)
        steps[step] = killed
    vault.erasures._steps = tuple(steps)
    vault.erase(patient, requested_by="A", confirmed_by="B", places=[BackupPlace(directory.parent / "backup")])
    """
)


@pytest.mark.parametrize(
    ("step", "when"), [(0, "before"), (0, "after"), (1, "after"), (2, "after"), (3, "after"), (4, "after"), (5, "in")]
)
def test_v66_a_killed_erasure_is_completed_at_the_next_start(
    filled: tuple[Vault, Patient, Patient], step: int, when: str, tmp_path: Path
) -> None:
    vault, gone, stays = filled
    key, directory = vault.data_key(), vault.directory
    backup = directory.parent / "backup"
    backup.mkdir()
    shutil.copy(directory / "patients.keys", backup)
    vault.close()
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(directory), gone.id, str(step), when],
        input=key.hex() + "\n",
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == 9, killed.stderr
    with Vault.open_with_key(directory, key) as again:
        assert [one.id for one in again.patients.list()] == [stays.id]
        certificate = again.erasures.certificate(gone.id)
        assert certificate.rows["series"] == 2
        assert [copy.state for copy in certificate.copies] == [CopyState.KEY_REMOVED]
        assert again.erasures.settle() == ()
        assert again.verify().ok
    for folder in (directory, backup):
        assert set(read_wrapped(folder / "patients.keys")) == {stays.id}
    assert b"canary" not in decrypted(directory / "vault.db", key, tmp_path)


def test_v64_copies_made_before_a_migration_lose_the_rows(tmp_path: Path, passphrase: str) -> None:
    directory = tmp_path / "old"
    shutil.copytree(Path(__file__).parent.parent / "data" / "vault" / "revision-0001", directory)
    with Vault.open(directory, passphrase, kdf_floor=KdfParameters.for_tests()) as vault:
        key = vault.data_key()
        (backup,) = vault.backups.list()
        folder = vault.backups.path_of(backup)
        copy = folder / "vault.db"
        assert b"Ada Lovelace" in decrypted(copy, key, tmp_path)
        certificate = by_two(vault, vault.patients.find("Ada Lovelace").id)
        assert vault.backups.check(backup.name).created == backup.created
    assert [(one.place, one.state) for one in certificate.copies] == [(str(folder.parent), CopyState.ROWS_REMOVED)]
    plain = decrypted(copy, key, tmp_path)
    assert b"Ada Lovelace" not in plain
    assert b"Charles Babbage" in plain
    assert not list(folder.glob("*-wal"))


@pytest.mark.parametrize("killed", [False, True])
def test_v64_a_backup_made_before_holds_no_name_after_and_is_still_sound(
    filled: tuple[Vault, Patient, Patient], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: bool
) -> None:
    vault, gone, stays = filled
    key = vault.data_key()
    manifest = vault.backups.make()
    folder = vault.backups.path_of(manifest)
    assert b"canary-device" in decrypted(folder / "vault.db", key, tmp_path)
    if killed:
        with monkeypatch.context() as patch:
            patch.setattr("clarity_desktop.vault.erasure.copies.renew_manifest", _die)
            with pytest.raises(KeyboardInterrupt):
                by_two(vault, gone.id)
        vault.close()
        vault = Vault.open_with_key(vault.directory, key)
        certificate = vault.erasures.certificate(gone.id)
    else:
        certificate = by_two(vault, gone.id)
    assert [copy.state for copy in certificate.copies] == [CopyState.ROWS_REMOVED if killed else CopyState.KEY_REMOVED]
    plain = decrypted(folder / "vault.db", key, tmp_path)
    assert [word for word in CANARIES if word.encode() in plain] == []
    assert b"stays-device" in plain
    assert set(read_wrapped(folder / "patients.keys")) == {stays.id}
    assert vault.backups.check(manifest.name).verified
    assert not list(folder.parent.glob("*.erasing"))
    assert [one.id for one in vault.patients.list()] == [stays.id]
    vault.close()


def _die(*_: object) -> None:
    raise KeyboardInterrupt
