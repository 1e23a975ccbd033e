"""The audit keeps role, origin, correlation and machine time, and is found by action, person, time and outcome."""

from __future__ import annotations

from typing import Final

from alembic import op

__all__ = ["down_revision", "downgrade", "revision", "upgrade"]

revision = "0004"
down_revision = "0003"

_STATEMENTS: Final = (
    "ALTER TABLE audit ADD COLUMN role TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE audit ADD COLUMN origin TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE audit ADD COLUMN correlation TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE audit ADD COLUMN monotonic_ms INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX audit_by_action ON audit (action, seq)",
    "CREATE INDEX audit_by_who ON audit (who, seq)",
    "CREATE INDEX audit_by_time ON audit (at, seq)",
    "CREATE INDEX audit_by_outcome ON audit (outcome, seq)",
    "CREATE INDEX audit_by_correlation ON audit (correlation, seq)",
)


def upgrade() -> None:
    """Add the columns and indexes; entries of before keep their hashes, which do not cover the new columns."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """There is no way back but the backup made before a migration."""
