"""A sentence whose values are bold and followed by chips: small buttons that lead to what a value rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clarity_desktop.ui import theme
from clarity_desktop.ui.qt import (
    QAbstractButton,
    QEvent,
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QPen,
    QRect,
    QRectF,
    QResizeEvent,
    QSize,
    QSizePolicy,
    Qt,
    QWidget,
    Signal,
)

__all__ = ["CitationChip", "CitedText", "plain_words"]

_LINE, _CHIP_HEIGHT, _TARGET = 22, 18, 24
_HIDDEN = dict.fromkeys([*range(0x20), 0x7F, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)])
Pieces = Sequence[tuple[str, tuple[str, ...]]]


def plain_words(text: str) -> str:
    """Text without control and direction characters, so that it can only be read (I-58)."""
    return text.translate(_HIDDEN)


class CitationChip(QAbstractButton):
    """The number of a fact; a button for mouse, keyboard and screen reader."""

    def __init__(self, number: int, spoken: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(str(number))
        self.setCheckable(True)
        self.setAccessibleName(f"Source {number}")
        self.setAccessibleDescription(spoken)
        self.setToolTip(spoken)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedSize(self.sizeHint())

    def nextCheckState(self) -> None:
        """Being chosen follows from what is shown, not from a click."""

    def sizeHint(self) -> QSize:
        width = QFontMetrics(theme.font("micro_strong")).horizontalAdvance(self.text())
        return QSize(max(_TARGET, width + 12), _TARGET)

    def enterEvent(self, event: QEvent) -> None:
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        high = (self.height() - _CHIP_HEIGHT) / 2
        frame = QRectF(self.rect()).adjusted(2.5, high + 0.5, -2.5, -high - 0.5)
        chosen = self.isChecked()
        painter.setPen(QPen(theme.colour("accent"), 1))
        painter.setBrush(theme.colour("accent" if chosen else "hover" if self.underMouse() else "surface"))
        painter.drawRoundedRect(frame, 4, 4)
        painter.setFont(theme.font("micro_strong"))
        painter.setPen(theme.colour("on_accent" if chosen else "accent"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
        painter.end()


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    bold: bool
    glued: bool
    """Whether it stands right after the word before, without a blank."""


class CitedText(QWidget):
    """Wrapped text with chips inside its lines. The whole sentence is its accessible name."""

    cited = Signal(str)
    """Id of the fact whose chip was pressed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: list[_Word | CitationChip] = []
        self._placed: list[tuple[QRect, _Word]] = []
        self._height = _LINE
        self.chips: dict[str, list[CitationChip]] = {}
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme.notifier.changed.connect(self.update)

    def show_pieces(self, pieces: Pieces, numbers: Mapping[str, int], spoken: Mapping[str, str]) -> None:
        """Show a sentence.

        Parameters
        ----------
        pieces:
            Its text in pieces, each with the ids of the facts that it is the value of.
        numbers, spoken:
            Number of each fact on this page, and what its chip says to a screen reader.
        """
        for item in self._items:
            if isinstance(item, CitationChip):
                item.deleteLater()
        self._items, self.chips = [], {}
        glued = False
        for text, ids in pieces:
            glued = self._add_words(plain_words(text), bold=len(ids) == 1, glued=glued)
            for name in ids:
                if name in numbers and name not in self.chips:
                    self._add_chip(name, numbers[name], spoken.get(name, ""))
        self.setAccessibleName(plain_words("".join(text for text, _ in pieces)))
        self._arrange(max(self.width(), 120))

    def _add_words(self, text: str, *, bold: bool, glued: bool) -> bool:
        """Add words; answers whether what follows stands right after them."""
        # A no-break space holds a value and its unit together.
        for place, part in enumerate(text.split(" ")):
            if part:
                self._items.append(_Word(part, bold, glued and place == 0))
        return bool(text) and not text.endswith(" ")

    def _add_chip(self, name: str, number: int, spoken: str) -> None:
        chip = CitationChip(number, spoken, self)
        chip.clicked.connect(lambda _=False: self.cited.emit(name))
        self.chips.setdefault(name, []).append(chip)
        self._items.append(chip)
        chip.show()

    def choose(self, name: str | None) -> None:
        """Mark the chips of a fact as the ones that are shown."""
        for fact, chips in self.chips.items():
            for chip in chips:
                chip.setChecked(fact == name)

    # -- layout --------------------------------------------------------------------------------------------------

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._lay_out(width, move=False)

    def sizeHint(self) -> QSize:
        return QSize(320, self._height)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self._height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange(self.width())

    def _arrange(self, width: int) -> None:
        height = self._lay_out(width, move=True)
        if height != self._height:
            self._height = height
            self.updateGeometry()
        self.update()

    def _lay_out(self, width: int, *, move: bool) -> int:
        """Place words and chips from left to right; answers the height.

        Words that are glued to a value or a chip wrap with it, so that no full stop begins a line.
        """
        plain, bold = QFontMetrics(theme.font("body")), QFontMetrics(theme.font("body_strong"))
        blank = plain.horizontalAdvance(" ")
        groups: list[list[tuple[_Word | CitationChip, int]]] = []
        for item in self._items:
            if isinstance(item, CitationChip):
                size, glued = item.width(), True
            else:
                size, glued = (bold if item.bold else plain).horizontalAdvance(item.text), item.glued
            if glued and groups:
                groups[-1].append((item, size))
            else:
                groups.append([(item, size)])
        placed: list[tuple[QRect, _Word]] = []
        left = top = 0
        for group in groups:
            whole = sum(size for _, size in group)
            if left and left + whole > width:
                left, top = 0, top + _LINE
            for item, size in group:
                if left and left + size > width and size <= width:
                    left, top = 0, top + _LINE
                if isinstance(item, CitationChip):
                    if move:
                        item.move(left, top + (_LINE - _TARGET) // 2 + 1)
                else:
                    placed.append((QRect(left, top, size + 1, _LINE), item))
                left += size
            left += blank
        if move:
            self._placed = placed
        return top + _LINE + 2

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(theme.colour("text"))
        for frame, word in self._placed:
            painter.setFont(theme.font("body_strong" if word.bold else "body"))
            painter.drawText(frame, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, word.text)
        painter.end()
