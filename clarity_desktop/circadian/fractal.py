"""Detrended fluctuation analysis with its crossover (RH-22, RH-23).

Peng et al. 1994, Phys Rev E 49:1685; for activity Hu et al. 2004, Physica A 337:307 and 2009, PNAS 106:2490.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.domain.findings import METRICS, Metric

__all__ = ["Crossover", "Fluctuation", "default_scales", "fluctuation", "redrawn"]


def _declare(name: str, title: str, unit: str, decimals: int, row: str = "RH-22") -> Metric:
    return METRICS.declare(Metric(name, title, unit, decimals, "circadian", "Peng 1994; Hu 2004, 2009", row, minimum=4))


ALPHA = _declare("dfa_alpha", "Fluctuation exponent", "", 2)
ALPHA_SHORT = _declare("dfa_alpha_10_90", "Fluctuation exponent, 10–90 min", "", 2)
ALPHA_LONG = _declare("dfa_alpha_120_600", "Fluctuation exponent, 120–600 min", "", 2)
CROSSOVER = _declare("dfa_crossover_min", "Crossover of the fluctuation", "min", 0, "RH-23")

_BLOCK = 10
_LEAST_SCALES = 4
_LEAST_GAIN = 0.05
# The walk inside a block is its start plus the running sum of ten deviations, so what a block needs of the walk is
# linear in the deviations: their sum, the mean of the running sum, its slope moment about the centre, and its spread.
_RUNNING = np.triu(np.ones((_BLOCK, _BLOCK)))
_LINEAR = np.column_stack((np.ones(_BLOCK), _RUNNING.mean(axis=1), _RUNNING @ (np.arange(_BLOCK) - (_BLOCK - 1) / 2)))
_CENTRED = _RUNNING - _RUNNING.mean(axis=1, keepdims=True)


@dataclass(frozen=True, slots=True)
class Crossover:
    """Two lines in log–log with a break."""

    n: int
    """Scale in minutes at which the second line begins."""
    alpha1: float
    alpha2: float
    present: bool
    """False when the best break lies at the edge of the range or two lines gain less than 5 % over one."""


@dataclass(frozen=True, slots=True)
class Fluctuation:
    """F(n) and its exponents: noise 0.5, 1/f 1.0, Brownian motion 1.5."""

    scales: tuple[int, ...]
    """Minutes."""
    log_f: tuple[float, ...]
    """Natural logarithm of F at each scale."""
    alpha: float | None
    alpha_10_90: float | None
    alpha_120_600: float | None
    crossover: Crossover | None


@lru_cache(maxsize=1)
def default_scales() -> tuple[int, ...]:
    """Ten times the distinct rounded values of 24 geometric steps from 1 to 144: 10…1440 min."""
    steps = np.unique(np.rint(np.geomspace(1, 144, 24)).astype(int))
    return tuple(int(step) * _BLOCK for step in steps)


class _Blocks:
    """Ten-minute blocks of the walk: mean, slope moment about the centre, and running inner sum of squares."""

    __slots__ = ("inner", "means", "moments")

    def __init__(self, deviations: NDArray[np.float64]) -> None:
        blocks = deviations.reshape(-1, _BLOCK)
        found = blocks @ _LINEAR
        start = np.cumsum(found[:, 0]) - found[:, 0]
        self.means: NDArray[np.float64] = start + found[:, 1]
        self.moments: NDArray[np.float64] = np.ascontiguousarray(found[:, 2])
        inside = blocks @ _CENTRED
        squares = np.einsum("ij,ij->i", inside, inside)
        self.inner: NDArray[np.float64] = np.concatenate(([0.0], np.cumsum(squares)))

    def residual(self, first: int, windows: int, k: int) -> float:
        """Sum of squared residuals from the line in each of ``windows`` windows of k blocks from block ``first`` on."""
        stop = first + windows * k
        between, slope, spread = self._lines(first, windows, k)
        flat = between.ravel()
        inner = float(self.inner[stop] - self.inner[first])
        return inner + _BLOCK * float(flat @ flat) - float(slope @ slope) / spread

    def residuals(self, first: int, windows: int, k: int) -> NDArray[np.float64]:
        """The same by window, shape (windows,)."""
        between, slope, spread = self._lines(first, windows, k)
        inner = np.diff(self.inner[first : first + windows * k + 1 : k])
        return np.asarray(inner + _BLOCK * (between * between).sum(axis=1) - slope * slope / spread)

    def _lines(self, first: int, windows: int, k: int) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """Means of blocks less the window's, slope moments, and by what a squared moment is divided."""
        stop = first + windows * k
        means = self.means[first:stop].reshape(windows, k)
        centres = _BLOCK * (np.arange(k) - (k - 1) / 2)
        both = means @ np.column_stack((np.full(k, 1 / k), _BLOCK * centres))
        between = means - both[:, :1]
        slope = both[:, 1] + self.moments[first:stop].reshape(windows, k) @ np.ones(k)
        n = k * _BLOCK
        return between, slope, n * (n * n - 1) / 12


