"""Tables of what came from other devices of an account, and of what both sides wrote."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, LargeBinary, Table, Text, event

from clarity_desktop.domain.exchange import RECORDS_KIND
from clarity_desktop.vault.store.schema.base import metadata
from clarity_desktop.vault.store.schema.outbox import OUTBOX_UUID

__all__ = [
    "EXCHANGE_LISTENERS",
    "RECORDS_PERIOD",
    "exchange_conflicts",
    "exchange_people",
    "exchange_pieces",
    "exchange_records",
]

RECORDS_PERIOD: Final = -1
"""Stands in an operation's place of the stretch of time: records are of none."""

# By which random number a person is known at an account; one is their own, others were linked by somebody.
exchange_people = Table(
    "exchange_people",
    metadata,
    Column("account", Text, primary_key=True, nullable=False),
    Column("remote_id", Text, primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), nullable=False),
    Column("is_own", Integer, nullable=False),
    Column("with_records", Integer, nullable=False),
    Column("at", Integer, nullable=False),
    Index("exchange_people_by_patient", "patient_id", "account"),
    sqlite_with_rowid=False,
)

# Parts that were read, so that nothing is read or sent twice.
exchange_pieces = Table(
    "exchange_pieces",
    metadata,
    Column("account", Text, primary_key=True, nullable=False),
    Column("digest", Text, primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), nullable=False),
    Column("piece", Text, nullable=False),
    Column("at", Integer, nullable=False),
    Index("exchange_pieces_by_piece", "account", "piece"),
    sqlite_with_rowid=False,
)

# Records with their versions, sealed with the patient's key.
exchange_records = Table(
    "exchange_records",
    metadata,
    Column("patient_id", Text, ForeignKey("patients.id"), primary_key=True, nullable=False),
    Column("record_class", Text, primary_key=True, nullable=False),
    Column("entity", Text, primary_key=True, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

exchange_conflicts = Table(
    "exchange_conflicts",
    metadata,
    Column("id", Text, primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), nullable=False),
    Column("record_class", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("opened", Integer, nullable=False),
    Column("resolved", Integer),
    Column("final", Integer),
    Column("sealed", LargeBinary, nullable=False),
    Index("exchange_conflicts_by_patient", "patient_id", "resolved"),
)


def _hears(name: str, event_name: str, table: str, row: str, column: str, only: str = " AND e.with_records = 1") -> str:
    return (
        f"CREATE TRIGGER exchange_hears_of_{name} AFTER {event_name} ON {table} BEGIN "
        "INSERT INTO outbox (op_id, patient_id, account, metric_type, period, part, state, created, updated, "
        "attempts, faults, next_try, may_exist, correlation, reason, version) "
        f"SELECT {OUTBOX_UUID}, e.patient_id, e.account, k.metric_type, {RECORDS_PERIOD}, 1, 'new', "
        "CAST(strftime('%s', 'now') AS INTEGER), CAST(strftime('%s', 'now') AS INTEGER), 0, 0, 0, 0, '', '', 0 "
        "FROM exchange_people e JOIN sync_patients p ON p.patient_id = e.patient_id AND p.account = e.account "
        f"AND p.enabled = 1 JOIN sync_kinds k ON k.kind = '{RECORDS_KIND}' "
        f"WHERE e.patient_id = {row}.{column} AND e.is_own = 1{only} "
        "ON CONFLICT (account, patient_id, metric_type, period) WHERE state = 'new' AND part = 1 "
        "DO UPDATE SET version = version + 1, sealed = NULL, payload_hash = NULL; END"
    )


EXCHANGE_LISTENERS: Final = (
    _hears("entries", "INSERT", "diary_history", "NEW", "patient_id"),
    _hears("patients", "UPDATE", "patients", "NEW", "id"),
    # A withdrawal travels wherever data do.
    _hears("consents", "INSERT", "consents", "NEW", "patient_id", ""),
    _hears("records", "INSERT", "exchange_records", "NEW", "patient_id"),
    _hears("versions", "UPDATE", "exchange_records", "NEW", "patient_id"),
)
"""A change of what travels as a record and its operation are one transaction, as with samples (Y-1)."""


@event.listens_for(metadata, "after_create")
def _listen(_: Any, connection: Connection, **__: Any) -> None:
    for listener in EXCHANGE_LISTENERS:
        connection.exec_driver_sql(listener)
