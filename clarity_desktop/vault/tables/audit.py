"""The audit as lists show it. There is no function to change or remove an entry."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, func, literal, literal_column, select

from clarity_desktop.domain.people import PatientId
from clarity_desktop.vault.records import AuditEntry, AuditQuery, AuditVerdict
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store

__all__ = ["Audit"]

_TABLE = schema.audit
_AFTER_DOT: Final = "/"
"""The character after the dot, where the names that begin with ``word.`` end."""
_MANY: Final = 20_000
"""So many entries are too many to lead a search."""
_TOGETHER: Final = 20
_TOGETHER_READ: Final = 500


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
            actions = [None] if query.action is None else _actions(connection, query.action)
            rows = [
                row
                for action in actions
                for row in connection.execute(_statement(connection, replace(query, action=action)))
            ]
        newest = sorted(rows, key=lambda row: int(row.seq), reverse=True)
        return [_from_row(row) for row in newest[: query.limit]]

    def digests(self, seqs: Collection[int]) -> dict[int, str]:
        """The hash by which each of these entries hangs in the chain, in hexadecimal; expired ones are left out."""
        found: dict[int, str] = {}
        wanted = sorted(seqs)
        with self._store.reading() as connection:
            for at in range(0, len(wanted), _TOGETHER_READ):
                some = wanted[at : at + _TOGETHER_READ]
                query = select(_TABLE.c.seq, _TABLE.c.hash).where(_TABLE.c.seq.in_(some))
                found.update((int(row.seq), row.hash.hex()) for row in connection.execute(query))
        return found

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


def _actions(connection: Connection, word: str) -> list[str | None]:
    """The actions there are of a name: itself, and those that begin with it. Looks at no entry but one of each."""
    found: list[str | None] = []
    exact = select(_TABLE.c.action).where(_TABLE.c.action == word).limit(1)
    found += connection.execute(exact).scalars()
    at: str | None = f"{word}."
    while at is not None:
        later = _TABLE.c.action > at if found and found[-1] == at else _TABLE.c.action >= at
        query = select(_TABLE.c.action).where(later, _TABLE.c.action < f"{word}{_AFTER_DOT}")
        at = connection.execute(query.order_by(_TABLE.c.action).limit(1)).scalar_one_or_none()
        if at is not None:
            found.append(at)
    return found


def _statement(connection: Connection, query: AuditQuery) -> Select[Any]:
    """The query, led by the index that leaves fewest entries to look at."""
    wanted: dict[str, Any] = {
        "correlation": query.correlation,
        "patient_id": query.patient_id,
        "outcome": query.outcome,
        "who": query.who,
        "action": query.action,
        "origin": query.origin,
    }
    conditions = {name: _TABLE.c[name] == value for name, value in wanted.items() if value is not None}
    if query.span is not None:
        conditions["at"] = (_TABLE.c.at >= query.span.start) & (_TABLE.c.at < query.span.stop)
    lead = next(iter(conditions), "") if len(conditions) < 2 else _lead(connection, conditions)
    statement = select(_TABLE)
    for name, condition in conditions.items():
        # A plus before the column keeps SQLite, which knows no numbers of rows, from choosing its index.
        statement = statement.where(condition if name == lead else _unindexed(name, query, wanted))
    statement = statement.order_by(_TABLE.c.seq.desc())
    return statement if query.limit is None else statement.limit(query.limit)


def _lead(connection: Connection, conditions: Mapping[str, ColumnElement[bool]]) -> str:
    """The condition that fewest entries meet; none where all are met by many, and reading from the end finds soon."""
    counts = {}
    for name, condition in conditions.items():
        some = select(literal(1)).select_from(_TABLE).where(condition).limit(_MANY).subquery()
        counts[name] = int(connection.execute(select(func.count()).select_from(some)).scalar_one())
    # Entries of a span lie side by side, so many of them are read as quickly as few that lie apart.
    if 0 < counts.get("at", _MANY) < _MANY and min(counts.values()) > counts["at"] // _TOGETHER:
        return "at"
    name = min(counts, key=lambda one: counts[one])
    return name if counts[name] < _MANY else ""


def _unindexed(name: str, query: AuditQuery, wanted: Mapping[str, Any]) -> ColumnElement[bool]:
    column: ColumnElement[Any] = literal_column(f"+audit.{name}")
    if name == "at" and query.span is not None:
        return (column >= query.span.start) & (column < query.span.stop)
    condition: ColumnElement[bool] = column == wanted[name]
    return condition


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
