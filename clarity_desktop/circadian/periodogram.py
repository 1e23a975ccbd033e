"""The period of the rhythm: Lomb–Scargle and chi-square periodograms (RH-52, RH-53).

Zechmeister & Kürster 2009, A&A 496:577 (floating mean); Sokolove & Bushell 1978, J Theor Biol 72:131.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.domain.findings import METRICS, Metric

__all__ = ["CHI_BIN_MIN", "ChiSquarePeriodogram", "LombScargle", "chi_square_periodogram", "lomb_scargle"]

LOMB_SCARGLE_PERIOD = METRICS.declare(
    Metric(
        "lomb_scargle_period_h", "Period, Lomb–Scargle", "h", 2, "circadian", "Zechmeister 2009", "RH-52", minimum=10
    )
)
LOMB_SCARGLE_POWER = METRICS.declare(
    Metric(
        "lomb_scargle_power",
        "Share of variance at that period",
        "",
        2,
        "circadian",
        "Zechmeister 2009",
        "RH-52",
        minimum=10,
    )
)
CHI_SQUARE_PERIOD = METRICS.declare(
    Metric(
        "chi_square_period_h",
        "Period, chi-square periodogram",
        "h",
        2,
        "circadian",
        "Sokolove 1978",
        "RH-53",
        minimum=10,
    )
)

_SHORTEST_H, _LONGEST_H, _STEP_H = 16.0, 32.0, 0.02
CHI_BIN_MIN = 10
"""Bins of the chi-square periodogram in minutes."""
_INNER = 96
_ALPHA = 0.01


@dataclass(frozen=True, slots=True)
class LombScargle:
    """Power against period; power is the share of variance that a sine of that period explains, 0…1."""

    period_h: float
    power: float
    half_power_h: tuple[float, float]
    """Periods at which the power next to the peak falls to half; the ends of the range where it does not."""
    false_alarm: float
    """Chance that noise reaches the power, by 1 − (1 − (1−P)^((n−3)/2))^M with M independent periods."""
    n: int
    """Valid hourly bins."""
    periods_h: NDArray[np.float64]
    powers: NDArray[np.float64]
    independent: float = 1.0
    """Independent periods M of the range: what the chance of a false alarm is shared among."""

    def power_at(self, alpha: float) -> float:
        """The power that noise without a rhythm reaches with chance ``alpha``: the line of significance."""
        single = -math.expm1(math.log1p(-alpha) / self.independent)
        return float(-math.expm1(2 / (self.n - 3) * math.log(single)))

    @property
    def distinguishable_from_24h(self) -> bool:
        """Whether 24 h lies outside the half-power width."""
        return not self.half_power_h[0] <= 24 <= self.half_power_h[1]


@dataclass(frozen=True, slots=True)
class ChiSquarePeriodogram:
    """Q against period with its significance line."""

    period_h: float
    """Period with the greatest Q over threshold."""
    qp: float
    threshold: float
    periods_h: NDArray[np.float64]
    values: NDArray[np.float64]
    thresholds: NDArray[np.float64]

    @property
    def significant(self) -> bool:
        """Whether the peak exceeds its threshold."""
        return self.qp > self.threshold


def _turns(count: int, unit_angle: NDArray[np.float64]) -> NDArray[np.complex128]:
    """exp(i·k·angle) for k = 0…count − 1, shape (count, F), as products of few exponentials."""
    step = 8
    low = np.exp(1j * np.outer(np.arange(step), unit_angle))
    high = np.exp(1j * np.outer(step * np.arange(-(-count // step)), unit_angle))
    turns: NDArray[np.complex128] = (high[:, None, :] * low[None, :, :]).reshape(-1, unit_angle.size)[:count]
    return turns


@lru_cache(maxsize=1)
def _periods() -> NDArray[np.float64]:
    """Periods that are tried, in hours."""
    steps = np.arange(round((_LONGEST_H - _SHORTEST_H) / _STEP_H) + 1, dtype=np.float64)
    periods: NDArray[np.float64] = _SHORTEST_H + _STEP_H * steps
    periods.setflags(write=False)
    return periods


@lru_cache(maxsize=4)
def _tables(unit_s: int, times: int, outer: int) -> tuple[NDArray[np.float64], NDArray[np.complex128]]:
    """Cosines and sines of ``_INNER`` steps of ``unit_s`` seconds at ``times`` the rates, and turns of whole stretches.

    They depend on the length of a record and on no value in it, so records of one length share them.
    """
    angle = 2 * np.pi * times * unit_s / (3600 * _periods())
    fine = _turns(_INNER, angle)
    return np.concatenate((fine.real, fine.imag), axis=1), _turns(outer, _INNER * angle)


def _transforms(
    columns: NDArray[np.float64], unit_s: int, times: int
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Cosine and sine sums of each row of ``columns`` (K, n) at ``times`` the rates, each of shape (F,).

    Time is split into tens of steps and rests, so that the trigonometric tables hold n/96 + 96 columns, not n.
    """
    outer = -(-columns.shape[1] // _INNER)
    padded = np.zeros((columns.shape[0], outer * _INNER))
    padded[:, : columns.shape[1]] = columns
    tables, coarse = _tables(unit_s, times, outer)
    size = coarse.shape[1]
    sums = (padded.reshape(-1, _INNER) @ tables).reshape(columns.shape[0], outer, -1)
    cosine, sine = sums[:, :, :size], sums[:, :, size:]
    turn_cos, turn_sin = coarse.real, coarse.imag
    result = []
    for row in range(columns.shape[0]):
        c = np.einsum("of,of->f", cosine[row], turn_cos) - np.einsum("of,of->f", sine[row], turn_sin)
        s = np.einsum("of,of->f", cosine[row], turn_sin) + np.einsum("of,of->f", sine[row], turn_cos)
        result.append((c, s))
    return result


def _sums(
    times: NDArray[np.int64], y: NDArray[np.float64]
) -> tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]:
    """Mean over samples of y·cos, y·sin; cos, sin; cos and sin of the double angle, at each period.

    Bins begin on quarter hours, except the first of a record or of a stretch of constant offset: those few are added
    one by one, the rest come from tables.
    """
    quarter = 900
    residue, holders = np.unique(times % quarter, return_counts=True)
    regular = times % quarter == residue[np.argmax(holders)]
    grid = times[regular]
    unit = int(np.gcd.reduce(np.append(np.diff(grid), 3600)))
    places = (grid - grid[0]) // unit
    columns = np.zeros((2, int(places[-1]) + 1))
    columns[0, places] = y[regular]
    columns[1, places] = 1.0
    sums = [*_transforms(columns, unit, 1), *_transforms(columns[1:], unit, 2)]
    rate = 2 * np.pi / (3600 * _periods())
    odd = times[~regular] - grid[0]
    for index, (weight, factor) in enumerate(((y[~regular], 1), (np.ones(odd.size), 1), (np.ones(odd.size), 2))):
        angle = np.outer(odd, factor * rate)
        cosine, sine = sums[index]
        sums[index] = (cosine + weight @ np.cos(angle), sine + weight @ np.sin(angle))
    return tuple((cosine / y.size, sine / y.size) for cosine, sine in sums)


