"""Deleting everything a database holds of one patient, whatever its revision."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from clarity_desktop.domain.people import PatientId

__all__ = ["KEPT", "OWNED", "delete_patient", "patients_in"]

KEPT: Final = frozenset({"audit", "consents", "erasures"})
"""Tables that keep the pseudonym, because the law asks for the record; none holds a name or a value."""
OWNED: Final = {"series_id": "series", "import_id": "imports", "attachment_id": "attachments", "consent_id": "consents"}
"""Columns by which a row without the patient's id belongs to one that has it."""


def patients_in(connection: Connection) -> set[PatientId]:
    """The ids of all patients in a database."""
    return set(connection.exec_driver_sql("SELECT id FROM patients").scalars())


def delete_patient(connection: Connection, patient_id: PatientId) -> dict[str, int]:
    """Delete all rows of a patient within a write transaction; answers how many, by table.

    The tables are found by their columns, so a copy of an older revision is cleared as well as the vault itself.
    """
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    columns = _columns(connection)
    deleted: dict[str, int] = {}

    def delete(table: str, condition: str, *values: str) -> None:
        done = connection.exec_driver_sql(f'DELETE FROM "{table}" WHERE {condition}', values)
        if done.rowcount:
            deleted[table] = deleted.get(table, 0) + done.rowcount

    owners = {column: owner for column, owner in OWNED.items() if owner in columns}
    if "import_changes" in columns:
        delete(
            "blobs",
            "id IN (SELECT blob_id FROM import_changes WHERE series_id "
            "IN (SELECT id FROM series WHERE patient_id = ?))",
            patient_id,
        )
    owned = "IN (SELECT id FROM {} WHERE patient_id = ?)"
    delete(
        "blobs",
        f"id IN (SELECT blob_id FROM chunks WHERE series_id {owned.format('series')})",
        patient_id,
    )
    for table, names in columns.items():
        if "patient_id" in names or table in KEPT:
            continue
        for column, owner in owners.items():
            if column in names:
                delete(table, f'"{column}" {owned.format(owner)}', patient_id)
    for table, names in columns.items():
        if "patient_id" in names and table not in KEPT:
            delete(table, "patient_id = ?", patient_id)
    delete("patients", "id = ?", patient_id)
    if "pat_heads" in columns:
        # A head of many people goes on and says that some are gone; one that rests on nobody else goes.
        delete("pat_heads", "id NOT IN (SELECT head_id FROM pat_head_people)")
    if "cloud_bodies" in columns:
        # Copies of a server's answers do not say whom they are about, and can be fetched again.
        delete("cloud_bodies", "1")
    if "sync_state" in columns:
        # Nothing of a person stands there by design; what names one all the same goes.
        delete("sync_state", "instr(name, ?) OR instr(document, ?)", patient_id, patient_id)
    # Texts about devices may name their owner; those that nobody's series uses go too.
    delete("origins", "id NOT IN (SELECT origin_id FROM series_origins)")
    return deleted


def _columns(connection: Connection) -> dict[str, set[str]]:
    tables = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
    return {
        table: {row[1] for row in connection.exec_driver_sql(f'PRAGMA table_info("{table}")')}
        for table in tables
        if not table.startswith("sqlite_")
    }
