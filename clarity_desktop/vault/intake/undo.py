"""What an import changed, kept for 30 days so that it can be undone: the latest import of a patient first."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select, update

from clarity_desktop.domain.importing import ZoneFound
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.series import SeriesId
from clarity_desktop.domain.time import DAY_S
from clarity_desktop.vault.chunks.columns import Columns, joined
from clarity_desktop.vault.intake.replacing import LiveChunk, live_chunks, renew_series
from clarity_desktop.vault.intake.stage import origin_counts
from clarity_desktop.vault.intake.state import pack_state, unpack_state
from clarity_desktop.vault.seal.cipher import PatientSeal
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store
from clarity_desktop.vault.tables.chunks import read_chunk
from clarity_desktop.vault.tables.zones import write_zones, zones_document, zones_of_document

__all__ = ["UNDO_S", "UndoRecord", "forget_undo", "prune_old", "prune_undo", "roll_back", "undoable"]

UNDO_S: Final = 30 * DAY_S
"""How long an import can be undone."""
_CHANGES, _UNDO, _CHUNKS = schema.import_changes, schema.import_undo, schema.chunks


class UndoRecord:
    """Gathers what an import changes while it is merged."""

    def __init__(self, connection: Connection, seal: PatientSeal, import_id: int) -> None:
        self._connection = connection
        self._seal = seal
        self._import_id = import_id
        self._new: set[SeriesId] = set()
        self._labels: dict[str, list[str]] = {}
        self._formats: list[list[object]] = []
        self._zones: list[dict[str, object]] = []
        self._seen: set[tuple[SeriesId, int]] = set()
        self._rows: list[dict[str, object]] = []

    def new_series(self, series_id: SeriesId) -> None:
        """A series was made by this import."""
        self._new.add(series_id)

    def labels(self, series_id: SeriesId, before: list[str]) -> None:
        """The labels of a series are about to grow."""
        if series_id not in self._new:
            self._labels[str(series_id)] = before

    def format_added(self, series_id: SeriesId, format: str) -> None:  # noqa: A002 (the word of the interface)
        """A series has samples of this format for the first time."""
        if series_id not in self._new:
            self._formats.append([series_id, format])

    def zones(self, before: tuple[ZoneFound, ...]) -> None:
        """The zone timeline as it was."""
        self._zones = zones_document(before)

    def found(self, series_id: SeriesId, period: int, live: LiveChunk | None) -> bool:
        """A stretch is about to change; true when the blob of what is there must stay."""
        if series_id in self._new or (series_id, period) in self._seen:
            return False
        self._seen.add((series_id, period))
        self._rows.append(
            {
                "import_id": self._import_id,
                "series_id": series_id,
                "period": period,
                "blob_id": None if live is None else live.blob_id,
                "n": 0 if live is None else live.n,
                "first": 0 if live is None else live.first,
                "stop": 0 if live is None else live.stop,
                "digest": b"" if live is None else live.digest,
            }
        )
        return live is not None

    def write(self, vanished: Mapping[SeriesId, list[Columns]]) -> None:
        """Store what was gathered, the samples found to be gone with it, and drop what is too old to be undone."""
        connection, patient_id = self._connection, self._seal.patient_id
        prune_undo(connection, int(time.time()) - UNDO_S)
        if self._rows:
            connection.execute(insert(_CHANGES), self._rows)
        document = {
            "new": sorted(self._new),
            "labels": self._labels,
            "formats": self._formats,
            "zones": self._zones,
        }
        sealed = self._seal.seal(pack_state(document), _UNDO.name, self._import_id)
        connection.execute(
            insert(_UNDO).values(import_id=self._import_id, patient_id=patient_id, made=int(time.time()), sealed=sealed)
        )
        rows = []
        for series_id, parts in vanished.items():
            gone = joined(parts)
            raw = pack_state({"start": gone.start, "length_s": gone.length_s, "value": gone.value})
            rows.append(
                {
                    "import_id": self._import_id,
                    "series_id": series_id,
                    "patient_id": patient_id,
                    "n": len(gone),
                    "brought_back": 0,
                    "sealed": self._seal.seal(raw, schema.vanished.name, self._import_id, series_id),
                }
            )
        if rows:
            connection.execute(insert(schema.vanished), rows)


def undoable(connection: Connection, patient_id: PatientId, now: int) -> int | None:
    """The id of the import that can be undone now: the latest of a patient, if it is younger than 30 days."""
    imports = schema.imports
    query = select(func.max(imports.c.id)).where(imports.c.patient_id == patient_id, imports.c.outcome != "undone")
    latest = connection.execute(query).scalar_one_or_none()
    made = connection.execute(select(_UNDO.c.made).where(_UNDO.c.import_id == latest)).scalar_one_or_none()
    return latest if made is not None and made > now - UNDO_S else None


def prune_undo(connection: Connection, before: int) -> int:
    """Drop what is kept of imports older than an instant, so that they can no longer be undone; answers how many."""
    old = list(connection.execute(select(_UNDO.c.import_id).where(_UNDO.c.made < before)).scalars())
    _drop(connection, old)
    return len(old)


def prune_old(store: Store) -> None:
    """Drop what is kept of imports that can no longer be undone, as a vault is opened."""
    before = int(time.time()) - UNDO_S
    with store.reading() as connection:
        old = connection.execute(select(_UNDO.c.import_id).where(_UNDO.c.made < before).limit(1)).first()
    if old is not None:
        with store.staging() as connection:
            prune_undo(connection, before)


def forget_undo(connection: Connection, patient_id: PatientId) -> None:
    """Make a patient's imports final, because what they could bring back is deleted for another reason."""
    _drop(
        connection,
        list(connection.execute(select(_UNDO.c.import_id).where(_UNDO.c.patient_id == patient_id)).scalars()),
    )


