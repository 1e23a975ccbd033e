"""The audit chain: each entry is hashed with the one before and signed; the head is anchored beside the database."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.vault.keys.header import derived_key
from clarity_desktop.vault.records import AuditEntry, AuditVerdict
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.layout import write_atomically

__all__ = ["AuditChain"]

_FIRST_HASH: Final = bytes(32)
_BATCH: Final = 10_000


class AuditChain:
    """Writes and checks the chain of one vault.

    An entry's ``hash`` is SHA-256 over the hash before it and its own fields; its ``mac`` is HMAC-SHA256 over that hash
    with a key made from the data key. So a change, an insertion, a deletion or another order breaks the chain, and
    nobody without the data key can mend it. A cut tail is seen by comparison with the head file, which holds the last
    sequence number and hash under the same key.
    """

    def __init__(self, data_key: bytes, head_file: Path) -> None:
        self._key = derived_key(data_key, "audit")
        self._head_file = head_file

    def append(self, connection: Connection, entry: AuditEntry) -> tuple[int, bytes]:
        """Add an entry within the caller's write transaction; ``entry.seq`` is given here.

        Returns the new head, to be anchored by :meth:`anchor` after the commit.
        """
        table = schema.audit
        last = connection.execute(select(table.c.seq, table.c.hash).order_by(table.c.seq.desc()).limit(1)).first()
        seq, before = (last.seq + 1, last.hash) if last is not None else (1, _FIRST_HASH)
        fields = (seq, entry.at, entry.who, entry.action, entry.patient_id, entry.outcome, entry.detail)
        digest = _hash(before, fields)
        connection.execute(
            insert(table).values(
                seq=seq,
                at=entry.at,
                who=entry.who,
                action=entry.action,
                patient_id=entry.patient_id,
                outcome=entry.outcome,
                detail=entry.detail,
                hash=digest,
                mac=self._mac(digest),
            )
        )
        return seq, digest

    def anchor(self, head: tuple[int, bytes]) -> None:
        """Write the head beside the database, unless another process has anchored a later one.

        Raises
        ------
        ClarityError
            ``vault.audit_head`` when the file cannot be written. The action itself is stored by then.
        """
        seq, digest = head
        anchored = self._anchored()
        if anchored is not None and anchored[0] >= seq:
            return
        body = f"{seq}:{digest.hex()}"
        document = {"seq": seq, "hash": digest.hex(), "mac": self._mac(body.encode()).hex()}
        try:
            write_atomically(self._head_file, json.dumps(document).encode(), durable=False)
        except OSError as error:
            raise ClarityError(
                "vault.audit_head",
                "The change was stored, but the seal of the audit could not be renewed.",
                remedy="Check that the vault folder can be written to and that the disk has free space.",
                detail=type(error).__name__,
            ) from None

    def verify(self, connection: Connection) -> AuditVerdict:
        """Walk the whole chain and compare it with the anchored head."""
        table = schema.audit
        before, seq = _FIRST_HASH, 0
        anchored = self._anchored()
        anchored_hash: bytes | None = None
        rows = connection.execution_options(yield_per=_BATCH).execute(select(table).order_by(table.c.seq))
        for row in rows:
            fields = (row.seq, row.at, row.who, row.action, row.patient_id, row.outcome, row.detail)
            digest = _hash(before, fields)
            genuine = digest == row.hash and hmac.compare_digest(self._mac(digest), row.mac)
            if row.seq != seq + 1 or not genuine:
                rows.close()
                return AuditVerdict(seq, False, seq + 1, f"Audit entry {seq + 1} is not as it was written.")
            seq, before = row.seq, digest
            if anchored is not None and seq == anchored[0]:
                anchored_hash = digest
        if anchored is None:
            if seq == 0:
                return AuditVerdict(0, True, None)
            return AuditVerdict(seq, False, seq + 1, "The seal of the audit beside the database is missing or altered.")
        if anchored[0] > seq:
            return AuditVerdict(seq, False, seq + 1, f"The audit ends at entry {seq}; the seal says {anchored[0]}.")
        if anchored_hash != anchored[1]:
            return AuditVerdict(seq, False, anchored[0], f"Audit entry {anchored[0]} differs from the seal.")
        return AuditVerdict(seq, True, None)

    def _mac(self, value: bytes) -> bytes:
        return hmac.digest(self._key, value, "sha256")

    def _anchored(self) -> tuple[int, bytes] | None:
        """The anchored head, or ``None`` when there is none that this key made."""
        try:
            document = json.loads(self._head_file.read_bytes())
            seq, digest = int(document["seq"]), bytes.fromhex(document["hash"])
            mac = bytes.fromhex(document["mac"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not hmac.compare_digest(mac, self._mac(f"{seq}:{digest.hex()}".encode())):
            return None
        return seq, digest


def _hash(before: bytes, fields: tuple[Any, ...]) -> bytes:
    return hashlib.sha256(before + json.dumps(fields, ensure_ascii=True, separators=(",", ":")).encode()).digest()
