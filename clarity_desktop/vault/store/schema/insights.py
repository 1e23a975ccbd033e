"""Tables of insights: texts with their evidence, what was sent for them, what people thought of them."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from clarity_desktop.vault.store.schema.base import metadata

__all__ = ["insight_choices", "insight_feedback", "insight_sends", "insights"]

# Texts with facts and statements; ``cache_key`` holds all that a text depends on.
insights = Table(
    "insights",
    metadata,
    Column("id", Text, primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), nullable=False),
    Column("made", Integer, nullable=False),
    Column("who", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("cache_key", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("insights_by_patient", "patient_id", "made"),
    Index("insights_by_cache_key", "cache_key", "made"),
)

# What left the machine, byte by byte; written before the first byte goes, completed after the last one came.
insight_sends = Table(
    "insight_sends",
    metadata,
    Column("id", Text, primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), nullable=False),
    Column("at", Integer, nullable=False),
    Column("who", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("consent_id", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("correlation", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("tokens_in", Integer, nullable=False),
    Column("tokens_out", Integer, nullable=False),
    Column("cost_micros", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("insight_sends_by_time", "at"),
    Index("insight_sends_by_patient", "patient_id", "at"),
)

insight_feedback = Table(
    "insight_feedback",
    metadata,
    Column("insight_id", Text, primary_key=True, nullable=False),
    Column("statement", Integer, primary_key=True, nullable=False),
    Column("who", Text, primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), nullable=False),
    Column("at", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# A person's own choice of provider, where it sends less than the clinic's.
insight_choices = Table(
    "insight_choices",
    metadata,
    Column("patient_id", Text, ForeignKey("patients.id"), primary_key=True, nullable=False),
    Column("provider", Text, nullable=False),
)
