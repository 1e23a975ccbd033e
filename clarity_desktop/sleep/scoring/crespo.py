"""Crespo (2012): rest and activity periods by a median filter, a percentile and binary morphology, twice."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.signals.presence import in_runs
from clarity_desktop.sleep.scoring.counts import Counts, KnownCounts, known, needs_minutes, whole_or_exact
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


def _padded(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Values between four hours of their maximum on either side."""
    padded = np.empty(values.size + 2 * _HALF_WINDOW, np.float32)
    padded[_HALF_WINDOW : _HALF_WINDOW + values.size] = values
    padded[:_HALF_WINDOW] = padded[_HALF_WINDOW + values.size :] = values.max()
    return padded


def _padded_use(used: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """Which padded values count: those used, and ``width`` epochs of the padding next to them."""
    outer = np.arange(_HALF_WINDOW) >= _HALF_WINDOW - width
    return np.concatenate((outer, used, outer[::-1]))


def _window_counts(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """True epochs in the window of four hours on both sides of each unpadded epoch."""
    total = np.zeros(mask.size + 1, np.int32)
    np.cumsum(mask, dtype=np.int32, out=total[1:])
    return np.asarray(total[_WIDTH:] - total[:-_WIDTH])


def _median_above(
    values: NDArray[np.float32], used: NDArray[np.bool_] | None, least: int, *, whole: bool
) -> NDArray[np.bool_]:
    """Where the median of the usable values of the window exceeds the 8/24 percentile of such medians.

    No median is formed: a median is at most v when at least half of its window is, so v is bisected, with one running
    count a step. A window with fewer than ``least`` usable epochs says rest, and does not count towards the
    percentile. Takes padded arrays, answers for the epochs inside; ``used`` is ``None`` where all epochs are usable.
    """
    size = values.size - _WIDTH + 1
    needed: NDArray[np.int32] | int = (_WIDTH + 1) // 2
    enough: NDArray[np.bool_] | None = None
    wanted = _REST_SHARE * size
    if used is not None:
        number = _window_counts(used)
        enough = number >= least
        wanted = _REST_SHARE * np.count_nonzero(enough)
        if wanted == 0:
            return np.zeros(size, np.bool_)
        # A window that does not count needs more than it can hold.
        needed = np.where(enough, (number + 1) >> 1, np.int32(_WIDTH + 1))
    # Every step writes into the same memory: taking new pages would cost as much as the arithmetic.
    below = np.empty(values.size, np.bool_)
    total = np.zeros(values.size + 1, np.int32)
    held = np.empty(size, np.int32)
    tried, quiet = np.empty(size, np.bool_), np.empty(size, np.bool_)
    settled = np.nan

    def reached(threshold: float) -> bool:
        # The windows that the least sufficient threshold so far takes in are kept: they are the answer in the end.
        nonlocal tried, quiet, settled
        np.less_equal(values, np.float32(threshold), out=below)
        if used is not None:
            np.logical_and(below, used, out=below)
        np.cumsum(below, dtype=np.int32, out=total[1:])
        np.subtract(total[_WIDTH:], total[:-_WIDTH], out=held)
        np.greater_equal(held, needed, out=tried)
        if np.count_nonzero(tried) < wanted:
            return False
        tried, quiet, settled = quiet, tried, threshold
        return True

    threshold = _least_reaching(values, used, reached, whole=whole)
    if settled != threshold and not reached(threshold):
        quiet = tried
    above: NDArray[np.bool_] = ~quiet
    return above if enough is None else np.asarray(enough & above)


def _least_reaching(
    values: NDArray[np.float32], used: NDArray[np.bool_] | None, reached: Callable[[float], bool], *, whole: bool
) -> float:
    """The least of the used values that satisfies a condition which, once true, stays true for greater values.

    Whole counts are bisected as numbers, with growing steps up from 0, since the threshold is far below the maximum;
    others over the sorted values that occur.
    """
    if whole:
        low, high, top = -1, 1, int(values.max())
        while high < top and not reached(float(high)):
            low, high = high, 4 * high
        high = min(high, top)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if reached(float(middle)) else (middle, high)
        return float(high)
    candidates = np.unique(values if used is None else values[used])
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


def crespo(counts: Counts | KnownCounts, *, step_s: int = 60) -> States:
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
    at_hand = known(counts)
    values, present = at_hand.values, at_hand.present
    if not present.any():
        return at_hand.states(np.zeros(values.size, np.bool_))
    zero = values == 0
    whole = at_hand.whole.dtype == np.int32
    padded = conditioned = _padded(values)
    filled_whole = whole
    if filler := _least_third(values, present):
        filled = np.where(in_runs(zero, _ZEROS_FIRST + 1), filler, values)
        conditioned, filled_whole = _padded(filled), whole_or_exact(filled).dtype == np.int32
    active = _median_above(conditioned, None, 1, whole=filled_whole)
    active = _closed_and_opened(active, _HOUR + 1)

    in_rest, in_active = in_runs(zero, _ZEROS_IN_REST + 1), in_runs(zero, _ZEROS_IN_ACTIVE + 1)
    usable = present & ~((active & in_active) | (~active & in_rest))
    active = _median_above(padded, _padded_use(usable, _HOUR), _HOUR, whole=whole)
    active = _closed_and_opened(active, 2 * _HOUR + 1)
    return at_hand.states(~active)
