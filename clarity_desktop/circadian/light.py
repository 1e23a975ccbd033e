"""Light at the wrist: time above thresholds, its mean timing, and its regularity (RH-54).

MLiT after Reid et al. 2014, PLoS ONE 9:e92251. A sleeve covers the sensor: light is what reached the device.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.circadian.nonparametric import interdaily_stability, intradaily_variability
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.findings import METRICS, Metric
from clarity_desktop.signals.clock import LocalClock

__all__ = ["LIGHT_THRESHOLDS", "LightDays", "LightRhythm", "dark_while_active", "light_days", "light_rhythm"]

LIGHT_THRESHOLDS = (10, 100, 500, 1000)
"""Lux."""
_LEAST_HOURS = 16.0


def _declare(name: str, title: str, unit: str, decimals: int, minimum: int = 1, *, clock: bool = False) -> Metric:
    return METRICS.declare(
        Metric(name, title, unit, decimals, "light", "Reid 2014", "RH-54", minimum=minimum, clock_hour=clock)
    )


for _lux in LIGHT_THRESHOLDS:
    _declare(f"tat_{_lux}", f"Time at or above {_lux} lx a day", "min", 0)
for _lux in LIGHT_THRESHOLDS:
    _declare(f"mlit_{_lux}_h", f"Mean clock time of light above {_lux} lx", "h", 2, clock=True)
LIGHT_IS = _declare("light_is", "Interdaily stability of light", "", 3, 5)
LIGHT_IV = _declare("light_iv", "Intradaily variability of light", "", 3, 3)


@dataclass(frozen=True, slots=True)
class LightDays:
    """Light of each local day that has at least 16 h of data, at one threshold; arrays of shape (D,)."""

    threshold_lux: float
    day: NDArray[np.int64]
    """Local days since 1970-01-01."""
    minutes_above: NDArray[np.float64]
    """TAT: minutes with light at or above the threshold."""
    mean_time_h: NDArray[np.float64]
    """MLiT: mean clock hour of the minutes above the threshold; NaN on days without any."""
    first_h: NDArray[np.float64]
    """Clock hour of the first minute above the threshold; NaN on days without any."""
    last_h: NDArray[np.float64]
    """Clock hour of the last minute above the threshold; NaN on days without any."""

    @property
    def tat_min(self) -> float | None:
        """Mean over days of the minutes at or above the threshold."""
        return float(self.minutes_above.mean()) if self.day.size else None

    @property
    def mlit_h(self) -> float | None:
        """Mean over days of the mean clock hour above the threshold; ``None`` when no day has any."""
        some = self.mean_time_h[np.isfinite(self.mean_time_h)]
        return float(some.mean()) if some.size else None


@dataclass(frozen=True, slots=True)
class LightRhythm:
    """Regularity of log10(lux + 1), computed as for activity."""

    stability: float | None
    variability: float | None
    hourly: NDArray[np.float64]
    """LEX: mean of log10(lux + 1) by clock hour, shape (24,); NaN where no data."""
    recording: PreparedRecording
    """log10(lux + 1) as a recording of its own, for what rests on single days."""


def light_days(light: Epochs, threshold_lux: float) -> LightDays:
    """Time and timing of light above a threshold, by local day.

    Parameters
    ----------
    light:
        Lux, any epoch length.
    threshold_lux:
        TAT counts light at or above it, times are of light above it.
    """
    clock = LocalClock.of(light)
    valid = light.valid
    if not valid.any():
        none = np.empty(0)
        return LightDays(threshold_lux, np.empty(0, np.int64), none, none, none, none)
    day = clock.local_day
    origin = int(day.min())
    place = day - origin
    size = int(place.max()) + 1
    minutes = light.step_s / 60
    enough = np.bincount(place[valid], minlength=size) * minutes >= _LEAST_HOURS * 60
    kept = np.flatnonzero(enough)
    lux = np.where(valid, light.values, np.float32(-1))
    at_or_above: NDArray[np.float64] = np.bincount(place[lux >= threshold_lux], minlength=size).astype(np.float64)
    at_or_above *= minutes
    bright = np.flatnonzero(lux > threshold_lux)
    hours = clock.hours[bright]
    count = np.bincount(place[bright], minlength=size)
    mean: NDArray[np.float64] = np.full(size, np.nan)
    np.divide(np.bincount(place[bright], weights=hours, minlength=size), count, out=mean, where=count > 0)
    earliest, latest = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(earliest, place[bright], hours)
    np.maximum.at(latest, place[bright], hours)
    dark = count == 0
    earliest[dark] = np.nan
    latest[dark] = np.nan
    return LightDays(threshold_lux, kept + origin, at_or_above[kept], mean[kept], earliest[kept], latest[kept])


def light_rhythm(light: Epochs) -> LightRhythm:
    """IS and IV of log10(lux + 1) and its mean by clock hour, from one-minute epochs."""
    logs = np.log10(np.maximum(light.values, np.float32(0)) + np.float32(1))
    recording = PreparedRecording(replace(light, values=logs))
    n = recording.minute_n.reshape(24, 60).sum(axis=1)
    total = np.where(recording.minute_n > 0, recording.minute_mean, 0.0) * recording.minute_n
    hourly = np.full(24, np.nan)
    np.divide(total.reshape(24, 60).sum(axis=1), n, out=hourly, where=n > 0)
    return LightRhythm(interdaily_stability(recording), intradaily_variability(recording), hourly, recording)


def dark_while_active(light: Epochs, activity: Epochs, *, active_above: float = 4.0) -> float | None:
    """Share of active waking epochs (7:00–20:00) with exactly zero light: a covered sensor, 0…1.

    ``None`` when there is no active epoch with light.

    Raises
    ------
    ValueError
        When the two grids differ.
    """
    if (light.start, light.step_s, len(light)) != (activity.start, activity.step_s, len(activity)):
        raise ValueError("light and activity must lie on the same grid")
    hours = LocalClock.of(light).hours
    active = light.valid & activity.valid & (activity.values > active_above) & (hours >= 7) & (hours < 20)
    total = int(np.count_nonzero(active))
    return float(np.count_nonzero(active & (light.values == 0)) / total) if total else None
