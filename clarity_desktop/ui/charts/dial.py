"""The phase dial: a clock of 24 hours with L5 and M10 as arcs, nights as dots, means as arrows."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.sleep import Night
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.canvas import Chart
from clarity_desktop.ui.charts.chart_tables import phase_table
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.charts.paint import LegendItem, ReadOut, dashed, legend, legend_lines, text, tint
from clarity_desktop.ui.charts.wording import day_short, hour_text
from clarity_desktop.ui.qt import QPainter, QPen, QPointF, QRectF, Qt, QWidget

__all__ = ["PhaseDial"]

_RINGS = (0.62, 0.84)
"""Where the first and the last night lie, as shares of the radius: beyond the arrows, inside the arcs."""


class PhaseDial(Chart):
    """Midnight at the top, clockwise. Arrows: mean mid-sleep, and the model's acrophase, dashed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Phase dial", height=220, parent=parent)
        self._panel: Panel | None = None
        self.setMinimumHeight(180)

    def show_panel(self, panel: Panel | None) -> None:
        """Show the phases of a panel."""
        self._panel = panel
        self.simulated = panel.simulated if panel is not None else False
        self.refresh()

    def _value(self, metric: str) -> float | None:
        found = self._panel.finding(metric) if self._panel is not None else None
        return found.value if found is not None else None

    def units(self) -> str:
        return "24-hour dial, local clock"

    def table(self) -> ChartTable | None:
        metrics = {
            "l5_onset_h": "L5 onset",
            "m10_onset_h": "M10 onset",
            "midsleep_h": "Mid-sleep, mean",
            "acrophase_h": "Acrophase, model",
        }
        return phase_table(self._panel, metrics) if self._panel is not None else None

    def message(self) -> str:
        if self._panel is None:
            return "No rhythm in this window."
        if not self._panel.nights and self._value("l5_onset_h") is None and self._value("acrophase_h") is None:
            found = self._panel.finding("l5_onset_h")
            return (found.insufficient if found is not None else None) or "Not enough days for a phase."
        return ""

    def summary(self) -> str:
        if self.message():
            return self.message()
        words = ["Dial of 24 hours, midnight at the top."]
        for name, metric in (("L5", "l5_onset_h"), ("M10", "m10_onset_h")):
            value = self._value(metric)
            if value is not None:
                words.append(f"{name} begins at {hour_text(value)}.")
        middle = self._value("midsleep_h")
        if middle is not None:
            words.append(f"Mean mid-sleep {hour_text(middle)}.")
        acrophase = self._value("acrophase_h")
        if acrophase is not None:
            words.append(f"Cosinor acrophase, a model, {hour_text(acrophase)}.")
        return " ".join(words)

    @property
    def _items(self) -> list[LegendItem]:
        now, items = theme.current(), []
        if self._value("l5_onset_h") is not None:
            items.append(LegendItem("thick", now.data["l5"], self._named("L5", "l5_onset_h", 5)))
        if self._value("m10_onset_h") is not None:
            items.append(LegendItem("thick", now.data["m10"], self._named("M10", "m10_onset_h", 10)))
        if self._panel is not None and self._panel.nights:
            items.append(LegendItem("dot", now.data["core"], "Mid-sleep, first night inside"))
        if self._value("midsleep_h") is not None:
            items.append(LegendItem("line", now.data["core"], self._named("Mean mid-sleep", "midsleep_h")))
        if self._value("acrophase_h") is not None:
            items.append(LegendItem("dash", now.data["model"], self._named("Acrophase, model", "acrophase_h")))
        return items

    def _named(self, name: str, metric: str, length: int = 0) -> str:
        """A legend entry; with its hours when the names stand beside the dial."""
        value = self._value(metric)
        if value is None or not self._beside:
            return name
        return f"{name} {hour_text(value)}" + (f"–{hour_text(value + length)}" if length else "")

    @property
    def _foot(self) -> float:
        """Height of the legend under the dial."""
        return 8.0 + 18.0 * max(2, legend_lines(self._items, 8, self.width() - 4.0))

    @property
    def _beside(self) -> bool:
        """Whether there is room for the names beside the dial."""
        return self.width() >= 1.7 * self.height()

    @property
    def _centre(self) -> QPointF:
        if self._beside:
            return QPointF(self.height() / 2 + 24, self.height() / 2)
        return QPointF(self.width() / 2, (self.height() - self._foot) / 2)

    @property
    def _radius(self) -> float:
        height = self.height() if self._beside else self.height() - self._foot
        return max(30.0, min(self.width() / 2 - 26, height / 2 - 20))

    def _at(self, hour: float, radius: float) -> QPointF:
        angle = math.radians(hour / 24 * 360 - 90)
        return QPointF(self._centre.x() + radius * math.cos(angle), self._centre.y() + radius * math.sin(angle))

    def draw_frame(self, painter: QPainter) -> None:
        now = theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(now.ui["axis"], 1))
        painter.drawEllipse(self._centre, self._radius, self._radius)
        painter.setPen(QPen(now.ui["grid"], 1))
        painter.drawEllipse(self._centre, self._radius * 0.55, self._radius * 0.55)
        for hour in range(0, 24, 3):
            painter.setPen(QPen(now.ui["axis"], 1))
            painter.drawLine(self._at(hour, self._radius), self._at(hour, self._radius + 4))
            label = self._at(hour, self._radius + 13)
            strong = hour % 6 == 0
            colour = now.ui["text" if strong else "text_faint"]
            text(painter, label.x(), label.y(), f"{hour:02d}", colour, align="centre", strong=hour == 0)

    def _arc(self, painter: QPainter, hour: float, length: float, token: str) -> None:
        radius = self._radius - 6
        pen = QPen(theme.current().data[token], 6)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        box = QRectF(self._centre.x() - radius, self._centre.y() - radius, 2 * radius, 2 * radius)
        painter.drawArc(box, round((90 - hour / 24 * 360) * 16), round(-length / 24 * 360 * 16))

    def _arrow(self, painter: QPainter, hour: float, pen: QPen) -> None:
        tip = self._at(hour, self._radius * 0.55)
        painter.setPen(pen)
        painter.drawLine(self._centre, tip)
        solid = QPen(pen.color(), pen.widthF())
        painter.setPen(solid)
        painter.drawLine(tip, self._at(hour + 0.45, self._radius * 0.55 - 7))
        painter.drawLine(tip, self._at(hour - 0.45, self._radius * 0.55 - 7))

    def draw(self, painter: QPainter) -> None:
        panel, now = self._panel, theme.current()
        if panel is None:
            return
        self.draw_frame(painter)
        for token, metric, length in (("l5", "l5_onset_h", 5.0), ("m10", "m10_onset_h", 10.0)):
            onset = self._value(metric)
            if onset is not None:
                self._arc(painter, onset, length, token)
        acrophase, middle = self._value("acrophase_h"), self._value("midsleep_h")
        if acrophase is not None:
            self._arrow(painter, acrophase, dashed(now.data["model"], 5, 3, 1.5))
        if middle is not None:
            self._arrow(painter, middle, QPen(now.data["core"], 1.5))
        self._spiral(painter, panel)
        painter.setBrush(now.ui["text"])
        painter.drawEllipse(self._centre, 2.5, 2.5)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if not self._beside:
            legend(painter, 8, self.height() - self._foot + 12, self._items, self.width() - 4.0)
            return
        left = self._centre.x() + self._radius + 44
        top = self.height() / 2 - 11 * len(self._items) + 11
        for index, item in enumerate(self._items):
            legend(painter, left, top + 22 * index, [item], self.width() - 4.0)

    def _spiral(self, painter: QPainter, panel: Panel) -> None:
        """One dot a night, from the first inside to the last outside, so that a drift winds round the dial."""
        core = theme.current().data["core"]
        places = [self._at(night.midsleep_h, self._radius * share) for night, share in self._nights_out(panel)]
        painter.setPen(QPen(tint(core, 0.35), 1))
        for before, after in pairwise(places):
            painter.drawLine(before, after)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(core)
        for place in places:
            painter.drawEllipse(place, 2.0, 2.0)

    def _nights_out(self, panel: Panel) -> list[tuple[Night, float]]:
        """Nights with their distance from the centre as a share of the radius, by date."""
        if not panel.nights:
            return []
        first = panel.nights[0].date
        days = max(1, (panel.nights[-1].date - first).days)
        low, high = _RINGS
        return [(night, low + (high - low) * (night.date - first).days / days) for night in panel.nights]

    def read_out_at(self, point: QPointF) -> ReadOut | None:
        panel = self._panel
        offset = point - self._centre
        distance = math.hypot(offset.x(), offset.y())
        if panel is None or distance > self._radius + 8 or distance < 8:
            return None
        hour = (math.degrees(math.atan2(offset.y(), offset.x())) + 90) % 360 / 15
        rows: list[tuple[str, str]] = []
        for name, metric in (
            ("L5 onset", "l5_onset_h"),
            ("M10 onset", "m10_onset_h"),
            ("Mean mid-sleep", "midsleep_h"),
            ("Acrophase, model", "acrophase_h"),
        ):
            value = self._value(metric)
            if value is not None:
                rows.append((name, hour_text(value)))
        if panel.nights and _RINGS[0] - 0.05 < distance / self._radius < _RINGS[1] + 0.05:
            out = self._nights_out(panel)
            places = [self._at(night.midsleep_h, self._radius * share) - point for night, share in out]
            gaps = [math.hypot(place.x(), place.y()) for place in places]
            nearest = int(np.argmin(gaps))
            if gaps[nearest] < 12:
                night = out[nearest][0]
                rows.insert(0, (f"Night to {day_short(night.date)}", hour_text(night.midsleep_h)))
        return ReadOut(f"At {hour_text(hour)}", "local clock", tuple(rows))
