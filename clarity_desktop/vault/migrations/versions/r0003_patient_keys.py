"""Patient keys: stored data is sealed; holds, consents, retention, documents, corrections and erasures get tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from alembic import context, op
from sqlalchemy import Connection, text

from clarity_desktop.vault.seal.cipher import PatientSeal

__all__ = ["down_revision", "downgrade", "revision", "upgrade"]

revision = "0003"
down_revision = "0002"

_TABLES: Final = (
    """
CREATE TABLE attachments (
    id TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    added INTEGER NOT NULL,
    size INTEGER NOT NULL,
    segments INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(patient_id) REFERENCES patients (id)
)
""",
    "CREATE INDEX attachments_by_patient ON attachments (patient_id, added)",
    """
CREATE TABLE attachment_segments (
    attachment_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (attachment_id, number)
)
""",
    """
CREATE TABLE corrections (
    id INTEGER NOT NULL,
    patient_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(patient_id) REFERENCES patients (id)
)
""",
    "CREATE INDEX corrections_by_patient ON corrections (patient_id, id)",
    """
CREATE TABLE holds (
    id INTEGER NOT NULL,
    patient_id TEXT NOT NULL,
    placed INTEGER NOT NULL,
    placed_by TEXT NOT NULL,
    sealed_reason BLOB NOT NULL,
    released INTEGER,
    released_by TEXT,
    PRIMARY KEY (id),
    FOREIGN KEY(patient_id) REFERENCES patients (id)
)
""",
    "CREATE INDEX holds_by_patient ON holds (patient_id, id)",
    """
CREATE TABLE consents (
    id INTEGER NOT NULL,
    patient_id TEXT NOT NULL,
    event TEXT NOT NULL,
    withdraws INTEGER,
    purpose TEXT NOT NULL,
    text_version TEXT NOT NULL,
    language TEXT NOT NULL,
    method TEXT NOT NULL,
    dated TEXT NOT NULL,
    expires TEXT,
    recorded INTEGER NOT NULL,
    recorded_by TEXT NOT NULL,
    PRIMARY KEY (id)
)
""",
    "CREATE INDEX consents_by_patient ON consents (patient_id, id)",
    """
CREATE TABLE consent_people (
    consent_id INTEGER NOT NULL,
    patient_id TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (consent_id),
    FOREIGN KEY(consent_id) REFERENCES consents (id)
)
""",
    """
CREATE TABLE retention (
    data_class TEXT NOT NULL,
    study TEXT NOT NULL,
    keep_days INTEGER,
    PRIMARY KEY (data_class, study)
)
""",
    """
CREATE TABLE erasures (
    patient_id TEXT NOT NULL,
    begun INTEGER NOT NULL,
    requested_by TEXT NOT NULL,
    confirmed_by TEXT NOT NULL,
    "plan" TEXT NOT NULL,
    done INTEGER,
    certificate TEXT NOT NULL,
    PRIMARY KEY (patient_id)
)
""",
)
_GUARDS: Final = tuple(
    f"CREATE TRIGGER consents_are_not_{verb.lower()}d BEFORE {verb} ON consents "
    "BEGIN SELECT RAISE(ABORT, 'consents are only ever added'); END"
    for verb in ("UPDATE", "DELETE")
)


def upgrade() -> None:
    """Make the tables, drop what killed imports have left, and seal each patient's rows with a key of its own."""
    for statement in (*_TABLES, *_GUARDS):
        op.execute(statement)
    connection = op.get_bind()
    for statement in (
        "DELETE FROM blobs WHERE id IN (SELECT blob_id FROM stage)",
        "DELETE FROM stage",
        "DELETE FROM stage_elements",
        "DELETE FROM stage_set_aside",
    ):
        op.execute(statement)
    for table in ("imports", "set_aside", "stage_set_aside"):
        column = "sealed_report" if table == "imports" else "sealed_text"
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column} BLOB DEFAULT (x'') NOT NULL")
    patients = list(connection.execute(text("SELECT id FROM patients")).scalars())
    if patients:
        keys = context.config.attributes["patient_keys"]
        keys.create(patients)
        for patient_id in patients:
            _seal(connection, keys.seal_of(patient_id))
    op.execute("ALTER TABLE imports DROP COLUMN file")
    op.execute("ALTER TABLE imports DROP COLUMN report")
    op.execute("ALTER TABLE set_aside DROP COLUMN text")
    op.execute("ALTER TABLE stage_set_aside DROP COLUMN text")


def _seal(connection: Connection, seal: PatientSeal) -> None:
    """Seal all rows of one patient, as the program of this revision reads them."""
    of_patient = {"patient": seal.patient_id}
    for row in _rows(
        connection,
        "SELECT id, rollup, core, rest FROM blobs WHERE id = :id",
        "SELECT blob_id FROM chunks JOIN series ON series.id = series_id WHERE patient_id = :patient",
        of_patient,
    ):
        sealed = {name: seal.seal(row[name], "blobs", row["id"], name) for name in ("rollup", "core", "rest")}
        _write(connection, "UPDATE blobs SET rollup = :rollup, core = :core, rest = :rest WHERE id = :id", row, sealed)
    of_table = "SELECT id FROM {} WHERE patient_id = :patient"
    for row in _rows(
        connection,
        'SELECT id, kind, "key", payload FROM elements WHERE id = :id',
        of_table.format("elements"),
        of_patient,
    ):
        sealed = {"payload": seal.seal(row["payload"], "elements", row["kind"], row["key"])}
        _write(connection, "UPDATE elements SET payload = :payload WHERE id = :id", row, sealed)
    for row in _rows(
        connection, "SELECT id, report FROM imports WHERE id = :id", of_table.format("imports"), of_patient
    ):
        sealed = {"sealed": seal.seal(row["report"].encode("utf-8", "surrogatepass"), "imports", row["id"])}
        _write(connection, "UPDATE imports SET sealed_report = :sealed WHERE id = :id", row, sealed)
    for row in _rows(
        connection,
        'SELECT set_aside.id, sha256, kind, "offset", code, text FROM set_aside JOIN imports ON imports.id = import_id '
        "WHERE set_aside.id = :id",
        "SELECT set_aside.id FROM set_aside JOIN imports ON imports.id = import_id WHERE patient_id = :patient",
        of_patient,
    ):
        raw = row["text"].encode("utf-8", "surrogatepass")
        place = (row["sha256"], row["kind"], row["offset"], row["code"])
        sealed = {"sealed": seal.seal(raw, "set_aside", *place)}
        _write(connection, "UPDATE set_aside SET sealed_text = :sealed WHERE id = :id", row, sealed)
    for row in _rows(
        connection,
        'SELECT "key" AS id, blob FROM findings WHERE "key" = :id',
        'SELECT "key" FROM findings WHERE patient_id = :patient',
        of_patient,
    ):
        sealed = {"blob": seal.seal(row["blob"], "findings", row["id"])}
        _write(connection, 'UPDATE findings SET blob = :blob WHERE "key" = :id', row, sealed)


def _rows(connection: Connection, read: str, which: str, of_patient: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The rows one at a time, so that a large vault is never in memory at once."""
    ids = list(connection.execute(text(which), of_patient).scalars())
    for one in ids:
        yield dict(connection.execute(text(read), {"id": one}).mappings().one())


def _write(connection: Connection, statement: str, row: dict[str, Any], sealed: dict[str, bytes]) -> None:
    connection.execute(text(statement), {"id": row["id"], **sealed})


def downgrade() -> None:
    """Sealed data is not unsealed; the backup made before a migration is the way back."""
