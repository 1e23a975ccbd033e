"""Tables of resumed imports, of what an import changed, of what a later export no longer holds, and of corrections."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, text

from clarity_desktop.vault.store.schema.base import metadata

__all__ = [
    "gone_elements",
    "import_changes",
    "import_elements",
    "import_journal",
    "import_undo",
    "series_formats",
    "source_orders",
    "stage_chunks",
    "vanished",
    "zone_corrections",
]

_EMPTY = text("x''")

# One row a running or interrupted import. `marked` is 0 until there is a place from which it can go on.
import_journal = Table(
    "import_journal",
    metadata,
    Column("id", Text, primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), nullable=False),
    Column("format", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("begun", Integer, nullable=False),
    Column("marked", Integer, nullable=False),
    Column("known", Integer, nullable=False),
    Column("last_chunk", Integer, nullable=False),
    Column("last_element", Integer, nullable=False),
    Column("last_aside", Integer, nullable=False),
    Column("sealed_place", LargeBinary, nullable=False, server_default=_EMPTY),
    Column("sealed_state", LargeBinary, nullable=False, server_default=_EMPTY),
    Index("import_journal_by_patient", "patient_id"),
)

# What is known of each staged part, so that a resumed import need not read its blobs.
stage_chunks = Table(
    "stage_chunks",
    metadata,
    Column("id", Integer, primary_key=True, nullable=False),
    Column("token", Text, nullable=False),
    Column("series", Integer, nullable=False),
    Column("period", Integer, nullable=False),
    Column("n", Integer, nullable=False),
    Column("first", Integer, nullable=False),
    Column("stop", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("blob_id", Integer, nullable=False),
    Column("origin_counts", Text, nullable=False),
    Column("stored_before", Integer, nullable=False),
    Index("stage_chunks_by_token", "token", "id"),
)

series_formats = Table(
    "series_formats",
    metadata,
    Column("series_id", Integer, ForeignKey("series.id", ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("format", Text, primary_key=True, nullable=False),
    sqlite_with_rowid=False,
)

# How an import found a stretch: the blob that was visible before (none when the stretch was empty).
import_changes = Table(
    "import_changes",
    metadata,
    Column("import_id", Integer, ForeignKey("imports.id"), primary_key=True, nullable=False),
    Column("series_id", Integer, ForeignKey("series.id"), primary_key=True, nullable=False),
    Column("period", Integer, primary_key=True, nullable=False),
    Column("blob_id", Integer),
    Column("n", Integer, nullable=False),
    Column("first", Integer, nullable=False),
    Column("stop", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

import_elements = Table(
    "import_elements",
    metadata,
    Column("import_id", Integer, ForeignKey("imports.id"), primary_key=True, nullable=False),
    Column("element_id", Integer, ForeignKey("elements.id", ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("start", Integer),
    Column("stop", Integer),
    Column("source", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("earlier_import_id", Integer, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# Zones, labels and series as they were before an import, sealed; here as long as the import can be undone.
import_undo = Table(
    "import_undo",
    metadata,
    Column("import_id", Integer, ForeignKey("imports.id"), primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), nullable=False),
    Column("made", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("import_undo_by_patient", "patient_id", "import_id"),
)

# Samples that the export of an import no longer held; the samples themselves stay and bear a flag.
vanished = Table(
    "vanished",
    metadata,
    Column("import_id", Integer, ForeignKey("imports.id"), primary_key=True, nullable=False),
    Column("series_id", Integer, ForeignKey("series.id"), primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("brought_back", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("vanished_by_patient", "patient_id"),
)

gone_elements = Table(
    "gone_elements",
    metadata,
    Column("element_id", Integer, ForeignKey("elements.id", ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("import_id", Integer, ForeignKey("imports.id"), nullable=False),
    Column("kept", Integer, nullable=False),
    Index("gone_elements_by_import", "import_id"),
)

# Stretches of the zone timeline that a person has set by hand: they lie over what the files' evidence gives.
zone_corrections = Table(
    "zone_corrections",
    metadata,
    Column("patient_id", Text, ForeignKey("patients.id"), primary_key=True, nullable=False),
    Column("position", Integer, primary_key=True, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

# The order in which sources that count the same thing are taken, by kind; an empty kind stands for all others.
source_orders = Table(
    "source_orders",
    metadata,
    Column("patient_id", Text, ForeignKey("patients.id"), primary_key=True, nullable=False),
    Column("kind", Text, primary_key=True, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
