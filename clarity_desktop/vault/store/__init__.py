"""The encrypted file itself: layout on disk, engine, schema, transactions and migrations."""
