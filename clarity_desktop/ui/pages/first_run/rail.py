"""The rail of the wizard: each step with its number, a check when it is done, filled while it is the one."""

from __future__ import annotations

from collections.abc import Sequence

from clarity_desktop.ui import theme
from clarity_desktop.ui.qt import QPainter, QPaintEvent, QPen, QPointF, QRect, QRectF, QSize, Qt, QWidget

__all__ = ["Rail"]

_ROW = 36


class Rail(QWidget):
    """Shows where in the wizard one is; the buttons at its foot move."""

    def __init__(self, titles: Sequence[str]) -> None:
        super().__init__()
        self._titles = tuple(titles)
        self._at = 0
        self.setFixedHeight(_ROW * len(self._titles))
        self.show_step(0)

    def show_step(self, at: int) -> None:
        """Mark the step one is at; those before it are done."""
        self._at = at
        self.setAccessibleName(f"Step {at + 1} of {len(self._titles)}: {self._titles[at]}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(232, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for number, title in enumerate(self._titles):
            row = QRect(0, number * _ROW, self.width(), _ROW)
            done, current = number < self._at, number == self._at
            if current:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.colour("selected"))
                painter.drawRoundedRect(QRectF(row), 6, 6)
            mark = QRectF(12, row.center().y() - 9, 20, 20)
            if done:
                image = theme.pixmap("check", 16, "ok", self.devicePixelRatioF())
                painter.drawPixmap(QPointF(mark.left() + 2, mark.top() + 2), image)
            else:
                painter.setPen(QPen(theme.colour("accent" if current else "border_strong"), 1))
                painter.setBrush(theme.colour("accent") if current else Qt.BrushStyle.NoBrush)
                painter.drawEllipse(mark)
                painter.setFont(theme.font("micro_strong"))
                painter.setPen(theme.colour("on_accent" if current else "text_muted"))
                painter.drawText(mark, Qt.AlignmentFlag.AlignCenter, str(number + 1))
            painter.setFont(theme.font("body_strong" if current else "body"))
            painter.setPen(theme.colour("text" if current or done else "text_muted"))
            painter.drawText(row.adjusted(44, 0, -4, 0), Qt.AlignmentFlag.AlignVCenter, title)
        painter.end()
