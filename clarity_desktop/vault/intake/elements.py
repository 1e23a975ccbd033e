"""Merging staged elements and set-aside records, inside the transaction that ends an import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from clarity_desktop.vault.store import schema

__all__ = ["merge_elements", "merge_set_aside"]

_LATEST_WINS: Final = frozenset({"ActivitySummary", "Me"})
"""Kinds whose later version corrects the earlier one; of the others the longest is kept, else the first."""


@dataclass(frozen=True, slots=True)
class _Version:
    id: int
    digest: bytes
    size: int

    def gives_way_to(self, later: _Version, kind: str) -> bool:
        if self.digest == later.digest:
            return False
        return kind in _LATEST_WINS or later.size > self.size


def merge_elements(connection: Connection, patient_id: str, import_id: int, token: str) -> dict[str, tuple[int, int]]:
    """Make the staged elements visible; answers ``(distinct in the file, of these new)`` by kind."""
    stage, table = schema.stage_elements, schema.elements
    file: dict[tuple[str, str], _Version] = {}
    query = select(stage.c.id, stage.c.kind, stage.c.key, stage.c.digest, stage.c.size)
    for row in connection.execute(query.where(stage.c.token == token).order_by(stage.c.id)):
        version = _Version(row.id, row.digest, row.size)
        held = file.get((row.kind, row.key))
        if held is None or held.gives_way_to(version, row.kind):
            file[row.kind, row.key] = version
    if not file:
        return {}
    kinds = {kind for kind, _ in file}
    stored_query = select(table.c.id, table.c.kind, table.c.key, table.c.digest, table.c.size)
    stored_query = stored_query.where(table.c.patient_id == patient_id, table.c.kind.in_(kinds))
    stored = {(row.kind, row.key): _Version(row.id, row.digest, row.size) for row in connection.execute(stored_query)}
    added: list[tuple[str, int, int]] = []
    replaced: list[tuple[int, int, int]] = []
    counts = dict.fromkeys(sorted(kinds), (0, 0))
    for (kind, key), version in file.items():
        unique, new = counts[kind]
        held = stored.get((kind, key))
        counts[kind] = (unique + 1, new + (held is None))
        if held is None:
            added.append((patient_id, import_id, version.id))
        elif held.gives_way_to(version, kind):
            replaced.append((import_id, version.id, held.id))
    if added:
        connection.exec_driver_sql(
            "INSERT INTO elements (patient_id, kind, key, start, stop, source, digest, size, import_id, payload) "
            "SELECT ?, kind, key, start, stop, source, digest, size, ?, payload FROM stage_elements WHERE id = ?",
            added,
        )
    if replaced:
        connection.exec_driver_sql(
            "UPDATE elements SET (start, stop, source, digest, size, import_id, payload) = "
            "(SELECT start, stop, source, digest, size, ?, payload FROM stage_elements WHERE id = ?) WHERE id = ?",
            replaced,
        )
    return counts


def merge_set_aside(connection: Connection, import_id: int, token: str) -> None:
    """Hand the staged set-aside records on to the import."""
    connection.exec_driver_sql(
        'INSERT INTO set_aside (import_id, kind, "offset", code, sealed_text) '
        'SELECT ?, kind, "offset", code, sealed_text FROM stage_set_aside WHERE token = ? ORDER BY id',
        (import_id, token),
    )
