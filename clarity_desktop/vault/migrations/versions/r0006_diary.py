"""Tables for annotations, the sleep diary, work days, and the history of all three."""

from __future__ import annotations

from typing import Final

from alembic import op

__all__ = ["down_revision", "downgrade", "revision", "upgrade"]

revision = "0006"
down_revision = "0005"

_ENTRIES: Final = (
    "CREATE TABLE diary_entries (patient_id TEXT NOT NULL, area TEXT NOT NULL, key TEXT NOT NULL, "
    "start INTEGER NOT NULL, stop INTEGER NOT NULL, revision INTEGER NOT NULL, at INTEGER NOT NULL, "
    "who TEXT NOT NULL, digest BLOB NOT NULL, sealed BLOB NOT NULL, "
    "PRIMARY KEY (patient_id, area, key), FOREIGN KEY(patient_id) REFERENCES patients (id)) WITHOUT ROWID"
)
_HISTORY: Final = (
    "CREATE TABLE diary_history (id INTEGER NOT NULL, patient_id TEXT NOT NULL, area TEXT NOT NULL, "
    "key TEXT NOT NULL, revision INTEGER NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL, "
    "at INTEGER NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL, sealed BLOB NOT NULL, "
    "PRIMARY KEY (id), FOREIGN KEY(patient_id) REFERENCES patients (id))"
)
_STATEMENTS: Final[tuple[str, ...]] = (
    _ENTRIES,
    _HISTORY,
    "CREATE UNIQUE INDEX diary_history_by_entry ON diary_history (patient_id, area, key, revision)",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """There is no way back but the backup made before a migration."""
