"""The base of every chart: a cached picture, a hover layer with read-out, and words for assistive technology."""

from __future__ import annotations

from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.paint import ReadOut, read_out, text
from clarity_desktop.ui.qt import (
    QEvent,
    QFontMetricsF,
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
    QToolTip,
    QWidget,
)

__all__ = ["Chart"]


class Chart(QWidget):
    """A widget that draws once into a pixmap and again only when data, size or theme change.

    Subclasses fill :meth:`draw` (the picture), :meth:`draw_over` (what follows the cursor), :meth:`read_out_at`,
    :meth:`summary` (one paragraph for people who do not see the picture; key A shows it) and :meth:`message` (why it
    is empty).
    """

    def __init__(self, name: str, *, height: int = 180, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture: QPixmap | None = None
        self._cursor: QPointF | None = None
        self._height = height
        self.simulated = False
        self._plate = True
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
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

    def image(self, ratio: float = 2.0) -> QPixmap:
        """The picture with its caption, without the cursor, for exports and copies.

        A recording of a simulated person says so in the picture itself.
        """
        caption = 22 if self.simulated else 0
        picture = QPixmap(round(self.width() * ratio), round((self.height() + caption) * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(theme.current().ui["surface"])
        painter = QPainter(picture)
        self._paint_content(painter)
        if caption:
            y = self.height() + caption / 2
            sim = theme.current().ui["sim"]
            text(painter, 12, y, "Simulated data: no person's recording", sim, token="small")
        painter.end()
        return picture

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
        if event.key() == Qt.Key.Key_A and not event.modifiers():
            QToolTip.showText(self.mapToGlobal(self.rect().topLeft()), self.accessibleDescription(), self)
            return
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
        _paragraph(painter, QRectF(self.rect()), words, plate=self._plate)


def _paragraph(painter: QPainter, area: QRectF, words: str, *, plate: bool) -> None:
    shown = theme.current()
    font = theme.font("body")
    metrics = QFontMetricsF(font)
    flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
    room = area.adjusted(24, 8, -24, -8)
    box = metrics.boundingRect(room, flags, words).adjusted(-12, -8, 12, 8)
    if plate:
        painter.fillRect(box.intersected(area), shown.ui["surface"])
    painter.setFont(font)
    painter.setPen(shown.ui["text_muted"])
    painter.drawText(room, flags, words)
