"""Reaching the copies of a vault during an erasure: keys leave backups, rows leave copies made before migrations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import Instant
from clarity_desktop.vault.backup.manifest import SUFFIX
from clarity_desktop.vault.backup.writer import renew_manifest
from clarity_desktop.vault.erasure.certificate import CopyState, ErasedCopy
from clarity_desktop.vault.erasure.ledger import ErasureLedger, LedgerEntry
from clarity_desktop.vault.erasure.rows import delete_patient, patients_in
from clarity_desktop.vault.seal.keyring import remove_wrapped
from clarity_desktop.vault.store.engine import BEGIN_IMMEDIATE, open_engine
from clarity_desktop.vault.store.layout import VaultLayout

__all__ = ["BackupPlace", "clear_copies"]

_MARK: Final = ".erasing"
"""Ending of a file beside a backup whose database and manifest differ: a killed erasure renews the manifest later."""
_MOST_REWRITTEN: Final = 2 << 30


@dataclass(frozen=True, slots=True)
class BackupPlace:
    """A folder that holds one or more backups, each with its own ``patients.keys``."""

    folder: Path
    expires: Instant | None = None
    """When rotation deletes it, UTC seconds."""


def clear_copies(
    layout: VaultLayout, data_key: bytes, entry: LedgerEntry, places: Sequence[BackupPlace]
) -> tuple[ErasedCopy, ...]:
    """Take a patient out of all copies that can be reached. May be repeated."""
    found = [_clear_place(layout, data_key, entry, place) for place in places]
    for path in sorted(layout.directory.glob("*.backup.db")):
        found.append(ErasedCopy(path.name, _clear_database(path, data_key, entry.patient_id)))
    return tuple(found)


def _clear_place(layout: VaultLayout, data_key: bytes, entry: LedgerEntry, place: BackupPlace) -> ErasedCopy:
    name = str(place.folder)
    if not place.folder.is_dir():
        return ErasedCopy(name, CopyState.NOT_REACHED, place.expires)
    removed = False
    try:
        for path in sorted(place.folder.rglob(layout.patient_keys.name)):
            removed |= remove_wrapped(path, entry.patient_id) is not None
            ErasureLedger(path.with_name(layout.erased.name), data_key).add(entry)
        cleared = [_clear_backup(path, data_key, entry.patient_id) for path in sorted(place.folder.glob(f"*{SUFFIX}"))]
    except (OSError, ClarityError):
        return ErasedCopy(name, CopyState.NOT_REACHED, place.expires)
    if CopyState.NOT_REACHED in cleared:
        return ErasedCopy(name, CopyState.NOT_REACHED, place.expires)
    if CopyState.ROWS_REMOVED in cleared and not removed:
        return ErasedCopy(name, CopyState.ROWS_REMOVED, place.expires)
    return ErasedCopy(name, CopyState.KEY_REMOVED if removed else CopyState.HOLDS_NOTHING, place.expires)


def _clear_backup(backup: Path, data_key: bytes, patient_id: PatientId) -> CopyState:
    """Delete the rows from a backup, the name first of all, and seal its manifest anew.

    Without the key what is sealed does not open; codes and labels are not sealed with it, and backups of early forms
    hold names unsealed.
    """
    mark = backup.with_name(backup.name + _MARK)
    was_marked = mark.exists()
    if not was_marked and not _holds(VaultLayout(backup).database, data_key, patient_id):
        return CopyState.HOLDS_NOTHING
    mark.touch(mode=0o600)
    state = _clear_database(VaultLayout(backup).database, data_key, patient_id)
    if state is not CopyState.NOT_REACHED:
        renew_manifest(backup, data_key)
        mark.unlink()
    return CopyState.ROWS_REMOVED if was_marked and state is CopyState.HOLDS_NOTHING else state


def _holds(path: Path, data_key: bytes, patient_id: PatientId) -> bool:
    engine = open_engine(path, data_key)
    try:
        with engine.begin() as connection:
            found = patient_id in patients_in(connection)
        _leave_no_log(engine, rewrite=False)
    except DBAPIError:
        return True
    finally:
        engine.dispose()
    return found


def _clear_database(path: Path, data_key: bytes, patient_id: PatientId) -> CopyState:
    """Delete the rows of one patient from a copy of the database."""
    engine = open_engine(path, data_key)
    try:
        with engine.execution_options(begin=BEGIN_IMMEDIATE).begin() as connection:
            if patient_id not in patients_in(connection):
                return CopyState.HOLDS_NOTHING
            delete_patient(connection, patient_id)
        _leave_no_log(engine, rewrite=path.stat().st_size <= _MOST_REWRITTEN)
    except (DBAPIError, ClarityError):
        return CopyState.NOT_REACHED
    finally:
        engine.dispose()
    return CopyState.ROWS_REMOVED


def _leave_no_log(engine: Engine, *, rewrite: bool) -> None:
    """Fold the log into the file, and write all pages anew when asked to."""
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        if rewrite:
            cursor.execute("VACUUM")
        cursor.execute("PRAGMA journal_mode = DELETE").fetchone()
    finally:
        raw.close()
