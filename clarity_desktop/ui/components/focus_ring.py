"""The keyboard focus ring: 2 px, 1 px outside the widget, shown when the keyboard moved the focus."""

from __future__ import annotations

from typing import cast

from clarity_desktop.ui import theme
from clarity_desktop.ui.qt import (
    QAbstractItemView,
    QAbstractScrollArea,
    QApplication,
    QComboBox,
    QDateEdit,
    QEvent,
    QFocusEvent,
    QFocusFrame,
    QLineEdit,
    QObject,
    QPainter,
    QPaintEvent,
    QPen,
    QPlainTextEdit,
    QRectF,
    Qt,
    QWidget,
)

__all__ = ["FocusRing"]

_KEYBOARD = {
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
}


_FIELDS = (QLineEdit, QComboBox, QDateEdit, QPlainTextEdit)


class _Frame(QFocusFrame):
    """Draws the ring around the widget it follows, over its siblings."""

    def paintEvent(self, event: QPaintEvent) -> None:
        followed = cast("QWidget | None", self.widget())
        if followed is None:
            return
        width = 3 if theme.current().name == "high_contrast" else 2
        inside = isinstance(followed, QAbstractScrollArea)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour("focus"), width))
        # The frame spans the widget and the style's margin around it; the ring keeps 1 px off the widget.
        margin_x = (self.width() - followed.width()) / 2
        margin_y = (self.height() - followed.height()) / 2
        gap = -width / 2 if inside else 1 + width / 2
        ring = QRectF(self.rect()).adjusted(margin_x - gap, margin_y - gap, gap - margin_x, gap - margin_y)
        painter.drawRoundedRect(ring, 8, 8)
        painter.end()


class FocusRing(QObject):
    """Follows the focus of one application and frames what the keyboard reached."""

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._frame: _Frame | None = None
        application.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.FocusIn and isinstance(watched, QWidget) and isinstance(event, QFocusEvent):
            # Fields show the ring as their border, which no neighbour can cover.
            if event.reason() in _KEYBOARD and not isinstance(watched, _FIELDS):
                self._follow(watched)
            elif not isinstance(watched, QAbstractItemView):
                self._follow(None)
        elif kind == QEvent.Type.FocusOut and isinstance(watched, QWidget):
            self._follow(None)
        return False

    def _follow(self, widget: QWidget | None) -> None:
        if self._frame is not None:
            self._frame.setWidget(None)  # type: ignore[arg-type]
            self._frame.deleteLater()
            self._frame = None
        if widget is not None and widget.window() is not widget:
            self._frame = _Frame(widget)
            self._frame.setWidget(widget)
