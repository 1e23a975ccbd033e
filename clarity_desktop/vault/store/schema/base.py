"""What all tables share: the collection they are in, and the revisions that the schema went through."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, MetaData, Table, Text

__all__ = ["KNOWN_REVISIONS", "REVISION", "metadata", "version"]

KNOWN_REVISIONS: Final[tuple[str, ...]] = tuple(f"{number:04d}" for number in range(1, 14))
"""All revisions in order; a file with another one comes from a newer program."""
REVISION: Final = KNOWN_REVISIONS[-1]

metadata = MetaData()

version = Table("alembic_version", metadata, Column("version_num", Text, primary_key=True, nullable=False))
