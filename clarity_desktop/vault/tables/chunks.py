"""Chunks in the database: the one place where blobs are written and read, so sealing them concerns only this file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, select

from clarity_desktop.domain.series import Rollup, SeriesId
from clarity_desktop.domain.time import Span
from clarity_desktop.vault.chunks.codec import Core, decode_chunk, decode_core
from clarity_desktop.vault.chunks.columns import Columns
from clarity_desktop.vault.chunks.rollup import decode_rollup
from clarity_desktop.vault.store import schema

__all__ = ["BlobRow", "all_blobs", "read_chunk", "read_chunks", "read_cores", "read_rollups", "write_blobs"]

_CHUNKS, _BLOBS = schema.chunks, schema.blobs
_HOUR = 3600


def write_blobs(connection: Connection, blobs: Sequence[tuple[bytes, bytes, bytes]]) -> list[int]:
    """Write ``(rollup, core, rest)`` blobs within a write transaction; answers their ids."""
    last = connection.execute(select(func.max(_BLOBS.c.id))).scalar_one() or 0
    ids = list(range(last + 1, last + 1 + len(blobs)))
    if ids:
        connection.exec_driver_sql(
            "INSERT INTO blobs (id, rollup, core, rest) VALUES (?, ?, ?, ?)",
            [(blob_id, *blob) for blob_id, blob in zip(ids, blobs, strict=True)],
        )
    return ids


def read_chunk(connection: Connection, blob_id: int) -> Columns | None:
    """All columns of one blob, or ``None`` when it is gone."""
    blob = connection.execute(select(_BLOBS.c.core, _BLOBS.c.rest).where(_BLOBS.c.id == blob_id)).first()
    return None if blob is None else decode_chunk(blob.core, blob.rest)


def read_cores(connection: Connection, series_id: SeriesId, span: Span | None) -> list[Core]:
    """The core columns of a series' chunks that may touch a span, in order."""
    query = _within(select(_BLOBS.c.core), series_id, span)
    return [decode_core(row.core) for row in connection.execute(query)]


def read_chunks(connection: Connection, series_id: SeriesId, span: Span | None) -> Iterator[Columns]:
    """All columns of a series' chunks that may touch a span, in order, one chunk at a time."""
    query = _within(select(_BLOBS.c.core, _BLOBS.c.rest), series_id, span)
    for row in connection.execute(query):
        yield decode_chunk(row.core, row.rest)


def read_rollups(connection: Connection, series_id: SeriesId, span: Span | None) -> list[Rollup]:
    """The rollups of a series' chunks that may touch the hours of a span, in order."""
    wider = None if span is None else Span(span.start - _HOUR, span.stop + _HOUR)
    query = _within(select(_BLOBS.c.rollup), series_id, wider)
    return [decode_rollup(row.rollup) for row in connection.execute(query)]


@dataclass(frozen=True, slots=True)
class BlobRow:
    """One visible chunk as it is stored."""

    series_id: SeriesId
    period: int
    n: int
    digest: bytes
    rollup: bytes
    core: bytes
    rest: bytes


def all_blobs(connection: Connection) -> Iterator[BlobRow]:
    """Every visible chunk of the vault, undecoded, a few at a time."""
    columns = (_CHUNKS.c.series_id, _CHUNKS.c.period, _CHUNKS.c.n, _CHUNKS.c.digest)
    query = select(*columns, _BLOBS.c.rollup, _BLOBS.c.core, _BLOBS.c.rest).join(
        _BLOBS, _CHUNKS.c.blob_id == _BLOBS.c.id
    )
    for row in connection.execution_options(yield_per=16).execute(query):
        yield BlobRow(*row)


def _within(query: Select[Any], series_id: SeriesId, span: Span | None) -> Select[Any]:
    query = query.join(_CHUNKS, _CHUNKS.c.blob_id == _BLOBS.c.id)
    query = query.where(_CHUNKS.c.series_id == series_id).order_by(_CHUNKS.c.period)
    if span is not None:
        # A point may lie on the very end of a chunk, hence ≥ and not >.
        query = query.where(_CHUNKS.c.first < span.stop, _CHUNKS.c.stop >= span.start)
    return query
