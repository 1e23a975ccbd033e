"""The embedding of a week as 96 cells: a fingerprint to compare by eye, without a meaning of its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.canvas import Chart
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.charts.paint import ReadOut
from clarity_desktop.ui.charts.wording import number
from clarity_desktop.ui.qt import QColor, QPainter, QPointF, QRectF, Qt, QWidget

__all__ = ["EmbeddingChart"]

_COLUMNS, _ROWS = 24, 4


class EmbeddingChart(Chart):
    """Ninety-six numbers in four rows, blue below zero and orange above, the same scale on both sides."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Embedding", height=76, parent=parent)
        self._values: NDArray[np.float32] | None = None
        self.setFixedHeight(76)
        self._plate = False

    def show_values(self, values: NDArray[np.float32] | None) -> None:
        """Show an embedding, shape (96,)."""
        self._values = values
        self.refresh()

    def message(self) -> str:
        return "This week is not computed." if self._values is None else ""

    def units(self) -> str:
        return "without unit"

    def summary(self) -> str:
        if self._values is None:
            return self.message()
        low, high = float(self._values.min()), float(self._values.max())
        return f"96 numbers from {number(low, 2)} to {number(high, 2)}; none of them has a meaning of its own."

    def table(self) -> ChartTable | None:
        if self._values is None:
            return None
        rows = tuple((str(place), number(float(value), 4)) for place, value in enumerate(self._values))
        return ChartTable(("Number", "Value"), rows)

    def _box(self, place: int) -> QRectF:
        width, height = (self.width() - 24) / _COLUMNS, (self.height() - 4) / _ROWS
        row, column = divmod(place, _COLUMNS)
        return QRectF(12 + column * width, 2 + row * height, width - 2, height - 2)

    def draw(self, painter: QPainter) -> None:
        if self._values is None:
            return
        most = float(np.abs(self._values).max()) or 1.0
        colours = theme.colormap("diverge")
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        for place, value in enumerate(self._values.tolist()):
            red, green, blue, _ = colours[round((value / most + 1) / 2 * 255)].tolist()
            painter.setBrush(QColor(red, green, blue))
            painter.drawRoundedRect(self._box(place), 2, 2)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def read_out_at(self, point: QPointF) -> ReadOut | None:
        if self._values is None:
            return None
        for place, value in enumerate(self._values.tolist()):
            if self._box(place).contains(point):
                return ReadOut(f"Number {place}", "of 96", (("Value", number(value, 3)),))
        return None
