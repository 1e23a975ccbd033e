"""The base of every chart: a cached picture, a hover layer with read-out, and words for assistive technology."""

from __future__ import annotations

from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.figure import Figure
from clarity_desktop.ui.charts.paint import ReadOut, paragraph, read_out
from clarity_desktop.ui.qt import (
    QEvent,
    QKeyEvent,
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
)

__all__ = ["Chart"]


class Chart(Figure):
    """A widget that draws once into a pixmap and again only when data, size or theme change.

    Subclasses fill :meth:`draw` (the picture), :meth:`draw_over` (what follows the cursor), :meth:`read_out_at`,
    :meth:`summary` (one paragraph for people who do not see the picture) and :meth:`message` (why it
    is empty).
    """

    def __init__(self, name: str, *, height: int = 180, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self._picture: QPixmap | None = None
        self._cursor: QPointF | None = None
        self._height = height
        self._plate = True
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(min(height, 120))
        theme.notifier.changed.connect(self.refresh)

    # -- for subclasses ------------------------------------------------------------------------------------------

    def draw(self, painter: QPainter) -> None:
        """Paint the picture; called when there is no :meth:`message`."""

    def draw_frame(self, painter: QPainter) -> None:
        """Paint the axes that stay when there is nothing to show."""

    def draw_over(self, painter: QPainter, cursor: QPointF) -> None:
        """Paint what follows the cursor."""

    def read_out_at(self, point: QPointF) -> ReadOut | None:
        """What stands under a point, or ``None`` where there is nothing to say."""
        del point
        return None

    def read_out_anchor(self, point: QPointF) -> QPointF:
        """The point beside which the read-out stands."""
        return point

    def summary(self) -> str:
        """One paragraph that says what the picture shows."""
        return self.message()

    def message(self) -> str:
        """Why there is nothing to draw and what to do next; empty when there is."""
        return ""

    # -- behaviour -----------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Draw anew at the next paint, and renew the spoken summary."""
        self._picture = None
        self.setAccessibleDescription(self.summary() + (" Simulated data." if self.simulated else ""))
        self.update()

    def paint_figure(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._paint_content(painter)

    def sizeHint(self) -> QSize:
        return QSize(400, self._height)

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        ratio = self.devicePixelRatioF()
        if self._picture is None or self._picture.devicePixelRatio() != ratio:
            picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
            picture.setDevicePixelRatio(ratio)
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            self._paint_content(painter)
            painter.end()
            self._picture = picture
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        if self._cursor is not None and not self.message():
            self.draw_over(painter, self._cursor)
            content = self.read_out_at(self._cursor)
            if content is not None:
                frame = QRectF(self.rect()).adjusted(2, 2, -2, -2)
                read_out(painter, content, self.read_out_anchor(self._cursor), frame)
        if self.hasFocus() and self._focus_visible:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.current().ui["focus"], 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)
        painter.end()

    _focus_visible = False

    def focusInEvent(self, event: QEvent) -> None:
        reason = event.reason() if hasattr(event, "reason") else None
        self._focus_visible = reason in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self.update()

    def focusOutEvent(self, event: QEvent) -> None:
        del event
        self._focus_visible = False
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._picture = None
        super().resizeEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._cursor = event.position()
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        del event
        self._cursor = None
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._cursor is not None:
            self._cursor = None
            self.update()
            return
        super().keyPressEvent(event)

    def show_cursor(self, point: QPointF | None) -> None:
        """Put the cursor where a key, another chart or a test wants it."""
        self._cursor = point
        self.update()

    def _paint_content(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing, True)
        words = self.message()
        if not words:
            self.draw(painter)
            return
        self.draw_frame(painter)
        paragraph(painter, QRectF(self.rect()), words, plate=self._plate)
