"""Least and most active hours of every single day, and the binarized variant of the non-parametric metrics (RH-16)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.findings import METRICS, Metric
from clarity_desktop.domain.time import DAY_S

__all__ = ["BINARIZED_ABOVE", "DailyWindow", "DailyWindows", "binarized", "daily_windows"]

L5_ONSET_SD = METRICS.declare(
    Metric(
        "l5_onset_sd_h", "Day-to-day spread of the start of L5", "h", 2, "circadian", "Witting 1990", "RH-16", minimum=3
    )
)
M10_ONSET_SD = METRICS.declare(
    Metric(
        "m10_onset_sd_h",
        "Day-to-day spread of the start of M10",
        "h",
        2,
        "circadian",
        "Witting 1990",
        "RH-16",
        minimum=3,
    )
)

BINARIZED_ABOVE = 4.0
"""Counts above this are 1, others 0, in the binarized variant; a value made this way must be labelled so."""

_LEAST_PRESENT = 0.8


@dataclass(frozen=True, slots=True)
class DailyWindow:
    """The window of one day."""

    day: int
    """Local day (days since 1970-01-01): the day itself for M10, the day of the morning for L5."""
    mean: float
    """Mean per minute."""
    onset_h: float
    """Local clock hour at which it begins."""


@dataclass(frozen=True, slots=True)
class DailyWindows:
    """Windows of all days that have enough data."""

    windows: tuple[DailyWindow, ...]

    @property
    def mean(self) -> float | None:
        """Mean over days of the windows' means per minute."""
        return float(np.mean([window.mean for window in self.windows])) if self.windows else None

    @property
    def onset_h(self) -> float | None:
        """Circular mean of the onsets, clock hours 0…24."""
        resultant = self._resultant()
        if resultant is None or abs(resultant) < 1e-12:
            return None
        return float(np.angle(resultant)) * 24 / (2 * math.pi) % 24

    @property
    def onset_sd_h(self) -> float | None:
        """Circular standard deviation of the onsets in hours, √(−2 ln R)."""
        resultant = self._resultant()
        if resultant is None or abs(resultant) < 1e-12:
            return None
        return math.sqrt(max(0.0, -2 * math.log(min(abs(resultant), 1.0)))) * 24 / (2 * math.pi)

    def _resultant(self) -> complex | None:
        if not self.windows:
            return None
        angles = 2 * np.pi * np.array([window.onset_h for window in self.windows]) / 24
        return complex(np.exp(1j * angles).mean())


def daily_windows(recording: PreparedRecording) -> tuple[DailyWindows, DailyWindows]:
    """L5 of every noon-to-noon and M10 of every midnight-to-midnight that lies whole in the record.

    Windows slide in elapsed minutes inside the day, so a day of 23 or 25 hours keeps windows of 5 and 10 hours. A
    window needs four fifths of its minutes, and a day the same share of all its minutes.
    """
    epochs = recording.epochs
    if not len(epochs):
        return DailyWindows(()), DailyWindows(())
    values = recording.deviations
    total = np.concatenate(([0.0], np.cumsum(values)))
    count = np.concatenate(([0], np.cumsum(recording.valid)))
    zone = epochs.zone
    first, last = (int(day) for day in zone.local_days(np.array([epochs.start, epochs.span.stop - 1])))
    nights: list[DailyWindow] = []
    days: list[DailyWindow] = []
    for day in range(first, last + 1):
        noon = (zone.instant_of_local(day - 1, DAY_S // 2), zone.instant_of_local(day, DAY_S // 2))
        midnight = (zone.instant_of_local(day), zone.instant_of_local(day + 1))
        for limits, hours, least, found in ((noon, 5, True, nights), (midnight, 10, False, days)):
            start, stop = ((limit - epochs.start) // 60 for limit in limits)
            if start < 0 or stop > len(epochs):
                continue
            window = _best(total[start : stop + 1], count[start : stop + 1], hours * 60, least=least)
            if window is not None:
                place, mean = window
                local = int(zone.local_seconds(np.array([epochs.start + 60 * (start + place)]))[0])
                found.append(DailyWindow(day, mean + recording.mean, local % DAY_S / 3600))
    return DailyWindows(tuple(nights)), DailyWindows(tuple(days))


def _best(
    total: NDArray[np.float64], count: NDArray[np.int64], length: int, *, least: bool
) -> tuple[int, float] | None:
    """``(first minute, mean)`` of the best window in a day's running sums, or ``None`` without enough data."""
    size = total.size - 1
    if size < length or count[-1] - count[0] < _LEAST_PRESENT * size:
        return None
    n = count[length:] - count[:-length]
    eligible = n >= _LEAST_PRESENT * length
    if not eligible.any():
        return None
    mean = np.full(n.size, np.inf if least else -np.inf)
    np.divide(total[length:] - total[:-length], n, out=mean, where=eligible)
    # Running sums leave residues of rounding: windows closer than this are equal, and the first counts.
    tolerance = 1e-9 * max(1.0, float(np.abs(mean[eligible]).max()))
    hits = mean <= mean.min() + tolerance if least else mean >= mean.max() - tolerance
    place = int(np.argmax(hits))
    return place, float(mean[place])


def binarized(epochs: Epochs, above: float = BINARIZED_ABOVE) -> Epochs:
    """Epochs with 1 where the count exceeds the threshold and 0 elsewhere; missing stays missing."""
    values = (epochs.values > above).astype(np.float32)
    values[~np.isfinite(epochs.values)] = np.nan
    return replace(epochs, values=values, unit="active")
