"""What every scorer asks of its input: counts on a regular grid, missing epochs as NaN, an epoch length it knows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import InputError
from clarity_desktop.sleep.states import SLEEP, UNKNOWN, WAKE, States

__all__ = ["Counts", "as_states", "needs_minutes", "needs_sub_minute", "without_gaps"]

Counts = NDArray[np.float32] | NDArray[np.float64]
"""Counts per epoch, shape (N,), NaN where missing."""


def without_gaps(counts: Counts) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Counts as float64 with 0 in missing epochs (a missing neighbour counts as 0), and the mask of those present."""
    values = np.asarray(counts, dtype=np.float64)
    present = np.isfinite(values)
    return np.where(present, values, 0.0), present


def as_states(asleep: NDArray[np.bool_], present: NDArray[np.bool_]) -> States:
    """Sleep where ``asleep``, wake elsewhere, unknown where the epoch is missing."""
    states = np.where(asleep, SLEEP, WAKE).astype(np.int8)
    states[~present] = UNKNOWN
    return states


def needs_minutes(scorer: str, step_s: int) -> None:
    """Raise when a scorer that was published for one-minute epochs is given another length.

    Raises
    ------
    InputError
        ``sleep.epoch_length``.
    """
    if step_s != 60:
        raise InputError(
            "sleep.epoch_length",
            f"{scorer} is defined for one-minute epochs; this recording has epochs of {step_s} s.",
            remedy="Analyse the recording with 60-second epochs.",
            detail=f"step_s={step_s}",
        )


def needs_sub_minute(scorer: str, variant: str) -> InputError:
    """The refusal of a variant that reads maxima within the minute, which counts per minute no longer hold."""
    return InputError(
        "sleep.needs_sub_minute",
        f"{scorer} with “{variant}” reads the busiest part of each minute, which counts per minute no longer hold.",
        remedy="Use a recording with epochs of 10 s or 30 s, or another variant.",
        detail=f"variant={variant}",
    )
