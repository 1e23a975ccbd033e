"""The users of the vault with their roles."""

from __future__ import annotations

from alembic import op

__all__ = ["down_revision", "downgrade", "revision", "upgrade"]

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table; the first session after it enters the user who opened the vault."""
    op.execute(
        """
CREATE TABLE people (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    roles TEXT NOT NULL,
    emergency INTEGER NOT NULL,
    added INTEGER NOT NULL,
    removed INTEGER,
    PRIMARY KEY (id)
)
"""
    )


def downgrade() -> None:
    """The backup made before the migration is the way back."""
