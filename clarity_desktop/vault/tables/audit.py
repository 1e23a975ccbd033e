"""The audit as lists show it. There is no function to change or remove an entry."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from clarity_desktop.domain.people import PatientId
from clarity_desktop.vault.records import AuditEntry, AuditVerdict
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store

__all__ = ["Audit"]

_TABLE = schema.audit


class Audit:
    """Who did what."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(
        self, action: str, *, patient_id: PatientId | None = None, outcome: str = "ok", detail: str = ""
    ) -> None:
        """Record an action that is not itself a write to the vault, such as an export or a print.

        ``detail`` holds counts and pseudonyms, never a clinical value. When this raises, the action must not happen.
        """
        with self._store.writing(action, patient_id) as write:
            write.outcome = outcome
            write.detail = detail

    def entries(self, limit: int | None = 200, patient_id: PatientId | None = None) -> list[AuditEntry]:
        """The latest entries, newest first; ``limit=None`` gives all."""
        query = select(_TABLE).order_by(_TABLE.c.seq.desc())
        if patient_id is not None:
            query = query.where(_TABLE.c.patient_id == patient_id)
        if limit is not None:
            query = query.limit(limit)
        with self._store.reading() as connection:
            return [_from_row(row) for row in connection.execute(query)]

    def verify(self) -> AuditVerdict:
        """Check the whole chain and its seal."""
        with self._store.reading() as connection:
            return self._store.chain.verify(connection)


def _from_row(row: Row[Any]) -> AuditEntry:
    return AuditEntry(row.seq, row.at, row.who, row.action, row.patient_id, row.outcome, row.detail)
