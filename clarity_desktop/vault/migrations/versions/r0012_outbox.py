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
        "metric_type TEXT NOT NULL, period INTEGER NOT NULL, part INTEGER NOT NULL, state TEXT NOT NULL, "
        "created INTEGER NOT NULL, updated INTEGER NOT NULL, batch_id TEXT, attempts INTEGER NOT NULL, faults "
        "INTEGER NOT NULL, next_try INTEGER NOT NULL, first_sent INTEGER, last_sent INTEGER, processing_id "
        "TEXT, payload_hash TEXT, may_exist INTEGER NOT NULL, correlation TEXT NOT NULL, reason TEXT NOT "
        "NULL, version INTEGER NOT NULL, sealed BLOB, PRIMARY KEY (op_id), FOREIGN KEY(patient_id) REFERENCES "
        "patients (id))"
    ),
    "CREATE INDEX outbox_by_patient ON outbox (patient_id, state)",
    "CREATE INDEX outbox_by_state ON outbox (account, state, next_try)",
    (
        "CREATE UNIQUE INDEX outbox_pending ON outbox (account, patient_id, metric_type, period) WHERE state "
        "= 'new' AND part = 1"
    ),
    (
        "CREATE TABLE sync_patients (patient_id TEXT NOT NULL, account TEXT NOT NULL, enabled INTEGER NOT "
        "NULL, at INTEGER NOT NULL, PRIMARY KEY (patient_id, account), FOREIGN KEY(patient_id) REFERENCES "
        "patients (id)) WITHOUT ROWID"
    ),
    "CREATE TABLE sync_kinds (kind TEXT NOT NULL, metric_type TEXT NOT NULL, PRIMARY KEY (kind))",
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
    (
        "CREATE TRIGGER outbox_hears_of_chunks AFTER INSERT ON chunks BEGIN INSERT INTO outbox (op_id, "
        "patient_id, account, metric_type, period, part, state, created, updated, attempts, faults, next_try,"
        " may_exist, correlation, reason, version) SELECT lower(hex(randomblob(4)) || '-' || "
        "hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' || substr('89ab', 1 + (random() &"
        " 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))), s.patient_id, p.account, "
        "k.metric_type, NEW.period, 1, 'new', CAST(strftime('%s', 'now') AS INTEGER), CAST(strftime('%s', "
        "'now') AS INTEGER), 0, 0, 0, 0, '', '', 0 FROM series s JOIN sync_patients p ON p.patient_id = "
        "s.patient_id AND p.enabled = 1 JOIN sync_kinds k ON k.kind = s.kind WHERE s.id = NEW.series_id ON "
        "CONFLICT (account, patient_id, metric_type, period) WHERE state = 'new' AND part = 1 DO UPDATE SET "
        "version = version + 1, sealed = NULL, payload_hash = NULL; END"
    ),
)


def upgrade() -> None:
    """Make the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """There is no way back but the backup made before a migration."""
