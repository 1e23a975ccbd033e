"""Entry point of Alembic: runs the steps on the encrypted connection it is handed, in the caller's transaction."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=False)
context.run_migrations()
