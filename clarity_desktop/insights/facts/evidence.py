"""What one window offers to facts: its panel, daily steps, and what clouds it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Final

import numpy as np

from clarity_desktop.domain import kinds
from clarity_desktop.domain.epochs import EpochState
from clarity_desktop.domain.findings import Finding
from clarity_desktop.domain.insights import FactWindow
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.sleep import Night
from clarity_desktop.domain.time import Span, day_of_date

__all__ = ["LEAST_WORN_MIN", "LONG_NONWEAR_S", "WindowEvidence", "windows_of"]

LEAST_WORN_MIN: Final = 600.0
"""A day counts here when the device was worn for at least 10 hours of it (I-24)."""
LONG_NONWEAR_S: Final = 6 * 3600
_CLIPPED_SHARE: Final = 0.005
_WEEKEND: Final = (5, 6)


@dataclass(frozen=True, slots=True)
class WindowEvidence:
    """One window of days with all that facts are made from."""

    window: FactWindow
    panel: Panel
    steps: Mapping[date, float] = field(default_factory=dict)
    """Merged daily totals of the window's days."""
    further: tuple[Finding, ...] = ()
    """Findings beyond the panel: variability from beats, model estimates."""
    nights: tuple[Night, ...] = ()
    """Whole main sleeps whose day of waking lies in the window, or in its work or free days."""
    dates: tuple[date, ...] = ()
    """Local dates of the window, or its work or free days."""

    @property
    def valid_days(self) -> int:
        """Days worn for at least 10 hours."""
        wanted = set(self.dates)
        return sum(day.worn_min >= LEAST_WORN_MIN for day in self.panel.days if day.date in wanted)

    @property
    def flags(self) -> tuple[str, ...]:
        """What clouds every fact of the window (I-27)."""
        panel, found = self.panel, []
        if any(bout.span.length_s >= LONG_NONWEAR_S for bout in panel.wear_bouts):
            found.append("nonwear")
        changes = panel.zone.offset_changes(panel.span.start, panel.span.stop)
        pairs = list(pairwise(changes))
        if any(before[2] == after[2] for before, after in pairs):
            found.append("clock_change")
        if any(before[2] != after[2] for before, after in pairs):
            found.append("zone_change")
        if self._is_clipped():
            found.append("clipped")
        return tuple(found)

    @property
    def counts_are_uncalibrated(self) -> bool:
        """Whether steps stand in for counts of an actigraph."""
        return self.panel.signal != kinds.ACTIVITY_COUNTS

    @property
    def is_scored(self) -> bool:
        """Whether nights were scored from activity, not recorded as stages."""
        return any(night.method.startswith("scored") for night in self.nights)

    @property
    def rests_on_steps(self) -> bool:
        """Whether nights were scored from nothing but steps; such sleep is not spoken of (I-28)."""
        return self.is_scored and self.counts_are_uncalibrated

    def _is_clipped(self) -> bool:
        values = self.panel.epochs.values[self.panel.epochs.state == EpochState.WORN]
        if self.counts_are_uncalibrated or values.size == 0:
            return False
        top = values.max()
        return bool(top > 0 and np.count_nonzero(values == top) >= max(_CLIPPED_SHARE * values.size, 10))

    def finding(self, metric: str) -> Finding | None:
        """The finding of a metric, from the panel or beyond it."""
        found = self.panel.finding(metric)
        return found or next((one for one in self.further if one.metric == metric), None)


def windows_of(
    windows: Iterable[FactWindow],
    last_day: int,
    panel_of: Callable[[Span], Panel],
    day_span: Callable[[int], Span],
    steps: Mapping[date, float],
    further: Callable[[Span], tuple[Finding, ...]],
) -> tuple[WindowEvidence, ...]:
    """Evidence of windows that end or lie before the last day with data.

    Parameters
    ----------
    last_day:
        Local day number (since 1970-01-01) of day 0.
    panel_of, further:
        Findings of a span of UTC time.
    day_span:
        UTC span of a local day number.
    steps:
        Merged daily totals of all days.
    """
    found = []
    for window in windows:
        span = Span(day_span(last_day + window.from_day).start, day_span(last_day + window.to_day).stop)
        panel = panel_of(span)
        numbers = range(last_day + window.from_day, last_day + window.to_day + 1)
        wanted = {number for number in numbers if _belongs(number, window.key)}
        dates = tuple(day.date for day in panel.days if day_of_date(day.date) in wanted)
        chosen = set(dates)
        found.append(
            WindowEvidence(
                window,
                panel,
                {day: total for day, total in steps.items() if day in chosen},
                further(span),
                tuple(night for night in panel.nights if night.date in chosen and not night.incomplete),
                dates,
            )
        )
    return tuple(found)


def _belongs(day: int, key: str) -> bool:
    # 1970-01-01 was a Thursday, which is weekday 3.
    is_free = (day + 3) % 7 in _WEEKEND
    return is_free if key == "free" else not is_free if key == "work" else True
