"""What a page shows when it has nothing to show: empty, insufficient, loading, error."""

from __future__ import annotations

from collections.abc import Callable

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.ui import theme
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.qt import (
    QGuiApplication,
    QHBoxLayout,
    QPainter,
    QPaintEvent,
    QPointF,
    QRectF,
    Qt,
    QTimer,
    QVBoxLayout,
    QWidget,
    Signal,
)

__all__ = ["EmptyState", "ErrorCard", "Icon", "Skeleton"]


_TONES = {"muted": "text_muted", "faint": "text_faint"}


class Icon(QWidget):
    """An icon that follows the theme, in a tone of :class:`Label` or a colour token."""

    def __init__(self, name: str, size: int = 16, tone: str = "text") -> None:
        super().__init__()
        self._name, self._size, self._tone = name, size, tone
        self.setFixedSize(size, size)

    def show_icon(self, name: str, tone: str) -> None:
        """Show another icon in another colour token."""
        self._name, self._tone = name, tone
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawPixmap(
            QPointF(0, 0),
            theme.pixmap(self._name, self._size, _TONES.get(self._tone, self._tone), self.devicePixelRatioF()),
        )
        painter.end()


class EmptyState(QWidget):
    """An icon, a sentence that says what would be here, and the button that brings it."""

    def __init__(
        self,
        icon: str,
        sentence: str,
        button: str = "",
        action: Callable[[], None] | None = None,
        *,
        more: str = "",
        second: tuple[str, Callable[[], None]] | None = None,
    ) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addStretch(2)
        column.addWidget(Icon(icon, 24, "text_muted"), 0, Qt.AlignmentFlag.AlignHCenter)
        self.sentence = Label(sentence, "dialog_title", wrap=True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.sentence)
        if more:
            line = Label(more, "body", "muted", wrap=True)
            line.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(line)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        if button and action is not None:
            main = Button(button, "primary")
            main.clicked.connect(lambda _=False: action())
            row.addWidget(main)
        if second is not None:
            other = Button(second[0])
            other.clicked.connect(lambda _=False: second[1]())
            row.addWidget(other)
        row.addStretch(1)
        column.addSpacing(4)
        column.addLayout(row)
        column.addStretch(3)


class Skeleton(QWidget):
    """A still picture of the layout that is coming: nothing for 200 ms, then grey blocks, words after 2 s."""

    cancelled = Signal()

    def __init__(self, blocks: tuple[tuple[float, float, float, float], ...], words: str = "") -> None:
        """Blocks are (x, y, width, height) as shares of the widget."""
        super().__init__()
        self._blocks = blocks
        self._words = words
        self._stage = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._advance)
        self.setAccessibleName("Loading")

    def start(self) -> None:
        """Begin to wait."""
        self._stage = 0
        self._timer.start(200)
        self.update()

    def _advance(self) -> None:
        self._stage += 1
        if self._stage == 1:
            self._timer.start(1800)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._stage == 0:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("sunken"))
        width, height = self.width(), self.height()
        for x, y, wide, high in self._blocks:
            painter.drawRoundedRect(QRectF(x * width, y * height, wide * width, high * height), 8, 8)
        if self._stage > 1 and self._words:
            painter.setPen(theme.colour("text_muted"))
            painter.setFont(theme.font("body"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._words)
        painter.end()


class ErrorCard(Card):
    """A card in place of a panel that could not be made: what happened, what to do, reference, again."""

    def __init__(self, error: ClarityError, again: Callable[[], None] | None = None) -> None:
        super().__init__("This could not be shown")
        self.body.addWidget(Label(error.message, "body", wrap=True))
        if error.remedy:
            self.body.addWidget(Label(error.remedy, "body", "muted", wrap=True))
        row = QHBoxLayout()
        row.setSpacing(8)
        if again is not None:
            button = Button("Try again", icon="rotate-ccw")
            button.clicked.connect(lambda _=False: again())
            row.addWidget(button)
        copy = Button("Copy reference", "quiet", "copy")
        copy.clicked.connect(lambda _=False: QGuiApplication.clipboard().setText(f"{error.code} {error.reference}"))
        row.addWidget(copy)
        row.addWidget(Label(f"{error.code} · {error.reference}", "mono", "muted", selectable=True))
        row.addStretch(1)
        self.body.addLayout(row)
