"""Rhythm metrics of every window of days ending on each day, from sums by day that all windows share (RH-64).

A window's numbers equal those of the recording cut to its days. Each day is summed once; a window is the difference of
two running sums, so three years of windows cost little more than one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.circadian.nonparametric import Window, profile_windows
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.domain.findings import METRICS
from clarity_desktop.domain.time import DAY_S
from clarity_desktop.signals.clock import MINUTES_PER_DAY

__all__ = ["ROLLING_METRICS", "WINDOWS", "RollingRhythm", "minutes_by_day", "rolling_rhythm"]

WINDOWS: Final = (7, 14, 28)
"""Lengths in days."""
ROLLING_METRICS: Final = (
    "is",
    "iv",
    "ra",
    "l5",
    "l5_onset_h",
    "m10",
    "m10_onset_h",
    "mesor",
    "amplitude",
    "acrophase_h",
)
_AT_ONCE: Final = 128
_ANGLE: Final = 2 * np.pi * np.arange(MINUTES_PER_DAY) / MINUTES_PER_DAY
_DESIGN: Final = np.stack((np.ones(MINUTES_PER_DAY), np.cos(_ANGLE), np.sin(_ANGLE)), axis=1)

Array = NDArray[np.float64]
Days = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RollingRhythm:
    """Metrics of the windows of one length; all arrays have shape (D,), one place a local day without holes."""

    window: int
    """Days."""
    day: NDArray[np.int64]
    """Last local day of the window, days since 1970-01-01."""
    valid_days: NDArray[np.int64]
    """Valid days in the window; the first windows reach back to the first day only."""
    values: Mapping[str, Array]
    """By metric of :data:`ROLLING_METRICS`; NaN with fewer valid days than the metric needs or half the window."""


@dataclass(frozen=True, slots=True)
class _Hours:
    """Sums over hourly bins by day; values are deviations from the recording's mean."""

    total: Array
    """Shape (D, 24), as is ``count``."""
    count: Array
    squares: Array
    """Shape (D,), as are all below."""
    within: Array
    """Squared steps between successive bins of one day."""
    pairs_within: Array
    into: Array
    """Squared step from the last bin of the day before."""
    pairs_into: Array


def _hours(recording: PreparedRecording, first: int, days: int) -> _Hours:
    value, start = recording.in_order(60)
    local = recording.epochs.zone.local_seconds(start)
    day, hour = local // DAY_S - first, local % DAY_S // 3600
    valid = np.isfinite(value)
    x = np.where(valid, value - recording.mean, 0.0)
    cell = day * 24 + hour
    both = valid[1:] & valid[:-1]
    step = np.where(both, np.diff(x) ** 2, 0.0)
    same = day[1:] == day[:-1]
    later = day[1:]

    def by(place: NDArray[np.int64], weights: Array, size: int) -> Array:
        return np.asarray(np.bincount(place, weights=weights, minlength=size), dtype=np.float64)

    return _Hours(
        by(cell, x, days * 24).reshape(days, 24),
        by(cell, valid.astype(np.float64), days * 24).reshape(days, 24),
        by(day, x * x, days),
        by(later, step * same, days),
        by(later, (both & same).astype(np.float64), days),
        by(later, step * ~same, days),
        by(later, (both & ~same).astype(np.float64), days),
    )


def minutes_by_day(recording: PreparedRecording, first: int, days: int) -> tuple[Array, Array]:
    """Sum and number of valid epochs by local day and minute, both of shape (D, 1440).

    Parameters
    ----------
    recording:
        One-minute epochs.
    first, days:
        First local day and number of days of the result; they must cover the recording.
    """
    place = recording.row_days() - first
    total = recording.grid_values.reshape(-1, MINUTES_PER_DAY)
    number = recording.grid_valid.reshape(-1, MINUTES_PER_DAY).astype(np.float64)
    if place.size == days and np.array_equal(place, np.arange(days)):
        return total, number
    sums, counts = np.zeros((days, MINUTES_PER_DAY)), np.zeros((days, MINUTES_PER_DAY))
    np.add.at(sums, place, total)
    np.add.at(counts, place, number)
    return sums, counts


def _running(sums: Array) -> Array:
    """Running sums over days with a leading zero, shape (D + 1, …)."""
    result = np.zeros((sums.shape[0] + 1, *sums.shape[1:]))
    np.cumsum(sums, axis=0, out=result[1:])
    return result


