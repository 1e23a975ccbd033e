"""Roenneberg (2015): consolidated sleep bouts from long stretches of relative immobility."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.sleep.scoring.counts import (
    Counts,
    KnownCounts,
    asleep_in_stretches,
    known,
    needs_minutes,
    window_sums,
)
from clarity_desktop.sleep.states import States, runs_of

__all__ = ["roenneberg", "roenneberg_bouts"]

_DAY: Final = 1440
_TREND_SHARE: Final = 0.15
_SEED_MIN: Final = 30
_LONGEST_MIN: Final = 720
_PEAK_AHEAD: Final = 31


def _below_trend(counts: KnownCounts) -> NDArray[np.bool_]:
    """Where the count is at most 15 % of the centred 24-h mean (at least 12 h of it present)."""
    half = _DAY // 2
    n = window_sums(counts.present, half, half - 1)
    below = window_sums(counts.whole, half, half - 1) * _share_of_mean()[n]
    return np.asarray(counts.present & (n >= half) & (counts.values <= below))


@lru_cache(maxsize=1)
def _share_of_mean() -> NDArray[np.float64]:
    """15 % of one n-th, by the number n of present epochs in a day."""
    return _TREND_SHARE / np.maximum(np.arange(_DAY + 1), 1)


@lru_cache(maxsize=4)
def _steps(m: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """K and 1/√(k/m·(1 − k/m)) for k = 1…m − 1: what every tested span of m minutes shares."""
    k = np.arange(1.0, m)
    return k, 1 / np.sqrt(k / m * (1 - k / m))


def _bout_length(count: NDArray[np.int32]) -> int:
    """Length of the bout that starts with this tested span, 0 for none (RH-32).

    Parameters
    ----------
    count:
        Epochs below the trend among the first k of the span, k = 1…m.
    """
    m = count.size
    reached = int(count[-1])
    if reached == m:
        return m
    # Pearson's r up to the span's own positive factor, which moves no peak.
    k, weight = _steps(m)
    r = (m * count[:-1] - reached * k) * weight
    top = int(r.argmax())
    if top + _PEAK_AHEAD < r.size and r[top] > r[top + 1 : top + 1 + _PEAK_AHEAD].max():
        return top + 1
    # The highest point is no peak (it lies too near the end, or is flat): look at every candidate.
    ahead = np.concatenate((r[1:], np.full(_PEAK_AHEAD, -np.inf)))
    # The last candidates have nothing ahead to exceed; a peak needs all of its 31 successors.
    highest_ahead = _highest_of_next(ahead)[: max(r.size - _PEAK_AHEAD, 0)]
    peaks = np.flatnonzero(r[: highest_ahead.size] > highest_ahead)
    if peaks.size == 0:
        return 0
    return int(peaks[np.argmax(r[peaks])]) + 1


def _highest_of_next(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Maximum of each value and the 30 after it, by doubling: maxima of 2, 4, 8, 16, then two that overlap to 31."""
    highest = values
    for reach in (1, 2, 4, 8):
        highest = np.maximum(highest[reach:], highest[:-reach])
    overlap = _PEAK_AHEAD - 16
    return np.maximum(highest[overlap:], highest[:-overlap])


def roenneberg_bouts(counts: Counts | KnownCounts, *, step_s: int = 60) -> tuple[tuple[int, int], ...]:
    """Sleep bouts as epoch numbers ``[start, stop)``, in order and without overlap.

    Roenneberg et al. 2015 (Methods Enzymol 552:257). Each run of at least 30 minutes below 15 % of the 24-h trend
    is a seed; the bout reaches to the length at which a sleep-then-wake step fits the next 12 h best.

    Parameters
    ----------
    counts:
        Counts per minute, shape (N,), NaN where missing.
    step_s:
        Epoch length in seconds; 60 is the only one accepted.

    Raises
    ------
    InputError
        ``sleep.epoch_length``.
    """
    needs_minutes("Roenneberg", step_s)
    below = asleep_in_stretches(counts, _DAY // 2, _below_trend)
    runs = runs_of(below)
    seeds = runs.start[(runs.value == 1) & (runs.length >= _SEED_MIN)]
    reached = np.cumsum(below, dtype=np.int32)
    bouts: list[tuple[int, int]] = []
    end = 0
    # One turn per seed (a few a day), not per epoch.
    for seed in seeds.tolist():
        if seed < end:
            continue
        # The seed itself is below the trend, so what came before it is one less than the count at it.
        length = _bout_length(reached[seed : seed + _LONGEST_MIN] - (reached[seed] - 1))
        if length:
            end = seed + length
            bouts.append((seed, end))
    return tuple(bouts)


def roenneberg(counts: Counts | KnownCounts, *, step_s: int = 60) -> States:
    """Sleep inside the bouts of :func:`roenneberg_bouts`, wake outside, unknown where missing.

    Raises
    ------
    InputError
        ``sleep.epoch_length``.
    """
    at_hand = known(counts)
    asleep = np.zeros(at_hand.present.size, np.bool_)
    for start, stop in roenneberg_bouts(at_hand, step_s=step_s):
        asleep[start:stop] = True
    return at_hand.states(asleep)
