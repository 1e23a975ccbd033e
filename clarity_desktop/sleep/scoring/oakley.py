"""Oakley (1997), the Actiwatch rule: sleep where a short weighted sum does not exceed a chosen threshold."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import InputError
from clarity_desktop.sleep.scoring.counts import Counts, KnownCounts, Rule, in_stretches
from clarity_desktop.sleep.scoring.weighted import weighted_sum
from clarity_desktop.sleep.states import States

__all__ = ["OAKLEY_THRESHOLDS", "oakley", "oakley_automatic_threshold", "oakley_rule"]

OAKLEY_THRESHOLDS: Final = (20.0, 40.0, 80.0)
"""High, medium (default) and low sensitivity to wake."""

_WEIGHTS: Final = {
    15: np.array([0.04] * 4 + [0.20] * 4 + [4.0] + [0.20] * 4 + [0.04] * 4),
    30: np.array([0.04, 0.04, 0.20, 0.20, 2.0, 0.20, 0.20, 0.04, 0.04]),
    60: np.array([0.04, 0.20, 1.0, 0.20, 0.04]),
    120: np.array([0.12, 0.50, 0.12]),
}


def _check_step(step_s: int) -> None:
    if step_s not in _WEIGHTS:
        raise InputError(
            "sleep.epoch_length",
            f"Oakley scoring has no weights for epochs of {step_s} s.",
            remedy="Use epochs of 15, 30, 60 or 120 s.",
            detail=f"step_s={step_s}",
        )


def oakley(counts: Counts, *, step_s: int = 60, threshold: float = 40.0) -> States:
    """Sleep and wake by the Actiwatch rule (Oakley 1997, Cambridge Neurotechnology report).

    Parameters
    ----------
    counts:
        Counts per epoch, shape (N,), NaN where missing.
    step_s:
        15, 30, 60 or 120 seconds.
    threshold:
        Sleep where the weighted sum is at most this, in counts; :data:`OAKLEY_THRESHOLDS` are the device's own.

    Raises
    ------
    InputError
        ``sleep.epoch_length`` for another epoch length.
    """
    _check_step(step_s)
    return in_stretches(counts, _WEIGHTS[step_s].size // 2, oakley_rule(threshold, step_s))[0]


def oakley_rule(threshold: float, step_s: int = 60) -> Rule:
    """The rule of one threshold; rules of several share the weighted sum."""
    weights = _WEIGHTS[step_s]

    def rule(counts: KnownCounts) -> NDArray[np.bool_]:
        score = counts.once(f"oakley {step_s}", lambda: weighted_sum(counts.values, weights, weights.size // 2))
        return np.asarray(score <= threshold)

    return rule


def oakley_automatic_threshold(counts: Counts, *, step_s: int = 60) -> float | None:
    """The device's automatic threshold: 0.88888·total / minutes with at least (epoch / 15 s) counts.

    Meant for one rest interval; over whole days it comes out far above 80. ``None`` when no epoch is mobile.

    Raises
    ------
    InputError
        ``sleep.epoch_length``.
    """
    _check_step(step_s)
    values = KnownCounts(counts).values
    mobile_min = float(np.count_nonzero(values >= step_s / 15)) * step_s / 60
    return 0.88888 * float(values.sum()) / mobile_min if mobile_min else None
