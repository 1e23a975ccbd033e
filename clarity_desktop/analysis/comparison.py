"""Two windows of one person compared, or the days before and after an event (RH-64)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.analysis.change import ChangeOverTime
from clarity_desktop.analysis.daily_values import DailyValues
from clarity_desktop.analysis.findings.trends import LEAST_DAYS, before_after
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.findings import METRICS
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.time import ZoneTimeline

__all__ = ["ComparedMeasure", "Comparison", "DayRange", "around_event", "check_windows", "compare_windows"]

_WHOLE_WINDOW: Final = ("sri", "is", "iv")
"""Metrics that have one value a window; their difference has no interval."""
_DECIMALS: Final = {"activity_mean": 1}


@dataclass(frozen=True, slots=True)
class DayRange:
    """Local days (days since 1970-01-01) from ``first`` to ``last``, both included."""

    first: int
    last: int

    def __len__(self) -> int:
        return max(0, self.last - self.first + 1)

    def holds(self, days: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of the days lie inside."""
        return (days >= self.first) & (days <= self.last)


@dataclass(frozen=True, slots=True)
class ComparedMeasure:
    """One measure in two windows: B minus A."""

    metric: str
    title: str
    unit: str
    decimals: int
    per: str
    """``night``, ``day`` or ``window``."""
    a: float | None
    """Mean over the nights or days of window A; the value of the window for ``window``."""
    b: float | None
    n_a: int
    n_b: int
    difference: float | None
    interval: tuple[float, float] | None
    """95 %, by blocks of successive nights or days drawn within each window."""
    hedges_g: float | None
    insufficient: str | None
    clock_hour: bool = False
    values_a: NDArray[np.float64] | None = None
    """One place a day of window A, NaN where there is none; clock hours without a jump at midnight."""
    values_b: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that a comparison of two windows comes to."""

    a: DayRange
    b: DayRange
    washout_days: int
    measures: tuple[ComparedMeasure, ...]
    zone: ZoneTimeline
    simulated: bool = False

    def measure(self, metric: str) -> ComparedMeasure | None:
        """The row of a metric, or ``None``."""
        return next((one for one in self.measures if one.metric == metric), None)


def around_event(day: int, days_each_side: int, washout_days: int = 0) -> tuple[DayRange, DayRange]:
    """Windows before and after an event, which is the first day after.

    Parameters
    ----------
    day:
        Local day of the event.
    days_each_side:
        Length of each window.
    washout_days:
        Days from the event on that count to neither side.

    Raises
    ------
    UsageError
        ``compare.days``, ``compare.washout``.
    """
    if not 1 <= days_each_side <= 366:
        raise UsageError("compare.days", "Each side has 1 to 366 days.", remedy="Choose a number of days.")
    if not 0 <= washout_days <= 366:
        raise UsageError("compare.washout", "A washout has 0 to 366 days.", remedy="Choose a number of days.")
    start = day + washout_days
    return DayRange(day - days_each_side, day - 1), DayRange(start, start + days_each_side - 1)


def check_windows(a: DayRange, b: DayRange) -> None:
    """Raise :class:`UsageError` (``compare.order``, ``compare.overlap``) for windows that cannot be compared."""
    if len(a) < 1 or len(b) < 1:
        raise UsageError("compare.order", "A window ends before it starts.", remedy="Choose its days again.")
    if a.first <= b.last and b.first <= a.last:
        raise UsageError(
            "compare.overlap",
            "The two windows share days.",
            remedy="Choose windows that lie apart, or next to another.",
        )


def compare_windows(
    change: ChangeOverTime,
    a: DayRange,
    b: DayRange,
    zone: ZoneTimeline,
    *,
    washout_days: int = 0,
    panels: tuple[Panel, Panel] | None = None,
) -> Comparison:
    """Means of nightly and daily values in two windows, their difference with interval and Hedges' g.

    Parameters
    ----------
    change:
        Values of a window that holds both.
    a, b:
        The windows; differences are B minus A.
    panels:
        Panels of the two windows, for metrics that have one value a window.

    Raises
    ------
    UsageError
        ``compare.overlap``, ``compare.order``.
    """
    check_windows(a, b)
    measures = [_compared(values, a, b) for values in change.daily]
    if panels is not None:
        measures += _of_windows(*panels)
    return Comparison(a, b, washout_days, tuple(measures), zone, change.simulated)


def _compared(values: DailyValues, a: DayRange, b: DayRange) -> ComparedMeasure:
    inside = a.holds(values.day) | b.holds(values.day)
    # Clock hours are laid out around the middle of both windows, not of the days around them.
    linear = replace(values, value=np.where(inside, values.value, np.nan)).linear
    one, two = (_placed(values.day, linear, window) for window in (a, b))
    known = tuple(side[np.isfinite(side)] for side in (one, two))
    declared = next((one for one in METRICS if one.id == values.metric), None)
    row = ComparedMeasure(
        metric=values.metric,
        title=values.title,
        unit=values.unit,
        decimals=declared.decimals if declared is not None else _DECIMALS.get(values.metric, 1),
        per=values.per,
        a=float(known[0].mean()) if known[0].size else None,
        b=float(known[1].mean()) if known[1].size else None,
        n_a=int(known[0].size),
        n_b=int(known[1].size),
        difference=None,
        interval=None,
        hedges_g=None,
        insufficient=None,
        clock_hour=values.clock_hour,
        values_a=one,
        values_b=two,
    )
    if row.n_a < LEAST_DAYS or row.n_b < LEAST_DAYS:
        kind = "nights" if values.per == "night" else "valid days"
        reason = f"Needs {LEAST_DAYS} {kind} in each window, has {row.n_a} and {row.n_b}."
        return replace(row, insufficient=reason)
    # The same data and question give the same interval; the order of the windows does not matter to it.
    digest = hashlib.sha256(np.ascontiguousarray(np.concatenate((one, two))).tobytes() + values.metric.encode())
    random = np.random.default_rng(int.from_bytes(digest.digest()[:8], "big"))
    days = np.concatenate((np.arange(len(a)), len(a) + np.arange(len(b)))).astype(np.int64)
    found = before_after(days, np.concatenate((one, two)), len(a), random)
    if found is None:
        return row
    return replace(row, difference=found.difference, interval=found.interval, hedges_g=found.hedges_g)


def _placed(day: NDArray[np.int64], linear: NDArray[np.float64], window: DayRange) -> NDArray[np.float64]:
    """Values of a window, one place a day, NaN where there is none."""
    grid: NDArray[np.float64] = np.full(len(window), np.nan)
    held = window.holds(day)
    grid[day[held] - window.first] = linear[held]
    return grid


def _of_windows(a: Panel, b: Panel) -> Sequence[ComparedMeasure]:
    found: list[ComparedMeasure] = []
    for metric in _WHOLE_WINDOW:
        one, two = a.finding(metric), b.finding(metric)
        if one is None or two is None:
            continue
        declared = METRICS[metric]
        both = one.value is not None and two.value is not None
        found.append(
            ComparedMeasure(
                metric=metric,
                title=declared.title,
                unit=declared.unit,
                decimals=declared.decimals,
                per="window",
                a=one.value,
                b=two.value,
                n_a=one.n or 0,
                n_b=two.n or 0,
                difference=two.value - one.value if one.value is not None and two.value is not None else None,
                interval=None,
                hedges_g=None,
                insufficient=None if both else (one.insufficient or two.insufficient),
            )
        )
    return found
