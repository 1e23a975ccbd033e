"""Merging staged chunks of one series with the stored ones, inside the transaction that ends an import."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from clarity_desktop.domain.kinds import kind_of
from clarity_desktop.domain.series import Accumulation, SeriesId
from clarity_desktop.vault.chunks.codec import pack_chunk
from clarity_desktop.vault.chunks.columns import Columns, joined, sorted_unique
from clarity_desktop.vault.intake.replacing import LiveChunk, insert_chunks, live_chunks, put_chunk, renew_series
from clarity_desktop.vault.intake.stage import StoredChunk, origin_counts, stage_lost
from clarity_desktop.vault.intake.undo import UndoRecord
from clarity_desktop.vault.intake.vanish import Vanishing, layered
from clarity_desktop.vault.seal.cipher import PatientSeal
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.tables.chunks import read_chunk

__all__ = ["MergedSeries", "SeriesKey", "StagedSeries", "is_spread", "merge_series", "stored_series"]

_SERIES = schema.series
_NO_DIGEST = b""


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """What makes a series of one patient."""

    kind: str
    unit: str
    source: str


@dataclass(slots=True)
class StagedSeries:
    """The staged parts of one series, and the labels its category values index."""

    labels: list[str] = field(default_factory=list)
    stored: dict[int, LiveChunk] = field(default_factory=dict)
    """The visible chunks when the import first met the series, by period."""
    parts: dict[int, list[StoredChunk]] = field(default_factory=dict)
    """By period, in file order."""
    has_versions: bool = False
    """A sample of the file bears a sync identifier."""


@dataclass(slots=True)
class MergedSeries:
    """What merging one series came to."""

    series_id: SeriesId
    unique: int = 0
    """Distinct samples in the file."""
    new: int = 0
    """Of these, not stored before."""
    vanished: int = 0
    """Stored samples that the file no longer holds, marked now."""
    returned: int = 0
    """Samples of the file that were marked as gone before."""
    changed: bool = False


def stored_series(connection: Connection, patient_id: str, key: SeriesKey) -> StagedSeries:
    """What the vault holds of a series as an import begins on it."""
    row = connection.execute(_series_query(patient_id, key)).first()
    if row is None:
        return StagedSeries()
    return StagedSeries([str(label) for label in json.loads(row.labels)], live_chunks(connection, row.id))


def is_spread(key: SeriesKey) -> bool:
    """Whether the values are amounts that spread over their interval."""
    return kind_of(key.kind, key.unit).accumulation is Accumulation.SUM


def merge_series(
    connection: Connection,
    seal: PatientSeal,
    key: SeriesKey,
    staged: StagedSeries,
    *,
    undo: UndoRecord,
    rule: Vanishing | None,
    format: str,  # noqa: A002 (the word of the interface)
) -> MergedSeries:
    """Make the staged parts visible.

    A stored chunk that gains and loses nothing stays as it is, byte for byte. A staged part of a stretch without
    stored samples is taken over as it is, so that it is written once.
    """
    series_id, stored_labels, is_new = _series_row(connection, seal.patient_id, key)
    if is_new:
        undo.new_series(series_id)
    added = upsert(schema.series_formats).values(series_id=series_id, format=format).on_conflict_do_nothing()
    if connection.execute(added).rowcount:
        undo.format_added(series_id, format)
    covered = None if rule is None else rule.range_of(series_id, key.kind, key.source)
    merge = _Merge(connection, seal, series_id, key, _relabelling(staged.labels, stored_labels), undo, rule, covered)
    periods = (min(staged.parts), max(staged.parts)) if staged.parts else None
    live = live_chunks(connection, series_id, periods) if periods and not is_new else {}
    for period, parts in sorted(staged.parts.items()):
        merge.period(period, parts, live.get(period))
    merge.take_over()
    if merge.result.changed:
        renew_series(connection, series_id, merge.origins)
    labels = _united(stored_labels, staged.labels)
    if labels != stored_labels:
        undo.labels(series_id, stored_labels)
        text = json.dumps(labels, ensure_ascii=False)
        connection.execute(update(_SERIES).where(_SERIES.c.id == series_id).values(labels=text))
    return merge.result


class _Merge:
    """One series under merging."""

    def __init__(
        self,
        connection: Connection,
        seal: PatientSeal,
        series_id: SeriesId,
        key: SeriesKey,
        relabel: NDArray[np.float64] | None,
        undo: UndoRecord,
        rule: Vanishing | None,
        covered: tuple[int, int] | None,
    ) -> None:
        self._connection = connection
        self._seal = seal
        self._series_id = series_id
        self._spread = is_spread(key)
        self._relabel = relabel
        self._undo = undo
        self._rule = rule
        self._covered = covered
        self._adopted: list[StoredChunk] = []
        self.result = MergedSeries(series_id)
        self.origins: Counter[int] = Counter()

    def period(self, period: int, parts: Sequence[StoredChunk], live: LiveChunk | None) -> None:
        """Merge one period."""
        result = self.result
        if len(parts) == 1 and self._relabel is None:
            (part,) = parts
            if live is None and not part.stored_before:
                result.unique += part.n
                result.new += part.n
                self._adopted.append(part)
                return
            # An import that ended meanwhile has added at most, so a part that was all there is there still.
            if live is not None and (live.digest == part.digest or part.stored_before):
                result.unique += part.n
                return
        file = sorted_unique(joined([self._relabelled(self._columns(part.blob_id)) for part in parts]))
        result.unique += len(file)
        if live is None:
            result.new += len(file)
            self._write(period, file, live)
            return
        stored = self._columns(live.blob_id)
        merged = sorted_unique(joined([stored, file]))
        merged, returned, gone = layered(merged, file, self._covered)
        if pack_chunk(merged).digest == live.digest:
            return
        result.new += len(merged) - len(stored)
        result.returned += returned
        result.vanished += int(gone.size)
        if self._rule is not None and gone.size:
            self._rule.note(self._series_id, merged.take(gone))
        self.origins.subtract(dict(origin_counts(stored)))
        self._write(period, merged, live)

    def _write(self, period: int, columns: Columns, live: LiveChunk | None) -> None:
        facts = put_chunk(
            self._connection,
            self._seal,
            self._series_id,
            period,
            columns,
            pack_chunk(columns),
            live=live,
            spread=self._spread,
            undo=self._undo,
        )
        self.origins.update(dict(facts.origin_counts))
        self.result.changed = True

    def take_over(self) -> None:
        """Make the parts visible that are taken over as they were staged."""
        if not self._adopted:
            return
        for part in self._adopted:
            self._undo.found(self._series_id, part.period, None)
            self.origins.update(dict(part.origin_counts))
        insert_chunks(self._connection, self._series_id, self._adopted)
        blobs = [(part.blob_id,) for part in self._adopted]
        self._connection.exec_driver_sql("DELETE FROM stage WHERE blob_id = ?", blobs)
        self.result.changed = True

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


def _series_row(connection: Connection, patient_id: str, key: SeriesKey) -> tuple[SeriesId, list[str], bool]:
    """``(id, labels, whether it is new)`` of a series, made when it is not there yet."""
    query = _series_query(patient_id, key)
    row = connection.execute(query).first()
    is_new = row is None
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
    return row.id, [str(label) for label in json.loads(row.labels)], is_new


def _united(stored: list[str], staged: list[str]) -> list[str]:
    """The stored labels with the missing ones at the end; labels are never reordered."""
    return [*stored, *(label for label in staged if label not in stored)]


def _relabelling(staged: list[str], stored: list[str]) -> NDArray[np.float64] | None:
    """Codes of the staged labels among the united ones, or ``None`` when they agree."""
    united = _united(stored, staged)
    if united[: len(staged)] == staged:
        return None
    return np.array([united.index(label) for label in staged], np.float64)
