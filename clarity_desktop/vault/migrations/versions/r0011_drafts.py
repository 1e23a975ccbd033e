"""Tables for unsaved text that was sealed at a lock, and for what admins set for every workstation."""

from __future__ import annotations

from typing import Final

from alembic import op

__all__ = ["down_revision", "downgrade", "revision", "upgrade"]

revision = "0011"
down_revision = "0010"

_STATEMENTS: Final[tuple[str, ...]] = (
    """
CREATE TABLE drafts (
    id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    patient_id TEXT,
    place TEXT NOT NULL,
    at INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES people (id),
    FOREIGN KEY(patient_id) REFERENCES patients (id)
)
""",
    "CREATE INDEX drafts_by_user ON drafts (user_id, at)",
    """
CREATE TABLE workstation_rules (
    name TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (name)
)
""",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """There is no way back but the backup made before a migration."""
