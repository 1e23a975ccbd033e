"""Non-parametric rest–activity metrics: stability, variability, least and most active hours (RH-10…RH-16).

Witting et al. 1990, Biol Psychiatry 27:563; Van Someren et al. 1999, Chronobiol Int 16:505; ISm and IVm after
Gonçalves et al. 2014, Sleep Sci 7:158.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count, pairwise, takewhile
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.circadian.bin_statistics import BIN_WIDTHS, BinStatistics, bin_statistics, statistics_of_rows
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.domain.findings import METRICS, Metric

__all__ = [
    "Period",
    "RestActivity",
    "Window",
    "interdaily_stability",
    "intradaily_variability",
    "least_active",
    "mean_over_widths",
    "most_active",
    "per_seven_days",
    "profile_windows",
    "relative_amplitude",
    "rest_activity",
]

_WITTING = "Witting 1990; Van Someren 1999"
IS = METRICS.declare(Metric("is", "Interdaily stability", "", 3, "circadian", _WITTING, "RH-10", minimum=5))
IV = METRICS.declare(Metric("iv", "Intradaily variability", "", 3, "circadian", _WITTING, "RH-11", minimum=3))
ISM = METRICS.declare(
    Metric(
        "ism", "Interdaily stability, mean over bin widths", "", 3, "circadian", "Gonçalves 2014", "RH-12", minimum=5
    )
)
IVM = METRICS.declare(
    Metric(
        "ivm", "Intradaily variability, mean over bin widths", "", 3, "circadian", "Gonçalves 2014", "RH-12", minimum=3
    )
)
L5 = METRICS.declare(
    Metric("l5", "Least active 5 hours", "counts/min", 1, "circadian", "Witting 1990", "RH-13", minimum=3)
)
L5_ONSET = METRICS.declare(
    Metric(
        "l5_onset_h",
        "Start of the least active 5 hours",
        "h",
        2,
        "circadian",
        "Witting 1990",
        "RH-13",
        minimum=3,
        clock_hour=True,
    )
)
M10 = METRICS.declare(
    Metric("m10", "Most active 10 hours", "counts/min", 1, "circadian", "Witting 1990", "RH-13", minimum=3)
)
M10_ONSET = METRICS.declare(
    Metric(
        "m10_onset_h",
        "Start of the most active 10 hours",
        "h",
        2,
        "circadian",
        "Witting 1990",
        "RH-13",
        minimum=3,
        clock_hour=True,
    )
)
RA = METRICS.declare(Metric("ra", "Relative amplitude", "", 3, "circadian", "Witting 1990", "RH-14", minimum=3))

_LEAST_PRESENT = 0.8
_Number = TypeVar("_Number", np.float64, np.int32)


@dataclass(frozen=True, slots=True)
class Window:
    """A window of the average day."""

    mean: float
    """Mean per minute."""
    onset_min: int
    """Clock minute of its first bin, 0…1439."""

    @property
    def onset_h(self) -> float:
        """Clock hour at which it begins, 0…24."""
        return self.onset_min / 60


@dataclass(frozen=True, slots=True)
class Period:
    """Metrics of seven whole local days (RH-15)."""

    start_day: int
    """Days from the recording's first local midnight to the block's first."""
    stability: float | None
    variability: float | None
    relative_amplitude: float | None


@dataclass(frozen=True, slots=True)
class RestActivity:
    """The family for one recording; ``None`` where there is not enough data to compute at all."""

    stability: float | None
    variability: float | None
    mean_stability: float | None
    mean_variability: float | None
    l5: Window | None
    m10: Window | None
    relative_amplitude: float | None
    hourly_bins: int
    """Valid hourly bins that stability and variability rest on."""


def interdaily_stability(recording: PreparedRecording, width_min: int = 60) -> float | None:
    """How alike the days are, 0…1; random noise gives about 1 / days (RH-10)."""
    return bin_statistics(recording, (width_min,))[width_min].stability(recording.mean)


def intradaily_variability(recording: PreparedRecording, width_min: int = 60) -> float | None:
    """How broken the rhythm is within the day: a sine about 0.07, white noise 2 (RH-11)."""
    return bin_statistics(recording, (width_min,))[width_min].variability(recording.mean)


def mean_over_widths(
    recording: PreparedRecording, widths: tuple[int, ...] = BIN_WIDTHS
) -> tuple[float | None, float | None]:
    """``(ISm, IVm)``: means of IS and of IV over bin widths in minutes (RH-12)."""
    return _means(bin_statistics(recording, widths), recording.mean)


def _means(found: Mapping[int, BinStatistics], scale: float) -> tuple[float | None, float | None]:
    stability = [statistics.stability(scale) for statistics in found.values()]
    variability = [statistics.variability(scale) for statistics in found.values()]
    return _mean_of_all(stability), _mean_of_all(variability)


def _mean_of_all(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return float(np.mean(there)) if there and len(there) == len(values) else None


def profile_windows(profiles: NDArray[np.float64], length: int, *, least: bool) -> list[Window | None]:
    """For each circular profile (K, 1440) the window of ``length`` minutes with the least or greatest mean (RH-13).

    Parameters
    ----------
    profiles:
        Average days, NaN where a minute has no value.
    length:
        Minutes of the window.
    least:
        Whether the window with the least mean is sought.

    Returns
    -------
    One window a profile, ``None`` where no window has four fifths of its minutes.
    """
    rows, size = profiles.shape
    present = np.isfinite(profiles)
    complete = bool(present.all())
    filled = profiles if complete else np.where(present, profiles, 0.0)
    total = _circular_sums(filled, length)
    if complete:
        n = np.full((rows, size), length)
        eligible = n > 0
        mean = total / length
    else:
        n = _circular_sums(present.astype(np.int32), length)
        eligible = (n >= _LEAST_PRESENT * length) & (n > 0)
        mean = np.full((rows, size), np.inf if least else -np.inf)
        np.divide(total, n, out=mean, where=eligible)
    tolerance = 1e-9 * np.maximum(1.0, filled.max(axis=1, initial=0.0))
    if least:
        onsets = np.argmax(mean <= (mean.min(axis=1) + tolerance)[:, None], axis=1)
    else:
        onsets = np.argmax(mean >= (mean.max(axis=1) - tolerance)[:, None], axis=1)
    # Summed anew over the window: the difference of running sums would leave a residue where the sum is 0.
    places = (onsets[:, None] + np.arange(length)) % size
    amounts = np.take_along_axis(filled, places, axis=1).sum(axis=1)
    held = np.take_along_axis(n, onsets[:, None], axis=1)[:, 0]
    some = np.count_nonzero(eligible, axis=1).tolist()
    rows_of = zip(amounts.tolist(), held.tolist(), onsets.tolist(), some, strict=True)
    return [Window(amount / number, onset) if found else None for amount, number, onset, found in rows_of]


def _circular_sums(values: NDArray[_Number], length: int) -> NDArray[_Number]:
    """Σ of ``length`` values from each place of each row on, a row being a circle; shape as ``values``."""
    rows, size = values.shape
    running = np.zeros((rows, size + length + 1), values.dtype)
    np.cumsum(values, axis=1, out=running[:, 1 : size + 1])
    np.add(running[:, size : size + 1], running[:, 1 : length + 1], out=running[:, size + 1 :])
    return np.asarray(running[:, length : length + size] - running[:, :size])


def least_active(recording: PreparedRecording, hours: int = 5) -> Window | None:
    """L5: the least active hours of the average day."""
    return profile_windows(recording.minute_mean[None, :], hours * 60, least=True)[0]


def most_active(recording: PreparedRecording, hours: int = 10) -> Window | None:
    """M10: the most active hours of the average day."""
    return profile_windows(recording.minute_mean[None, :], hours * 60, least=False)[0]


def relative_amplitude(l5: Window | None, m10: Window | None) -> float | None:
    """(M10 − L5) / (M10 + L5), 0…1; ``None`` when the sum is 0 (RH-14)."""
    if l5 is None or m10 is None or m10.mean + l5.mean == 0:
        return None
    return (m10.mean - l5.mean) / (m10.mean + l5.mean)


def rest_activity(recording: PreparedRecording) -> RestActivity:
    """The whole family for one recording."""
    found = bin_statistics(recording, BIN_WIDTHS)
    hourly, scale = found[60], recording.mean
    mean_stability, mean_variability = _means(found, scale)
    l5, m10 = least_active(recording), most_active(recording)
    return RestActivity(
        hourly.stability(scale),
        hourly.variability(scale),
        mean_stability,
        mean_variability,
        l5,
        m10,
        relative_amplitude(l5, m10),
        hourly.n,
    )


def per_seven_days(recording: PreparedRecording) -> tuple[Period, ...]:
    """IS, IV and RA of consecutive blocks of seven whole local days from the first local midnight (RH-15)."""
    epochs = recording.epochs
    if not len(epochs):
        return ()
    zone = epochs.zone
    day = int(zone.local_days(np.array([epochs.start]))[0])
    if zone.instant_of_local(day) < epochs.start:
        day += 1
    stop = epochs.span.stop
    ends = list(takewhile(lambda at: at <= stop, (zone.instant_of_local(day + 7 * k) for k in count(0))))
    if len(ends) < 2:
        return ()
    row_days = recording.row_days()
    if bool(np.all(np.diff(row_days) >= 0)):
        first = np.searchsorted(row_days, day + 7 * np.arange(len(ends)))
        profiles = recording.profiles(first)
        hourly = recording.bins(60)
        blocks = [statistics_of_rows(hourly, slice(low, high)) for low, high in pairwise(first.tolist())]
    else:
        # Travel across the date line repeats local days: cut by instants instead of rows.
        cuts = [(at - epochs.start) // 60 for at in ends]
        parts = [recording.part(low, high) for low, high in pairwise(cuts)]
        profiles = np.stack([part.minute_mean for part in parts])
        blocks = [bin_statistics(part, (60,))[60] for part in parts]
    l5, m10 = profile_windows(profiles, 300, least=True), profile_windows(profiles, 600, least=False)
    scale = recording.mean
    return tuple(
        Period(7 * number, block.stability(scale), block.variability(scale), relative_amplitude(low, high))
        for number, (block, low, high) in enumerate(zip(blocks, l5, m10, strict=True))
    )
