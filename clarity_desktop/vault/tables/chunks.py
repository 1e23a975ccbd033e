"""Chunks in the database: the one place where blobs are written, sealed with the patient's key, and read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, select

from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.series import Rollup, SeriesId
from clarity_desktop.domain.time import Span
from clarity_desktop.vault.chunks.codec import Core, decode_chunk, decode_core
from clarity_desktop.vault.chunks.columns import Columns
from clarity_desktop.vault.chunks.rollup import decode_rollup
from clarity_desktop.vault.seal.cipher import PatientSeal
from clarity_desktop.vault.store import schema

__all__ = [
    "BlobRow",
    "all_blobs",
    "read_chunk",
    "read_chunks",
    "read_cores",
    "read_rollups",
    "sealed_blob",
    "write_blobs",
]

_CHUNKS, _BLOBS, _SERIES = schema.chunks, schema.blobs, schema.series
_HOUR = 3600


def write_blobs(connection: Connection, seal: PatientSeal, blobs: Sequence[tuple[bytes, bytes, bytes]]) -> list[int]:
    """Seal and write ``(rollup, core, rest)`` blobs within a write transaction; answers their ids."""
    last = connection.execute(select(func.max(_BLOBS.c.id))).scalar_one() or 0
    ids = list(range(last + 1, last + 1 + len(blobs)))
    if ids:
        connection.exec_driver_sql(
            "INSERT INTO blobs (id, rollup, core, rest) VALUES (?, ?, ?, ?)",
            [sealed_blob(seal, blob_id, blob) for blob_id, blob in zip(ids, blobs, strict=True)],
        )
    return ids


def sealed_blob(seal: PatientSeal, blob_id: int, blob: tuple[bytes, bytes, bytes]) -> tuple[int, bytes, bytes, bytes]:
    """``(id, rollup, core, rest)`` as the table holds them: each column is sealed apart, as each is read apart."""
    rollup, core, rest = blob
    return (
        blob_id,
        seal.seal(rollup, "blobs", blob_id, "rollup"),
        seal.seal(core, "blobs", blob_id, "core"),
        seal.seal(rest, "blobs", blob_id, "rest"),
    )


def read_chunk(connection: Connection, seal: PatientSeal, blob_id: int) -> Columns | None:
    """All columns of one blob, or ``None`` when it is gone."""
    blob = connection.execute(select(_BLOBS.c.core, _BLOBS.c.rest).where(_BLOBS.c.id == blob_id)).first()
    return None if blob is None else _chunk(seal, blob_id, blob.core, blob.rest)


def read_cores(connection: Connection, seal: PatientSeal, series_id: SeriesId, span: Span | None) -> list[Core]:
    """The core columns of a series' chunks that may touch a span, in order."""
    query = _within(select(_BLOBS.c.id, _BLOBS.c.core), series_id, span)
    return [decode_core(seal.open(row.core, "blobs", row.id, "core")) for row in connection.execute(query)]


def read_chunks(connection: Connection, seal: PatientSeal, series_id: SeriesId, span: Span | None) -> Iterator[Columns]:
    """All columns of a series' chunks that may touch a span, in order, one chunk at a time."""
    query = _within(select(_BLOBS.c.id, _BLOBS.c.core, _BLOBS.c.rest), series_id, span)
    for row in connection.execute(query):
        yield _chunk(seal, row.id, row.core, row.rest)


def read_rollups(connection: Connection, seal: PatientSeal, series_id: SeriesId, span: Span | None) -> list[Rollup]:
    """The rollups of a series' chunks that may touch the hours of a span, in order."""
    wider = None if span is None else Span(span.start - _HOUR, span.stop + _HOUR)
    query = _within(select(_BLOBS.c.id, _BLOBS.c.rollup), series_id, wider)
    return [decode_rollup(seal.open(row.rollup, "blobs", row.id, "rollup")) for row in connection.execute(query)]


def _chunk(seal: PatientSeal, blob_id: int, core: bytes, rest: bytes) -> Columns:
    return decode_chunk(seal.open(core, "blobs", blob_id, "core"), seal.open(rest, "blobs", blob_id, "rest"))


@dataclass(frozen=True, slots=True)
class BlobRow:
    """One visible chunk as it is stored, sealed."""

    patient_id: PatientId
    blob_id: int
    series_id: SeriesId
    period: int
    n: int
    digest: bytes
    rollup: bytes
    core: bytes
    rest: bytes

    def opened(self, seal: PatientSeal) -> tuple[Columns, Rollup]:
        """What the chunk and its rollup say; raises :class:`IntegrityError` when damaged."""
        rollup = decode_rollup(seal.open(self.rollup, "blobs", self.blob_id, "rollup"))
        return _chunk(seal, self.blob_id, self.core, self.rest), rollup


def all_blobs(connection: Connection) -> Iterator[BlobRow]:
    """Every visible chunk of the vault, undecoded, a few at a time."""
    columns = (_SERIES.c.patient_id, _BLOBS.c.id, _CHUNKS.c.series_id, _CHUNKS.c.period, _CHUNKS.c.n, _CHUNKS.c.digest)
    query = select(*columns, _BLOBS.c.rollup, _BLOBS.c.core, _BLOBS.c.rest).join(
        _BLOBS, _CHUNKS.c.blob_id == _BLOBS.c.id
    )
    query = query.join(_SERIES, _SERIES.c.id == _CHUNKS.c.series_id)
    for row in connection.execution_options(yield_per=16).execute(query):
        yield BlobRow(*row)


def _within(query: Select[Any], series_id: SeriesId, span: Span | None) -> Select[Any]:
    query = query.join(_CHUNKS, _CHUNKS.c.blob_id == _BLOBS.c.id)
    query = query.where(_CHUNKS.c.series_id == series_id).order_by(_CHUNKS.c.period)
    if span is not None:
        # A point may lie on the very end of a chunk, hence ≥ and not >.
        query = query.where(_CHUNKS.c.first < span.stop, _CHUNKS.c.stop >= span.start)
    return query
