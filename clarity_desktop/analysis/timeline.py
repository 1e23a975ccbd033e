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
    from clarity_desktop.vault.chunks.levels import LevelBins

__all__ = ["TimelineColumns", "series_overview", "stages_between", "timeline_at_hand", "timeline_columns"]

_HOUR_S: Final = 3600
_ROLLUP_FROM_S: Final = 2 * _HOUR_S
_MOST_COLUMNS: Final = 20_000
_FINEST_S: Final = 15
"""Width of the finest prepared level."""


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


Values = NDArray[np.float64]


@dataclass(slots=True)
class _Accumulator:
    """Collects values into columns; every array has shape (C,)."""

    minimum: Values
    maximum: Values
    total: Values
    number: Values

    @classmethod
    def of(cls, columns: int) -> _Accumulator:
        return cls(np.full(columns, np.inf), np.full(columns, -np.inf), np.zeros(columns), np.zeros(columns))

    def add(self, column: NDArray[np.int64], minimum: Values, maximum: Values, mean: Values, number: Values) -> None:
        """Add pieces in any order, each to one column; all of shape (P,)."""
        if not column.size:
            return
        step = np.diff(column)
        if step.min(initial=1) < 0:
            order = np.argsort(column, kind="stable")
            column, minimum, maximum = column[order], minimum[order], maximum[order]
            mean, number = mean[order], number[order]
            step = np.diff(column)
        # Pieces of one column stand together, so that no column is looked up piece by piece.
        edges = np.concatenate(([0], np.flatnonzero(step) + 1))
        held = column[edges]
        self.minimum[held] = np.minimum(self.minimum[held], np.minimum.reduceat(minimum, edges))
        self.maximum[held] = np.maximum(self.maximum[held], np.maximum.reduceat(maximum, edges))
        self.total[held] += np.add.reduceat(mean * number, edges)
        self.number[held] += np.add.reduceat(number, edges)


def _column_of(at: NDArray[np.int64], span: Span, columns: int) -> NDArray[np.int64]:
    column = (at - span.start) * columns // span.length_s
    return np.asarray(np.clip(column, 0, columns - 1), dtype=np.int64)


def _add_rollup(vault: Vault, series: Series, kind: SeriesKind, span: Span, into: _Accumulator) -> None:
    scale, shift = conversion(series.unit, kind) or (1.0, 0.0)
    rollup = vault.series.rollup(series.id, span)
    keep = (rollup.hour + _HOUR_S > span.start) & (rollup.hour < span.stop) & (rollup.n > 0)
    low = rollup.minimum[keep] * scale + shift
    high = rollup.maximum[keep] * scale + shift
    column = _column_of(rollup.hour[keep], span, into.total.size)
    into.add(column, low, high, rollup.mean[keep] * scale + shift, rollup.n[keep].astype(np.float64))


def _add_near(vault: Vault, series: Series, kind: SeriesKind, span: Span, into: _Accumulator) -> None:
    """Add prepared levels where the series is dense and a column wide enough, samples elsewhere."""
    scale, shift = conversion(series.unit, kind) or (1.0, 0.0)
    if kind.accumulation is Accumulation.CATEGORY:
        samples = vault.series.read(series.id, span)
        _add_samples(samples.start, samples.stop, samples.value, span, into)
        return
    bins, cores = vault.levels.read(series.id, span, span.length_s // into.total.size)
    _add_bins(bins, series, kind, span, into)
    for core in cores:
        # Starts are sorted, ends need not be: what may reach into the window begins at most the longest length before.
        longest = int(core.length_s.max(initial=0))
        first, last = np.searchsorted(core.start, (span.start - longest, span.stop)).tolist()
        start, value = core.start[first:last], core.value[first:last] * scale + shift
        stop = start + core.length_s[first:last]
        inside = (stop > span.start) | (start >= span.start)
        _add_samples(start[inside], stop[inside], value[inside], span, into)


def _add_bins(bins: LevelBins, series: Series, kind: SeriesKind, span: Span, into: _Accumulator) -> None:
    scale, shift = conversion(series.unit, kind) or (1.0, 0.0)
    seen = bins.part(*np.searchsorted(bins.start, (span.start - bins.width_s + 1, span.stop)).tolist())
    column = _column_of(seen.start, span, into.total.size)
    low, high, mean = (values * scale + shift for values in (seen.minimum, seen.maximum, seen.mean))
    into.add(column, low, high, mean, seen.n.astype(np.float64))


def _add_samples(
    start: NDArray[np.int64], stop: NDArray[np.int64], value: Values, span: Span, into: _Accumulator
) -> None:
    finite = np.flatnonzero(np.isfinite(value))
    if not finite.size:
        return
    start, stop, value = start[finite], stop[finite], value[finite]
    columns = into.total.size
    first = _column_of(start, span, columns)
    last = _column_of(np.maximum(stop - 1, start), span, columns)
    # An interval fills every column it covers, so that a long sample near the eye is no lone pixel.
    width = last - first + 1
    column = np.repeat(first, width) + np.arange(int(width.sum())) - np.repeat(np.cumsum(width) - width, width)
    spread = np.repeat(value, width)
    into.add(column, spread, spread, spread, np.ones(spread.size))


def timeline_columns(vault: Vault, patient_id: str, kind_id: str, span: Span, columns: int) -> TimelineColumns:
    """One lane of a time chart in the kind's canonical unit, all sources of the patient together.

    Hourly summaries are read when a column is 2 h or wider; below that, prepared levels of 15 s to 15 min where a
    series is dense and a column at least twice as wide, samples elsewhere. A summary belongs to the column in which
    it begins, so neither extreme is ever lost to rounding.

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
        if _touches(one, span):
            (_add_rollup if far else _add_near)(vault, one, kind, span, into)
    return _as_columns(into, span, kind)


def timeline_at_hand(vault: Vault, patient_id: str, kind_id: str, span: Span, columns: int) -> TimelineColumns | None:
    """A coarser picture of a lane, to be shown until :func:`timeline_columns` has opened the samples.

    Its columns are as wide as the prepared levels that it is made of, hence fewer.

    Returns
    -------
    TimelineColumns or None
        ``None`` where the lane itself is as quick to have: far away, in sparse series, and where the samples are in
        memory.
    """
    if span.length_s <= 0 or span.length_s >= columns * 2 * _FINEST_S:
        return None
    series = [s for s in vault.series.list(patient_id) if s.kind == kind_id and _touches(s, span)]
    if not series or any(s.labels for s in series):
        return None
    found = [(one, bins) for one in series if (bins := vault.levels.at_hand(one.id, span)) is not None]
    if not found:
        return None
    kind = kind_of(kind_id, series[0].unit)
    wide = max(bins.width_s for _, bins in found)
    into = _Accumulator.of(max(1, span.length_s // wide))
    for one, bins in found:
        _add_bins(bins, one, kind, span, into)
    return _as_columns(into, span, kind)


def _touches(series: Series, span: Span) -> bool:
    return (
        series.first is not None and series.last is not None and span.start <= series.last and series.first < span.stop
    )


def _as_columns(into: _Accumulator, span: Span, kind: SeriesKind) -> TimelineColumns:
    columns, some = into.total.size, into.number > 0
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
