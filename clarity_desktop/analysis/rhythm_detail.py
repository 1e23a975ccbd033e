"""What the charts of rhythm rest on: power against period, likeness of days by minute, and daily values over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.analysis.beats import BeatRecord
from clarity_desktop.analysis.change import RollingValues, follow
from clarity_desktop.analysis.daily_values import DailyValues
from clarity_desktop.analysis.findings.sleep import MOST_UNKNOWN_MIN, states_of_nights
from clarity_desktop.analysis.panels.assemble import SCORED_METHOD, scored_states
from clarity_desktop.circadian.periodogram import lomb_scargle
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.circadian.sufficiency import insufficient_reason
from clarity_desktop.domain.findings import METRICS
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.time import Span, ZoneTimeline
from clarity_desktop.signals.clock import LocalClock
from clarity_desktop.sleep.regularity import day_matrix
from clarity_desktop.sleep.states import UNKNOWN

__all__ = ["ALPHA", "DailySeries", "PowerSpectrum", "RegularityMap", "RhythmDetail", "SeriesTrend", "rhythm_detail"]

ALPHA: Final = 0.01
"""Chance of a false alarm at which the line of significance stands."""
_RUNNING: Final = 7
_LEAST_IN_RUNNING: Final = 3
_IN_HOURS: Final = ("tst_min",)
_UNITS: Final = {"resting_hr": "bpm"}
_TITLES: Final = {
    "tst_min": "Time asleep",
    "midsleep_h": "Mid-sleep",
    "se_pct": "Sleep efficiency",
    "sol_min": "Sleep onset latency",
    "waso_min": "Awake after onset",
    "resting_hr": "Resting heart rate",
    "hr_dip_pct": "Nocturnal dip",
    "activity_mean": "Mean activity",
    "ra": "Relative amplitude",
    "l5_onset_h": "L5 onset",
    "m10_onset_h": "M10 onset",
}
"""Daily values that are followed, in the order in which they stand."""
_VARIABILITY: Final = {"hrv_rmssd_ms": "HRV, RMSSD", "hrv_sdnn_ms": "HRV, SDNN"}
_ROLLING: Final = {"is": "IS", "iv": "IV", "ra": "RA", "sri": "SRI"}
"""Metrics that need whole windows, with the letters they go by."""
_SHORT, _LONG = 7, 28
_OVERLAP: Final = "No trend: windows overlap."


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
    interval: tuple[float, float] | None
    """95 % of the slope, widened for the likeness of successive days."""
    at_first: float
    """Value of the line on the first day of the series."""
    p: float
    """As if days were independent."""
    p_adjusted: float
    """With the variance widened by the autocorrelation."""
    n: int
    autocorrelation: float | None
    """Of what the line leaves over, from one day to the next; ``None`` where it is not known."""


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
    running_words: str = "7-day running median"
    """What :attr:`running` is."""

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


def rhythm_detail(
    panel: Panel,
    daily: Sequence[DailyValues],
    *,
    rolling: Sequence[RollingValues] = (),
    beats: Sequence[BeatRecord] = (),
) -> RhythmDetail:
    """Power against period, likeness of days and the course of daily values of a panel's window.

    Parameters
    ----------
    panel, daily:
        The window and its daily values.
    rolling:
        Metrics over windows that end on each day; those of 7 and 28 days are drawn.
    beats:
        Lists of heart beats in the window, for variability by day.
    """
    found = panel.finding("sri")
    method = "none" if found is None else dict(found.provenance.parameters).get("method", "none")
    period, why = _period(panel)
    by_metric = {values.metric: values for values in daily}
    series = [_series(by_metric[metric], title) for metric, title in _TITLES.items() if metric in by_metric]
    series += [_series(values, _VARIABILITY[values.metric]) for values in _variability(beats, panel.zone)]
    series += _rolling(rolling)
    return RhythmDetail(
        panel.span, panel.zone, period, why, _regularity(panel, method), tuple(series), method, panel.simulated
    )


def _period(panel: Panel) -> tuple[PowerSpectrum | None, str]:
    coverage = panel.coverage
    why = insufficient_reason(
        METRICS["lomb_scargle_period_h"], coverage.valid_days, missing_share=1 - coverage.worn_share
    )
    if why is not None:
        return None, why
    wave = lomb_scargle(PreparedRecording(panel.epochs)) if panel.epochs.step_s == 60 else None
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


def _variability(beats: Sequence[BeatRecord], zone: ZoneTimeline) -> list[DailyValues]:
    """Median over the lists of each local day, RMSSD and SDNN."""
    measured = [(one.start, found) for one in beats if (found := one.time_domain) is not None]
    if not measured:
        return []
    day = zone.local_days(np.array([start for start, _ in measured], dtype=np.int64))
    days = np.arange(day.min(), day.max() + 1, dtype=np.int64)
    made: list[DailyValues] = []
    for metric, name in zip(_VARIABILITY, ("rmssd_ms", "sdnn_ms"), strict=True):
        values = np.array([getattr(found, name) for _, found in measured], dtype=np.float64)
        medians = np.array([np.median(values[day == one]) if (day == one).any() else np.nan for one in days])
        made.append(DailyValues(metric, METRICS[metric].title, "ms", "day", days, medians))
    return made


def _rolling(rolling: Sequence[RollingValues]) -> list[DailySeries]:
    """Windows of a week as dots, those of four weeks as the line."""
    by_window = {(one.metric, one.window): one for one in rolling}
    made: list[DailySeries] = []
    for metric, letters in _ROLLING.items():
        week, month = by_window.get((metric, _SHORT)), by_window.get((metric, _LONG))
        if week is None or not np.isfinite(week.value).any():
            continue
        longer: NDArray[np.float64] = np.full(week.value.size, np.nan)
        if month is not None:
            shared, here, there = np.intersect1d(week.day, month.day, return_indices=True)
            longer[here] = month.value[there] if shared.size else longer[here]
        made.append(
            DailySeries(
                f"rolling_{metric}",
                f"{letters}, windows of {_SHORT} days",
                "",
                METRICS[metric].decimals,
                "window",
                int(week.day[0]),
                week.value,
                longer,
                None,
                _OVERLAP,
                (),
                running_words=f"window of {_LONG} days",
            )
        )
    return made


def _running_median(values: NDArray[np.float64]) -> NDArray[np.float64]:
    half = _RUNNING // 2
    padded = np.concatenate((np.full(half, np.nan), values, np.full(half, np.nan)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _RUNNING)
    result: NDArray[np.float64] = np.full(values.size, np.nan)
    usable = np.isfinite(windows).sum(axis=1) >= _LEAST_IN_RUNNING
    if usable.any():
        result[usable] = np.nanmedian(windows[usable], axis=1)
    return result


def _series(values: DailyValues, title: str) -> DailySeries:
    """The course of one metric: running median, trend and changes of level. Minutes of sleep become hours."""
    if values.metric in _IN_HOURS:
        values = replace(values, value=values.value / 60, unit="h")
    followed, linear = follow(values, ()), values.linear
    trend, known = None, np.isfinite(linear)
    if followed.trend is not None:
        found = followed.trend
        steps = values.day[known] - values.day[0]
        trend = SeriesTrend(
            found.slope_per_day,
            found.interval,
            float(np.median(linear[known] - found.slope_per_day * steps)),
            found.p,
            found.p_adjusted,
            found.n,
            found.autocorrelation,
        )
    declared = METRICS[values.metric].decimals if values.metric in METRICS else 1
    return DailySeries(
        values.metric,
        title,
        "local" if values.clock_hour else _UNITS.get(values.metric, values.unit),
        1 if values.unit == "h" else declared,
        values.per,
        int(values.day[0]),
        linear,
        _running_median(linear),
        trend,
        followed.insufficient,
        followed.changes,
        values.clock_hour,
    )
