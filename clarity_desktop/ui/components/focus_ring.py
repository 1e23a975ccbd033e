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
    QFocusFrame,
    QGuiApplication,
    QLineEdit,
    QObject,
    QPainter,
    QPaintEvent,
    QPen,
    QPlainTextEdit,
    QRectF,
    QScrollArea,
    Qt,
    QWidget,
    isValid,
)

__all__ = ["FocusRing"]


_OWN_MARK = (QLineEdit, QComboBox, QDateEdit, QPlainTextEdit, QAbstractItemView, QScrollArea)
"""Fields show the focus as their border, lists as their selected row; a scroll area's content shows it."""


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
    """Follows the focus of one application and frames what was reached without the mouse."""

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._frame: _Frame | None = None
        # A filter on all events would see the reason of each focus, and cost on every paint; the signal does not.
        application.focusChanged.connect(self._focus_changed)

    def _focus_changed(self, _before: QWidget | None, now: QWidget | None) -> None:
        by_mouse = QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton
        own = now is None or isinstance(now, _OWN_MARK) or now.window() is now
        self._follow(None if by_mouse or own else now)

    def _follow(self, widget: QWidget | None) -> None:
        if self._frame is not None and isValid(self._frame):
            self._frame.hide()
            self._frame.deleteLater()
        self._frame = None
        if widget is not None:
            self._frame = _Frame(widget)
            self._frame.setWidget(widget)
