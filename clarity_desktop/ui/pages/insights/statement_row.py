"""One sentence of an insight: its kind, its text with chips, and its menu."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clarity_desktop.app.insights import SaidStatement
from clarity_desktop.domain.insights import StatementKind
from clarity_desktop.ui import theme
from clarity_desktop.ui.components.buttons import IconButton
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.pages.insights.cited_text import CitedText
from clarity_desktop.ui.qt import (
    QHBoxLayout,
    QKeyEvent,
    QMenu,
    QPainter,
    QPaintEvent,
    QPoint,
    QRect,
    Qt,
    QVBoxLayout,
    QWidget,
    Signal,
)

__all__ = ["KIND_TEXTS", "StatementRow"]

KIND_TEXTS: Final = {
    StatementKind.OBSERVATION: ("Observation", "chart-line", "accent"),
    StatementKind.QUESTION: ("Question to ask", "circle-help", "info"),
    StatementKind.CAVEAT: ("Caveat", "triangle-alert", "warn"),
}
"""Word, icon and colour of each kind."""
_MENU: Final = (
    ("why", "Why is this said?"),
    ("helpful", "Helpful"),
    ("unhelpful", "Not helpful"),
    ("comment", "Comment …"),
    ("hide", "Hide this sentence"),
)


class StatementRow(QWidget):
    """A sentence. M or the menu key opens its menu while it has the keyboard."""

    cited = Signal(str)
    asked = Signal(int, str)
    """Number of the sentence and what was chosen: ``why``, ``helpful``, ``unhelpful``, ``comment`` or ``hide``."""

    def __init__(self, number: int, said: SaidStatement) -> None:
        super().__init__()
        self.number, self.said = number, said
        self._chosen = False
        word, icon, tone = KIND_TEXTS[said.kind]
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 10, 8, 8)
        row.setSpacing(10)
        row.addWidget(Icon(icon, 16, tone), 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(2)
        self.text = CitedText()
        self.text.cited.connect(self.cited)
        column.addWidget(self.text)
        self.kind = Label(word, "micro", "muted")
        column.addWidget(self.kind)
        row.addLayout(column, 1)
        self.menu_button = IconButton("ellipsis", f"Menu of sentence {number + 1}", side=24, size=16)
        self.menu_button.clicked.connect(lambda _=False: self._open_menu())
        row.addWidget(self.menu_button, 0, Qt.AlignmentFlag.AlignTop)
        self.setAccessibleName(f"{word}: {said.text}")

    def show_sources(self, numbers: Mapping[str, int], spoken: Mapping[str, str]) -> None:
        """Number the chips, and say what each leads to."""
        pieces = self.said.pieces or ((self.said.text, self.said.facts),)
        self.text.show_pieces(pieces, numbers, spoken)

    def show_rating(self, helpful: bool | None, comment: str) -> None:
        """Say beside the kind what the user thinks of the sentence."""
        word = KIND_TEXTS[self.said.kind][0]
        rated = {True: "marked helpful", False: "marked not helpful"}.get(helpful, "") if helpful is not None else ""
        self.kind.setText(" · ".join(part for part in (word, rated, "commented" if comment else "") if part))

    def choose(self, fact: str | None) -> None:
        """Frame the sentence when it cites the fact that is shown."""
        self._chosen = fact is not None and fact in self.said.facts
        self.text.choose(fact)
        self.update()

    def menu(self) -> QMenu:
        """What can be done with the sentence."""
        menu = QMenu(self)
        menu.setFont(theme.font("body"))
        for choice, words in _MENU:
            action = menu.addAction(words)
            action.triggered.connect(lambda _=False, choice=choice: self.asked.emit(self.number, choice))
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    def _open_menu(self) -> None:
        self.menu().popup(self.menu_button.mapToGlobal(QPoint(0, self.menu_button.height())))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Menu, Qt.Key.Key_M):
            self._open_menu()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._chosen:
            painter.fillRect(self.rect(), theme.colour("selected"))
            painter.fillRect(QRect(0, 0, 3, self.height()), theme.colour("accent"))
        painter.end()
