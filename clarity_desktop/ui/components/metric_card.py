"""The metric card: a number with its unit, interval, course, what it rests on, and whether a range exists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.curves import polyline
from clarity_desktop.ui.charts.paint import hatch, text, text_width, tint
from clarity_desktop.ui.qt import (
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPointF,
    QRectF,
    QResizeEvent,
    QSize,
    QSizePolicy,
    Qt,
    QWidget,
    Signal,
)

__all__ = ["DayCell", "MetricCard", "MetricView", "RangeMark", "cell_word"]

DayCell = Literal["valid", "partial", "none"]
"""What is known of one day: enough worn, some worn, nothing."""


def cell_word(cell: DayCell) -> str:
    """The state of a day in a word."""
    return {"valid": "valid", "partial": "partly worn", "none": "no data"}[cell]


@dataclass(frozen=True, slots=True)
class RangeMark:
    """Where a value and its interval lie on the scale of the metric, for metrics that have no value a night."""

    low: float
    high: float
    value: float
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class MetricView:
    """The words and numbers of one card, ready to be drawn."""

    title: str
    value: str = ""
    unit: str = ""
    detail: str = ""
    """Interval, spread, or why there is no value."""
    insufficient: bool = False
    course: NDArray[np.float64] | None = None
    """One value a night or day, NaN where missing; shape (N,)."""
    mark: RangeMark | None = None
    colour: str = "accent"
    """Token of the course."""
    rests_on: str = ""
    """``26 of 27 nights``."""
    reference: str = "no range"
    cells: tuple[DayCell, ...] = ()
    help: str = ""
    """Definition and paper, for the tool tip."""

    def spoken(self) -> str:
        """The card as a sentence."""
        head = f"{self.title}: insufficient. {self.detail}" if self.insufficient else f"{self.title} {self.value}"
        rest = "" if self.insufficient else f" {self.unit}, {self.detail}"
        return f"{head}{rest}. {self.rests_on}, {self.reference}."


class MetricCard(QWidget):
    """A card of a metric; a click, Enter or Space opens its chart."""

    opened = Signal()

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = MetricView(title)
        self._picture: QPixmap | None = None
        self.setFixedHeight(136)
        self.setMinimumWidth(150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme.notifier.changed.connect(self._renew)
        self._renew()

    @property
    def view(self) -> MetricView:
        """What the card says now."""
        return self._view

    def show_view(self, view: MetricView) -> None:
        """Say something else."""
        self._view = view
        self._renew()

    def _renew(self) -> None:
        self._picture = None
        self.setAccessibleName(self._view.spoken())
        self.setToolTip(self._view.help)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(194, 136)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._picture = None
        super().resizeEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.opened.emit()

    def keyPressEvent(self, event: object) -> None:
        key = event.key() if hasattr(event, "key") else None
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.opened.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        ratio = self.devicePixelRatioF()
        if self._picture is None or self._picture.devicePixelRatio() != ratio:
            picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
            picture.setDevicePixelRatio(ratio)
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            self._draw(painter)
            painter.end()
            self._picture = picture
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.current().ui["focus"], 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 8, 8)
        painter.end()

    def _draw(self, painter: QPainter) -> None:
        now, view = theme.current(), self._view
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(now.ui["border"], 1))
        painter.setBrush(now.ui["surface"])
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        left, right = 12.0, self.width() - 12.0
        title = QFontMetricsF(theme.font("small")).elidedText(view.title, Qt.TextElideMode.ElideRight, right - left)
        text(painter, left, 18, title, now.ui["text_muted"], token="small")
        if view.insufficient:
            text(painter, left, 42, "Insufficient", now.ui["text"], token="title")
            self._lines(painter, view.detail, QRectF(left, 54, right - left, 50))
        else:
            number = text(painter, left, 42, view.value, now.ui["text"], token="display")
            unit_limits = (0.0, right)
            text(painter, number.right() + 4, 45, view.unit, now.ui["text_muted"], token="small", limits=unit_limits)
            metrics = QFontMetricsF(theme.font("small"))
            detail = metrics.elidedText(view.detail, Qt.TextElideMode.ElideRight, right - left)
            text(painter, left, 65, detail, now.ui["text_muted"], token="small")
            self._course(painter, QRectF(left, 76, right - left, 24))
        reference = view.reference
        text(painter, left, 113, view.rests_on, now.ui["text_muted"])
        taken = left + text_width("micro", view.rests_on) + 8
        text(painter, right, 113, reference, now.ui["text_muted"], align="right", limits=(taken, right + 1))
        self._coverage(painter, QRectF(left, 124, right - left, 4))

    def _lines(self, painter: QPainter, words: str, box: QRectF) -> None:
        painter.setFont(theme.font("small"))
        painter.setPen(theme.current().ui["text_muted"])
        painter.drawText(box, int(Qt.TextFlag.TextWordWrap) | int(Qt.AlignmentFlag.AlignTop), words)

    def _course(self, painter: QPainter, box: QRectF) -> None:
        now, view = theme.current(), self._view
        colour = now.ui[view.colour] if view.colour in now.ui else now.data[view.colour]
        if view.mark is not None:
            self._range(painter, box, view.mark)
            return
        values = view.course
        if values is None or not np.isfinite(values).any():
            return
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        if high - low < 1e-9:
            low, high = low - 0.5, high + 0.5
        x = box.left() + (np.arange(values.size) + 0.5) * box.width() / values.size
        y = box.bottom() - 3 - (values - low) / (high - low) * (box.height() - 6)
        polyline(painter, x.astype(np.float64), y.astype(np.float64), QPen(colour, 1.5))
        last = int(np.flatnonzero(np.isfinite(values))[-1])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(QPointF(float(x[last]), float(y[last])), 2.5, 2.5)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _range(self, painter: QPainter, box: QRectF, mark: RangeMark) -> None:
        now = theme.current()
        y = round(box.top() + 7) + 0.5

        def x(value: float) -> float:
            share = (value - mark.low) / (mark.high - mark.low)
            return box.left() + min(1.0, max(0.0, share)) * box.width()

        painter.setPen(QPen(now.ui["axis"], 1))
        painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
        for end, align in ((mark.low, "left"), (mark.high, "right")):
            painter.drawLine(QPointF(x(end), y - 3), QPointF(x(end), y + 3))
            words = f"{end:g}".replace("-", "−")
            text(painter, x(end), y + 12, words, now.ui["text_faint"], align="left" if align == "left" else "right")
            painter.setPen(QPen(now.ui["axis"], 1))
        if mark.interval is not None:
            low, high = x(mark.interval[0]), x(mark.interval[1])
            painter.fillRect(QRectF(low, y - 3.5, max(2.0, high - low), 7), tint(now.ui["accent"], 0.35))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.ui["accent"])
        painter.drawEllipse(QPointF(x(mark.value), y), 3.5, 3.5)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _coverage(self, painter: QPainter, box: QRectF) -> None:
        now, cells = theme.current(), self._view.cells
        if not cells:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        step = box.width() / len(cells)
        gap = 1.0 if step >= 3 else 0.0
        for index, cell in enumerate(cells):
            left = box.left() + index * step
            area = QRectF(left, box.top(), max(1.0, step - gap), box.height())
            if cell == "none":
                hatch(painter, area, "missing")
            else:
                painter.fillRect(area, now.ui["ok" if cell == "valid" else "warn"])
