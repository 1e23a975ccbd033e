"""Tables for what came from another device by the cloud, and for what both sides changed."""

from __future__ import annotations

from typing import Final

from alembic import op

__all__ = ["down_revision", "downgrade", "revision", "upgrade"]

revision = "0013"
down_revision = "0012"

_STATEMENTS: Final[tuple[str, ...]] = (
    (
        "CREATE TABLE exchange_people (account TEXT NOT NULL, remote_id TEXT NOT NULL, patient_id TEXT NOT "
        "NULL, is_own INTEGER NOT NULL, with_records INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY "
        "(account, remote_id), FOREIGN KEY(patient_id) REFERENCES patients (id)) WITHOUT ROWID"
    ),
    "CREATE INDEX exchange_people_by_patient ON exchange_people (patient_id, account)",
    (
        "CREATE TABLE exchange_pieces (account TEXT NOT NULL, digest TEXT NOT NULL, patient_id TEXT NOT NULL,"
        " piece TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (account, digest), FOREIGN KEY(patient_id) "
        "REFERENCES patients (id)) WITHOUT ROWID"
    ),
    "CREATE INDEX exchange_pieces_by_piece ON exchange_pieces (account, piece)",
    (
        "CREATE TABLE exchange_records (patient_id TEXT NOT NULL, record_class TEXT NOT NULL, entity TEXT NOT"
        " NULL, changed INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (patient_id, record_class, "
        "entity), FOREIGN KEY(patient_id) REFERENCES patients (id)) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE exchange_conflicts (id TEXT NOT NULL, patient_id TEXT NOT NULL, record_class TEXT NOT "
        "NULL, entity TEXT NOT NULL, opened INTEGER NOT NULL, resolved INTEGER, final INTEGER, sealed BLOB "
        "NOT NULL, PRIMARY KEY (id), FOREIGN KEY(patient_id) REFERENCES patients (id))"
    ),
    "CREATE INDEX exchange_conflicts_by_patient ON exchange_conflicts (patient_id, resolved)",
    (
        "CREATE TRIGGER exchange_hears_of_entries AFTER INSERT ON diary_history BEGIN INSERT INTO outbox "
        "(op_id, patient_id, account, metric_type, period, part, state, created, updated, attempts, faults, "
        "next_try, may_exist, correlation, reason, version) SELECT lower(hex(randomblob(4)) || '-' || "
        "hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' || substr('89ab', 1 + (random() &"
        " 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))), e.patient_id, e.account, "
        "k.metric_type, -1, 1, 'new', CAST(strftime('%s', 'now') AS INTEGER), CAST(strftime('%s', 'now') AS "
        "INTEGER), 0, 0, 0, 0, '', '', 0 FROM exchange_people e JOIN sync_patients p ON p.patient_id = "
        "e.patient_id AND p.account = e.account AND p.enabled = 1 JOIN sync_kinds k ON k.kind = "
        "'ClarityRecords' WHERE e.patient_id = NEW.patient_id AND e.is_own = 1 AND e.with_records = 1 ON "
        "CONFLICT (account, patient_id, metric_type, period) WHERE state = 'new' AND part = 1 DO UPDATE SET "
        "version = version + 1, sealed = NULL, payload_hash = NULL; END"
    ),
    (
        "CREATE TRIGGER exchange_hears_of_patients AFTER UPDATE ON patients BEGIN INSERT INTO outbox (op_id, "
        "patient_id, account, metric_type, period, part, state, created, updated, attempts, faults, next_try,"
        " may_exist, correlation, reason, version) SELECT lower(hex(randomblob(4)) || '-' || "
        "hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' || substr('89ab', 1 + (random() &"
        " 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))), e.patient_id, e.account, "
        "k.metric_type, -1, 1, 'new', CAST(strftime('%s', 'now') AS INTEGER), CAST(strftime('%s', 'now') AS "
        "INTEGER), 0, 0, 0, 0, '', '', 0 FROM exchange_people e JOIN sync_patients p ON p.patient_id = "
        "e.patient_id AND p.account = e.account AND p.enabled = 1 JOIN sync_kinds k ON k.kind = "
        "'ClarityRecords' WHERE e.patient_id = NEW.id AND e.is_own = 1 AND e.with_records = 1 ON CONFLICT "
        "(account, patient_id, metric_type, period) WHERE state = 'new' AND part = 1 DO UPDATE SET version = "
        "version + 1, sealed = NULL, payload_hash = NULL; END"
    ),
    (
        "CREATE TRIGGER exchange_hears_of_consents AFTER INSERT ON consents BEGIN INSERT INTO outbox (op_id, "
        "patient_id, account, metric_type, period, part, state, created, updated, attempts, faults, next_try,"
        " may_exist, correlation, reason, version) SELECT lower(hex(randomblob(4)) || '-' || "
        "hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' || substr('89ab', 1 + (random() &"
        " 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))), e.patient_id, e.account, "
        "k.metric_type, -1, 1, 'new', CAST(strftime('%s', 'now') AS INTEGER), CAST(strftime('%s', 'now') AS "
        "INTEGER), 0, 0, 0, 0, '', '', 0 FROM exchange_people e JOIN sync_patients p ON p.patient_id = "
        "e.patient_id AND p.account = e.account AND p.enabled = 1 JOIN sync_kinds k ON k.kind = "
        "'ClarityRecords' WHERE e.patient_id = NEW.patient_id AND e.is_own = 1 ON CONFLICT (account, "
        "patient_id, metric_type, period) WHERE state = 'new' AND part = 1 DO UPDATE SET version = version + "
        "1, sealed = NULL, payload_hash = NULL; END"
    ),
    (
        "CREATE TRIGGER exchange_hears_of_records AFTER INSERT ON exchange_records BEGIN INSERT INTO outbox "
        "(op_id, patient_id, account, metric_type, period, part, state, created, updated, attempts, faults, "
        "next_try, may_exist, correlation, reason, version) SELECT lower(hex(randomblob(4)) || '-' || "
        "hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' || substr('89ab', 1 + (random() &"
        " 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))), e.patient_id, e.account, "
        "k.metric_type, -1, 1, 'new', CAST(strftime('%s', 'now') AS INTEGER), CAST(strftime('%s', 'now') AS "
        "INTEGER), 0, 0, 0, 0, '', '', 0 FROM exchange_people e JOIN sync_patients p ON p.patient_id = "
        "e.patient_id AND p.account = e.account AND p.enabled = 1 JOIN sync_kinds k ON k.kind = "
        "'ClarityRecords' WHERE e.patient_id = NEW.patient_id AND e.is_own = 1 AND e.with_records = 1 ON "
        "CONFLICT (account, patient_id, metric_type, period) WHERE state = 'new' AND part = 1 DO UPDATE SET "
        "version = version + 1, sealed = NULL, payload_hash = NULL; END"
    ),
    (
        "CREATE TRIGGER exchange_hears_of_versions AFTER UPDATE ON exchange_records BEGIN INSERT INTO outbox "
        "(op_id, patient_id, account, metric_type, period, part, state, created, updated, attempts, faults, "
        "next_try, may_exist, correlation, reason, version) SELECT lower(hex(randomblob(4)) || '-' || "
        "hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' || substr('89ab', 1 + (random() &"
        " 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))), e.patient_id, e.account, "
        "k.metric_type, -1, 1, 'new', CAST(strftime('%s', 'now') AS INTEGER), CAST(strftime('%s', 'now') AS "
        "INTEGER), 0, 0, 0, 0, '', '', 0 FROM exchange_people e JOIN sync_patients p ON p.patient_id = "
        "e.patient_id AND p.account = e.account AND p.enabled = 1 JOIN sync_kinds k ON k.kind = "
        "'ClarityRecords' WHERE e.patient_id = NEW.patient_id AND e.is_own = 1 AND e.with_records = 1 ON "
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
