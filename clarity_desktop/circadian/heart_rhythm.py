"""The daily rhythm of heart rate: cosinor of 5-minute means, plain and adjusted for steps (RH-56).

Cosinor after Nelson et al. 1979, Chronobiologia 6:305. The adjusted form adds one slope on the steps of the same five
minutes, so that a walk at noon is not read as a rhythm of the heart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.findings import METRICS, Metric
from clarity_desktop.domain.time import DAY_S

__all__ = [
    "BIN_S",
    "DaySums",
    "HeartBins",
    "LEAST_EIGENVALUE",
    "HeartCosinor",
    "cosinor_of_sums",
    "day_sums",
    "heart_bins",
    "heart_cosinor",
]

BIN_S: Final = 300
"""Length of a bin in seconds."""
LEAST_EIGENVALUE: Final = 0.01
"""Of the correlation of the regressors; below it the hours covered are too few to hold a cosine (about six hours)."""
_LEAST_BINS: Final = 96
_LEAST_QUARTER: Final = 12
_NELSON: Final = "Nelson 1979"
_HOURS_PER_RADIAN: Final = 24 / (2 * math.pi)


def _declare(name: str, title: str, unit: str, decimals: int, *, clock: bool = False) -> Metric:
    return METRICS.declare(Metric(name, title, unit, decimals, "heart", _NELSON, "RH-56", minimum=3, clock_hour=clock))


HR_MESOR = _declare("hr_mesor", "Mesor of heart rate", "1/min", 1)
HR_AMPLITUDE = _declare("hr_amplitude", "Amplitude of heart rate", "1/min", 1)
HR_ACROPHASE = _declare("hr_acrophase_h", "Acrophase of heart rate", "h", 2, clock=True)
HR_ADJUSTED_AMPLITUDE = _declare("hr_adjusted_amplitude", "Amplitude of heart rate, adjusted for steps", "1/min", 1)
HR_ADJUSTED_ACROPHASE = _declare(
    "hr_adjusted_acrophase_h", "Acrophase of heart rate, adjusted for steps", "h", 2, clock=True
)


@dataclass(frozen=True, slots=True)
class HeartBins:
    """Heart rate and steps of five minutes each, in UTC order without padding; all arrays of shape (B,)."""

    start: NDArray[np.int64]
    """UTC seconds."""
    hour: NDArray[np.float64]
    """Local clock hour of the middle, 0…24."""
    day: NDArray[np.int64]
    """Local day of the middle, days since 1970-01-01."""
    rate: NDArray[np.float64]
    """Beats a minute, NaN where there is none."""
    steps: NDArray[np.float64] | None
    """Steps a minute, NaN where nothing is known; ``None`` where no steps were recorded at all."""

    @property
    def days(self) -> NDArray[np.int64]:
        """Local days with at least 8 h of bins with a rate, one hour of them in each quarter of the clock day."""
        known = np.isfinite(self.rate)
        if not known.any():
            return np.empty(0, np.int64)
        first = int(self.day.min())
        quarter = (self.day[known] - first) * 4 + np.minimum(self.hour[known] // 6, 3).astype(np.int64)
        count = np.bincount(quarter, minlength=4 * (int(self.day.max()) - first + 1)).reshape(-1, 4)
        enough = (count.sum(axis=1) >= _LEAST_BINS) & (count >= _LEAST_QUARTER).all(axis=1)
        return np.asarray(first + np.flatnonzero(enough), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class HeartCosinor:
    """rate = M + A cos(2π(t − φ)/24) [+ d·steps], t the local clock hour of the middle of each bin."""

    mesor: float
    """Beats a minute; with steps in the fit, the level at rest."""
    amplitude: float
    acrophase_h: float
    """Clock hour of the highest rate, 0…24."""
    trough_h: float
    """Clock hour of the lowest rate."""
    per_step: float | None
    """Beats a minute for each step a minute; ``None`` in the plain fit."""
    n: int
    """Bins in the fit."""


@dataclass(frozen=True, slots=True)
class DaySums:
    """Normal equations of each local day, so that any set of days is fitted by adding them."""

    day: NDArray[np.int64]
    """Shape (D,)."""
    gram: NDArray[np.float64]
    """XᵀX, shape (D, k, k); k is 3, or 4 with steps."""
    right: NDArray[np.float64]
    """Xᵀy, shape (D, k)."""
    count: NDArray[np.int64]
    """Bins of each day, shape (D,)."""


def heart_bins(rate: Epochs, steps: Epochs | None = None) -> HeartBins:
    """Bins of five minutes from heart rate and steps on the same grid.

    Parameters
    ----------
    rate:
        Mean heart rate of each five minutes.
    steps:
        Steps of each five minutes (sums). Where the device was worn and counted nothing the value must be 0.

    Raises
    ------
    UsageError
        ``heart.grid`` when the epochs are not five minutes long or the grids differ.
    """
    if rate.step_s != BIN_S or (steps is not None and (steps.start, len(steps)) != (rate.start, len(rate))):
        raise UsageError(
            "heart.grid",
            "The rhythm of heart rate is made from bins of five minutes.",
            remedy="Read heart rate and steps with an epoch of 300 seconds.",
            detail=f"step_s={rate.step_s}",
        )
    middle = rate.zone.local_seconds(rate.times + BIN_S // 2)
    walked = None
    if steps is not None:
        walked = np.where(steps.valid, steps.values.astype(np.float64) * 60 / BIN_S, np.nan)
    return HeartBins(
        rate.times,
        np.asarray(middle % DAY_S / 3600, dtype=np.float64),
        np.asarray(middle // DAY_S, dtype=np.int64),
        np.where(rate.valid, rate.values.astype(np.float64), np.nan),
        walked,
    )


def _design(bins: HeartBins, *, adjusted: bool) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Columns 1, cosine, sine and steps of the usable bins, shape (n, k), and which bins those are."""
    usable = np.isfinite(bins.rate)
    steps = bins.steps
    if adjusted and steps is not None:
        usable &= np.isfinite(steps)
    angle = bins.hour[usable] / _HOURS_PER_RADIAN
    columns = [np.ones(angle.size), np.cos(angle), np.sin(angle)]
    if adjusted and steps is not None:
        columns.append(steps[usable])
    return np.stack(columns, axis=1), usable


