"""Reaching the copies of a vault during an erasure: keys leave backups, rows leave copies made before migrations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.exc import DBAPIError

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import Instant
from clarity_desktop.vault.backup.manifest import SUFFIX, Manifest
from clarity_desktop.vault.backup.writer import renew_manifest
from clarity_desktop.vault.erasure.certificate import CopyState, ErasedCopy
from clarity_desktop.vault.erasure.ledger import ErasureLedger, LedgerEntry
from clarity_desktop.vault.erasure.rows import delete_patient, patients_in
from clarity_desktop.vault.seal.keyring import remove_wrapped
from clarity_desktop.vault.store.engine import BEGIN_IMMEDIATE, open_engine
from clarity_desktop.vault.store.layout import VaultLayout

__all__ = ["BackupPlace", "clear_copies"]

_UNSEALED: Final = frozenset({"0001", "0002"})
"""Revisions of the schema before patients had keys."""


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
        cleared = [
            _clear_unsealed(path, data_key, entry.patient_id) for path in sorted(place.folder.glob(f"*{SUFFIX}"))
        ]
    except (OSError, ClarityError):
        return ErasedCopy(name, CopyState.NOT_REACHED, place.expires)
    if CopyState.NOT_REACHED in cleared:
        return ErasedCopy(name, CopyState.NOT_REACHED, place.expires)
    if CopyState.ROWS_REMOVED in cleared and not removed:
        return ErasedCopy(name, CopyState.ROWS_REMOVED, place.expires)
    return ErasedCopy(name, CopyState.KEY_REMOVED if removed else CopyState.HOLDS_NOTHING, place.expires)


def _clear_unsealed(backup: Path, data_key: bytes, patient_id: PatientId) -> CopyState:
    """Delete the rows from a backup of a form that had no patient keys yet, and seal its manifest anew."""
    if Manifest.read(backup).schema not in _UNSEALED:
        return CopyState.HOLDS_NOTHING
    state = _clear_database(VaultLayout(backup).database, data_key, patient_id)
    if state is CopyState.ROWS_REMOVED:
        renew_manifest(backup, data_key)
    return state


def _clear_database(path: Path, data_key: bytes, patient_id: PatientId) -> CopyState:
    """Delete the rows from a copy made before a migration, which may hold them unsealed."""
    engine = open_engine(path, data_key)
    try:
        with engine.execution_options(begin=BEGIN_IMMEDIATE).begin() as connection:
            if patient_id not in patients_in(connection):
                return CopyState.HOLDS_NOTHING
            delete_patient(connection, patient_id)
        raw = engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA journal_mode = DELETE").fetchone()
        finally:
            raw.close()
    except (DBAPIError, ClarityError):
        return CopyState.NOT_REACHED
    finally:
        engine.dispose()
    return CopyState.ROWS_REMOVED
