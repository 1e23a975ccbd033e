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
    counted = exact.min(initial=0) >= 0
    held, around = window_sums(present, 5, 5), window_sums(exact, 5, 5)
    margin = around / np.maximum(held, 1)
    margin *= -0.065
    margin += 7.601 - threshold
    margin -= 1.08 * window_sums((exact >= 50) & (exact < 100), 5, 5)
    # What remains only lowers the score, so epochs already under the threshold are settled as wake.
    asleep = margin >= 0
    # A full window with a sum S of at most 99 is sleep whatever its shape: NAT is at most 1, the deviation at most
    # S/√6, the logarithm at most ln(S + 1), so PS is at least 0.4. These are the still minutes of most nights.
    quiet = (around <= 99) & (held == 11)
    left = np.flatnonzero(asleep & ~quiet) if counted else np.flatnonzero(asleep)
    margin = margin[left]
    margin -= 0.703 * np.log(values[left] + 1.0)
    asleep[left[margin < 0]] = False
    open_ = np.flatnonzero(margin >= 0)
    left, margin = left[open_], margin[open_]
    # The last term by its square: (n − 1)·PS²/0.056² against Σx² − (Σx)²/n over the six minutes up to the epoch.
    total = window_sums(exact, 5, 0)[left]
    size = window_sums(present, 5, 0)[left]
    squares = np.correlate(np.concatenate((np.zeros(5), values * values)), np.ones(6), mode="valid")[left]
    squares -= total * (total / np.maximum(size, 1))
    margin *= 1 / 0.056
    asleep[left] = margin * margin * np.maximum(size - 1, 1) >= squares
    return asleep
