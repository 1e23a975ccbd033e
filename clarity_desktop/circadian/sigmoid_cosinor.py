"""Sigmoidally transformed cosine: a rhythm with flat nights, flat days and steep edges (RH-19).

Marler et al. 2006, Stat Med 25:3893 (anti-logistic form), on ln(count + 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.circadian.cosinor import cosinor
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.domain.findings import METRICS, Metric

__all__ = ["LEAST_SHARE_EXPLAINED", "SigmoidCosinor", "refitted", "sigmoid_cosinor"]


def _declare(name: str, title: str, unit: str, decimals: int, *, clock: bool = False) -> Metric:
    return METRICS.declare(
        Metric(name, title, unit, decimals, "circadian", "Marler 2006", "RH-19", minimum=3, clock_hour=clock)
    )


SIGMOID_MESOR = _declare("sigmoid_mesor", "Mesor of ln(counts + 1), sigmoidal", "ln(counts/min)", 2)
SIGMOID_AMPLITUDE = _declare("sigmoid_amplitude", "Rise of ln(counts + 1), sigmoidal", "ln(counts/min)", 2)
SIGMOID_ACROPHASE = _declare("sigmoid_acrophase_h", "Centre of the active span, sigmoidal", "h", 2, clock=True)
UP_MESOR = _declare("sigmoid_up_mesor_h", "Rise through the mesor", "h", 2, clock=True)
DOWN_MESOR = _declare("sigmoid_down_mesor_h", "Fall through the mesor", "h", 2, clock=True)
WIDTH_RATIO = _declare("sigmoid_width_ratio", "Share of the day above the mesor", "", 2)

LEAST_SHARE_EXPLAINED = 0.2
"""Below this share of variance explained the parameters mean nothing and are not given. A choice of this program."""

_STARTS = tuple((alpha, beta) for alpha in (-0.6, -0.2, 0.2) for beta in (2.0, 10.0))
_BETA_RANGE = (0.05, 500.0)
_COARSE = 10
_ROWS_AT_ONCE = 16
_ANGLE = 2 * np.pi * np.arange(1440) / 1440
_HOURS_PER_RADIAN = 24 / (2 * math.pi)


@dataclass(frozen=True, slots=True)
class SigmoidCosinor:
    """r(t) = m + a·S(β(cos(2π(t − φ)/24) − α)) on ln(count + 1), S the logistic function."""

    minimum: float
    amplitude: float
    alpha: float
    beta: float
    acrophase_h: float
    mesor: float
    """m + a/2."""
    width_ratio: float
    """acos(α)/π: share of the day above the mesor."""
    up_mesor_h: float
    down_mesor_h: float
    rss: float
    pseudo_f: float
    n: int
    share_explained: float
    """1 − RSS/TSS."""

    @property
    def identifiable(self) -> bool:
        """Whether the curve explains enough for its parameters to mean something."""
        return self.share_explained >= LEAST_SHARE_EXPLAINED


def _profile(recording: PreparedRecording) -> tuple[NDArray[np.float64], NDArray[np.float64], float] | None:
    """Mean of ln(count + 1) and number of epochs by minute of day, and the sum of squares within minutes."""
    values = recording.grid_values.reshape(-1, 1440)
    total, squares = np.zeros(1440), 0.0
    # Some weeks at a time, so that the logarithms stay in the processor's cache.
    for first in range(0, recording.rows, _ROWS_AT_ONCE):
        logs = np.log(np.maximum(values[first : first + _ROWS_AT_ONCE], 0.0) + 1.0)
        total += logs.sum(axis=0)
        squares += float(np.vdot(logs, logs))
    # Cells that are not valid hold 0 and stay 0, so they add nothing to the sums.
    weight = recording.minute_n.astype(np.float64)
    mean = np.divide(total, weight, out=np.zeros(1440), where=weight > 0)
    within = max(squares - float(weight @ (mean * mean)), 0.0)
    if recording.n_valid <= 5 or np.count_nonzero(weight) < 6:
        return None
    return mean, weight, within


def _solve_linear(
    y: NDArray[np.float64], w: NDArray[np.float64], s: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Weighted least squares of y on 1 and s for each row of s: ``(m, a, rss)``, shapes (K,).

    ``y`` and ``w`` have one row for all, or one for each row of ``s``.
    """
    total = w.sum(axis=1)
    mean_s = (s * w).sum(axis=1) / total
    mean_y = (y * w).sum(axis=1) / total
    centred = s - mean_s[:, None]
    spread = (centred * centred * w).sum(axis=1)
    a = (centred * (w * (y - mean_y[:, None]))).sum(axis=1) / np.maximum(spread, 1e-12 * total)
    m = mean_y - a * mean_s
    residual = y - m[:, None] - a[:, None] * s
    return m, a, (residual * residual * w).sum(axis=1)


