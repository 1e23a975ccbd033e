"""The audit chain: each entry is hashed with the one before and signed; the head is anchored outside the database."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select

from clarity_desktop.domain.errors import ClarityError, IntegrityError
from clarity_desktop.domain.overwriting import overwrite
from clarity_desktop.domain.time import Instant
from clarity_desktop.vault.keys.header import derived_key
from clarity_desktop.vault.records import AuditEntry, AuditVerdict
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.anchors import Anchor, FileAnchor, Head
from clarity_desktop.vault.store.layout import VaultLayout
from clarity_desktop.vault.store.stubs import AuditStub, read_stubs, write_stub

__all__ = ["AuditChain", "audit_key", "changed_outside"]

_TABLE = schema.audit
_FIRST_HASH: Final = bytes(32)
_BATCH: Final = 10_000
_NO_END: Final = 2**62
_COLUMNS: Final = (
    "seq, at, who, action, patient_id, outcome, detail, role, origin, correlation, monotonic_ms, hash, mac"
)


def audit_key(data_key: bytes) -> bytes:
    """The key that signs the audit of a vault."""
    return derived_key(data_key, "audit")


class AuditChain:
    """Writes and checks the chain of one vault.

    An entry's ``hash`` is SHA-256 over the hash before it and its own fields; its ``mac`` is HMAC-SHA256 over that hash
    with a key made from the data key. So a change, an insertion, a deletion or another order breaks the chain, and
    nobody without the data key can mend it. A cut tail, or an older database in place of the vault's, is seen by
    comparison with the anchors, which are written after the entry is on the disk. An anchor that does not fit is left
    as it is, so that it goes on telling.

    Parameters
    ----------
    outside:
        Anchors beside the one in the vault's folder.
    """

    def __init__(self, data_key: bytes, layout: VaultLayout, outside: Sequence[Anchor] = ()) -> None:
        self._key = audit_key(data_key)
        seal = FileAnchor(layout.audit_head, self._key, where="the seal", is_outside=False)
        self._anchors: tuple[Anchor, ...] = (seal, *outside)
        self._frozen: set[int] = set()
        self._head: Head | None = None

    def forget(self) -> None:
        """Overwrite the key; nothing is written or checked afterwards."""
        overwrite(self._key)
        for anchor in self._anchors:
            if isinstance(anchor, FileAnchor):
                anchor.forget()

    @property
    def head(self) -> Head | None:
        """The last entry that this object has written or met."""
        return self._head

    def append(self, connection: Connection, entry: AuditEntry) -> Head:
        """Add an entry within the caller's write transaction; ``entry.seq`` is given here.

        Returns the new head, to be anchored by :meth:`anchor` after the commit.

        Raises
        ------
        IntegrityError
            ``vault.changed_outside`` when the database no longer holds what was written last.
        """
        self.require_unchanged(connection)
        last = connection.execute(select(_TABLE.c.seq, _TABLE.c.hash).order_by(_TABLE.c.seq.desc()).limit(1)).first()
        seq, before = (last.seq + 1, last.hash) if last is not None else (1, _FIRST_HASH)
        values = {
            "seq": seq,
            "at": entry.at,
            "who": entry.who,
            "action": entry.action,
            "patient_id": entry.patient_id,
            "outcome": entry.outcome,
            "detail": entry.detail,
            "role": entry.role,
            "origin": entry.origin,
            "correlation": entry.correlation,
            "monotonic_ms": entry.monotonic_ms,
        }
        digest = _hash(before, tuple(values.values()))
        connection.execute(insert(_TABLE).values(**values, hash=digest, mac=self._mac(digest)))
        return Head(seq, digest)

    def require_unchanged(self, connection: Connection) -> None:
        """Raise :class:`IntegrityError` (``vault.changed_outside``) unless the last entry met here is still there."""
        head = self._head
        if head is None:
            return
        stored = connection.execute(select(_TABLE.c.hash).where(_TABLE.c.seq == head.seq)).scalar_one_or_none()
        if stored is None or bytes(stored) != head.digest:
            raise changed_outside()

    def meet(self, connection: Connection) -> AuditVerdict | None:
        """Compare the anchors with the database on opening; answers what does not fit, or ``None``.

        Quick: no entry but those at the anchors is read.
        """
        last = connection.execute(select(_TABLE.c.seq, _TABLE.c.hash).order_by(_TABLE.c.seq.desc()).limit(1)).first()
        end = 0 if last is None else int(last.seq)
        found: AuditVerdict | None = None
        for number, anchor in enumerate(self._anchors):
            head = anchor.read()
            if head is None:
                continue
            verdict = _compared(anchor, head, end, _digest_at(connection, head.seq))
            if verdict is not None:
                self._frozen.add(number)
                found = verdict
        return found

    def anchor(self, head: Head, *, everywhere: bool = False) -> None:
        """Renew the anchors, unless another process has anchored a later head.

        Parameters
        ----------
        everywhere:
            Also where that takes long, as on opening and closing.

        Raises
        ------
        ClarityError
            ``vault.audit_head`` when one cannot be written. The action itself is stored by then.
        """
        self._head = head
        for number, anchor in enumerate(self._anchors):
            if number in self._frozen or not (anchor.at_each_entry or everywhere):
                continue
            anchored = anchor.read()
            if anchored is not None and anchored.seq >= head.seq:
                continue
            try:
                anchor.write(head)
            except OSError as error:
                raise ClarityError(
                    "vault.audit_head",
                    "The change was stored, but the seal of the audit could not be renewed.",
                    remedy="Check that the vault folder can be written to and that the disk has free space.",
                    detail=type(error).__name__,
                ) from None

    def accept(self, head: Head) -> None:
        """Anchor this head everywhere, whatever is anchored now: somebody has answered for the difference."""
        self._frozen.clear()
        self._head = head
        for anchor in self._anchors:
            anchor.write(head)

    def verify(self, connection: Connection) -> AuditVerdict:
        """Walk the whole chain, stubs first, and compare it with the anchors. A million entries take seconds."""
        anchored = [(anchor, head) for anchor in self._anchors if (head := anchor.read()) is not None]
        before, seq = _FIRST_HASH, 0
        for stub in read_stubs(connection):
            if stub.first != seq + 1 or stub.before_hash != before or not stub.is_genuine(self._key):
                said = f"The stub of the audit entries {stub.first} to {stub.last} is not as it was written."
                return AuditVerdict(seq, False, seq + 1, said)
            seq, before = stub.last, stub.last_hash
        seq, before, is_whole = self._walk(connection, seq, before)
        if not is_whole:
            return AuditVerdict(seq, False, seq + 1, f"Audit entry {seq + 1} is not as it was written.")
        if seq and not any(not anchor.is_outside for anchor, _ in anchored):
            return AuditVerdict(seq, False, seq + 1, "The seal of the audit beside the database is missing or altered.")
        for anchor, head in anchored:
            verdict = _compared(anchor, head, seq, _digest_at(connection, head.seq))
            if verdict is not None:
                return verdict
        return AuditVerdict(seq, True, None)

    def _walk(self, connection: Connection, seq: int, before: bytes, last: int = _NO_END) -> tuple[int, bytes, bool]:
        """Check the entries from ``seq`` to ``last``; answers the last sound one, its hash, and if all are sound."""
        # Plain tuples of the driver: an object a row would triple the time. From the very first row, so that one that
        # was put below an expired segment is met too.
        rows = connection.exec_driver_sql(f"SELECT {_COLUMNS} FROM audit WHERE seq <= ? ORDER BY seq", (last,)).cursor
        while rows is not None and (batch := rows.fetchmany(_BATCH)):
            for *fields, stored, mac in batch:
                digest = _hash(before, fields)
                if fields[0] != seq + 1 or digest != stored or not hmac.compare_digest(self._mac(digest), mac):
                    rows.close()
                    return seq, before, False
                seq, before = fields[0], digest
        return seq, before, True

    def expire(self, connection: Connection, first: int, last: int, now: Instant, who: str) -> AuditStub:
        """Leave a signed stub in place of whole entries, from the oldest on, within the caller's transaction.

        Raises
        ------
        IntegrityError
            ``audit.changed`` when they are not as they were written: evidence is not expired.
        """
        stubs = read_stubs(connection)
        seq, before = (stubs[-1].last, stubs[-1].last_hash) if stubs else (0, _FIRST_HASH)
        found, digest, is_whole = self._walk(connection, seq, before, last)
        if seq + 1 != first or found != last or not is_whole:
            raise IntegrityError(
                "audit.changed",
                "The audit is not as it was written, so nothing of it expires.",
                remedy="Keep the vault folder as it is and ask the person who looks after security.",
                detail=f"first entry that differs: {found + 1}",
            )
        span = select(func.min(_TABLE.c.at), func.max(_TABLE.c.at)).where(_TABLE.c.seq.between(first, last))
        began, ended = connection.execute(span).one()
        stub = AuditStub(first, last, began, ended, before, digest, now, who).signed(self._key)
        write_stub(connection, stub)
        connection.execute(delete(_TABLE).where(_TABLE.c.seq.between(first, last)))
        return stub

    def _mac(self, value: bytes) -> bytes:
        return hmac.digest(self._key, value, "sha256")


def changed_outside() -> IntegrityError:
    """The error of a database that is not the one that was opened."""
    return IntegrityError(
        "vault.changed_outside",
        "The vault's file was changed by another program while it was open, so nothing more is written to it.",
        remedy="Lock the vault, make sure that no sync or backup program writes to its folder, and open it again.",
    )


def _digest_at(connection: Connection, seq: int) -> bytes | None:
    """Hash of an entry; empty for one within an expired segment, which nothing can be compared with any more."""
    digest = connection.execute(select(_TABLE.c.hash).where(_TABLE.c.seq == seq)).scalar_one_or_none()
    if digest is not None:
        return bytes(digest)
    stub = next((one for one in read_stubs(connection) if one.first <= seq <= one.last), None)
    return None if stub is None else stub.last_hash if stub.last == seq else b""


def _compared(anchor: Anchor, head: Head, end: int, digest: bytes | None) -> AuditVerdict | None:
    if head.seq > end:
        return AuditVerdict(end, False, end + 1, f"The audit ends at entry {end}; {anchor.where} says {head.seq}.")
    if digest == b"":
        return None
    if digest is None or not head.fits(digest):
        return AuditVerdict(end, False, head.seq, f"Audit entry {head.seq} differs from {anchor.where}.")
    return None


def _hash(before: bytes, fields: Sequence[Any]) -> bytes:
    # Entries from before origins were kept have none, and were hashed without the fields that came with them.
    kept = fields if fields[8] else fields[:7]
    return hashlib.sha256(before + json.dumps(kept, ensure_ascii=True, separators=(",", ":")).encode()).digest()
