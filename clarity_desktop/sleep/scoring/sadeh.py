"""Sadeh (1994): a linear score of level, variability and count class of the eleven minutes around each epoch."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import UsageError
from clarity_desktop.sleep.scoring.counts import Counts, in_stretches, needs_minutes, whole_or_exact, window_sums
from clarity_desktop.sleep.states import States

__all__ = ["SADEH_VARIANTS", "sadeh"]

SADEH_VARIANTS: Final = ("original", "actigraph")
"""``actigraph`` caps counts at 300 and takes scores from −4 up as sleep."""


def sadeh(counts: Counts, *, step_s: int = 60, variant: str = "original") -> States:
    """Sleep and wake by Sadeh, Sharkey and Carskadon 1994 (Sleep 17:201).

    PS = 7.601 − 0.065·mean(A₋₅…A₅) − 1.08·NAT − 0.056·SD(A₋₅…A₀) − 0.703·ln(A₀ + 1), sleep where PS ≥ 0.
    NAT counts epochs of the window with 50 ≤ A < 100; the standard deviation divides by n − 1. Windows use what
    exists: neither epochs beyond the record nor missing ones enter mean and deviation.

    Parameters
    ----------
    counts:
        Counts per minute, shape (N,), NaN where missing.
    step_s:
        Epoch length in seconds; 60 is the only one accepted.
    variant:
        One of :data:`SADEH_VARIANTS`.

    Raises
    ------
    InputError
        ``sleep.epoch_length``.
    UsageError
        ``sleep.variant`` for an unknown variant.
    """
    if variant not in SADEH_VARIANTS:
        raise UsageError(
            "sleep.variant",
            f"“{variant}” is not a variant of Sadeh scoring.",
            remedy="Use one of: " + ", ".join(SADEH_VARIANTS) + ".",
        )
    needs_minutes("Sadeh", step_s)
    capped = variant == "actigraph"

    def rule(values: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return _asleep(np.minimum(values, 300.0), present, -4.0) if capped else _asleep(values, present, 0.0)

    return in_stretches(counts, 5, rule)


def _asleep(values: NDArray[np.float64], present: NDArray[np.bool_], threshold: float) -> NDArray[np.bool_]:
    """Where PS reaches the threshold. Each term is formed only for epochs that the terms before it left open."""
    exact = whole_or_exact(values)
    margin = window_sums(exact, 5, 5) / np.maximum(window_sums(present, 5, 5), 1)
    margin *= -0.065
    margin += 7.601 - threshold
    margin -= 1.08 * window_sums((values >= 50) & (values < 100), 5, 5)
    # What remains only lowers the score, so epochs already under the threshold are settled as wake.
    asleep = margin >= 0
    recent = window_sums(exact, 5, 0)
    # With counts from 0 up, a window of zeros has neither deviation nor logarithm: the still minutes of most nights.
    counted = exact.min(initial=0) >= 0
    left = np.flatnonzero(asleep & ((recent != 0) if counted else present))
    margin, total = margin[left], recent[left]
    size = window_sums(present, 5, 0)[left]
    now = values[left]
    logarithm = 0.703 * np.log(now + 1.0)
    if counted:
        # The deviation is at least 0 and at most S/√n, S being the sum of the window: either bound may settle it.
        asleep[left[margin < logarithm]] = False
        open_ = np.flatnonzero((margin >= logarithm) & (margin < logarithm + 0.056 * total / np.sqrt(size)))
        left, margin, total, size = left[open_], margin[open_], total[open_], size[open_]
        logarithm = logarithm[open_]
    padded = np.concatenate((np.zeros(5), values))
    squares = np.zeros(left.size)
    for place in range(6):
        one = padded[left + place]
        squares += one * one
    squares -= total * (total / size)
    deviation = np.sqrt(np.maximum(squares, 0.0) / np.maximum(size - 1, 1))
    asleep[left] = margin >= 0.056 * deviation + logarithm
    return asleep
