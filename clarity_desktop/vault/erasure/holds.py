"""Legal holds: while one is on a patient, neither an erasure nor retention takes anything away (V-60)."""

from __future__ import annotations

import builtins
import time
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from clarity_desktop.domain.errors import ConflictError, InputError, NotFoundError
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import Instant
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store

__all__ = ["Hold", "Holds", "held_patients", "require_no_hold"]

_TABLE = schema.holds


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold, in force until it is released."""

    id: int
    patient_id: PatientId
    placed: Instant
    placed_by: str
    reason: str
    released: Instant | None = None
    released_by: str | None = None


class Holds:
    """The legal holds of a vault."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def place(self, patient_id: PatientId, reason: str) -> Hold:
        """Place a hold; raises :class:`InputError` (``hold.no_reason``) without a reason."""
        if not reason.strip():
            raise InputError("hold.no_reason", "A legal hold needs a reason.", remedy="Say who asked for it, and why.")
        sealed = self._store.seal_of(patient_id).seal(reason.strip().encode(), _TABLE.name)
        placed, who = int(time.time()), self._store.who
        with self._store.writing("patient.hold", patient_id) as write:
            done = write.connection.execute(
                insert(_TABLE).values(patient_id=patient_id, placed=placed, placed_by=who, sealed_reason=sealed)
            )
            (hold_id,) = done.inserted_primary_key or (0,)
            write.detail = f"hold {hold_id}"
        return Hold(int(hold_id), patient_id, placed, who, reason.strip())

    def release(self, patient_id: PatientId) -> int:
        """Release all holds on a patient; answers how many, raises :class:`NotFoundError` (``hold.none``)."""
        with self._store.writing("patient.hold_released", patient_id) as write:
            done = write.connection.execute(
                update(_TABLE)
                .where(_TABLE.c.patient_id == patient_id, _TABLE.c.released.is_(None))
                .values(released=int(time.time()), released_by=self._store.who)
            )
            if done.rowcount == 0:
                raise NotFoundError(
                    "hold.none", "There is no legal hold on this person.", remedy="List the holds first."
                )
            write.detail = f"{done.rowcount} holds"
        return int(done.rowcount)

    def list(self, patient_id: PatientId) -> builtins.list[Hold]:
        """All holds on a patient, released ones too, oldest first."""
        query = select(_TABLE).where(_TABLE.c.patient_id == patient_id).order_by(_TABLE.c.id)
        with self._store.reading() as connection:
            rows = connection.execute(query).all()
        if not rows:
            return []
        seal = self._store.seal_of(patient_id)
        return [
            Hold(
                row.id,
                row.patient_id,
                row.placed,
                row.placed_by,
                seal.open(row.sealed_reason, _TABLE.name).decode(),
                row.released,
                row.released_by,
            )
            for row in rows
        ]

    def held(self) -> frozenset[PatientId]:
        """The patients on whom a hold is in force."""
        with self._store.reading() as connection:
            return held_patients(connection)


def held_patients(connection: Connection) -> frozenset[PatientId]:
    """The patients on whom a hold is in force."""
    query = select(_TABLE.c.patient_id).where(_TABLE.c.released.is_(None)).distinct()
    return frozenset(connection.execute(query).scalars())


def require_no_hold(connection: Connection, patient_id: PatientId) -> None:
    """Raise :class:`ConflictError` (``patient.on_hold``) while a hold is in force."""
    if patient_id in held_patients(connection):
        raise ConflictError(
            "patient.on_hold",
            "A legal hold is on this person's record, so nothing of it may be erased.",
            remedy="Ask the person who placed the hold; it has to be released first.",
        )
