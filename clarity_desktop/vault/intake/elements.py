"""Merging staged elements and set-aside records, inside the transaction that ends an import."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, select

from clarity_desktop.domain.time import Instant
from clarity_desktop.vault.store import schema

__all__ = ["MergedElements", "MetElement", "merge_elements", "merge_set_aside"]

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


@dataclass(frozen=True, slots=True)
class MetElement:
    """Where an element of the file lies."""

    start: Instant | None
    stop: Instant | None
    source: str


@dataclass(slots=True)
class MergedElements:
    """What merging the elements came to."""

    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    """``(distinct in the file, of these new)`` by kind."""
    met: dict[tuple[str, str], MetElement] = field(default_factory=dict)
    """All elements of the file by kind and key."""
    returned: Counter[str] = field(default_factory=Counter)
    """Elements of the file that were marked as gone before, by kind."""


def merge_elements(
    connection: Connection, patient_id: str, import_id: int, token: str, *, is_latest: bool
) -> MergedElements:
    """Make the staged elements visible; of those that replace another the earlier one is kept for undoing.

    Parameters
    ----------
    is_latest:
        Whether no later export was imported before, so that this one's corrections hold.
    """
    stage, table = schema.stage_elements, schema.elements
    file: dict[tuple[str, str], _Version] = {}
    result = MergedElements()
    columns = (stage.c.id, stage.c.kind, stage.c.key, stage.c.digest, stage.c.size)
    query = select(*columns, stage.c.start, stage.c.stop, stage.c.source)
    for row in connection.execute(query.where(stage.c.token == token).order_by(stage.c.id)):
        version = _Version(row.id, row.digest, row.size)
        result.met[row.kind, row.key] = MetElement(row.start, row.stop, row.source)
        held = file.get((row.kind, row.key))
        if held is None or held.gives_way_to(version, row.kind):
            file[row.kind, row.key] = version
    if not file:
        return result
    kinds = {kind for kind, _ in file}
    stored_query = select(table.c.id, table.c.kind, table.c.key, table.c.digest, table.c.size)
    stored_query = stored_query.where(table.c.patient_id == patient_id, table.c.kind.in_(kinds))
    stored = {(row.kind, row.key): _Version(row.id, row.digest, row.size) for row in connection.execute(stored_query)}
    added: list[tuple[str, int, int]] = []
    replaced: list[tuple[int, int, int]] = []
    counts = result.counts = dict.fromkeys(sorted(kinds), (0, 0))
    gone = _gone(connection, patient_id)
    returned: list[int] = []
    for (kind, key), version in file.items():
        unique, new = counts[kind]
        held = stored.get((kind, key))
        counts[kind] = (unique + 1, new + (held is None))
        if held is not None and held.id in gone:
            returned.append(held.id)
            result.returned[kind] += 1
        if held is None:
            added.append((patient_id, import_id, version.id))
        elif (is_latest or kind not in _LATEST_WINS) and held.gives_way_to(version, kind):
            replaced.append((import_id, version.id, held.id))
    if added:
        connection.exec_driver_sql(
            "INSERT INTO elements (patient_id, kind, key, start, stop, source, digest, size, import_id, payload) "
            "SELECT ?, kind, key, start, stop, source, digest, size, ?, payload FROM stage_elements WHERE id = ?",
            added,
        )
    if returned:
        connection.exec_driver_sql("DELETE FROM gone_elements WHERE element_id = ?", [(one,) for one in returned])
    if replaced:
        connection.exec_driver_sql(
            "INSERT OR IGNORE INTO import_elements (import_id, element_id, start, stop, source, digest, size, "
            "earlier_import_id, payload) SELECT ?, id, start, stop, source, digest, size, import_id, payload "
            "FROM elements WHERE id = ?",
            [(import_id, element_id) for _, _, element_id in replaced],
        )
        connection.exec_driver_sql(
            "UPDATE elements SET (start, stop, source, digest, size, import_id, payload) = "
            "(SELECT start, stop, source, digest, size, ?, payload FROM stage_elements WHERE id = ?) WHERE id = ?",
            replaced,
        )
    return result


def _gone(connection: Connection, patient_id: str) -> set[int]:
    """Ids of a patient's elements that are marked as gone."""
    gone, table = schema.gone_elements, schema.elements
    query = select(gone.c.element_id).join(table, table.c.id == gone.c.element_id)
    return set(connection.execute(query.where(table.c.patient_id == patient_id)).scalars())


def merge_set_aside(connection: Connection, import_id: int, token: str) -> None:
    """Hand the staged set-aside records on to the import."""
    connection.exec_driver_sql(
        'INSERT INTO set_aside (import_id, kind, "offset", code, sealed_text) '
        'SELECT ?, kind, "offset", code, sealed_text FROM stage_set_aside WHERE token = ? ORDER BY id',
        (import_id, token),
    )
