"""Series and their samples."""

from __future__ import annotations

import builtins
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, select

from clarity_desktop.domain.errors import NotFoundError
from clarity_desktop.domain.importing import Origin
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.series import Rollup, Samples, Series, SeriesId
from clarity_desktop.domain.time import Instant, Span
from clarity_desktop.vault.chunks.layers import HIDDEN
from clarity_desktop.vault.chunks.rollup import joined_rollups, within
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store
from clarity_desktop.vault.tables.chunks import read_chunks, read_cores, read_rollups

__all__ = ["SeriesTable"]

_SERIES = schema.series


class SeriesTable:
    """The series of a vault. Everything here reads; samples come in by an import only."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self, patient_id: PatientId) -> list[Series]:
        """A patient's series, by kind, source and unit."""
        query = (
            select(_SERIES)
            .where(_SERIES.c.patient_id == patient_id)
            .order_by(_SERIES.c.kind, _SERIES.c.source, _SERIES.c.unit)
        )
        with self._store.reading() as connection:
            return [_from_row(row) for row in connection.execute(query)]

    def get(self, series_id: SeriesId) -> Series:
        """One series; raises :class:`NotFoundError` (``series.unknown``)."""
        with self._store.reading() as connection:
            return _get(connection, series_id)

    def read(self, series_id: SeriesId, span: Span | None = None, *, with_hidden: bool = False) -> Samples:
        """The samples that intersect a span (all without one), sorted, values in the source's unit.

        Samples that the latest export no longer holds, or that a later version has replaced, are left out unless
        ``with_hidden`` asks for them.
        """
        with self._store.reading() as connection:
            series = _get(connection, series_id)
            cores = read_cores(connection, self._store.seal_of(series.patient_id), series_id, span)
        if not cores:
            return Samples.empty(series.unit, series.labels)
        samples = Samples(
            np.concatenate([core.start for core in cores]),
            np.concatenate([core.length_s for core in cores]),
            np.concatenate([core.value for core in cores]),
            np.concatenate([core.flags for core in cores]),
            series.unit,
            series.labels,
        )
        if not with_hidden:
            samples = _shown(samples)
        return samples if span is None else samples.within(span)

    def read_extras(
        self, series_id: SeriesId, span: Span | None = None
    ) -> builtins.list[tuple[Instant, int, float, str]]:
        """``(start, length in seconds, value, JSON text)`` of the samples that carry something extra, in order."""
        found: builtins.list[tuple[Instant, int, float, str]] = []
        with self._store.reading() as connection:
            series = _get(connection, series_id)
            for columns in read_chunks(connection, self._store.seal_of(series.patient_id), series_id, span):
                keep = (columns.extra >= 0) & ((columns.flags & HIDDEN) == 0)
                if span is not None:
                    after = (columns.start + columns.length_s > span.start) | (columns.start >= span.start)
                    keep &= (columns.start < span.stop) & after
                chosen = columns.take(np.flatnonzero(keep))
                texts = [columns.extras[code] for code in chosen.extra.tolist()]
                rows = zip(chosen.start.tolist(), chosen.length_s.tolist(), chosen.value.tolist(), texts, strict=True)
                found.extend(rows)
        return found

    def whole(
        self, series_id: SeriesId
    ) -> Iterator[tuple[Samples, NDArray[np.int64], builtins.list[int], builtins.list[str]]]:
        """Everything kept of a series, stretch by stretch, samples left out of results included.

        Each answer is ``(samples, creation times, keys of origins, extra texts)`` with a value per sample: UTC seconds
        or ``NO_INSTANT``, a key of :meth:`origins`, JSON or an empty text.
        """
        with self._store.reading() as connection:
            series = _get(connection, series_id)
            for columns in read_chunks(connection, self._store.seal_of(series.patient_id), series_id, None):
                samples = Samples(
                    columns.start, columns.length_s, columns.value, columns.flags, series.unit, series.labels
                )
                origins = [columns.origins[code] for code in columns.origin.tolist()]
                # The last place answers index -1, "none".
                texts = [*columns.extras, ""]
                yield samples, columns.created, origins, [texts[code] for code in columns.extra.tolist()]

    def origins(self, series_id: SeriesId) -> dict[int, Origin]:
        """What recorded the samples of a series, by key."""
        table, used = schema.origins, schema.series_origins
        query = select(table).join(used, used.c.origin_id == table.c.id).where(used.c.series_id == series_id)
        with self._store.reading() as connection:
            return {row.id: Origin(row.device, row.version) for row in connection.execute(query)}

    def rollup(self, series_id: SeriesId, span: Span | None = None) -> Rollup:
        """The hourly summary of the hours that intersect a span, in the source's unit."""
        with self._store.reading() as connection:
            series = _get(connection, series_id)
            seal = self._store.seal_of(series.patient_id)
            rollup = joined_rollups(read_rollups(connection, seal, series_id, span), series.unit)
        return rollup if span is None else within(rollup, span)


def _shown(samples: Samples) -> Samples:
    keep = (samples.flags & HIDDEN) == 0
    if keep.all():
        return samples
    return Samples(
        samples.start[keep],
        samples.length_s[keep],
        samples.value[keep],
        samples.flags[keep],
        samples.unit,
        samples.labels,
    )


def _get(connection: Connection, series_id: SeriesId) -> Series:
    row = connection.execute(select(_SERIES).where(_SERIES.c.id == series_id)).first()
    if row is None:
        raise NotFoundError(
            "series.unknown", "The vault has no such series.", remedy="List the series of the patient first."
        )
    return _from_row(row)


def _from_row(row: Row[Any]) -> Series:
    return Series(
        id=row.id,
        patient_id=row.patient_id,
        kind=row.kind,
        unit=row.unit,
        source=row.source,
        labels=tuple(json.loads(row.labels)),
        n=row.n,
        first=row.first,
        last=row.last,
        device=row.device,
    )
