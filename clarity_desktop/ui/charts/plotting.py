"""The door to pyqtgraph: charts of a value against a value, in the look of all others and with its pan and zoom.

Import this module only where such a chart is built: it loads pyqtgraph, which takes about a third of a second.
"""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg

from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.figure import Figure
from clarity_desktop.ui.charts.paint import ReadOut, dashed, paragraph, pixel_ratio, read_out, text_width
from clarity_desktop.ui.charts.plot_items import DayAxis, GapItem, GridItem, ValueAxis, label_item, points_item
from clarity_desktop.ui.qt import (
    QBrush,
    QColor,
    QEvent,
    QFocusEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPointF,
    QRectF,
    QResizeEvent,
    QSize,
    QSizePolicy,
    QSvgGenerator,
    Qt,
    QVBoxLayout,
    QWheelEvent,
    QWidget,
    Signal,
)

__all__ = ["DayAxis", "GapItem", "PlotFigure", "ValueAxis", "label_item", "pg", "points_item"]


class _Overlay(QWidget):
    """Cursor, read-out, focus ring and the words of an empty chart, above the plot."""

    def __init__(self, figure: PlotFigure) -> None:
        super().__init__(figure)
        self._figure = figure
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        self._figure.paint_over(painter)
        painter.end()


class _Surface(pg.PlotWidget):  # type: ignore[misc]
    """The plot itself: the wheel zooms with Ctrl only, so that the page scrolls under a resting hand."""

    left = Signal()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().wheelEvent(event)
        else:
            event.ignore()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.left.emit()


class _View(pg.ViewBox):  # type: ignore[misc]
    """Dragging pans; dragging with Shift chooses a stretch of the horizontal axis."""

    chosen = Signal(float, float)
    choosing = Signal(float, float)

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        """Choose with Shift, else pan."""
        if axis is not None or not ev.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            super().mouseDragEvent(ev, axis)
            return
        ev.accept()
        ends = sorted(float(self.mapToView(point).x()) for point in (ev.buttonDownPos(), ev.pos()))
        (self.chosen if ev.isFinish() else self.choosing).emit(*ends)


