"""How easily rest turns into activity and back (RH-25, RH-26).

k after Lim et al. 2011, Sleep 34:1569: the transition probability of a sustained run, from a smoothed hazard.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.domain.findings import METRICS, Metric
from clarity_desktop.signals.clock import MINUTES_PER_DAY
from clarity_desktop.signals.presence import runs

__all__ = ["ACTIVE_ABOVE", "Transitions", "clock_window", "sustained_probability", "transitions"]


def _declare(name: str, title: str, reference: str, row: str) -> Metric:
    return METRICS.declare(Metric(name, title, "1/min", 4, "circadian", reference, row, minimum=3))


P_RA = _declare("p_ra", "Chance per minute that rest turns into activity", "Markov chain", "RH-25")
P_AR = _declare("p_ar", "Chance per minute that activity turns into rest", "Markov chain", "RH-25")
K_RA = _declare("k_ra", "The same from sustained rest", "Lim 2011", "RH-26")
K_AR = _declare("k_ar", "The same from sustained activity", "Lim 2011", "RH-26")

ACTIVE_ABOVE = 4.0
"""An epoch is active when its count exceeds this."""
_FRACTION = 0.3


@dataclass(frozen=True, slots=True)
class Transitions:
    """Probabilities per epoch; ``None`` where the state does not occur or has too few distinct bout lengths."""

    p_ra: float | None
    p_ar: float | None
    k_ra: float | None
    k_ar: float | None


def _lowess(x: NDArray[np.float64], y: NDArray[np.float64], fraction: float) -> NDArray[np.float64]:
    """Locally weighted line at each x: tricube weights over the nearest ⌊fraction·k⌋ points, no robustness step."""
    size = x.size
    near = int(fraction * size)
    if near < 2:
        return y.copy()
    # The nearest points of sorted x are contiguous: slide the window on while its right neighbour is closer.
    left = np.empty(size, dtype=np.int64)
    begin = 0
    for index in range(size):
        while begin + near < size and x[begin + near] - x[index] < x[index] - x[begin]:
            begin += 1
        left[index] = begin
    places = left[:, None] + np.arange(near)
    xs, ys = x[places], y[places]
    distance = np.abs(xs - x[:, None])
    reach = distance.max(axis=1, keepdims=True)
    ratio = distance / reach
    weight = np.where(ratio < 0.999, (1 - ratio**3) ** 3, 0.0)
    weight[ratio <= 0.001] = 1.0
    weight /= weight.sum(axis=1, keepdims=True)
    centre = (weight * xs).sum(axis=1, keepdims=True)
    dx = xs - centre
    spread = (weight * dx * dx).sum(axis=1)
    steep = np.sqrt(spread) > 0.001 * (x[-1] - x[0])
    slope = np.where(steep, (weight * dx * ys).sum(axis=1) / np.where(steep, spread, 1.0), 0.0)
    return np.asarray((weight * ys).sum(axis=1) + slope * (x - centre[:, 0]))


def sustained_probability(lengths: NDArray[np.int64]) -> float | None:
    """Probability k of Lim 2011 from bout lengths in epochs; ``None`` with fewer than 8 distinct lengths.

    The hazard of ending after t epochs is smoothed over t; the sustained region is the longest run of lengths whose
    hazard lies within one standard deviation of the curve, and k is the weighted mean hazard there.
    """
    histogram = np.bincount(lengths)
    t = np.flatnonzero(histogram)
    bouts = histogram[t]
    if t.size < 8:
        return None
    at_least = np.cumsum(bouts[::-1])[::-1].astype(np.float64)
    hazard = (at_least[:-1] - at_least[1:]) / at_least[:-1] / np.diff(t)
    weight = np.sqrt(at_least[:-1] + at_least[1:])
    fit = _lowess(t[:-1].astype(np.float64), hazard, _FRACTION)
    close = np.abs(hazard - fit) < np.std(hazard, ddof=1)
    starts, stops = runs(close)
    if not starts.size:
        return None
    longest = int(np.argmax(stops - starts))
    region = slice(int(starts[longest]), int(stops[longest]))
    return float(hazard[region] @ weight[region] / weight[region].sum())


def clock_window(recording: PreparedRecording, onset_min: int, length_min: int) -> NDArray[np.bool_]:
    """Epochs whose local minute of day lies in a window of the clock, which may pass midnight, shape (N,)."""
    return np.asarray((recording.clock.minute_of_day - onset_min) % MINUTES_PER_DAY < length_min)


def transitions(
    recording: PreparedRecording, active_above: float = ACTIVE_ABOVE, *, within: NDArray[np.bool_] | None = None
) -> Transitions:
    """Transition probabilities between rest and activity over adjacent valid epochs.

    A missing epoch ends a bout; bouts at the record's edges are kept.

    Parameters
    ----------
    recording:
        One-minute epochs.
    active_above:
        Counts above this are activity.
    within:
        Only these epochs, shape (N,): the rest span or the active span, such as :func:`clock_window` of L5 or M10
        gives. Leaving the window ends a bout.
    """
    valid = recording.valid if within is None else recording.valid & within
    active = (recording.epochs.values > active_above) & valid
    rest = valid & ~active
    onward = valid[1:]
    from_rest = int(np.count_nonzero(rest[:-1] & onward))
    from_active = int(np.count_nonzero(active[:-1] & onward))
    wakings = int(np.count_nonzero(rest[:-1] & active[1:]))
    settlings = int(np.count_nonzero(active[:-1] & rest[1:]))
    rest_start, rest_stop = runs(rest)
    active_start, active_stop = runs(active)
    return Transitions(
        p_ra=wakings / from_rest if from_rest else None,
        p_ar=settlings / from_active if from_active else None,
        k_ra=sustained_probability(rest_stop - rest_start),
        k_ar=sustained_probability(active_stop - active_start),
    )
