"""A drop-down with ids behind its texts."""

from __future__ import annotations

from collections.abc import Sequence

from clarity_desktop.ui import theme
from clarity_desktop.ui.qt import QComboBox, QPainter, QPaintEvent, QPointF, QWheelEvent

__all__ = ["Choice"]


class Choice(QComboBox):
    """Options are pairs of id and text, in order."""

    def __init__(self, options: Sequence[tuple[str, str]], value: str = "") -> None:
        super().__init__()
        self.setFont(theme.font("body"))
        for option, text in options:
            self.addItem(text, option)
        if value:
            self.set_value(value)

    def value(self) -> str:
        """Id of the chosen option."""
        return str(self.currentData())

    def set_value(self, value: str) -> None:
        """Choose by id; an unknown id leaves the choice as it is."""
        at = self.findData(value)
        if at >= 0:
            self.setCurrentIndex(at)

    def wheelEvent(self, event: QWheelEvent) -> None:
        # Scrolling a form must not change what stands in it.
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        image = theme.pixmap("chevron-down", 14, "text_muted", self.devicePixelRatioF())
        painter.drawPixmap(QPointF(self.width() - 22, (self.height() - 14) / 2), image)
        painter.end()
