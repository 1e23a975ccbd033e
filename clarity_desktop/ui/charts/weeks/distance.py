"""Distance of each week to a person's own first weeks, with the days on which its level changes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from clarity_desktop.domain.pat_results import TrajectoryView
from clarity_desktop.domain.time import date_of_day
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.canvas import Chart
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.charts.paint import ReadOut, dashed, text
from clarity_desktop.ui.charts.wording import day_short, number
from clarity_desktop.ui.qt import QPainter, QPen, QPointF, QPolygonF, QRectF, QWidget

__all__ = ["BaselineChart"]


class BaselineChart(Chart):
    """One point a week, by the day it begins; the dashed line is how far the first weeks lie from one another."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Distance to own first weeks", height=180, parent=parent)
        self._view: TrajectoryView | None = None
        self.setMinimumHeight(150)

    def show_view(self, view: TrajectoryView | None) -> None:
        """Show the distances of a trajectory."""
        self._view = view
        self.refresh()

    def message(self) -> str:
        if self._view is None:
            return "No week is computed."
        if not np.isfinite(self._view.distance).any():
            return "Insufficient: two weeks without a shared day are needed."
        return ""

    def units(self) -> str:
        return "Euclidean distance between embeddings"

    def summary(self) -> str:
        view = self._view
        if view is None or self.message():
            return self.message()
        low, high = float(np.nanmin(view.distance)), float(np.nanmax(view.distance))
        words = f"Distance to the own first weeks from {number(low, 2)} to {number(high, 2)}."
        if view.change_days:
            days = ", ".join(day_short(date_of_day(day)) for day in view.change_days)
            return f"{words} Its level changes with the week from {days}."
        return f"{words} One level serves as well as several."

    def table(self) -> ChartTable | None:
        view = self._view
        if view is None:
            return None
        rows = tuple(
            (date_of_day(int(day)).isoformat(), number(float(value), 3))
            for day, value in zip(view.day, view.distance, strict=True)
        )
        return ChartTable(("First day", "Distance"), rows)

    @property
    def _area(self) -> QRectF:
        return QRectF(44, 10, max(80.0, self.width() - 60), max(60.0, self.height() - 36))

    def _place(self, day: float, value: float) -> QPointF:
        view, area = self._view, self._area
        if view is None:
            return QPointF()
        first, last = float(view.day[0]), float(view.day[-1])
        top = self._top()
        x = area.left() + (day - first) / max(1.0, last - first) * area.width()
        return QPointF(x, area.bottom() - value / top * area.height())

    def _top(self) -> float:
        view = self._view
        if view is None:
            return 1.0
        spread = view.baseline_spread if np.isfinite(view.baseline_spread) else 0.0
        return max(float(np.nanmax(view.distance)), spread, 1e-9) * 1.08

    def draw(self, painter: QPainter) -> None:
        view, now, area = self._view, theme.current(), self._area
        if view is None:
            return
        top = self._top()
        for share in (0.0, 0.5, 1.0):
            y = round(area.bottom() - share * area.height() / 1.08) + 0.5
            painter.setPen(QPen(now.ui["axis" if share == 0 else "grid"], 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            text(painter, area.left() - 6, y, number(share * top / 1.08, 1), now.ui["text_faint"], align="right")
        step = next(one for one in (1, 7, 14, 28, 91, 364, 10_000) if one * area.width() / max(1, view.day.size) > 62)
        for day in range(int(view.day[0]), int(view.day[-1]) + 1, step):
            at = self._place(day, 0)
            text(painter, at.x(), area.bottom() + 12, day_short(date_of_day(day), weekday=False),
                 now.ui["text_faint"], align="centre", limits=(0, self.width()))  # fmt: skip
        if np.isfinite(view.baseline_spread):
            y = self._place(float(view.day[0]), view.baseline_spread).y()
            painter.setPen(dashed(now.ui["text_faint"], 4, 3))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            words = "between the first weeks themselves"
            text(painter, area.right() - 4, y - 8, words, now.ui["text_faint"], align="right")
        for day in view.change_days:
            x = round(self._place(day, 0).x()) + 0.5
            painter.setPen(dashed(now.ui["accent"], 4, 3))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            text(painter, x + 4, area.top() + 6, "level changes", now.ui["accent"], limits=(0, self.width()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        known = np.isfinite(view.distance)
        apart = np.flatnonzero(np.diff(view.day[known]) > 2) + 1
        pairs = list(zip(view.day[known].tolist(), view.distance[known].tolist(), strict=True))
        bounds = [0, *apart.tolist(), len(pairs)]
        for start, stop in pairwise(bounds):
            painter.setPen(QPen(now.data["pat"], 1.5))
            painter.drawPolyline(QPolygonF([self._place(day, value) for day, value in pairs[start:stop]]))
        painter.setBrush(now.data["pat"])
        for day, value in pairs:
            painter.drawEllipse(self._place(day, value), 2, 2)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def read_out_at(self, point: QPointF) -> ReadOut | None:
        view = self._view
        if view is None or not self._area.contains(point):
            return None
        share = (point.x() - self._area.left()) / self._area.width()
        place = int(np.abs(view.day - (view.day[0] + share * (view.day[-1] - view.day[0]))).argmin())
        value = float(view.distance[place])
        said = number(value, 2) if np.isfinite(value) else "no first week without a shared day"
        return ReadOut(f"Week from {day_short(date_of_day(int(view.day[place])))}", "", (("Distance", said),))
