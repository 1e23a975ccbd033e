"""Cosinor with one and two components on the local clock (RH-17, RH-18, RH-20).

Halberg 1967; Nelson et al. 1979, Chronobiologia 6:305; Cornelissen 2014, Theor Biol Med Model 11:16. The regressors
depend on the minute of the day alone, so least squares over all epochs is exact on 1440 weighted means plus the sum of
squares within minutes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.domain.findings import METRICS, Metric

__all__ = ["Cosinor", "TwoComponentCosinor", "cosinor", "two_component_cosinor"]

_SOURCE = "Nelson 1979; Cornelissen 2014"


def _declare(name: str, title: str, unit: str, decimals: int, row: str = "RH-17", *, clock: bool = False) -> Metric:
    return METRICS.declare(Metric(name, title, unit, decimals, "circadian", _SOURCE, row, minimum=3, clock_hour=clock))


MESOR = _declare("mesor", "Mesor", "counts/min", 1)
AMPLITUDE = _declare("amplitude", "Amplitude of the cosine", "counts/min", 1)
ACROPHASE = _declare("acrophase_h", "Acrophase", "h", 2, clock=True)
BATHYPHASE = _declare("bathyphase_h", "Bathyphase", "h", 2, clock=True)
PERCENT_RHYTHM = _declare("percent_rhythm", "Percent rhythm", "%", 1)
MAGNITUDE = _declare("cosinor2_magnitude", "Magnitude, two components", "counts/min", 1, "RH-18")
ORTHOPHASE = _declare("cosinor2_orthophase_h", "Peak of the two-component curve", "h", 2, "RH-18", clock=True)
BATHYPHASE2 = _declare("cosinor2_bathyphase_h", "Trough of the two-component curve", "h", 2, "RH-18", clock=True)

_HOURS_PER_RADIAN = 24 / (2 * math.pi)
_ANGLE = 2 * np.pi * np.arange(1440) / 1440


@dataclass(frozen=True, slots=True)
class Cosinor:
    """y = M + A cos(2π(t − φ)/24), t in local clock hours. Values in the unit of the epochs."""

    mesor: float
    amplitude: float
    acrophase_h: float
    """Clock hour of the peak, 0…24."""
    acrophase_rad: float
    """The same in the literature's sign, −2π·h/24."""
    bathyphase_h: float
    """Clock hour of the trough."""
    percent_rhythm: float
    """100·(1 − RSS/TSS)."""
    f: float
    log10_p: float
    """Base-10 logarithm of p from F(2, N − 3). Residuals of minutes are autocorrelated, so p is far too small."""
    mesor_se: float
    amplitude_se: float
    acrophase_se_h: float
    rss: float
    n: int


@dataclass(frozen=True, slots=True)
class TwoComponentCosinor:
    """y = M + a 24-h and a 12-h component. Values in the unit of the epochs."""

    mesor: float
    coefficients: tuple[float, float, float, float, float]
    """M, then cosine and sine of 24 h, cosine and sine of 12 h."""
    orthophase_h: float
    """Clock hour of the highest point of the fitted curve."""
    bathyphase_h: float
    """Clock hour of the lowest point."""
    magnitude: float
    """Half the distance between the two."""
    percent_rhythm: float
    f: float
    log10_p: float
    rss: float
    n: int


@dataclass(frozen=True, slots=True)
class _Fit:
    coefficients: NDArray[np.float64]
    inverse: NDArray[np.float64]
    rss: float
    tss: float
    n: int


def _least_squares(recording: PreparedRecording, regressors: NDArray[np.float64]) -> _Fit | None:
    """Ordinary least squares of all valid epochs on columns given by minute of day, shape (1440, k)."""
    weight = recording.minute_n.astype(np.float64)
    present = weight > 0
    n = recording.n_valid
    if n <= regressors.shape[1] or not present.any():
        return None
    deviation = np.where(present, recording.minute_mean - recording.mean, 0.0)
    tss = recording.sum_of_squares
    if tss <= 1e-12 * max(1.0, n * recording.mean**2):
        return None
    weighted = regressors * weight[:, None]
    normal = weighted.T @ regressors
    if np.linalg.matrix_rank(normal) < normal.shape[0]:
        return None
    inverse = np.asarray(np.linalg.inv(normal), dtype=np.float64)
    coefficients = inverse @ (weighted.T @ deviation)
    residual = deviation - regressors @ coefficients
    within = tss - float(weight @ (deviation * deviation))
    rss = max(within, 0.0) + float(weight @ (residual * residual))
    coefficients[0] += recording.mean
    return _Fit(coefficients, inverse, rss, tss, n)


