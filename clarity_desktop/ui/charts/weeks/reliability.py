"""Reliability of a head: predicted against observed share, in people it had not seen."""

from __future__ import annotations

from typing import Any

from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.canvas import Chart
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.charts.paint import ReadOut, dashed, text
from clarity_desktop.ui.charts.wording import interval, number
from clarity_desktop.ui.qt import QPainter, QPen, QPointF, QRectF, Qt, QWidget

__all__ = ["ReliabilityChart"]


class ReliabilityChart(Chart):
    """Bins of equally many people; on the diagonal the predicted share is the observed one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Reliability", height=240, parent=parent)
        self._bins: list[dict[str, Any]] = []
        self.setMinimumHeight(200)

    def show_bins(self, bins: list[dict[str, Any]]) -> None:
        """Show the bins of a head's report."""
        self._bins = bins
        self.refresh()

    def message(self) -> str:
        return "" if self._bins else "No head is chosen."

    def units(self) -> str:
        return "shares, whiskers 95 % (Wilson)"

    def summary(self) -> str:
        if not self._bins:
            return self.message()
        said = "; ".join(
            f"predicted {number(100 * one['predicted'])} %, observed {number(100 * one['observed'])} %"
            for one in self._bins
        )
        return f"Out of fold, by bins of people: {said}."

    def table(self) -> ChartTable | None:
        rows = tuple(
            (
                number(one["predicted"], 2),
                number(one["observed"], 2),
                interval(number(one["low"], 2), number(one["high"], 2)),
                str(one["people"]),
            )
            for one in self._bins
        )
        return ChartTable(("Predicted", "Observed", "95 %", "People"), rows) if rows else None

    @property
    def _area(self) -> QRectF:
        side = min(self.width() - 70.0, self.height() - 44.0)
        return QRectF(48, 10, max(80.0, side), max(80.0, side))

    def _at(self, predicted: float, observed: float) -> QPointF:
        area = self._area
        return QPointF(area.left() + predicted * area.width(), area.bottom() - observed * area.height())

    def draw(self, painter: QPainter) -> None:
        now, area = theme.current(), self._area
        for share in (0.0, 0.5, 1.0):
            at = self._at(share, share)
            painter.setPen(QPen(now.ui["axis" if share == 0 else "grid"], 1))
            painter.drawLine(QPointF(area.left(), at.y()), QPointF(area.right(), at.y()))
            painter.drawLine(QPointF(at.x(), area.top()), QPointF(at.x(), area.bottom()))
            label = f"{number(100 * share)}\u202f%"
            text(painter, area.left() - 6, at.y(), label, now.ui["text_faint"], align="right")
            text(painter, at.x(), area.bottom() + 12, label, now.ui["text_faint"], align="centre")
        text(painter, area.center().x(), area.bottom() + 26, "predicted", now.ui["text_muted"], align="centre")
        text(painter, area.left() + 6, area.top() + 8, "observed", now.ui["text_muted"])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(dashed(now.ui["text_faint"], 4, 3))
        painter.drawLine(self._at(0, 0), self._at(1, 1))
        for one in self._bins:
            painter.setPen(QPen(now.data["pat"], 1.5))
            painter.drawLine(self._at(one["predicted"], one["low"]), self._at(one["predicted"], one["high"]))
            painter.setBrush(now.data["pat"])
            painter.drawEllipse(self._at(one["predicted"], one["observed"]), 4, 4)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def read_out_at(self, point: QPointF) -> ReadOut | None:
        for one in self._bins:
            if (self._at(one["predicted"], one["observed"]) - point).manhattanLength() < 14:
                rows = (
                    ("Observed", f"{number(100 * one['observed'])} %"),
                    ("95 %", f"{number(100 * one['low'])} – {number(100 * one['high'])} %"),
                    ("People", str(one["people"])),
                )
                return ReadOut(f"Predicted {number(100 * one['predicted'])} %", "", rows)
        return None
