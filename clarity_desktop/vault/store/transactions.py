"""Reading and writing: one writer at a time, and no write without its audit entry in the same transaction."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine

from clarity_desktop.domain.errors import ConflictError, LockedError
from clarity_desktop.domain.people import PatientId
from clarity_desktop.vault.records import AuditEntry
from clarity_desktop.vault.seal.cipher import PatientSeal
from clarity_desktop.vault.seal.identity import IdentitySeal
from clarity_desktop.vault.seal.keyring import PatientKeys
from clarity_desktop.vault.store.chain import AuditChain, changed_outside
from clarity_desktop.vault.store.circumstances import Circumstances, current_correlation
from clarity_desktop.vault.store.engine import BEGIN_IMMEDIATE
from clarity_desktop.vault.store.failures import database_failures
from clarity_desktop.vault.store.layout import VaultLayout
from clarity_desktop.vault.store.owner import Ownership

__all__ = ["Store", "WriteTransaction"]

_MOST_REWRITTEN: Final = 2 << 30


class WriteTransaction:
    """A write under way: its connection, and the audit entry it will end with."""

    __slots__ = ("action", "connection", "detail", "outcome", "patient_id")

    def __init__(self, connection: Connection, action: str, patient_id: str | None) -> None:
        self.connection = connection
        self.action = action
        self.patient_id = patient_id
        self.outcome = "ok"
        self.detail = ""


class Store:
    """The engine of an open vault with its writer lock. May be used from any thread.

    Attributes
    ----------
    who, role:
        Whose name and role the entries of the audit bear.
    circumstances:
        From where the vault was opened.
    keys:
        The keys of the patients.
    identity:
        What seals their names.
    engine:
        For copies of the whole database; all else goes through the methods.
    """

    def __init__(
        self,
        layout: VaultLayout,
        engine: Engine,
        chain: AuditChain,
        who: str,
        circumstances: Circumstances | None = None,
        role: str = "",
        *,
        keys: PatientKeys,
        identity: IdentitySeal | None = None,
        ownership: Ownership | None = None,
    ) -> None:
        self._ownership = ownership
        self._file = _identity(layout.database)
        self.layout = layout
        self.keys = keys
        self.identity = identity or IdentitySeal(b"")
        self.chain = chain
        self.who = who
        self.role = role
        self.circumstances = circumstances or Circumstances()
        self.engine = engine
        self._writer = engine.execution_options(begin=BEGIN_IMMEDIATE)
        self._lock = threading.RLock()
        self._closed = False

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one consistent state of the vault."""
        self._check_open()
        with database_failures(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self, action: str, patient_id: str | None = None) -> Iterator[WriteTransaction]:
        """A write transaction that ends with an audit entry, or does not happen at all (V-32)."""
        self.require_owner()
        with self._entering(action, patient_id) as transaction:
            yield transaction

    @contextmanager
    def _entering(self, action: str, patient_id: str | None) -> Iterator[WriteTransaction]:
        with self._lock:
            self._check_open()
            self._require_same_file()
            with database_failures(), self._writer.begin() as connection:
                transaction = WriteTransaction(connection, action, patient_id)
                yield transaction
                head = self.chain.append(connection, self._entry(transaction))
            self.chain.anchor(head)

    @contextmanager
    def noting(self, action: str, patient_id: str | None = None) -> Iterator[WriteTransaction]:
        """As :meth:`writing`, for an entry of the audit alone: reading is recorded where nothing may be changed too."""
        with self._entering(action, patient_id) as transaction:
            yield transaction

    def _entry(self, transaction: WriteTransaction) -> AuditEntry:
        return AuditEntry(
            seq=0,
            at=int(time.time()),
            who=self.who,
            action=transaction.action,
            patient_id=transaction.patient_id,
            outcome=transaction.outcome,
            detail=transaction.detail,
            role=self.role,
            origin=self.circumstances.origin,
            correlation=current_correlation() or self.circumstances.correlation,
            monotonic_ms=time.monotonic_ns() // 1_000_000,
        )

    @contextmanager
    def staging(self) -> Iterator[Connection]:
        """A short write transaction on the staging tables, which nobody sees: it has no audit entry of its own."""
        self.require_owner()
        with self._lock:
            self._check_open()
            self._require_same_file()
            with database_failures(), self._writer.begin() as connection:
                yield connection

    def seal_of(self, patient_id: PatientId) -> PatientSeal:
        """What seals and opens one patient's data; raises :class:`IntegrityError` (``vault.patient_key``)."""
        return self.keys.seal_of(patient_id)

    def rewrite_pages(self) -> str:
        """Make sure that no deleted byte stays in the file or its log; answers how.

        ``rewritten``: the whole database was written anew. That happens in memory, because nothing temporary may lie
        on the disk, so it is done up to 2 GB. ``overwritten``: deleted places were zeroed as they were deleted, as in
        every vault, and the log was emptied.

        Raises
        ------
        ConflictError
            ``vault.in_use`` when another process reads the vault, so that its log cannot be emptied.
        """
        with self._lock:
            self._check_open()
            small = self.layout.database.stat().st_size <= _MOST_REWRITTEN
            # Idle connections of the pool keep a view of the log; new ones are made when they are needed.
            self.engine.dispose()
            with database_failures():
                raw = self.engine.raw_connection()
                try:
                    cursor = raw.cursor()
                    if small:
                        cursor.execute("VACUUM")
                    (busy, *_) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() or (1,)
                finally:
                    raw.close()
            if busy:
                raise ConflictError(
                    "vault.in_use",
                    "Another process reads the vault, so its log cannot be emptied yet.",
                    remedy="Close other windows and commands; it is done when the vault is opened next.",
                )
            return "rewritten" if small else "overwritten"

    @property
    def is_read_only(self) -> bool:
        """Whether another process owns the vault, so that here only the audit is written to."""
        return self._ownership is not None and self._ownership.other is not None

    def require_owner(self) -> None:
        """Raise :class:`OccupiedError` (``vault.occupied``) where another process owns the vault."""
        if self._ownership is not None and self._ownership.other is not None:
            raise self._ownership.occupied()

    def _require_same_file(self) -> None:
        """A file put in the database's place would never see what is written, so nothing is (V-72)."""
        if _identity(self.layout.database) != self._file:
            raise changed_outside()

    def dispose(self) -> None:
        """Close all connections for good; the write-ahead log is folded into the file."""
        with self._lock:
            self._closed = True
            self.keys.close()
            self.engine.dispose()
            self.chain.forget()

    def _check_open(self) -> None:
        # The engine would open the file again by itself, so a repository kept by somebody must be refused here.
        if self._closed:
            raise LockedError("vault.closed", "The vault is locked.", remedy="Open it with the passphrase.")


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and number of a file, which a file put in its place does not have."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
