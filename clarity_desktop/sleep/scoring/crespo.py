"""Crespo (2012): rest and activity periods by a median filter, a percentile and binary morphology, twice."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.signals.presence import in_runs
from clarity_desktop.sleep.scoring.counts import Counts, as_states, needs_minutes, whole_or_exact, without_gaps
from clarity_desktop.sleep.states import States

__all__ = ["crespo"]

_HOUR: Final = 60
_HALF_WINDOW: Final = 4 * _HOUR
_WIDTH: Final = 2 * _HALF_WINDOW + 1
_REST_SHARE: Final = 8 / 24
_ZEROS_FIRST: Final = 15
_ZEROS_IN_REST: Final = 30
_ZEROS_IN_ACTIVE: Final = 2
_ZERO_PERCENTILE: Final = 33


def _padded(
    values: NDArray[np.float64], used: NDArray[np.bool_], width: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Values and whether they count, between ``width`` epochs of their maximum and such that do not count."""
    pad = np.full(_HALF_WINDOW, values.max())
    outer = np.arange(_HALF_WINDOW) >= _HALF_WINDOW - width
    return np.concatenate((pad, values, pad)), np.concatenate((outer, used, outer[::-1]))


def _window_counts(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """True epochs in the window of four hours on both sides of each unpadded epoch."""
    total = np.zeros(mask.size + 1, np.int32)
    np.cumsum(mask, dtype=np.int32, out=total[1:])
    return np.asarray(total[_WIDTH:] - total[:-_WIDTH])


def _median_above(values: NDArray[np.float64], used: NDArray[np.bool_], least: int) -> NDArray[np.bool_]:
    """Where the median of the usable values of the window exceeds the 8/24 percentile of such medians.

    No median is formed: a median is at most v when at least half of its window is, so v is bisected, with one running
    count a step. A window with fewer than ``least`` usable epochs says rest, and does not count towards the
    percentile. Takes padded arrays, answers for the epochs inside.
    """
    number = _window_counts(used)
    enough = number >= least
    wanted = _REST_SHARE * np.count_nonzero(enough)
    if wanted == 0:
        return np.zeros(number.size, np.bool_)
    # A window that does not count needs more than it can hold.
    needed = np.where(enough, (number + 1) // 2, _WIDTH + 1)
    compared = values.astype(np.float32)
    # Every step writes into the same memory: taking new pages would cost as much as the arithmetic.
    below = np.empty(compared.size, np.bool_)
    total = np.zeros(compared.size + 1, np.int32)
    held = np.empty(number.size, np.int32)
    quiet = np.empty(number.size, np.bool_)

    def at_most(threshold: float) -> NDArray[np.bool_]:
        np.less_equal(compared, np.float32(threshold), out=below)
        np.logical_and(below, used, out=below)
        np.cumsum(below, dtype=np.int32, out=total[1:])
        np.subtract(total[_WIDTH:], total[:-_WIDTH], out=held)
        return np.greater_equal(held, needed, out=quiet)

    threshold = _least_reaching(values, used, lambda v: bool(np.count_nonzero(at_most(v)) >= wanted))
    return enough & ~at_most(threshold)


def _least_reaching(values: NDArray[np.float64], used: NDArray[np.bool_], reached: Callable[[float], bool]) -> float:
    """The least of the used values that satisfies a condition which, once true, stays true for greater values.

    Whole counts are bisected as numbers, with growing steps up from 0, since the threshold is far below the maximum;
    others over the sorted values that occur.
    """
    if whole_or_exact(values).dtype == np.int32:
        low, high, top = -1, 1, int(values.max())
        while high < top and not reached(float(high)):
            low, high = high, 4 * high
        high = min(high, top)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if reached(float(middle)) else (middle, high)
        return float(high)
    candidates = np.unique(values[used].astype(np.float32))
    first, last = 0, candidates.size - 1
    while first < last:
        middle = (first + last) // 2
        first, last = (first, middle) if reached(float(candidates[middle])) else (middle + 1, last)
    return float(candidates[first])


def _closed_and_opened(active: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """Binary closing, then opening, with a centred structure of ``width`` epochs.

    Closing fills inner gaps shorter than the structure, opening removes active runs shorter than it. Gaps at the
    record's ends stay, as if the record went on at rest.
    """
    beyond = np.ones(width, np.bool_)
    gaps = in_runs(np.concatenate((beyond, ~active, beyond)), width)[width:-width]
    return in_runs(~gaps, width)


def _least_third(values: NDArray[np.float64], present: NDArray[np.bool_]) -> float:
    """33rd percentile of the present values; settled without sorting where zeros reach past it."""
    n = np.count_nonzero(present)
    zeros = np.count_nonzero((values == 0) & present)
    if values.min() >= 0 and zeros > math.ceil((n - 1) * _ZERO_PERCENTILE / 100):
        return 0.0
    return float(np.percentile(values[present], _ZERO_PERCENTILE))


def crespo(counts: Counts, *, step_s: int = 60) -> States:
    """Rest (as sleep) and activity (as wake) periods by Crespo et al. 2012 (Med Biol Eng Comput 50:329).

    Parameters
    ----------
    counts:
        Counts per minute, shape (N,), NaN where missing.
    step_s:
        Epoch length in seconds; 60 is the only one accepted.

    Notes
    -----
    Rest periods are about time in bed, not sleep. Handling of the record's first and last hours is free in the
    paper: here the record is padded with its maximum, and windows are cut at the padding's ends. In the second pass a
    window with less than an hour of usable minutes is rest.

    Raises
    ------
    InputError
        ``sleep.epoch_length``.
    """
    needs_minutes("Crespo", step_s)
    values, present = without_gaps(counts)
    if not present.any():
        return as_states(np.zeros(values.size, np.bool_), present)
    zero = values == 0
    conditioned = values
    if filler := _least_third(values, present):
        conditioned = np.where(in_runs(zero, _ZEROS_FIRST + 1), filler, values)
    everything = np.ones(values.size, np.bool_)
    active = _median_above(*_padded(conditioned, everything, _HALF_WINDOW), 1)
    active = _closed_and_opened(active, _HOUR + 1)

    in_rest, in_active = in_runs(zero, _ZEROS_IN_REST + 1), in_runs(zero, _ZEROS_IN_ACTIVE + 1)
    usable = present & ~((active & in_active) | (~active & in_rest))
    active = _median_above(*_padded(values, usable, _HOUR), _HOUR)
    active = _closed_and_opened(active, 2 * _HOUR + 1)
    return as_states(~active, present)
