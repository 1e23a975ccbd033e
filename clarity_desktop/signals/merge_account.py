"""Why the merged total of a day is what it is: each recorded interval, what of it counts, and who covers the rest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.merge_account import DayAccount, Interval, Reason, SourceShare
from clarity_desktop.domain.series import Accumulation, Samples, SeriesKind
from clarity_desktop.domain.time import Instant, Span
from clarity_desktop.signals.merge import SourceSamples, by_source, default_priority, uncovered_parts, union_of

__all__ = ["day_account"]


def day_account(
    parts: Sequence[SourceSamples], kind: SeriesKind, priority: Sequence[str] | None, span: Span
) -> DayAccount:
    """Account for the merged total of a stretch of time, such as a local day.

    The kept amounts add up to the sum of :func:`clarity_desktop.signals.merge.merge_sources` within the stretch;
    intervals that reach beyond it count with their share inside.

    Parameters
    ----------
    parts:
        Series of the kind with their source, with all samples that touch the stretch or an interval that does.
    kind:
        A kind whose values add up.
    priority:
        Source names, first wins; sources not named follow in the default order.
    span:
        Half-open, UTC seconds.

    Raises
    ------
    ValueError
        For kinds whose values do not add up.
    """
    if kind.accumulation is not Accumulation.SUM:
        raise ValueError("only amounts are merged; levels keep their sources")
    found = by_source(parts, kind)
    default = default_priority([(part.source, part.device) for part in parts])
    named = [name for name in dict.fromkeys(priority or ()) if name in found]
    order = [*named, *(name for name in default if name not in named)]
    none = np.empty(0, np.int64)
    earlier: list[tuple[str, tuple[NDArray[np.int64], NDArray[np.int64]]]] = []
    covered = (none, none)
    intervals: list[Interval] = []
    shares: list[SourceShare] = []
    for rank, name in enumerate(order):
        samples = found[name]
        inside = _inside(samples, span)
        kept, row_of = uncovered_parts(inside, *covered)
        offered = float(np.nansum(inside.value))
        shares.append(SourceShare(name, offered, float(np.nansum(kept.value))))
        sums = np.bincount(row_of, kept.value, len(inside))
        for row in range(len(inside)):
            start, stop = int(inside.start[row]), int(inside.stop[row])
            value, counts = float(inside.value[row]), float(sums[row])
            intervals.append(_interval(start, stop, name, value, counts, rank, earlier))
        mine = union_of(samples.start, samples.stop)
        earlier.append((name, mine))
        covered = union_of(np.concatenate((covered[0], samples.start)), np.concatenate((covered[1], samples.stop)))
    intervals.sort(key=lambda one: (one.start, order.index(one.source), one.stop))
    return DayAccount(span, kind.unit, tuple(intervals), tuple(shares))


def _interval(
    start: Instant,
    stop: Instant,
    name: str,
    value: float,
    counts: float,
    rank: int,
    earlier: Sequence[tuple[str, tuple[NDArray[np.int64], NDArray[np.int64]]]],
) -> Interval:
    by = tuple(other for other, union in earlier if _touches(union, start, stop))
    if rank == 0:
        reason = Reason.FIRST
    elif not by:
        reason = Reason.ALONE
    elif counts == 0.0 and value != 0.0:
        reason = Reason.COVERED
    else:
        reason = Reason.PARTLY
    return Interval(start, stop, name, value, counts, reason, by)


def _inside(samples: Samples, span: Span) -> Samples:
    """The shares of the samples that lie within a span; a point belongs when it lies in ``[start, stop)``."""
    edges = np.array([span.start, span.stop], np.int64)
    low, high = np.iinfo(np.int64).min // 4, np.iinfo(np.int64).max // 4
    outside_from, outside_to = np.array([low, edges[1]]), np.array([edges[0], high])
    return uncovered_parts(samples, outside_from, outside_to)[0]


def _touches(union: tuple[NDArray[np.int64], NDArray[np.int64]], start: Instant, stop: Instant) -> bool:
    """Whether a union of intervals shares a second with ``[start, stop)``, or holds the point ``start``."""
    begins, ends = union
    at = int(np.searchsorted(begins, max(stop - 1, start), side="right")) - 1
    return at >= 0 and int(ends[at]) > start
