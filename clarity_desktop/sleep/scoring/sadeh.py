"""Sadeh (1994): a linear score of level, variability and count class of the eleven minutes around each epoch."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import UsageError
from clarity_desktop.sleep.scoring.counts import Counts, as_states, needs_minutes, without_gaps
from clarity_desktop.sleep.states import States

__all__ = ["SADEH_VARIANTS", "sadeh"]

SADEH_VARIANTS: Final = ("original", "actigraph")
"""``actigraph`` caps counts at 300 and takes scores from −4 up as sleep."""


def _window_sums(values: NDArray[np.float64], before: int, after: int) -> NDArray[np.float64]:
    """Σ A_{i−before}…A_{i+after} over what exists; exact for whole counts."""
    total = np.empty(values.size + before + after + 1)
    total[: before + 1] = 0.0
    np.cumsum(values, out=total[before + 1 : before + 1 + values.size])
    total[before + 1 + values.size :] = total[before + values.size]
    return total[before + after + 1 :] - total[: values.size]


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
    values, present = without_gaps(counts)
    threshold = 0.0
    if variant == "actigraph":
        values = np.minimum(values, 300.0)
        threshold = -4.0
    there = present.astype(np.float64)
    score = 7.601 - 0.065 * _window_sums(values, 5, 5) / np.maximum(_window_sums(there, 5, 5), 1.0)
    score -= 1.08 * _window_sums((present & (values >= 50) & (values < 100)).astype(np.float64), 5, 5)
    # What remains only lowers the score, so epochs already under the threshold are settled as wake.
    open_ = np.flatnonzero(present & (score >= threshold))
    size = _window_sums(there, 5, 0)[open_]
    mean = _window_sums(values, 5, 0)[open_] / size
    squares = _window_sums(values * values, 5, 0)[open_] - size * mean * mean
    deviation = np.sqrt(np.maximum(squares, 0.0) / np.maximum(size - 1.0, 1.0))
    score[open_] -= 0.056 * deviation + 0.703 * np.log(values[open_] + 1.0)
    return as_states(score >= threshold, present)
