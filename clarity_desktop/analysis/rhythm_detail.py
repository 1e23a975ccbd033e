"""What the charts of rhythm rest on: power against period, likeness of days by minute, and daily values over time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.analysis.findings.sleep import MOST_UNKNOWN_MIN, states_of_nights
from clarity_desktop.analysis.findings.trends import LEAST_DAYS, change_points, trend_of
from clarity_desktop.analysis.panels.assemble import SCORED_METHOD, scored_states
from clarity_desktop.circadian.daily_windows import DailyWindow, daily_windows
from clarity_desktop.circadian.periodogram import lomb_scargle
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.time import Span, ZoneTimeline, day_of_date
from clarity_desktop.signals.clock import LocalClock
from clarity_desktop.sleep.regularity import day_matrix
from clarity_desktop.sleep.states import UNKNOWN

__all__ = ["ALPHA", "DailySeries", "PowerSpectrum", "RegularityMap", "RhythmDetail", "SeriesTrend", "rhythm_detail"]

ALPHA: Final = 0.01
"""Chance of a false alarm at which the line of significance stands."""
_RUNNING: Final = 7
_LEAST_IN_RUNNING: Final = 3


@dataclass(frozen=True, slots=True)
class PowerSpectrum:
    """Lomb–Scargle power of hourly bins against period (RH-52, RH-72)."""

    periods_h: NDArray[np.float64]
    powers: NDArray[np.float64]
    """Share of variance that a sine of the period explains, 0…1."""
    period_h: float
    power: float
    half_power_h: tuple[float, float]
    significant_power: float
    """Power that noise without a rhythm reaches with chance :data:`ALPHA`."""
    false_alarm: float
    n: int
    """Valid hourly bins."""

    @property
    def holds_24h(self) -> bool:
        """Whether 24 h lies within the width at half power."""
        return self.half_power_h[0] <= 24 <= self.half_power_h[1]


@dataclass(frozen=True, slots=True)
class RegularityMap:
    """Local days × clock minutes, int8: 1, 0, or −1 where nothing is known (RH-46, RH-71)."""

    first_day: int
    """Local day (days since 1970-01-01) of the first row."""
    asleep: NDArray[np.int8]
    """1 asleep, 0 awake, shape (D, 1440)."""
    same: NDArray[np.int8]
    """1 where a minute's state is that of the same minute on the next date, 0 where it differs, shape (D − 1, 1440)."""
    index: float | None
    """The sleep regularity index of the panel; it is −100 + 200 · (ones of ``same``) / (ones and zeros)."""
    pairs: int
    """Pairs of dates that the index rests on."""
    insufficient: str | None
    left_out: tuple[int, ...]
    """Local days with more than six unknown hours, which no pair counts."""


@dataclass(frozen=True, slots=True)
class SeriesTrend:
    """Theil–Sen line with Mann–Kendall p."""

    slope_per_day: float
    at_first: float
    """Value of the line on the first day of the series."""
    p: float
    n: int
    autocorrelation: float | None
    """Of values of successive days; the more it differs from 0, the less the p can be taken at its word."""


@dataclass(frozen=True, slots=True)
class DailySeries:
    """One value a night or day. Arrays of shape (D,), one place a local day, NaN where there is none."""

    id: str
    title: str
    unit: str
    decimals: int
    per: str
    """``night`` or ``day``."""
    first_day: int
    values: NDArray[np.float64]
    running: NDArray[np.float64]
    """Median of the seven days around each, NaN with fewer than three values."""
    trend: SeriesTrend | None
    insufficient: str | None
    """Why there is no trend."""
    changes: tuple[int, ...]
    """Local days on which the level changes, by least squares with the Bayesian information criterion."""
    clock_hour: bool = False
    """Values are local clock hours, laid out without a jump at midnight: −1 is 23:00."""

    @property
    def n(self) -> int:
        """Days that have a value."""
        return int(np.isfinite(self.values).sum())


