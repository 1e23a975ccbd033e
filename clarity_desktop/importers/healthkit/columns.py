"""Gathers records into columns by kind, unit and source, and hands them on in batches in file order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.importing import Origin, SampleBatch

__all__ = ["FLUSH_ROWS", "Collector", "Columns", "SeriesKey"]

FLUSH_ROWS = 250_000
"""Rows held before they are handed on; bounds memory whatever the size of the file."""


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """What makes records one series."""

    kind: str
    unit: str
    source: str
    category: bool


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows of one series. Arrays have shape (N,); ``value`` of a category holds the collector's label codes."""

    position: NDArray[np.int64]
    """Byte position of each record in the file, which gives the order."""
    start: NDArray[np.int64]
    length_s: NDArray[np.int64]
    value: NDArray[np.float64]
    flags: NDArray[np.uint8]
    created: NDArray[np.int64]
    origin: NDArray[np.int32]
    extra: NDArray[np.int32]


_Row = tuple[int, int, int, float, int, int, int, int]


@dataclass(slots=True)
class _Gathered:
    labels: dict[str, int] = field(default_factory=dict)
    origins: dict[Origin, int] = field(default_factory=dict)
    extras: dict[str, int] = field(default_factory=dict)
    rows: list[_Row] = field(default_factory=list)
    parts: list[Columns] = field(default_factory=list)


class Collector:
    """Rows in, batches out. Codes for labels, origins and extras come from here and hold until the next flush."""

    def __init__(self, emit: Callable[[SampleBatch], None], flush_rows: int = FLUSH_ROWS) -> None:
        self._emit = emit
        self._flush_rows = flush_rows
        self._gathered: dict[SeriesKey, _Gathered] = {}
        self._held = 0

    def _of(self, key: SeriesKey) -> _Gathered:
        gathered = self._gathered.get(key)
        if gathered is None:
            gathered = self._gathered[key] = _Gathered()
        return gathered

    def label(self, key: SeriesKey, text: str) -> int:
        """Code of a category label."""
        labels = self._of(key).labels
        return labels.setdefault(text, len(labels))

    def origin(self, key: SeriesKey, origin: Origin) -> int:
        """Code of an origin."""
        origins = self._of(key).origins
        return origins.setdefault(origin, len(origins))

    def extra(self, key: SeriesKey, text: str) -> int:
        """Code of an extra; -1 for none."""
        if not text:
            return -1
        extras = self._of(key).extras
        return extras.setdefault(text, len(extras))

    def row(self, key: SeriesKey, row: _Row) -> None:
        """Take one record: position, start, length, value or label code, flags, created, origin and extra codes."""
        self._of(key).rows.append(row)
        self._held += 1

    def columns(self, key: SeriesKey, columns: Columns) -> None:
        """Take many records."""
        self._of(key).parts.append(columns)
        self._held += columns.position.size

    def flush_if_full(self) -> None:
        """Hand on what is held when it is much. Call it between chunks, never between making codes and using them."""
        if self._held >= self._flush_rows:
            self.flush()

    def flush(self) -> None:
        """Hand on everything held."""
        gathered, self._gathered, self._held = self._gathered, {}, 0
        for key, one in gathered.items():
            batch = _batch_of(key, one)
            if batch is not None:
                self._emit(batch)


def _batch_of(key: SeriesKey, gathered: _Gathered) -> SampleBatch | None:
    parts = gathered.parts
    if gathered.rows:
        parts = [*parts, _columns_of(gathered.rows)]
    if not parts:
        return None
    order = slice(None) if len(parts) == 1 else np.argsort(_joined(parts, "position"), kind="stable")

    def column(name: str) -> NDArray[np.generic]:
        return _joined(parts, name)[order]

    value = column("value").astype(np.float64, copy=False)
    labels: tuple[str, ...] = ()
    if key.category:
        value, labels = _in_order_of_use(value, tuple(gathered.labels))
    return SampleBatch(
        kind=key.kind,
        unit=key.unit,
        source=key.source,
        start=column("start").astype(np.int64, copy=False),
        length_s=column("length_s").astype(np.int32),
        value=value,
        flags=column("flags").astype(np.uint8, copy=False),
        created=column("created").astype(np.int64, copy=False),
        origin=column("origin").astype(np.int32, copy=False),
        extra=column("extra").astype(np.int32, copy=False),
        origins=tuple(gathered.origins),
        extras=tuple(gathered.extras),
        labels=labels,
    )


def _in_order_of_use(
    value: NDArray[np.float64], labels: tuple[str, ...]
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Label codes and labels by first use, so that they do not depend on how the file was cut."""
    codes = value.astype(np.int64)
    used, first = np.unique(codes, return_index=True)
    in_order = used[np.argsort(first)]
    place = np.zeros(len(labels), np.float64)
    place[in_order] = np.arange(in_order.size)
    return place[codes], tuple(labels[code] for code in in_order.tolist())


def _joined(parts: list[Columns], name: str) -> NDArray[np.generic]:
    arrays: list[NDArray[np.generic]] = [getattr(part, name) for part in parts]
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _columns_of(rows: list[_Row]) -> Columns:
    position, start, length, value, flags, created, origin, extra = zip(*rows, strict=True)
    return Columns(
        np.array(position, np.int64),
        np.array(start, np.int64),
        np.array(length, np.int64),
        np.array(value, np.float64),
        np.array(flags, np.uint8),
        np.array(created, np.int64),
        np.array(origin, np.int32),
        np.array(extra, np.int32),
    )
