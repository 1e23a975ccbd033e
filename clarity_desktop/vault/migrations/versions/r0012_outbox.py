"""Tables for changes that wait for the cloud."""

from __future__ import annotations

from typing import Final

from alembic import op

__all__ = ["down_revision", "downgrade", "revision", "upgrade"]

revision = "0012"
down_revision = "0011"

_STATEMENTS: Final[tuple[str, ...]] = (
    (
        "CREATE TABLE outbox (op_id TEXT NOT NULL, patient_id TEXT NOT NULL, account TEXT NOT NULL, "
        "metric_type TEXT NOT NULL, series_id TEXT NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL, "
        "content TEXT NOT NULL, state TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL, "
        "batch_id TEXT, attempts INTEGER NOT NULL, faults INTEGER NOT NULL, next_try INTEGER NOT NULL, "
        "first_sent INTEGER, last_sent INTEGER, processing_id TEXT, payload_hash TEXT, may_exist INTEGER NOT "
        "NULL, correlation TEXT NOT NULL, reason TEXT NOT NULL, sealed BLOB, PRIMARY KEY (op_id), FOREIGN "
        "KEY(patient_id) REFERENCES patients (id))"
    ),
    "CREATE UNIQUE INDEX outbox_by_content ON outbox (account, series_id, start, content)",
    "CREATE INDEX outbox_by_patient ON outbox (patient_id, state)",
    "CREATE INDEX outbox_by_state ON outbox (account, state, next_try)",
    (
        "CREATE TABLE outbox_batches (id TEXT NOT NULL, patient_id TEXT NOT NULL, account TEXT NOT NULL, "
        "created INTEGER NOT NULL, body_hash TEXT NOT NULL, size INTEGER NOT NULL, sealed BLOB NOT NULL, "
        "PRIMARY KEY (id), FOREIGN KEY(patient_id) REFERENCES patients (id))"
    ),
    ("CREATE TABLE sync_state (name TEXT NOT NULL, document TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (name))"),
    (
        "CREATE TABLE sync_notes (id TEXT NOT NULL, patient_id TEXT, account TEXT NOT NULL, kind TEXT NOT "
        "NULL, at INTEGER NOT NULL, settled INTEGER, sealed BLOB NOT NULL, PRIMARY KEY (id), FOREIGN "
        "KEY(patient_id) REFERENCES patients (id))"
    ),
    (
        "CREATE TABLE cloud_bodies (account TEXT NOT NULL, request TEXT NOT NULL, etag TEXT NOT NULL, fetched "
        "INTEGER NOT NULL, used INTEGER NOT NULL, size INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY "
        "(account, request)) WITHOUT ROWID"
    ),
    (
        "CREATE TRIGGER outbox_begins_new BEFORE INSERT ON outbox WHEN NEW.state != 'new' BEGIN SELECT "
        "RAISE(ABORT, 'an operation begins as new'); END"
    ),
    (
        "CREATE TRIGGER outbox_goes_legal_ways BEFORE UPDATE OF state ON outbox WHEN OLD.state || '>' || "
        "NEW.state NOT IN ('accepted>dead', 'accepted>processing', 'accepted>unverified', "
        "'accepted>verified', 'batched>dead', 'batched>sending', 'dead>new', 'new>batched', 'new>dead', "
        "'processing>dead', 'processing>unverified', 'processing>verified', 'rejected>dead', 'rejected>new', "
        "'sending>accepted', 'sending>batched', 'sending>dead', 'sending>rejected', 'sending>sent_unknown', "
        "'sent_unknown>accepted', 'sent_unknown>batched', 'sent_unknown>dead', 'sent_unknown>unverified', "
        "'unverified>batched', 'unverified>dead', 'unverified>verified') BEGIN SELECT RAISE(ABORT, 'an "
        "operation goes legal ways only'); END"
    ),
    (
        "CREATE TRIGGER outbox_keeps_identity BEFORE UPDATE OF op_id, patient_id, account ON outbox BEGIN "
        "SELECT RAISE(ABORT, 'an operation keeps its identity'); END"
    ),
)


def upgrade() -> None:
    """Make the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """There is no way back but the backup made before a migration."""
