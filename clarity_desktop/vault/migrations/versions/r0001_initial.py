"""The first schema: patients, series and their chunks, elements, zones, journal, findings, audit, stage."""

from __future__ import annotations

from typing import Final

from alembic import op

__all__ = ["down_revision", "downgrade", "revision", "upgrade"]

revision = "0001"
down_revision = None

_STATEMENTS: Final = (
    """
CREATE TABLE audit (
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    patient_id TEXT,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash BLOB NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (seq)
)
""",
    "CREATE INDEX audit_by_patient ON audit (patient_id, seq)",
    """
CREATE TABLE blobs (
    id INTEGER NOT NULL,
    rollup BLOB NOT NULL,
    core BLOB NOT NULL,
    rest BLOB NOT NULL,
    PRIMARY KEY (id)
)
""",
    """
CREATE TABLE origins (
    id INTEGER NOT NULL,
    device TEXT NOT NULL,
    version TEXT NOT NULL,
    PRIMARY KEY (id)
)
""",
    """
CREATE TABLE patients (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    code TEXT NOT NULL,
    birth_date TEXT,
    sex TEXT NOT NULL,
    home_zone TEXT,
    simulated INTEGER NOT NULL,
    tags TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (code)
)
""",
    """
CREATE TABLE stage (
    blob_id INTEGER NOT NULL,
    token TEXT NOT NULL,
    PRIMARY KEY (blob_id)
)
""",
    "CREATE INDEX stage_by_token ON stage (token)",
    """
CREATE TABLE stage_elements (
    id INTEGER NOT NULL,
    token TEXT NOT NULL,
    kind TEXT NOT NULL,
    "key" TEXT NOT NULL,
    start INTEGER,
    stop INTEGER,
    source TEXT NOT NULL,
    digest BLOB NOT NULL,
    size INTEGER NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (id)
)
""",
    'CREATE INDEX stage_elements_by_token ON stage_elements (token, kind, "key")',
    """
CREATE TABLE stage_set_aside (
    id INTEGER NOT NULL,
    token TEXT NOT NULL,
    kind TEXT NOT NULL,
    "offset" INTEGER NOT NULL,
    text TEXT NOT NULL,
    code TEXT NOT NULL,
    PRIMARY KEY (id)
)
""",
    "CREATE INDEX stage_set_aside_by_token ON stage_set_aside (token)",
    """
CREATE TABLE findings (
    "key" TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    stored INTEGER NOT NULL,
    blob BLOB NOT NULL,
    PRIMARY KEY ("key"),
    FOREIGN KEY(patient_id) REFERENCES patients (id)
)
""",
    "CREATE INDEX findings_by_patient ON findings (patient_id, stored)",
    """
CREATE TABLE imports (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    patient_id TEXT NOT NULL,
    file TEXT NOT NULL,
    format TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    finished INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    report TEXT NOT NULL,
    FOREIGN KEY(patient_id) REFERENCES patients (id)
)
""",
    "CREATE INDEX imports_by_file ON imports (patient_id, sha256)",
    """
CREATE TABLE series (
    id INTEGER NOT NULL,
    patient_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    unit TEXT NOT NULL,
    source TEXT NOT NULL,
    labels TEXT NOT NULL,
    n INTEGER NOT NULL,
    first INTEGER,
    last INTEGER,
    device TEXT NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (patient_id, kind, unit, source),
    FOREIGN KEY(patient_id) REFERENCES patients (id)
)
""",
    """
CREATE TABLE zones (
    patient_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    from_utc INTEGER NOT NULL,
    zone TEXT NOT NULL,
    certainty TEXT NOT NULL,
    origin TEXT NOT NULL,
    evidence TEXT NOT NULL,
    evidence_count INTEGER NOT NULL,
    PRIMARY KEY (patient_id, position),
    FOREIGN KEY(patient_id) REFERENCES patients (id)
)
 WITHOUT ROWID
""",
    """
CREATE TABLE chunks (
    series_id INTEGER NOT NULL,
    period INTEGER NOT NULL,
    n INTEGER NOT NULL,
    first INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    digest BLOB NOT NULL,
    blob_id INTEGER NOT NULL,
    PRIMARY KEY (series_id, period),
    FOREIGN KEY(series_id) REFERENCES series (id),
    UNIQUE (blob_id),
    FOREIGN KEY(blob_id) REFERENCES blobs (id)
)
 WITHOUT ROWID
""",
    """
CREATE TABLE elements (
    id INTEGER NOT NULL,
    patient_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    "key" TEXT NOT NULL,
    start INTEGER,
    stop INTEGER,
    source TEXT NOT NULL,
    digest BLOB NOT NULL,
    size INTEGER NOT NULL,
    import_id INTEGER NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (patient_id, kind, "key"),
    FOREIGN KEY(patient_id) REFERENCES patients (id),
    FOREIGN KEY(import_id) REFERENCES imports (id)
)
""",
    """
CREATE TABLE series_origins (
    series_id INTEGER NOT NULL,
    origin_id INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (series_id, origin_id),
    FOREIGN KEY(series_id) REFERENCES series (id),
    FOREIGN KEY(origin_id) REFERENCES origins (id)
)
 WITHOUT ROWID
""",
    """
CREATE TABLE set_aside (
    id INTEGER NOT NULL,
    import_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    "offset" INTEGER NOT NULL,
    text TEXT NOT NULL,
    code TEXT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(import_id) REFERENCES imports (id)
)
""",
    "CREATE INDEX set_aside_by_import ON set_aside (import_id)",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """There is nothing before the first schema; the backup made before a migration is the way back."""
