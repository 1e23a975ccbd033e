"""The day view: the seven days of a strip laid over one another, with mean and range."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.canvas import Chart
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.charts.paint import ReadOut, dashed, text, tint
from clarity_desktop.ui.charts.weeks.day_rows import Strip
from clarity_desktop.ui.charts.wording import hour_text, number
from clarity_desktop.ui.qt import QPainter, QPen, QPointF, QPolygonF, QRectF, Qt, QWidget

__all__ = ["DayViewChart"]

_LEFT = 84.0


class DayViewChart(Chart):
    """Mean of a strip over the seven rows, by time since the week's midnight, with the least and the greatest row."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Day view", height=92, parent=parent)
        self._strip: Strip | None = None
        self._even: float | None = None
        self._rows: NDArray[np.float64] = np.empty((0, 0))
        self.setFixedHeight(92)

    def show_strip(self, strip: Strip | None, even: float | None = None) -> None:
        """Show a strip; ``even`` is the value at which a dashed line says “even share”."""
        self._strip, self._even = strip, even
        self._rows = np.empty((0, 0)) if strip is None else strip.values.reshape(7, -1)
        self.refresh()

    def message(self) -> str:
        return "" if self._rows.size and np.isfinite(self._rows).any() else "No week is chosen."

    def units(self) -> str:
        return "" if self._strip is None else f"{self._strip.name}, {self._strip.unit}"

    def _columns(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Least, mean and greatest by time of day; a time no row knows is NaN."""
        known = np.isfinite(self._rows)
        n = known.sum(axis=0)
        held = np.where(known, self._rows, 0.0)
        mean = np.divide(held.sum(axis=0), n, out=np.full(n.size, np.nan), where=n > 0)
        low = np.where(n > 0, np.where(known, self._rows, np.inf).min(axis=0), np.nan)
        high = np.where(n > 0, np.where(known, self._rows, -np.inf).max(axis=0), np.nan)
        return low, mean, high

    def summary(self) -> str:
        if self.message() or self._strip is None:
            return self.message()
        _, mean, _ = self._columns()
        at = int(np.nanargmax(mean))
        hour = at * 24 / mean.size
        return f"{self._strip.name} by time of day, mean of seven days: highest from {hour_text(hour)}."

    def table(self) -> ChartTable | None:
        if self.message():
            return None
        low, mean, high = self._columns()
        rows = tuple(
            (hour_text(place * 24 / mean.size), number(low[place], 3), number(mean[place], 3), number(high[place], 3))
            for place in range(mean.size)
        )
        return ChartTable(("Since midnight", "Least", "Mean", "Greatest"), rows)

    @property
    def _area(self) -> QRectF:
        return QRectF(_LEFT, 10, max(60.0, self.width() - _LEFT - 16), max(30.0, self.height() - 24))

    def draw_frame(self, painter: QPainter) -> None:
        now, area = theme.current(), self._area
        text(painter, area.left() - 12, area.top() + 10, "Day view", now.ui["text"], align="right", strong=True)
        text(painter, area.left() - 12, area.top() + 26, "7-day mean", now.ui["text_faint"], align="right")
        painter.setPen(QPen(now.ui["axis"], 1))
        painter.drawLine(QPointF(area.left(), area.bottom() + 0.5), QPointF(area.right(), area.bottom() + 0.5))

    def draw(self, painter: QPainter) -> None:
        now, area = theme.current(), self._area
        self.draw_frame(painter)
        low, mean, high = self._columns()
        top = float(np.nanmax(high)) or 1.0
        x = area.left() + (np.arange(mean.size) + 0.5) / mean.size * area.width()

        def y(values: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.asarray(area.bottom() - values / top * area.height())

        for hour in range(3, 24, 3):
            at = round(area.left() + hour / 24 * area.width()) + 0.5
            painter.setPen(QPen(now.ui["grid"], 1))
            painter.drawLine(QPointF(at, area.top()), QPointF(at, area.bottom()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        edges = np.flatnonzero(np.diff(np.concatenate(([0], np.isfinite(mean).astype(np.int8), [0]))))
        for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            part = slice(start, stop)
            upper = [QPointF(*pair) for pair in zip(x[part].tolist(), y(high[part]).tolist(), strict=True)]
            lower = [QPointF(*pair) for pair in zip(x[part].tolist(), y(low[part]).tolist(), strict=True)]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tint(now.data["pat"], 0.25))
            painter.drawPolygon(QPolygonF(upper + lower[::-1]))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(now.data["pat"], 1.5))
            line = [QPointF(*pair) for pair in zip(x[part].tolist(), y(mean[part]).tolist(), strict=True)]
            painter.drawPolyline(QPolygonF(line))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if self._even is not None and self._even <= top:
            level = round(area.bottom() - self._even / top * area.height()) + 0.5
            painter.setPen(dashed(now.ui["text_faint"], 4, 3))
            painter.drawLine(QPointF(area.left(), level), QPointF(area.right(), level))
            # Beside the plot, where the band crosses no words, and below those of the head.
            beside = max(level, area.top() + 42)
            text(painter, area.left() - 12, beside, "even share", now.ui["text_faint"], align="right")
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def read_out_at(self, point: QPointF) -> ReadOut | None:
        area = self._area
        if self._strip is None or not area.adjusted(0, -8, 0, 8).contains(point):
            return None
        low, mean, high = self._columns()
        place = min(mean.size - 1, int((point.x() - area.left()) / area.width() * mean.size))
        hour = place * 24 / mean.size
        rows = (("Mean", number(mean[place], 2)), ("Range", f"{number(low[place], 2)} – {number(high[place], 2)}"))
        return ReadOut(hour_text(hour), self._strip.unit, rows)
