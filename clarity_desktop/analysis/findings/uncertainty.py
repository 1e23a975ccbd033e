"""Day-block bootstrap: 95 % intervals of panel metrics from whole local days drawn with replacement (RH-63)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.domain.time import DAY_S
from clarity_desktop.signals.clock import MINUTES_PER_DAY
from clarity_desktop.sleep.regularity import DayPairs

__all__ = [
    "REPLICATES",
    "Interval",
    "circular_interval",
    "circular_mean_interval",
    "cosinor_intervals",
    "day_weights",
    "interval_of",
    "mean_interval",
    "median_interval",
    "profile_intervals",
    "regularity_interval",
    "seed_of",
    "stability_intervals",
    "stability_replicates",
]

REPLICATES: Final = 200
_LEAST_BLOCKS: Final = 3
_LEAST_PRESENT: Final = 0.8

Interval = tuple[float, float]
Generator = np.random.Generator


def seed_of(input_hash: str, family: str) -> Generator:
    """A generator that depends on the data and the metric family alone: equal input, equal interval."""
    digest = hashlib.sha256(f"{input_hash}/{family}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def interval_of(replicates: NDArray[np.float64]) -> Interval | None:
    """Percentile 95 % interval of the replicates that have a value; ``None`` when fewer than half have one."""
    finite = replicates[np.isfinite(replicates)]
    if 2 * finite.size < replicates.size or finite.size == 0:
        return None
    low, high = np.percentile(finite, (2.5, 97.5))
    return float(low), float(high)


def circular_interval(replicates: NDArray[np.float64], around: float, period: float = 24.0) -> Interval | None:
    """The same for clock hours, by distance from ``around``; past midnight the first bound is the greater one."""
    away = (replicates - around + period / 2) % period - period / 2
    interval = interval_of(away)
    if interval is None:
        return None
    # A rest that is a hair below 0 wraps to the period itself; the second remainder makes it 0.
    low, high = ((around + bound) % period % period for bound in interval)
    return low, high


def _weights(random: Generator, blocks: int, replicates: int) -> NDArray[np.float64] | None:
    """How often each block is drawn, shape (replicates, blocks); ``None`` with too few blocks to resample."""
    if blocks < _LEAST_BLOCKS:
        return None
    return random.multinomial(blocks, np.full(blocks, 1 / blocks), size=replicates).astype(np.float64)


@dataclass(frozen=True, slots=True)
class _Days:
    """Sum and number of valid epochs by local day and minute, both of shape (D, 1440)."""

    total: NDArray[np.float64]
    number: NDArray[np.float64]


def _days_of(recording: PreparedRecording) -> _Days:
    values = np.where(recording.valid, recording.epochs.values, np.float32(np.nan))
    rows, day = recording.clock.rows(values)
    days, place = np.unique(day, return_inverse=True)
    total = np.zeros((days.size, MINUTES_PER_DAY))
    number = np.zeros((days.size, MINUTES_PER_DAY))
    np.add.at(total, place, np.nan_to_num(rows, nan=0.0).astype(np.float64))
    np.add.at(number, place, np.isfinite(rows).astype(np.float64))
    filled = number.any(axis=1)
    return _Days(total[filled], number[filled])


def stability_intervals(
    recording: PreparedRecording, random: Generator, replicates: int = REPLICATES
) -> tuple[Interval | None, Interval | None]:
    """Intervals of interdaily stability and intradaily variability at hourly bins."""
    weight = day_weights(recording, random, replicates)
    if weight is None:
        return None, None
    stability, variability = stability_replicates(recording, weight)
    return interval_of(stability), interval_of(variability)


def day_weights(
    recording: PreparedRecording, random: Generator, replicates: int = REPLICATES
) -> NDArray[np.float64] | None:
    """How often each local day that the recording touches is drawn, shape (replicates, D); ``None`` with too few."""
    return _weights(random, np.unique(recording.row_days()).size, replicates)


def stability_replicates(
    recording: PreparedRecording, weight: NDArray[np.float64], width_min: int = 60
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Interdaily stability and intradaily variability of replicates, both of shape (replicates,).

    For the variability, which depends on order, each step between two successive bins is drawn with the day of the
    later bin: consecutive pairs are resampled, days are never glued together.

    Parameters
    ----------
    recording:
        One-minute epochs.
    weight:
        From :func:`day_weights`.
    width_min:
        Width of the bins in minutes, a divisor of 1440.
    """
    value, start = recording.in_order(width_min)
    valid = np.isfinite(value)
    nothing: NDArray[np.float64] = np.full(weight.shape[0], np.nan)
    if np.count_nonzero(valid) < 2:
        return nothing, nothing
    local = recording.epochs.zone.local_seconds(start)
    days = np.unique(recording.row_days())
    day = np.searchsorted(days, local // DAY_S)
    slot = local % DAY_S // (width_min * 60)
    slots = MINUTES_PER_DAY // width_min
    # Deviations from the overall mean keep the sums of squares exact.
    x = np.where(valid, value - value[valid].mean(), 0.0)
    cell = day * slots + slot
    cells = days.size * slots
    hourly = np.bincount(cell, weights=x, minlength=cells).reshape(-1, slots)
    count = np.bincount(cell, weights=valid.astype(np.float64), minlength=cells).reshape(-1, slots)
    squares = np.bincount(day, weights=x * x, minlength=days.size)
    both = valid[1:] & valid[:-1]
    step = np.where(both, np.diff(x), 0.0)
    steps = np.bincount(day[1:], weights=step * step, minlength=days.size)
    pairs = np.bincount(day[1:], weights=both.astype(np.float64), minlength=days.size)

    total_h, count_h = weight @ hourly, weight @ count
    n = count_h.sum(axis=1)
    mean = total_h.sum(axis=1) / np.maximum(n, 1)
    spread = weight @ squares - n * mean * mean
    present = count_h > 0
    away = np.where(present, total_h / np.maximum(count_h, 1) - mean[:, None], 0.0)
    bins = np.maximum(present.sum(axis=1), 1)
    usable = spread > 1e-12 * np.maximum(n, 1)
    safe = np.where(usable, spread, 1.0)
    stability = np.where(usable, n * (away * away).sum(axis=1) / (bins * safe), np.nan)
    drawn = weight @ pairs
    variability = np.where(usable & (drawn > 0), (weight @ steps) / np.maximum(drawn, 1) * n / safe, np.nan)
    return stability, variability


def _windows(
    profile: NDArray[np.float64], length: int, *, least: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and onset hour of the extreme circular window of each profile, shape (B,)."""
    present = np.isfinite(profile)
    filled = np.where(present, profile, 0.0)
    around = np.concatenate((filled, filled[:, :length]), axis=1)
    there = np.concatenate((present, present[:, :length]), axis=1)
    zero = np.zeros((profile.shape[0], 1))
    total = np.concatenate((zero, np.cumsum(around, axis=1)), axis=1)
    count = np.concatenate((zero, np.cumsum(there, axis=1)), axis=1)
    size = profile.shape[1]
    n = count[:, length : length + size] - count[:, :size]
    window = (total[:, length : length + size] - total[:, :size]) / np.maximum(n, 1)
    worst = np.inf if least else -np.inf
    window = np.where(n >= _LEAST_PRESENT * length, window, worst)
    onset = window.argmin(axis=1) if least else window.argmax(axis=1)
    mean = np.take_along_axis(window, onset[:, None], axis=1)[:, 0]
    found = np.isfinite(mean)
    return np.where(found, mean, np.nan), np.where(found, onset / 60, np.nan)


def profile_intervals(
    recording: PreparedRecording,
    random: Generator,
    *,
    l5_onset_h: float,
    m10_onset_h: float,
    replicates: int = REPLICATES,
) -> dict[str, Interval | None]:
    """Intervals of ``l5``, ``m10``, their onsets and ``ra``; onsets by distance from the hours given."""
    days = _days_of(recording)
    weight = _weights(random, days.total.shape[0], replicates)
    if weight is None:
        return {}
    number = weight @ days.number
    profile = np.divide(weight @ days.total, number, out=np.full(number.shape, np.nan), where=number > 0)
    l5, l5_onset = _windows(profile, 300, least=True)
    m10, m10_onset = _windows(profile, 600, least=False)
    both = m10 + l5
    amplitude = np.divide(m10 - l5, both, out=np.full(both.shape, np.nan), where=both > 0)
    return {
        "l5": interval_of(l5),
        "m10": interval_of(m10),
        "ra": interval_of(amplitude),
        "l5_onset_h": circular_interval(l5_onset, l5_onset_h),
        "m10_onset_h": circular_interval(m10_onset, m10_onset_h),
    }


def cosinor_intervals(
    recording: PreparedRecording, random: Generator, *, acrophase_h: float, replicates: int = REPLICATES
) -> dict[str, Interval | None]:
    """Intervals of ``mesor``, ``amplitude`` and ``acrophase_h`` of the 24-h cosinor."""
    days = _days_of(recording)
    weight = _weights(random, days.total.shape[0], replicates)
    if weight is None:
        return {}
    angle = 2 * np.pi * np.arange(MINUTES_PER_DAY) / MINUTES_PER_DAY
    design = np.stack((np.ones(MINUTES_PER_DAY), np.cos(angle), np.sin(angle)), axis=1)
    gram = np.einsum("dm,mi,mj->dij", days.number, design, design, optimize=True)
    right = days.total @ design
    grams = np.einsum("bd,dij->bij", weight, gram)
    solved = np.isfinite(np.linalg.cond(grams)) & (np.linalg.cond(grams) < 1e10)
    if not solved.all():
        grams, weight = grams[solved], weight[solved]
    if weight.shape[0] < replicates / 2:
        return {}
    mesor, beta, gamma = np.linalg.solve(grams, (weight @ right)[:, :, None])[:, :, 0].T
    peak = np.arctan2(gamma, beta) * 24 / (2 * np.pi) % 24
    return {
        "mesor": interval_of(mesor),
        "amplitude": interval_of(np.hypot(beta, gamma)),
        "acrophase_h": circular_interval(peak, acrophase_h),
    }


def regularity_interval(pairs: DayPairs, random: Generator, replicates: int = REPLICATES) -> Interval | None:
    """Interval of the sleep regularity index: pairs of successive dates are resampled whole."""
    some = pairs.known > 0
    weight = _weights(random, int(np.count_nonzero(some)), replicates)
    if weight is None:
        return None
    equal, known = pairs.equal[some].astype(np.float64), pairs.known[some].astype(np.float64)
    return interval_of(-100.0 + 200.0 * (weight @ equal) / (weight @ known))


def median_interval(
    values: Sequence[float] | NDArray[np.float64], random: Generator, replicates: int = REPLICATES
) -> Interval | None:
    """Interval of a median over nights, nights drawn with replacement."""
    array = np.asarray(values, dtype=np.float64)
    if array.size < _LEAST_BLOCKS:
        return None
    drawn = random.integers(0, array.size, size=(replicates, array.size))
    return interval_of(np.median(array[drawn], axis=1))


def mean_interval(
    values: Sequence[float] | NDArray[np.float64], random: Generator, replicates: int = REPLICATES
) -> Interval | None:
    """Interval of a mean over days, days drawn with replacement."""
    array = np.asarray(values, dtype=np.float64)
    weight = _weights(random, array.size, replicates)
    return None if weight is None else interval_of(weight @ array / array.size)


def circular_mean_interval(
    hours: NDArray[np.float64], random: Generator, around: float, replicates: int = REPLICATES
) -> Interval | None:
    """Interval of a circular mean of clock hours over nights."""
    if hours.size < _LEAST_BLOCKS:
        return None
    drawn = random.integers(0, hours.size, size=(replicates, hours.size))
    vector = np.exp(2j * np.pi * hours[drawn] / 24).sum(axis=1)
    return circular_interval(np.angle(vector) * 24 / (2 * np.pi) % 24, around)
