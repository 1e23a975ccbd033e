"""Elements: workouts, correlations, activity summaries and other things that are kept whole."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import Row, select

from clarity_desktop.domain.importing import Element
from clarity_desktop.domain.people import PatientId
from clarity_desktop.vault.chunks.codec import compress, decompress
from clarity_desktop.vault.seal.cipher import PatientSeal
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store

__all__ = ["Elements", "payload_digest", "sealed_payload"]

_TABLE = schema.elements
_PLAIN: Final = b"\0"
_PACKED: Final = b"\1"
_WORTH_PACKING: Final = 200


class Elements:
    """The elements of a vault."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(
        self,
        patient_id: PatientId,
        kind: str | None = None,
        *,
        with_gone: bool = False,
        without: Collection[str] = (),
    ) -> list[Element]:
        """A patient's elements, by kind, start and key; only one kind when it is given.

        Elements that the latest export no longer holds are left out unless ``with_gone`` asks for them. Those of the
        kinds in ``without`` are not even opened.
        """
        gone = schema.gone_elements
        query = select(_TABLE).where(_TABLE.c.patient_id == patient_id)
        if not with_gone:
            query = query.outerjoin(gone, (gone.c.element_id == _TABLE.c.id) & (gone.c.kept == 0))
            query = query.where(gone.c.element_id.is_(None))
        if kind is not None:
            query = query.where(_TABLE.c.kind == kind)
        if without:
            query = query.where(_TABLE.c.kind.not_in(sorted(without)))
        query = query.order_by(_TABLE.c.kind, _TABLE.c.start, _TABLE.c.key)
        with self._store.reading() as connection:
            rows = connection.execute(query).all()
        if not rows:
            return []
        seal = self._store.seal_of(patient_id)
        return [_from_row(row, seal) for row in rows]


def sealed_payload(seal: PatientSeal, element: Element) -> bytes:
    """A payload as it is stored: compressed when that is worth it, then sealed."""
    raw = element.payload.encode("utf-8", "surrogatepass")
    packed = _PLAIN + raw if len(raw) < _WORTH_PACKING else _PACKED + compress(raw)
    return seal.seal(packed, "elements", element.kind, element.key)


def payload_digest(element: Element) -> bytes:
    """16 bytes that change when anything the element says changes."""
    said = repr((element.start, element.stop, element.source)) + "\0" + element.payload
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _from_row(row: Row[Any], seal: PatientSeal) -> Element:
    packed = seal.open(row.payload, "elements", row.kind, row.key)
    raw = packed[1:] if packed[:1] == _PLAIN else decompress(packed[1:])
    payload = bytes(raw).decode("utf-8", "surrogatepass")
    return Element(row.kind, row.key, row.start, row.stop, row.source, payload)
