"""Tables for shares of patients between colleagues and expired segments of the audit; names sealed with a key apart."""

from __future__ import annotations

import json
from typing import Final

from alembic import context, op
from sqlalchemy import Connection, text

from clarity_desktop.domain.errors import ConflictError
from clarity_desktop.vault.seal.identity import IdentitySeal
from clarity_desktop.vault.seal.keyring import PatientKeys

__all__ = ["down_revision", "downgrade", "revision", "upgrade"]

revision = "0005"
down_revision = "0004"

_STATEMENTS: Final[tuple[str, ...]] = (
    """
CREATE TABLE restrictions (
    patient_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    since INTEGER NOT NULL,
    restricted_by TEXT NOT NULL,
    PRIMARY KEY (patient_id),
    FOREIGN KEY(patient_id) REFERENCES patients (id),
    FOREIGN KEY(owner) REFERENCES people (id)
)
""",
    """
CREATE TABLE shares (
    id INTEGER NOT NULL,
    patient_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    granted INTEGER NOT NULL,
    granted_by TEXT NOT NULL,
    until INTEGER NOT NULL,
    ended INTEGER,
    ended_by TEXT,
    PRIMARY KEY (id),
    FOREIGN KEY(patient_id) REFERENCES patients (id),
    FOREIGN KEY(user_id) REFERENCES people (id)
)
""",
    "CREATE INDEX shares_by_patient ON shares (patient_id, user_id)",
    """
CREATE TABLE visits (
    user_id TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (user_id, patient_id),
    FOREIGN KEY(user_id) REFERENCES people (id),
    FOREIGN KEY(patient_id) REFERENCES patients (id)
) WITHOUT ROWID
""",
    """
CREATE TABLE personal (
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (user_id, name),
    FOREIGN KEY(user_id) REFERENCES people (id)
) WITHOUT ROWID
""",
    """
CREATE TABLE audit_stubs (
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    began INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    before_hash BLOB NOT NULL,
    last_hash BLOB NOT NULL,
    expired INTEGER NOT NULL,
    expired_by TEXT NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (first)
)
""",
    "CREATE INDEX audit_by_origin ON audit (origin, seq)",
    "ALTER TABLE patients ADD COLUMN sealed_identity BLOB DEFAULT (x'') NOT NULL",
)


def upgrade() -> None:
    """Make the tables, and seal names, dates of birth and their corrections with the identity key.

    Raises
    ------
    ConflictError
        ``vault.needs_identity`` when there are patients and whoever opens the vault does not see names.
    """
    for statement in _STATEMENTS:
        op.execute(statement)
    connection = op.get_bind()
    people = connection.execute(text("SELECT id, name, birth_date FROM patients")).all()
    if people:
        keys: PatientKeys = context.config.attributes["patient_keys"]
        identity: IdentitySeal = context.config.attributes["identity"]
        if not identity.is_held:
            raise ConflictError(
                "vault.needs_identity",
                "This vault has to be brought to the present form by somebody who sees names.",
                remedy="Let a clinician or an admin open it once with their passphrase.",
            )
        for row in people:
            stated = json.dumps({"name": row.name, "birth_date": row.birth_date}).encode()
            sealed = identity.seal(keys.seal_of(row.id), stated, "patients")
            put = text("UPDATE patients SET sealed_identity = :sealed WHERE id = :id")
            connection.execute(put, {"sealed": sealed, "id": row.id})
        _seal_corrections(connection, keys, identity)
    op.execute("ALTER TABLE patients DROP COLUMN name")
    op.execute("ALTER TABLE patients DROP COLUMN birth_date")


def _seal_corrections(connection: Connection, keys: PatientKeys, identity: IdentitySeal) -> None:
    put = text("UPDATE corrections SET sealed = :sealed WHERE id = :id")
    for row in connection.execute(text("SELECT id, patient_id, at, sealed FROM corrections")).all():
        seal = keys.seal_of(row.patient_id)
        sealed = identity.seal(seal, seal.open(row.sealed, "corrections", row.at), "corrections", row.at)
        connection.execute(put, {"sealed": sealed, "id": row.id})


def downgrade() -> None:
    """There is no way back but the backup made before a migration."""
