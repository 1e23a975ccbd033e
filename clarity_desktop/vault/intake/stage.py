"""What a running import has put down unseen, the lock that says it lives, and clearing up after a killed one."""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import numpy as np
from sqlalchemy import Connection, delete, select, union

from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.domain.time import DAY_S
from clarity_desktop.vault.chunks.codec import PackedChunk
from clarity_desktop.vault.chunks.columns import Columns
from clarity_desktop.vault.chunks.layers import visible
from clarity_desktop.vault.chunks.rollup import encode_rollup, rollup_of
from clarity_desktop.vault.seal.cipher import PatientSeal
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.layout import VaultLayout
from clarity_desktop.vault.store.transactions import Store
from clarity_desktop.vault.tables.chunks import write_blobs

__all__ = [
    "KEEP_UNFINISHED_S",
    "EncodedChunk",
    "ImportLock",
    "StoredChunk",
    "clear_stage",
    "encoded",
    "insert_blobs",
    "origin_counts",
    "remove_stale_stages",
    "stage_lost",
]

KEEP_UNFINISHED_S: Final = 30 * DAY_S
"""How long an interrupted import waits to be taken up again."""
_STAGES: Final = (schema.stage, schema.stage_chunks, schema.stage_elements, schema.stage_set_aside)
_LOCK_NAME: Final = re.compile(r"import-([0-9a-f]{16})\.lock")


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """What is known of a chunk beside its blob."""

    period: int
    n: int
    """Samples that count in results."""
    first: int
    stop: int
    digest: bytes
    blob_id: int
    origin_counts: tuple[tuple[int, int], ...]
    """``(origin id, samples)``."""
    stored_before: bool = False
    """The blob is that of a visible chunk which says the same; nothing was staged."""


@dataclass(frozen=True, slots=True)
class EncodedChunk:
    """A chunk ready to be written."""

    rollup: bytes
    core: bytes
    rest: bytes
    facts: StoredChunk


def encoded(period: int, columns: Columns, packed: PackedChunk, *, spread: bool) -> EncodedChunk:
    """Encode packed columns of one period. ``spread`` as in :func:`rollup_of`."""
    core, rest = packed.compressed()
    start = columns.start
    shown = visible(columns)
    facts = StoredChunk(
        period=period,
        n=len(shown),
        first=packed.first,
        stop=max(int(start[-1]), int((start + columns.length_s).max())),
        digest=packed.digest,
        blob_id=0,
        origin_counts=origin_counts(columns),
    )
    return EncodedChunk(encode_rollup(rollup_of(shown, spread=spread)), core, rest, facts)


def origin_counts(columns: Columns) -> tuple[tuple[int, int], ...]:
    """``(origin id, samples)`` of the origins in use."""
    counted = np.bincount(columns.origin, minlength=len(columns.origins)).tolist()
    return tuple((origin, n) for origin, n in zip(columns.origins, counted, strict=True) if n)


def insert_blobs(connection: Connection, seal: PatientSeal, chunks: Sequence[EncodedChunk]) -> list[int]:
    """Seal and write the blobs of chunks within a write transaction and answer their ids."""
    return write_blobs(connection, seal, [(chunk.rollup, chunk.core, chunk.rest) for chunk in chunks])


def clear_stage(connection: Connection, token: str) -> None:
    """Remove everything an import has staged and not handed on."""
    staged = select(schema.stage.c.blob_id).where(schema.stage.c.token == token)
    connection.execute(delete(schema.blobs).where(schema.blobs.c.id.in_(staged)))
    for table in _STAGES:
        connection.execute(delete(table).where(table.c.token == token))
    connection.execute(delete(schema.import_journal).where(schema.import_journal.c.id == token))
    # A document is staged under its own id, and belongs to nobody until its row stands.
    segments, finished = schema.attachment_segments, select(schema.attachments.c.id)
    unfinished = delete(segments).where(segments.c.attachment_id == token, segments.c.attachment_id.not_in(finished))
    connection.execute(unfinished)


def remove_stale_stages(store: Store, *, everything: bool = False) -> int:
    """Remove what imports that were killed have left behind; answers how many there were.

    An import that still runs, in this process or another, holds its lock file and is left alone; so is one that can be
    taken up again and is younger than :data:`KEEP_UNFINISHED_S`, unless ``everything`` is to go.
    """
    journal = schema.import_journal
    with store.reading() as connection:
        tokens = set(connection.execute(union(*(select(table.c.token) for table in _STAGES))).scalars())
        tokens.update(connection.execute(select(journal.c.id)).scalars())
        # What has a place to go on from stays for a while: the import may be taken up again.
        since = int(time.time()) - KEEP_UNFINISHED_S
        waiting = select(journal.c.id).where(journal.c.marked > since)
        resumable = set() if everything else set(connection.execute(waiting).scalars())
        segments, finished = schema.attachment_segments, select(schema.attachments.c.id)
        unfinished = select(segments.c.attachment_id).where(segments.c.attachment_id.not_in(finished)).distinct()
        tokens.update(connection.execute(unfinished).scalars())
    for path in store.layout.directory.glob("import-*.lock"):
        match = _LOCK_NAME.fullmatch(path.name)
        if match:
            tokens.add(match[1])
    removed = 0
    for token in sorted(tokens):
        lock = ImportLock.take(store.layout.import_lock(token))
        if lock is None:
            continue
        if token not in resumable:
            with store.staging() as connection:
                clear_stage(connection, token)
            removed += 1
        lock.release()
    return removed


def stage_lost() -> IntegrityError:
    """The error of an import whose stage another process has removed."""
    return IntegrityError(
        "import.stage_lost",
        "What this import had put down was removed by another process.",
        remedy="Import the file again.",
    )


class ImportLock:
    """An advisory lock on an empty file; the system lets go of it when the process ends, however it ends."""

    def __init__(self, path: Path, handle: IO[bytes]) -> None:
        self._path = path
        self._handle: IO[bytes] | None = handle

    @classmethod
    def take(cls, path: Path) -> ImportLock | None:
        """The lock, or ``None`` when another import holds it."""
        handle = os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR, 0o600), "r+b")
        if not _lock(handle):
            handle.close()
            return None
        return cls(path, handle)

    @classmethod
    def new(cls, layout: VaultLayout) -> tuple[str, ImportLock]:
        """A random token for an import that begins, and its lock."""
        while True:
            token = secrets.token_hex(8)
            # Somebody who clears up may have got hold of the file before it was locked: then another is made.
            lock = cls.take(layout.import_lock(token))
            if lock is not None:
                return token, lock

    def release(self) -> None:
        """Let go and remove the file; a second call does nothing."""
        if self._handle is not None:
            self._handle.close()
            self._handle = None
            self._path.unlink(missing_ok=True)


def _lock(handle: IO[bytes]) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(handle.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
