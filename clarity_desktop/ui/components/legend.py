"""The legend of coverage maps: both ends with their unit, and what hatched and empty mean."""

from __future__ import annotations

from clarity_desktop.ui import theme
from clarity_desktop.ui.qt import QColor, QFontMetrics, QPainter, QPaintEvent, QRectF, QSize, QSizePolicy, Qt, QWidget

__all__ = ["CoverageLegend"]

_STEPS = 10


class CoverageLegend(QWidget):
    """``0 [ramp] 100 %``, no sample, none yet."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Ramp from 0 to 100 percent; hatched: no sample; empty: none yet")

    def _metrics(self) -> QFontMetrics:
        return QFontMetrics(theme.font("micro"))

    def sizeHint(self) -> QSize:
        words = sum(self._metrics().horizontalAdvance(text) for text in ("0", "100 %", "No sample", "None yet"))
        return QSize(words + _STEPS * 6 + 76, 16)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(theme.font("micro"))
        metrics = self._metrics()
        table = theme.colormap("dusk")
        x = 0.0

        def word(text: str) -> None:
            nonlocal x
            painter.setPen(theme.colour("text_muted"))
            painter.drawText(QRectF(x, 0, 120, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
            x += metrics.horizontalAdvance(text) + 4

        word("0")
        for step in range(_STEPS):
            red, green, blue, _ = (int(part) for part in table[40 + step * 190 // (_STEPS - 1)])
            painter.fillRect(QRectF(x + step * 6, 3, 6, 10), QColor(red, green, blue))
        x += _STEPS * 6 + 4
        word("100 %")
        x += 8
        painter.fillRect(QRectF(x, 3, 10, 10), theme.hatch("not_worn", self.devicePixelRatioF(), small=True))
        x += 14
        word("No sample")
        x += 8
        painter.fillRect(QRectF(x, 3, 10, 10), theme.colour("sunken"))
        painter.setPen(theme.colour("border"))
        painter.drawRect(QRectF(x + 0.5, 3.5, 9, 9))
        x += 14
        word("None yet")
        painter.end()
