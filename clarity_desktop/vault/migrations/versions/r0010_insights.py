"""Tables for insights, what was sent for them, and what people thought of them."""

from __future__ import annotations

from typing import Final

from alembic import op

__all__ = ["down_revision", "downgrade", "revision", "upgrade"]

revision = "0010"
down_revision = "0009"

_STATEMENTS: Final[tuple[str, ...]] = (
    (
        "CREATE TABLE insights (id TEXT NOT NULL, patient_id TEXT NOT NULL, made INTEGER NOT NULL, who TEXT "
        "NOT NULL, provider TEXT NOT NULL, topic TEXT NOT NULL, cache_key TEXT NOT NULL, sealed BLOB NOT "
        "NULL, PRIMARY KEY (id), FOREIGN KEY(patient_id) REFERENCES patients (id))"
    ),
    "CREATE INDEX insights_by_cache_key ON insights (cache_key, made)",
    "CREATE INDEX insights_by_patient ON insights (patient_id, made)",
    (
        "CREATE TABLE insight_sends (id TEXT NOT NULL, patient_id TEXT NOT NULL, at INTEGER NOT NULL, who "
        "TEXT NOT NULL, provider TEXT NOT NULL, host TEXT NOT NULL, model TEXT NOT NULL, consent_id INTEGER "
        "NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, correlation TEXT NOT NULL, outcome TEXT NOT "
        "NULL, tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, cost_micros INTEGER NOT NULL, sealed "
        "BLOB NOT NULL, PRIMARY KEY (id), FOREIGN KEY(patient_id) REFERENCES patients (id))"
    ),
    "CREATE INDEX insight_sends_by_patient ON insight_sends (patient_id, at)",
    "CREATE INDEX insight_sends_by_time ON insight_sends (at)",
    (
        "CREATE TABLE insight_feedback (insight_id TEXT NOT NULL, statement INTEGER NOT NULL, who TEXT NOT "
        "NULL, patient_id TEXT NOT NULL, at INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (insight_id, "
        "statement, who), FOREIGN KEY(patient_id) REFERENCES patients (id)) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE insight_choices (patient_id TEXT NOT NULL, provider TEXT NOT NULL, PRIMARY KEY "
        "(patient_id), FOREIGN KEY(patient_id) REFERENCES patients (id))"
    ),
)


def upgrade() -> None:
    """Make the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """There is no way back but the backup made before a migration."""
