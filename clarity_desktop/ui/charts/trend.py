"""The trend panel: a value a night or day, its running median, the slope, and where the level changes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from clarity_desktop.app.rhythm import DailySeries
from clarity_desktop.domain.time import DAY_S, Span, ZoneTimeline, date_of_day
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.curves import stretches
from clarity_desktop.ui.charts.event_flags import EventFlag, day_position, event_rows, event_summary
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.charts.paint import ReadOut, tint
from clarity_desktop.ui.charts.plotting import DayAxis, GapItem, PlotFigure, ValueAxis, pg, points_item
from clarity_desktop.ui.charts.timescale import ClockChange, clock_changes
from clarity_desktop.ui.charts.valuescale import line_scale
from clarity_desktop.ui.charts.wording import day_short, duration, hour_text, local_parts, number
from clarity_desktop.ui.qt import QBrush, QPen, Qt, QWidget, Signal

__all__ = ["TrendChart", "chance_words", "slope_words", "trend_words", "value_words"]

_COLOURS = {
    "tst_min": "asleep",
    "midsleep_h": "core",
    "se_pct": "asleep",
    "sol_min": "awake",
    "waso_min": "awake",
    "resting_hr": "hr",
    "hr_dip_pct": "hr",
    "activity_mean": "activity",
    "l5_onset_h": "l5",
    "m10_onset_h": "m10",
    "hrv_rmssd_ms": "hrv",
    "hrv_sdnn_ms": "hrv",
    "rolling_sri": "core",
}
_MOST_FLAGS = 12
_WORDS_ROOM = 0.2
"""Share of the value axis that is kept for the words of marks."""


def value_words(series: DailySeries, value: float) -> str:
    """A value of a series as a person reads it, with its unit."""
    if not math.isfinite(value):
        return "–"
    if series.clock_hour:
        return hour_text(value % 24)
    if series.unit == "h":
        return duration(60 * value)
    return f"{number(value, series.decimals)} {series.unit}".rstrip()


def slope_words(series: DailySeries) -> str:
    """``+3 min a week``: the slope of a series over seven days."""
    if series.trend is None:
        return ""
    week = 7 * series.trend.slope_per_day
    in_minutes = series.clock_hour or series.unit == "h"
    unit = "min" if in_minutes else series.unit
    words = number(60 * week) if in_minutes else number(week, max(1, series.decimals))
    sign = "+" if week > 0 and any(digit in words for digit in "123456789") else ""
    return f"{sign}{words} {unit} a week".replace("  ", " ")


def chance_words(p: float) -> str:
    """``p 0.043``: three decimals below a tenth."""
    return "p < 0.001" if p < 0.001 else f"p {number(p, 3 if p < 0.1 else 2)}"


def trend_words(series: DailySeries) -> str:
    """Slope, p and how far the p can be taken at its word; the reason where there is no trend."""
    trend = series.trend
    if trend is None:
        return series.insufficient or "No trend."
    words = f"{slope_words(series)}, {chance_words(trend.p_adjusted)}, n {number(trend.n)}"
    if trend.autocorrelation is None:
        return f"{words}; successive {series.per}s may resemble each other, then p is too small"
    alike = f"successive {series.per}s correlate at {number(trend.autocorrelation, 2)}"
    return f"{words}, allowing for that {alike} ({chance_words(trend.p)} without)"


class TrendChart(PlotFigure):
    """Dots from gap to gap; the Theil–Sen line dashed; changes of level and of the clock as vertical marks."""

    period_chosen = Signal(object)
    """The :class:`Span` of local days that was drawn with Shift."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        self._values = ValueAxis("left", most=4)
        super().__init__(name, DayAxis(), self._values, height=190, parent=parent)
        # One width for all, so that linked plots have one scale of dates.
        self._values.setWidth(46)
        self._series: DailySeries | None = None
        self._zone = ZoneTimeline.unknown()
        self._window = Span(0, 1)
        self._days = (0, 1)
        self._band: tuple[float | None, float | None] | None = None
        self._band_words = ""
        self._events: tuple[EventFlag, ...] = ()
        self._framed: tuple[Span, str] | None = None
        self.stretch_chosen.connect(self._choose)
        self.refresh()

    def show_series(
        self,
        series: DailySeries | None,
        zone: ZoneTimeline,
        window: Span,
        *,
        band: tuple[float | None, float | None] | None = None,
        band_words: str = "",
        simulated: bool = False,
    ) -> None:
        """Show one series over a window.

        Parameters
        ----------
        series:
            Values by local day; ``None`` empties the chart.
        zone, window:
            Clock of the person, and the span whose local days make the axis.
        band:
            A published range in the series' unit, ``None`` for an open end; nothing where no range fits.
        band_words:
            To whom it applies, with author and year.
        """
        self._series, self._zone, self._window, self.simulated = series, zone, window, simulated
        self._band, self._band_words = band, band_words
        if series is not None:
            self.setAccessibleName(f"Trend of {series.title.casefold()}")
            self._values.clock = series.clock_hour
            first, last = (local_parts(zone, at)[0] for at in (window.start, max(window.start, window.stop - 1)))
            low = min(series.first_day, (first - date_of_day(0)).days)
            high = max(series.first_day + series.values.size - 1, (last - date_of_day(0)).days)
            self._days = (low, high)
            self.set_ranges((low - 0.6, high + 0.6), self._heights(series))
        self.refresh()

    def set_events(self, events: Sequence[EventFlag | tuple[Span, str, str]]) -> None:
        """Flag events, each ``(span, label, kind)``; they stay until others are given."""
        self._events = tuple(EventFlag(*event) for event in events)
        self.refresh()

    def frame_span(self, span: Span | None, words: str = "") -> None:
        """Frame the local days of a span that a link led to, with words at its head; ``None`` takes the frame off."""
        self._framed = None if span is None else (span, words)
        self.refresh()

    def _heights(self, series: DailySeries) -> tuple[float, float]:
        """Ends of the value axis, with room at the top in which words of marks hide no dot."""
        low, high = self._value_ends(series)
        self._values.highest = high
        return low, high + _WORDS_ROOM * (high - low)

    def _value_ends(self, series: DailySeries) -> tuple[float, float]:
        known = series.values[np.isfinite(series.values)]
        ends = [end for end in self._band or () if end is not None]
        if series.clock_hour:
            return float(known.min()) - 0.5, float(known.max()) + 0.5
        scale = line_scale(np.append(known, ends), np.append(known, ends), ticks=4)
        # A scale of percentiles cuts the outermost dots; here each night counts.
        low, high = min(scale.low, float(known.min())), max(scale.high, float(known.max()))
        margin = 0.05 * (high - low)
        return (low if low == 0 else low - margin), high + margin

    def message(self) -> str:
        return "" if self._series is not None else "No values in this window."

    def units(self) -> str:
        if self._series is None:
            return ""
        unit = "local clock" if self._series.clock_hour else self._series.unit
        return f"{unit}, one value a {self._series.per}"

    def summary(self) -> str:
        series = self._series
        if series is None:
            return self.message()
        known = series.values[np.isfinite(series.values)]
        words = [
            f"{series.title} on {number(series.n)} {series.per}s.",
            f"Median {value_words(series, float(np.median(known)))}.",
            f"From {value_words(series, float(known.min()))} to {value_words(series, float(known.max()))}.",
            f"{trend_words(series)}.",
        ]
        for day in series.changes:
            words.append(f"The level changes on {day_short(date_of_day(day))}.")
        if self._band is not None:
            words.append(f"Shaded band: {self._band_words}.")
        if self._framed is not None:
            words.append(f"Framed: {self._framed[1]}.")
        if self._events:
            words.append(event_summary(self._events, self._zone, self._window))
        return " ".join(words)

    def table(self) -> ChartTable | None:
        series = self._series
        if series is None:
            return None
        rows = []
        for index, (value, median) in enumerate(zip(series.values.tolist(), series.running.tolist(), strict=True)):
            day = date_of_day(series.first_day + index)
            note = "level changes" if series.first_day + index in series.changes else ""
            rows.append((day.isoformat(), value_words(series, value), value_words(series, median), note))
        return ChartTable(("Date", series.title, series.running_words.capitalize(), "Remark"), tuple(rows))

    # -- painting ------------------------------------------------------------------------------------------------

    def build(self) -> None:
        series, now = self._series, theme.current()
        if series is None:
            return
        colour = now.data[_COLOURS.get(series.id, "activity")]
        days = series.first_day + np.arange(series.values.size, dtype=np.float64)
        self._band_item()
        every = np.isin(np.arange(self._days[0], self._days[1] + 1), days[np.isfinite(series.values)])
        self.add(GapItem([(self._days[0] + low - 0.5, self._days[0] + high - 0.5) for low, high in stretches(~every)]))
        self.add(
            pg.PlotCurveItem(days, series.values, pen=self.pen(tint(colour, 0.45)), connect="finite", antialias=True)
        )
        self.add(points_item(days, series.values, colour))
        self.add(
            pg.PlotCurveItem(days, series.running, pen=self.pen(now.ui["text"], 1.75), connect="finite", antialias=True)
        )
        if series.trend is not None:
            ends = np.array([days[0], days[-1]])
            line = series.trend.at_first + series.trend.slope_per_day * (ends - days[0])
            self.add(pg.PlotCurveItem(ends, line, pen=self.pen(now.ui["text_muted"], 1.0, (6, 4)), antialias=True))
        for day in series.changes:
            self.add_mark(day - 0.5, "level changes", now.ui["text_muted"], self.pen(now.ui["text_muted"]))
        changes = clock_changes(self._zone, self._window)
        for change in changes if len(changes) <= _MOST_FLAGS else ():
            self.add_mark(self._day_of(change), change.hours, now.ui["warn"], self.pen(now.ui["warn"], 1.0, (4, 3)))

        self._event_items()
        self._frame_item()

    def _frame_item(self) -> None:
        if self._framed is None:
            return
        span, words = self._framed
        accent = theme.current().ui["accent"]
        first, last = (local_parts(self._zone, at)[0] for at in (span.start, max(span.start, span.stop - 1)))
        low, high = (float((day - date_of_day(0)).days) for day in (first, last))
        item = pg.LinearRegionItem(
            (low - 0.5, high + 0.5), movable=False, brush=QBrush(tint(accent, 0.12)), pen=self.pen(accent, 2.0)
        )
        item.setZValue(-20)
        self.add(item)
        if words:
            self.add_mark(low - 0.5, words, accent, self.pen(accent, 2.0))

    def _event_items(self) -> None:
        accent = theme.current().ui["accent"]
        top = float(self.view.viewRange()[1][1])
        for event in self._events:
            low, high = (day_position(self._zone, at) for at in (event.span.start, event.span.stop))
            if high < self._days[0] - 0.6 or low > self._days[1] + 0.6:
                continue
            if high > low:
                pen, brush = QPen(Qt.PenStyle.NoPen), QBrush(tint(accent, 0.10))
                tinted = pg.LinearRegionItem((low, high), movable=False, brush=brush, pen=pen)
                tinted.setZValue(-25)
                self.add(tinted)
            self.add_mark(low, event.label, accent, self.pen(accent))
            flag = pg.ScatterPlotItem([low], [top], size=9, symbol="t", pen=None, brush=QBrush(accent), pxMode=True)
            self.add(flag)

    def _band_item(self) -> None:
        if self._band is None:
            return
        low, high = self._band
        floor, top = self.view.viewRange()[1]
        ceiling = floor + (top - floor) / (1 + _WORDS_ROOM)
        item = pg.LinearRegionItem(
            (float(floor) if low is None else low, float(ceiling) if high is None else high),
            orientation="horizontal",
            movable=False,
            brush=QBrush(theme.current().ui["band"]),
            pen=QPen(Qt.PenStyle.NoPen),
        )
        item.setZValue(-30)
        self.add(item)

    def _day_of(self, change: ClockChange) -> float:
        return day_position(self._zone, change.instant)

    # -- reading and choosing ------------------------------------------------------------------------------------

    def sample_x(self, x: float) -> float:
        return float(round(x))

    def read_out_at(self, x: float) -> ReadOut | None:
        series = self._series
        if series is None:
            return None
        index = round(x) - series.first_day
        day = date_of_day(round(x))
        noon = self._zone.instant_of_local(round(x), DAY_S // 2)
        happened = event_rows(self._events, self._zone, noon, DAY_S / 2)
        if not 0 <= index < series.values.size:
            return ReadOut(day_short(day), "", ((series.title, "no value"), *happened))
        rows = [
            (series.title, value_words(series, float(series.values[index]))),
            (series.running_words.capitalize(), value_words(series, float(series.running[index]))),
        ]
        if series.trend is not None:
            at = series.trend.at_first + series.trend.slope_per_day * index
            rows.append(("Theil–Sen line", value_words(series, at)))
        rows.extend(happened)
        return ReadOut(day_short(day), f"{series.per} ending" if series.per != "day" else "", tuple(rows))

    def _choose(self, low: float, high: float) -> None:
        first, last = round(low), round(high)
        zone = self._zone
        span = Span(zone.day_span(min(first, last)).start, zone.day_span(max(first, last)).stop)
        held = Span(max(span.start, self._window.start), min(span.stop, self._window.stop))
        if held.stop > held.start:
            self.period_chosen.emit(held)
