"""Cole–Kripke (1992) and Scripps (2010): sleep where a weighted sum of neighbouring minutes stays under 1."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import UsageError
from clarity_desktop.sleep.scoring.counts import (
    Counts,
    KnownCounts,
    Rule,
    in_stretches,
    needs_minutes,
    needs_sub_minute,
)
from clarity_desktop.sleep.states import States

__all__ = ["COLE_KRIPKE_UNITS", "cole_kripke", "cole_kripke_rule", "scripps", "scripps_rule"]

COLE_KRIPKE_UNITS: Final = ("per_2s", "actigraph", "per_10s")
"""How the minute's count becomes the paper's activity: count/30, min(count/100, 300), count/6."""

_SUB_MINUTE: Final = ("max_30s", "max_10s")
_COLE_KRIPKE = 0.001 * np.array([106.0, 54.0, 58.0, 76.0, 230.0, 74.0, 67.0])
# Two short kernels are an order of magnitude faster than one of 13 taps.
_SCRIPPS_BEFORE = 0.204 * np.array([0.0064, 0.0074, 0.0112, 0.0112, 0.0118, 0.0118, 0.0128])
_SCRIPPS_AFTER = 0.204 * np.array([0.0188, 0.0280, 0.0664, 0.0300, 0.0112, 0.0100])


def weighted_sum(values: NDArray[np.float64], weights: NDArray[np.float64], before: int) -> NDArray[np.float64]:
    """Σ w_k·A_{i−before+k} for each epoch, zeros beyond both ends; shape (N,)."""
    after = weights.size - 1 - before
    padded = np.concatenate((np.zeros(max(before, 0)), values, np.zeros(max(after, 0))))
    if before < 0:
        padded = padded[-before:]
    if after < 0:
        padded = padded[:after]
    return np.correlate(padded, weights, mode="valid")


def cole_kripke(counts: Counts, *, step_s: int = 60, unit: str = "per_2s") -> States:
    """Sleep and wake by Cole, Kripke et al. 1992 (Sleep 15:461), weights for the mean activity of a minute.

    Parameters
    ----------
    counts:
        Counts per minute, shape (N,), NaN where missing.
    step_s:
        Epoch length in seconds; 60 is the only one accepted.
    unit:
        One of :data:`COLE_KRIPKE_UNITS`. The result depends on it, and no unit is right for every device.

    Raises
    ------
    InputError
        ``sleep.epoch_length``; ``sleep.needs_sub_minute`` for the variants on 10-s and 30-s maxima.
    UsageError
        ``sleep.unit`` for an unknown unit.
    """
    if unit in _SUB_MINUTE:
        raise needs_sub_minute("Cole–Kripke", unit)
    needs_minutes("Cole–Kripke", step_s)
    if unit not in COLE_KRIPKE_UNITS:
        raise UsageError(
            "sleep.unit",
            f"“{unit}” is not a unit that Cole–Kripke scoring knows.",
            remedy="Use one of: " + ", ".join(COLE_KRIPKE_UNITS) + ".",
        )

    return in_stretches(counts, 4, cole_kripke_rule(unit))[0]


def cole_kripke_rule(unit: str = "per_2s") -> Rule:
    """The rule of one unit of activity, one of :data:`COLE_KRIPKE_UNITS`."""

    def rule(counts: KnownCounts) -> NDArray[np.bool_]:
        if unit == "actigraph":
            activity = np.minimum(counts.values / 100.0, 300.0)
        else:
            activity = counts.values / (30.0 if unit == "per_2s" else 6.0)
        return np.asarray(weighted_sum(activity, _COLE_KRIPKE, 4) < 1.0)

    return rule


def scripps(counts: Counts, *, step_s: int = 60) -> States:
    """Sleep and wake by Kripke et al. 2010 (J Sleep Res 19:612), trained on Actillume counts per minute.

    Raises
    ------
    InputError
        ``sleep.epoch_length`` unless ``step_s`` is 60.
    """
    needs_minutes("Scripps", step_s)
    return in_stretches(counts, 10, scripps_rule)[0]


def scripps_rule(counts: KnownCounts) -> NDArray[np.bool_]:
    """Where the weighted sum stays under 1."""
    values = counts.values
    score = weighted_sum(values, _SCRIPPS_BEFORE, 10) + weighted_sum(values, _SCRIPPS_AFTER, 3)
    return np.asarray(score < 1.0)
