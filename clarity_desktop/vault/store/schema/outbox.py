"""Tables of what waits for the cloud; the database itself refuses every illegal change of state (Y-6)."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, LargeBinary, Table, Text, event, text

from clarity_desktop.domain.sync import LEGAL, OperationState
from clarity_desktop.vault.store.schema.base import metadata

__all__ = [
    "OUTBOX_GUARDS",
    "OUTBOX_UUID",
    "cloud_bodies",
    "outbox",
    "outbox_batches",
    "sync_kinds",
    "sync_notes",
    "sync_patients",
    "sync_state",
]

# An operation is one carrier type of one patient for a stretch of 30 days; ``part`` numbers what does not fit in one.
outbox = Table(
    "outbox",
    metadata,
    Column("op_id", Text, primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), nullable=False),
    Column("account", Text, nullable=False),
    Column("metric_type", Text, nullable=False),
    Column("period", Integer, nullable=False),
    Column("part", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("created", Integer, nullable=False),
    Column("updated", Integer, nullable=False),
    Column("batch_id", Text),
    Column("attempts", Integer, nullable=False),
    Column("faults", Integer, nullable=False),
    Column("next_try", Integer, nullable=False),
    Column("first_sent", Integer),
    Column("last_sent", Integer),
    Column("processing_id", Text),
    Column("payload_hash", Text),
    Column("may_exist", Integer, nullable=False),
    Column("correlation", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("sealed", LargeBinary),
    Index("outbox_by_state", "account", "state", "next_try"),
    Index("outbox_by_patient", "patient_id", "state"),
)
# What changed twice before it was packed is sent once.
Index(
    "outbox_pending",
    outbox.c.account,
    outbox.c.patient_id,
    outbox.c.metric_type,
    outbox.c.period,
    unique=True,
    sqlite_where=text("state = 'new' AND part = 1"),
)

# Whose data may go to which account; without a row, or switched off, nothing of a patient goes anywhere.
sync_patients = Table(
    "sync_patients",
    metadata,
    Column("patient_id", Text, ForeignKey("patients.id"), primary_key=True, nullable=False),
    Column("account", Text, primary_key=True, nullable=False),
    Column("enabled", Integer, nullable=False),
    Column("at", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# Carrier type of each kind that travels, so that the database knows without the program.
sync_kinds = Table(
    "sync_kinds",
    metadata,
    Column("kind", Text, primary_key=True, nullable=False),
    Column("metric_type", Text, nullable=False),
)

# A request as it was first made: a retry sends the same bytes (Y-53).
outbox_batches = Table(
    "outbox_batches",
    metadata,
    Column("id", Text, primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), nullable=False),
    Column("account", Text, nullable=False),
    Column("created", Integer, nullable=False),
    Column("body_hash", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

# Switches, epochs, limits used, capabilities found: by name, without anything of a patient.
sync_state = Table(
    "sync_state",
    metadata,
    Column("name", Text, primary_key=True, nullable=False),
    Column("document", Text, nullable=False),
    Column("at", Integer, nullable=False),
)

# Notices and conflicts that wait for a person.
sync_notes = Table(
    "sync_notes",
    metadata,
    Column("id", Text, primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id")),
    Column("account", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Integer, nullable=False),
    Column("settled", Integer),
    Column("sealed", LargeBinary, nullable=False),
)

# Answers with an ETag, sealed for the account that fetched them (L-32).
cloud_bodies = Table(
    "cloud_bodies",
    metadata,
    Column("account", Text, primary_key=True, nullable=False),
    Column("request", Text, primary_key=True, nullable=False),
    Column("etag", Text, nullable=False),
    Column("fetched", Integer, nullable=False),
    Column("used", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

_PAIRS: Final = ", ".join(sorted(f"'{before.value}>{after.value}'" for before, after in LEGAL))
OUTBOX_UUID: Final = (
    "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' "
    "|| substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))"
)
"""A fresh UUID, as SQL."""
_NOW: Final = "CAST(strftime('%s', 'now') AS INTEGER)"
_HEARS: Final = (
    "CREATE TRIGGER outbox_hears_of_chunks AFTER INSERT ON chunks BEGIN "
    "INSERT INTO outbox (op_id, patient_id, account, metric_type, period, part, state, created, updated, "
    "attempts, faults, next_try, may_exist, correlation, reason, version) "
    f"SELECT {OUTBOX_UUID}, s.patient_id, p.account, k.metric_type, NEW.period, 1, 'new', {_NOW}, {_NOW}, "
    "0, 0, 0, 0, '', '', 0 "
    "FROM series s JOIN sync_patients p ON p.patient_id = s.patient_id AND p.enabled = 1 "
    "JOIN sync_kinds k ON k.kind = s.kind WHERE s.id = NEW.series_id "
    "ON CONFLICT (account, patient_id, metric_type, period) WHERE state = 'new' AND part = 1 "
    "DO UPDATE SET version = version + 1, sealed = NULL, payload_hash = NULL; END"
)
"""Y-1: a change of samples and its operation are one transaction, whatever code writes the samples."""
OUTBOX_GUARDS: Final = (
    (
        "CREATE TRIGGER outbox_begins_new BEFORE INSERT ON outbox "
        f"WHEN NEW.state != '{OperationState.NEW.value}' "
        "BEGIN SELECT RAISE(ABORT, 'an operation begins as new'); END"
    ),
    (
        "CREATE TRIGGER outbox_goes_legal_ways BEFORE UPDATE OF state ON outbox "
        f"WHEN OLD.state || '>' || NEW.state NOT IN ({_PAIRS}) "
        "BEGIN SELECT RAISE(ABORT, 'an operation goes legal ways only'); END"
    ),
    (
        "CREATE TRIGGER outbox_keeps_identity BEFORE UPDATE OF op_id, patient_id, account ON outbox "
        "BEGIN SELECT RAISE(ABORT, 'an operation keeps its identity'); END"
    ),
    _HEARS,
)


@event.listens_for(metadata, "after_create")
def _guard(_: Any, connection: Connection, **__: Any) -> None:
    for guard in OUTBOX_GUARDS:
        connection.exec_driver_sql(guard)
