"""Change over time of daily or nightly values: rolling windows, slope, change points, before and after (RH-64)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.analysis.findings.uncertainty import REPLICATES, Interval, interval_of

__all__ = [
    "BeforeAfter",
    "Rolling",
    "Trend",
    "before_after",
    "change_points",
    "rolling_mean",
    "trend_of",
]

LEAST_DAYS: Final = 7
"""Least valid days of a segment, and of each side of a comparison."""
_BLOCK_DAYS: Final = 3
_MOST_SEGMENTS: Final = 12
_MOST_DAYS: Final = 1500


@dataclass(frozen=True, slots=True)
class Rolling:
    """Means of windows that end on each day; arrays of shape (D,)."""

    day: NDArray[np.int64]
    mean: NDArray[np.float64]
    """NaN where fewer than half of the window's days have a value."""
    n: NDArray[np.int64]
    """Days with a value in the window."""


@dataclass(frozen=True, slots=True)
class Trend:
    """Slope over the window, free of outliers, and whether it differs from none."""

    slope_per_day: float
    """Theil–Sen: median of the slopes of all pairs."""
    p: float
    """Two-sided Mann–Kendall. Values of successive days resemble each other, so p is too small."""
    n: int
    autocorrelation: float | None = None
    """Of what the line leaves over, from one day to the next; ``None`` without seven pairs of successive days."""
    p_adjusted: float = 1.0
    """p with the variance widened by that autocorrelation (Yue & Wang 2004); never below ``p``."""
    interval: Interval | None = None
    """95 % interval of the slope (Sen 1968), widened likewise."""

    @property
    def remark(self) -> str:
        """What must stand beside p."""
        if self.autocorrelation is None:
            return "Successive days may resemble each other; p is then too small."
        return (
            f"Successive days correlate by {self.autocorrelation:.2f} beside the trend; "
            f"allowing for it, p is {self.p_adjusted:.3f}."
        )


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """Two stretches compared: after minus before."""

    difference: float
    interval: Interval | None
    """95 %, by blocks of successive values drawn within each side: three, or the cube root of their number."""
    hedges_g: float | None
    n_before: int
    n_after: int
    insufficient: str | None = None


def _gridded(day: NDArray[np.int64], value: NDArray[np.float64]) -> tuple[int, NDArray[np.float64]]:
    first = int(day.min())
    grid = np.full(int(day.max()) - first + 1, np.nan)
    grid[day - first] = value
    return first, grid


def rolling_mean(day: NDArray[np.int64], value: NDArray[np.float64], window: int) -> Rolling:
    """Means over the last ``window`` days (7, 14 or 28), stepping one day; gaps stay gaps.

    Parameters
    ----------
    day:
        Local days, each at most once, shape (K,).
    value:
        Values of these days, NaN where there is none.
    window:
        Days.
    """
    if day.size == 0:
        empty = np.empty(0, np.int64)
        return Rolling(empty, np.empty(0), empty)
    first, grid = _gridded(day, value)
    present = np.isfinite(grid)
    total = np.concatenate((np.zeros(window), np.cumsum(np.where(present, grid, 0.0))))
    count = np.concatenate((np.zeros(window, np.int64), np.cumsum(present)))
    n = count[window:] - count[:-window]
    mean: NDArray[np.float64] = np.full(grid.size, np.nan)
    np.divide(total[window:] - total[:-window], n, out=mean, where=2 * n >= window)
    return Rolling(first + np.arange(grid.size, dtype=np.int64), mean, n.astype(np.int64))


