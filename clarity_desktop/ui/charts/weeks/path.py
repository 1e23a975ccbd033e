"""A person's weeks on their two first components, joined in order of time."""

from __future__ import annotations

import numpy as np

from clarity_desktop.domain.pat_results import TrajectoryView
from clarity_desktop.domain.time import date_of_day
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.canvas import Chart
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.charts.paint import ReadOut, text, tint
from clarity_desktop.ui.charts.wording import day_short, number
from clarity_desktop.ui.qt import QMouseEvent, QPainter, QPen, QPointF, QPolygonF, QRectF, Qt, QWidget, Signal

__all__ = ["WeekPathChart"]

_NEAR = 14.0


class WeekPathChart(Chart):
    """Each dot is a week; weeks that lie near each other look alike to the model."""

    week_chosen = Signal(int)
    """Local day of the week whose dot was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Trajectory of weeks", height=320, parent=parent)
        self._view: TrajectoryView | None = None
        self._day: int | None = None
        self._why = "No week is computed."
        self.setMinimumHeight(240)

    def show_view(self, view: TrajectoryView | None, day: int | None = None, why: str = "") -> None:
        """Show a trajectory with one week marked, or why there is none."""
        self._view, self._day, self._why = view, day, why or "No week is computed."
        self.refresh()

    def message(self) -> str:
        return self._why if self._view is None else ""

    def units(self) -> str:
        view = self._view
        if view is None:
            return ""
        shares = ", ".join(f"{number(100 * float(share))}\u202f%" for share in view.explained)
        return f"principal components, {shares} of the variance"

    def summary(self) -> str:
        view = self._view
        if view is None:
            return self._why
        first, last = (day_short(date_of_day(int(view.day[at]))) for at in (0, -1))
        return f"{view.day.size} weeks from {first} to {last} on their principal components: {self.units()}."

    def table(self) -> ChartTable | None:
        view = self._view
        if view is None:
            return None
        rows = tuple(
            (date_of_day(int(day)).isoformat(), *(number(float(value), 3) for value in place))
            for day, place in zip(view.day, view.places, strict=True)
        )
        heads = tuple(f"Component {place + 1}" for place in range(view.places.shape[1]))
        return ChartTable(("First day", *heads), rows)

    @property
    def _area(self) -> QRectF:
        return QRectF(44, 12, max(80.0, self.width() - 60), max(80.0, self.height() - 48))

    def _points(self) -> list[QPointF]:
        view, area = self._view, self._area
        if view is None:
            return []
        places = view.places if view.places.shape[1] > 1 else np.pad(view.places, ((0, 0), (0, 1)))
        middle = (places.max(axis=0) + places.min(axis=0)) / 2
        spread = np.maximum((places.max(axis=0) - places.min(axis=0)) / 2 * 1.1, 1e-9)
        # One scale on both axes: distances on the page are distances between weeks.
        scale = min(area.width() / 2 / spread[0], area.height() / 2 / spread[1])
        return [
            QPointF(area.center().x() + x * scale, area.center().y() - y * scale)
            for x, y in (places[:, :2] - middle).tolist()
        ]

    def draw(self, painter: QPainter) -> None:
        view, now, area = self._view, theme.current(), self._area
        if view is None:
            return
        painter.setPen(QPen(now.ui["axis"], 1))
        painter.drawLine(QPointF(area.left(), area.bottom() + 0.5), QPointF(area.right(), area.bottom() + 0.5))
        painter.drawLine(QPointF(area.left() - 0.5, area.top()), QPointF(area.left() - 0.5, area.bottom()))
        share = [f"{number(100 * float(one))}\u202f%" for one in view.explained] + ["0\u202f%"]
        text(painter, area.right(), area.bottom() + 16, f"Component 1, {share[0]}", now.ui["text_faint"], align="right")
        text(painter, area.left() + 6, area.top() + 4, f"Component 2, {share[1]}", now.ui["text_faint"])
        text(painter, area.left(), area.bottom() + 16, "Same scale on both axes", now.ui["text_faint"])
        points = self._points()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(QPen(tint(now.data["pat"], 0.45), 1.5))
        painter.drawPolyline(QPolygonF(points))
        for place, point in enumerate(points):
            chosen = int(view.day[place]) == self._day
            share_done = place / max(1, len(points) - 1)
            painter.setPen(QPen(now.ui["accent"], 2) if chosen else QPen(now.data["pat"], 1))
            painter.setBrush(tint(now.data["pat"], 0.25 + 0.75 * share_done))
            painter.drawEllipse(point, 6 if chosen else 4, 6 if chosen else 4)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for place in dict.fromkeys((0, len(points) - 1)):
            label = day_short(date_of_day(int(view.day[place])))
            text(painter, points[place].x() + 9, points[place].y() - 9, label, now.ui["text"],
                 limits=(0, self.width()))  # fmt: skip

    def _nearest(self, point: QPointF) -> int | None:
        away = [(point - one).manhattanLength() for one in self._points()]
        if not away or min(away) > _NEAR:
            return None
        return away.index(min(away))

    def read_out_at(self, point: QPointF) -> ReadOut | None:
        view, place = self._view, self._nearest(point)
        if view is None or place is None:
            return None
        rows = [("Week", f"{place + 1} of {view.day.size}")]
        if np.isfinite(view.distance[place]):
            rows.append(("Distance to own first weeks", number(float(view.distance[place]), 2)))
        return ReadOut(f"From {day_short(date_of_day(int(view.day[place])))}", "", tuple(rows))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._nearest(event.position())
        if place is not None and self._view is not None:
            self.week_chosen.emit(int(self._view.day[place]))
        super().mousePressEvent(event)
