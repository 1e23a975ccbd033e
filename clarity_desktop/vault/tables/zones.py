"""The zone timeline of each patient, with the evidence for every stretch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from clarity_desktop.domain.importing import ZoneFound
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import UNKNOWN_ZONE, Certainty, Instant, Span, ZonePeriod, ZoneTimeline
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store
from clarity_desktop.vault.tables.zone_corrections import corrected, stored_corrections

__all__ = ["Zones", "joined_zones", "stored_zones", "write_zones", "zones_document", "zones_of_document"]

_TABLE = schema.zones


class Zones:
    """Zone timelines by patient."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, patient_id: PatientId) -> ZoneTimeline | None:
        """The timeline, or ``None`` when no import has given one."""
        found = self.found(patient_id)
        return ZoneTimeline(tuple(stretch.period for stretch in found)) if found else None

    def found(self, patient_id: PatientId) -> tuple[ZoneFound, ...]:
        """The stretches with their evidence, in order, corrections by hand laid over them."""
        with self._store.reading() as connection:
            corrections = stored_corrections(connection, self._store.seal_of(patient_id))
            evidence = stored_zones(connection, patient_id)
            if not corrections:
                return evidence
            table = schema.patients
            home = connection.execute(select(table.c.home_zone).where(table.c.id == patient_id)).scalar_one_or_none()
        return corrected(evidence, corrections, home)

    def evidence(self, patient_id: PatientId) -> tuple[ZoneFound, ...]:
        """The stretches that the files' evidence gives, without corrections."""
        with self._store.reading() as connection:
            return stored_zones(connection, patient_id)

    def put(self, patient_id: PatientId, found: tuple[ZoneFound, ...]) -> None:
        """Replace the timeline.

        Raises
        ------
        ValueError
            When the stretches are not strictly ordered.
        """
        if found:
            ZoneTimeline(tuple(stretch.period for stretch in found))
        with self._store.writing("zones.put", patient_id) as write:
            write_zones(write.connection, patient_id, found)
            write.detail = f"{len(found)} stretches"


def stored_zones(connection: Connection, patient_id: PatientId) -> tuple[ZoneFound, ...]:
    """The stored stretches of a patient, in order."""
    rows = connection.execute(select(_TABLE).where(_TABLE.c.patient_id == patient_id).order_by(_TABLE.c.position))
    return tuple(_from_row(row) for row in rows)


def write_zones(connection: Connection, patient_id: PatientId, found: tuple[ZoneFound, ...]) -> None:
    """Replace the stored stretches of a patient."""
    connection.execute(delete(_TABLE).where(_TABLE.c.patient_id == patient_id))
    if found:
        connection.execute(
            insert(_TABLE),
            [
                {
                    "patient_id": patient_id,
                    "position": position,
                    "from_utc": stretch.period.from_utc,
                    "zone": stretch.period.zone,
                    "certainty": stretch.period.certainty.value,
                    "origin": stretch.period.origin,
                    "evidence": stretch.evidence,
                    "evidence_count": stretch.count,
                }
                for position, stretch in enumerate(found)
            ],
        )


def zones_document(found: tuple[ZoneFound, ...]) -> list[dict[str, object]]:
    """Stretches as plain values, to be kept aside."""
    return [
        {
            "from_utc": one.period.from_utc,
            "zone": one.period.zone,
            "certainty": one.period.certainty.value,
            "origin": one.period.origin,
            "evidence": one.evidence,
            "count": one.count,
        }
        for one in found
    ]


def zones_of_document(document: Sequence[Mapping[str, Any]]) -> tuple[ZoneFound, ...]:
    """The reverse of :func:`zones_document`."""
    return tuple(
        ZoneFound(
            ZonePeriod(one["from_utc"], one["zone"], Certainty(one["certainty"]), one["origin"]),
            one["evidence"],
            one["count"],
        )
        for one in document
    )


def joined_zones(
    stored: tuple[ZoneFound, ...], found: tuple[ZoneFound, ...], span: Span, known: Span | None
) -> tuple[ZoneFound, ...]:
    """The timeline after an import.

    The new file's evidence holds over the span it covers; outside of it the stored stretches stay. A file without
    evidence (zones assumed or unknown) never overrides stretches that rest on evidence.

    Parameters
    ----------
    stored, found:
        Stretches kept so far, and those of the new file.
    span:
        What the new file covers.
    known:
        What the patient's data covered before, ``None`` for nothing.
    """
    if not found or (stored and _has_evidence(stored) and not _has_evidence(found)):
        return stored
    covers_all = known is None or (span.start <= known.start and known.stop <= span.stop)
    if not stored or covers_all or not _has_evidence(stored):
        return found
    before = _cut(stored, stored[0].period.from_utc, span.start) if stored[0].period.from_utc < span.start else []
    joined: list[ZoneFound] = []
    for stretch in (*before, *_cut(found, span.start, span.stop), *_cut(stored, span.stop, None)):
        if not joined or joined[-1].period.zone != stretch.period.zone:
            joined.append(stretch)
    return tuple(joined)


def _cut(stretches: tuple[ZoneFound, ...], start: Instant, stop: Instant | None) -> list[ZoneFound]:
    """The stretches in force within ``[start, stop)``, the first dated ``start``."""
    in_force = stretches[0]
    for stretch in stretches:
        if stretch.period.from_utc <= start:
            in_force = stretch
    later = [s for s in stretches if s.period.from_utc > start and (stop is None or s.period.from_utc < stop)]
    period = replace(in_force.period, from_utc=start)
    return [replace(in_force, period=period), *(s for s in later if s is not in_force)]


def _has_evidence(found: tuple[ZoneFound, ...]) -> bool:
    return any(
        stretch.period.certainty in (Certainty.STATED, Certainty.DERIVED) and stretch.period.zone != UNKNOWN_ZONE
        for stretch in found
    )


def _from_row(row: Row[Any]) -> ZoneFound:
    period = ZonePeriod(row.from_utc, row.zone, Certainty(row.certainty), row.origin)
    return ZoneFound(period, row.evidence, row.evidence_count)
