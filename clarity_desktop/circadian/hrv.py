"""Variability of the heart from the times of its beats: time domain and frequency domain (RH-58).

Definitions after the Task Force of the European Society of Cardiology and the North American Society of Pacing and
Electrophysiology 1996, Circulation 93:1043. Everything rests on intervals between successive beats, never on rates
that a device has rounded.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from clarity_desktop.domain.findings import METRICS, Metric

__all__ = [
    "BeatIntervals",
    "FrequencyDomain",
    "SpectralMethod",
    "TimeDomain",
    "beat_intervals",
    "frequency_domain",
    "spectral_windows",
    "time_domain",
]

LONGEST_S: Final = 2.0
"""A longer interval is a missed beat."""
SHORTEST_S: Final = 0.3
FROM_MEDIAN: Final = 0.20
"""An interval further than this from the local median is an artefact, as a share of the median."""
GREATEST_CHANGE: Final = 0.25
"""Two neighbours that differ by more than this share of the earlier one end a run."""
WINDOW_S: Final = 300
LEAST_USABLE: Final = 0.8
LEAST_INTERVALS: Final = 20
"""Least usable intervals of a list of beats for the time domain."""
LOW: Final = (0.04, 0.15)
HIGH: Final = (0.15, 0.40)
"""Bands in Hz, lower bound included."""

_MEDIAN_OVER: Final = 11
_RESAMPLED_HZ: Final = 4.0
_SEGMENT: Final = 600
_TASK_FORCE: Final = "Task Force 1996"


def _declare(name: str, title: str, unit: str, decimals: int, rests_on: str, minimum: int) -> Metric:
    return METRICS.declare(Metric(name, title, unit, decimals, "variability", _TASK_FORCE, "RH-58", rests_on, minimum))


_LISTS: Final = "lists of beats"
_WINDOWS: Final = "windows of 5 minutes"
HRV_RMSSD = _declare("hrv_rmssd_ms", "RMSSD from beats", "ms", 0, _LISTS, 3)
HRV_SDNN = _declare("hrv_sdnn_ms", "SDNN from beats", "ms", 0, _LISTS, 3)
HRV_PNN50 = _declare("hrv_pnn50_pct", "pNN50 from beats", "%", 0, _LISTS, 3)
HRV_LF = _declare("hrv_lf_ms2", "Low-frequency power of beat intervals", "ms²", 0, _WINDOWS, 3)
HRV_HF = _declare("hrv_hf_ms2", "High-frequency power of beat intervals", "ms²", 0, _WINDOWS, 3)


class SpectralMethod(StrEnum):
    """How a spectrum is made of intervals that are not evenly spaced."""

    LOMB_SCARGLE = "lomb_scargle"
    """On the beats themselves; gaps need no filling."""
    WELCH = "welch"
    """On intervals interpolated at 4 Hz, Hann windows of 150 s that overlap by half."""


@dataclass(frozen=True, slots=True)
class BeatIntervals:
    """Intervals between successive beats; arrays of shape (K,)."""

    at: NDArray[np.float64]
    """Time of the beat that ends each interval, seconds."""
    length: NDArray[np.float64]
    """Seconds."""
    usable: NDArray[np.bool_]
    """Neither missed beat nor artefact."""
    unbroken: NDArray[np.bool_]
    """Whether the interval and the one before it are both usable and belong to one run."""

    @property
    def usable_share(self) -> float:
        """Usable over all intervals, 0…1."""
        return float(self.usable.mean()) if self.usable.size else 0.0


@dataclass(frozen=True, slots=True)
class TimeDomain:
    """Statistics of one list of beats."""

    rmssd_ms: float
    """Root mean square of differences between neighbouring usable intervals of a run."""
    sdnn_ms: float
    """Standard deviation (n − 1) of the usable intervals."""
    pnn50_pct: float
    """Share of those differences that exceed 50 ms."""
    mean_rate: float
    """Beats a minute: 60 over the mean usable interval."""
    intervals: int
    """Usable intervals."""
    pairs: int
    """Neighbouring usable intervals of a run."""
    usable_share: float


@dataclass(frozen=True, slots=True)
class FrequencyDomain:
    """Power of one window, one-sided, as variance in a band."""

    lf_ms2: float
    """0.04–0.15 Hz."""
    hf_ms2: float
    """0.15–0.40 Hz."""
    usable_share: float

    @property
    def lf_over_hf(self) -> float | None:
        """LF/HF; ``None`` without high-frequency power. Not a measure of sympathetic balance."""
        return self.lf_ms2 / self.hf_ms2 if self.hf_ms2 > 0 else None


def beat_intervals(beats_s: NDArray[np.float64]) -> BeatIntervals:
    """Intervals of a list of beats, with missed beats and artefacts marked.

    An interval is usable when it lies between 0.3 and 2 s and within 20 % of the median of the eleven intervals around
    it. A run ends where an interval is not usable, or where it differs from its neighbour by more than 25 %.

    Parameters
    ----------
    beats_s:
        Times of beats in seconds on any clock, in the order of the list, shape (K + 1,). NaN is a beat whose time
        could not be read; both intervals at it are unusable.
    """
    length = np.diff(np.asarray(beats_s, dtype=np.float64))
    at = np.asarray(beats_s[1:], dtype=np.float64)
    if not length.size:
        none = np.empty(0, np.bool_)
        return BeatIntervals(at, length, none, none)
    plausible = (length >= SHORTEST_S) & (length <= LONGEST_S)
    # NaN counts for nothing in a median, so that a missed beat does not move it.
    padded = np.pad(np.where(plausible, length, np.nan), _MEDIAN_OVER // 2, constant_values=np.nan)
    around = np.sort(sliding_window_view(padded, _MEDIAN_OVER), axis=1)
    n = np.isfinite(around).sum(axis=1)
    rows, middle = np.arange(length.size), np.maximum(n - 1, 0) // 2
    median = (around[rows, middle] + around[rows, np.maximum(n, 1) // 2]) / 2
    usable = plausible & (np.abs(length - median) <= FROM_MEDIAN * median)
    unbroken = np.zeros(length.size, dtype=np.bool_)
    steady = np.abs(length[1:] - length[:-1]) <= GREATEST_CHANGE * np.abs(length[:-1])
    unbroken[1:] = usable[1:] & usable[:-1] & steady
    return BeatIntervals(at, length, usable, unbroken)


def time_domain(intervals: BeatIntervals) -> TimeDomain | None:
    """RMSSD, SDNN and pNN50 of one list; ``None`` below 20 usable intervals or 80 % of them, or without neighbours."""
    number, pairs = int(np.count_nonzero(intervals.usable)), int(np.count_nonzero(intervals.unbroken))
    share = intervals.usable_share
    if number < LEAST_INTERVALS or share < LEAST_USABLE or not pairs:
        return None
    milliseconds = 1000 * intervals.length
    kept = milliseconds[intervals.usable]
    step = np.diff(milliseconds)[intervals.unbroken[1:]]
    # Beats are printed to a hundredth of a second: a step of exactly 50 ms must not pass by rounding.
    return TimeDomain(
        math.sqrt(float(step @ step) / pairs),
        float(kept.std(ddof=1)),
        100 * float(np.count_nonzero(np.abs(step) > 50 + 1e-6)) / pairs,
        60_000 / float(kept.mean()),
        number,
        pairs,
        share,
    )


def spectral_windows(beats_s: NDArray[np.float64], window_s: int = WINDOW_S) -> list[NDArray[np.float64]]:
    """Beats cut into successive windows of five minutes from the first beat on; an incomplete tail is left out."""
    finite = beats_s[np.isfinite(beats_s)]
    if finite.size < 2:
        return []
    windows = int((finite[-1] - finite[0]) // window_s)
    edges = np.searchsorted(finite, finite[0] + window_s * np.arange(windows + 1))
    return [finite[first : stop + 1] for first, stop in itertools.pairwise(edges.tolist())]


def frequency_domain(
    intervals: BeatIntervals, method: SpectralMethod = SpectralMethod.LOMB_SCARGLE, *, window_s: int = WINDOW_S
) -> FrequencyDomain | None:
    """LF and HF power of one window; ``None`` when less than 80 % of its time lies in usable intervals.

    The straight line through the intervals is taken out first. Power is scaled so that a sine of amplitude A within a
    band gives A²/2.

    Parameters
    ----------
    intervals:
        Intervals of about ``window_s`` seconds (see :func:`spectral_windows`).
    method:
        Lomb–Scargle on the beats, or Welch at 4 Hz.
    window_s:
        Length the window should have, in seconds.
    """
    usable = intervals.usable
    covered = float(intervals.length[usable].sum())
    share = min(intervals.usable_share, covered / window_s)
    if np.count_nonzero(usable) < LEAST_INTERVALS or share < LEAST_USABLE:
        return None
    at, value = intervals.at[usable], 1000 * intervals.length[usable]
    at = at - at[0]
    value = value - np.polyval(np.polyfit(at, value, 1), at)
    if method is SpectralMethod.WELCH:
        frequency, density = _welch(at, value)
    else:
        frequency, density = _lomb_scargle(at, value)
    return FrequencyDomain(_band(frequency, density, LOW), _band(frequency, density, HIGH), share)


def _band(frequency: NDArray[np.float64], density: NDArray[np.float64], band: tuple[float, float]) -> float:
    inside = (frequency >= band[0]) & (frequency < band[1])
    return float(density[inside].sum() * (frequency[1] - frequency[0]))


def _lomb_scargle(
    at: NDArray[np.float64], value: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One-sided density at four frequencies to each 1/T (Lomb 1976; Scargle 1982), in the square of the unit/Hz."""
    length = float(at[-1]) + float(np.median(np.diff(at)))
    step = 1 / (4 * length)
    frequency: NDArray[np.float64] = step * np.arange(1, int(HIGH[1] / step) + 2, dtype=np.float64)
    angle = 2 * np.pi * frequency[:, None] * at[None, :]
    delay = np.arctan2(np.sin(2 * angle).sum(axis=1), np.cos(2 * angle).sum(axis=1)) / 2
    cosine, sine = np.cos(angle - delay[:, None]), np.sin(angle - delay[:, None])
    power = (cosine @ value) ** 2 / (cosine * cosine).sum(axis=1) + (sine @ value) ** 2 / (sine * sine).sum(axis=1)
    # The sum of squares of a sine of amplitude A is n·A²/2 at its frequency; over the lobe this makes A²/2.
    return frequency, np.asarray(power * length / value.size)


def _welch(at: NDArray[np.float64], value: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One-sided density from intervals interpolated at 4 Hz, in the square of the unit/Hz."""
    from scipy.interpolate import CubicSpline

    # Straight lines between beats would take away a third of the power of breathing.
    even = CubicSpline(at, value)(np.arange(0.0, float(at[-1]), 1 / _RESAMPLED_HZ))
    size = min(_SEGMENT, even.size)
    segments = sliding_window_view(even, size)[:: max(size // 2, 1)]
    window = np.hanning(size + 1)[:-1]
    spectrum = np.fft.rfft((segments - segments.mean(axis=1, keepdims=True)) * window, axis=1)
    density = 2 * (np.abs(spectrum) ** 2).mean(axis=0) / (_RESAMPLED_HZ * float(window @ window))
    frequency: NDArray[np.float64] = np.arange(density.size, dtype=np.float64) * _RESAMPLED_HZ / size
    return frequency, np.asarray(density, dtype=np.float64)
