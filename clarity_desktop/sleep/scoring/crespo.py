"""Crespo (2012): rest and activity periods by a median filter, a percentile and binary morphology, twice."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.sleep.scoring.counts import Counts, as_states, needs_minutes, without_gaps
from clarity_desktop.sleep.states import States, runs_of

__all__ = ["crespo"]

_HOUR: Final = 60
_HALF_WINDOW: Final = 4 * _HOUR
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
    width = 2 * _HALF_WINDOW + 1
    return np.asarray(total[width:] - total[:-width])


def _median_above(values: NDArray[np.float64], used: NDArray[np.bool_], least: int) -> NDArray[np.bool_]:
    """Where the median of the usable values of the window exceeds the 8/24 percentile of such medians.

    No median is formed: a median is at most v when at least half of its window is, so v is bisected over the values
    that occur, with one running count a step. A window with fewer than ``least`` usable epochs says rest, and does not
    count towards the percentile. Takes padded arrays, answers for the epochs inside.
    """
    number = _window_counts(used)
    enough = number >= least

    def at_most(threshold: float) -> NDArray[np.bool_]:
        return np.asarray(2 * _window_counts(used & (values <= threshold)) >= number)

    candidates = np.unique(values[used])
    wanted = _REST_SHARE * np.count_nonzero(enough)
    if candidates.size == 0 or wanted == 0:
        return np.zeros(number.size, np.bool_)
    first, last = 0, candidates.size - 1
    while first < last:
        middle = (first + last) // 2
        if np.count_nonzero(at_most(float(candidates[middle])) & enough) >= wanted:
            last = middle
        else:
            first = middle + 1
    return enough & ~at_most(float(candidates[first]))


def _closed_and_opened(active: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """Binary closing, then opening, with a centred structure of ``width`` epochs.

    On runs: closing fills inner gaps shorter than the structure, opening removes active runs shorter than it.
    """
    result = active.copy()
    for value, fill in ((0, True), (1, False)):
        runs = runs_of(result)
        short = (runs.value == value) & (runs.length < width)
        if value == 0:
            short &= (runs.start > 0) & (runs.stop < result.size)
        for start, stop in zip(runs.start[short].tolist(), runs.stop[short].tolist(), strict=True):
            result[start:stop] = fill
    return result


def _zero_runs(values: NDArray[np.float64], longest: int) -> NDArray[np.bool_]:
    """Epochs inside runs of zeros longer than ``longest``."""
    runs = runs_of(values == 0)
    keep = (runs.value == 1) & (runs.length > longest)
    return np.repeat(keep, runs.length)


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
    conditioned = values.copy()
    conditioned[_zero_runs(values, _ZEROS_FIRST)] = np.percentile(values[present], _ZERO_PERCENTILE)
    everything = np.ones(values.size, np.bool_)
    active = _median_above(*_padded(conditioned, everything, _HALF_WINDOW), 1)
    active = _closed_and_opened(active, _HOUR + 1)

    zeros_rest, zeros_active = _zero_runs(values, _ZEROS_IN_REST), _zero_runs(values, _ZEROS_IN_ACTIVE)
    usable = ~np.where(active, zeros_active, zeros_rest) & present
    active = _median_above(*_padded(values, usable, _HOUR), _HOUR)
    active = _closed_and_opened(active, 2 * _HOUR + 1)
    return as_states(~active, present)
