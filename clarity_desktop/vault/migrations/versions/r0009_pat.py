"""Tables for embeddings, labels and heads."""

from __future__ import annotations

from typing import Final

from alembic import op

__all__ = ["down_revision", "downgrade", "revision", "upgrade"]

revision = "0009"
down_revision = "0008"

_EMBEDDINGS: Final = (
    "CREATE TABLE pat_embeddings (patient_id TEXT NOT NULL, key TEXT NOT NULL, recipe TEXT NOT NULL, "
    "stored INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (patient_id, key), "
    "FOREIGN KEY(patient_id) REFERENCES patients (id)) WITHOUT ROWID"
)
_LABELS: Final = (
    "CREATE TABLE pat_labels (patient_id TEXT NOT NULL, key TEXT NOT NULL, added INTEGER NOT NULL, "
    "sealed BLOB NOT NULL, PRIMARY KEY (patient_id, key), "
    "FOREIGN KEY(patient_id) REFERENCES patients (id)) WITHOUT ROWID"
)
_HEADS: Final = (
    "CREATE TABLE pat_heads (id TEXT NOT NULL, created INTEGER NOT NULL, recipe TEXT NOT NULL, "
    "document TEXT NOT NULL, PRIMARY KEY (id))"
)
_HEAD_PEOPLE: Final = (
    "CREATE TABLE pat_head_people (head_id TEXT NOT NULL, patient_id TEXT NOT NULL, "
    "PRIMARY KEY (head_id, patient_id), FOREIGN KEY(head_id) REFERENCES pat_heads (id), "
    "FOREIGN KEY(patient_id) REFERENCES patients (id)) WITHOUT ROWID"
)
_STATEMENTS: Final[tuple[str, ...]] = (
    _EMBEDDINGS,
    "CREATE INDEX pat_embeddings_by_recipe ON pat_embeddings (patient_id, recipe)",
    _LABELS,
    _HEADS,
    _HEAD_PEOPLE,
)


def upgrade() -> None:
    """Make the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """There is no way back but the backup made before a migration."""
