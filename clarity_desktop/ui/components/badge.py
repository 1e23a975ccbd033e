"""Badges: a pill with icon and word, so that no state is told by colour alone."""

from __future__ import annotations

from clarity_desktop.ui import theme
from clarity_desktop.ui.qt import (
    QColor,
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QPen,
    QPointF,
    QRect,
    QRectF,
    QSize,
    QSizePolicy,
    Qt,
    QWidget,
)

__all__ = ["Avatar", "Badge", "badge_width", "draw_badge", "initials"]

_HEIGHT = 20
_TONES = {
    "neutral": ("sunken", "text_muted"),
    "info": ("info_bg", "info"),
    "ok": ("ok_bg", "ok"),
    "warn": ("warn_bg", "warn"),
    "danger": ("danger_bg", "danger"),
    "sim": ("sim_bg", "sim"),
}


def badge_width(text: str, icon: str) -> int:
    """Width of a badge in logical pixels."""
    return QFontMetrics(theme.font("micro_strong")).horizontalAdvance(text) + 16 + (16 if icon else 0)


def draw_badge(painter: QPainter, at: QRect, text: str, icon: str, tone: str, ratio: float) -> None:
    """Draw a badge into a rectangle 20 px high; also used by delegates."""
    fill, ink = _TONES[tone]
    theme_now = theme.current()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(Qt.PenStyle.NoPen)
    if tone == "sim":
        pen = QPen(theme.colour("sim"), 1, Qt.PenStyle.CustomDashLine)
        pen.setDashPattern([3, 2])
    elif theme_now.name == "high_contrast":
        pen = QPen(theme.colour("border"), 1)
    painter.setPen(pen)
    painter.setBrush(QColor(theme.colour(fill)))
    frame = QRectF(at).adjusted(0.5, 0.5, -0.5, -0.5)
    painter.drawRoundedRect(frame, frame.height() / 2, frame.height() / 2)
    left = at.left() + 8
    if icon:
        painter.drawPixmap(QPointF(left, at.top() + (at.height() - 12) / 2), theme.pixmap(icon, 12, ink, ratio))
        left += 16
    painter.setFont(theme.font("micro_strong"))
    painter.setPen(theme.colour(ink))
    painter.drawText(QRect(left, at.top(), at.right() - left, at.height()), Qt.AlignmentFlag.AlignVCenter, text)
    painter.restore()


class Badge(QWidget):
    """A pill of one tone: ``neutral``, ``info``, ``ok``, ``warn``, ``danger`` or ``sim`` (dashed)."""

    def __init__(self, text: str, icon: str = "", tone: str = "neutral", tip: str = "") -> None:
        super().__init__()
        self._icon, self._tone = icon, tone
        self._text = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_state(text, icon, tone, tip)

    def show_state(self, text: str, icon: str, tone: str, tip: str = "") -> None:
        """Show another word, icon and tone."""
        self._text, self._icon, self._tone = text, icon, tone
        self.setAccessibleName(text)
        self.setToolTip(tip)
        self.setFixedSize(self.sizeHint())
        self.update()

    def text(self) -> str:
        return self._text

    def sizeHint(self) -> QSize:
        return QSize(badge_width(self._text, self._icon), _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        draw_badge(painter, self.rect(), self._text, self._icon, self._tone, self.devicePixelRatioF())
        painter.end()


def initials(name: str) -> str:
    """Up to two letters that stand for a name: of the last two words that begin with a letter.

    ``Demo · Regular sleeper`` gives ``RS``: what stands before a middle dot names a group, not the person.
    """
    words = [word for word in name.rsplit("·", 1)[-1].replace(",", " ").split() if word[0].isalpha()]
    return "".join(word[0].upper() for word in words[:2]) or name[:1].upper()


class Avatar(QWidget):
    """A disc with the initials of a person."""

    def __init__(self, name: str = "", side: int = 28) -> None:
        super().__init__()
        self._letters = initials(name) if name else ""
        self.setFixedSize(side, side)

    def set_name(self, name: str) -> None:
        """Show the initials of another name."""
        self._letters = initials(name) if name else ""
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        draw_avatar(painter, self.rect(), self._letters)
        painter.end()


def draw_avatar(painter: QPainter, at: QRect, letters: str) -> None:
    """Draw the disc into a square; also used by delegates."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.colour("border"), 1))
    painter.setBrush(theme.colour("selected"))
    painter.drawEllipse(QRectF(at).adjusted(0.5, 0.5, -0.5, -0.5))
    painter.setFont(theme.font("micro_strong"))
    painter.setPen(theme.colour("accent"))
    painter.drawText(at, Qt.AlignmentFlag.AlignCenter, letters)
    painter.restore()
