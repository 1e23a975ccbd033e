"""Facts about what an open store holds: rows by table, the hash of one patient's data, whether the clock went back."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection

from sqlalchemy import Connection, func, select

from clarity_desktop.domain.people import PatientId
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store
from clarity_desktop.vault.tables.source_orders import stored_orders
from clarity_desktop.vault.tables.zone_corrections import stored_corrections

__all__ = ["clock_went_back", "content_hash", "row_counts"]

_SLACK_S = 60


def clock_went_back(store: Store) -> bool:
    """Whether the clock is behind the last entry of the audit by more than a minute."""
    with store.reading() as connection:
        latest = connection.execute(select(func.max(schema.audit.c.at))).scalar_one_or_none()
    return latest is not None and time.time() < int(latest) - _SLACK_S


def row_counts(store: Store) -> dict[str, int]:
    """Rows by table, to compare a copy with."""
    with store.reading() as connection:
        return {
            table.name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
            for table in schema.metadata.sorted_tables
        }


def _by_hand(connection: Connection, store: Store, patient_id: PatientId) -> str:
    """Corrections of zones and orders of sources, which change results without changing a sample."""
    tables = (schema.zone_corrections, schema.source_orders)
    if not any(connection.execute(select(t.c.patient_id).where(t.c.patient_id == patient_id)).first() for t in tables):
        return ""
    seal = store.seal_of(patient_id)
    return repr((stored_corrections(connection, seal), sorted(stored_orders(connection, seal).items())))


def content_hash(store: Store, patient_id: PatientId, kinds: Collection[str] | None) -> str:
    """64 hexadecimal digits that change when a sample, extra, element, zone or order of sources of these kinds changes.

    Parameters
    ----------
    kinds:
        Kinds of series and elements; ``None`` takes all. The zone timeline always counts.
    """
    state = hashlib.sha256()
    series, elements, zones = schema.series, schema.elements, schema.zones
    of_series = select(series.c.kind, series.c.unit, series.c.source, series.c.labels, series.c.digest)
    of_series = of_series.where(series.c.patient_id == patient_id, series.c.n > 0)
    of_elements = select(elements.c.kind, elements.c.key, elements.c.digest)
    gone = schema.gone_elements
    of_elements = of_elements.outerjoin(gone, (gone.c.element_id == elements.c.id) & (gone.c.kept == 0))
    of_elements = of_elements.where(elements.c.patient_id == patient_id, gone.c.element_id.is_(None))
    of_zones = select(zones.c.from_utc, zones.c.zone, zones.c.certainty).where(zones.c.patient_id == patient_id)
    if kinds is not None:
        of_series = of_series.where(series.c.kind.in_(sorted(kinds)))
        of_elements = of_elements.where(elements.c.kind.in_(sorted(kinds)))
    with store.reading() as connection:
        for query in (
            of_series.order_by(series.c.kind, series.c.unit, series.c.source),
            of_elements.order_by(elements.c.kind, elements.c.key),
            of_zones.order_by(zones.c.position),
        ):
            for row in connection.execute(query):
                state.update(repr(tuple(row)).encode())
            state.update(b"\n")
        by_hand = _by_hand(connection, store, patient_id)
        # Nothing is added for nothing, so that a patient without corrections keeps the hash of before.
        if by_hand:
            state.update(by_hand.encode())
    return state.hexdigest()