def lomb_scargle(recording: PreparedRecording) -> LombScargle | None:
    """Generalised Lomb–Scargle periodogram of hourly bins over elapsed hours, periods 16…32 h in steps of 0.02 h.

    ``None`` when there are fewer than 4 valid bins or they are all equal.
    """
    values, starts = recording.in_order(60)
    valid = np.isfinite(values)
    n = int(np.count_nonzero(valid))
    if n < 4:
        return None
    y = values[valid] - values[valid].mean()
    variance = float(y @ y) / n
    if variance <= 1e-12 * max(1.0, recording.mean**2):
        return None
    periods = _periods()
    (yc, ys), (c, s), (c2, s2) = _sums(starts[valid], y)
    cc, ss, cs = 0.5 * (1 + c2) - c * c, 0.5 * (1 - c2) - s * s, 0.5 * s2 - c * s
    power = (ss * yc * yc + cc * ys * ys - 2 * cs * yc * ys) / (variance * (cc * ss - cs * cs))
    peak = int(np.argmax(power))
    height = float(power[peak])
    independent = max(1.0, float(starts[-1] - starts[0]) / 3600 * (1 / _SHORTEST_H - 1 / _LONGEST_H))
    single = (1 - min(height, 1.0)) ** ((n - 3) / 2)
    return LombScargle(
        period_h=float(periods[peak]),
        power=height,
        half_power_h=_half_power(periods, power, peak),
        false_alarm=-math.expm1(independent * math.log1p(-single)) if single < 1 else 1.0,
        n=n,
        periods_h=periods,
        powers=power,
        independent=independent,
    )


