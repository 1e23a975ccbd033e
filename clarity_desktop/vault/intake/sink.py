"""The vault's end of an import: takes what a reader gives, stages it, and makes it visible at once."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

import numpy as np
from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from clarity_desktop.domain.importing import (
    Element,
    ImportReport,
    Origin,
    SampleBatch,
    SetAside,
    SinkCounts,
    TypeCount,
    ZoneFound,
)
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import Span
from clarity_desktop.vault.chunks.codec import PackedChunk, pack_chunk
from clarity_desktop.vault.chunks.columns import Columns, joined, origin_id, sorted_unique, split_by_period
from clarity_desktop.vault.intake.elements import merge_elements, merge_set_aside
from clarity_desktop.vault.intake.merge import (
    LiveChunk,
    SeriesKey,
    StagedSeries,
    is_spread,
    merge_series,
    stored_series,
)
from clarity_desktop.vault.intake.stage import (
    EncodedChunk,
    ImportLock,
    StoredChunk,
    clear_stage,
    encoded,
    insert_blobs,
    stage_lost,
)
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.failures import file_failures
from clarity_desktop.vault.store.transactions import Store, WriteTransaction
from clarity_desktop.vault.tables.elements import payload_digest, sealed_payload
from clarity_desktop.vault.tables.imports import sealed_report, sealed_text
from clarity_desktop.vault.tables.zones import joined_zones, stored_zones, write_zones

__all__ = ["VaultSink"]

_ROWS_IN_MEMORY: Final = 320_000
_TEXT_IN_MEMORY: Final = 8_000_000
_KEPT_SHARE: Final = 8
"""Series that hold less than 1/8 of the rows wait, so that their chunks are not staged in crumbs."""


class VaultSink:
    """An :class:`ImportSink` into the vault. Used by one thread; nothing is visible before :meth:`finish`.

    Rows wait in memory until there are about 320 000, then their series are encoded and staged in a short
    transaction: memory stays bounded whatever the file's size.
    """

    def __init__(self, store: Store, patient_id: PatientId, *, file: str, format: str, sha256: str) -> None:  # noqa: A002 (the word of the interface)
        self._store = store
        self._seal = store.seal_of(patient_id)
        self._patient_id = patient_id
        # The file's name stands in the sealed report only.
        del file
        self._format, self._sha256 = format, sha256
        with file_failures():
            self._token, self._lock = ImportLock.new(store.layout)
        self._ended = False
        self._pending: dict[SeriesKey, list[Columns]] = {}
        self._series: dict[SeriesKey, StagedSeries] = {}
        self._origins: dict[int, Origin] = {}
        self._rows = 0
        self._text = 0
        self._staged_blobs = 0
        self._elements: list[Element] = []
        self._set_aside: list[SetAside] = []
        self._zones: tuple[ZoneFound, ...] = ()
        self._first: int | None = None
        self._last: int | None = None

    def samples(self, batch: SampleBatch) -> None:
        """Take a batch; its arrays are copied, so the reader may use them again."""
        self._check_open()
        if len(batch) == 0:
            return
        key = SeriesKey(batch.kind, batch.unit, batch.source)
        if key not in self._series:
            with self._store.reading() as connection:
                self._series[key] = stored_series(connection, self._patient_id, key)
        columns = self._columns(key, batch)
        self._pending.setdefault(key, []).append(columns)
        first, last = int(columns.start.min()), int((columns.start + columns.length_s).max())
        self._first = first if self._first is None else min(self._first, first)
        self._last = last if self._last is None else max(self._last, last)
        self._rows += len(batch)
        self._text += sum(map(len, batch.extras))
        if self._rows >= _ROWS_IN_MEMORY or self._text >= _TEXT_IN_MEMORY:
            self._stage_samples(everything=False)

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
        self._zones = found

    def finish(self, report: ImportReport) -> dict[str, SinkCounts]:
        """Merge everything into the vault in one transaction; answers counts by kind.

        The journal keeps the report with these counts filled in. When this raises, the vault is as before and
        :meth:`abandon` clears the stage.
        """
        self._check_open()
        self._stage_samples(everything=True)
        self._stage_texts()
        with self._store.writing("import", self._patient_id) as write:
            counts = self._merge(write, report)
        self._end()
        return counts

    def abandon(self) -> None:
        """Forget everything taken. After :meth:`finish`, or a second time, it does nothing."""
        if self._ended:
            return
        with self._store.staging() as connection:
            clear_stage(connection, self._token)
        self._end()

    def _merge(self, write: WriteTransaction, report: ImportReport) -> dict[str, SinkCounts]:
        connection = write.connection
        staged = select(func.count()).select_from(schema.stage).where(schema.stage.c.token == self._token)
        if connection.execute(staged).scalar_one() != self._staged_blobs:
            raise stage_lost()
        known = self._known_span(write)
        import_id = self._journal(write)
        if self._origins:
            rows = [{"id": key, "device": o.device, "version": o.version} for key, o in self._origins.items()]
            connection.execute(upsert(schema.origins).on_conflict_do_nothing(), rows)
        totals: dict[str, tuple[int, int]] = {}
        for key, series in self._series.items():
            unique, new = merge_series(connection, self._seal, key, series)
            before = totals.get(key.kind, (0, 0))
            totals[key.kind] = (before[0] + unique, before[1] + new)
        samples = sum(unique for unique, _ in totals.values()), sum(new for _, new in totals.values())
        for kind, (unique, new) in merge_elements(connection, self._patient_id, import_id, self._token).items():
            totals[kind] = (unique, new)
        merge_set_aside(connection, import_id, self._token)
        self._merge_zones(write, known)
        counts = {kind: SinkCounts(unique, new) for kind, (unique, new) in totals.items()}
        clear_stage(connection, self._token)
        kept = sealed_report(self._seal, import_id, self._completed(report, counts, import_id))
        outcome = report.outcome.value
        connection.execute(
            update(schema.imports).where(schema.imports.c.id == import_id).values(sealed_report=kept, outcome=outcome)
        )
        write.outcome = outcome
        write.detail = f"import {import_id}: {samples[1]} new of {samples[0]} samples, {len(counts)} kinds"
        return counts

    def _journal(self, write: WriteTransaction) -> int:
        done = write.connection.execute(
            insert(schema.imports).values(
                patient_id=self._patient_id,
                format=self._format,
                sha256=self._sha256,
                finished=int(time.time()),
                outcome="",
                sealed_report=b"",
            )
        )
        (import_id,) = done.inserted_primary_key or (None,)
        return int(import_id or 0)

    def _completed(self, report: ImportReport, counts: dict[str, SinkCounts], import_id: int) -> ImportReport:
        types = dict(report.types)
        for kind, count in types.items():
            found = counts.get(kind, SinkCounts(0, 0))
            new = found.stored_new or 0
            duplicates = count.records - count.rejected - new
            types[kind] = TypeCount(count.records, found.unique, duplicates, count.rejected, new)
        return replace(
            report,
            types=types,
            import_id=import_id,
            patient_id=self._patient_id,
            sha256=report.sha256 or self._sha256,
            first=report.first if report.first is not None else self._first,
            last=report.last if report.last is not None else self._last,
        )

    def _known_span(self, write: WriteTransaction) -> Span | None:
        table = schema.series
        query = select(func.min(table.c.first), func.max(table.c.last)).where(table.c.patient_id == self._patient_id)
        first, last = write.connection.execute(query).one()
        return None if first is None else Span(first, max(first, last))

    def _merge_zones(self, write: WriteTransaction, known: Span | None) -> None:
        stored = stored_zones(write.connection, self._patient_id)
        if self._first is None or self._last is None:
            after = stored or self._zones
        else:
            span = Span(self._first, max(self._first, self._last))
            after = joined_zones(stored, self._zones, span, known)
        if after != stored:
            write_zones(write.connection, self._patient_id, after)

    def _columns(self, key: SeriesKey, batch: SampleBatch) -> Columns:
        value = np.array(batch.value, np.float64)
        if batch.labels:
            labels = self._series[key].labels
            labels.extend(label for label in dict.fromkeys(batch.labels) if label not in labels)
            codes = np.array([labels.index(label) for label in batch.labels], np.float64)
            stated = ~np.isnan(value)
            value[stated] = codes[value[stated].astype(np.int64)]
        origins = []
        for origin in batch.origins:
            origins.append(origin_id(origin))
            self._origins[origins[-1]] = origin
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

    def _stage_samples(self, *, everything: bool) -> None:
        """Encode what waits and put it into the stage; small series wait on unless everything has to go."""
        ready = list(self._pending)
        if not everything:
            sizes = {key: sum(map(len, parts)) for key, parts in self._pending.items()}
            ready = [key for key, size in sizes.items() if size * _KEPT_SHARE >= self._rows]
            if sum(sizes[key] for key in ready) * 2 < self._rows or self._text >= _TEXT_IN_MEMORY:
                ready = list(self._pending)
        chunks: list[EncodedChunk] = []
        owners: list[SeriesKey] = []
        for key in ready:
            columns = sorted_unique(joined(self._pending.pop(key)))
            series, spread = self._series[key], is_spread(key)
            for period, rows in split_by_period(columns):
                packed = pack_chunk(rows)
                stored = series.stored.get(period)
                if stored is not None and stored.digest == packed.digest:
                    series.parts.setdefault(period, []).append(_stored_before(period, packed, stored))
                    continue
                chunks.append(encoded(period, rows, packed, spread=spread))
                owners.append(key)
        self._rows = sum(len(part) for parts in self._pending.values() for part in parts)
        self._text = sum(len(element.payload) for element in self._elements)
        if not chunks:
            return
        with self._store.staging() as connection:
            ids = insert_blobs(connection, self._seal, chunks)
            staged = [(blob_id, self._token) for blob_id in ids]
            connection.exec_driver_sql("INSERT INTO stage (blob_id, token) VALUES (?, ?)", staged)
        for key, chunk, blob_id in zip(owners, chunks, ids, strict=True):
            facts = replace(chunk.facts, blob_id=blob_id)
            self._series[key].parts.setdefault(facts.period, []).append(facts)
        self._staged_blobs += len(chunks)

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

    def _check_open(self) -> None:
        if self._ended:
            raise RuntimeError("the import has ended")

    def _end(self) -> None:
        self._ended = True
        self._pending.clear()
        self._lock.release()


def _stored_before(period: int, packed: PackedChunk, stored: LiveChunk) -> StoredChunk:
    """The place of a part that says what a visible chunk says: it is not written a second time."""
    return StoredChunk(period, packed.n, packed.first, packed.first, packed.digest, stored.blob_id, (), True)
