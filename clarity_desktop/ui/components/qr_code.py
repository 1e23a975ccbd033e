"""A QR code drawn here, black on white in every theme, so that a phone's camera reads it; nothing is sent for it."""

from __future__ import annotations

from clarity_desktop.ui.qt import QColor, QPainter, QPaintEvent, QRectF, QSize, Qt, QWidget

__all__ = ["QrCode"]

_QUIET = 4
"""Empty modules around the code, as the standard asks."""


class QrCode(QWidget):
    """Shows a text as a code. The text is kept no longer than the widget.

    Parameters
    ----------
    name:
        For assistive technology: what the picture is for, and where the same stands as text.
    side:
        Width and height in logical pixels.
    """

    def __init__(self, text: str, name: str, side: int = 208) -> None:
        import segno

        super().__init__()
        self._rows = tuple(bytes(row) for row in segno.make(text, error="m", micro=False).matrix)
        self._side = side
        self.setAccessibleName(name)
        self.setFixedSize(side, side)

    @property
    def modules(self) -> tuple[bytes, ...]:
        """The code, one byte a module, 1 for black."""
        return self._rows

    def sizeHint(self) -> QSize:
        return QSize(self._side, self._side)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(Qt.GlobalColor.white))
        count = len(self._rows) + 2 * _QUIET
        # Whole pixels a module: a camera reads edges, and a blurred one may be read wrongly.
        size = max(self._side // count, 1)
        left = (self._side - size * len(self._rows)) // 2
        ink = QColor(Qt.GlobalColor.black)
        for down, row in enumerate(self._rows):
            for across, is_black in enumerate(row):
                if is_black:
                    painter.fillRect(QRectF(left + across * size, left + down * size, size, size), ink)
        painter.end()
