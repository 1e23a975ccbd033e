"""What sync remembers that is of no operation: switches, epochs, limits, abilities, and notices for a person."""

from __future__ import annotations

import builtins
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.sqlite import insert

from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import Instant
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store

__all__ = ["SyncMemory", "SyncNote"]

_STATE, _NOTES = schema.sync_state, schema.sync_notes


@dataclass(frozen=True, slots=True)
class SyncNote:
    """Something that sync tells a person once."""

    id: str
    account: str
    kind: str
    """Code: ``server.empty_list``, ``breaker``, ``erasure`` …"""
    at: Instant
    document: dict[str, Any]
    patient_id: PatientId | None = None


class SyncMemory:
    """Part of the outbox.

    Parameters
    ----------
    clock:
        Wall time in seconds since 1970, for tests.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def _now(self) -> int:
        return int(self._clock())

    def remember(self, name: str, document: Any) -> None:
        """Keep something that is of no patient: an epoch, limits used, what a server takes."""
        row = {"name": name, "document": json.dumps(document), "at": self._now()}
        with self._store.writing("sync.note") as write:
            write.connection.execute(
                insert(_STATE).values(row).on_conflict_do_update(index_elements=["name"], set_=row)
            )
            write.detail = name.split("/", 1)[0]

    def recall(self, name: str, default: Any = None) -> Any:
        """What was kept under a name."""
        with self._store.reading() as connection:
            found = connection.execute(select(_STATE.c.document).where(_STATE.c.name == name)).scalar()
        return default if found is None else json.loads(found)

    # -- notices ------------------------------------------------------------------------------------------------

    def tell(
        self, account: str, kind: str, document: dict[str, Any], patient_id: PatientId | None = None
    ) -> str | None:
        """Keep a notice for a person, once while it is open; answers its id, or ``None`` where it is there already.

        What is of a patient is sealed with their key; a notice of the server holds nothing of anyone.
        """
        note_id = str(uuid.uuid4())
        raw = json.dumps(document).encode()
        blob = raw if patient_id is None else self._store.seal_of(patient_id).seal(raw, _NOTES.name, note_id)
        same = select(_NOTES.c.id).where(_NOTES.c.account == account, _NOTES.c.kind == kind, _NOTES.c.settled.is_(None))
        same = same.where(_NOTES.c.patient_id.is_(None) if patient_id is None else _NOTES.c.patient_id == patient_id)
        with self._store.reading() as connection:
            if connection.execute(same).first() is not None:
                return None
        row = {"id": note_id, "patient_id": patient_id, "account": account, "kind": kind, "at": self._now()}
        with self._store.writing("sync.notice", patient_id) as write:
            write.connection.execute(insert(_NOTES).values(row | {"settled": None, "sealed": blob}))
            write.detail = kind
        return note_id

    def notes(self, account: str | None = None, kind: str | None = None) -> builtins.list[SyncNote]:
        """Open notices, newest first."""
        query = select(_NOTES).where(_NOTES.c.settled.is_(None)).order_by(_NOTES.c.at.desc(), _NOTES.c.id)
        if account is not None:
            query = query.where(_NOTES.c.account == account)
        if kind is not None:
            query = query.where(_NOTES.c.kind == kind)
        with self._store.reading() as connection:
            rows = connection.execute(query).all()
        found = []
        for row in rows:
            raw = row.sealed
            if row.patient_id is not None:
                raw = self._store.seal_of(row.patient_id).open(row.sealed, _NOTES.name, row.id)
            found.append(SyncNote(row.id, row.account, row.kind, row.at, json.loads(raw), row.patient_id))
        return found

    def settle(self, note_id: str) -> None:
        """A person has seen to a notice."""
        with self._store.writing("sync.settled") as write:
            write.connection.execute(update(_NOTES).where(_NOTES.c.id == note_id).values(settled=self._now()))