def cosinor(recording: PreparedRecording) -> Cosinor | None:
    """Single cosinor of period 24 h; ``None`` when there is nothing to fit (no data, or a constant)."""
    fit = _least_squares(recording, np.column_stack((np.ones(1440), np.cos(_ANGLE), np.sin(_ANGLE))))
    if fit is None:
        return None
    mesor, beta, gamma = (float(value) for value in fit.coefficients)
    amplitude = math.hypot(beta, gamma)
    peak = math.atan2(gamma, beta) * _HOURS_PER_RADIAN % 24
    variance = fit.inverse * (fit.rss / (fit.n - 3))
    along = (beta**2 * variance[1, 1] + gamma**2 * variance[2, 2] + 2 * beta * gamma * variance[1, 2]) / amplitude**2
    across = (gamma**2 * variance[1, 1] + beta**2 * variance[2, 2] - 2 * beta * gamma * variance[1, 2]) / amplitude**4
    share = fit.rss / fit.tss
    return Cosinor(
        mesor=mesor,
        amplitude=amplitude,
        acrophase_h=peak,
        acrophase_rad=-peak / _HOURS_PER_RADIAN,
        bathyphase_h=(peak + 12) % 24,
        percent_rhythm=100 * (1 - share),
        f=((fit.tss - fit.rss) / 2) / (fit.rss / (fit.n - 3)) if fit.rss else math.inf,
        log10_p=(fit.n - 3) / 2 * math.log10(share) if share > 0 else -math.inf,
        mesor_se=math.sqrt(variance[0, 0]),
        amplitude_se=math.sqrt(max(along, 0.0)),
        acrophase_se_h=math.sqrt(max(across, 0.0)) * _HOURS_PER_RADIAN,
        rss=fit.rss,
        n=fit.n,
    )


def _extremum(coefficients: NDArray[np.float64], sign: int) -> tuple[float, float]:
    """``(hour, value)`` of the highest (sign 1) or lowest (−1) point of the fitted curve: 1-min grid, then Newton."""
    mesor, b1, g1, b2, g2 = coefficients
    curve = b1 * np.cos(_ANGLE) + g1 * np.sin(_ANGLE) + b2 * np.cos(2 * _ANGLE) + g2 * np.sin(2 * _ANGLE)
    angle = float(_ANGLE[np.argmax(sign * curve)])
    for _ in range(8):
        slope = (
            -b1 * math.sin(angle) + g1 * math.cos(angle) - 2 * b2 * math.sin(2 * angle) + 2 * g2 * math.cos(2 * angle)
        )
        bend = (
            -b1 * math.cos(angle) - g1 * math.sin(angle) - 4 * b2 * math.cos(2 * angle) - 4 * g2 * math.sin(2 * angle)
        )
        if sign * bend >= 0:
            break
        move = slope / bend
        angle -= max(-2 * math.pi / 1440, min(2 * math.pi / 1440, move))
        if abs(move) < 1e-12:
            break
    value = mesor + b1 * math.cos(angle) + g1 * math.sin(angle) + b2 * math.cos(2 * angle) + g2 * math.sin(2 * angle)
    return angle * _HOURS_PER_RADIAN % 24, float(value)


def two_component_cosinor(recording: PreparedRecording) -> TwoComponentCosinor | None:
    """Cosinor with periods 24 h and 12 h; ``None`` when there is nothing to fit."""
    columns = (np.ones(1440), np.cos(_ANGLE), np.sin(_ANGLE), np.cos(2 * _ANGLE), np.sin(2 * _ANGLE))
    fit = _least_squares(recording, np.column_stack(columns))
    if fit is None:
        return None
    top_h, top = _extremum(fit.coefficients, 1)
    bottom_h, bottom = _extremum(fit.coefficients, -1)
    share = fit.rss / fit.tss
    a = (fit.n - 5) / 2
    mesor, b1, g1, b2, g2 = (float(value) for value in fit.coefficients)
    return TwoComponentCosinor(
        mesor=mesor,
        coefficients=(mesor, b1, g1, b2, g2),
        orthophase_h=top_h,
        bathyphase_h=bottom_h,
        magnitude=(top - bottom) / 2,
        percent_rhythm=100 * (1 - share),
        f=((fit.tss - fit.rss) / 4) / (fit.rss / (fit.n - 5)) if fit.rss else math.inf,
        log10_p=a * math.log10(share) + math.log10(1 + a * (1 - share)) if share > 0 else -math.inf,
        rss=fit.rss,
        n=fit.n,
    )
