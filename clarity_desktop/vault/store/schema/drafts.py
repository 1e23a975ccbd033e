"""Tables of the lock: unsaved text sealed for one user, and rules that admins set for everybody's window."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from clarity_desktop.vault.store.schema.base import metadata

__all__ = ["drafts", "workstation_rules"]

drafts = Table(
    "drafts",
    metadata,
    Column("id", Text, primary_key=True, nullable=False),
    Column("user_id", Text, ForeignKey("people.id"), nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id")),
    Column("place", Text, nullable=False),
    Column("at", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("drafts_by_user", "user_id", "at"),
)
"""``place`` names the field in the program's words and holds nothing that was typed."""

workstation_rules = Table(
    "workstation_rules",
    metadata,
    Column("name", Text, primary_key=True, nullable=False),
    Column("value", Integer, nullable=False),
)