def trend_of(day: NDArray[np.int64], value: NDArray[np.float64]) -> Trend | None:
    """Theil–Sen slope (Sen 1968) with Mann–Kendall p; ``None`` below seven values.

    The latest 1500 values count, so that the number of pairs stays bounded.
    """
    known = np.isfinite(value)
    order = np.argsort(day[known], kind="stable")[-_MOST_DAYS:]
    x, y = day[known][order].astype(np.float64), value[known][order]
    n = int(x.size)
    if n < LEAST_DAYS:
        return None
    i, j = np.triu_indices(n, 1)
    run = x[j] - x[i]
    rise = y[j] - y[i]
    s = float(np.sign(rise).sum())
    _, ties = np.unique(y, return_counts=True)
    variance = (n * (n - 1) * (2 * n + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18
    slopes = np.sort(rise[run > 0] / run[run > 0])
    slope = float(np.median(slopes))
    correlation = _successive_correlation(x, y - slope * x)
    widened = variance * _widening(correlation, n)
    # Sen's interval: as many ordered slopes off the middle as the test statistic would stray by chance.
    off = 1.96 * math.sqrt(widened)
    low = max(math.floor((slopes.size - off) / 2) - 1, 0)
    high = min(math.ceil((slopes.size + off) / 2), slopes.size - 1)
    return Trend(
        slope,
        _kendall_p(s, variance),
        n,
        correlation,
        _kendall_p(s, widened),
        (float(slopes[low]), float(slopes[high])),
    )


def _kendall_p(s: float, variance: float) -> float:
    z = (abs(s) - 1) / math.sqrt(variance) if variance > 0 and s else 0.0
    return math.erfc(z / math.sqrt(2))


def _successive_correlation(day: NDArray[np.float64], rest: NDArray[np.float64]) -> float | None:
    """Correlation of values of successive days; ``None`` with fewer than seven pairs or without spread."""
    away = rest - rest.mean()
    next_day = np.diff(day) == 1
    spread = float(np.mean(away * away))
    if np.count_nonzero(next_day) < LEAST_DAYS or spread <= 0:
        return None
    return float(np.clip(np.mean((away[1:] * away[:-1])[next_day]) / spread, -1.0, 1.0))


def _widening(correlation: float | None, n: int) -> float:
    """Factor on the variance of Kendall's S for a first-order autoregression; at least 1."""
    if correlation is None or correlation <= 0:
        return 1.0
    lag = np.arange(1, n)
    return float(1 + 2 * np.sum((1 - lag / n) * min(correlation, 0.99) ** lag))


def _robust_correlation(value: NDArray[np.float64]) -> float:
    """Lag-one autocorrelation that breaks of the level do not move (Chakar et al. 2017), 0…0.9."""
    if value.size < 2 * LEAST_DAYS:
        return 0.0
    near = float(np.median(np.abs(value[1:] - value[:-1])))
    far = float(np.median(np.abs(value[2:] - value[:-2])))
    return float(np.clip((far / near) ** 2 - 1, 0.0, 0.9)) if near > 0 else 0.0


def change_points(value: NDArray[np.float64], *, least: int = LEAST_DAYS) -> tuple[int, ...]:
    """Places at which the level changes, by least squares with the Bayesian information criterion.

    Values of successive days resemble each other, and a slow swing would be taken for levels. So the autocorrelation is
    estimated in a way that breaks do not disturb, and segments are sought in what it does not explain (Chakar et al.
    2017, Bernoulli 23:1408); each place is then set to the day that fits the values themselves best.

    Parameters
    ----------
    value:
        Values in order of day without NaN, shape (K,); the latest 1500 count.
    least:
        Least values of a segment.

    Returns
    -------
    Indices at which a new segment begins; ``()`` when one level serves as well.
    """
    skipped = max(0, value.size - _MOST_DAYS)
    y = value[skipped:] - (value.mean() if value.size else 0.0)
    rho = _robust_correlation(y)
    if rho == 0:
        return tuple(skipped + place for place in _segments(y, least))
    places = [place + 1 for place in _segments(y[1:] - rho * y[:-1], least)]
    return tuple(skipped + place for place in _settled(y, places, least))


def _settled(y: NDArray[np.float64], places: list[int], least: int) -> list[int]:
    """Each place moved by a day at most to where the values' own sum of squares is least."""
    bounds = [0, *places, y.size]
    for index in range(1, len(bounds) - 1):
        before, after = bounds[index - 1], bounds[index + 1]

        def rest(place: int, before: int = before, after: int = after) -> float:
            left, right = y[before:place], y[place:after]
            return float(left.var() * left.size + right.var() * right.size)

        near = [
            place
            for place in (bounds[index], bounds[index] - 1, bounds[index] + 1)
            if place - before >= least and after - place >= least
        ]
        bounds[index] = min(near, key=rest, default=bounds[index])
    return bounds[1:-1]


def _segments(y: NDArray[np.float64], least: int) -> list[int]:
    """Starts of the segments after the first: exact for each number of segments, the number by the criterion."""
    n = y.size
    if n < 2 * least or float(y @ y) == 0:
        return []
    total = np.concatenate(([0.0], np.cumsum(y)))
    square = np.concatenate(([0.0], np.cumsum(y * y)))
    start, stop = np.arange(n + 1)[:, None], np.arange(n + 1)[None, :]
    length = stop - start
    cost = np.full((n + 1, n + 1), np.inf)
    fits = length >= least
    sums = total[None, :] - total[:, None]
    np.subtract(square[None, :] - square[:, None], sums**2 / np.maximum(length, 1), out=cost, where=fits)
    best = cost[0].copy()
    origins: list[NDArray[np.int64]] = []
    floor = 1e-12 * float(y @ y)
    criteria = [_criterion(float(best[n]), n, 1, floor)]
    for segments in range(2, min(_MOST_SEGMENTS, n // least) + 1):
        candidates = best[:, None] + cost
        origin = candidates.argmin(axis=0)
        best = np.take_along_axis(candidates, origin[None, :], axis=0)[0]
        origins.append(origin)
        criteria.append(_criterion(float(best[n]), n, segments, floor))
    chosen = int(np.argmin(criteria))
    places: list[int] = []
    at = n
    for origin in reversed(origins[:chosen]):
        at = int(origin[at])
        places.append(at)
    return places[::-1]


def _criterion(rss: float, n: int, segments: int, floor: float) -> float:
    """BIC of a piecewise constant level: as many levels as segments, the breaks between them, one variance."""
    return n * math.log(max(rss, floor) / n) + 2 * segments * math.log(n)


def _block_means(value: NDArray[np.float64], random: np.random.Generator, replicates: int) -> NDArray[np.float64]:
    """Means of replicates of moving blocks, shape (replicates,)."""
    size = value.size
    block = min(max(_BLOCK_DAYS, round(size ** (1 / 3))), size)
    blocks = -(-size // block)
    first = random.integers(0, size - block + 1, size=(replicates, blocks))
    drawn = (first[:, :, None] + np.arange(block)).reshape(replicates, -1)[:, :size]
    return np.asarray(value[drawn].mean(axis=1), dtype=np.float64)


def before_after(
    day: NDArray[np.int64],
    value: NDArray[np.float64],
    change_day: int,
    random: np.random.Generator,
    *,
    washout_days: int = 0,
    replicates: int = REPLICATES,
) -> BeforeAfter | None:
    """Difference of the means after and before a day, with interval and Hedges' g.

    Parameters
    ----------
    day, value:
        Local days and values, NaN where there is none, shape (K,).
    change_day:
        First local day of the second stretch.
    random:
        Generator for the blocks.
    washout_days:
        Days from ``change_day`` on that count to neither side.

    Returns
    -------
    The comparison, with ``insufficient`` when a side has fewer than seven values; ``None`` when a side has none.
    """
    order = np.argsort(day, kind="stable")
    known = order[np.isfinite(value[order])]
    before = value[known][day[known] < change_day]
    after = value[known][day[known] >= change_day + washout_days]
    if before.size == 0 or after.size == 0:
        return None
    difference = float(after.mean() - before.mean())
    sizes = (int(before.size), int(after.size))
    if min(sizes) < LEAST_DAYS:
        reason = f"Needs {LEAST_DAYS} valid days on each side, has {sizes[0]} and {sizes[1]}."
        return BeforeAfter(difference, None, None, *sizes, insufficient=reason)
    spread = _block_means(after, random, replicates) - _block_means(before, random, replicates)
    freedom = before.size + after.size - 2
    pooled = math.sqrt(
        ((before.size - 1) * float(before.var(ddof=1)) + (after.size - 1) * float(after.var(ddof=1))) / freedom
    )
    effect = difference / pooled * (1 - 3 / (4 * freedom - 1)) if pooled > 0 else None
    return BeforeAfter(difference, interval_of(spread), effect, *sizes)
