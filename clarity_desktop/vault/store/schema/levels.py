"""The table of prepared levels: minima, maxima and means of short stretches, by chunk and width."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKeyConstraint, Integer, LargeBinary, Table

from clarity_desktop.vault.store.schema.base import metadata

__all__ = ["levels"]

# A cache: a row holds for the chunk with its digest, and goes when its chunk goes.
levels = Table(
    "levels",
    metadata,
    Column("series_id", Integer, primary_key=True, nullable=False),
    Column("period", Integer, primary_key=True, nullable=False),
    Column("width_s", Integer, primary_key=True, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    ForeignKeyConstraint(("series_id", "period"), ("chunks.series_id", "chunks.period"), ondelete="CASCADE"),
)
