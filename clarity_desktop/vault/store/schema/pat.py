"""Tables of PAT: embeddings of weeks, own labels, and the heads trained on them with the people they rest on."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from clarity_desktop.vault.store.schema.base import metadata

__all__ = ["pat_embeddings", "pat_head_people", "pat_heads", "pat_labels"]

# A cache: the key is a hash of the weights and of the very numbers the model was fed.
pat_embeddings = Table(
    "pat_embeddings",
    metadata,
    Column("patient_id", Text, ForeignKey("patients.id"), primary_key=True, nullable=False),
    Column("key", Text, primary_key=True, nullable=False),
    Column("recipe", Text, nullable=False),
    Column("stored", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("pat_embeddings_by_recipe", "patient_id", "recipe"),
    sqlite_with_rowid=False,
)

# One label a person and name; the name itself is sealed, because it may say what somebody has.
pat_labels = Table(
    "pat_labels",
    metadata,
    Column("patient_id", Text, ForeignKey("patients.id"), primary_key=True, nullable=False),
    Column("key", Text, primary_key=True, nullable=False),
    Column("added", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# A head is of many people and of nobody: a few hundred numbers, and how well they did.
pat_heads = Table(
    "pat_heads",
    metadata,
    Column("id", Text, primary_key=True, nullable=False),
    Column("created", Integer, nullable=False),
    Column("recipe", Text, nullable=False),
    Column("document", Text, nullable=False),
)

pat_head_people = Table(
    "pat_head_people",
    metadata,
    Column("head_id", Text, ForeignKey("pat_heads.id"), primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), primary_key=True, nullable=False),
    sqlite_with_rowid=False,
)
