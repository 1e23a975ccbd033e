"""Columns for a time chart: minimum, maximum and mean per pixel column, from hourly summaries when far away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.analysis.stage_records import segments_of
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.kinds import SLEEP, conversion, kind_of
from clarity_desktop.domain.series import Accumulation, Series, SeriesKind
from clarity_desktop.domain.sleep import SleepSegment
from clarity_desktop.domain.time import Instant, Span

if TYPE_CHECKING:
    from clarity_desktop.vault import Vault

__all__ = ["TimelineColumns", "series_overview", "stages_between", "timeline_columns"]

_HOUR_S: Final = 3600
_ROLLUP_FROM_S: Final = 2 * _HOUR_S
_MOST_COLUMNS: Final = 20_000


@dataclass(frozen=True, slots=True)
class TimelineColumns:
    """Equal columns over ``[start, stop)``; column *i* starts at ``start + i·(stop − start)/columns``.

    The greatest maximum and least minimum are those of the samples themselves, however far the view is zoomed out.
    """

    start: Instant
    stop: Instant
    minimum: NDArray[np.float32]
    """Shape (C,), NaN where the column holds no data."""
    maximum: NDArray[np.float32]
    mean: NDArray[np.float32]
    unit: str
    title: str

    def __len__(self) -> int:
        return int(self.mean.size)


@dataclass(slots=True)
class _Accumulator:
    """Collects values into columns; every array has shape (C,)."""

    minimum: NDArray[np.float64]
    maximum: NDArray[np.float64]
    total: NDArray[np.float64]
    number: NDArray[np.float64]

    @classmethod
    def of(cls, columns: int) -> _Accumulator:
        return cls(np.full(columns, np.inf), np.full(columns, -np.inf), np.zeros(columns), np.zeros(columns))

    def add(
        self,
        column: NDArray[np.int64],
        minimum: NDArray[np.float64],
        maximum: NDArray[np.float64],
        mean: NDArray[np.float64],
        number: NDArray[np.float64],
    ) -> None:
        np.minimum.at(self.minimum, column, minimum)
        np.maximum.at(self.maximum, column, maximum)
        size = self.total.size
        self.total += np.bincount(column, weights=mean * number, minlength=size)
        self.number += np.bincount(column, weights=number, minlength=size)


def _column_of(at: NDArray[np.int64], span: Span, columns: int) -> NDArray[np.int64]:
    return np.asarray((at - span.start) * columns // span.length_s, dtype=np.int64)


def _add_rollup(vault: Vault, series: Series, kind: SeriesKind, span: Span, into: _Accumulator) -> None:
    scale, shift = conversion(series.unit, kind) or (1.0, 0.0)
    rollup = vault.series.rollup(series.id, span)
    keep = (rollup.hour + _HOUR_S > span.start) & (rollup.hour < span.stop) & (rollup.n > 0)
    low = rollup.minimum[keep] * scale + shift
    high = rollup.maximum[keep] * scale + shift
    column = np.clip(_column_of(rollup.hour[keep], span, into.total.size), 0, into.total.size - 1)
    into.add(column, low, high, rollup.mean[keep] * scale + shift, rollup.n[keep].astype(np.float64))


def _add_samples(vault: Vault, series: Series, kind: SeriesKind, span: Span, into: _Accumulator) -> None:
    scale, shift = conversion(series.unit, kind) or (1.0, 0.0)
    samples = vault.series.read(series.id, span)
    finite = np.isfinite(samples.value)
    if not finite.any():
        return
    columns = into.total.size
    value = samples.value[finite] * scale + shift
    first = np.clip(_column_of(samples.start[finite], span, columns), 0, columns - 1)
    last_instant = np.maximum(samples.stop[finite] - 1, samples.start[finite])
    last = np.clip(_column_of(last_instant, span, columns), 0, columns - 1)
    # An interval fills every column it covers, so that a long sample near the eye is no lone pixel.
    width = last - first + 1
    column = np.repeat(first, width) + np.arange(int(width.sum())) - np.repeat(np.cumsum(width) - width, width)
    spread = np.repeat(value, width)
    into.add(column, spread, spread, spread, np.ones(spread.size))


def timeline_columns(vault: Vault, patient_id: str, kind_id: str, span: Span, columns: int) -> TimelineColumns:
    """One lane of a time chart in the kind's canonical unit, all sources of the patient together.

    Hourly summaries are read when a column is 2 h or wider, samples otherwise. A summary belongs to the column in
    which its hour begins, so neither extreme is ever lost to rounding.

    Raises
    ------
    UsageError
        ``timeline.columns`` or ``timeline.span`` for an empty window.
    """
    if not 0 < columns <= _MOST_COLUMNS:
        raise UsageError("timeline.columns", f"A chart has 1 to {_MOST_COLUMNS} columns.", remedy="Resize the window.")
    if span.length_s <= 0:
        raise UsageError("timeline.span", "The window of time is empty.", remedy="Choose a longer window.")
    series = [s for s in vault.series.list(patient_id) if s.kind == kind_id]
    kind = kind_of(kind_id, series[0].unit if series else "", category=bool(series and series[0].labels))
    into = _Accumulator.of(columns)
    far = span.length_s >= columns * _ROLLUP_FROM_S and kind.accumulation is not Accumulation.CATEGORY
    for one in series:
        if one.first is None or one.last is None or one.first >= span.stop or one.last < span.start:
            continue
        (_add_rollup if far else _add_samples)(vault, one, kind, span, into)
    some = into.number > 0
    mean = np.divide(into.total, into.number, out=np.full(columns, np.nan), where=some)
    return TimelineColumns(
        span.start,
        span.stop,
        np.where(some, into.minimum, np.nan).astype(np.float32),
        np.where(some, into.maximum, np.nan).astype(np.float32),
        mean.astype(np.float32),
        kind.unit,
        kind.title,
    )


def stages_between(vault: Vault, patient_id: str, span: Span) -> tuple[SleepSegment, ...]:
    """Recorded sleep stages that intersect a span, of all sources, in order of start. Sources are not resolved."""
    found: list[SleepSegment] = []
    for series in vault.series.list(patient_id):
        if series.kind == SLEEP:
            found.extend(segments_of(vault.series.read(series.id, span), series.source))
    return tuple(sorted(found, key=lambda s: (s.start, s.stop, s.source)))


def series_overview(vault: Vault, patient_id: str, kinds: Sequence[str] | None = None) -> dict[str, Span]:
    """First to last sample of each kind a patient has, optionally of the wanted kinds only, in order of name."""
    spans: dict[str, Span] = {}
    for series in vault.series.list(patient_id):
        if series.first is None or series.last is None or (kinds is not None and series.kind not in kinds):
            continue
        known = spans.get(series.kind, Span(series.first, series.last))
        spans[series.kind] = Span(min(known.start, series.first), max(known.stop, series.last))
    return dict(sorted(spans.items()))
