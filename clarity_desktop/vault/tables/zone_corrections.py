"""Zone corrections: stretches of the timeline that a person has set by hand, over what the files' evidence gives."""

from __future__ import annotations

import json
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from clarity_desktop.domain.importing import ZoneFound
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import Certainty, ZoneCorrection, ZonePeriod, zone_of_name
from clarity_desktop.vault.seal.cipher import PatientSeal
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store

__all__ = ["ZoneCorrections", "corrected", "stored_corrections"]

_TABLE: Final = schema.zone_corrections
_EVER: Final = -(2**62)
BY_HAND: Final = "by hand"


class ZoneCorrections:
    """The corrections of a vault, by patient."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self, patient_id: PatientId) -> tuple[ZoneCorrection, ...]:
        """A patient's corrections; where two overlap the later in the list holds."""
        with self._store.reading() as connection:
            return stored_corrections(connection, self._store.seal_of(patient_id))

    def put(self, patient_id: PatientId, corrections: tuple[ZoneCorrection, ...]) -> None:
        """Replace a patient's corrections; none brings back what the evidence gives.

        Raises
        ------
        InputError
            ``time.unknown_zone``.
        """
        for one in corrections:
            zone_of_name(one.zone)
        seal = self._store.seal_of(patient_id)
        with self._store.writing("zones.correct", patient_id) as write:
            write.connection.execute(delete(_TABLE).where(_TABLE.c.patient_id == patient_id))
            rows = [
                {
                    "patient_id": patient_id,
                    "position": position,
                    "sealed": seal.seal(
                        json.dumps([one.from_utc, one.until_utc, one.zone]).encode(), _TABLE.name, position
                    ),
                }
                for position, one in enumerate(corrections)
            ]
            if rows:
                write.connection.execute(insert(_TABLE), rows)
            write.detail = f"{len(rows)} stretches by hand"


def stored_corrections(connection: Connection, seal: PatientSeal) -> tuple[ZoneCorrection, ...]:
    """The corrections of a patient, in the order in which they were made."""
    query = select(_TABLE.c.position, _TABLE.c.sealed).where(_TABLE.c.patient_id == seal.patient_id)
    found = []
    for row in connection.execute(query.order_by(_TABLE.c.position)):
        from_utc, until_utc, zone = json.loads(seal.open(row.sealed, _TABLE.name, row.position))
        found.append(ZoneCorrection(from_utc, until_utc, zone))
    return tuple(found)


def corrected(
    found: tuple[ZoneFound, ...], corrections: tuple[ZoneCorrection, ...], home: str | None = None
) -> tuple[ZoneFound, ...]:
    """The timeline with corrections laid over it, one after the other.

    Parameters
    ----------
    found:
        What the evidence gives, in order; the first stretch covers all time before it as well.
    home:
        Zone outside of the corrections when there is no evidence at all; ``None`` takes that of the first correction.
    """
    if not corrections:
        return found
    if not found:
        zone = home or corrections[0].zone
        found = (ZoneFound(ZonePeriod(_EVER, zone, Certainty.ASSUMED, "the home zone"), "home", 0),)
    stretches = [(max(_EVER, one.period.from_utc), one) for one in found]
    stretches[0] = (_EVER, stretches[0][1])
    for correction in corrections:
        begin = _EVER if correction.from_utc is None else correction.from_utc
        end = correction.until_utc
        by_hand = ZoneFound(ZonePeriod(begin, correction.zone, Certainty.STATED, "corrected by hand"), BY_HAND, 1)
        before = [(at, one) for at, one in stretches if at < begin]
        after = []
        if end is not None:
            in_force = [one for at, one in stretches if at <= end]
            after = [(end, in_force[-1]), *((at, one) for at, one in stretches if at > end)]
        stretches = [*before, (begin, by_hand), *after]
    return tuple(
        ZoneFound(ZonePeriod(at, one.period.zone, one.period.certainty, one.period.origin), one.evidence, one.count)
        for at, one in stretches
    )
