"""Prepared levels of series: made from the samples at need, kept sealed, and found by what the chunk holds."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects.sqlite import insert

from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.series import SeriesId
from clarity_desktop.domain.time import Span
from clarity_desktop.domain.work import CancelToken
from clarity_desktop.vault.chunks.codec import Core, decode_core
from clarity_desktop.vault.chunks.levels import (
    WIDTHS_S,
    LevelBins,
    decode_level,
    encode_level,
    is_worth,
    joined_levels,
    level_of,
)
from clarity_desktop.vault.seal.cipher import PatientSeal
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store

__all__ = ["Levels"]

_CHUNKS, _BLOBS, _SERIES, _LEVELS = schema.chunks, schema.blobs, schema.series, schema.levels
_MOST_BYTES: Final = 96 << 20
_BIN_BYTES, _SAMPLE_BYTES = 36, 21


class Levels:
    """What charts read of dense series, with the last read pieces in memory while the vault is open."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._held: OrderedDict[tuple[bytes, int], LevelBins | Core] = OrderedDict()
        self._bytes = 0

    def read(self, series_id: SeriesId, span: Span, column_s: int) -> tuple[LevelBins, list[Core]]:
        """What a chart needs of the chunks that may touch a span.

        The widest level of which two bins fit into a column of ``column_s`` seconds is read. Where there is none, and
        from chunks too sparse for it, come the samples. A level that is not there yet is made and kept, unless the
        vault may not be written to.

        Returns
        -------
        bins, cores:
            Bins of the dense chunks and samples of the others, each in order of time; both may reach beyond the span.
        """
        width_s = max((one for one in WIDTHS_S if 2 * one <= column_s), default=0)
        bins: list[LevelBins] = []
        cores: list[Core] = []
        made: list[tuple[Row[Any], int, LevelBins]] = []
        with self._store.reading() as connection:
            query = select(_SERIES.c.patient_id).where(_SERIES.c.id == series_id)
            patient_id: str | None = connection.execute(query).scalar()
            if patient_id is None:
                return joined_levels([], width_s), []
            seal = self._store.seal_of(patient_id)
            for chunk in _chunks(connection, series_id, span):
                if not (width_s and is_worth(chunk.n, width_s)):
                    cores.append(self._core(connection, seal, chunk))
                    continue
                level, fresh = self._level(connection, seal, chunk, width_s)
                if level is None:
                    cores.append(self._core(connection, seal, chunk))
                    continue
                bins.append(level)
                if fresh:
                    made.append((chunk, width_s, level))
        self._keep(patient_id, seal, made)
        return joined_levels(bins, width_s), cores

    def at_hand(self, series_id: SeriesId, span: Span) -> LevelBins | None:
        """A coarser picture of a span whose samples would take long to open: the finest levels that are kept already.

        Returns
        -------
        LevelBins or None
            Bins of the chunks that are dense and not in memory, each of the finest kept width; ``width_s`` is the
            widest of them. ``None`` where there is no such chunk, and where the samples are as quick to have.
        """
        found: list[LevelBins] = []
        with self._store.reading() as connection:
            query = select(_SERIES.c.patient_id).where(_SERIES.c.id == series_id)
            patient_id: str | None = connection.execute(query).scalar()
            if patient_id is None:
                return None
            seal = self._store.seal_of(patient_id)
            for chunk in _chunks(connection, series_id, span):
                widths = [one for one in WIDTHS_S if is_worth(chunk.n, one)]
                if not widths or self._recall(chunk.digest, 0) is not None:
                    continue
                there = (self._kept(connection, seal, chunk, one) for one in widths)
                level = next((one for one in there if one is not None), None)
                if level is not None:
                    found.append(level)
        return joined_levels(found, max(one.width_s for one in found)) if found else None

    def prepare(self, patient_id: PatientId, cancel: CancelToken | None = None) -> int:
        """Make the levels that are missing for a patient's dense chunks; answers how many.

        Raises
        ------
        CancelledError
            When cancelled; what was made until then stays.
        """
        if self._store.is_read_only:
            return 0
        seal, number = self._store.seal_of(patient_id), 0
        with self._store.reading() as connection:
            query = select(_CHUNKS).join(_SERIES, _SERIES.c.id == _CHUNKS.c.series_id)
            found = connection.execute(query.where(_SERIES.c.patient_id == patient_id)).all()
        for chunk in found:
            if cancel is not None:
                cancel.check()
            made: list[tuple[Row[Any], int, LevelBins]] = []
            with self._store.reading() as connection:
                there = dict(_there(connection, chunk))
                core: Core | None = None
                for width_s in WIDTHS_S:
                    if is_worth(chunk.n, width_s) and there.get(width_s) != chunk.digest:
                        core = core or _read_core(connection, seal, chunk)
                        level = level_of(core, width_s) if core is not None else None
                        if level is not None:
                            made.append((chunk, width_s, level))
            self._keep(patient_id, seal, made)
            number += len(made)
        return number

    def forget(self) -> None:
        """Drop what is held in memory."""
        with self._lock:
            self._held.clear()
            self._bytes = 0

    # -- one chunk -----------------------------------------------------------------------------------------------

    def _level(
        self, connection: Connection, seal: PatientSeal, chunk: Row[Any], width_s: int
    ) -> tuple[LevelBins | None, bool]:
        """A chunk's level and whether it was made just now; ``None`` where its samples are too long for one."""
        kept = self._kept(connection, seal, chunk, width_s)
        if kept is not None:
            return kept, False
        made = level_of(self._core(connection, seal, chunk), width_s)
        if made is not None:
            self._remember(chunk.digest, width_s, made)
        return made, made is not None

    def _kept(self, connection: Connection, seal: PatientSeal, chunk: Row[Any], width_s: int) -> LevelBins | None:
        """A level of a chunk from memory or from the vault; ``None`` where none was made of what the chunk holds."""
        held = self._recall(chunk.digest, width_s)
        if isinstance(held, LevelBins):
            return held
        key = (_LEVELS.c.series_id == chunk.series_id) & (_LEVELS.c.period == chunk.period)
        query = select(_LEVELS.c.digest, _LEVELS.c.sealed).where(key, _LEVELS.c.width_s == width_s)
        row = connection.execute(query).first()
        if row is None or row.digest != chunk.digest:
            return None
        level = decode_level(seal.open(row.sealed, _LEVELS.name, chunk.series_id, chunk.period, width_s))
        self._remember(chunk.digest, width_s, level)
        return level

    def _core(self, connection: Connection, seal: PatientSeal, chunk: Row[Any]) -> Core:
        held = self._recall(chunk.digest, 0)
        if isinstance(held, Core):
            return held
        core = _read_core(connection, seal, chunk)
        self._remember(chunk.digest, 0, core)
        return core

    def _keep(self, patient_id: PatientId, seal: PatientSeal, made: list[tuple[Row[Any], int, LevelBins]]) -> None:
        """Write levels that were made, for chunks that are still what they were."""
        if not made or self._store.is_read_only:
            return
        rows = [
            {
                "series_id": chunk.series_id,
                "period": chunk.period,
                "width_s": width_s,
                "digest": chunk.digest,
                "sealed": seal.seal(encode_level(level), _LEVELS.name, chunk.series_id, chunk.period, width_s),
            }
            for chunk, width_s, level in made
        ]
        with self._store.writing("levels.store", patient_id) as write:
            for row in rows:
                mine = (_CHUNKS.c.series_id == row["series_id"]) & (_CHUNKS.c.period == row["period"])
                query = select(_CHUNKS.c.digest).where(mine)
                if write.connection.execute(query).scalar() == row["digest"]:
                    statement = insert(_LEVELS).values(row)
                    unique = ["series_id", "period", "width_s"]
                    write.connection.execute(statement.on_conflict_do_update(index_elements=unique, set_=row))

    # -- memory --------------------------------------------------------------------------------------------------

    def _recall(self, digest: bytes, width_s: int) -> LevelBins | Core | None:
        with self._lock:
            held = self._held.get((digest, width_s))
            if held is not None:
                self._held.move_to_end((digest, width_s))
            return held

    def _remember(self, digest: bytes, width_s: int, piece: LevelBins | Core) -> None:
        with self._lock:
            if (digest, width_s) not in self._held:
                self._bytes += _size(piece)
            self._held[digest, width_s] = piece
            while self._bytes > _MOST_BYTES and len(self._held) > 1:
                _, oldest = self._held.popitem(last=False)
                self._bytes -= _size(oldest)


def _size(piece: LevelBins | Core) -> int:
    return piece.start.size * (_BIN_BYTES if isinstance(piece, LevelBins) else _SAMPLE_BYTES)


def _chunks(connection: Connection, series_id: SeriesId, span: Span) -> Iterator[Row[Any]]:
    # A point may lie on the very end of a chunk, hence ≥ and not >.
    within = (_CHUNKS.c.first < span.stop) & (_CHUNKS.c.stop >= span.start)
    query = select(_CHUNKS).where(_CHUNKS.c.series_id == series_id, within).order_by(_CHUNKS.c.period)
    yield from connection.execute(query).all()


def _there(connection: Connection, chunk: Row[Any]) -> list[tuple[int, bytes]]:
    key = (_LEVELS.c.series_id == chunk.series_id) & (_LEVELS.c.period == chunk.period)
    return [(row.width_s, row.digest) for row in connection.execute(select(_LEVELS).where(key))]


def _read_core(connection: Connection, seal: PatientSeal, chunk: Row[Any]) -> Core:
    sealed = connection.execute(select(_BLOBS.c.core).where(_BLOBS.c.id == chunk.blob_id)).scalar_one()
    return decode_core(seal.open(sealed, "blobs", chunk.blob_id, "core"))
