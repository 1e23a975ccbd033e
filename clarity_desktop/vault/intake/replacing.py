"""Visible chunks: which a series has, putting another in one's place, and the summary of a series after that."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import Protocol

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from clarity_desktop.domain.series import SeriesId
from clarity_desktop.vault.chunks.codec import PackedChunk
from clarity_desktop.vault.chunks.columns import Columns
from clarity_desktop.vault.intake.stage import StoredChunk, encoded, insert_blobs
from clarity_desktop.vault.seal.cipher import PatientSeal
from clarity_desktop.vault.store import schema

__all__ = ["ChangeRecord", "LiveChunk", "insert_chunks", "live_chunks", "put_chunk", "renew_series"]

_CHUNKS, _BLOBS, _SERIES = schema.chunks, schema.blobs, schema.series


@dataclass(frozen=True, slots=True)
class LiveChunk:
    """A stored chunk."""

    digest: bytes
    blob_id: int
    n: int = 0
    first: int = 0
    stop: int = 0


class ChangeRecord(Protocol):
    """Who is told of every chunk that changes."""

    def found(self, series_id: SeriesId, period: int, live: LiveChunk | None) -> bool:
        """A stretch is about to change from ``live``; true when that chunk's blob must stay for undoing it."""


def live_chunks(
    connection: Connection, series_id: SeriesId, periods: tuple[int, int] | None = None
) -> dict[int, LiveChunk]:
    """The visible chunks of a series by period, optionally from one period to another."""
    columns = (_CHUNKS.c.period, _CHUNKS.c.digest, _CHUNKS.c.blob_id, _CHUNKS.c.n, _CHUNKS.c.first, _CHUNKS.c.stop)
    query = select(*columns).where(_CHUNKS.c.series_id == series_id)
    if periods is not None:
        query = query.where(_CHUNKS.c.period.between(*periods))
    return {
        row.period: LiveChunk(row.digest, row.blob_id, row.n, row.first, row.stop) for row in connection.execute(query)
    }


def put_chunk(
    connection: Connection,
    seal: PatientSeal,
    series_id: SeriesId,
    period: int,
    columns: Columns,
    packed: PackedChunk,
    *,
    live: LiveChunk | None,
    spread: bool,
    undo: ChangeRecord | None,
) -> StoredChunk:
    """Write columns as the visible chunk of a period, in place of ``live``; answers what is known of it."""
    chunk = encoded(period, columns, packed, spread=spread)
    (blob_id,) = insert_blobs(connection, seal, [chunk])
    kept = undo is not None and undo.found(series_id, period, live)
    if live is not None:
        mine = (_CHUNKS.c.series_id == series_id) & (_CHUNKS.c.period == period)
        connection.execute(delete(_CHUNKS).where(mine))
        if not kept:
            connection.execute(delete(_BLOBS).where(_BLOBS.c.id == live.blob_id))
    facts = replace(chunk.facts, blob_id=blob_id)
    insert_chunks(connection, series_id, [facts])
    return facts


def insert_chunks(connection: Connection, series_id: SeriesId, chunks: list[StoredChunk]) -> None:
    """Make chunks whose blobs are written visible."""
    connection.exec_driver_sql(
        "INSERT INTO chunks (series_id, period, n, first, stop, digest, blob_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(series_id, one.period, one.n, one.first, one.stop, one.digest, one.blob_id) for one in chunks],
    )


def renew_series(connection: Connection, series_id: SeriesId, origins: Counter[int] | None = None) -> None:
    """Bring the summary of a series up to its chunks; ``origins`` says by how much the samples of each changed."""
    table = schema.series_origins
    for origin, n in (origins or {}).items():
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
