"""Who may see whom: a patient is open to everybody who reads data, or restricted and shared for a time (V-45)."""

from __future__ import annotations

import builtins
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from clarity_desktop.domain.errors import InputError, NotFoundError
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import Instant, format_instant
from clarity_desktop.vault.people import table as people_table
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store

__all__ = ["Restriction", "Share", "Sharing"]

_RESTRICTIONS, _SHARES = schema.restrictions, schema.shares
_LONGEST_S: Final = 366 * 86_400


@dataclass(frozen=True, slots=True)
class Restriction:
    """A patient's record is open to its owner and to those it is shared with."""

    patient_id: PatientId
    owner: str
    """Id of the user."""
    since: Instant
    restricted_by: str


@dataclass(frozen=True, slots=True)
class Share:
    """One colleague's access to a restricted patient, for a time."""

    id: int
    patient_id: PatientId
    user_id: str
    granted: Instant
    granted_by: str
    until: Instant
    ended: Instant | None = None
    """When it was taken back before its time."""

    def holds(self, now: Instant) -> bool:
        """Whether it gives access at a moment."""
        return self.ended is None and self.granted <= now < self.until


class Sharing:
    """Restrictions and shares of one vault. They are read at each question, so an end needs no restart.

    Parameters
    ----------
    clock:
        UTC seconds.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def restrict(self, patient_id: PatientId, owner: str) -> Restriction:
        """Open a patient to one user only, and to those it is shared with later; a second time it changes the owner.

        Raises
        ------
        NotFoundError
            ``patient.unknown``, ``people.unknown``.
        """
        found = Restriction(patient_id, owner, self._now(), self._store.who)
        with self._store.writing("patient.restrict", patient_id) as write:
            _require_patient(write.connection, patient_id)
            people_table.present_user(write.connection, owner)
            write.connection.execute(delete(_RESTRICTIONS).where(_RESTRICTIONS.c.patient_id == patient_id))
            row = {"patient_id": patient_id, "owner": owner, "since": found.since, "restricted_by": found.restricted_by}
            write.connection.execute(insert(_RESTRICTIONS).values(row))
            write.detail = f"owner {owner}"
        return found

    def lift(self, patient_id: PatientId) -> None:
        """Open a patient to everybody who reads data again; shares end. Raises ``NotFoundError`` (``share.none``)."""
        with self._store.writing("patient.unrestrict", patient_id) as write:
            done = write.connection.execute(delete(_RESTRICTIONS).where(_RESTRICTIONS.c.patient_id == patient_id))
            if done.rowcount == 0:
                raise _no_share("This person's record is not restricted.")
            self._end(write.connection, patient_id, None)

    def share(self, patient_id: PatientId, user_id: str, until: Instant) -> Share:
        """Give a colleague access until a moment; an earlier share with them ends.

        Raises
        ------
        InputError
            ``share.until`` for a moment that has passed, or lies more than a year ahead.
        NotFoundError
            ``people.unknown``; ``share.none`` for a patient whose record is not restricted.
        """
        now = self._now()
        if not now < until <= now + _LONGEST_S:
            raise InputError(
                "share.until",
                "A record is shared for a time that lies ahead, at most a year.",
                remedy="Give a later day, or one within a year.",
            )
        with self._store.writing("patient.share", patient_id) as write:
            if _restriction(write.connection, patient_id) is None:
                raise _no_share("This person's record is open to all colleagues, so it needs no sharing.")
            people_table.present_user(write.connection, user_id)
            self._end(write.connection, patient_id, user_id)
            row = {
                "patient_id": patient_id,
                "user_id": user_id,
                "granted": now,
                "granted_by": self._store.who,
                "until": until,
            }
            done = write.connection.execute(insert(_SHARES).values(row))
            (number,) = done.inserted_primary_key or (0,)
            write.detail = f"{user_id} until {format_instant(until)}"
        return Share(int(number), patient_id, user_id, now, self._store.who, until)

    def end_share(self, patient_id: PatientId, user_id: str) -> None:
        """Take a colleague's access back at once; raises :class:`NotFoundError` (``share.none``)."""
        with self._store.writing("patient.unshare", patient_id) as write:
            if self._end(write.connection, patient_id, user_id) == 0:
                raise _no_share("This person's record is not shared with that colleague.")
            write.detail = user_id

    def shares(self, patient_id: PatientId) -> builtins.list[Share]:
        """All shares of a patient, those that are over too, oldest first."""
        query = select(_SHARES).where(_SHARES.c.patient_id == patient_id).order_by(_SHARES.c.id)
        with self._store.reading() as connection:
            rows = connection.execute(query).all()
        return [
            Share(row.id, row.patient_id, row.user_id, row.granted, row.granted_by, row.until, row.ended)
            for row in rows
        ]

    def restriction(self, patient_id: PatientId) -> Restriction | None:
        """The restriction of a patient, or ``None`` for one who is open to all."""
        with self._store.reading() as connection:
            return _restriction(connection, patient_id)

    def owned(self, user_id: str) -> builtins.list[PatientId]:
        """The restricted patients of a user."""
        query = select(_RESTRICTIONS.c.patient_id).where(_RESTRICTIONS.c.owner == user_id)
        with self._store.reading() as connection:
            return [str(one) for one in connection.execute(query.order_by(_RESTRICTIONS.c.patient_id)).scalars()]

    def hand_over(self, user_id: str, to: str) -> int:
        """Give all restricted patients of one user to another one; answers how many, with an entry for each."""
        patients = self.owned(user_id)
        for patient_id in patients:
            self.restrict(patient_id, to)
        return len(patients)

    def hidden_from(self, user_id: str) -> frozenset[PatientId]:
        """The patients that a user may not see now."""
        now = self._now()
        shared = (
            select(_SHARES.c.patient_id)
            .where(_SHARES.c.user_id == user_id, _SHARES.c.ended.is_(None))
            .where(_SHARES.c.granted <= now, _SHARES.c.until > now)
        )
        query = select(_RESTRICTIONS.c.patient_id).where(
            _RESTRICTIONS.c.owner != user_id, _RESTRICTIONS.c.patient_id.not_in(shared)
        )
        with self._store.reading() as connection:
            return frozenset(str(one) for one in connection.execute(query).scalars())

    def _end(self, connection: Connection, patient_id: PatientId, user_id: str | None) -> int:
        now = self._now()
        statement = update(_SHARES).where(
            _SHARES.c.patient_id == patient_id, _SHARES.c.ended.is_(None), _SHARES.c.until > now
        )
        if user_id is not None:
            statement = statement.where(_SHARES.c.user_id == user_id)
        return int(connection.execute(statement.values(ended=now, ended_by=self._store.who)).rowcount)

    def _now(self) -> Instant:
        return int(self._clock())


def _restriction(connection: Connection, patient_id: PatientId) -> Restriction | None:
    row = connection.execute(select(_RESTRICTIONS).where(_RESTRICTIONS.c.patient_id == patient_id)).first()
    return None if row is None else Restriction(row.patient_id, row.owner, row.since, row.restricted_by)


def _require_patient(connection: Connection, patient_id: PatientId) -> None:
    table = schema.patients
    if connection.execute(select(table.c.id).where(table.c.id == patient_id)).first() is None:
        raise NotFoundError(
            "patient.unknown", "The vault has no such patient.", remedy="List the patients and choose one of them."
        )


def _no_share(message: str) -> NotFoundError:
    return NotFoundError("share.none", message, remedy="Look at who sees this record first.")
