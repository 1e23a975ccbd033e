"""Tables of what waits for the cloud; the database itself refuses every illegal change of state (Y-6)."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, LargeBinary, Table, Text, event

from clarity_desktop.domain.sync import LEGAL, OperationState
from clarity_desktop.vault.store.schema.base import metadata

__all__ = ["OUTBOX_GUARDS", "cloud_bodies", "outbox", "outbox_batches", "sync_notes", "sync_state"]

outbox = Table(
    "outbox",
    metadata,
    Column("op_id", Text, primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), nullable=False),
    Column("account", Text, nullable=False),
    Column("metric_type", Text, nullable=False),
    Column("series_id", Text, nullable=False),
    Column("start", Integer, nullable=False),
    Column("stop", Integer, nullable=False),
    Column("content", Text, nullable=False),
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
    Column("sealed", LargeBinary),
    Index("outbox_by_state", "account", "state", "next_try"),
    Index("outbox_by_patient", "patient_id", "state"),
    # The same piece of the same content is one operation, however often it is imported (Y-50).
    Index("outbox_by_content", "account", "series_id", "start", "content", unique=True),
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
)


@event.listens_for(outbox, "after_create")
def _guard(_: Table, connection: Connection, **__: Any) -> None:
    for guard in OUTBOX_GUARDS:
        connection.exec_driver_sql(guard)
