"""What every scorer asks of its input: counts on a regular grid, missing epochs as NaN, an epoch length it knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import InputError
from clarity_desktop.sleep.states import UNKNOWN, States

__all__ = [
    "Counts",
    "KnownCounts",
    "Rule",
    "asleep_in_stretches",
    "in_stretches",
    "known",
    "needs_minutes",
    "needs_sub_minute",
    "neighbour_sums",
    "whole_or_exact",
    "window_sums",
]

Counts = NDArray[np.float32] | NDArray[np.float64]
"""Counts per epoch, shape (N,), NaN where missing."""

_Kind = TypeVar("_Kind", bound=np.generic)
_STRETCH: Final = 24_576
"""Epochs scored at once: about 17 days of minutes, 200 kB in double precision."""


class KnownCounts:
    """Counts with 0 where missing, and what several rules form of them, each thing once.

    Attributes
    ----------
    values:
        Counts in double precision, 0 in missing epochs (a missing neighbour counts as 0), shape (N,).
    present:
        Epochs that are not missing, shape (N,).
    """

    __slots__ = ("_missing", "_once", "_whole", "present", "values")

    def __init__(self, counts: Counts) -> None:
        self.present: NDArray[np.bool_] = np.isfinite(counts)
        self.values: NDArray[np.float64] = counts.astype(np.float64)
        self._missing: NDArray[np.int64] = np.flatnonzero(~self.present)
        # Written at the few missing places: choosing per epoch costs ten times as much.
        self.values[self._missing] = 0.0
        self._whole: NDArray[np.float64] | NDArray[np.int32] | None = None
        self._once: dict[str, NDArray[Any]] = {}

    @property
    def whole(self) -> NDArray[np.float64] | NDArray[np.int32]:
        """The values as int32 where all are whole, see :func:`whole_or_exact`."""
        if self._whole is None:
            self._whole = whole_or_exact(self.values)
        return self._whole

    def part(self, low: int, high: int) -> KnownCounts:
        """Epochs ``[low, high)`` of these counts, without a copy."""
        cut = KnownCounts.__new__(KnownCounts)
        cut.present, cut.values, cut._once = self.present[low:high], self.values[low:high], {}
        cut._whole = self.whole[low:high]
        first, last = np.searchsorted(self._missing, (low, high))
        cut._missing = self._missing[first:last] - low
        return cut

    def once(self, key: str, make: Callable[[], NDArray[_Kind]]) -> NDArray[_Kind]:
        """What ``make`` answers, formed at the first call with this key; the key must say all that it depends on."""
        if key not in self._once:
            self._once[key] = make()
        return self._once[key]

    def states(self, asleep: NDArray[np.bool_]) -> States:
        """Sleep where ``asleep``, wake elsewhere, unknown where the epoch is missing."""
        # True and false are stored as 1 and 0, which are the codes of sleep and wake.
        states = asleep.astype(np.int8)
        states[self._missing] = UNKNOWN
        return states


Rule = Callable[[KnownCounts], NDArray[np.bool_]]
"""Says where there is sleep, shape (N,); what it says of missing epochs does not matter."""


def known(counts: Counts | KnownCounts) -> KnownCounts:
    """The counts as :class:`KnownCounts`, taken as they are where they are it already."""
    return counts if isinstance(counts, KnownCounts) else KnownCounts(counts)


def whole_or_exact(values: NDArray[np.float64]) -> NDArray[np.float64] | NDArray[np.int32]:
    """The values as int32 where all are whole and below 2²⁴, as real counts are; otherwise unchanged.

    Running sums of integers are eight times as fast, and exact.
    """
    if values.size and (values.max() >= 1 << 24 or values.min() < 0):
        return values
    whole = values.astype(np.int32)
    return whole if np.array_equal(whole, values) else values


def window_sums(
    values: NDArray[np.float64] | NDArray[np.int32] | NDArray[np.bool_], before: int, after: int
) -> NDArray[np.float64] | NDArray[np.int32]:
    """Σ A_{i−before}…A_{i+after} over what exists, shape (N,); of true and false, the number of true.

    The running total of integers may pass 2³¹ and wrap; differences of two totals are right all the same, because a
    window's own sum stays below it.
    """
    kind = np.dtype(np.float64) if values.dtype == np.float64 else np.dtype(np.int32)
    total = np.empty(values.size + before + after + 1, kind)
    total[: before + 1] = 0
    np.cumsum(values, dtype=kind, out=total[before + 1 : before + 1 + values.size])
    total[before + 1 + values.size :] = total[before + values.size]
    return np.asarray(total[before + after + 1 :] - total[: values.size])


def neighbour_sums(values: NDArray[_Kind], before: int, after: int) -> NDArray[_Kind]:
    """Σ A_{i−before}…A_{i+after} over what exists, shape (N,), for windows of a few epochs, in the type given.

    Two windows side by side make one of twice the width, so 11 epochs take five additions of whole arrays: several
    times as fast as a running sum, which goes one epoch at a time.
    """
    width = before + after + 1
    doubled = np.zeros(values.size + width - 1, values.dtype)
    doubled[before : before + values.size] = values
    total: NDArray[_Kind] | None = None
    reach, done = 1, 0
    while reach <= width:
        if width & reach:
            piece = doubled[done : done + values.size]
            total = piece if total is None else total + piece
            done += reach
        if 2 * reach <= width:
            doubled = doubled[:-reach] + doubled[reach:]
        reach *= 2
    return values.copy() if total is None else np.asarray(total)


def in_stretches(counts: Counts | KnownCounts, reach: int, *rules: Rule) -> list[States]:
    """States by each of some rules that look at most ``reach`` epochs to either side, a few weeks at a time.

    A stretch and all that the rules make of it lie in the processor's cache, and its memory serves the next stretch:
    over a whole year at once, half of the time goes into new pages of memory.

    Parameters
    ----------
    counts:
        Counts per epoch, shape (N,), NaN where missing.
    reach:
        Neighbours on each side that the rules may read.
    rules:
        What to score by; they share what they form of a stretch.
    """
    found = [np.empty(_size(counts), np.int8) for _ in rules]
    for part, inside, place in _parts(counts, reach):
        for states, rule in zip(found, rules, strict=True):
            states[place] = part.states(rule(part))[inside]
    return found


def asleep_in_stretches(counts: Counts | KnownCounts, reach: int, rule: Rule) -> NDArray[np.bool_]:
    """What one rule says, as it says it; see :func:`in_stretches`."""
    found = np.empty(_size(counts), np.bool_)
    for part, inside, place in _parts(counts, reach):
        found[place] = rule(part)[inside]
    return found


def _size(counts: Counts | KnownCounts) -> int:
    return counts.values.size if isinstance(counts, KnownCounts) else counts.size


def _parts(counts: Counts | KnownCounts, reach: int) -> Iterator[tuple[KnownCounts, slice, slice]]:
    """Stretches with their neighbours, the stretch's place in what is read, and its place in the record."""
    size = _size(counts)
    for first in range(0, size, _STRETCH):
        stop = min(first + _STRETCH, size)
        low, high = max(first - reach, 0), min(stop + reach, size)
        part = counts.part(low, high) if isinstance(counts, KnownCounts) else KnownCounts(counts[low:high])
        yield part, slice(first - low, stop - low), slice(first, stop)


def needs_minutes(scorer: str, step_s: int) -> None:
    """Raise when a scorer that was published for one-minute epochs is given another length.

    Raises
    ------
    InputError
        ``sleep.epoch_length``.
    """
    if step_s != 60:
        raise InputError(
            "sleep.epoch_length",
            f"{scorer} is defined for one-minute epochs; this recording has epochs of {step_s} s.",
            remedy="Analyse the recording with 60-second epochs.",
            detail=f"step_s={step_s}",
        )


def needs_sub_minute(scorer: str, variant: str) -> InputError:
    """The refusal of a variant that reads maxima within the minute, which counts per minute no longer hold."""
    return InputError(
        "sleep.needs_sub_minute",
        f"{scorer} with “{variant}” reads the busiest part of each minute, which counts per minute no longer hold.",
        remedy="Use a recording with epochs of 10 s or 30 s, or another variant.",
        detail=f"variant={variant}",
    )
