"""Controls that choose: a tick box, one of several, and a drop-down with ids behind its texts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from zoneinfo import available_timezones

from clarity_desktop.ui import theme
from clarity_desktop.ui.qt import (
    QCheckBox,
    QComboBox,
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QPen,
    QPoint,
    QPointF,
    QRadioButton,
    QRectF,
    QSize,
    Qt,
    QWheelEvent,
)

__all__ = ["CheckBox", "Choice", "RadioBox", "zone_names"]


@lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """Names of all time zones in order. The first call reads the disk for 0.1 s, so a worker makes it early."""
    return tuple(sorted(available_timezones()))


class CheckBox(QCheckBox):
    """A tick box with our own tick."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setFont(theme.font("body"))
        self.setAccessibleName(text)

    def sizeHint(self) -> QSize:
        return QSize(QFontMetrics(self.font()).horizontalAdvance(self.text()) + 28, 24)

    def hitButton(self, at: QPoint) -> bool:
        return self.rect().contains(at)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(0.5, (self.height() - 16) / 2 + 0.5, 15, 15)
        ticked = self.isChecked()
        fill = ("accent" if self.isEnabled() else "text_faint") if ticked else "surface"
        painter.setPen(QPen(theme.colour(fill if ticked else "border_strong"), 1))
        painter.setBrush(theme.colour(fill))
        painter.drawRoundedRect(box, 4, 4)
        if ticked:
            tick = theme.pixmap("check", 12, "on_accent" if self.isEnabled() else "surface", self.devicePixelRatioF())
            painter.drawPixmap(QPointF(2, (self.height() - 12) / 2), tick)
        painter.setFont(self.font())
        painter.setPen(theme.colour("text" if self.isEnabled() else "text_faint"))
        painter.drawText(self.rect().adjusted(24, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.end()


class RadioBox(QRadioButton):
    """One of several that exclude each other; those of one parent belong together."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setFont(theme.font("body_strong"))
        self.setAccessibleName(text)

    def sizeHint(self) -> QSize:
        return QSize(QFontMetrics(self.font()).horizontalAdvance(self.text()) + 28, 24)

    def hitButton(self, at: QPoint) -> bool:
        return self.rect().contains(at)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ring = QRectF(0.5, (self.height() - 16) / 2 + 0.5, 15, 15)
        chosen = self.isChecked()
        ink = ("accent" if chosen else "border_strong") if self.isEnabled() else "text_faint"
        painter.setPen(QPen(theme.colour(ink), 1))
        painter.setBrush(theme.colour("surface"))
        painter.drawEllipse(ring)
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour(ink))
            painter.drawEllipse(ring.adjusted(4, 4, -4, -4))
        if self.hasFocus():
            painter.setPen(QPen(theme.colour("focus"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(ring.adjusted(-0.5, -0.5, 0.5, 0.5))
        painter.setFont(self.font())
        painter.setPen(theme.colour("text" if self.isEnabled() else "text_faint"))
        painter.drawText(self.rect().adjusted(24, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.end()


class Choice(QComboBox):
    """Options are pairs of id and text, in order."""

    def __init__(self, options: Sequence[tuple[str, str]], value: str = "") -> None:
        super().__init__()
        self.setFont(theme.font("body"))
        for option, text in options:
            self.addItem(text, option)
        if value:
            self.set_value(value)

    def setAccessibleName(self, name: str) -> None:
        """Name the control and its list of options."""
        super().setAccessibleName(name)
        self.view().setAccessibleName(f"{name}, options")

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
