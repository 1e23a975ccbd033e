"""What is left of whole segments of the audit whose time is over: signed stubs that keep the chain together (V-34)."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, replace

from sqlalchemy import Connection, insert, select

from clarity_desktop.domain.time import Instant
from clarity_desktop.vault.store import schema

__all__ = ["AuditStub", "read_stubs", "write_stub"]

_TABLE = schema.audit_stubs


@dataclass(frozen=True, slots=True)
class AuditStub:
    """A segment of the audit that has expired: from which entry to which, and the hashes that link it."""

    first: int
    last: int
    began: Instant
    """Earliest time of its entries, UTC seconds."""
    ended: Instant
    before_hash: bytes
    """Hash of the entry before the first one."""
    last_hash: bytes
    expired: Instant
    expired_by: str
    mac: bytes = b""

    def signed(self, key: bytes) -> AuditStub:
        """The stub with its MAC by the key of the audit."""
        return replace(self, mac=self._mac(key))

    def is_genuine(self, key: bytes) -> bool:
        """Whether this key signed the stub as it is."""
        return hmac.compare_digest(self.mac, self._mac(key))

    def _mac(self, key: bytes) -> bytes:
        fields = (
            "stub",
            self.first,
            self.last,
            self.began,
            self.ended,
            self.before_hash.hex(),
            self.last_hash.hex(),
            self.expired,
            self.expired_by,
        )
        return hmac.digest(key, json.dumps(fields, separators=(",", ":")).encode(), "sha256")


def read_stubs(connection: Connection) -> list[AuditStub]:
    """All stubs, by their first entry."""
    rows = connection.execute(select(_TABLE).order_by(_TABLE.c.first)).all()
    return [
        AuditStub(
            row.first,
            row.last,
            row.began,
            row.ended,
            bytes(row.before_hash),
            bytes(row.last_hash),
            row.expired,
            row.expired_by,
            bytes(row.mac),
        )
        for row in rows
    ]


def write_stub(connection: Connection, stub: AuditStub) -> None:
    """Keep a signed stub within the caller's transaction."""
    connection.execute(
        insert(_TABLE).values(
            first=stub.first,
            last=stub.last,
            began=stub.began,
            ended=stub.ended,
            before_hash=stub.before_hash,
            last_hash=stub.last_hash,
            expired=stub.expired,
            expired_by=stub.expired_by,
            mac=stub.mac,
        )
    )
