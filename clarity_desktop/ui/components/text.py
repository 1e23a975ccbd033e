"""Labels in the type scale and the tones of the theme."""

from __future__ import annotations

from clarity_desktop.ui import theme
from clarity_desktop.ui.qt import QFontMetrics, QFrame, QLabel, QPainter, QPaintEvent, QSize, QSizePolicy, Qt, QWidget

__all__ = ["ElidedLabel", "Label", "rule"]


class Label(QLabel):
    """Text of one step of the type scale in one tone.

    Parameters
    ----------
    font:
        Token of the type scale, see :func:`clarity_desktop.ui.theme.font`.
    tone:
        ``text``, ``muted``, ``faint``, ``accent``, ``ok``, ``warn``, ``danger`` or ``sim``.
    """

    def __init__(
        self,
        text: str = "",
        font: str = "body",
        tone: str = "text",
        *,
        wrap: bool = False,
        selectable: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(theme.font(font))
        self.setProperty("tone", tone)
        self.setWordWrap(wrap)
        if selectable:
            self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def set_tone(self, tone: str) -> None:
        """Change the tone."""
        if self.property("tone") != tone:
            self.setProperty("tone", tone)
            self.style().unpolish(self)
            self.style().polish(self)


class ElidedLabel(QWidget):
    """One line of text that ends in an ellipsis when it does not fit; the whole text is its tool tip."""

    def __init__(self, text: str = "", font: str = "body", tone: str = "text", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = text
        self._tone = tone
        self.setFont(theme.font(font))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.set_text(text)

    def text(self) -> str:
        return self._text

    def set_text(self, text: str) -> None:
        """Show another text."""
        self._text = text
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        return QSize(metrics.horizontalAdvance(self._text) + 2, metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(24, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(theme.colour({"muted": "text_muted", "faint": "text_faint"}.get(self._tone, self._tone)))
        shown = QFontMetrics(self.font()).elidedText(self._text, Qt.TextElideMode.ElideRight, self.width())
        self.setToolTip("" if shown == self._text else self._text)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        painter.end()


def rule(vertical: bool = False) -> QFrame:
    """A line of one pixel that separates."""
    line = QFrame()
    line.setProperty("role", "rule")
    if vertical:
        line.setFixedWidth(1)
    else:
        line.setFixedHeight(1)
    return line
