"""The order of sources that count the same thing, as a person has set it for a patient: by kind, or for all others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from clarity_desktop.domain.people import PatientId
from clarity_desktop.vault.seal.cipher import PatientSeal
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store

__all__ = ["ALL_KINDS", "SourceOrders", "order_for", "stored_orders"]

_TABLE: Final = schema.source_orders
ALL_KINDS: Final = ""
"""Stands for every kind without an order of its own."""


class SourceOrders:
    """The orders of a vault, by patient."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, patient_id: PatientId) -> dict[str, tuple[str, ...]]:
        """Names of sources, the one that wins first, by kind (:data:`ALL_KINDS` for all others)."""
        with self._store.reading() as connection:
            return stored_orders(connection, self._store.seal_of(patient_id))

    def order(self, patient_id: PatientId, kind: str) -> tuple[str, ...] | None:
        """The order that holds for a kind, ``None`` for the default."""
        return order_for(self.get(patient_id), kind)

    def put(self, patient_id: PatientId, kind: str, order: Sequence[str]) -> None:
        """Set the order for a kind; an empty one brings back the default."""
        seal = self._store.seal_of(patient_id)
        with self._store.writing("sources.order", patient_id) as write:
            mine = (_TABLE.c.patient_id == patient_id) & (_TABLE.c.kind == kind)
            write.connection.execute(delete(_TABLE).where(mine))
            if order:
                sealed = seal.seal(json.dumps(list(order)).encode(), _TABLE.name, kind)
                write.connection.execute(insert(_TABLE).values(patient_id=patient_id, kind=kind, sealed=sealed))
            write.detail = f"{kind or 'all kinds'}: {len(order)} sources"


def stored_orders(connection: Connection, seal: PatientSeal) -> dict[str, tuple[str, ...]]:
    """The orders of a patient by kind."""
    query = select(_TABLE.c.kind, _TABLE.c.sealed).where(_TABLE.c.patient_id == seal.patient_id)
    return {
        row.kind: tuple(json.loads(seal.open(row.sealed, _TABLE.name, row.kind)))
        for row in connection.execute(query.order_by(_TABLE.c.kind))
    }


def order_for(orders: Mapping[str, tuple[str, ...]], kind: str) -> tuple[str, ...] | None:
    """The order that holds for a kind, ``None`` for the default."""
    return orders.get(kind) or orders.get(ALL_KINDS)
