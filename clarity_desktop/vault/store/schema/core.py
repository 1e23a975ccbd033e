"""The first tables of the vault: people, patients, series and their chunks, imports, audit, consents, erasures."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    event,
    text,
)

from clarity_desktop.vault.store.schema.base import metadata

__all__ = [
    "CONSENT_GUARDS",
    "attachment_segments",
    "attachments",
    "audit",
    "blobs",
    "chunks",
    "consent_people",
    "consents",
    "corrections",
    "elements",
    "erasures",
    "findings",
    "holds",
    "imports",
    "origins",
    "patients",
    "people",
    "retention",
    "series",
    "series_origins",
    "set_aside",
    "stage",
    "stage_elements",
    "stage_set_aside",
    "zones",
]


patients = Table(
    "patients",
    metadata,
    Column("id", Text, primary_key=True, nullable=False),
    Column("code", Text, nullable=False, unique=True),
    Column("sex", Text, nullable=False),
    Column("home_zone", Text),
    Column("simulated", Integer, nullable=False),
    Column("tags", Text, nullable=False),
    Column("created", Integer, nullable=False),
    Column("sealed_identity", LargeBinary, nullable=False, server_default=text("x''")),
)

# Users of the workstation; they stay when their keys are gone, because the audit speaks of them.
people = Table(
    "people",
    metadata,
    Column("id", Text, primary_key=True, nullable=False),
    Column("name", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("emergency", Integer, nullable=False),
    Column("added", Integer, nullable=False),
    Column("removed", Integer),
)

series = Table(
    "series",
    metadata,
    Column("id", Integer, primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("labels", Text, nullable=False),
    Column("n", Integer, nullable=False),
    Column("first", Integer),
    Column("last", Integer),
    Column("device", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    UniqueConstraint("patient_id", "kind", "unit", "source"),
)

# A chunk is a small row that names a blob, so that staged blobs become visible without being written twice.
chunks = Table(
    "chunks",
    metadata,
    Column("series_id", Integer, ForeignKey("series.id"), primary_key=True, nullable=False),
    Column("period", Integer, primary_key=True, nullable=False),
    Column("n", Integer, nullable=False),
    Column("first", Integer, nullable=False),
    Column("stop", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("blob_id", Integer, ForeignKey("blobs.id"), nullable=False, unique=True),
    sqlite_with_rowid=False,
)

# Column order is reading order: an overview stops after the rollup, a chart after the core.
blobs = Table(
    "blobs",
    metadata,
    Column("id", Integer, primary_key=True, nullable=False),
    Column("rollup", LargeBinary, nullable=False),
    Column("core", LargeBinary, nullable=False),
    Column("rest", LargeBinary, nullable=False),
)

origins = Table(
    "origins",
    metadata,
    Column("id", Integer, primary_key=True, nullable=False),
    Column("device", Text, nullable=False),
    Column("version", Text, nullable=False),
)

series_origins = Table(
    "series_origins",
    metadata,
    Column("series_id", Integer, ForeignKey("series.id"), primary_key=True, nullable=False),
    Column("origin_id", Integer, ForeignKey("origins.id"), primary_key=True, nullable=False),
    Column("n", Integer, nullable=False),
    sqlite_with_rowid=False,
)

imports = Table(
    "imports",
    metadata,
    Column("id", Integer, primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), nullable=False),
    Column("format", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("finished", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("sealed_report", LargeBinary, nullable=False, server_default=text("x''")),
    Index("imports_by_file", "patient_id", "sha256"),
    sqlite_autoincrement=True,
)

elements = Table(
    "elements",
    metadata,
    Column("id", Integer, primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("start", Integer),
    Column("stop", Integer),
    Column("source", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("import_id", Integer, ForeignKey("imports.id"), nullable=False),
    Column("payload", LargeBinary, nullable=False),
    UniqueConstraint("patient_id", "kind", "key"),
)

set_aside = Table(
    "set_aside",
    metadata,
    Column("id", Integer, primary_key=True, nullable=False),
    Column("import_id", Integer, ForeignKey("imports.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("offset", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("sealed_text", LargeBinary, nullable=False, server_default=text("x''")),
    Index("set_aside_by_import", "import_id"),
)

zones = Table(
    "zones",
    metadata,
    Column("patient_id", Text, ForeignKey("patients.id"), primary_key=True, nullable=False),
    Column("position", Integer, primary_key=True, nullable=False),
    Column("from_utc", Integer, nullable=False),
    Column("zone", Text, nullable=False),
    Column("certainty", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("evidence_count", Integer, nullable=False),
    sqlite_with_rowid=False,
)

findings = Table(
    "findings",
    metadata,
    Column("key", Text, primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), nullable=False),
    Column("stored", Integer, nullable=False),
    Column("blob", LargeBinary, nullable=False),
    Index("findings_by_patient", "patient_id", "stored"),
)

# Documents: a row that names them, and their bytes as the segments of an authenticated stream.
attachments = Table(
    "attachments",
    metadata,
    Column("id", Text, primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), nullable=False),
    Column("added", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("segments", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("attachments_by_patient", "patient_id", "added"),
)

attachment_segments = Table(
    "attachment_segments",
    metadata,
    Column("attachment_id", Text, primary_key=True, nullable=False),
    Column("number", Integer, primary_key=True, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

# Earlier names and birth dates, sealed: for those who look after the record, not for lists and exports.
corrections = Table(
    "corrections",
    metadata,
    Column("id", Integer, primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), nullable=False),
    Column("at", Integer, nullable=False),
    Column("who", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("corrections_by_patient", "patient_id", "id"),
)

holds = Table(
    "holds",
    metadata,
    Column("id", Integer, primary_key=True, nullable=False),
    Column("patient_id", Text, ForeignKey("patients.id"), nullable=False),
    Column("placed", Integer, nullable=False),
    Column("placed_by", Text, nullable=False),
    Column("sealed_reason", LargeBinary, nullable=False),
    Column("released", Integer),
    Column("released_by", Text),
    Index("holds_by_patient", "patient_id", "id"),
)

# Consents outlive the patient's row: after an erasure they hold the pseudonym, and nobody's name.
consents = Table(
    "consents",
    metadata,
    Column("id", Integer, primary_key=True, nullable=False),
    Column("patient_id", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("withdraws", Integer),
    Column("purpose", Text, nullable=False),
    Column("text_version", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("dated", Text, nullable=False),
    Column("expires", Text),
    Column("recorded", Integer, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Index("consents_by_patient", "patient_id", "id"),
)

consent_people = Table(
    "consent_people",
    metadata,
    Column("consent_id", Integer, ForeignKey("consents.id"), primary_key=True, nullable=False),
    Column("patient_id", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

CONSENT_GUARDS: Final = tuple(
    f"CREATE TRIGGER consents_are_not_{verb.lower()}d BEFORE {verb} ON consents "
    "BEGIN SELECT RAISE(ABORT, 'consents are only ever added'); END"
    for verb in ("UPDATE", "DELETE")
)
"""Nobody changes or removes a consent record: a withdrawal is a record of its own."""


@event.listens_for(consents, "after_create")
def _guard_consents(target: Table, connection: Connection, **_: object) -> None:
    del target
    for guard in CONSENT_GUARDS:
        connection.exec_driver_sql(guard)


retention = Table(
    "retention",
    metadata,
    Column("data_class", Text, primary_key=True, nullable=False),
    Column("study", Text, primary_key=True, nullable=False),
    Column("keep_days", Integer),
)

# The journal of erasures; a row that is not done is taken up again at the next opening.
erasures = Table(
    "erasures",
    metadata,
    Column("patient_id", Text, primary_key=True, nullable=False),
    Column("begun", Integer, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("confirmed_by", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("done", Integer),
    Column("certificate", Text, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, nullable=False),
    Column("at", Integer, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("patient_id", Text),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Column("role", Text, nullable=False, server_default=text("''")),
    Column("origin", Text, nullable=False, server_default=text("''")),
    Column("correlation", Text, nullable=False, server_default=text("''")),
    Column("monotonic_ms", Integer, nullable=False, server_default=text("0")),
    Index("audit_by_patient", "patient_id", "seq"),
    Index("audit_by_action", "action", "seq"),
    Index("audit_by_who", "who", "seq"),
    Index("audit_by_time", "at", "seq"),
    Index("audit_by_outcome", "outcome", "seq"),
    Index("audit_by_correlation", "correlation", "seq"),
    Index("audit_by_origin", "origin", "seq"),
)

# What a running import has put down and nobody sees yet. A token names the import.
stage = Table(
    "stage",
    metadata,
    Column("blob_id", Integer, primary_key=True, nullable=False),
    Column("token", Text, nullable=False),
    Index("stage_by_token", "token"),
)

stage_elements = Table(
    "stage_elements",
    metadata,
    Column("id", Integer, primary_key=True, nullable=False),
    Column("token", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("start", Integer),
    Column("stop", Integer),
    Column("source", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Index("stage_elements_by_token", "token", "kind", "key"),
)

stage_set_aside = Table(
    "stage_set_aside",
    metadata,
    Column("id", Integer, primary_key=True, nullable=False),
    Column("token", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("offset", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("sealed_text", LargeBinary, nullable=False, server_default=text("x''")),
    Index("stage_set_aside_by_token", "token"),
)
