"""Tables for prepared levels of minima and maxima for charts."""

from __future__ import annotations

from typing import Final

from alembic import op

__all__ = ["down_revision", "downgrade", "revision", "upgrade"]

revision = "0008"
down_revision = "0007"

_STATEMENTS: Final[tuple[str, ...]] = (
    (
        "CREATE TABLE levels (series_id INTEGER NOT NULL, period INTEGER NOT NULL, width_s INTEGER NOT NULL, "
        "digest BLOB NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (series_id, period, width_s), "
        "FOREIGN KEY(series_id, period) REFERENCES chunks (series_id, period) ON DELETE CASCADE)"
    ),
)


def upgrade() -> None:
    """Make the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """There is no way back but the backup made before a migration."""
