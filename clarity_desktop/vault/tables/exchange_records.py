"""Records that travel, with their versions and what this vault held of them last, sealed with the patient's key."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, and_, delete, select
from sqlalchemy.dialects.sqlite import insert

from clarity_desktop.domain.exchange import ExchangeRecord, RecordClass
from clarity_desktop.domain.exchange_form import record_document, record_of_document
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.sync import OperationState
from clarity_desktop.domain.time import Instant
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store, WriteTransaction

__all__ = ["ExchangeRecords", "HeldRecord", "RecordKey", "forget_entries"]

_TABLE, _OUTBOX = schema.exchange_records, schema.outbox
RecordKey = tuple[RecordClass, str]
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """A record as this vault keeps it."""

    record: ExchangeRecord
    local: Mapping[str, Any] | None
    """What stood in the vault when it was compared last; ``None`` for nothing. What differs was written here since."""


class ExchangeRecords:
    """The records of a vault."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def state(self, patient_id: PatientId) -> dict[RecordKey, HeldRecord]:
        """All records of a patient."""
        with self._store.reading() as connection:
            rows = connection.execute(select(_TABLE).where(_TABLE.c.patient_id == patient_id)).all()
        if not rows:
            return {}
        seal = self._store.seal_of(patient_id)
        found = {}
        for row in rows:
            document = json.loads(seal.open(row.sealed, _TABLE.name, row.record_class, row.entity))
            held = HeldRecord(record_of_document(document["record"]), document["local"])
            found[RecordClass(row.record_class), row.entity] = held
        return found

    def put(
        self,
        patient_id: PatientId,
        held: Iterable[HeldRecord],
        beside: Callable[[WriteTransaction], int] | None = None,
        action: str = "sync.records",
    ) -> int:
        """Keep records, and do something beside it, in one transaction; answers what the latter came to."""
        seal, now = self._store.seal_of(patient_id), int(time.time())
        with self._store.writing(action, patient_id) as write:
            count = 0
            for one in held:
                key = (one.record.record_class.value, one.record.entity)
                document = {"record": record_document(one.record), "local": _plain(one.local)}
                row = {
                    "patient_id": patient_id,
                    "record_class": key[0],
                    "entity": key[1],
                    "changed": now,
                    "sealed": seal.seal(json.dumps(document, ensure_ascii=False).encode(), _TABLE.name, *key),
                }
                names = ["patient_id", "record_class", "entity"]
                write.connection.execute(
                    insert(_TABLE).values(row).on_conflict_do_update(index_elements=names, set_=row)
                )
                count += 1
            write.detail = f"{count} records"
            return 0 if beside is None else beside(write)

    def transaction(self, patient_id: PatientId, action: str) -> Any:
        """A write transaction for what belongs to records."""
        return self._store.writing(action, patient_id)

    # -- what waits to be sent ----------------------------------------------------------------------------------

    def waits(self, patient_id: PatientId, account: str) -> bool:
        """Whether records of a patient wait to be sent."""
        with self._store.reading() as connection:
            return connection.execute(select(_OUTBOX.c.op_id).where(_pending(patient_id, account))).first() is not None

    def forget_waiting(self, patient_id: PatientId, accounts: Sequence[str]) -> None:
        """What waits says nothing that the account's server does not hold: it came from there."""
        for account in accounts:
            if self.waits(patient_id, account):
                with self._store.writing("sync.pull", patient_id) as write:
                    write.connection.execute(delete(_OUTBOX).where(_pending(patient_id, account)))


def forget_entries(connection: Connection, patient_id: PatientId, cutoff: Instant) -> None:
    """Within a transaction: forget the versions and conflicts of entries that retention is about to remove.

    Parameters
    ----------
    cutoff:
        Entries that speak of a time before this go.
    """
    history = schema.diary_history
    query = select(history.c.area, history.c.key).distinct()
    query = query.where(history.c.patient_id == patient_id, history.c.stop < cutoff)
    names = [f"{row.area}/{row.key}" for row in connection.execute(query)]
    for table in (_TABLE, schema.exchange_conflicts):
        mine = (table.c.patient_id == patient_id) & (table.c.record_class == RecordClass.NOTE.value)
        for start in range(0, len(names), _AT_ONCE):
            connection.execute(delete(table).where(mine, table.c.entity.in_(names[start : start + _AT_ONCE])))


def _pending(patient_id: PatientId, account: str) -> Any:
    return and_(
        _OUTBOX.c.patient_id == patient_id,
        _OUTBOX.c.account == account,
        _OUTBOX.c.period == schema.RECORDS_PERIOD,
        _OUTBOX.c.state == OperationState.NEW.value,
    )


def _plain(fields: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if fields is None else dict(fields)
