"""Change over time: rolling windows of any metric, its slope and breaks, and comparison around an event (RH-64)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.analysis.daily_values import DailyValues, daily_values
from clarity_desktop.analysis.findings.sleep import MOST_UNKNOWN_MIN, states_of_nights
from clarity_desktop.analysis.findings.trends import (
    LEAST_DAYS,
    BeforeAfter,
    Trend,
    before_after,
    change_points,
    rolling_mean,
    trend_of,
)
from clarity_desktop.analysis.panels.assemble import SCORED_METHOD, scored_states
from clarity_desktop.analysis.panels.heart_signal import HeartSignal
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.circadian.rolling import WINDOWS, rolling_rhythm
from clarity_desktop.domain.findings import METRICS
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.series import Samples
from clarity_desktop.domain.time import day_of_date
from clarity_desktop.signals.clock import LocalClock
from clarity_desktop.sleep.regularity import day_matrix, pairs_of_days

__all__ = [
    "ChangeOverTime",
    "Followed",
    "RollingValues",
    "change_over_time",
    "compare",
    "follow",
    "rolling_regularity",
    "rolling_values",
]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RollingValues:
    """A metric over windows that end on each day; arrays have shape (D,)."""

    metric: str
    window: int
    """Days."""
    day: NDArray[np.int64]
    """Last day of the window."""
    value: Array
    """NaN where the window holds too little."""
    n: NDArray[np.int64]
    """Valid days, nights or pairs of dates in the window."""


@dataclass(frozen=True, slots=True)
class Followed:
    """How one metric went."""

    values: DailyValues
    rolling: tuple[RollingValues, ...]
    trend: Trend | None
    changes: tuple[int, ...]
    """Local days on which the level changes."""
    insufficient: str | None
    """Why there is no trend."""


@dataclass(frozen=True, slots=True)
class ChangeOverTime:
    """Everything that changes over a window of time."""

    daily: tuple[DailyValues, ...]
    rolling: tuple[RollingValues, ...]
    """Metrics that need whole windows: regularity of sleep and the rhythm of activity."""
    simulated: bool = False

    def values(self, metric: str) -> DailyValues | None:
        """Daily values of a metric, or ``None`` where there are none."""
        return next((one for one in self.daily if one.metric == metric), None)


def rolling_values(values: DailyValues, window: int) -> RollingValues:
    """Means over the last ``window`` days, stepping one day; open where fewer than half of the days have a value.

    Clock hours are averaged on the dial.
    """
    if not values.clock_hour:
        rolled = rolling_mean(values.day, values.value, window)
        return RollingValues(values.metric, window, rolled.day, rolled.mean, rolled.n)
    angle = 2 * np.pi * values.value / 24
    cosine, sine = (rolling_mean(values.day, part, window) for part in (np.cos(angle), np.sin(angle)))
    length = np.hypot(cosine.mean, sine.mean)
    hours = np.arctan2(sine.mean, cosine.mean) * 24 / (2 * np.pi) % 24 % 24
    # Hours all around the dial have no mean.
    hours = np.where(length > 1e-9, hours, np.nan)
    return RollingValues(values.metric, window, cosine.day, hours, cosine.n)


def rolling_regularity(panel: Panel, windows: Sequence[int] = WINDOWS) -> tuple[RollingValues, ...]:
    """The sleep regularity index of windows that end on each day, from pairs of dates that lie whole in the window.

    Open below five pairs (RH-46) or half of those the window could hold.
    """
    epochs = panel.epochs
    if epochs.step_s != 60 or not panel.nights:
        return ()
    if panel.nights[0].method == SCORED_METHOD:
        states = scored_states(epochs)
    else:
        states = states_of_nights((*panel.nights, *panel.naps), epochs)
    clock = LocalClock.of(epochs)
    matrix, first = day_matrix(states, clock.minute_of_day, clock.local_day)
    pairs = pairs_of_days(matrix, first, most_unknown_min=MOST_UNKNOWN_MIN)
    if not pairs.day.size:
        return ()
    # A pair ends on its second date; a window of w days holds w − 1 of them.
    last = pairs.day + 1
    sums = [
        np.concatenate(([0], np.cumsum(part)))
        for part in (pairs.equal, pairs.known, (pairs.known > 0).astype(np.int64))
    ]
    high = np.arange(1, last.size + 1)
    result: list[RollingValues] = []
    for window in windows:
        low = np.maximum(high - (window - 1), 0)
        equal, known, number = (part[high] - part[low] for part in sums)
        index: Array = np.full(last.size, np.nan)
        enough = (number >= max(METRICS["sri"].minimum, -(-(window - 1) // 2))) & (known > 0)
        np.divide(200.0 * equal, known, out=index, where=enough)
        result.append(RollingValues("sri", window, last, index - 100.0, number))
    return tuple(result)


def follow(values: DailyValues, windows: Sequence[int] = WINDOWS) -> Followed:
    """Rolling means, slope and change points of one metric."""
    linear = values.linear
    known = np.isfinite(linear)
    trend = trend_of(values.day, linear)
    places = change_points(linear[known])
    reason = None if trend is not None else f"Needs {LEAST_DAYS} days with a value, has {values.n}."
    return Followed(
        values,
        tuple(rolling_values(values, window) for window in windows),
        trend,
        tuple(int(day) for day in values.day[known][list(places)]),
        reason,
    )


def compare(
    values: DailyValues, event_day: int, *, washout_days: int = 0, days_each_side: int | None = None
) -> BeforeAfter:
    """A metric before and after an event: difference of means, 95 % interval, Hedges' g.

    Parameters
    ----------
    values:
        Daily or nightly values.
    event_day:
        Local day of the event, days since 1970-01-01; it is the first day after.
    washout_days:
        Days from the event on that count to neither side.
    days_each_side:
        How far each side reaches from the event and from the end of the washout; all there is when ``None``.

    Returns
    -------
    The comparison; ``insufficient`` says why when a side has fewer than seven values.

    Raises
    ------
    ValueError
        When ``washout_days`` is negative or ``days_each_side`` not positive.
    """
    if washout_days < 0 or (days_each_side is not None and days_each_side <= 0):
        raise ValueError("washout_days must not be negative, and days_each_side must be positive")
    inside = np.ones(values.day.size, dtype=np.bool_)
    if days_each_side is not None:
        inside = (values.day >= event_day - days_each_side) & (values.day < event_day + washout_days + days_each_side)
    day, linear = values.day[inside], values.linear[inside]
    # The same data and question give the same interval.
    digest = hashlib.sha256(np.ascontiguousarray(linear).tobytes() + f"{event_day}/{washout_days}".encode()).digest()
    random = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    found = before_after(day, linear, event_day, random, washout_days=washout_days)
    if found is not None:
        return found
    known = np.isfinite(linear)
    before = int(np.count_nonzero(known & (day < event_day)))
    after = int(np.count_nonzero(known & (day >= event_day + washout_days)))
    reason = f"Needs {LEAST_DAYS} valid days on each side, has {before} and {after}."
    return BeforeAfter(float("nan"), None, None, before, after, insufficient=reason)


def change_over_time(
    panel: Panel, *, rate: Samples | None = None, signal: HeartSignal | None = None, windows: Sequence[int] = WINDOWS
) -> ChangeOverTime:
    """Daily values and rolling windows of a panel's window of time.

    Parameters
    ----------
    panel:
        Nights, epochs and valid days.
    rate, signal:
        Heart rate of one source, and the same on its grids with steps.
    windows:
        Lengths of rolling windows in days.
    """
    daily = daily_values(panel, rate=rate, signal=signal)
    rolling: list[RollingValues] = list(rolling_regularity(panel, windows))
    if panel.epochs.step_s == 60:
        valid = np.array([day_of_date(day.date) for day in panel.days if day.valid], dtype=np.int64)
        for found in rolling_rhythm(PreparedRecording(panel.epochs), valid, windows):
            rolling.extend(
                RollingValues(metric, found.window, found.day, column, found.valid_days)
                for metric, column in found.values.items()
            )
    return ChangeOverTime(daily, tuple(rolling), panel.simulated)
