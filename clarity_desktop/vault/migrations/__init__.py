"""The steps between revisions of the vault's schema, run by Alembic with a connection that is already open."""
