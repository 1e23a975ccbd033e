"""Heart rate over the night: resting rate, its lowest point, and how far it dips (RH-55)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.findings import METRICS, Metric
from clarity_desktop.domain.time import Instant

__all__ = ["DIP", "NADIR", "NADIR_HOUR", "RESTING", "NightHeartRate", "heart_rate_dip", "night_heart_rate"]

RESTING = METRICS.declare(
    Metric("resting_hr", "Resting heart rate", "1/min", 0, "heart", "RH-55", "RH-55", "nights", 3)
)
NADIR = METRICS.declare(
    Metric("hr_nadir", "Lowest heart rate of the night", "1/min", 0, "heart", "RH-55", "RH-55", "nights", 3)
)
NADIR_HOUR = METRICS.declare(
    Metric(
        "hr_nadir_h", "Time of the lowest heart rate", "h", 2, "heart", "RH-55", "RH-55", "nights", 3, clock_hour=True
    )
)
DIP = METRICS.declare(
    Metric("hr_dip_pct", "Dip of heart rate at night", "%", 1, "heart", "RH-55", "RH-55", "nights", 3)
)

_BLOCK_S: Final = 300
_LEAST_BLOCKS: Final = 12
_NADIR_BLOCKS: Final = 6
_PERCENTILE: Final = 5
_STILL_S: Final = 300


@dataclass(frozen=True, slots=True)
class NightHeartRate:
    """Heart rate of one main sleep."""

    resting: float
    """5th percentile of the 5-minute means, beats a minute."""
    mean: float
    """Mean of the 5-minute means."""
    nadir: float
    """Least 30-minute running mean."""
    nadir_at: Instant
    """Middle of that half hour, UTC seconds."""
    blocks: int
    """5-minute means it rests on."""


def _block_means(
    at: NDArray[np.int64], rate: NDArray[np.float64], start: Instant, stop: Instant
) -> NDArray[np.float64]:
    """Means of consecutive 5-minute blocks from ``start``; NaN where a block has no sample."""
    inside = (at >= start) & (at < stop) & np.isfinite(rate)
    block = (at[inside] - start) // _BLOCK_S
    blocks = -(-(stop - start) // _BLOCK_S)
    number = np.bincount(block, minlength=blocks)
    total = np.bincount(block, weights=rate[inside], minlength=blocks)
    means: NDArray[np.float64] = np.full(blocks, np.nan)
    np.divide(total, number, out=means, where=number > 0)
    return means


def night_heart_rate(
    at: NDArray[np.int64], rate: NDArray[np.float64], onset: Instant, offset: Instant
) -> NightHeartRate | None:
    """Heart rate of the sleep ``[onset, offset)``, or ``None`` with less than an hour of 5-minute means.

    Parameters
    ----------
    at, rate:
        UTC seconds and beats a minute of the samples of one source, shape (M,), sorted by time.
    onset, offset:
        Bounds of the main sleep, UTC seconds.
    """
    first, last = np.searchsorted(at, (onset, offset))
    means = _block_means(at[first:last], rate[first:last], onset, offset)
    present = np.isfinite(means)
    blocks = int(np.count_nonzero(present))
    if blocks < _LEAST_BLOCKS:
        return None
    filled = np.where(present, means, 0.0)
    total = np.concatenate(([0.0], np.cumsum(filled)))
    number = np.concatenate(([0], np.cumsum(present)))
    n = number[_NADIR_BLOCKS:] - number[:-_NADIR_BLOCKS]
    running = np.full(n.size, np.inf)
    # At least half of the half hour must hold a mean, or a single low block would be the nadir.
    np.divide(total[_NADIR_BLOCKS:] - total[:-_NADIR_BLOCKS], n, out=running, where=2 * n >= _NADIR_BLOCKS)
    lowest = int(running.argmin())
    nadir = float(running[lowest])
    if not np.isfinite(nadir):
        return None
    return NightHeartRate(
        float(np.percentile(means[present], _PERCENTILE)),
        float(means[present].mean()),
        nadir,
        onset + (lowest * _BLOCK_S + _NADIR_BLOCKS * _BLOCK_S // 2),
        blocks,
    )


def heart_rate_dip(
    at: NDArray[np.int64],
    rate: NDArray[np.float64],
    steps_at: NDArray[np.int64],
    asleep: NDArray[np.bool_],
    *,
    least: int = 1,
) -> float | None:
    """Dip in per cent: 100·(mean awake at rest − mean asleep) / mean awake at rest, or ``None`` without both.

    Parameters
    ----------
    at, rate:
        UTC seconds and beats a minute, shape (M,).
    steps_at:
        UTC seconds at which steps were taken, sorted; a sample within 5 minutes of one is not at rest.
    asleep:
        Whether each sample falls into sleep, shape (M,).
    least:
        Least samples awake at rest, and asleep.
    """
    finite = np.isfinite(rate)
    if steps_at.size:
        place = np.searchsorted(steps_at, at)
        before = steps_at[np.maximum(place - 1, 0)]
        after = steps_at[np.minimum(place, steps_at.size - 1)]
        still = np.minimum(np.abs(at - before), np.abs(after - at)) > _STILL_S
    else:
        still = np.ones(at.size, np.bool_)
    awake = finite & ~asleep & still
    sleeping = finite & asleep
    if min(np.count_nonzero(awake), np.count_nonzero(sleeping)) < max(least, 1):
        return None
    rest = float(rate[awake].mean())
    return 100 * (rest - float(rate[sleeping].mean())) / rest
