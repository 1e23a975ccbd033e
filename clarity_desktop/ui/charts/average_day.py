"""The average day: median by local minute, the middle half of the days, days per bin, the cosinor curve, L5 and M10."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.panel import Panel
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.canvas import Chart
from clarity_desktop.ui.charts.curves import polyline, ribbon
from clarity_desktop.ui.charts.day_profile import DayProfile, profile_of
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.charts.paint import ReadOut, dashed, text, text_width, tint
from clarity_desktop.ui.charts.valuescale import ValueScale, bar_scale
from clarity_desktop.ui.charts.wording import activity_unit, hour_text, interval, number
from clarity_desktop.ui.qt import QPainter, QPen, QPointF, QRectF, QWidget

__all__ = ["AverageDayChart"]

_STRIP = 16
"""Pixels at the foot for the days per bin."""


class AverageDayChart(Chart):
    """Median line and 25–75 % band from zero; the model is dashed, violet and named."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Average day", height=210, parent=parent)
        self._panel: Panel | None = None
        self._day: DayProfile | None = None
        self._scale = ValueScale(0, 1, (0, 1))
        self._factor, self._unit = 1.0, ""

    def show_panel(self, panel: Panel | None) -> None:
        """Show the average day of a panel."""
        self._panel, self._day = panel, None
        if panel is not None:
            self.simulated = panel.simulated
            self._factor, self._unit = activity_unit(panel.epochs)
            day = self._day = profile_of(panel)
            if day is not None:
                tops = [day.upper * self._factor, day.median * self._factor]
                curve = self._model()
                if curve is not None:
                    tops.append(curve)
                self._scale = bar_scale(np.concatenate(tops), percentile=100.0, ticks=5)
        self.refresh()

    @property
    def unit(self) -> str:
        """Unit of the value axis."""
        return self._unit

    def units(self) -> str:
        return self._unit

    def subtitle(self) -> str:
        """What the curves are, and their unit."""
        return f"{self._day.words}, {self._unit}" if self._day is not None else self._unit

    def table(self) -> ChartTable | None:
        day = self._day
        if day is None:
            return None
        clock = [hour_text(index * day.bin_min / 60) for index in range(day.median.size)]
        columns = [
            [number(value, 1) for value in (row * self._factor).tolist()] for row in (day.median, day.lower, day.upper)
        ]
        days = [number(n) for n in day.days.tolist()]
        heads = ("Local clock, from", f"Median, {self._unit}", "25 %", "75 %", "Days")
        return ChartTable(heads, tuple(zip(clock, *columns, days, strict=True)))

    def _value(self, metric: str) -> float | None:
        found = self._panel.finding(metric) if self._panel is not None else None
        return found.value if found is not None else None

    def _model(self) -> NDArray[np.float64] | None:
        """The cosinor curve at the middle of each bin, never below zero, or ``None`` without its three findings."""
        mesor, amplitude, acrophase = (self._value(name) for name in ("mesor", "amplitude", "acrophase_h"))
        if mesor is None or amplitude is None or acrophase is None or self._day is None:
            return None
        return np.asarray((mesor + amplitude * np.cos(2 * np.pi * (self._day.hours - acrophase) / 24)) * self._factor)

    def message(self) -> str:
        if self._panel is None:
            return "No activity in this window."
        if self._day is None:
            found = self._panel.finding("l5")
            why = found.insufficient if found is not None else None
            return why or "Not enough days with activity for an average day."
        return ""

    def summary(self) -> str:
        if self.message() or self._day is None:
            return self.message()
        low, high = int(self._day.days.min()), int(self._day.days.max())
        words = [f"Average day in {self._unit}, median of {interval(number(low), number(high))} days a bin."]
        if low == high:
            words = [f"Average day in {self._unit}, median of {number(high)} days in every bin."]
        for name in ("L5", "M10"):
            onset, level = self._value(f"{name.lower()}_onset_h"), self._value(name.lower())
            if onset is not None and level is not None:
                words.append(f"{name} from {hour_text(onset)}, {number(level, 1)} {self._unit}.")
        acrophase = self._value("acrophase_h")
        if acrophase is not None:
            words.append(f"The cosinor model peaks at {hour_text(acrophase)}.")
        return " ".join(words)

    @property
    def _area(self) -> QRectF:
        words = [self._scale.label(tick) for tick in self._scale.ticks]
        if self._day is not None:
            words.append(_days_words(self._day))
        left = 14 + max(text_width("micro", one) for one in words)
        return QRectF(left, 20, max(40.0, self.width() - left - 14), max(40.0, self.height() - 20 - 48 - _STRIP))

    def _x(self, hour: float) -> float:
        return self._area.left() + hour / 24 * self._area.width()

    def _y(self, value: float) -> float:
        return self._area.bottom() - min(1.0, max(0.0, self._scale.share(value))) * self._area.height()

    def draw_frame(self, painter: QPainter) -> None:
        now, area = theme.current(), self._area
        for tick in self._scale.ticks:
            y = round(self._y(tick)) + 0.5
            painter.setPen(QPen(now.ui["axis" if tick == 0 else "grid"], 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            if not self.message():
                text(painter, area.left() - 6, y, self._scale.label(tick), now.ui["text_faint"], align="right")
        step = 3 if area.width() >= 250 else 6
        for hour in range(0, 25, step):
            x = round(self._x(hour)) + 0.5
            painter.setPen(QPen(now.ui["axis"], 1))
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 4))
            strong = hour % 24 == 0
            colour = now.ui["text" if strong else "text_faint"]
            text(painter, x, area.bottom() + 12, f"{hour % 24:02d}", colour, align="centre", strong=strong)

    def draw(self, painter: QPainter) -> None:
        day, now, area = self._day, theme.current(), self._area
        if day is None:
            return
        self.draw_frame(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        x = area.left() + day.hours / 24 * area.width()

        def y(values: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.asarray(area.bottom() - np.clip(self._scale.shares(values), 0, 1) * area.height())

        lower, upper, median = (y(values * self._factor) for values in (day.lower, day.upper, day.median))
        ribbon(painter, x, lower, upper, tint(now.data["activity_soft"], 0.38))
        polyline(painter, x, median, QPen(now.data["activity"], 1.75))
        curve = self._model()
        acrophase = self._value("acrophase_h")
        if curve is not None and acrophase is not None:
            shown = np.where(curve >= 0, y(curve), np.nan)
            polyline(painter, x, shown, dashed(now.data["model"], 5, 3, 1.5))
            peak_x = self._x(acrophase)
            painter.setPen(dashed(now.data["model"], 2, 3))
            peak_y = float(np.nanmin(shown))
            painter.drawLine(QPointF(peak_x, peak_y), QPointF(peak_x, area.bottom()))
            words = f"model: cosinor, acrophase {hour_text(acrophase)}"
            half = text_width("micro", words) / 2
            centre = min(max(peak_x, area.left() + half), area.right() - half)
            text(painter, centre, 9, words, now.data["model"], align="centre")
        self._windows(painter)
        self._days_strip(painter)

    def _days_strip(self, painter: QPainter) -> None:
        """Days that have each bin, as a thin strip with the greatest number beside it (RH-66)."""
        day, now, area = self._day, theme.current(), self._area
        if day is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        most = max(1, int(day.days.max()))
        base, room = self.height() - 3.0, _STRIP - 6.0
        step = area.width() / day.days.size
        for index, n in enumerate(day.days.tolist()):
            height = round(room * n / most)
            left, right = round(area.left() + index * step), round(area.left() + (index + 1) * step)
            painter.fillRect(QRectF(left, base - height, right - left, height), now.ui["border_strong"])
        painter.setPen(QPen(now.ui["axis"], 1))
        painter.drawLine(QPointF(area.left(), base + 0.5), QPointF(area.right(), base + 0.5))
        text(painter, area.left() - 6, base - room / 2, _days_words(day), now.ui["text_faint"], align="right")

    def _windows(self, painter: QPainter) -> None:
        now, area = theme.current(), self._area
        top = area.bottom() + 23
        taken: list[tuple[float, float]] = []
        for name, length in (("L5", 5.0), ("M10", 10.0)):
            onset, level = self._value(f"{name.lower()}_onset_h"), self._value(name.lower())
            if onset is None or level is None:
                continue
            for shift in (0.0, -24.0):
                low, high = max(0.0, onset + shift), min(24.0, onset + shift + length)
                if high > low:
                    bar = QRectF(self._x(low), top, self._x(high) - self._x(low), 5)
                    painter.fillRect(bar, now.data[name.lower()])
            per = "/min" if self._unit.endswith("/min") else f" {self._unit}"
            words = f"{name} {hour_text(onset)}, {number(level, 1)}{per}"
            width = text_width("micro", words)
            x = min(max(self._x(onset), area.left()), area.right() + 10 - width)
            y = top + 15
            if any(x < right + 10 and x + width > left - 10 for left, right in taken):
                y += 14
            taken.append((x, x + width))
            text(painter, x, y, words, now.ui["text_muted"])

    def read_out_at(self, point: QPointF) -> ReadOut | None:
        day, area = self._day, self._area
        if day is None or self._panel is None or not area.contains(point):
            return None
        hour = (point.x() - area.left()) / area.width() * 24
        bin_index = min(day.median.size - 1, int(hour * 60 // day.bin_min))
        median, lower, upper = (float(row[bin_index]) * self._factor for row in (day.median, day.lower, day.upper))
        rows = [
            ("Median", f"{number(median, 1)} {self._unit}"),
            ("25–75 % of days", interval(number(lower, 1), number(upper, 1))),
            ("Days", number(int(day.days[bin_index]))),
        ]
        curve = self._model()
        if curve is not None:
            rows.append(("Cosinor, model", number(float(curve[bin_index]), 1)))
        start = bin_index * day.bin_min / 60
        return ReadOut(f"{hour_text(start)}–{hour_text(start + day.bin_min / 60)}", "local clock", tuple(rows))

    def draw_over(self, painter: QPainter, cursor: QPointF) -> None:
        if self._area.contains(cursor):
            painter.setPen(QPen(theme.current().ui["cursor"], 1))
            x = round(cursor.x()) + 0.5
            painter.drawLine(QPointF(x, self._area.top()), QPointF(x, self._area.bottom()))


def _days_words(day: DayProfile) -> str:
    """``28 d``: the days of the fullest bin."""
    return f"{number(max(1, int(day.days.max())))} d"