def _stability(hours: _Hours, low: Days, high: Days) -> tuple[Array, Array]:
    """IS and IV of the windows of days ``[low, high)``, NaN where the bins do not vary."""

    def over(sums: Array) -> Array:
        running = _running(sums)
        return np.asarray(running[high] - running[low])

    total, count = over(hours.total), np.rint(over(hours.count))
    n = count.sum(axis=1)
    mean = total.sum(axis=1) / np.maximum(n, 1)
    spread = over(hours.squares) - n * mean * mean
    usable = (n >= 2) & (spread > 1e-9 * np.maximum(n, 1))
    present = count > 0
    away = np.where(present, total / np.maximum(count, 1) - mean[:, None], 0.0)
    bins = np.maximum(present.sum(axis=1), 1)
    safe = np.where(usable, spread, 1.0)
    stability = np.where(usable, n * (away * away).sum(axis=1) / (bins * safe), np.nan)
    # The step into a window's first day comes from a day outside it.
    inside = low + 1
    into, pairs_into = _running(hours.into), _running(hours.pairs_into)
    steps = over(hours.within) + into[high] - into[inside]
    pairs = np.rint(over(hours.pairs_within) + pairs_into[high] - pairs_into[inside])
    variability = np.where(usable & (pairs > 0), steps / np.maximum(pairs, 1) * n / safe, np.nan)
    return stability, variability


def _cosinor(total: Array, number: Array, low: Days, high: Days) -> tuple[Array, Array, Array]:
    """Mesor, amplitude and acrophase of each window."""
    products = (_DESIGN[:, :, None] * _DESIGN[:, None, :]).reshape(MINUTES_PER_DAY, 9)
    gram, right = _running(number @ products), _running(total @ _DESIGN)
    grams = (gram[high] - gram[low]).reshape(-1, 3, 3)
    rights = right[high] - right[low]
    found: Array = np.full((3, low.size), np.nan)
    scale = np.maximum(grams[:, :1, :1], 1.0)
    solvable = (grams[:, 0, 0] > 0) & (np.linalg.eigvalsh(grams / scale)[:, 0] > 1e-6)
    if solvable.any():
        mesor, beta, gamma = np.linalg.solve(grams[solvable], rights[solvable][:, :, None])[:, :, 0].T
        found[0, solvable], found[1, solvable] = mesor, np.hypot(beta, gamma)
        found[2, solvable] = np.arctan2(gamma, beta) * 24 / (2 * math.pi) % 24 % 24
    return found[0], found[1], found[2]


def _extremes(total: Array, number: Array, low: Days, high: Days) -> tuple[list[Window | None], list[Window | None]]:
    """L5 and M10 of each window, some windows at a time to bound memory."""
    sums, counts = _running(total), _running(number)
    l5: list[Window | None] = []
    m10: list[Window | None] = []
    for begin in range(0, low.size, _AT_ONCE):
        some = slice(begin, begin + _AT_ONCE)
        count = np.rint(counts[high[some]] - counts[low[some]])
        amount = sums[high[some]] - sums[low[some]]
        profile = np.divide(amount, count, out=np.full(count.shape, np.nan), where=count > 0)
        l5.extend(profile_windows(profile, 300, least=True))
        m10.extend(profile_windows(profile, 600, least=False))
    return l5, m10


def _column(windows: Sequence[Window | None], name: str) -> Array:
    return np.array([np.nan if window is None else getattr(window, name) for window in windows], dtype=np.float64)


def rolling_rhythm(
    recording: PreparedRecording, valid_days: NDArray[np.int64], windows: Sequence[int] = WINDOWS
) -> tuple[RollingRhythm, ...]:
    """Rhythm metrics of the last 7, 14 and 28 days on every local day of a recording.

    Parameters
    ----------
    recording:
        One-minute epochs.
    valid_days:
        Local days that meet the valid-day rule (RH-5), days since 1970-01-01.
    windows:
        Lengths in days.

    Returns
    -------
    One result a length, in their order; none for an empty recording.
    """
    row_days = recording.row_days()
    if not row_days.size:
        return ()
    first = int(row_days.min())
    days = int(row_days.max()) - first + 1
    hours = _hours(recording, first, days)
    total, number = minutes_by_day(recording, first, days)
    there = np.zeros(days)
    known = valid_days - first
    there[known[(known >= 0) & (known < days)]] = 1
    counted = _running(there)
    high = np.arange(1, days + 1, dtype=np.int64)
    result: list[RollingRhythm] = []
    for window in windows:
        low = np.maximum(high - window, 0)
        valid = np.rint(counted[high] - counted[low]).astype(np.int64)
        stability, variability = _stability(hours, low, high)
        l5, m10 = _extremes(total, number, low, high)
        mesor, amplitude, acrophase = _cosinor(total, number, low, high)
        least, most = _column(l5, "mean"), _column(m10, "mean")
        both = most + least
        values = {
            "is": stability,
            "iv": variability,
            "ra": np.divide(most - least, both, out=np.full(days, np.nan), where=both > 0),
            "l5": least,
            "l5_onset_h": _column(l5, "onset_h"),
            "m10": most,
            "m10_onset_h": _column(m10, "onset_h"),
            "mesor": mesor,
            "amplitude": amplitude,
            "acrophase_h": acrophase,
        }
        for metric, column in values.items():
            column[valid < max(METRICS[metric].minimum, -(-window // 2))] = np.nan
        result.append(RollingRhythm(window, first + high - 1, valid, values))
    return tuple(result)
