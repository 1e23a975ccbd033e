"""Consent records: only ever added; a withdrawal is a record of its own and holds at once (V-61)."""

from __future__ import annotations

import builtins
import json
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select

from clarity_desktop.domain.errors import ConflictError, InputError, NotFoundError
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import Instant
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store

__all__ = ["METHODS", "Consent", "Consents"]

_TABLE, _PEOPLE = schema.consents, schema.consent_people
_GIVEN: Final = "given"
_WITHDRAWN: Final = "withdrawn"
METHODS: Final = ("paper", "electronic", "spoken", "guardian")
"""How a consent or its withdrawal was expressed."""


@dataclass(frozen=True, slots=True)
class Consent:
    """One consent with its withdrawal, if there is one."""

    id: int
    patient_id: PatientId
    purpose: str
    """What for, in the words of the clinic: ``treatment``, ``research:STUDY-1``, ``insight:provider``."""
    text_version: str
    language: str
    """Of the text that was agreed to, such as ``de``."""
    method: str
    given_by: str
    """The person or who acts for them; empty after an erasure."""
    witnessed_by: str
    dated: date
    expires: date | None
    """The last day on which it holds."""
    recorded: Instant
    recorded_by: str
    withdrawn: Instant | None = None
    withdrawn_by: str = ""
    """Who recorded the withdrawal."""

    def holds_on(self, day: date) -> bool:
        """Whether the consent is in force on a day."""
        in_time = self.dated <= day and (self.expires is None or day <= self.expires)
        return in_time and self.withdrawn is None


class Consents:
    """The consents of a vault. There is no way to change or remove one; the database refuses it too."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def give(
        self,
        patient_id: PatientId,
        *,
        purpose: str,
        text_version: str,
        language: str,
        given_by: str,
        witnessed_by: str = "",
        method: str = "paper",
        dated: date | None = None,
        expires: date | None = None,
    ) -> Consent:
        """Record a consent.

        Raises
        ------
        InputError
            ``consent.incomplete`` when purpose, version of the text, language or giver is missing,
            ``consent.method``, ``consent.dates`` for a date in the future or an expiry before the date.
        """
        today = _today()
        dated = dated or today
        if not all(word.strip() for word in (purpose, text_version, language, given_by)):
            raise InputError(
                "consent.incomplete",
                "A consent needs its purpose, the version and language of its text, and who gave it.",
                remedy="Fill in what is missing.",
            )
        _check_method(method)
        if dated > today or (expires is not None and expires < dated):
            raise InputError(
                "consent.dates",
                "The dates of the consent do not fit together.",
                remedy="The consent is dated today or before, and expires on that day or later.",
            )
        row = {
            "patient_id": patient_id,
            "event": _GIVEN,
            "withdraws": None,
            "purpose": purpose.strip(),
            "text_version": text_version.strip(),
            "language": language.strip(),
            "method": method,
            "dated": dated.isoformat(),
            "expires": expires.isoformat() if expires else None,
        }
        consent_id = self._add("consent.give", row, {"given_by": given_by.strip(), "witness": witnessed_by.strip()})
        return self.get(consent_id)

    def withdraw(self, consent_id: int, *, withdrawn_by: str, method: str = "paper") -> Consent:
        """Record that a consent was withdrawn; from the return on, nothing that asks for it goes ahead.

        Raises
        ------
        NotFoundError
            ``consent.unknown``.
        ConflictError
            ``consent.withdrawn`` when it was withdrawn before.
        """
        _check_method(method)
        consent = self.get(consent_id)
        if consent.withdrawn is not None:
            raise ConflictError(
                "consent.withdrawn", "This consent was withdrawn before.", remedy="List the consents of the person."
            )
        row = {
            "patient_id": consent.patient_id,
            "event": _WITHDRAWN,
            "withdraws": consent.id,
            "purpose": consent.purpose,
            "text_version": consent.text_version,
            "language": consent.language,
            "method": method,
            "dated": _today().isoformat(),
            "expires": None,
        }
        self._add("consent.withdraw", row, {"given_by": withdrawn_by.strip(), "witness": ""})
        return self.get(consent_id)

    def get(self, consent_id: int) -> Consent:
        """One consent; raises :class:`NotFoundError` (``consent.unknown``)."""
        with self._store.reading() as connection:
            query = select(_TABLE).where(_TABLE.c.id == consent_id, _TABLE.c.event == _GIVEN)
            row = connection.execute(query).first()
            if row is None:
                raise NotFoundError(
                    "consent.unknown", "The vault has no such consent.", remedy="List the consents of the person first."
                )
            return self._from_row(connection, row)

    def list(self, patient_id: PatientId) -> builtins.list[Consent]:
        """All consents of a patient, oldest first; after an erasure without names."""
        query = select(_TABLE).where(_TABLE.c.patient_id == patient_id, _TABLE.c.event == _GIVEN)
        with self._store.reading() as connection:
            rows = connection.execute(query.order_by(_TABLE.c.id)).all()
            return [self._from_row(connection, row) for row in rows]

    def is_given(self, patient_id: PatientId, purpose: str, *, on: date | None = None) -> bool:
        """Whether a consent for a purpose is in force on a day (default: today, UTC)."""
        day = on or _today()
        return any(one.purpose == purpose and one.holds_on(day) for one in self.list(patient_id))

    def require(self, patient_id: PatientId, purpose: str) -> None:
        """Raise :class:`ConflictError` (``consent.missing``) unless a consent for the purpose is in force now."""
        if not self.is_given(patient_id, purpose):
            raise ConflictError(
                "consent.missing",
                "There is no consent of this person for this.",
                remedy="Ask the person, and record the consent before you go on.",
            )

    def _add(self, action: str, row: dict[str, Any], people: dict[str, str]) -> int:
        seal = self._store.seal_of(row["patient_id"])
        with self._store.writing(action, row["patient_id"]) as write:
            values = {**row, "recorded": int(time.time()), "recorded_by": self._store.who}
            done = write.connection.execute(insert(_TABLE).values(values))
            (added,) = done.inserted_primary_key or (0,)
            sealed = seal.seal(json.dumps(people).encode(), _TABLE.name, int(added))
            names = {"consent_id": int(added), "patient_id": row["patient_id"], "sealed": sealed}
            write.connection.execute(insert(_PEOPLE).values(names))
            write.detail = f"consent {row['withdraws'] or added}"
        return int(added)

    def _from_row(self, connection: Connection, row: Row[Any]) -> Consent:
        sealed = connection.execute(select(_PEOPLE.c.sealed).where(_PEOPLE.c.consent_id == row.id)).scalar()
        people = {"given_by": "", "witness": ""}
        if sealed is not None:
            people = json.loads(self._store.seal_of(row.patient_id).open(sealed, _TABLE.name, row.id))
        query = select(_TABLE.c.recorded, _TABLE.c.recorded_by).where(_TABLE.c.withdraws == row.id)
        end = connection.execute(query.order_by(_TABLE.c.id)).first()
        return Consent(
            row.id,
            row.patient_id,
            row.purpose,
            row.text_version,
            row.language,
            row.method,
            people["given_by"],
            people["witness"],
            date.fromisoformat(row.dated),
            date.fromisoformat(row.expires) if row.expires else None,
            row.recorded,
            row.recorded_by,
            None if end is None else end.recorded,
            "" if end is None else end.recorded_by,
        )


def _check_method(method: str) -> None:
    if method not in METHODS:
        raise InputError(
            "consent.method",
            "This way of giving a consent is not known.",
            remedy="Choose one of: " + ", ".join(METHODS) + ".",
        )


def _today() -> date:
    return datetime.now(UTC).date()
