"""The audit as lists show it. There is no function to change or remove an entry."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, select

from clarity_desktop.domain.people import PatientId
from clarity_desktop.vault.records import AuditEntry, AuditQuery, AuditVerdict
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store

__all__ = ["Audit"]

_TABLE = schema.audit
_AFTER_DOT = "/"
"""The character after the dot, where the names that begin with ``word.`` end."""


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
        with self._store.noting(action, patient_id) as write:
            write.outcome = outcome
            write.detail = detail

    def entries(self, limit: int | None = 200, patient_id: PatientId | None = None) -> list[AuditEntry]:
        """The latest entries, newest first; ``limit=None`` gives all."""
        return self.find(AuditQuery(patient_id=patient_id, limit=limit))

    def find(self, query: AuditQuery) -> list[AuditEntry]:
        """The latest entries that meet all conditions, newest first."""
        with self._store.reading() as connection:
            return [_from_row(row) for row in connection.execute(_statement(query))]

    def verify(self) -> AuditVerdict:
        """Check the whole chain and its anchors."""
        with self._store.reading() as connection:
            return self._store.chain.verify(connection)

    def accept_gap(self, reason: str) -> None:
        """Answer for a difference between the audit and a record of it outside, such as after a folder was put back.

        The entry ``audit.gap`` with the reason stays in the audit; from then on the records outside agree again.

        Parameters
        ----------
        reason:
            Why the older state is the right one, in the words of the person who answers for it.
        """
        verdict = self.verify()
        with self._store.noting("audit.gap") as write:
            write.detail = f"{verdict.reason or 'no difference'} Reason given: {reason.strip()}"
        head = self._store.chain.head
        if head is not None:
            self._store.chain.accept(head)


def _statement(query: AuditQuery) -> Select[Any]:
    statement = select(_TABLE).order_by(_TABLE.c.seq.desc())
    exact = (
        (_TABLE.c.patient_id, query.patient_id),
        (_TABLE.c.who, query.who),
        (_TABLE.c.outcome, query.outcome),
        (_TABLE.c.origin, query.origin),
        (_TABLE.c.correlation, query.correlation),
    )
    for column, wanted in exact:
        if wanted is not None:
            statement = statement.where(column == wanted)
    if query.action is not None:
        word = query.action
        among = (_TABLE.c.action >= f"{word}.") & (_TABLE.c.action < f"{word}{_AFTER_DOT}")
        statement = statement.where((_TABLE.c.action == word) | among)
    if query.span is not None:
        statement = statement.where(_TABLE.c.at >= query.span.start, _TABLE.c.at < query.span.stop)
    return statement if query.limit is None else statement.limit(query.limit)


def _from_row(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        seq=row.seq,
        at=row.at,
        who=row.who,
        action=row.action,
        patient_id=row.patient_id,
        outcome=row.outcome,
        detail=row.detail,
        role=row.role,
        origin=row.origin,
        correlation=row.correlation,
        monotonic_ms=row.monotonic_ms,
    )
