"""The average day as charts draw it: curves over the clock in bins wide enough to be read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.kinds import STEPS
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.time import DAY_S

__all__ = ["DayProfile", "profile_of", "profile_of_epochs"]

_COUNTS_MIN = 10
_STEPS_MIN = 30
"""Most minutes of a day hold no step, so that the median minute is 0 all day; half hours are not."""


@dataclass(frozen=True, slots=True)
class DayProfile:
    """Curves over the local clock, arrays of shape (1440 / bin_min,), NaN where no day has the bin."""

    bin_min: int
    median: NDArray[np.float64]
    lower: NDArray[np.float64]
    """25th percentile of the days."""
    upper: NDArray[np.float64]
    """75th percentile of the days."""
    days: NDArray[np.int64]
    """Days that have the bin."""
    of_bins: bool
    """Percentiles are those of each day's bin means, rather than means of those of minutes."""

    @property
    def hours(self) -> NDArray[np.float64]:
        """Middle of each bin, local hours."""
        return (np.arange(self.median.size) + 0.5) * self.bin_min / 60

    @property
    def words(self) -> str:
        """What the curves are, for the title line."""
        return f"median, 25–75 %, {self.bin_min}-min means" if self.of_bins else "median, 25–75 % of days"


def _means(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    parts = values.reshape(-1, width)
    known = np.isfinite(parts)
    count = known.sum(axis=1)
    total = np.where(known, parts, 0.0).sum(axis=1)
    return np.asarray(np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0), dtype=np.float64)


def profile_of_epochs(epochs: Epochs, bin_min: int) -> DayProfile:
    """Percentiles over days of the mean of each bin of the local clock, worn epochs only.

    A day counts in a bin of which it has at least half. An hour that passed twice counts as one.
    """
    worn = epochs.valid & np.isfinite(epochs.values)
    times = epochs.start + epochs.step_s * np.flatnonzero(worn).astype(np.int64)
    bins = 1440 // bin_min
    if not times.size:
        nothing = np.full(bins, np.nan)
        return DayProfile(bin_min, nothing, nothing, nothing, np.zeros(bins, np.int64), of_bins=True)
    day, second = np.divmod(epochs.zone.local_seconds(times), DAY_S)
    day -= day.min()
    place = day * bins + second // (60 * bin_min)
    size = (int(day.max()) + 1) * bins
    total = np.bincount(place, weights=epochs.values[worn].astype(np.float64), minlength=size)
    count = np.bincount(place, minlength=size)
    means = np.full(size, np.nan)
    np.divide(total, count, out=means, where=2 * count * epochs.step_s >= 60 * bin_min)
    table = means.reshape(-1, bins)
    days = np.isfinite(table).sum(axis=0)
    curves = np.full((3, bins), np.nan)
    held = days > 0
    curves[:, held] = np.nanpercentile(table[:, held], (25, 50, 75), axis=0)
    return DayProfile(bin_min, curves[1], curves[0], curves[2], days.astype(np.int64), of_bins=True)


def profile_of(panel: Panel) -> DayProfile | None:
    """The curves of a panel, per epoch; ``None`` when it has no average day."""
    day = panel.average_day
    if day is None:
        return None
    if panel.signal == STEPS:
        return profile_of_epochs(panel.epochs, _STEPS_MIN)
    median, lower, upper = (_means(values, _COUNTS_MIN) for values in (day.median, day.lower, day.upper))
    return DayProfile(_COUNTS_MIN, median, lower, upper, day.n[::_COUNTS_MIN].astype(np.int64), of_bins=False)