@dataclass(frozen=True, slots=True)
class RhythmDetail:
    """Everything that the charts of rhythm show of one window beyond its panel."""

    span: Span
    zone: ZoneTimeline
    period: PowerSpectrum | None
    why_no_period: str
    regularity: RegularityMap | None
    series: tuple[DailySeries, ...]
    method: str
    """How nights were found: ``stages``, ``scored:…`` or ``none``."""
    simulated: bool = False


def rhythm_detail(panel: Panel) -> RhythmDetail:
    """Power against period, likeness of days and daily values of a panel's window."""
    found = panel.finding("sri")
    method = "none" if found is None else dict(found.provenance.parameters).get("method", "none")
    recording = PreparedRecording(panel.epochs) if panel.epochs.step_s == 60 else None
    period, why = _period(panel, recording)
    return RhythmDetail(
        panel.span,
        panel.zone,
        period,
        why,
        _regularity(panel, method),
        (*_nightly(panel), *_daily(panel, recording)),
        method,
        panel.simulated,
    )


def _period(panel: Panel, recording: PreparedRecording | None) -> tuple[PowerSpectrum | None, str]:
    declared = panel.finding("lomb_scargle_period_h")
    if declared is not None and declared.value is None:
        return None, declared.insufficient or "No period stands out."
    wave = None if recording is None else lomb_scargle(recording)
    if wave is None:
        return None, "The activity does not vary enough for a period."
    return (
        PowerSpectrum(
            wave.periods_h,
            wave.powers,
            wave.period_h,
            wave.power,
            wave.half_power_h,
            wave.power_at(ALPHA),
            wave.false_alarm,
            wave.n,
        ),
        "",
    )


def _regularity(panel: Panel, method: str) -> RegularityMap | None:
    epochs, found = panel.epochs, panel.finding("sri")
    if found is None or epochs.step_s != 60 or method not in ("stages", SCORED_METHOD):
        return None
    states = (
        scored_states(epochs) if method == SCORED_METHOD else states_of_nights((*panel.nights, *panel.naps), epochs)
    )
    clock = LocalClock.of(epochs)
    asleep, first = day_matrix(states, clock.minute_of_day, clock.local_day)
    if asleep.shape[0] < 2:
        return None
    known = asleep != UNKNOWN
    out = known.sum(axis=1) < asleep.shape[1] - MOST_UNKNOWN_MIN
    known &= ~out[:, None]
    both = known[1:] & known[:-1]
    same = np.where(both, asleep[1:] == asleep[:-1], UNKNOWN).astype(np.int8)
    left_out = tuple((first + np.flatnonzero(out)).tolist())
    return RegularityMap(first, asleep, same, found.value, found.n or 0, found.insufficient, left_out)


