"""The vault's end of an import: takes what a reader gives, stages it, notes its place, and hands it all on at once."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, delete, insert, select

from clarity_desktop.domain.importing import Element, ImportReport, SampleBatch, SetAside, SinkCounts, ZoneFound
from clarity_desktop.vault.chunks.codec import PackedChunk, pack_chunk
from clarity_desktop.vault.chunks.columns import Columns, joined, origin_id, sorted_unique, split_by_period
from clarity_desktop.vault.intake.commit import StagedImport, commit_import
from clarity_desktop.vault.intake.journal import ImportJournal, JournalEntry
from clarity_desktop.vault.intake.merge import SeriesKey, is_spread, stored_series
from clarity_desktop.vault.intake.replacing import LiveChunk
from clarity_desktop.vault.intake.stage import EncodedChunk, StoredChunk, clear_stage, encoded, insert_blobs
from clarity_desktop.vault.intake.supersede import has_sync_identifier
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store, WriteTransaction
from clarity_desktop.vault.tables.elements import payload_digest, sealed_payload
from clarity_desktop.vault.tables.imports import sealed_text

__all__ = ["VaultSink"]

_ROWS_IN_MEMORY: Final = 320_000
_TEXT_IN_MEMORY: Final = 8_000_000
_KEPT_SHARE: Final = 8
"""Series that hold less than 1/8 of the rows wait, so that their chunks are not staged in crumbs."""
_MARK_EVERY_S: Final = 1.5
_MARK_SHARE: Final = 0.03
"""Of the time, marks take no more than this: on a disk that is slow or busy they come less often."""
_MARK_LONGEST_S: Final = 0.6
"""A mark that took longer counts as this long, so that at most 20 s of reading are lost to a kill."""
_COLUMNS: Final = ("start", "length_s", "value", "flags", "created", "origin", "extra")


class VaultSink:
    """An :class:`ImportSink` into the vault. Used by one thread; nothing is visible before :meth:`finish`.

    Rows wait in memory until there are about 320 000, then their series are encoded and staged in a short
    transaction: memory stays bounded whatever the file's size. A reader that can go on from a place notes it by
    :meth:`mark`; what is staged and not marked is dropped when the import is taken up again.
    """

    def __init__(self, store: Store, entry: JournalEntry, *, format: str, sha256: str) -> None:  # noqa: A002 (the word of the interface)
        self._store = store
        self._entry = entry
        self._seal = store.seal_of(entry.patient_id)
        self._patient_id = entry.patient_id
        self._sha256 = sha256
        self._journal = ImportJournal(store)
        self._token = entry.token
        self._ended = False
        self._pending: dict[SeriesKey, list[Columns]] = {}
        self._staged = StagedImport(entry.token, entry.patient_id, format, sha256)
        self._rows = 0
        self._text = 0
        self._elements: list[Element] = []
        self._set_aside: list[SetAside] = []
        self._marked = time.monotonic()
        self._mark_took = 0.0
        self._staged_since_mark = False
        self._reader_state: Mapping[str, Any] | None = None
        if entry.state is not None:
            self._restore(entry.state, entry.marks)

    # -- taking -----------------------------------------------------------------------------------------------

    def samples(self, batch: SampleBatch) -> None:
        """Take a batch; its arrays are copied, so the reader may use them again."""
        self._check_open()
        if len(batch) == 0:
            return
        key = SeriesKey(batch.kind, batch.unit, batch.source)
        if key not in self._staged.series:
            with self._store.reading() as connection:
                self._staged.series[key] = stored_series(connection, self._patient_id, key)
        columns = self._columns(key, batch)
        self._pending.setdefault(key, []).append(columns)
        self._staged.cover(key, int(columns.start.min()), int((columns.start + columns.length_s).max()))
        self._rows += len(batch)
        self._text += sum(map(len, batch.extras))
        if self._rows >= _ROWS_IN_MEMORY or self._text >= _TEXT_IN_MEMORY:
            self._stage_samples()

    def element(self, element: Element) -> None:
        """Take one element."""
        self._check_open()
        self._elements.append(element)
        self._text += len(element.payload)
        if self._text >= _TEXT_IN_MEMORY:
            self._stage_texts()

    def set_aside(self, record: SetAside) -> None:
        """Take one record that could not be read."""
        self._check_open()
        self._set_aside.append(record)
        self._text += len(record.text)
        if self._text >= _TEXT_IN_MEMORY:
            self._stage_texts()

    def zones(self, found: tuple[ZoneFound, ...]) -> None:
        """Take the zone timeline that the file's evidence gives; a second call replaces the first."""
        self._check_open()
        self._staged.zones = found

    # -- ending -----------------------------------------------------------------------------------------------

    def finish(self, report: ImportReport) -> dict[str, SinkCounts]:
        """Merge everything into the vault in one transaction; answers counts by kind.

        The journal of imports keeps the report with these counts filled in, as :attr:`stored_report`. When this
        raises, the vault is as before and :meth:`abandon` clears the stage.
        """
        self._check_open()
        self._stage_texts()
        last = self._encoded(everything=True)
        with self._store.writing("import", self._patient_id) as write:
            self._before_commit(write)
            # What was noted for going on is not needed any more; its pages take what follows.
            self._journal.forget_state(write.connection, self._token)
            self._put(write.connection, *last)
            counts, self.stored_report = commit_import(write, self._seal, self._staged, report)
            self._after_commit(write)
        self._end()
        return counts

    def _before_commit(self, write: WriteTransaction) -> None:
        """For those who have something of their own to do in the transaction that ends it."""

    def _after_commit(self, write: WriteTransaction) -> None:
        """As :meth:`_before_commit`, once the samples are visible within the transaction."""

    stored_report: ImportReport | None = None
    """The report as it was stored, once :meth:`finish` has been."""

    def abandon(self) -> None:
        """Forget everything taken. After :meth:`finish`, or a second time, it does nothing."""
        if self._ended:
            return
        with self._store.staging() as connection:
            clear_stage(connection, self._token)
        self._end()

    def suspend(self) -> None:
        """End, and keep what was marked last for later."""
        if not self._ended:
            self._end()

    def _check_open(self) -> None:
        if self._ended:
            raise RuntimeError("the import has ended")

    def _end(self) -> None:
        self._ended = True
        self._pending.clear()
        self._entry.lock.release()

    # -- the journal ------------------------------------------------------------------------------------------

    def taken_up(self) -> Mapping[str, Any] | None:
        """The reader's state when this is an interrupted import taken up again."""
        return self._reader_state

    def wants_mark(self) -> bool:
        """True after something was staged, at most every 1.5 s, and less often where a mark takes long."""
        wait = max(_MARK_EVERY_S, self._mark_took / _MARK_SHARE)
        return self._staged_since_mark and time.monotonic() - self._marked >= wait

    def mark(self, state: Mapping[str, Any], done: float, total: float | None) -> None:
        """Note the reader's place together with what waits in memory."""
        self._check_open()
        began = time.monotonic()
        self._stage_texts()
        names = {key: number for number, key in enumerate(self._staged.series)}
        pending = []
        for key, parts in self._pending.items():
            columns = joined(parts)
            pending.append(
                {
                    "series": names[key],
                    "columns": [getattr(columns, name) for name in _COLUMNS],
                    "origins": columns.origins,
                    "extras": columns.extras,
                }
            )
        document = {
            "reader": dict(state),
            "staged": self._staged.document(),
            "pending": pending,
            "text": self._text,
        }
        place = replace(self._entry.place, done=done, total=total, records=int(state.get("records", 0)))
        with self._store.staging() as connection:
            self._journal.mark(connection, self._entry, place, document)
        self._marked = time.monotonic()
        self._mark_took = min(self._marked - began, _MARK_LONGEST_S)
        self._staged_since_mark = False

    def _restore(self, state: Mapping[str, Any], marks: tuple[int, int, int]) -> None:
        """Go back to what was marked: drop what was staged after it, and take the facts of the parts staged before."""
        chunks, token = schema.stage_chunks, self._token
        late = select(chunks.c.blob_id).where(
            chunks.c.token == token, chunks.c.id > marks[0], chunks.c.stored_before == 0
        )
        with self._store.staging() as connection:
            connection.execute(delete(schema.blobs).where(schema.blobs.c.id.in_(late)))
            connection.execute(delete(schema.stage).where(schema.stage.c.blob_id.in_(late)))
            for table, last in (
                (schema.stage_chunks, marks[0]),
                (schema.stage_elements, marks[1]),
                (schema.stage_set_aside, marks[2]),
            ):
                connection.execute(delete(table).where(table.c.token == token, table.c.id > last))
        self._staged.restore(state["staged"])
        keys = list(self._staged.series)
        with self._store.reading() as connection:
            for key in keys:
                labels = self._staged.series[key].labels
                self._staged.series[key] = stored_series(connection, self._patient_id, key)
                self._staged.series[key].labels = labels
            for row in connection.execute(select(chunks).where(chunks.c.token == token).order_by(chunks.c.id)):
                counts = tuple((int(origin), int(n)) for origin, n in json.loads(row.origin_counts))
                part = StoredChunk(
                    row.period, row.n, row.first, row.stop, row.digest, row.blob_id, counts, bool(row.stored_before)
                )
                self._staged.series[keys[row.series]].parts.setdefault(row.period, []).append(part)
        for waiting in state["pending"]:
            start, length_s, value, flags, created, origin, extra = waiting["columns"]
            tables = (tuple(waiting["origins"]), tuple(waiting["extras"]))
            columns = Columns(start, length_s, value, flags, created, origin, extra, *tables)
            self._pending[keys[waiting["series"]]] = [columns]
            self._rows += len(columns)
        self._text = int(state["text"])
        self._reader_state = state["reader"]

    # -- staging ----------------------------------------------------------------------------------------------

    def _columns(self, key: SeriesKey, batch: SampleBatch) -> Columns:
        value = np.array(batch.value, np.float64)
        if batch.labels:
            labels = self._staged.series[key].labels
            labels.extend(label for label in dict.fromkeys(batch.labels) if label not in labels)
            codes = np.array([labels.index(label) for label in batch.labels], np.float64)
            stated = ~np.isnan(value)
            value[stated] = codes[value[stated].astype(np.int64)]
        origins = []
        for origin in batch.origins:
            origins.append(origin_id(origin))
            self._staged.origins[origins[-1]] = origin
        self._staged.series[key].has_versions |= has_sync_identifier(batch.extras)
        # Equal texts within a batch become one, as a chunk names each text once.
        texts = dict.fromkeys(batch.extras)
        extra = np.array(batch.extra, np.int32)
        if len(texts) < len(batch.extras):
            place = {text: position for position, text in enumerate(texts)}
            extra = np.array([*(place[text] for text in batch.extras), -1], np.int32)[extra]
        return Columns(
            np.array(batch.start, np.int64),
            np.array(batch.length_s, np.int32),
            value,
            np.array(batch.flags, np.uint8),
            np.array(batch.created, np.int64),
            np.array(batch.origin, np.int32),
            extra,
            tuple(origins),
            tuple(texts),
        )

    def _stage_samples(self) -> None:
        """Encode what waits and put it into the stage; small series wait on."""
        parts = self._encoded(everything=False)
        if any(parts):
            with self._store.staging() as connection:
                self._put(connection, *parts)

    def _encoded(
        self, *, everything: bool
    ) -> tuple[list[tuple[SeriesKey, EncodedChunk]], list[tuple[SeriesKey, StoredChunk]]]:
        """Take what waits and encode it: chunks to write, and places of those that are stored as they are."""
        ready = list(self._pending)
        if not everything:
            sizes = {key: sum(map(len, parts)) for key, parts in self._pending.items()}
            ready = [key for key, size in sizes.items() if size * _KEPT_SHARE >= self._rows]
            if sum(sizes[key] for key in ready) * 2 < self._rows or self._text >= _TEXT_IN_MEMORY:
                ready = list(self._pending)
        chunks: list[tuple[SeriesKey, EncodedChunk]] = []
        known: list[tuple[SeriesKey, StoredChunk]] = []
        for key in ready:
            columns = sorted_unique(joined(self._pending.pop(key)))
            series, spread = self._staged.series[key], is_spread(key)
            for period, rows in split_by_period(columns):
                packed = pack_chunk(rows)
                stored = series.stored.get(period)
                if stored is not None and stored.digest == packed.digest:
                    known.append((key, _stored_before(period, packed, stored)))
                    continue
                chunks.append((key, encoded(period, rows, packed, spread=spread)))
        self._rows = sum(len(part) for parts in self._pending.values() for part in parts)
        self._text = sum(len(element.payload) for element in self._elements)
        return chunks, known

    def _put(
        self,
        connection: Connection,
        chunks: list[tuple[SeriesKey, EncodedChunk]],
        known: list[tuple[SeriesKey, StoredChunk]],
    ) -> None:
        """Put encoded chunks into the stage within a write transaction."""
        if not chunks and not known:
            return
        names = {key: number for number, key in enumerate(self._staged.series)}
        ids = insert_blobs(connection, self._seal, [chunk for _, chunk in chunks])
        if ids:
            staged = [(blob_id, self._token) for blob_id in ids]
            connection.exec_driver_sql("INSERT INTO stage (blob_id, token) VALUES (?, ?)", staged)
        parts = [
            (key, replace(chunk.facts, blob_id=blob_id)) for (key, chunk), blob_id in zip(chunks, ids, strict=True)
        ]
        parts += known
        connection.exec_driver_sql(
            "INSERT INTO stage_chunks (token, series, period, n, first, stop, digest, blob_id, origin_counts, "
            "stored_before) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [self._part_row(names[key], part) for key, part in parts],
        )
        for key, part in parts:
            self._staged.series[key].parts.setdefault(part.period, []).append(part)
        self._staged.blobs += len(chunks)
        self._staged_since_mark = True

    def _part_row(self, series: int, part: StoredChunk) -> tuple[object, ...]:
        counts = json.dumps(part.origin_counts, separators=(",", ":"))
        facts = (part.period, part.n, part.first, part.stop, part.digest, part.blob_id)
        return (self._token, series, *facts, counts, int(part.stored_before))

    def _stage_texts(self) -> None:
        if not self._elements and not self._set_aside:
            return
        elements = [
            {
                "token": self._token,
                "kind": element.kind,
                "key": element.key,
                "start": element.start,
                "stop": element.stop,
                "source": element.source,
                "digest": payload_digest(element),
                "size": len(element.payload),
                "payload": sealed_payload(self._seal, element),
            }
            for element in self._elements
        ]
        aside = [
            {
                "token": self._token,
                "kind": record.kind,
                "offset": record.offset,
                "sealed_text": sealed_text(self._seal, self._sha256, record),
                "code": record.code,
            }
            for record in self._set_aside
        ]
        with self._store.staging() as connection:
            if elements:
                connection.execute(insert(schema.stage_elements), elements)
            if aside:
                connection.execute(insert(schema.stage_set_aside), aside)
        self._elements.clear()
        self._set_aside.clear()
        self._text = 0


def _stored_before(period: int, packed: PackedChunk, stored: LiveChunk) -> StoredChunk:
    """The place of a part that says what a visible chunk says: it is not written a second time."""
    return StoredChunk(period, packed.n, packed.first, packed.first, packed.digest, stored.blob_id, (), True)
