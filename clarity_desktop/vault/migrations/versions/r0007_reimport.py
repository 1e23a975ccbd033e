"""Tables for resumed imports, versions of records and what has vanished."""

from __future__ import annotations

from typing import Final

from alembic import op

__all__ = ["down_revision", "downgrade", "revision", "upgrade"]

revision = "0007"
down_revision = "0006"

_STATEMENTS: Final[tuple[str, ...]] = (
    """
CREATE TABLE import_journal (
    id TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    format TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    begun INTEGER NOT NULL,
    marked INTEGER NOT NULL,
    known INTEGER NOT NULL,
    last_chunk INTEGER NOT NULL,
    last_element INTEGER NOT NULL,
    last_aside INTEGER NOT NULL,
    sealed_place BLOB DEFAULT (x'') NOT NULL,
    sealed_state BLOB DEFAULT (x'') NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(patient_id) REFERENCES patients (id)
)
""",
    "CREATE INDEX import_journal_by_patient ON import_journal (patient_id)",
    """
CREATE TABLE stage_chunks (
    id INTEGER NOT NULL,
    token TEXT NOT NULL,
    series INTEGER NOT NULL,
    period INTEGER NOT NULL,
    n INTEGER NOT NULL,
    first INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    digest BLOB NOT NULL,
    blob_id INTEGER NOT NULL,
    origin_counts TEXT NOT NULL,
    stored_before INTEGER NOT NULL,
    PRIMARY KEY (id)
)
""",
    "CREATE INDEX stage_chunks_by_token ON stage_chunks (token, id)",
    """
CREATE TABLE series_formats (
    series_id INTEGER NOT NULL,
    format TEXT NOT NULL,
    PRIMARY KEY (series_id, format),
    FOREIGN KEY(series_id) REFERENCES series (id) ON DELETE CASCADE
)
 WITHOUT ROWID
""",
    """
CREATE TABLE import_changes (
    import_id INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    period INTEGER NOT NULL,
    blob_id INTEGER,
    n INTEGER NOT NULL,
    first INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (import_id, series_id, period),
    FOREIGN KEY(import_id) REFERENCES imports (id),
    FOREIGN KEY(series_id) REFERENCES series (id)
)
 WITHOUT ROWID
""",
    """
CREATE TABLE import_elements (
    import_id INTEGER NOT NULL,
    element_id INTEGER NOT NULL,
    start INTEGER,
    stop INTEGER,
    source TEXT NOT NULL,
    digest BLOB NOT NULL,
    size INTEGER NOT NULL,
    earlier_import_id INTEGER NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (import_id, element_id),
    FOREIGN KEY(import_id) REFERENCES imports (id),
    FOREIGN KEY(element_id) REFERENCES elements (id) ON DELETE CASCADE
)
 WITHOUT ROWID
""",
    """
CREATE TABLE import_undo (
    import_id INTEGER NOT NULL,
    patient_id TEXT NOT NULL,
    made INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (import_id),
    FOREIGN KEY(import_id) REFERENCES imports (id),
    FOREIGN KEY(patient_id) REFERENCES patients (id)
)
""",
    "CREATE INDEX import_undo_by_patient ON import_undo (patient_id, import_id)",
    """
CREATE TABLE vanished (
    import_id INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    patient_id TEXT NOT NULL,
    n INTEGER NOT NULL,
    brought_back INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (import_id, series_id),
    FOREIGN KEY(import_id) REFERENCES imports (id),
    FOREIGN KEY(series_id) REFERENCES series (id),
    FOREIGN KEY(patient_id) REFERENCES patients (id)
)
""",
    "CREATE INDEX vanished_by_patient ON vanished (patient_id)",
    """
CREATE TABLE gone_elements (
    element_id INTEGER NOT NULL,
    import_id INTEGER NOT NULL,
    kept INTEGER NOT NULL,
    PRIMARY KEY (element_id),
    FOREIGN KEY(element_id) REFERENCES elements (id) ON DELETE CASCADE,
    FOREIGN KEY(import_id) REFERENCES imports (id)
)
""",
    "CREATE INDEX gone_elements_by_import ON gone_elements (import_id)",
    """
CREATE TABLE zone_corrections (
    patient_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (patient_id, position),
    FOREIGN KEY(patient_id) REFERENCES patients (id)
)
""",
    """
CREATE TABLE source_orders (
    patient_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (patient_id, kind),
    FOREIGN KEY(patient_id) REFERENCES patients (id)
)
""",
    # Who had Apple Health files only has series of that format only; nobody knows it of the others.
    """
INSERT INTO series_formats (series_id, format)
SELECT DISTINCT s.id, i.format FROM series s JOIN imports i ON i.patient_id = s.patient_id
""",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """There is no way back but the backup made before a migration."""
