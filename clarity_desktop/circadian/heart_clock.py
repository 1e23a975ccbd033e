"""When heart rate is lowest by its own rhythm: the model of Bowman 2021, fitted by generalized least squares (RH-57).

rate = a − b cos(2π(t − c)/24) + d·steps + ε, with ε a first-order autoregression of coefficient k and innovation σ.
Bowman et al. 2021, Cell Rep Methods 1:100058 sample the six parameters; Kim et al. 2023, J R Soc Interface
20:20230030 replace sampling by least squares. Here a window of two days is linear in a, b cos, b sin and d once k is
given, so k alone is searched. A model estimate: neither melatonin onset nor a temperature minimum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.circadian.heart_rhythm import BIN_S, LEAST_EIGENVALUE, HeartBins
from clarity_desktop.domain.findings import METRICS, Metric

__all__ = ["HeartClock", "clock_of_window", "daily_clocks"]

HR_CLOCK = METRICS.declare(
    Metric(
        "hr_clock_h",
        "Time of lowest heart rate by its own rhythm, model estimate",
        "h",
        2,
        "model",
        "Bowman 2021; Kim 2023",
        "RH-57",
        minimum=3,
        clock_hour=True,
    )
)

WINDOW_DAYS: Final = 2
_LEAST_SHARE: Final = 0.5
_HOURS_PER_RADIAN: Final = 24 / (2 * math.pi)
_NOT_FLAT: Final = 5.991
"""95 % point of χ² with two degrees of freedom: below it no amplitude, hence no phase, can be told from none."""
_DRAWS: Final = 2000
_HIGHEST_K: Final = 0.995
_GOLDEN: Final = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True)
class HeartClock:
    """The six parameters of one window, with what is known of the phase."""

    day: int
    """Last local day of the window, days since 1970-01-01."""
    base: float
    """a, beats a minute."""
    amplitude: float
    """b, beats a minute."""
    lowest_h: float
    """c, local clock hour at which the rhythm is lowest, 0…24."""
    interval_h: tuple[float, float]
    """95 % interval of c given k; over midnight the first bound is the greater one."""
    half_width_h: float
    """Half the length of that interval."""
    per_step: float | None
    """d, beats a minute for each step a minute; ``None`` where nothing was walked."""
    autocorrelation: float
    """k, from one five minutes to the next."""
    innovation: float
    """σ, beats a minute."""
    n: int
    """Bins in the fit."""


@dataclass(frozen=True, slots=True)
class _Fit:
    coefficients: NDArray[np.float64]
    inverse: NDArray[np.float64]
    rss: float
    criterion: float


def _fit(columns: NDArray[np.float64], lag: NDArray[np.int64], k: float) -> _Fit:
    """Least squares after whitening; ``columns`` hold the design and, last, the rate, shape (n, p + 1).

    Missing bins lengthen the lag between neighbours: their errors correlate by k to the power of the lag.
    """
    rho = k ** lag.astype(np.float64)
    left = 1 - rho * rho
    white = columns.copy()
    white[1:] -= rho[:, None] * columns[:-1]
    white[1:] /= np.sqrt(left)[:, None]
    gram = white.T @ white
    inverse = np.linalg.inv(gram[:-1, :-1])
    coefficients = inverse @ gram[:-1, -1]
    rss = max(float(gram[-1, -1] - gram[:-1, -1] @ coefficients), 1e-12)
    n = columns.shape[0]
    return _Fit(coefficients, np.asarray(inverse), rss, n * math.log(rss / n) + float(np.log(left).sum()))


def _search(columns: NDArray[np.float64], lag: NDArray[np.int64]) -> tuple[float, _Fit]:
    """The k of greatest likelihood: a coarse grid, then golden section."""
    grid = np.append(np.arange(0.0, 0.95, 0.1), (0.95, 0.98, _HIGHEST_K))
    criteria = [_fit(columns, lag, float(k)).criterion for k in grid]
    best = int(np.argmin(criteria))
    low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, grid.size - 1)])
    inner, outer = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_inner, at_outer = _fit(columns, lag, inner), _fit(columns, lag, outer)
    while high - low > 1e-3:
        if at_inner.criterion <= at_outer.criterion:
            high, outer, at_outer = outer, inner, at_inner
            inner = high - _GOLDEN * (high - low)
            at_inner = _fit(columns, lag, inner)
        else:
            low, inner, at_inner = inner, outer, at_outer
            outer = low + _GOLDEN * (high - low)
            at_outer = _fit(columns, lag, outer)
    return (inner, at_inner) if at_inner.criterion <= at_outer.criterion else (outer, at_outer)


def clock_of_window(bins: HeartBins, first: int, stop: int) -> HeartClock | None:
    """The model fitted to bins ``[first, stop)``.

    ``None`` with fewer than half of the bins, with a clock that is not covered, or when the amplitude cannot be told
    from none (Wald test at 5 %), as then no phase is determined.
    """
    window = slice(first, stop)
    rate, hour = bins.rate[window], bins.hour[window]
    usable = np.isfinite(rate)
    steps = None if bins.steps is None else bins.steps[window]
    if steps is not None:
        usable &= np.isfinite(steps)
    n = int(np.count_nonzero(usable))
    if n < _LEAST_SHARE * max(stop - first, 1) or n < 12:
        return None
    angle = hour[usable] / _HOURS_PER_RADIAN
    columns = [np.ones(n), np.cos(angle), np.sin(angle)]
    walked = steps is not None and float(np.ptp(steps[usable])) > 0
    if steps is not None and walked:
        columns.append(steps[usable])
    columns.append(rate[usable])
    stacked = np.stack(columns, axis=1)
    size = np.sqrt(np.einsum("ij,ij->j", stacked[:, :-1], stacked[:, :-1]))
    unit = stacked[:, :-1] / size
    if np.linalg.eigvalsh(unit.T @ unit)[0] < LEAST_EIGENVALUE:
        return None
    lag = np.diff(bins.start[window][usable]) // BIN_S
    k, fit = _search(stacked, lag)
    variance = fit.rss / (n - stacked.shape[1] + 1)
    wave, spread = fit.coefficients[1:3], fit.inverse[1:3, 1:3] * variance
    if float(wave @ np.linalg.solve(spread, wave)) < _NOT_FLAT:
        return None
    lowest = math.atan2(-wave[1], -wave[0]) * _HOURS_PER_RADIAN % 24 % 24
    # The same draws for every window: equal data gives equal intervals.
    drawn = wave + np.random.default_rng(0).standard_normal((_DRAWS, 2)) @ np.linalg.cholesky(spread).T
    away = (np.arctan2(-drawn[:, 1], -drawn[:, 0]) * _HOURS_PER_RADIAN - lowest + 12) % 24 - 12
    low, high = (float(bound) for bound in np.percentile(away, (2.5, 97.5)))
    return HeartClock(
        day=int(bins.day[stop - 1]),
        base=float(fit.coefficients[0]),
        amplitude=float(np.hypot(*wave)),
        lowest_h=lowest,
        interval_h=((lowest + low) % 24 % 24, (lowest + high) % 24 % 24),
        half_width_h=(high - low) / 2,
        per_step=float(fit.coefficients[3]) if walked else None,
        autocorrelation=k,
        innovation=math.sqrt(variance * (1 - k * k)),
        n=n,
    )


def daily_clocks(bins: HeartBins) -> tuple[HeartClock, ...]:
    """The model on windows of two whole local days stepping one day; days without an estimate are left out.

    Windows are fitted one by one; no estimate serves as the next one's prior, so each rests on its own two days.
    """
    if not bins.day.size:
        return ()
    edges = np.flatnonzero(np.diff(bins.day)) + 1
    starts = np.concatenate(([0], edges))
    stops = np.concatenate((edges, [bins.day.size]))
    found: list[HeartClock] = []
    for index in range(WINDOW_DAYS - 1, starts.size):
        first, stop = int(starts[index - WINDOW_DAYS + 1]), int(stops[index])
        if int(bins.day[stop - 1]) - int(bins.day[first]) != WINDOW_DAYS - 1:
            continue
        clock = clock_of_window(bins, first, stop)
        if clock is not None:
            found.append(clock)
    return tuple(found)