def _log_fluctuations(deviations: NDArray[np.float64], scales: tuple[int, ...]) -> NDArray[np.float64]:
    n = deviations.size
    lead = n % _BLOCK
    forward = _Blocks(deviations[: n - lead])
    backward = forward if lead == 0 else _Blocks(deviations[lead:])
    blocks = n // _BLOCK
    result = np.full(len(scales), np.nan)
    for index, scale in enumerate(scales):
        k = scale // _BLOCK
        windows = blocks // k
        if windows == 0:
            continue
        ahead = forward.residual(0, windows, k)
        same = lead == 0 and blocks % k == 0
        behind = ahead if same else backward.residual(blocks - windows * k, windows, k)
        mean = (ahead + behind) / (2 * windows * scale)
        if mean > 0:
            result[index] = 0.5 * np.log(mean)
    return result


def redrawn(
    recording: PreparedRecording, block_min: int, weight: NDArray[np.float64], scales: tuple[int, ...] | None = None
) -> list[Fluctuation]:
    """Fluctuations of replicates in which whole blocks of time are drawn, each with the windows whose middle it holds.

    The walk stays as it is: only the squared residuals of its windows are averaged with other weights.

    Parameters
    ----------
    block_min:
        Length of a block in minutes, counted from the first epoch; an incomplete last block is left out.
    weight:
        How often each block is drawn, shape (replicates, blocks).
    """
    scales = scales or default_scales()
    n = recording.deviations.size
    lead = n % _BLOCK
    forward = _Blocks(recording.deviations[: n - lead])
    backward = forward if lead == 0 else _Blocks(recording.deviations[lead:])
    log_f = np.full((weight.shape[0], len(scales)), np.nan)
    for index, scale in enumerate(scales):
        k = scale // _BLOCK
        windows = n // scale
        if windows == 0:
            continue
        behind = n // _BLOCK - windows * k
        squares = np.concatenate((forward.residuals(0, windows, k), backward.residuals(behind, windows, k)))
        begins = np.arange(windows) * scale
        middle = np.concatenate((begins, begins + n - windows * scale)) + scale // 2
        place = middle // block_min
        inside = place < weight.shape[1]
        total = weight @ np.bincount(place[inside], squares[inside], weight.shape[1])
        number = weight @ np.bincount(place[inside], minlength=weight.shape[1])
        mean = np.divide(total, number * scale, out=np.zeros(number.size), where=number > 0)
        some = mean > 0
        log_f[some, index] = 0.5 * np.log(mean[some])
    return [_exponents(row, scales) for row in log_f]


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and residual sum of squares of the least-squares line."""
    dx, dy = x - x.mean(), y - y.mean()
    slope = float(dx @ dy) / float(dx @ dx)
    residual = dy - slope * dx
    return slope, float(residual @ residual)


def _slope_between(log_n: NDArray[np.float64], log_f: NDArray[np.float64], low: int, high: int) -> float | None:
    n = np.exp(log_n)
    inside = (n >= low - 0.5) & (n <= high + 0.5) & np.isfinite(log_f)
    return _line(log_n[inside], log_f[inside])[0] if np.count_nonzero(inside) >= 2 else None


def _crossover(scales: NDArray[np.int64], log_f: NDArray[np.float64]) -> Crossover | None:
    if scales.size < 2 * _LEAST_SCALES:
        return None
    x = np.log(scales)
    breaks = range(_LEAST_SCALES, scales.size - _LEAST_SCALES + 1)
    fits = [(_line(x[:at], log_f[:at]), _line(x[at:], log_f[at:])) for at in breaks]
    errors = [left[1] + right[1] for left, right in fits]
    best = int(np.argmin(errors))
    whole = _line(x, log_f)[1]
    inside = 0 < best < len(errors) - 1
    gains = whole > 0 and (whole - errors[best]) / whole >= _LEAST_GAIN
    (alpha1, _), (alpha2, _) = fits[best]
    return Crossover(int(scales[breaks[best]]), alpha1, alpha2, inside and gains)


def fluctuation(recording: PreparedRecording, scales: tuple[int, ...] | None = None) -> Fluctuation | None:
    """Detrended fluctuation analysis of order 1 in UTC order; missing epochs add nothing to the walk.

    Parameters
    ----------
    recording:
        One-minute epochs.
    scales:
        Window lengths in minutes, multiples of 10, rising.

    Raises
    ------
    ValueError
        When a scale is not a multiple of 10.
    """
    scales = scales or default_scales()
    if any(scale % _BLOCK or scale <= 0 for scale in scales):
        raise ValueError("scales must be multiples of 10 minutes")
    if not recording.n_valid or recording.sum_of_squares == 0:
        return None
    return _exponents(_log_fluctuations(recording.deviations, scales), scales)


def _exponents(log_f: NDArray[np.float64], scales: tuple[int, ...]) -> Fluctuation:
    usable = np.isfinite(log_f)
    log_n = np.log(np.array(scales, dtype=np.float64))
    return Fluctuation(
        scales=scales,
        log_f=tuple(log_f.tolist()),
        alpha=_slope_between(log_n, log_f, scales[0], scales[-1]),
        alpha_10_90=_slope_between(log_n, log_f, 10, 90),
        alpha_120_600=_slope_between(log_n, log_f, 120, 600),
        crossover=_crossover(np.array(scales)[usable], log_f[usable]),
    )
