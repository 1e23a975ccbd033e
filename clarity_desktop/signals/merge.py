"""Merge sources that count the same thing: by priority, each later source fills only what earlier ones leave open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.series import Accumulation, Samples, SeriesKind
from clarity_desktop.signals.conversion import canonical_samples

__all__ = [
    "MergedSamples",
    "SourceSamples",
    "by_source",
    "default_priority",
    "merge_sources",
    "uncovered_parts",
    "union_of",
]


@dataclass(frozen=True, slots=True)
class SourceSamples:
    """Samples of one source, with what is known of the device for the default order."""

    source: str
    samples: Samples
    device: str = ""


@dataclass(frozen=True, slots=True)
class MergedSamples:
    """The parts that were kept, and where each comes from."""

    samples: Samples
    """Kept parts in the canonical unit, sorted by start. A part of an interval carries its share of the value."""
    source: NDArray[np.int32]
    """Index into ``sources`` of each part, shape (M,)."""
    sources: tuple[str, ...]
    """Sources in order of priority."""
    offered: tuple[float, ...]
    """Sum of values that each source recorded."""
    kept: tuple[float, ...]
    """Sum of values that each source contributes."""


def default_priority(sources: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Source names in the default order: watch, phone, other; within a class as given.

    ``sources`` are pairs of source name and device text; the class is read from either.
    """
    names = list(dict.fromkeys(name for name, _ in sources))
    rank = dict.fromkeys(names, 2)
    for name, device in sources:
        text = f"{name} {device}".casefold()
        own = 0 if "watch" in text else 1 if "phone" in text else 2
        rank[name] = min(rank[name], own)
    return tuple(sorted(names, key=lambda name: rank[name]))


def by_source(parts: Sequence[SourceSamples], kind: SeriesKind) -> dict[str, Samples]:
    """All samples of each source in the canonical unit, sorted by start (a source may have series in two units)."""
    groups: dict[str, list[Samples]] = {}
    for part in parts:
        groups.setdefault(part.source, []).append(canonical_samples(part.samples, kind))
    return {source: _joined(found, kind.unit) for source, found in groups.items()}


def _joined(parts: Sequence[Samples], unit: str) -> Samples:
    if len(parts) == 1:
        return parts[0]
    start = np.concatenate([part.start for part in parts])
    length = np.concatenate([part.length_s for part in parts])
    value = np.concatenate([part.value for part in parts])
    flags = np.concatenate([part.flags for part in parts])
    order = np.lexsort((value, length, start))
    return Samples(start[order], length[order], value[order], flags[order], unit)


def union_of(start: NDArray[np.int64], stop: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Disjoint sorted intervals ``(starts, stops)`` that cover the same seconds; empty intervals cover none."""
    long = stop > start
    start, stop = start[long], stop[long]
    if not start.size:
        return start, stop
    order = np.argsort(start, kind="stable")
    start, stop = start[order], stop[order]
    reach = np.maximum.accumulate(stop)
    opens = np.concatenate(([True], start[1:] > reach[:-1]))
    closes = np.concatenate((opens[1:], [True]))
    return start[opens], reach[closes]


def uncovered_parts(
    samples: Samples, from_s: NDArray[np.int64], to_s: NDArray[np.int64]
) -> tuple[Samples, NDArray[np.int64]]:
    """The parts of samples outside of covered intervals, and the row that each part comes from.

    Parameters
    ----------
    samples:
        Amounts; a part carries its share of the value in proportion to its seconds. A point counts whole or not at all.
    from_s, to_s:
        Disjoint sorted intervals ``[from_s, to_s)`` that are covered.
    """
    if not from_s.size or not len(samples):
        return samples, np.arange(len(samples))
    start, stop = samples.start, samples.stop
    length = stop - start
    point = length <= 0
    inside = np.searchsorted(from_s, start, side="right") - 1
    covered_point = point & (inside >= 0) & (start < to_s[np.maximum(inside, 0)])
    # The open stretches between covered intervals, the first and last reaching as far as the samples do.
    open_from = np.concatenate(([min(int(start.min()), int(from_s[0]))], to_s))
    open_to = np.concatenate((from_s, [max(int(stop.max()), int(to_s[-1]))]))
    first = np.searchsorted(open_to, start, side="right")
    last = np.searchsorted(open_from, stop, side="left") - 1
    pieces = np.where(point, (~covered_point).astype(np.int64), np.maximum(last - first + 1, 0))
    which = np.repeat(np.arange(start.size), pieces)
    nth = np.arange(which.size) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    gap = np.minimum(first[which] + nth, open_from.size - 1)
    whole = point[which]
    begin = np.where(whole, start[which], np.maximum(start[which], open_from[gap]))
    end = np.where(whole, stop[which], np.minimum(stop[which], open_to[gap]))
    share = np.where(whole, 1.0, (end - begin) / np.maximum(length[which], 1))
    kept = whole | (end > begin)
    parts = Samples(
        begin[kept],
        (end - begin)[kept].astype(np.int32),
        (samples.value[which] * share)[kept],
        samples.flags[which][kept],
        samples.unit,
    )
    return parts, which[kept]


def merge_sources(
    parts: Sequence[SourceSamples], kind: SeriesKind, priority: Sequence[str] | None = None
) -> MergedSamples:
    """One series of amounts from several sources.

    The first source is taken whole; of every later one only the part of each interval that no interval of an earlier
    source covers, with value · uncovered seconds / length. A point counts whole unless it lies inside a covered
    interval. Coverage is by recorded intervals, so the result approximates what a phone shows.

    Parameters
    ----------
    parts:
        Series of the kind with their source; several of one source are joined.
    kind:
        A kind whose values add up.
    priority:
        Source names, first wins; sources not named follow in the default order.

    Raises
    ------
    ValueError
        For kinds whose values do not add up: levels are never merged.
    """
    if kind.accumulation is not Accumulation.SUM:
        raise ValueError("only amounts are merged; levels keep their sources")
    found = by_source(parts, kind)
    default = default_priority([(part.source, part.device) for part in parts])
    named = [name for name in dict.fromkeys(priority or ()) if name in found]
    order = (*named, *(name for name in default if name not in named))
    covered_from = np.empty(0, np.int64)
    covered_to = np.empty(0, np.int64)
    kept_parts: list[Samples] = []
    for name in order:
        samples = found[name]
        kept_parts.append(uncovered_parts(samples, covered_from, covered_to)[0])
        covered_from, covered_to = union_of(
            np.concatenate((covered_from, samples.start)), np.concatenate((covered_to, samples.stop))
        )
    if not kept_parts:
        return MergedSamples(Samples.empty(kind.unit), np.empty(0, np.int32), (), (), ())
    source = np.repeat(np.arange(len(order), dtype=np.int32), [len(part) for part in kept_parts])
    start = np.concatenate([part.start for part in kept_parts])
    length = np.concatenate([part.length_s for part in kept_parts])
    value = np.concatenate([part.value for part in kept_parts])
    flags = np.concatenate([part.flags for part in kept_parts])
    arrangement = np.lexsort((value, length, start))
    return MergedSamples(
        Samples(start[arrangement], length[arrangement], value[arrangement], flags[arrangement], kind.unit),
        source[arrangement],
        order,
        tuple(float(np.nansum(found[name].value)) for name in order),
        tuple(float(np.nansum(part.value)) for part in kept_parts),
    )
