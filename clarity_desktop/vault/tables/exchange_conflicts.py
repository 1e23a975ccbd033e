"""What both sides wrote and a person is asked about, sealed with the patient's key (Y-48)."""

from __future__ import annotations

import builtins
import json
import time
import uuid
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.sqlite import insert

from clarity_desktop.domain.errors import ConflictError, NotFoundError
from clarity_desktop.domain.exchange import Conflict, RecordClass, Side
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import DAY_S
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store, WriteTransaction

__all__ = ["SHOWN_S", "Conflicts"]

_TABLE = schema.exchange_conflicts
SHOWN_S: Final = 30 * DAY_S
"""How long a value that was outdone by a later one is shown."""


class Conflicts:
    """The conflicts of a vault."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self, patient_id: PatientId | None = None, *, with_resolved: bool = True) -> builtins.list[Conflict]:
        """Open conflicts, and those whose resolution can still be taken back; oldest first."""
        query = select(_TABLE).where(_TABLE.c.final.is_(None)).order_by(_TABLE.c.opened, _TABLE.c.id)
        if patient_id is not None:
            query = query.where(_TABLE.c.patient_id == patient_id)
        if not with_resolved:
            query = query.where(_TABLE.c.resolved.is_(None))
        with self._store.reading() as connection:
            rows = connection.execute(query).all()
        return [_conflict(row, self._document(row)) for row in rows]

    def get(self, conflict_id: str) -> tuple[Conflict, dict[str, Any]]:
        """One conflict that is not final, with what was kept to take its resolution back.

        Raises
        ------
        NotFoundError
            ``sync.no_conflict``.
        """
        with self._store.reading() as connection:
            row = connection.execute(select(_TABLE).where(_TABLE.c.id == conflict_id)).first()
        if row is None or row.final is not None:
            raise _unknown()
        document = self._document(row)
        return _conflict(row, document), dict(document.get("before") or {})

    def owner(self, conflict_id: str) -> PatientId:
        """Whose conflict it is; raises as :meth:`get`."""
        return self.get(conflict_id)[0].patient_id

    def put(self, write: WriteTransaction, found: Conflict) -> bool:
        """Open a conflict within a transaction, or renew the open one of the same entry; answers whether it is new."""
        same = (
            (_TABLE.c.patient_id == found.patient_id)
            & (_TABLE.c.record_class == found.record_class.value)
            & (_TABLE.c.entity == found.entity)
            & _TABLE.c.resolved.is_(None)
            & _TABLE.c.final.is_(None)
        )
        held = write.connection.execute(select(_TABLE.c.id).where(same)).scalar()
        conflict_id = held or str(uuid.uuid4())
        row = {
            "id": conflict_id,
            "patient_id": found.patient_id,
            "record_class": found.record_class.value,
            "entity": found.entity,
            "opened": int(time.time()),
            "resolved": None,
            "final": None,
            "sealed": self._sealed(found.patient_id, conflict_id, _as_document(found)),
        }
        if held is None:
            write.connection.execute(insert(_TABLE).values(row))
        else:
            write.connection.execute(update(_TABLE).where(_TABLE.c.id == held).values(sealed=row["sealed"]))
        return held is None

    def close_entry(self, write: WriteTransaction, patient_id: PatientId, found: tuple[RecordClass, str]) -> None:
        """Within a transaction: an entry is settled, so its open conflict asks no more."""
        same = (_TABLE.c.patient_id == patient_id) & (_TABLE.c.record_class == found[0].value)
        open_ones = same & (_TABLE.c.entity == found[1]) & _TABLE.c.resolved.is_(None) & _TABLE.c.final.is_(None)
        now = int(time.time())
        write.connection.execute(update(_TABLE).where(open_ones).values(resolved=now, final=now))

    def resolve(self, write: WriteTransaction, conflict: Conflict, keep: str, before: dict[str, Any]) -> None:
        """Keep within a transaction what somebody chose, and what takes it back."""
        if conflict.resolved is not None:
            raise ConflictError(
                "sync.conflict_resolved",
                "This conflict was resolved before.",
                remedy="Take the resolution back first, which can be done until the next sync.",
            )
        document = _as_document(conflict) | {"keep": keep, "before": before}
        sealed = self._sealed(conflict.patient_id, conflict.id, document)
        values = {"resolved": int(time.time()), "sealed": sealed}
        write.connection.execute(update(_TABLE).where(_TABLE.c.id == conflict.id).values(values))

    def reopen(self, write: WriteTransaction, conflict: Conflict) -> None:
        """Ask again, within a transaction."""
        sealed = self._sealed(conflict.patient_id, conflict.id, _as_document(conflict))
        values = {"resolved": None, "sealed": sealed}
        write.connection.execute(update(_TABLE).where(_TABLE.c.id == conflict.id).values(values))

    def finish(self) -> int:
        """A sync ran: what was resolved stays so, and what has been shown for 30 days is shown no more."""
        now = int(time.time())
        open_ones = _TABLE.c.final.is_(None)
        old = (_TABLE.c.record_class == RecordClass.DEMOGRAPHICS.value) & (_TABLE.c.opened < now - SHOWN_S)
        due = open_ones & (_TABLE.c.resolved.is_not(None) | old)
        with self._store.reading() as connection:
            if connection.execute(select(_TABLE.c.id).where(due).limit(1)).first() is None:
                return 0
        with self._store.writing("sync.conflicts_final") as write:
            done = write.connection.execute(update(_TABLE).where(due).values(final=now))
            write.detail = f"{done.rowcount} conflicts"
            return int(done.rowcount)

    def _sealed(self, patient_id: PatientId, conflict_id: str, document: dict[str, Any]) -> bytes:
        raw = json.dumps(document, ensure_ascii=False).encode()
        return self._store.seal_of(patient_id).seal(raw, _TABLE.name, conflict_id)

    def _document(self, row: Row[Any]) -> dict[str, Any]:
        raw = self._store.seal_of(row.patient_id).open(row.sealed, _TABLE.name, row.id)
        found = json.loads(raw)
        assert isinstance(found, dict)
        return found


def _as_document(found: Conflict) -> dict[str, Any]:
    return {
        "field": found.field,
        "here": asdict(found.here),
        "there": asdict(found.there),
        "base": found.base,
        "title": found.title,
        "choices": list(found.choices),
    }


def _conflict(row: Row[Any], document: dict[str, Any]) -> Conflict:
    return Conflict(
        row.id,
        row.patient_id,
        RecordClass(row.record_class),
        row.entity,
        document["field"],
        Side(**document["here"]),
        Side(**document["there"]),
        document["base"],
        document["title"],
        row.opened,
        document.get("keep") if row.resolved is not None else None,
        tuple(document["choices"]),
    )


def _unknown() -> NotFoundError:
    return NotFoundError(
        "sync.no_conflict",
        "There is no such conflict, or its resolution has been sent already.",
        remedy="List the conflicts, and choose one of them.",
    )
