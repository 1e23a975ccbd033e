"""Tables of what people lay over the data: annotations, sleep diary, work days, and the history of all three."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from clarity_desktop.vault.store.schema.base import metadata

__all__ = ["diary_entries", "diary_history"]

# What stands now. ``area`` is annotation, night, week or day; ``key`` names the entry within it.
diary_entries = Table(
    "diary_entries",
    metadata,
    Column("patient_id", Text, ForeignKey("patients.id"), primary_key=True, nullable=False),
    Column("area", Text, primary_key=True, nullable=False),
    Column("key", Text, primary_key=True, nullable=False),
    Column("start", Integer, nullable=False),
    Column("stop", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("at", Integer, nullable=False),
    Column("who", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# Every version there was; an empty one stands for a removal. Undo writes an earlier version anew.
diary_history = Table(
    "diary_history",
    metadata,
    Column("id", Integer, primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), nullable=False),
    Column("area", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("start", Integer, nullable=False),
    Column("stop", Integer, nullable=False),
    Column("at", Integer, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("diary_history_by_entry", "patient_id", "area", "key", "revision", unique=True),
)