def _logistic(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * z)))


def _descend(
    angle: NDArray[np.float64],
    y: NDArray[np.float64],
    w: NDArray[np.float64],
    start: NDArray[np.float64],
    steps: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Levenberg–Marquardt of all starts at once; parameters (K, 3) are α, ln β and φ in radians.

    ``y`` and ``w`` have shape (1, M), or (K, M) where each start has data of its own.

    m and a are solved exactly at each point (variable projection); their columns stay in the Jacobian, so a step
    accounts for how they follow.
    """
    low, high = math.log(_BETA_RANGE[0]), math.log(_BETA_RANGE[1])

    def evaluate(parameters: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        cosine = np.cos(angle - parameters[:, 2:3]) - parameters[:, 0:1]
        s = _logistic(np.exp(parameters[:, 1:2]) * cosine)
        m, a, rss = _solve_linear(y, w, s)
        return cosine, s, m, a, rss

    parameters = start.copy()
    cosine, s, m, a, rss = evaluate(parameters)
    damping = np.full(len(parameters), 1e-2)
    root = np.sqrt(w)
    for _ in range(steps):
        beta = np.exp(parameters[:, 1:2])
        slope = a[:, None] * s * (1 - s) * beta
        columns = np.stack(
            (
                np.ones_like(s),
                s,
                -slope,
                slope * cosine,
                slope * np.sin(angle - parameters[:, 2:3]),
            ),
            axis=2,
        )
        columns *= root[:, :, None]
        residual = (y - m[:, None] - a[:, None] * s) * root
        transposed = columns.transpose(0, 2, 1)
        normal = transposed @ columns
        gradient = (transposed @ residual[:, :, None])[:, :, 0]
        diagonal = np.einsum("kii->ki", normal)
        damped = normal.copy()
        np.einsum("kii->ki", damped)[...] = diagonal * (1 + damping[:, None]) + 1e-12 * diagonal.max(axis=1)[:, None]
        move = np.linalg.solve(damped, gradient[:, :, None])[:, 2:, 0]
        trial = parameters + np.clip(move, [-0.3, -1.0, -0.5], [0.3, 1.0, 0.5])
        trial[:, 0] = np.clip(trial[:, 0], -1.0, 1.0)
        trial[:, 1] = np.clip(trial[:, 1], low, high)
        found = evaluate(trial)
        better = found[4] < rss
        gain = float(np.max(np.where(better, (rss - found[4]) / np.maximum(rss, 1e-300), 0.0)))
        parameters = np.where(better[:, None], trial, parameters)
        damping = np.where(better, damping / 5, np.minimum(damping * 4, 1e8))
        pairs = zip((cosine, s, m, a, rss), found, strict=True)
        cosine, s, m, a, rss = (np.where(better[:, None] if old.ndim == 2 else better, new, old) for old, new in pairs)
        if better.any() and gain < 1e-12:
            break
        if damping.min() >= 1e8:
            break
    return parameters, rss


def refitted(
    mean: NDArray[np.float64], weight: NDArray[np.float64], found: SigmoidCosinor
) -> dict[str, NDArray[np.float64]]:
    """The curve fitted to other profiles of the day, each followed from one found already.

    Parameters
    ----------
    mean, weight:
        Mean of ln(count + 1) and number of epochs in stretches of ten minutes, shape (K, 144).
    found:
        Where each fit begins.

    Returns
    -------
    By name of :class:`SigmoidCosinor`: ``mesor``, ``amplitude``, ``acrophase_h``, ``up_mesor_h``, ``down_mesor_h``
    and ``width_ratio``, each of shape (K,).
    """
    angle = _ANGLE.reshape(-1, _COARSE).mean(axis=1)
    begin = (found.alpha, math.log(found.beta), found.acrophase_h / _HOURS_PER_RADIAN)
    ends, _ = _descend(angle, mean, weight, np.tile(begin, (mean.shape[0], 1)), 25)
    alpha, beta, phase = ends[:, 0], np.exp(ends[:, 1]), ends[:, 2]
    s = _logistic(beta[:, None] * (np.cos(angle - phase[:, None]) - alpha[:, None]))
    m, a, _ = _solve_linear(mean, weight, s)
    acrophase, half = phase * _HOURS_PER_RADIAN % 24, np.arccos(alpha) * _HOURS_PER_RADIAN
    return {
        "mesor": m + a / 2,
        "amplitude": a,
        "acrophase_h": acrophase,
        "up_mesor_h": (acrophase - half) % 24,
        "down_mesor_h": (acrophase + half) % 24,
        "width_ratio": np.arccos(alpha) / math.pi,
    }


def sigmoid_cosinor(recording: PreparedRecording) -> SigmoidCosinor | None:
    """Fit the sigmoidal cosine; ``None`` when there is nothing to fit.

    Several starts are followed on a coarse profile of ten-minute means; the best ends are finished on all 1440 minutes,
    which is exact for all epochs because the curve depends on the minute of the day alone.
    """
    profile = _profile(recording)
    first_guess = cosinor(recording)
    if profile is None or first_guess is None:
        return None
    y, weight, within = profile
    coarse_weight = weight.reshape(-1, _COARSE).sum(axis=1)
    coarse = (y * weight).reshape(-1, _COARSE).sum(axis=1) / np.maximum(coarse_weight, 1.0)
    coarse_angle = _ANGLE.reshape(-1, _COARSE).mean(axis=1)
    phase = first_guess.acrophase_h / _HOURS_PER_RADIAN
    starts = np.array([(alpha, math.log(beta), phase) for alpha, beta in _STARTS])
    rough, rough_rss = _descend(coarse_angle, coarse[None, :], coarse_weight[None, :], starts, 40)
    order = np.argsort(rough_rss)
    same = bool(np.all(np.abs(rough[order[1]] - rough[order[0]]) < 1e-3))
    best = rough[order[: 1 if same else 2]]
    ends, rss = _descend(_ANGLE, y[None, :], weight[None, :], best, 60)
    winner = int(np.argmin(rss))
    alpha, beta, phase = float(ends[winner, 0]), math.exp(float(ends[winner, 1])), float(ends[winner, 2])
    s = _logistic(beta * (np.cos(_ANGLE - phase) - alpha))[None, :]
    m, a, between = _solve_linear(y[None, :], weight[None, :], s)
    total_rss = within + float(between[0])
    n = recording.n_valid
    mean = float(y @ weight) / float(weight.sum())
    tss = within + float(weight @ (y - mean) ** 2)
    if tss <= 0:
        return None
    acrophase = phase * _HOURS_PER_RADIAN % 24
    half = math.acos(alpha) * _HOURS_PER_RADIAN
    return SigmoidCosinor(
        minimum=float(m[0]),
        amplitude=float(a[0]),
        alpha=alpha,
        beta=beta,
        acrophase_h=acrophase,
        mesor=float(m[0] + a[0] / 2),
        width_ratio=math.acos(alpha) / math.pi,
        up_mesor_h=(acrophase - half) % 24,
        down_mesor_h=(acrophase + half) % 24,
        rss=total_rss,
        pseudo_f=((tss - total_rss) / 4) / (total_rss / (n - 5)) if total_rss else math.inf,
        n=n,
        share_explained=1 - total_rss / tss,
    )
