"""Sources that came from another device under a stand-in: they get their name when a file here bears it (Y-50)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, select, update

from clarity_desktop.domain.exchange import stand_in
from clarity_desktop.domain.people import PatientId
from clarity_desktop.vault.store import schema

__all__ = ["name_stand_ins", "names_of_stand_ins"]

_SERIES, _PEOPLE = schema.series, schema.exchange_people


def names_of_stand_ins(
    connection: Connection, patient_id: PatientId, person: str, sources: Iterable[str] = ()
) -> dict[str, str]:
    """The names of a patient's sources, by what stands in for them in uploads under one of the account's numbers.

    Parameters
    ----------
    sources:
        Names beyond those of stored series.
    """
    stored = connection.execute(select(_SERIES.c.source).distinct().where(_SERIES.c.patient_id == patient_id))
    return {stand_in(person, source): source for source in sorted({*stored.scalars(), *sources})}


def name_stand_ins(connection: Connection, patient_id: PatientId, sources: Collection[str]) -> int:
    """Give series that are stored under stand-ins for these names their names; answers how many there were.

    The samples stay as they are, so a file that holds them again adds nothing.
    """
    people = connection.execute(select(_PEOPLE.c.remote_id).where(_PEOPLE.c.patient_id == patient_id)).scalars().all()
    renamed = 0
    for person in people:
        for source in sources:
            mark = stand_in(person, source)
            if mark == source:
                continue
            mine = (_SERIES.c.patient_id == patient_id) & (_SERIES.c.source == mark)
            for row in connection.execute(select(_SERIES.c.id, _SERIES.c.kind, _SERIES.c.unit).where(mine)).all():
                taken = select(_SERIES.c.id).where(
                    _SERIES.c.patient_id == patient_id,
                    _SERIES.c.kind == row.kind,
                    _SERIES.c.unit == row.unit,
                    _SERIES.c.source == source,
                )
                if connection.execute(taken).first() is None:
                    connection.execute(update(_SERIES).where(_SERIES.c.id == row.id).values(source=source))
                    renamed += 1
    return renamed
