"""A list of what was entered by hand: icon, words, a second line, and what can be done with each entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import ElidedLabel, Label
from clarity_desktop.ui.qt import QHBoxLayout, Qt, QVBoxLayout, QWidget

__all__ = ["EntryList", "EntryRow"]


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry as it is shown."""

    icon: str
    words: str
    second: str
    actions: tuple[tuple[str, Callable[[], None]], ...] = ()
    """Name of a link, and what it does."""


class EntryList(QWidget):
    """Rows from top to bottom; the actions of each are reached by Tab."""

    def __init__(self, name: str, empty: str, *, inset: int = 12) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._empty = empty
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(inset, 0, inset, 4)
        self._column.setSpacing(8)
        self._rows: tuple[EntryRow, ...] = ()
        self.show_rows(())

    def rows(self) -> tuple[EntryRow, ...]:
        """What the list shows."""
        return self._rows

    def show_rows(self, rows: Sequence[EntryRow]) -> None:
        """Show other rows."""
        self._rows = tuple(rows)
        while (item := self._column.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        if not rows:
            self._column.addWidget(Label(self._empty, "small", "muted", wrap=True))
        for row in rows:
            self._column.addWidget(self._shown(row))
        spoken = "; ".join(f"{row.words}, {row.second}" for row in rows)
        self.setAccessibleDescription(spoken or self._empty)

    def _shown(self, row: EntryRow) -> QWidget:
        line = QWidget()
        across = QHBoxLayout(line)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(8)
        across.addWidget(Icon(row.icon, 16, "accent"), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(ElidedLabel(row.words, "body"))
        words.addWidget(ElidedLabel(row.second, "small", "muted"))
        across.addLayout(words, 1)
        # Two links and more stand below, so that the words keep their room.
        links = QHBoxLayout() if len(row.actions) > 1 else across
        if links is not across:
            links.setSpacing(8)
            words.addLayout(links)
        for name, act in row.actions:
            link = Button(name, "link")
            link.setAccessibleName(f"{name}: {row.words}")
            link.clicked.connect(lambda _=False, act=act: act())
            links.addWidget(link, 0, Qt.AlignmentFlag.AlignTop)
        if links is not across:
            links.addStretch(1)
        return line
