"""The cache of findings: computed results under the hash of all they rest on."""

from __future__ import annotations

import time
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert

from clarity_desktop.domain.people import PatientId
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store

__all__ = ["Findings"]

_TABLE = schema.findings
_KEPT: Final = 256


class Findings:
    """Cached findings. The key must hold everything the result depends on; the blob's form is the caller's."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, key: str) -> bytes | None:
        """The blob under a key, or ``None``."""
        with self._store.reading() as connection:
            row = connection.execute(select(_TABLE.c.patient_id, _TABLE.c.blob).where(_TABLE.c.key == key)).first()
        return None if row is None else self._store.seal_of(row.patient_id).open(row.blob, _TABLE.name, key)

    def put(self, key: str, patient_id: PatientId, blob: bytes) -> None:
        """Keep a blob. A patient's oldest entries beyond the latest 256 are dropped."""
        sealed = self._store.seal_of(patient_id).seal(blob, _TABLE.name, key)
        if self._store.is_read_only:
            # A cache is not worth an error to somebody who reads.
            return
        with self._store.writing("findings.store", patient_id) as write:
            row = {"key": key, "patient_id": patient_id, "stored": time.time_ns(), "blob": sealed}
            write.connection.execute(insert(_TABLE).values(row).on_conflict_do_update(index_elements=["key"], set_=row))
            latest = (
                select(_TABLE.c.key)
                .where(_TABLE.c.patient_id == patient_id)
                .order_by(_TABLE.c.stored.desc())
                .limit(_KEPT)
            )
            write.connection.execute(
                delete(_TABLE).where(_TABLE.c.patient_id == patient_id, _TABLE.c.key.not_in(latest))
            )
