"""Irregular samples become regular epochs on the UTC grid (RH-1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.epochs import Epochs, EpochState
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.series import Accumulation, Samples, SeriesKind
from clarity_desktop.domain.time import Instant, Span, ZoneTimeline
from clarity_desktop.signals.conversion import canonical_values

__all__ = ["average_levels", "epochs_of_counts", "grid_of", "resampled", "spread_amounts", "to_epochs"]

_PAIRS_AT_ONCE = 2_000_000


def grid_of(span: Span, step_s: int = 60) -> tuple[Instant, int]:
    """``(start, n)`` of the least UTC grid of ``step_s`` that covers the span; starts at a multiple of ``step_s``."""
    if step_s <= 0:
        raise ValueError("step_s must be positive")
    start = span.start // step_s * step_s
    return start, -(-(span.stop - start) // step_s)


def _touches(
    start: NDArray[np.int64], stop: NDArray[np.int64], grid_start: Instant, n: int, step_s: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
    """``(sample, epoch, seconds of overlap)`` of every sample that touches the grid, in pieces of bounded size.

    A point touches the epoch it lies in, with 0 seconds.
    """
    first = np.floor_divide(start - grid_start, step_s)
    last = np.where(stop > start, np.floor_divide(stop - 1 - grid_start, step_s), first)
    inside = np.flatnonzero((last >= 0) & (first < n))
    first, last = np.maximum(first[inside], 0), np.minimum(last[inside], n - 1)
    counts = last - first + 1
    ends = np.cumsum(counts)
    begin = 0
    while begin < inside.size:
        done = int(ends[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, done + _PAIRS_AT_ONCE, side="right")))
        part = counts[begin:end]
        sample = np.repeat(inside[begin:end], part)
        within = np.arange(int(part.sum()), dtype=np.int64) - np.repeat(ends[begin:end] - part - done, part)
        epoch = np.repeat(first[begin:end], part) + within
        edge = grid_start + epoch * step_s
        overlap = np.minimum(stop[sample], edge + step_s) - np.maximum(start[sample], edge)
        yield sample, epoch, overlap.astype(np.float64)
        begin = end


def _within_one(
    start: NDArray[np.int64], stop: NDArray[np.int64], grid_start: Instant, n: int, step_s: int
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which samples lie wholly inside one epoch of the grid, and in which: most do, and they need no splitting."""
    first = np.floor_divide(start - grid_start, step_s)
    inside = (first >= 0) & (first < n) & (stop <= grid_start + (first + 1) * step_s)
    return inside, first[inside]


