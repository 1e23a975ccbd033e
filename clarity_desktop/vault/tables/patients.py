"""Patients: who the data is about."""

from __future__ import annotations

import builtins
import json
import time
import uuid
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError as RowConflict

from clarity_desktop.domain.errors import ConflictError, InputError, NotFoundError
from clarity_desktop.domain.people import Patient, PatientId, Sex
from clarity_desktop.domain.time import zone_of_name
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store
from clarity_desktop.vault.tables.corrections import Correction, corrections_of, keep_correction

__all__ = ["Patients"]

_TABLE = schema.patients


class Patients:
    """The patients of a vault."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(
        self,
        name: str,
        *,
        birth_date: date | None = None,
        sex: Sex = Sex.NOT_STATED,
        home_zone: str | None = None,
        simulated: bool = False,
        code: str | None = None,
        tags: tuple[str, ...] = (),
    ) -> Patient:
        """Add a patient.

        Parameters
        ----------
        code:
            Short label; ``None`` gives the next free one (``P-0001`` …, ``D-0001`` … for simulated people).

        Raises
        ------
        InputError
            ``patient.no_name`` for an empty name, ``time.unknown_zone`` for a zone nobody knows.
        ConflictError
            ``patient.code_taken``.
        """
        _check(name, home_zone)
        patient_id = str(uuid.uuid4())
        with self._store.writing("patient.add", patient_id) as write:
            patient = Patient(
                id=patient_id,
                name=name.strip(),
                code=code or _next_code(write.connection, "D" if simulated else "P"),
                birth_date=birth_date,
                sex=sex,
                home_zone=home_zone,
                simulated=simulated,
                tags=tags,
                created=int(time.time()),
            )
            # The key first: a crash then leaves a key without a patient, which opens nothing, never the reverse.
            self._store.keys.create([patient_id])
            try:
                write.connection.execute(insert(_TABLE).values(self._as_row(patient)))
            except RowConflict:
                raise _code_taken() from None
        return patient

    def put_back(self, patient: Patient) -> None:
        """Enter a patient whom a backup holds and the vault does not, under the same id and with a new key.

        Raises
        ------
        ConflictError
            ``patient.code_taken`` where somebody else has the code, or the patient is there.
        """
        with self._store.writing("patient.put_back", patient.id) as write:
            self._store.keys.create([patient.id])
            try:
                write.connection.execute(insert(_TABLE).values(self._as_row(patient)))
            except RowConflict:
                raise _code_taken() from None

    def get(self, patient_id: PatientId) -> Patient:
        """The patient of an id; raises :class:`NotFoundError` (``patient.unknown``)."""
        with self._store.reading() as connection:
            return self._get(connection, patient_id)

    def find(self, text: str) -> Patient:
        """The patient whose id, code (in any case) or exact name this is.

        Raises
        ------
        NotFoundError
            ``patient.unknown``.
        ConflictError
            ``patient.ambiguous`` when several patients bear the name.
        """
        wanted = text.strip()
        people = self.list()
        for patient in people:
            if patient.id == wanted or patient.code.casefold() == wanted.casefold():
                return patient
        named = [patient for patient in people if patient.name == wanted]
        if len(named) > 1:
            raise ConflictError(
                "patient.ambiguous",
                f"{len(named)} patients bear this name.",
                remedy="Give the code instead: " + ", ".join(patient.code for patient in named) + ".",
            )
        if not named:
            raise _unknown()
        return named[0]

    def list(self) -> list[Patient]:
        """All patients, by code."""
        with self._store.reading() as connection:
            rows = connection.execute(select(_TABLE).order_by(_TABLE.c.code)).all()
        if self._store.identity.is_held:
            self._store.keys.seals_of(row.id for row in rows)
        return [self._from_row(row) for row in rows]

    def update(self, patient: Patient) -> None:
        """Store a changed patient (all fields but ``id`` and ``created``).

        Raises
        ------
        NotFoundError
            ``patient.unknown``.
        InputError
            ``patient.no_name``, ``time.unknown_zone``.
        ConflictError
            ``patient.code_taken``.
        """
        _check(patient.name, patient.home_zone)
        with self._store.writing("patient.update", patient.id) as write:
            before = self._get(write.connection, patient.id)
            values = self._as_row(patient)
            del values["id"], values["created"]
            try:
                write.connection.execute(update(_TABLE).where(_TABLE.c.id == patient.id).values(values))
            except RowConflict:
                raise _code_taken() from None
            changed = keep_correction(
                write.connection,
                self._store.who,
                self._store.seal_of(patient.id),
                self._store.identity,
                before,
                patient,
            )
            write.detail = ", ".join(changed)

    def corrections(self, patient_id: PatientId) -> builtins.list[Correction]:
        """What was said of a patient's identity before, oldest first. Asking is an audit entry (V-69)."""
        with self._store.noting("patient.corrections", patient_id) as write:
            return corrections_of(write.connection, self._store.seal_of(patient_id), self._store.identity)

    def discard_empty(self, patient_id: PatientId) -> None:
        """Remove a patient to whom nothing belongs, such as one added for an import that could not be read.

        Raises
        ------
        NotFoundError
            ``patient.unknown``.
        ConflictError
            ``patient.not_empty`` when anything is stored for the patient; nothing is removed then.
        """
        with self._store.writing("patient.discard", patient_id) as write:
            try:
                done = write.connection.execute(delete(_TABLE).where(_TABLE.c.id == patient_id))
            except RowConflict:
                raise ConflictError(
                    "patient.not_empty",
                    "Recordings are stored for this patient.",
                    remedy="Erase the patient with their data instead.",
                ) from None
            if done.rowcount == 0:
                raise _unknown()
        with self._store.staging():
            self._store.keys.destroy(patient_id)

    def open(self, patient_id: PatientId) -> Patient:
        """The patient of an id, with an audit entry that somebody opened the record."""
        with self._store.noting("patient.open", patient_id) as write:
            return self._get(write.connection, patient_id)

    def _get(self, connection: Connection, patient_id: PatientId) -> Patient:
        row = connection.execute(select(_TABLE).where(_TABLE.c.id == patient_id)).first()
        if row is None:
            raise _unknown()
        return self._from_row(row)

    def _as_row(self, patient: Patient) -> dict[str, Any]:
        born = patient.birth_date.isoformat() if patient.birth_date else None
        stated = json.dumps({"name": patient.name.strip(), "birth_date": born}, ensure_ascii=False).encode()
        return {
            "id": patient.id,
            "code": patient.code,
            "sex": patient.sex.value,
            "home_zone": patient.home_zone,
            "simulated": int(patient.simulated),
            "tags": json.dumps(list(patient.tags), ensure_ascii=False),
            "created": patient.created,
            "sealed_identity": self._store.identity.seal(self._store.seal_of(patient.id), stated, _TABLE.name),
        }

    def _from_row(self, row: Row[Any]) -> Patient:
        """The patient; under their code, without a date of birth, for those who hold no key to names (V-42)."""
        stated: dict[str, str | None] = {"name": row.code, "birth_date": None}
        if self._store.identity.is_held:
            seal = self._store.seal_of(row.id)
            stated = json.loads(self._store.identity.open(seal, row.sealed_identity, _TABLE.name))
        born = stated["birth_date"]
        return Patient(
            id=row.id,
            name=stated["name"] or row.code,
            code=row.code,
            birth_date=date.fromisoformat(born) if born else None,
            sex=Sex(row.sex),
            home_zone=row.home_zone,
            simulated=bool(row.simulated),
            tags=tuple(json.loads(row.tags)),
            created=row.created,
        )


def _check(name: str, home_zone: str | None) -> None:
    if not name.strip():
        raise InputError("patient.no_name", "A patient needs a name.", remedy="Type a name or a pseudonym.")
    if home_zone is not None:
        zone_of_name(home_zone)


def _next_code(connection: Connection, prefix: str) -> str:
    taken = connection.execute(select(_TABLE.c.code).where(_TABLE.c.code.like(f"{prefix}-%"))).scalars()
    numbers = [int(code[2:]) for code in taken if code[2:].isascii() and code[2:].isdigit()]
    return f"{prefix}-{max(numbers, default=0) + 1:04d}"


def _unknown() -> NotFoundError:
    return NotFoundError(
        "patient.unknown", "The vault has no such patient.", remedy="List the patients and choose one of them."
    )


def _code_taken() -> ConflictError:
    return ConflictError(
        "patient.code_taken", "Another patient has this code already.", remedy="Choose another code, or leave it empty."
    )
