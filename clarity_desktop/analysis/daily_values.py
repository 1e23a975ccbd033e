"""Nightly and daily values of a panel's window, one place a local day, with gaps kept open (RH-64)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.analysis.findings.heart import dip_of_night, heart_rate_of_nights
from clarity_desktop.analysis.panels.heart_signal import HeartSignal
from clarity_desktop.circadian.daily_windows import DailyWindow, daily_windows
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.domain.findings import METRICS
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.series import Samples
from clarity_desktop.domain.time import DAY_S, day_of_date
from clarity_desktop.signals.clock import LocalClock

__all__ = ["DailyValues", "daily_values"]

Array = NDArray[np.float64]

_NIGHTLY: Final = ("tst_min", "tib_min", "se_pct", "sol_min", "waso_min", "awakenings", "midsleep_h")
_STEADY: Final = 0.5
"""Length of the mean vector of clock hours above which they have a middle to be laid out around."""


@dataclass(frozen=True, slots=True)
class DailyValues:
    """One value a night or day of one metric. Arrays have shape (D,), one place a local day without holes."""

    metric: str
    """Id of a declared metric, or ``activity_mean``."""
    title: str
    unit: str
    per: str
    """``night`` (by date of waking) or ``day``."""
    day: NDArray[np.int64]
    """Local days since 1970-01-01, successive."""
    value: Array
    """NaN where there is none; clock hours lie in 0…24."""
    clock_hour: bool = False

    @property
    def n(self) -> int:
        """Days that have a value."""
        return int(np.count_nonzero(np.isfinite(self.value)))

    @property
    def linear(self) -> Array:
        """Values on which sums make sense: clock hours without a jump at midnight, −1 is 23:00.

        Hours that have a middle lie within 12 h of it. Hours that go round the dial (no entrainment) follow one another
        by the shorter way, so that a drift stays a line.
        """
        known = np.isfinite(self.value)
        if not self.clock_hour or not known.any():
            return self.value
        hours = self.value[known]
        mean = complex(np.exp(2j * np.pi * hours / 24).mean())
        result: Array = np.full(self.value.size, np.nan)
        if abs(mean) >= _STEADY:
            middle = float(np.angle(mean)) * 24 / (2 * np.pi)
            result[known] = (hours - middle + 12) % 24 - 12 + middle
        else:
            result[known] = np.unwrap(hours, period=24)
        return result


def _values(
    metric: str,
    per: str,
    days: Sequence[int],
    values: Sequence[float] | Array,
    *,
    title: str = "",
    unit: str | None = None,
) -> tuple[DailyValues, ...]:
    """Values by local day on a grid without holes; nothing when none is finite."""
    amounts = np.asarray(values, dtype=np.float64)
    if not np.isfinite(amounts).any():
        return ()
    declared = next((one for one in METRICS if one.id == metric), None)
    place = np.asarray(days, dtype=np.int64)
    first = int(place.min())
    grid: Array = np.full(int(place.max()) - first + 1, np.nan)
    grid[place - first] = amounts
    return (
        DailyValues(
            metric,
            title or (declared.title if declared else metric),
            (declared.unit if declared else "") if unit is None else unit,
            per,
            first + np.arange(grid.size, dtype=np.int64),
            grid,
            declared.clock_hour if declared else False,
        ),
    )


def _of_nights(panel: Panel, rate: Samples | None, signal: HeartSignal | None) -> list[DailyValues]:
    # A night that the device saw in part stays open, as it stays out of the panel's medians.
    nights = tuple(night for night in panel.nights if not night.incomplete)
    if not nights:
        return []
    days = [day_of_date(night.date) for night in nights]
    found: list[DailyValues] = []
    for metric in _NIGHTLY:
        values = [getattr(night, metric) for night in nights]
        found += _values(metric, "night", days, [np.nan if value is None else float(value) for value in values])
    if rate is None or signal is None:
        return found
    hearts = heart_rate_of_nights(nights, rate)
    if hearts:
        of = [day_of_date(night.date) for night, _ in hearts]
        at = panel.zone.local_seconds(np.array([heart.nadir_at for _, heart in hearts], dtype=np.int64))
        found += _values("resting_hr", "night", of, [heart.resting for _, heart in hearts])
        found += _values("hr_nadir", "night", of, [heart.nadir for _, heart in hearts])
        found += _values("hr_nadir_h", "night", of, np.asarray(at % DAY_S / 3600, dtype=np.float64))
    dips = [dip_of_night(night, before, signal) for before, night in zip((None, *nights), nights, strict=False)]
    found += _values("hr_dip_pct", "night", days, [np.nan if dip is None else dip for dip in dips])
    return found


def _of_days(panel: Panel, recording: PreparedRecording | None) -> list[DailyValues]:
    """Per-day L5 and M10 (RH-16), their relative amplitude, and mean activity of valid days."""
    if recording is None or not recording.n_valid:
        return []
    mesor = panel.finding("mesor")
    unit = mesor.unit if mesor is not None else "counts/min"
    least, most = daily_windows(recording)

    def column(windows: Sequence[DailyWindow], name: str) -> tuple[list[int], list[float]]:
        return [window.day for window in windows], [getattr(window, name) for window in windows]

    found: list[DailyValues] = []
    for metric, windows in (("l5", least.windows), ("m10", most.windows)):
        if windows:
            found += _values(metric, "day", *column(windows, "mean"), unit=unit)
            found += _values(f"{metric}_onset_h", "day", *column(windows, "onset_h"))
    nights = {window.day: window.mean for window in least.windows}
    both = [(one.day, one.mean, nights[one.day]) for one in most.windows if one.day in nights]
    shares = [(day, (m10 - l5) / (m10 + l5)) for day, m10, l5 in both if m10 + l5 > 0]
    if shares:
        found += _values("ra", "day", [day for day, _ in shares], [share for _, share in shares])
    valid = [day_of_date(day.date) for day in panel.days if day.valid]
    if valid:
        local = LocalClock.of(panel.epochs).local_day[recording.valid]
        first = int(local.min())
        total = np.bincount(local - first, weights=panel.epochs.values[recording.valid].astype(np.float64))
        count = np.bincount(local - first)
        means = [float(total[day - first] / count[day - first]) for day in valid]
        found += _values("activity_mean", "day", valid, means, title="Mean activity", unit=unit)
    return found


def daily_values(
    panel: Panel, *, rate: Samples | None = None, signal: HeartSignal | None = None
) -> tuple[DailyValues, ...]:
    """Nightly and daily values of a panel's window.

    Parameters
    ----------
    panel:
        Nights and epochs.
    rate:
        Heart rate of one source in beats a minute; without it the night's heart rate is left out.
    signal:
        The same on its grids, with steps.
    """
    recording = PreparedRecording(panel.epochs) if panel.epochs.step_s == 60 else None
    return (*_of_nights(panel, rate, signal), *_of_days(panel, recording))
