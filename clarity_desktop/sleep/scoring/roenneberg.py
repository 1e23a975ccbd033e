"""Roenneberg (2015): consolidated sleep bouts from long stretches of relative immobility."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.sleep.scoring.counts import Counts, as_states, needs_minutes, without_gaps
from clarity_desktop.sleep.states import States, runs_of

__all__ = ["roenneberg", "roenneberg_bouts"]

_DAY: Final = 1440
_TREND_SHARE: Final = 0.15
_SEED_MIN: Final = 30
_LONGEST_MIN: Final = 720
_PEAK_AHEAD: Final = 31


def _running(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Running sum with half a day of its end values on both sides."""
    total = np.zeros(values.size + _DAY + 1)
    half = _DAY // 2
    np.cumsum(values, out=total[half + 1 : half + 1 + values.size])
    total[half + 1 + values.size :] = total[half + values.size]
    return total


def _below_trend(values: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the count is at most 15 % of the centred 24-h mean (at least 12 h of it present)."""
    # Padding the running sums lets windows at the ends be cut by slices.
    total = _running(values)
    number = _running(present.astype(np.float64))
    n = number[_DAY:-1] - number[: -_DAY - 1]
    trend = (total[_DAY:-1] - total[: -_DAY - 1]) / np.maximum(n, 1)
    return np.asarray(present & (n >= _DAY // 2) & (values <= _TREND_SHARE * trend))


def _bout_length(below: NDArray[np.bool_]) -> int:
    """Length of the bout that starts with this tested span, 0 for none (RH-32)."""
    m = below.size
    count = np.cumsum(below)
    if count[-1] == m:
        return m
    k = np.arange(1, m)
    share = count[-1] / m
    deviation = np.sqrt(share * (1 - share))
    r = (count[:-1] / m - share * k / m) / (deviation * np.sqrt(k / m * (1 - k / m)))
    top = int(r.argmax())
    if top + _PEAK_AHEAD < r.size and r[top] > r[top + 1 : top + 1 + _PEAK_AHEAD].max():
        return int(k[top])
    # The highest point is no peak (it lies too near the end, or is flat): look at every candidate.
    ahead = np.concatenate((r[1:], np.full(_PEAK_AHEAD, -np.inf)))
    highest_ahead = np.lib.stride_tricks.sliding_window_view(ahead, _PEAK_AHEAD).max(axis=1)[: r.size]
    peaks = np.flatnonzero(r > highest_ahead)
    # The last candidates have nothing ahead to exceed; a peak needs all of its 31 successors.
    peaks = peaks[peaks + _PEAK_AHEAD < r.size]
    if peaks.size == 0:
        return 0
    return int(k[peaks[np.argmax(r[peaks])]])


def roenneberg_bouts(counts: Counts, *, step_s: int = 60) -> tuple[tuple[int, int], ...]:
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
    values, present = without_gaps(counts)
    below = _below_trend(values, present)
    runs = runs_of(below)
    seeds = runs.start[(runs.value == 1) & (runs.length >= _SEED_MIN)]
    bouts: list[tuple[int, int]] = []
    end = 0
    # One turn per seed (a few a day), not per epoch.
    for seed in seeds.tolist():
        if seed < end:
            continue
        length = _bout_length(below[seed : seed + _LONGEST_MIN])
        if length:
            end = seed + length
            bouts.append((seed, end))
    return tuple(bouts)


def roenneberg(counts: Counts, *, step_s: int = 60) -> States:
    """Sleep inside the bouts of :func:`roenneberg_bouts`, wake outside, unknown where missing.

    Raises
    ------
    InputError
        ``sleep.epoch_length``.
    """
    present = np.isfinite(np.asarray(counts, dtype=np.float64))
    asleep = np.zeros(present.size, np.bool_)
    for start, stop in roenneberg_bouts(counts, step_s=step_s):
        asleep[start:stop] = True
    return as_states(asleep, present)
