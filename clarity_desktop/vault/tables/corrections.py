"""What was said of a patient's identity before: sealed, for those who look after the record, never for lists (V-69)."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, insert, select

from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.time import Instant
from clarity_desktop.vault.seal.cipher import PatientSeal
from clarity_desktop.vault.seal.identity import IdentitySeal
from clarity_desktop.vault.store import schema

__all__ = ["Correction", "corrections_of", "keep_correction"]

_TABLE = schema.corrections
_FIELDS: Final = ("name", "code", "birth_date", "sex")


@dataclass(frozen=True, slots=True)
class Correction:
    """One field of a patient's identity that was changed."""

    at: Instant
    who: str
    field: str
    before: str
    """Empty when nothing was stated."""


def keep_correction(
    connection: Connection, who: str, seal: PatientSeal, identity: IdentitySeal, before: Patient, after: Patient
) -> list[str]:
    """Keep the values that a change replaces, within its transaction; answers the names of the changed fields."""
    changed = {name: _text(before, name) for name in _FIELDS if getattr(before, name) != getattr(after, name)}
    if changed:
        now = int(time.time())
        sealed = identity.seal(seal, json.dumps(changed).encode(), _TABLE.name, now)
        row = {"patient_id": after.id, "at": now, "who": who, "sealed": sealed}
        connection.execute(insert(_TABLE).values(row))
    return list(changed)


def corrections_of(connection: Connection, seal: PatientSeal, identity: IdentitySeal) -> list[Correction]:
    """The kept values of a patient, oldest first."""
    query = select(_TABLE).where(_TABLE.c.patient_id == seal.patient_id).order_by(_TABLE.c.id)
    found = []
    for row in connection.execute(query):
        changed: dict[str, str] = json.loads(identity.open(seal, row.sealed, _TABLE.name, row.at))
        found += [Correction(row.at, row.who, name, value) for name, value in changed.items()]
    return found


def _text(patient: Patient, name: str) -> str:
    value = getattr(patient, name)
    return "" if value is None else str(value)
