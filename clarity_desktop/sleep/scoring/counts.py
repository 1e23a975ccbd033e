"""What every scorer asks of its input: counts on a regular grid, missing epochs as NaN, an epoch length it knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import InputError
from clarity_desktop.sleep.states import UNKNOWN, States

__all__ = [
    "Counts",
    "as_states",
    "in_stretches",
    "needs_minutes",
    "needs_sub_minute",
    "whole_or_exact",
    "window_sums",
    "without_gaps",
]

Counts = NDArray[np.float32] | NDArray[np.float64]
"""Counts per epoch, shape (N,), NaN where missing."""

_STRETCH: Final = 24_576
"""Epochs scored at once: about 17 days of minutes, 200 kB in double precision."""


def without_gaps(counts: Counts) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Counts as float64 with 0 in missing epochs (a missing neighbour counts as 0), and the mask of those present."""
    present = np.isfinite(counts)
    values = counts.astype(np.float64)
    # Written at the few missing places: choosing per epoch costs ten times as much.
    values[np.flatnonzero(~present)] = 0.0
    return values, present


def as_states(asleep: NDArray[np.bool_], present: NDArray[np.bool_]) -> States:
    """Sleep where ``asleep``, wake elsewhere, unknown where the epoch is missing."""
    # True and false are stored as 1 and 0, which are the codes of sleep and wake.
    states = asleep.astype(np.int8)
    states[np.flatnonzero(~present)] = UNKNOWN
    return states


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


def in_stretches(
    counts: Counts, reach: int, rule: Callable[[NDArray[np.float64], NDArray[np.bool_]], NDArray[np.bool_]]
) -> States:
    """States by a rule that looks at most ``reach`` epochs to either side, a few weeks at a time.

    A stretch and all that the rule makes of it lie in the processor's cache, and its memory serves the next stretch:
    over a whole year at once, half of the time goes into new pages of memory.

    Parameters
    ----------
    counts:
        Counts per epoch, shape (N,), NaN where missing.
    reach:
        Neighbours on each side that the rule may read.
    rule:
        Of counts with 0 where missing, and the mask of those present, says where there is sleep.
    """
    size = counts.size
    states = np.empty(size, np.int8)
    for first in range(0, size, _STRETCH):
        stop = min(first + _STRETCH, size)
        low, high = max(first - reach, 0), min(stop + reach, size)
        values, present = without_gaps(counts[low:high])
        found = as_states(rule(values, present), present)
        states[first:stop] = found[first - low : stop - low]
    return states


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