def _drop(connection: Connection, import_ids: list[int]) -> None:
    for import_id in import_ids:
        kept = select(_CHANGES.c.blob_id).where(_CHANGES.c.import_id == import_id, _CHANGES.c.blob_id.is_not(None))
        connection.execute(delete(schema.blobs).where(schema.blobs.c.id.in_(kept)))
        _clear(connection, import_id)


def _clear(connection: Connection, import_id: int) -> None:
    for table in (_CHANGES, schema.import_elements, _UNDO):
        connection.execute(delete(table).where(table.c.import_id == import_id))


def roll_back(connection: Connection, seal: PatientSeal, import_id: int) -> int:
    """Bring everything of the patient back to how it was before an import; answers how many samples go.

    To be called for the latest import only, within a write transaction; its row in the journal of imports stays.
    """
    sealed = connection.execute(select(_UNDO.c.sealed).where(_UNDO.c.import_id == import_id)).scalar_one()
    document = unpack_state(seal.open(sealed, _UNDO.name, import_id))
    before = _samples(connection, seal.patient_id)
    series, vanished = schema.series, schema.vanished
    connection.execute(delete(vanished).where(vanished.c.import_id == import_id))
    for series_id in document["new"]:
        _delete_series(connection, int(series_id))
    by_series: dict[SeriesId, Counter[int]] = {}
    for row in connection.execute(select(_CHANGES).where(_CHANGES.c.import_id == import_id)).all():
        origins = by_series.setdefault(row.series_id, Counter())
        live = live_chunks(connection, row.series_id, (row.period, row.period)).get(row.period)
        if live is not None:
            origins.subtract(_origins(connection, seal, live.blob_id))
            mine = (_CHUNKS.c.series_id == row.series_id) & (_CHUNKS.c.period == row.period)
            connection.execute(delete(_CHUNKS).where(mine))
            connection.execute(delete(schema.blobs).where(schema.blobs.c.id == live.blob_id))
        if row.blob_id is not None:
            origins.update(_origins(connection, seal, row.blob_id))
            connection.execute(
                insert(_CHUNKS).values(
                    series_id=row.series_id,
                    period=row.period,
                    n=row.n,
                    first=row.first,
                    stop=row.stop,
                    digest=row.digest,
                    blob_id=row.blob_id,
                )
            )
    for series_id, origins in by_series.items():
        renew_series(connection, series_id, origins)
    for text, labels in document["labels"].items():
        values = {"labels": json.dumps(labels, ensure_ascii=False)}
        connection.execute(update(series).where(series.c.id == int(text)).values(values))
    formats = schema.series_formats
    for series_id, name in document["formats"]:
        connection.execute(delete(formats).where(formats.c.series_id == series_id, formats.c.format == name))
    _roll_back_elements(connection, import_id)
    write_zones(connection, seal.patient_id, zones_of_document(document["zones"]))
    connection.execute(delete(schema.set_aside).where(schema.set_aside.c.import_id == import_id))
    _clear(connection, import_id)
    return before - _samples(connection, seal.patient_id)


def _delete_series(connection: Connection, series_id: SeriesId) -> None:
    blobs = select(_CHUNKS.c.blob_id).where(_CHUNKS.c.series_id == series_id)
    ids = list(connection.execute(blobs).scalars())
    connection.execute(delete(_CHUNKS).where(_CHUNKS.c.series_id == series_id))
    if ids:
        connection.exec_driver_sql("DELETE FROM blobs WHERE id = ?", [(one,) for one in ids])
    for table in (schema.series_origins, schema.series_formats, schema.vanished):
        connection.execute(delete(table).where(table.c.series_id == series_id))
    connection.execute(delete(schema.series).where(schema.series.c.id == series_id))


def _roll_back_elements(connection: Connection, import_id: int) -> None:
    elements, before, gone = schema.elements, schema.import_elements, schema.gone_elements
    connection.execute(delete(gone).where(gone.c.import_id == import_id))
    for row in connection.execute(select(before).where(before.c.import_id == import_id)).all():
        connection.execute(
            update(elements)
            .where(elements.c.id == row.element_id)
            .values(
                start=row.start,
                stop=row.stop,
                source=row.source,
                digest=row.digest,
                size=row.size,
                import_id=row.earlier_import_id,
                payload=row.payload,
            )
        )
    connection.execute(delete(elements).where(elements.c.import_id == import_id))


def _origins(connection: Connection, seal: PatientSeal, blob_id: int) -> dict[int, int]:
    columns = read_chunk(connection, seal, blob_id)
    return {} if columns is None else dict(origin_counts(columns))


def _samples(connection: Connection, patient_id: PatientId) -> int:
    table = schema.series
    query = select(func.coalesce(func.sum(table.c.n), 0)).where(table.c.patient_id == patient_id)
    return int(connection.execute(query).scalar_one())
