"""Tables of who may see whom, and of the segments of the audit that have expired."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from clarity_desktop.vault.store.schema.base import metadata

__all__ = ["audit_stubs", "personal", "restrictions", "shares", "visits"]

# A patient without a row here is open to everybody who reads data; with one, to its owner and those it is shared with.
restrictions = Table(
    "restrictions",
    metadata,
    Column("patient_id", Text, ForeignKey("patients.id"), primary_key=True, nullable=False),
    Column("owner", Text, ForeignKey("people.id"), nullable=False),
    Column("since", Integer, nullable=False),
    Column("restricted_by", Text, nullable=False),
)

shares = Table(
    "shares",
    metadata,
    Column("id", Integer, primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), nullable=False),
    Column("user_id", Text, ForeignKey("people.id"), nullable=False),
    Column("granted", Integer, nullable=False),
    Column("granted_by", Text, nullable=False),
    Column("until", Integer, nullable=False),
    Column("ended", Integer),
    Column("ended_by", Text),
    Index("shares_by_patient", "patient_id", "user_id"),
)

# What one user looked at lately, and what one user has set for themselves: nobody else is shown it.
visits = Table(
    "visits",
    metadata,
    Column("user_id", Text, ForeignKey("people.id"), primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), primary_key=True, nullable=False),
    Column("at", Integer, nullable=False),
    sqlite_with_rowid=False,
)

personal = Table(
    "personal",
    metadata,
    Column("user_id", Text, ForeignKey("people.id"), primary_key=True, nullable=False),
    Column("name", Text, primary_key=True, nullable=False),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

# What is left of a segment of the audit whose time is over; signed like an entry, and linked like one.
audit_stubs = Table(
    "audit_stubs",
    metadata,
    Column("first", Integer, primary_key=True, nullable=False),
    Column("last", Integer, nullable=False),
    Column("began", Integer, nullable=False),
    Column("ended", Integer, nullable=False),
    Column("before_hash", LargeBinary, nullable=False),
    Column("last_hash", LargeBinary, nullable=False),
    Column("expired", Integer, nullable=False),
    Column("expired_by", Text, nullable=False),
    Column("mac", LargeBinary, nullable=False),
)
