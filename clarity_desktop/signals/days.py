"""Totals and statistics by local day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.series import Accumulation, Samples, SeriesKind
from clarity_desktop.domain.time import ZoneTimeline, date_of_day
from clarity_desktop.signals.clock import day_boundaries
from clarity_desktop.signals.merge import SourceSamples, by_source, default_priority, merge_sources

__all__ = ["DayStatistics", "day_statistics", "day_totals"]


@dataclass(frozen=True, slots=True)
class DayStatistics:
    """What one local day comes to, in the canonical unit of the kind."""

    n: int
    """Samples that start on the day (kept parts, when merged)."""
    sum: float | None
    """Amount within the day, intervals split in proportion at local midnights; ``None`` for levels."""
    mean: float | None
    """Mean of the values that start on the day."""
    min: float | None
    max: float | None
    by_source: dict[str, float] = field(default_factory=dict)
    """Amount of each source, unmerged; for levels the mean of each source."""


def day_totals(samples: Samples, zone: ZoneTimeline) -> dict[int, float]:
    """Amount by local day (days since 1970-01-01), intervals split in proportion at local midnights.

    Values are taken as they are, so they must be amounts; a point counts whole on its day.
    """
    usable = np.isfinite(samples.value)
    start, stop, value = samples.start[usable], samples.stop[usable], samples.value[usable]
    if not start.size:
        return {}
    cuts, day = day_boundaries(zone, int(start.min()), int(max(stop.max(), start.max())))
    first = np.searchsorted(cuts, start, side="right") - 1
    last = np.where(stop > start, np.searchsorted(cuts, stop - 1, side="right") - 1, first)
    pieces = last - first + 1
    which = np.repeat(np.arange(start.size), pieces)
    stretch = first[which] + np.arange(which.size) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    ends = np.append(cuts[1:], np.iinfo(np.int64).max)
    seconds = np.minimum(stop[which], ends[stretch]) - np.maximum(start[which], cuts[stretch])
    length = (stop - start)[which]
    share = np.where(length > 0, seconds / np.maximum(length, 1), 1.0)
    return _sums(day[stretch], value[which] * share)


def _sums(day: NDArray[np.int64], amount: NDArray[np.float64]) -> dict[int, float]:
    days, place = np.unique(day, return_inverse=True)
    return dict(zip(days.tolist(), np.bincount(place, weights=amount).tolist(), strict=True))


def _statistics(samples: Samples, zone: ZoneTimeline) -> dict[int, tuple[int, float, float, float]]:
    """``n, mean, minimum, maximum`` of the finite values that start on each local day."""
    usable = np.isfinite(samples.value)
    start, value = samples.start[usable], samples.value[usable]
    if not start.size:
        return {}
    day = zone.local_days(start)
    order = np.argsort(day, kind="stable")
    days, first, n = np.unique(day[order], return_index=True, return_counts=True)
    ordered = value[order]
    mean = np.add.reduceat(ordered, first) / n
    least, greatest = np.minimum.reduceat(ordered, first), np.maximum.reduceat(ordered, first)
    rows = zip(n.tolist(), mean.tolist(), least.tolist(), greatest.tolist(), strict=True)
    return dict(zip(days.tolist(), rows, strict=True))


def day_statistics(
    parts: Sequence[SourceSamples],
    kind: SeriesKind,
    zone: ZoneTimeline,
    *,
    merged: bool = True,
    priority: Sequence[str] | None = None,
) -> dict[date, DayStatistics]:
    """Statistics of every local day that has samples, in order of date.

    Parameters
    ----------
    parts:
        Series of the kind with their sources.
    kind:
        Amounts are summed; levels never are.
    zone:
        The clock that makes the days.
    merged:
        Amounts: sources merged by priority, else the plain sum of all. Levels: each day the source with the most
        values, else every value of every source.
    priority:
        Source names, first wins; it also breaks ties between equally rich sources.

    Raises
    ------
    ValueError
        For categories, which have neither amounts nor levels.
    """
    if kind.accumulation is Accumulation.CATEGORY:
        raise ValueError("categories have no daily statistics")
    sources = by_source(parts, kind)
    if kind.accumulation is Accumulation.SUM:
        return _amount_days(parts, sources, kind, zone, merged=merged, priority=priority)
    order = [name for name in dict.fromkeys(priority or ()) if name in sources]
    default = default_priority([(part.source, part.device) for part in parts])
    order += [name for name in default if name not in order]
    return _level_days(sources, order, zone, best=merged)


def _amount_days(
    parts: Sequence[SourceSamples],
    sources: dict[str, Samples],
    kind: SeriesKind,
    zone: ZoneTimeline,
    *,
    merged: bool,
    priority: Sequence[str] | None,
) -> dict[date, DayStatistics]:
    totals = {name: day_totals(samples, zone) for name, samples in sources.items()}
    if merged:
        whole = merge_sources(parts, kind, priority).samples
        sums = day_totals(whole, zone)
        statistics = _statistics(whole, zone)
    else:
        every = _all_of(sources, kind.unit)
        sums = day_totals(every, zone)
        statistics = _statistics(every, zone)
    result: dict[date, DayStatistics] = {}
    for day in sorted({day for total in totals.values() for day in total}):
        n, mean, least, greatest = statistics.get(day, (0, None, None, None))
        shares = {name: total[day] for name, total in totals.items() if day in total}
        result[date_of_day(day)] = DayStatistics(n, sums.get(day, 0.0), mean, least, greatest, shares)
    return result


def _level_days(
    sources: dict[str, Samples], order: Sequence[str], zone: ZoneTimeline, *, best: bool
) -> dict[date, DayStatistics]:
    statistics = {name: _statistics(sources[name], zone) for name in order}
    result: dict[date, DayStatistics] = {}
    for day in sorted({day for found in statistics.values() for day in found}):
        rows = {name: found[day] for name, found in statistics.items() if day in found}
        means = {name: row[1] for name, row in rows.items()}
        if best:
            richest = max(rows, key=lambda name: rows[name][0])
            n, mean, least, greatest = rows[richest]
        else:
            n = sum(row[0] for row in rows.values())
            mean = sum(row[0] * row[1] for row in rows.values()) / n
            least, greatest = min(row[2] for row in rows.values()), max(row[3] for row in rows.values())
        result[date_of_day(day)] = DayStatistics(n, None, mean, least, greatest, means)
    return result


def _all_of(sources: dict[str, Samples], unit: str) -> Samples:
    found = [samples for samples in sources.values() if len(samples)]
    if not found:
        return Samples.empty(unit)
    return Samples(
        np.concatenate([samples.start for samples in found]),
        np.concatenate([samples.length_s for samples in found]),
        np.concatenate([samples.value for samples in found]),
        np.concatenate([samples.flags for samples in found]),
        unit,
    )
