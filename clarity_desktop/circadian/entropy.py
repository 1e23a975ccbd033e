"""Multiscale entropy of activity: how unpredictable it is at scales from one to twenty minutes (RH-24).

Costa et al. 2002, Phys Rev Lett 89:068102; sample entropy after Richman & Moorman 2000. The work grows with the square
of the length, so the record is cut into stretches of four days, of which the latest seven count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.domain.findings import METRICS, Metric

__all__ = ["SCALES", "MultiscaleEntropy", "matches", "multiscale_entropy"]

ENTROPY = METRICS.declare(
    Metric("entropy_index", "Multiscale entropy, 1 to 20 min", "", 1, "complexity", "Costa 2002", "RH-24", minimum=4)
)

SCALES: Final = tuple(range(1, 21))
"""Minutes that are averaged to one value."""
TOLERANCE: Final = 0.2
"""Two values match within this share of the record's standard deviation, the same at every scale."""
STRETCH_MIN: Final = 4 * 1440
MOST_STRETCHES: Final = 7
MOST_MISSING: Final = 0.10
_M: Final = 2


@dataclass(frozen=True, slots=True)
class MultiscaleEntropy:
    """Sample entropy by scale."""

    entropy: NDArray[np.float64]
    """Of each of :data:`SCALES`, shape (20,)."""
    index: float
    """Their sum."""
    stretches: int
    """Stretches of four days that count."""


def matches(value: NDArray[np.float64], tolerance: float) -> tuple[int, int]:
    """Pairs of runs of two, and of three, successive values that match within the tolerance; NaN matches nothing.

    Parameters
    ----------
    value:
        Shape (n,).
    tolerance:
        Greatest distance of matching values.
    """
    two = three = 0
    for lag in range(1, value.size - _M):
        near = np.abs(value[lag:] - value[:-lag]) <= tolerance
        pairs = near[:-2] & near[1:-1]
        two += int(np.count_nonzero(pairs))
        three += int(np.count_nonzero(pairs & near[2:]))
    return two, three


def multiscale_entropy(recording: PreparedRecording) -> MultiscaleEntropy | None:
    """Sample entropy (m = 2, r = 0.2 SD) of means over 1 to 20 minutes, matches of all stretches added up.

    ``None`` without a stretch of four days of which at most a tenth is missing or not worn, for a constant, or when
    runs of three never match at some scale. A mean needs half of its minutes.
    """
    size = len(recording.epochs)
    stops = range(size, STRETCH_MIN - 1, -STRETCH_MIN)
    spans = [slice(stop - STRETCH_MIN, stop) for stop in stops]
    kept = [span for span in spans if recording.valid[span].mean() >= 1 - MOST_MISSING][:MOST_STRETCHES]
    if not kept:
        return None
    stretches = [
        np.where(recording.valid[span], recording.epochs.values[span].astype(np.float64), np.nan) for span in kept
    ]
    spread = float(np.nanstd(np.concatenate(stretches)))
    if spread == 0:
        return None
    entropy: NDArray[np.float64] = np.empty(len(SCALES))
    for place, scale in enumerate(SCALES):
        # A hair above the tolerance, or equal counts would match or not by rounding.
        found = [matches(_coarse(stretch, scale), TOLERANCE * spread * (1 + 1e-9)) for stretch in stretches]
        two, three = sum(pair[0] for pair in found), sum(pair[1] for pair in found)
        if not three:
            return None
        entropy[place] = math.log(two / three)
    return MultiscaleEntropy(entropy, float(entropy.sum()), len(kept))


def _coarse(value: NDArray[np.float64], scale: int) -> NDArray[np.float64]:
    """Means of successive runs of ``scale`` values, NaN where fewer than half are there."""
    rows = value[: value.size // scale * scale].reshape(-1, scale)
    there = np.isfinite(rows)
    number = there.sum(axis=1)
    total = np.where(there, rows, 0.0).sum(axis=1)
    mean: NDArray[np.float64] = np.full(number.size, np.nan)
    np.divide(total, number, out=mean, where=(2 * number >= scale) & (number > 0))
    return mean