class PlotFigure(Figure):
    """A plot with one horizontal extent that can be panned and zoomed.

    Drag pans, Ctrl and wheel zoom, Shift and drag choose a stretch. Keys: plus and minus zoom, left and right pan,
    0 shows everything, C puts the cursor on and left and right then move it, Escape takes it off.
    """

    stretch_chosen = Signal(float, float)
    """Ends of a stretch of the horizontal axis that was drawn with Shift."""

    def __init__(self, name: str, bottom: Any, left: Any, *, height: int = 200, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self._height = height
        self._cursor: QPointF | None = None
        self._steering = False
        self._ring = False
        self._extent = (0.0, 1.0)
        self._pixels = 1.0
        self._labels: list[tuple[float, float, Any]] = []
        self.view = _View(enableMenu=False)
        self.surface = _Surface(
            self, viewBox=self.view, axisItems={"bottom": bottom, "left": left}, enableMenu=False, background=None
        )
        self.surface.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.surface.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.surface.setFrameShape(self.surface.Shape.NoFrame)
        self.surface.hideButtons()
        self.view.setMouseEnabled(x=True, y=False)
        self.view.setDefaultPadding(0.0)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 10, 0)
        column.addWidget(self.surface)
        self._overlay = _Overlay(self)
        self._choice = pg.LinearRegionItem(movable=False)
        self._choice.setZValue(20)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(min(height, 130))
        self.surface.scene().sigMouseMoved.connect(self._hover)
        self.surface.left.connect(lambda: None if self._steering else self.show_cursor(None))
        self.view.sigRangeChanged.connect(self._place_labels)
        self.view.sigResized.connect(self._place_labels)
        self.view.choosing.connect(self._choosing)
        self.view.chosen.connect(self._chosen)
        theme.notifier.changed.connect(self.refresh)

    # -- for subclasses ------------------------------------------------------------------------------------------

    def build(self) -> None:
        """Add the items of the plot; called after every change of data or theme when there is no :meth:`message`."""

    def message(self) -> str:
        """Why there is nothing to draw; empty when there is."""
        return ""

    def read_out_at(self, x: float) -> ReadOut | None:
        """What stands at a place of the horizontal axis."""
        del x
        return None

    def sample_x(self, x: float) -> float:
        """The place of the sample nearest to ``x``; the cursor stands there."""
        return x

    # -- for subclasses to use -----------------------------------------------------------------------------------

    def add(self, item: Any) -> Any:
        """Put an item into the plot without letting it change the ranges."""
        self.surface.addItem(item, ignoreBounds=True)
        return item

    def pen(self, colour: QColor, width: float = 1.0, dash: tuple[float, float] | None = None) -> QPen:
        """A pen that keeps its width while the plot is zoomed, in logical pixels also where pixels are finer."""
        pen = dashed(colour, *dash, width) if dash is not None else QPen(colour, width)
        pen.setCosmetic(True)
        pen.setWidthF(width * self._pixels)
        return pen

    def add_mark(self, x: float, words: str, colour: QColor, pen: QPen) -> None:
        """A line across the plot with words at its top, which give way to words further left."""
        self.add(pg.InfiniteLine(float(x), angle=90, pen=pen))
        item = self.add(label_item(words, colour, anchor=(0.0, 0.0)))
        self._labels.append((float(x), text_width("micro", words) + 12, item))

    def _place_labels(self) -> None:
        top, right = float(self.view.viewRange()[1][1]), self.view.sceneBoundingRect().right()
        reached = -1.0
        for x, width, item in sorted(self._labels, key=lambda label: label[0]):
            item.setPos(x, top)
            at = float(self.view.mapViewToScene(QPointF(x, top)).x())
            others = (float(self.view.mapViewToScene(QPointF(other, top)).x()) for other, _, _ in self._labels)
            crossed = any(at < other < at + width for other in others)
            left = max(reached, self.view.sceneBoundingRect().left() - 1)
            fits = left <= at and at + width <= right + 8 and not crossed
            item.setVisible(fits)
            reached = at + width if fits else reached

    def set_ranges(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        """Show all of an extent, and hold pan and zoom inside it."""
        low, high = float(x[0]), float(x[1])
        self._extent = (low, high)
        # Loosened first: limits that exclude the present range would move it.
        self.view.setLimits(xMin=None, xMax=None, minXRange=None, maxXRange=None)
        self.view.setLimits(xMin=low, xMax=high, minXRange=(high - low) / 50, maxXRange=high - low)
        self.view.setXRange(low, high, padding=0.0)
        self.view.setYRange(float(y[0]), float(y[1]), padding=0.0)

    def refresh(self) -> None:
        """Build anew in the colours of the theme, and renew the spoken summary."""
        self._build(self.devicePixelRatioF())
        tail = " Simulated data." if self.simulated else ""
        self.setAccessibleDescription((self.message() or self.summary()) + tail)
        self._overlay.update()

    def _build(self, pixels: float) -> None:
        now = theme.current()
        self._pixels = pixels
        self._labels = []
        self.surface.plotItem.clear()
        self.surface.setBackground(now.ui["surface"])
        for name in ("left", "bottom"):
            axis = self.surface.getAxis(name)
            axis.setTickFont(theme.font("micro"))
            axis.setTextPen(now.ui["text_faint"])
            axis.setPen(QPen(now.ui["axis"], 1) if name == "bottom" else QPen(Qt.PenStyle.NoPen))
            axis.setTickPen(QPen(now.ui["axis"], 1) if name == "bottom" else QPen(Qt.PenStyle.NoPen))
            axis.setStyle(
                tickLength=4 if name == "bottom" else 0, tickTextOffset=6, hideOverlappingLabels=name == "bottom"
            )
            axis.setVisible(not self.message())
        if not self.message():
            self.add(GridItem(self.surface.getAxis("left"), self.pen(now.ui["grid"])))
            self.build()
            self._place_labels()

    # -- behaviour -----------------------------------------------------------------------------------------------

    def shown_range(self) -> tuple[float, float]:
        """Ends of the horizontal axis that are shown."""
        low, high = self.view.viewRange()[0]
        return float(low), float(high)

    def fit(self) -> None:
        """Show everything."""
        self.view.setXRange(*self._extent, padding=0.0)

    def sizeHint(self) -> QSize:
        return QSize(320, self._height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._overlay.setGeometry(self.rect())
        self._overlay.raise_()
        self._place_labels()

    def paint_figure(self, painter: QPainter) -> None:
        if self.message():
            paragraph(painter, QRectF(self.rect()), self.message(), plate=False)
            return
        # Pens of plots are counted in pixels of the device, so they are cut anew for a finer one.
        fine = not isinstance(painter.device(), QSvgGenerator)
        self._build(pixel_ratio(painter) if fine else 1.0)
        self.surface.render(painter, QRectF(self.surface.geometry()), self.surface.viewport().rect())
        self._build(self.devicePixelRatioF())

    def _x_pixel(self, x: float) -> float:
        scene = self.view.mapViewToScene(QPointF(x, 0.0))
        return float(self.surface.mapFromScene(scene).x() + self.surface.x())

    def show_cursor(self, point: QPointF | None) -> None:
        """Put the cursor at a point of the widget, or take it off."""
        self._cursor = point
        self._overlay.update()

    def _hover(self, scene: QPointF) -> None:
        if not self._steering:
            at = self.surface.mapFromScene(scene)
            self.show_cursor(QPointF(at.x() + self.surface.x(), at.y() + self.surface.y()))

    def paint_over(self, painter: QPainter) -> None:
        """Paint what lies above the plot."""
        now = theme.current()
        if self.message():
            paragraph(painter, QRectF(self.rect()), self.message(), plate=False)
        elif self._cursor is not None:
            inside = QPointF(self._cursor.x() - self.surface.x(), self._cursor.y() - self.surface.y())
            x = float(self.view.mapSceneToView(self.surface.mapToScene(inside.toPoint())).x())
            content = self.read_out_at(x) if self.view.sceneBoundingRect().contains(inside) else None
            if content is not None:
                box = self.view.sceneBoundingRect().translated(self.surface.x(), self.surface.y())
                at = round(self._x_pixel(self.sample_x(x))) + 0.5
                painter.setPen(QPen(now.ui["cursor"], 1))
                painter.drawLine(QPointF(at, box.top()), QPointF(at, box.bottom()))
                read_out(painter, content, QPointF(at, self._cursor.y()), QRectF(self.rect()).adjusted(2, 2, -2, -2))
        if self._ring and self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(now.ui["focus"], 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._ring = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self._overlay.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        del event
        self._ring = False
        self._overlay.update()

    def _choosing(self, low: float, high: float) -> None:
        accent = theme.current().ui["accent"]
        fill = QColor(accent)
        fill.setAlphaF(0.10)
        self._choice.setBrush(QBrush(fill))
        for line in self._choice.lines:
            line.setPen(QPen(accent, 2))
        self._choice.setRegion((low, high))
        if self._choice.scene() is None:
            self.add(self._choice)

    def _chosen(self, low: float, high: float) -> None:
        if self._choice.scene() is not None:
            self.surface.removeItem(self._choice)
        if high > low:
            self.stretch_chosen.emit(low, high)

    def _pan(self, share: float) -> None:
        low, high = self.shown_range()
        shift = share * (high - low)
        shift = min(max(shift, self._extent[0] - low), self._extent[1] - high)
        self.view.setXRange(low + shift, high + shift, padding=0.0)

    def _steer(self, pixels: float) -> None:
        box = self.view.sceneBoundingRect().translated(self.surface.x(), self.surface.y())
        now = self._cursor or box.center()
        self.show_cursor(QPointF(min(max(now.x() + pixels, box.left() + 1), box.right() - 1), now.y()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.figure_key(event):
            return
        key, shifted = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if key == Qt.Key.Key_C and not event.modifiers():
            self._steering = not self._steering
            self.show_cursor(None)
            if self._steering:
                self._steer(0.0)
        elif key == Qt.Key.Key_Escape and self._cursor is not None:
            self._steering = False
            self.show_cursor(None)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            sign = 1 if key == Qt.Key.Key_Right else -1
            if self._steering:
                self._steer(sign * (10.0 if shifted else 1.0))
            else:
                self._pan(sign * (1.0 if shifted else 0.1))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.view.scaleBy(x=0.7)
        elif key == Qt.Key.Key_Minus:
            self.view.scaleBy(x=1 / 0.7)
        elif key == Qt.Key.Key_0:
            self.fit()
        else:
            super().keyPressEvent(event)