def _running_median(values: NDArray[np.float64]) -> NDArray[np.float64]:
    half = _RUNNING // 2
    padded = np.concatenate((np.full(half, np.nan), values, np.full(half, np.nan)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _RUNNING)
    result: NDArray[np.float64] = np.full(values.size, np.nan)
    usable = np.isfinite(windows).sum(axis=1) >= _LEAST_IN_RUNNING
    if usable.any():
        result[usable] = np.nanmedian(windows[usable], axis=1)
    return result


def _autocorrelation(values: NDArray[np.float64]) -> float | None:
    deviation = values - np.nanmean(values)
    both = np.isfinite(deviation[1:]) & np.isfinite(deviation[:-1])
    spread = float(np.nanvar(values))
    if np.count_nonzero(both) < LEAST_DAYS or spread <= 0:
        return None
    return float(np.mean(deviation[1:][both] * deviation[:-1][both])) / spread


def _continuous(hours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Clock hours laid out around their circular mean, so that midnight is no jump."""
    known = hours[np.isfinite(hours)]
    if not known.size:
        return hours
    middle = float(np.angle(np.exp(2j * np.pi * known / 24).sum())) * 24 / (2 * np.pi)
    return np.asarray((hours - middle + 12) % 24 - 12 + middle)


def _with_change(series: DailySeries) -> DailySeries:
    """Running median, trend and change points added to a series' values."""
    values = _continuous(series.values) if series.clock_hour else series.values
    days = np.arange(values.size, dtype=np.int64)
    known = np.isfinite(values)
    found = trend_of(days, values)
    trend = None
    if found is not None:
        start = float(np.median(values[known] - found.slope_per_day * days[known]))
        trend = SeriesTrend(found.slope_per_day, start, found.p, found.n, _autocorrelation(values))
    places = days[known][list(change_points(values[known]))]
    unit = "values" if series.n != 1 else "value"
    return replace(
        series,
        values=values,
        running=_running_median(values),
        trend=trend,
        insufficient=None if trend is not None else f"A trend needs {LEAST_DAYS} values, this has {series.n} {unit}.",
        changes=tuple(int(series.first_day + place) for place in places),
    )


def _series(
    declared: tuple[str, str, str, int], per: str, days: Sequence[int], values: Iterable[float], *, clock: bool = False
) -> tuple[DailySeries, ...]:
    """A series from values by local day, on a grid without holes; none when there is no value at all."""
    amounts = np.fromiter(values, dtype=np.float64)
    if not np.isfinite(amounts).any():
        return ()
    first, last = min(days), max(days)
    grid = np.full(last - first + 1, np.nan)
    grid[np.asarray(days, dtype=np.int64) - first] = amounts
    blank = DailySeries(*declared, per, first, grid, grid, None, None, (), clock)
    return (_with_change(blank),)


def _nightly(panel: Panel) -> tuple[DailySeries, ...]:
    if not panel.nights:
        return ()
    days = [day_of_date(night.date) for night in panel.nights]

    def of(name: str) -> list[float]:
        found = (getattr(night, name) for night in panel.nights)
        return [np.nan if value is None else float(value) for value in found]

    return (
        *_series(("tst_min", "Time asleep", "h", 1), "night", days, (value / 60 for value in of("tst_min"))),
        *_series(("midsleep_h", "Mid-sleep", "local", 2), "night", days, of("midsleep_h"), clock=True),
        *_series(("se_pct", "Sleep efficiency", "%", 0), "night", days, of("se_pct")),
        *_series(("sol_min", "Sleep onset latency", "min", 0), "night", days, of("sol_min")),
        *_series(("waso_min", "Awake after onset", "min", 0), "night", days, of("waso_min")),
    )


def _daily(panel: Panel, recording: PreparedRecording | None) -> tuple[DailySeries, ...]:
    epochs = panel.epochs
    if recording is None or not epochs.valid.any():
        return ()
    clock = LocalClock.of(epochs)
    first = int(clock.local_day.min())
    worn = epochs.valid & np.isfinite(epochs.values)
    place = clock.local_day[worn] - first
    total = np.bincount(place, weights=epochs.values[worn].astype(np.float64))
    count = np.bincount(place)
    valid = [day_of_date(day.date) for day in panel.days if day.valid]
    kept = [day for day in valid if day - first < count.size and count[day - first]]
    means = [float(total[day - first] / count[day - first]) for day in kept]
    mesor = panel.finding("mesor")
    unit = mesor.unit if mesor is not None and mesor.unit else "counts/min"
    least, most = daily_windows(recording)

    def onsets(windows: Sequence[DailyWindow]) -> tuple[list[int], list[float]]:
        return [window.day for window in windows], [window.onset_h for window in windows]

    return (
        *(_series(("activity_mean", "Mean activity", unit, 1), "day", kept, means) if kept else ()),
        *_series(("l5_onset_h", "L5 onset", "local", 2), "day", *onsets(least.windows), clock=True),
        *_series(("m10_onset_h", "M10 onset", "local", 2), "day", *onsets(most.windows), clock=True),
    )
