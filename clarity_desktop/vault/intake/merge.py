"""Merging staged chunks of one series with the stored ones, inside the transaction that ends an import."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from clarity_desktop.domain.kinds import kind_of
from clarity_desktop.domain.series import Accumulation, SeriesId
from clarity_desktop.vault.chunks.codec import PackedChunk, pack_chunk
from clarity_desktop.vault.chunks.columns import Columns, joined, sorted_unique
from clarity_desktop.vault.intake.stage import StoredChunk, encoded, insert_blobs, origin_counts, stage_lost
from clarity_desktop.vault.seal.cipher import PatientSeal
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.tables.chunks import read_chunk

__all__ = ["LiveChunk", "SeriesKey", "StagedSeries", "is_spread", "merge_series", "renew_series", "stored_series"]

_SERIES, _CHUNKS, _BLOBS = schema.series, schema.chunks, schema.blobs
_NO_DIGEST = b""


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """What makes a series of one patient."""

    kind: str
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class LiveChunk:
    """A stored chunk."""

    digest: bytes
    blob_id: int


@dataclass(slots=True)
class StagedSeries:
    """The staged parts of one series, and the labels its category values index."""

    labels: list[str] = field(default_factory=list)
    stored: dict[int, LiveChunk] = field(default_factory=dict)
    """The visible chunks when the import first met the series, by period."""
    parts: dict[int, list[StoredChunk]] = field(default_factory=dict)
    """By period, in file order."""


def stored_series(connection: Connection, patient_id: str, key: SeriesKey) -> StagedSeries:
    """What the vault holds of a series as an import begins on it."""
    row = connection.execute(_series_query(patient_id, key)).first()
    if row is None:
        return StagedSeries()
    query = select(_CHUNKS.c.period, _CHUNKS.c.digest, _CHUNKS.c.blob_id).where(_CHUNKS.c.series_id == row.id)
    stored = {chunk.period: LiveChunk(chunk.digest, chunk.blob_id) for chunk in connection.execute(query)}
    return StagedSeries([str(label) for label in json.loads(row.labels)], stored)


def is_spread(key: SeriesKey) -> bool:
    """Whether the values are amounts that spread over their interval."""
    return kind_of(key.kind, key.unit).accumulation is Accumulation.SUM


def merge_series(connection: Connection, seal: PatientSeal, key: SeriesKey, staged: StagedSeries) -> tuple[int, int]:
    """Make the staged parts visible; answers ``(distinct samples in the file, of these new)``.

    A stored chunk that gains nothing stays as it is, byte for byte. A staged part of a stretch without stored samples
    is taken over as it is, so that it is written once.
    """
    series_id, stored_labels = _series_row(connection, seal.patient_id, key)
    merge = _Merge(connection, seal, series_id, is_spread(key), _relabelling(staged.labels, stored_labels))
    live = _live_chunks(connection, series_id, staged.parts) if staged.parts else {}
    for period, parts in sorted(staged.parts.items()):
        merge.period(period, parts, live.get(period))
    if merge.write_index():
        renew_series(connection, series_id, merge.origins)
    labels = _united(stored_labels, staged.labels)
    if labels != stored_labels:
        text = json.dumps(labels, ensure_ascii=False)
        connection.execute(update(_SERIES).where(_SERIES.c.id == series_id).values(labels=text))
    return merge.unique, merge.new


class _Merge:
    """One series under merging."""

    def __init__(
        self,
        connection: Connection,
        seal: PatientSeal,
        series_id: SeriesId,
        spread: bool,
        relabel: NDArray[np.float64] | None,
    ) -> None:
        self._connection = connection
        self._seal = seal
        self._series_id = series_id
        self._spread = spread
        self._relabel = relabel
        self.unique = 0
        self.new = 0
        self._rows: list[tuple[Any, ...]] = []
        self._adopted: list[tuple[int]] = []
        self.origins: Counter[int] = Counter()

    def period(self, period: int, parts: Sequence[StoredChunk], live: LiveChunk | None) -> None:
        """Merge one period."""
        if len(parts) == 1 and self._relabel is None:
            (part,) = parts
            if live is None and not part.stored_before:
                self._adopt(part)
                return
            # What a series holds only grows, so a part that was all there as it was read is there still.
            if live is not None and (live.digest == part.digest or part.stored_before):
                self.unique += part.n
                return
        file = sorted_unique(joined([self._relabelled(self._columns(part.blob_id)) for part in parts]))
        self.unique += len(file)
        if live is None:
            self.new += len(file)
            self._write(period, file, pack_chunk(file))
            return
        stored = self._columns(live.blob_id)
        merged = sorted_unique(joined([stored, file]))
        packed = pack_chunk(merged)
        if packed.digest == live.digest:
            return
        self.new += len(merged) - len(stored)
        self.origins.subtract(dict(origin_counts(stored)))
        self._connection.execute(
            delete(_CHUNKS).where(_CHUNKS.c.series_id == self._series_id, _CHUNKS.c.period == period)
        )
        self._connection.execute(delete(_BLOBS).where(_BLOBS.c.id == live.blob_id))
        self._write(period, merged, packed)

    def _adopt(self, part: StoredChunk) -> None:
        self.unique += part.n
        self.new += part.n
        self._insert(part)
        self._adopted.append((part.blob_id,))

    def _write(self, period: int, columns: Columns, packed: PackedChunk) -> None:
        chunk = encoded(period, columns, packed, spread=self._spread)
        (blob_id,) = insert_blobs(self._connection, self._seal, [chunk])
        self._insert(replace(chunk.facts, blob_id=blob_id))

    def _insert(self, chunk: StoredChunk) -> None:
        self.origins.update(dict(chunk.origin_counts))
        row = (self._series_id, chunk.period, chunk.n, chunk.first, chunk.stop, chunk.digest, chunk.blob_id)
        self._rows.append(row)

    def write_index(self) -> bool:
        """Write the rows of all chunks that are new or changed; answers whether there are any."""
        if self._rows:
            self._connection.exec_driver_sql(
                "INSERT INTO chunks (series_id, period, n, first, stop, digest, blob_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
                self._rows,
            )
        if self._adopted:
            self._connection.exec_driver_sql("DELETE FROM stage WHERE blob_id = ?", self._adopted)
        return bool(self._rows)

    def _columns(self, blob_id: int) -> Columns:
        columns = read_chunk(self._connection, self._seal, blob_id)
        if columns is None:
            raise stage_lost()
        return columns

    def _relabelled(self, columns: Columns) -> Columns:
        if self._relabel is None:
            return columns
        value = columns.value.copy()
        stated = ~np.isnan(value)
        value[stated] = self._relabel[value[stated].astype(np.int64)]
        return replace(columns, value=value)


def _series_query(patient_id: str, key: SeriesKey) -> Select[Any]:
    return select(_SERIES.c.id, _SERIES.c.labels).where(
        _SERIES.c.patient_id == patient_id,
        _SERIES.c.kind == key.kind,
        _SERIES.c.unit == key.unit,
        _SERIES.c.source == key.source,
    )


def _series_row(connection: Connection, patient_id: str, key: SeriesKey) -> tuple[SeriesId, list[str]]:
    """``(id, labels)`` of a series, made when it is not there yet."""
    query = _series_query(patient_id, key)
    row = connection.execute(query).first()
    if row is None:
        connection.execute(
            insert(_SERIES).values(
                patient_id=patient_id,
                kind=key.kind,
                unit=key.unit,
                source=key.source,
                labels="[]",
                n=0,
                device="",
                digest=_NO_DIGEST,
            )
        )
        row = connection.execute(query).one()
    return row.id, [str(label) for label in json.loads(row.labels)]


def _live_chunks(connection: Connection, series_id: SeriesId, parts: Mapping[int, object]) -> dict[int, LiveChunk]:
    query = select(_CHUNKS.c.period, _CHUNKS.c.digest, _CHUNKS.c.blob_id).where(
        _CHUNKS.c.series_id == series_id, _CHUNKS.c.period.between(min(parts), max(parts))
    )
    return {row.period: LiveChunk(row.digest, row.blob_id) for row in connection.execute(query)}


def _united(stored: list[str], staged: list[str]) -> list[str]:
    """The stored labels with the missing ones at the end; labels are never reordered."""
    return [*stored, *(label for label in staged if label not in stored)]


def _relabelling(staged: list[str], stored: list[str]) -> NDArray[np.float64] | None:
    """Codes of the staged labels among the united ones, or ``None`` when they agree."""
    united = _united(stored, staged)
    if united[: len(staged)] == staged:
        return None
    return np.array([united.index(label) for label in staged], np.float64)


def renew_series(connection: Connection, series_id: SeriesId, origins: Counter[int]) -> None:
    """Bring the summary of a series up to its chunks."""
    table = schema.series_origins
    for origin, n in origins.items():
        if n:
            statement = upsert(table).values(series_id=series_id, origin_id=origin, n=n)
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=[table.c.series_id, table.c.origin_id], set_={"n": table.c.n + n}
                )
            )
    connection.execute(delete(table).where(table.c.series_id == series_id, table.c.n <= 0))
    share = func.sum(table.c.n)
    device = connection.execute(
        select(schema.origins.c.device)
        .join(table, table.c.origin_id == schema.origins.c.id)
        .where(table.c.series_id == series_id)
        .group_by(schema.origins.c.device)
        .order_by(share.desc(), schema.origins.c.device)
        .limit(1)
    ).scalar_one_or_none()
    state = hashlib.blake2b(digest_size=16)
    n, first, last = 0, None, None
    query = select(_CHUNKS).where(_CHUNKS.c.series_id == series_id).order_by(_CHUNKS.c.period)
    for chunk in connection.execute(query):
        state.update(chunk.period.to_bytes(8, "big", signed=True) + chunk.digest)
        n += chunk.n
        first = chunk.first if first is None else first
        last = chunk.stop if last is None else max(last, chunk.stop)
    values = {"n": n, "first": first, "last": last, "digest": state.digest(), "device": device or ""}
    connection.execute(update(_SERIES).where(_SERIES.c.id == series_id).values(values))
