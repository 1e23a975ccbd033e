"""The card: a surface with a hair-line border, a title line and a body."""

from __future__ import annotations

from clarity_desktop.ui import theme
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.qt import (
    QFrame,
    QHBoxLayout,
    QPainter,
    QPaintEvent,
    QPen,
    QRectF,
    Qt,
    QVBoxLayout,
    QWidget,
)

__all__ = ["Card"]


class Card(QFrame):
    """A panel of a page. Put content into :attr:`body`; widgets at the right of the title line by :meth:`add_action`.

    Parameters
    ----------
    title, subtitle:
        First **what**, then window, count or condition. Without a title there is no title line.
    """

    def __init__(
        self, title: str = "", subtitle: str = "", parent: QWidget | None = None, *, padding: int = 12
    ) -> None:
        super().__init__(parent)
        self._framed = False
        self.setProperty("role", "card")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        if title:
            self.setAccessibleName(title)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        self._head = QHBoxLayout()
        self._head.setContentsMargins(12, 8, 12, 8)
        self._head.setSpacing(8)
        self.title_label = Label(title, "body_strong")
        self.subtitle_label = Label(subtitle, "small", "muted")
        if title:
            self._head.addWidget(self.title_label)
            self._head.addWidget(self.subtitle_label)
            self._head.addStretch(1)
            column.addLayout(self._head)
        self.body = QVBoxLayout()
        self.body.setContentsMargins(padding, 0 if title else padding, padding, padding)
        self.body.setSpacing(8)
        column.addLayout(self.body, 1)

    def set_title(self, title: str, subtitle: str = "") -> None:
        """Change the title line."""
        self.title_label.setText(title)
        self.subtitle_label.setText(subtitle)
        self.setAccessibleName(title)

    def set_framed(self, framed: bool) -> None:
        """Frame the card in the accent colour: it is what a link led to."""
        self._framed = framed
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._framed:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 8, 8)
            painter.end()

    def add_mark(self, widget: QWidget) -> None:
        """Put a quiet mark into the title line, before everything that can be pressed there."""
        self._head.insertWidget(3, widget)

    def add_action(self, widget: QWidget) -> None:
        """Put a widget at the right end of the title line."""
        self._head.addWidget(widget)
