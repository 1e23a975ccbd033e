"""Writing a backup: a consistent copy of a vault in use, checked from the written file, then named in one step."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine

from clarity_desktop import __version__
from clarity_desktop.domain.errors import ConflictError
from clarity_desktop.domain.time import Instant
from clarity_desktop.domain.work import CancelToken, Progress, ProgressListener, ignore_progress
from clarity_desktop.vault.backup.failures import backup_failures, no_room, unsound
from clarity_desktop.vault.backup.manifest import SUFFIX, BackupFile, Contents, Manifest, hash_of
from clarity_desktop.vault.keys.header import KeyHeader
from clarity_desktop.vault.store.anchors import FileAnchor, Head
from clarity_desktop.vault.store.chain import audit_key
from clarity_desktop.vault.store.engine import connector
from clarity_desktop.vault.store.filelock import FileLock
from clarity_desktop.vault.store.layout import VaultLayout, create_private_file, sync_folder

__all__ = [
    "PARTIAL",
    "CopiedDatabase",
    "alone",
    "contents_of",
    "copy_database",
    "found_damage",
    "renew_manifest",
    "write_backup",
]

PARTIAL: Final = ".partial-"
_LOCK: Final = ".backup.lock"
_PAGES_A_STEP: Final = 4096
_READERS: Final = 2
"""Threads besides the calling one that read a written copy."""
_SPARE_BYTES: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class CopiedDatabase:
    """What a copy was made of."""

    schema: str
    contents: Contents


def write_backup(
    layout: VaultLayout,
    engine: Engine,
    data_key: bytes,
    folder: Path,
    *,
    kind: str,
    now: Instant | None = None,
    progress: ProgressListener = ignore_progress,
    cancel: CancelToken | None = None,
) -> Manifest:
    """Make a backup of an open vault, in a folder for backups; answers its manifest.

    The copy is made under another name, opened from the written file (pages, rows, last audit entry, hashes) and then
    given its name, so that whatever happens leaves earlier backups as they were. The vault may be written to meanwhile;
    the copy holds what it held at the start.

    Parameters
    ----------
    now:
        UTC seconds; ``None`` asks the clock.

    Raises
    ------
    ClarityError
        ``backup.no_room``, ``backup.place``.
    ConflictError
        ``backup.running`` when another one is being written there.
    IntegrityError
        ``backup.unsound`` when the copy does not read back.
    CancelledError
        When stopped; nothing is left.
    """
    token = cancel or CancelToken()
    created = int(time.time()) if now is None else now
    with backup_failures():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with alone(folder):
            _require_room(layout, folder)
            work = folder / f"{PARTIAL}{secrets.token_hex(6)}"
            work.mkdir(mode=0o700)
            try:
                return _write(
                    layout, engine, data_key, work, _free_name(folder, created), kind, created, progress, token
                )
            except BaseException:
                shutil.rmtree(work, ignore_errors=True)
                raise


def _write(
    layout: VaultLayout,
    engine: Engine,
    data_key: bytes,
    work: Path,
    name: str,
    kind: str,
    created: Instant,
    progress: ProgressListener,
    token: CancelToken,
) -> Manifest:
    copy = VaultLayout(work)
    made = copy_database(engine, data_key, copy.database, progress, token)
    for source, target in (
        (layout.keys, copy.keys),
        (layout.patient_keys, copy.patient_keys),
        (layout.erased, copy.erased),
    ):
        if source.exists():
            create_private_file(target)
            target.write_bytes(source.read_bytes())
    seal = FileAnchor(copy.audit_head, audit_key(data_key), where="the seal", is_outside=False)
    seal.write(Head(made.contents.audit_entries, bytes.fromhex(made.contents.audit_hash)))
    header, mac = KeyHeader.read(copy.keys)
    header.check(mac, data_key)
    progress(Progress("Checking the copy", 0))
    # Three readings of the same file beside each other: hashes, signatures of the pages, and what the pages say.
    with ThreadPoolExecutor(_READERS) as readers:
        hashing = readers.submit(_hashed, work, token)
        damage = found_damage(copy.database, data_key, made, readers)
        files = hashing.result()
    if damage:
        raise unsound(damage)
    token.check()
    manifest = Manifest(
        name=name,
        vault_id=header.vault_id,
        schema=made.schema,
        program=__version__,
        created=created,
        kind=kind,
        verified=created,
        files=files,
    )
    _flush(work)
    manifest = manifest.write(work, made.contents, data_key)
    sync_folder(work)
    work.rename(work.parent / name)
    sync_folder(work.parent)
    return manifest


def renew_manifest(backup: Path, data_key: bytes) -> Manifest:
    """Count, hash and seal a backup anew whose database was changed on purpose, as an erasure does."""
    connection = connector(VaultLayout(backup).database, data_key)()
    try:
        contents = contents_of(connection).contents
        connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    finally:
        connection.close()
    renewed = replace(Manifest.read(backup), files=_hashed(backup, CancelToken()))
    return renewed.write(backup, contents, data_key)


def copy_database(
    engine: Engine, data_key: bytes, target: Path, progress: ProgressListener, token: CancelToken
) -> CopiedDatabase:
    """Copy a database page by page under its own key, as it is at the start of the copy."""
    create_private_file(target)
    copy = connector(target, data_key, journal="OFF")()
    try:
        pooled: Any = engine.raw_connection()
        source = pooled.driver_connection
        try:
            # One transaction holds the state that is counted and copied; writers go on beside it.
            source.execute("BEGIN")
            try:
                made = contents_of(source)
                source.backup(copy, pages=_PAGES_A_STEP, progress=_reporter(progress, token), sleep=0)
            finally:
                source.execute("ROLLBACK")
        finally:
            # A connection that has met a damaged page refuses sound ones too, and says that the database is read only.
            # The copying does not always report such a page: it may go on with zeros. So nobody uses this one again.
            pooled.invalidate()
            pooled.close()
        copy.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        copy.execute("PRAGMA journal_mode = DELETE").fetchone()
    finally:
        copy.close()
    return made


def contents_of(connection: Any) -> CopiedDatabase:
    """Schema, rows by table and last audit entry of an open database, by a connection of the driver."""
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    ).fetchall()
    rows = {name: int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]) for (name,) in tables}
    (schema,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    last = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    seq, digest = last if last is not None else (0, b"")
    return CopiedDatabase(str(schema), Contents(rows, int(seq), bytes(digest).hex()))


def found_damage(database: Path, data_key: bytes, expected: CopiedDatabase, readers: Executor) -> str:
    """Open a written copy, which lies still, and compare it with what was copied; answers ``""``, or what differs."""
    signatures = readers.submit(_damaged_pages, database, data_key)
    try:
        state, found = _structure(database, data_key)
    finally:
        # Damaged pages are named before what they do to the structure.
        pages = signatures.result()
    if pages:
        return f"{pages} damaged pages"
    if state != "ok" or found is None:
        return "structure"
    if found.schema != expected.schema:
        return "schema"
    if dict(found.contents.rows) != dict(expected.contents.rows):
        return "rows"
    return "" if found.contents == expected.contents else "last audit entry"


def _damaged_pages(database: Path, data_key: bytes) -> int:
    """How many pages do not bear the signature of their content."""
    connection = connector(database, data_key, journal="DELETE")()
    try:
        return len(connection.execute("PRAGMA cipher_integrity_check").fetchall())
    finally:
        connection.close()


def _structure(database: Path, data_key: bytes) -> tuple[str, CopiedDatabase | None]:
    """Whether the database hangs together, and what it holds if it does."""
    connection = connector(database, data_key, journal="DELETE")()
    try:
        (state,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        return str(state), contents_of(connection) if state == "ok" else None
    finally:
        connection.close()


def _reporter(progress: ProgressListener, token: CancelToken) -> Any:
    def report(_status: int, remaining: int, total: int) -> None:
        token.check()
        progress(Progress("Copying the vault", total - remaining, total, "pages"))

    return report


def _hashed(work: Path, token: CancelToken) -> dict[str, BackupFile]:
    """Hashes of what never changes in a backup. Patient keys and the ledger change when somebody is erased."""
    layout = VaultLayout(work)
    stays = (layout.database, layout.keys, layout.audit_head)
    return {path.name: hash_of(path, lambda _: token.check()) for path in stays}


def _flush(work: Path) -> None:
    for path in work.iterdir():
        descriptor = os.open(path, os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One backup at a time in a folder; what a killed one has left is removed."""
    lock = FileLock.take(folder / _LOCK)
    if lock is None:
        raise ConflictError(
            "backup.running", "Another backup is being written.", remedy="Wait for it to end, then do it again."
        )
    try:
        for left in folder.glob(f"{PARTIAL}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        with contextlib.suppress(OSError):
            lock.release()


def _require_room(layout: VaultLayout, folder: Path) -> None:
    needed = _SPARE_BYTES
    for path in (layout.database, layout.database.with_name(layout.database.name + "-wal")):
        if path.exists():
            needed += path.stat().st_size
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise no_room(f"{free} bytes free, {needed} needed")


def _free_name(folder: Path, created: Instant) -> str:
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(created))
    name, number = f"clarity-{stamp}{SUFFIX}", 1
    while (folder / name).exists():
        number += 1
        name = f"clarity-{stamp}-{number}{SUFFIX}"
    return name