def _half_power(periods: NDArray[np.float64], power: NDArray[np.float64], peak: int) -> tuple[float, float]:
    below = power < power[peak] / 2
    left = np.flatnonzero(below[:peak])
    right = np.flatnonzero(below[peak:])
    low = float(periods[left[-1]]) if left.size else float(periods[0])
    high = float(periods[peak + right[0]]) if right.size else float(periods[-1])
    return low, high


@lru_cache(maxsize=8)
def _thresholds(shortest: int, longest: int, alpha: float) -> NDArray[np.float64]:
    """Chi-square quantiles for P − 1 degrees of freedom at the level shared among all periods."""
    freedom = np.arange(shortest, longest + 1) - 1.0
    level = -math.expm1(math.log1p(-alpha) / freedom.size)
    # Start at Wilson and Hilferty's cube, finish with Newton's method on the logarithm of the tail.
    normal = NormalDist().inv_cdf(1 - level)
    width = 2 / (9 * freedom)
    x = freedom * (1 - width + normal * np.sqrt(width)) ** 3
    a = freedom / 2
    log_gamma = np.array([math.lgamma(value) for value in a])
    for _ in range(8):
        log_density = (a - 1) * np.log(x / 2) - x / 2 - log_gamma - math.log(2)
        log_tail = _log_upper_gamma(a, x / 2) - log_gamma
        move = (log_tail - math.log(level)) * np.exp(log_tail - log_density)
        x = x + move
        if np.all(np.abs(move) < 1e-12 * x):
            break
    return np.asarray(x, dtype=np.float64)


def _log_upper_gamma(a: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of the upper incomplete gamma function for x > a, by Lentz's continued fraction."""
    b = x + 1 - a
    c = np.full_like(x, 1e300)
    d = 1 / b
    h = d.copy()
    for i in range(1, 400):
        step = -i * (i - a)
        b = b + 2
        d = 1 / (step * d + b)
        c = b + step / c
        h *= c * d
        if np.all(np.abs(c * d - 1) < 1e-15):
            break
    return np.asarray(np.log(h) + a * np.log(x) - x)


def chi_square_periodogram(recording: PreparedRecording, alpha: float = _ALPHA) -> ChiSquarePeriodogram | None:
    """Chi-square periodogram of 10-min bins for periods of 16…32 h.

    The bins follow one another from the first epoch on, in elapsed time, whatever the clock does.

    ``None`` when the record holds less than two cycles of the longest period, or does not vary.
    """
    values = recording.elapsed_blocks(CHI_BIN_MIN)
    shortest, longest = round(_SHORTEST_H * 60 / CHI_BIN_MIN), round(_LONGEST_H * 60 / CHI_BIN_MIN)
    if values.size < 2 * longest:
        return None
    valid = np.isfinite(values)
    deviation = np.where(valid, values - recording.mean, 0.0)
    total = np.concatenate(([0.0], np.cumsum(deviation)))
    square = np.concatenate(([0.0], np.cumsum(deviation * deviation)))
    count = np.concatenate(([0], np.cumsum(valid)))
    weights = valid.astype(np.float32)
    complete = bool(valid.all())
    ones, single = np.ones(values.size // shortest), np.ones(values.size // shortest, np.float32)
    found = np.zeros(longest - shortest + 1)
    for index, period in enumerate(range(shortest, longest + 1)):
        cycles = values.size // period
        stop = cycles * period
        n = int(count[stop])
        if n < 2:
            return None
        mean = total[stop] / n
        spread = square[stop] - n * mean * mean
        if spread <= 0:
            return None
        sums = ones[:cycles] @ deviation[:stop].reshape(cycles, period)
        held = np.full(period, float(cycles))
        if not complete:
            held[:] = single[:cycles] @ weights[:stop].reshape(cycles, period)
        # Columns without a valid bin have weight 0 and drop out.
        column = sums / np.maximum(held, 1.0) - mean
        found[index] = n * float((held * column) @ column) / spread
    thresholds = _thresholds(shortest, longest, alpha)
    periods = np.arange(shortest, longest + 1) * CHI_BIN_MIN / 60
    peak = int(np.argmax(found / thresholds))
    return ChiSquarePeriodogram(
        float(periods[peak]), float(found[peak]), float(thresholds[peak]), periods, found, thresholds
    )
