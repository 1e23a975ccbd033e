"""Two windows of one measure: A above B on one axis of days, and their difference around zero below."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.time import date_of_day
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.canvas import Chart
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.charts.paint import LegendItem, ReadOut, dashed, legend, text, tint
from clarity_desktop.ui.charts.valuescale import ValueScale, line_scale, round_step
from clarity_desktop.ui.charts.wording import day_short, duration, hour_text, number
from clarity_desktop.ui.qt import QColor, QPainter, QPen, QPointF, QRectF, Qt, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app.comparisons import ComparedMeasure, Comparison

__all__ = ["CompareChart", "difference_words", "measure_words"]

_LEFT, _RIGHT, _TOP, _FOOT, _GAP = 92.0, 120.0, 12.0, 46.0, 16.0
_DOT = 3.0
_UNITS = {"1/min": "bpm"}


def measure_words(measure: ComparedMeasure, value: float | None) -> str:
    """A value as a person reads it, with its unit."""
    if value is None or not math.isfinite(value):
        return "–"
    if measure.clock_hour:
        return hour_text(value % 24)
    if measure.unit == "min":
        return duration(value)
    return f"{number(value, measure.decimals)} {_UNITS.get(measure.unit, measure.unit)}".rstrip()


def difference_words(measure: ComparedMeasure, value: float | None) -> str:
    """A difference with its sign: ``+22 min``; clock hours differ by minutes."""
    if value is None or not math.isfinite(value):
        return "–"
    if measure.clock_hour or measure.unit == "min":
        words = f"{number(60 * value if measure.clock_hour else value)} min"
    else:
        unit = {**_UNITS, "%": "points"}.get(measure.unit, measure.unit)
        words = f"{number(value, max(1, measure.decimals))} {unit}".rstrip()
    return f"+{words}" if value > 0 and any(digit in words for digit in "123456789") else words


class CompareChart(Chart):
    """Dots by day of the window with the mean dashed; the lane below holds B minus A of the same day of each."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Two windows", height=300, parent=parent)
        self._comparison: Comparison | None = None
        self._measure: ComparedMeasure | None = None
        self.setMinimumHeight(260)

    def show_measure(self, comparison: Comparison | None, measure: ComparedMeasure | None) -> None:
        """Show one measure of a comparison; ``None`` empties the chart."""
        self._comparison, self._measure = comparison, measure
        self.simulated = comparison is not None and comparison.simulated
        self.refresh()

    def message(self) -> str:
        if self._comparison is None or self._measure is None:
            return "Choose a measure in the table."
        if self._measure.values_a is None or self._measure.values_b is None:
            return f"{self._measure.title} has one value a window; there is no course to draw."
        if not self._measure.n_a and not self._measure.n_b:
            return "Neither window holds a value of this measure."
        return ""

    def summary(self) -> str:
        measure, comparison = self._measure, self._comparison
        if measure is None or comparison is None or self.message():
            return self.message()
        words = (
            f"{measure.title}: A {measure_words(measure, measure.a)} on {measure.n_a} {measure.per}s, "
            f"B {measure_words(measure, measure.b)} on {measure.n_b}. "
        )
        if measure.insufficient:
            return words + measure.insufficient
        return words + f"Difference {difference_words(measure, measure.difference)}."

    def table(self) -> ChartTable | None:
        measure, comparison = self._measure, self._comparison
        if measure is None or comparison is None or measure.values_a is None or measure.values_b is None:
            return None
        rows = []
        for place in range(max(measure.values_a.size, measure.values_b.size)):
            a, b = _at(measure.values_a, place), _at(measure.values_b, place)
            rows.append(
                (
                    str(place + 1),
                    day_short(date_of_day(comparison.a.first + place)) if place < len(comparison.a) else "–",
                    measure_words(measure, a),
                    day_short(date_of_day(comparison.b.first + place)) if place < len(comparison.b) else "–",
                    measure_words(measure, b),
                    difference_words(measure, b - a),
                )
            )
        return ChartTable(("Day", "A", measure.title, "B", measure.title, "B − A"), tuple(rows))

    # -- geometry ------------------------------------------------------------------------------------------------

    def _areas(self) -> tuple[QRectF, QRectF, QRectF]:
        width = max(60.0, self.width() - _LEFT - _RIGHT)
        room = max(90.0, self.height() - _TOP - _FOOT - 2 * _GAP) / 3
        tops = [_TOP + index * (room + _GAP) for index in range(3)]
        first, second, third = (QRectF(_LEFT, round(top), width, round(room)) for top in tops)
        return first, second, third

    def _x(self, place: float) -> float:
        size = max(2, self._size)
        return _LEFT + (place + 0.5) / size * max(60.0, self.width() - _LEFT - _RIGHT)

    @property
    def _size(self) -> int:
        comparison = self._comparison
        return 1 if comparison is None else max(len(comparison.a), len(comparison.b))

    def draw(self, painter: QPainter) -> None:
        measure, comparison, now = self._measure, self._comparison, theme.current()
        if measure is None or comparison is None or measure.values_a is None or measure.values_b is None:
            return
        both = np.concatenate((measure.values_a, measure.values_b))
        scale = line_scale(both, both, ticks=3)
        known = both[np.isfinite(both)]
        if known.size:
            step = scale.ticks[1] - scale.ticks[0] if len(scale.ticks) > 1 else 1.0
            low = min(scale.low, math.floor(float(known.min()) / step) * step)
            high = max(scale.high, math.ceil(float(known.max()) / step) * step)
            scale = ValueScale(low, high, scale.ticks)
        top, middle, low_area = self._areas()
        sides = (
            (top, measure.values_a, measure.a, "A", measure.n_a),
            (middle, measure.values_b, measure.b, "B", measure.n_b),
        )
        for area, values, mean, name, n in sides:
            self._lane(painter, area, scale, name, f"n {n}")
            colour = now.source[0 if name == "A" else 3].colour
            self._dots(painter, area, scale, values, colour)
            if mean is not None:
                y = area.bottom() - scale.share(mean) * area.height()
                painter.setPen(dashed(now.ui["text"], 5, 3, 1.25))
                painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
                text(
                    painter, area.right() + 8, y, f"mean {measure_words(measure, mean)}", now.ui["text"], token="small"
                )
        self._difference(painter, low_area, measure)
        self._days(painter, low_area)
        items = [LegendItem("line", now.ui["text"], "Mean of the window")]
        legend(painter, _LEFT, self.height() - 10, items, self.width() - 8.0)

    def _lane(self, painter: QPainter, area: QRectF, scale: ValueScale, name: str, unit: str) -> None:
        now, measure = theme.current(), self._measure
        for tick in scale.ticks:
            y = round(area.bottom() - scale.share(tick) * area.height()) + 0.5
            painter.setPen(QPen(now.ui["grid"], 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            clock = measure is not None and measure.clock_hour
            label = hour_text(tick % 24) if clock and name != "B − A" else scale.label(tick)
            text(painter, area.left() - 8, y, label, now.ui["text_faint"], align="right")
        painter.setPen(QPen(now.ui["axis"], 1))
        painter.drawLine(QPointF(area.left(), area.bottom() + 0.5), QPointF(area.right(), area.bottom() + 0.5))
        text(painter, 12, area.top() + 8, name, now.ui["text"], token="body_strong")
        text(painter, 12, area.top() + 25, unit, now.ui["text_faint"])

    def _dots(
        self, painter: QPainter, area: QRectF, scale: ValueScale, values: NDArray[np.float64], colour: QColor
    ) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        for place in np.flatnonzero(np.isfinite(values)).tolist():
            y = area.bottom() - scale.share(float(values[place])) * area.height()
            painter.drawEllipse(QPointF(self._x(place), y), _DOT, _DOT)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _difference(self, painter: QPainter, area: QRectF, measure: ComparedMeasure) -> None:
        now = theme.current()
        difference = self._differences()
        factor = 60.0 if measure.clock_hour else 1.0
        reach = float(np.nanmax(np.abs(difference))) * factor if np.isfinite(difference).any() else 1.0
        step = round_step(max(reach, 1e-9), 4)
        end = math.ceil(max(reach, 1e-9) / step) * step
        scale = ValueScale(-end, end, (-end, 0.0, end))
        unit = "min" if measure.clock_hour else measure.unit
        self._lane(painter, area, scale, "B − A", unit)
        zero = area.bottom() - scale.share(0.0) * area.height()
        width = max(2.0, 0.6 * (self._x(1) - self._x(0)))
        stops = theme.colormap("diverge")
        cold, warm = (QColor(*stops[place].tolist()) for place in (40, 215))
        for place in np.flatnonzero(np.isfinite(difference)).tolist():
            value = float(difference[place]) * factor
            y = area.bottom() - min(1.0, max(0.0, scale.share(value))) * area.height()
            bar = QRectF(self._x(place) - width / 2, min(y, zero), width, abs(zero - y))
            painter.fillRect(bar, warm if value > 0 else cold)
        if measure.difference is not None:
            y = area.bottom() - min(1.0, max(0.0, scale.share(measure.difference * factor))) * area.height()
            if measure.interval is not None:
                low, high = (
                    area.bottom() - min(1.0, max(0.0, scale.share(end * factor))) * area.height()
                    for end in measure.interval
                )
                painter.fillRect(QRectF(area.right() + 2, high, 4, max(1.0, low - high)), tint(now.ui["text"], 0.4))
            words = difference_words(measure, measure.difference)
            text(painter, area.right() + 10, y, words, now.ui["text"], token="micro_strong")

    def _differences(self) -> NDArray[np.float64]:
        measure = self._measure
        if measure is None or measure.values_a is None or measure.values_b is None:
            return np.empty(0)
        size = min(measure.values_a.size, measure.values_b.size)
        return np.asarray(measure.values_b[:size] - measure.values_a[:size], dtype=np.float64)

    def _days(self, painter: QPainter, area: QRectF) -> None:
        now = theme.current()
        every = max(1, -(-self._size // 14))
        for place in range(0, self._size, every):
            text(painter, self._x(place), area.bottom() + 12, f"{place + 1}", now.ui["text_faint"], align="centre")
        text(painter, 12, area.bottom() + 12, "day of window", now.ui["text_faint"])

    def read_out_at(self, point: QPointF) -> ReadOut | None:
        measure, comparison = self._measure, self._comparison
        if measure is None or comparison is None or measure.values_a is None or measure.values_b is None:
            return None
        width = max(60.0, self.width() - _LEFT - _RIGHT)
        place = int((point.x() - _LEFT) / width * max(2, self._size))
        if point.x() < _LEFT or not 0 <= place < self._size:
            return None
        a, b = _at(measure.values_a, place), _at(measure.values_b, place)
        rows = (
            (f"A, {day_short(date_of_day(comparison.a.first + place))}", measure_words(measure, a)),
            (f"B, {day_short(date_of_day(comparison.b.first + place))}", measure_words(measure, b)),
            ("B − A", difference_words(measure, b - a)),
        )
        return ReadOut(f"Day {place + 1} of each window", measure.title, rows)


def _at(values: NDArray[np.float64], place: int) -> float:
    return float(values[place]) if place < values.size else math.nan