def day_sums(bins: HeartBins, *, adjusted: bool = False) -> DaySums | None:
    """Normal equations by local day; ``None`` when steps are asked for and there are none."""
    if adjusted and bins.steps is None:
        return None
    design, usable = _design(bins, adjusted=adjusted)
    day, count = np.unique(bins.day[usable], return_counts=True)
    if not day.size:
        k = design.shape[1]
        return DaySums(day, np.empty((0, k, k)), np.empty((0, k)), count)
    order = np.argsort(bins.day[usable], kind="stable")
    design, rate = design[order], bins.rate[usable][order]
    edges = np.concatenate(([0], np.cumsum(count)[:-1]))
    gram = np.add.reduceat(design[:, :, None] * design[:, None, :], edges, axis=0)
    right = np.add.reduceat(design * rate[:, None], edges, axis=0)
    return DaySums(day, gram, right, count)


def cosinor_of_sums(gram: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mesor, amplitude, acrophase in hours and slope on steps of many fits at once.

    Parameters
    ----------
    gram, right:
        Sums over days, shapes (R, k, k) and (R, k).

    Returns
    -------
    Shape (R, 4); rows of NaN where the clock hours do not determine a cosine. The slope is NaN without steps.
    """
    found = np.full((gram.shape[0], 4), np.nan)
    solvable = np.zeros(gram.shape[0], dtype=np.bool_)
    scale = np.sqrt(np.einsum("rii->ri", gram))
    some = (scale > 0).all(axis=1)
    # Columns of unit length, or the size of the steps would decide what counts as singular.
    unit = gram[some] / (scale[some][:, :, None] * scale[some][:, None, :])
    solvable[some] = np.linalg.eigvalsh(unit)[:, 0] > LEAST_EIGENVALUE if some.any() else False
    if not solvable.any():
        return found
    solved = np.linalg.solve(gram[solvable], right[solvable][:, :, None])[:, :, 0]
    found[solvable, 0] = solved[:, 0]
    found[solvable, 1] = np.hypot(solved[:, 1], solved[:, 2])
    found[solvable, 2] = np.arctan2(solved[:, 2], solved[:, 1]) * _HOURS_PER_RADIAN % 24 % 24
    if gram.shape[1] == 4:
        found[solvable, 3] = solved[:, 3]
    return found


def heart_cosinor(bins: HeartBins, *, adjusted: bool = False) -> HeartCosinor | None:
    """Cosinor of heart rate; ``None`` when there is nothing to fit, or no steps to adjust for.

    Parameters
    ----------
    bins:
        From :func:`heart_bins`.
    adjusted:
        Whether the steps of the same five minutes enter as a second cause. Needs some steps: a column of zeros says
        nothing.
    """
    sums = day_sums(bins, adjusted=adjusted)
    if sums is None or not sums.day.size:
        return None
    mesor, amplitude, acrophase, slope = (
        float(value) for value in cosinor_of_sums(sums.gram.sum(axis=0)[None], sums.right.sum(axis=0)[None])[0]
    )
    if not math.isfinite(mesor):
        return None
    per_step = slope if adjusted else None
    return HeartCosinor(mesor, amplitude, acrophase, (acrophase + 12) % 24, per_step, int(sums.count.sum()))