def spread_amounts(
    start: NDArray[np.int64],
    length_s: NDArray[np.int32],
    value: NDArray[np.float64],
    grid_start: Instant,
    n: int,
    step_s: int,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Amounts spread over the epochs they touch in proportion to overlap; a point counts whole where it lies.

    Returns
    -------
    total, present:
        Amount per epoch in float64 (the sum over all epochs equals the amount inside the grid to 1e-9 relative), and
        whether any sample touches the epoch; both shape (n,). Values that are not finite are left out.
    """
    stop = start + length_s
    total = np.zeros(n)
    present = np.zeros(n, dtype=np.bool_)
    usable = np.isfinite(value)
    if not usable.all():
        start, stop, value = start[usable], stop[usable], value[usable]
    whole, at = _within_one(start, stop, grid_start, n, step_s)
    if at.size:
        total += np.bincount(at, weights=value[whole], minlength=n)
        present[at] = True
        start, stop, value = start[~whole], stop[~whole], value[~whole]
    for sample, epoch, overlap in _touches(start, stop, grid_start, n, step_s):
        share = overlap / np.maximum((stop - start)[sample], 1)
        total += np.bincount(epoch, weights=value[sample] * share, minlength=n)
        present[epoch] = True
    return total, present


def average_levels(
    start: NDArray[np.int64],
    length_s: NDArray[np.int32],
    value: NDArray[np.float64],
    grid_start: Instant,
    n: int,
    step_s: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Level per epoch as weighted sum and weight, both shape (n,); the level is their quotient where the weight is > 0.

    An interval weighs its seconds inside the epoch, a point one second. Values that are not finite are left out.
    """
    stop = start + length_s
    total = np.zeros(n)
    weight = np.zeros(n)
    usable = np.isfinite(value)
    if not usable.all():
        start, stop, value = start[usable], stop[usable], value[usable]
    whole, at = _within_one(start, stop, grid_start, n, step_s)
    if at.size:
        seconds = np.maximum(stop[whole] - start[whole], 1).astype(np.float64)
        total += np.bincount(at, weights=value[whole] * seconds, minlength=n)
        weight += np.bincount(at, weights=seconds, minlength=n)
        start, stop, value = start[~whole], stop[~whole], value[~whole]
    for sample, epoch, overlap in _touches(start, stop, grid_start, n, step_s):
        seconds = np.maximum(overlap, 1.0)
        total += np.bincount(epoch, weights=value[sample] * seconds, minlength=n)
        weight += np.bincount(epoch, weights=seconds, minlength=n)
    return total, weight


def to_epochs(
    samples: Sequence[tuple[Samples, SeriesKind]],
    span: Span,
    zone: ZoneTimeline,
    step_s: int = 60,
    *,
    absent_is_zero: NDArray[np.bool_] | None = None,
) -> Epochs:
    """Samples of one kind on a regular grid (RH-1).

    Parameters
    ----------
    samples:
        Series of one kind with their registry entry. Several series add up (amounts) or are pooled (levels); merge
        sources that count the same thing first (:func:`clarity_desktop.signals.merge.merge_sources`).
    span:
        UTC span to cover; the grid is widened to whole epochs. What lies outside is cut off.
    zone:
        Clock of the person, carried along.
    step_s:
        Length of an epoch in seconds.
    absent_is_zero:
        Shape (n,), epochs for which the source says that absence means zero (steps while a watch was worn).

    Returns
    -------
    Epochs
        Values in the canonical unit as float32. An epoch that no sample touches is NaN and ``MISSING``, never 0.

    Raises
    ------
    ValueError
        When no series is given, when kinds differ, or when the kind is a category.
    InputError
        ``signals.unit_mismatch`` from unit conversion.
    """
    kinds = {kind.id: kind for _, kind in samples}
    if len(kinds) != 1:
        raise ValueError("to_epochs takes series of exactly one kind")
    kind = next(iter(kinds.values()))
    grid_start, n = grid_of(span, step_s)
    if kind.accumulation is Accumulation.CATEGORY:
        raise ValueError("categories have no epochs; use the segments")
    totals = np.zeros(n)
    weights = np.zeros(n)
    for part, _ in samples:
        columns = (part.start, part.length_s, canonical_values(part, kind), grid_start, n, step_s)
        if kind.accumulation is Accumulation.SUM:
            amount, present = spread_amounts(*columns)
            totals += amount
            weights += present
        else:
            amount, weight = average_levels(*columns)
            totals += amount
            weights += weight
    values = totals
    if kind.accumulation is Accumulation.MEAN:
        values = np.divide(totals, weights, out=totals, where=weights > 0)
    missing = weights == 0
    if absent_is_zero is not None:
        if absent_is_zero.shape != (n,):
            raise ValueError("absent_is_zero must have one entry an epoch")
        missing &= ~absent_is_zero
    signal = values.astype(np.float32)
    signal[missing] = np.nan
    state = np.where(missing, np.uint8(EpochState.MISSING), np.uint8(EpochState.WORN)).astype(np.uint8)
    return Epochs(grid_start, step_s, signal, state, zone, kind.unit, kind.id)


def epochs_of_counts(
    start: Instant,
    values: NDArray[np.floating],
    zone: ZoneTimeline,
    *,
    step_s: int = 60,
    unit: str = "",
    kind: str = "",
) -> Epochs:
    """Epochs from values that lie on a regular grid already; NaN is missing."""
    signal = np.asarray(values, dtype=np.float32)
    state = np.where(np.isfinite(signal), np.uint8(EpochState.WORN), np.uint8(EpochState.MISSING)).astype(np.uint8)
    return Epochs(start, step_s, signal, state, zone, unit, kind)


def resampled(epochs: Epochs, step_s: int, accumulation: Accumulation) -> Epochs:
    """Longer epochs from shorter ones, on the UTC grid of ``step_s``.

    A longer epoch holds the sum (amounts) or mean (levels) of its parts that have a value. Amounts are scaled up to the
    full length when at least half of the parts are there; with fewer than half the epoch is missing. The state is that
    of most of its parts.

    Raises
    ------
    UsageError
        ``signals.epoch_length`` when ``step_s`` is not a multiple of the present length.
    """
    if step_s == epochs.step_s:
        return epochs
    if step_s % epochs.step_s:
        raise UsageError(
            "signals.epoch_length",
            f"Epochs of {epochs.step_s} s cannot be joined to epochs of {step_s} s.",
            remedy="Choose a multiple of the recorded epoch length.",
        )
    factor = step_s // epochs.step_s
    start, n = grid_of(epochs.span, step_s)
    lead = (epochs.start - start) // epochs.step_s
    values = np.full(n * factor, np.nan)
    values[lead : lead + len(epochs)] = epochs.values
    states = np.full(n * factor, np.uint8(EpochState.MISSING))
    states[lead : lead + len(epochs)] = epochs.state
    parts = values.reshape(n, factor)
    there = np.isfinite(parts)
    count = there.sum(axis=1)
    mean = np.divide(np.where(there, parts, 0.0).sum(axis=1), count, out=np.full(n, np.nan), where=2 * count >= factor)
    signal = (mean * factor if accumulation is Accumulation.SUM else mean).astype(np.float32)
    votes = np.stack([(states.reshape(n, factor) == code).sum(axis=1) for code in EpochState])
    state = votes.argmax(axis=0).astype(np.uint8)
    state[np.isnan(signal)] = EpochState.MISSING
    state[(state == EpochState.MISSING) & np.isfinite(signal)] = EpochState.WORN
    return Epochs(start, step_s, signal, state, epochs.zone, epochs.unit, epochs.kind)
