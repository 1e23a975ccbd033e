"""The shortcut sheet: every command with its keys and what it does, filtered by letters."""

from __future__ import annotations

from collections.abc import Collection

from clarity_desktop.ui.commands import COMMANDS, match_letters
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.qt import QGridLayout, QLineEdit, QScrollArea, Qt, QWidget

__all__ = ["KeysSheet"]


class KeysSheet(Sheet):
    """Lists commands by area; charts add the keys that act inside them."""

    def __init__(self, window: QWidget, state: Collection[str]) -> None:
        super().__init__(window, "Keys and commands", width=640, top=64)
        self._state = state
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter")
        self.filter.setAccessibleName("Filter")
        self.filter.textChanged.connect(self._fill)
        self.body.addWidget(self.filter)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setAccessibleName("Commands and their keys")
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFixedHeight(min(560, max(240, window.height() - 260)))
        self._scroll.setProperty("role", "clear")
        self._scroll.viewport().setProperty("role", "clear")
        self.body.addWidget(self._scroll)
        close = self.add_button("Close", "primary")
        close.clicked.connect(lambda _=False: self.dismiss())
        self._fill("")

    def _fill(self, typed: str) -> None:
        table = QWidget()
        table.setProperty("role", "clear")
        grid = QGridLayout(table)
        grid.setContentsMargins(0, 4, 12, 4)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(2, 1)
        row = 0
        for area, commands in COMMANDS.areas(self._state).items():
            fitting = [one for one in commands if match_letters(typed, f"{one.title} {one.shortcut}") is not None]
            if not fitting:
                continue
            head = Label(area, "micro_strong", "faint")
            head.setContentsMargins(0, 8, 0, 0)
            grid.addWidget(head, row, 0, 1, 3)
            row += 1
            for one in fitting:
                grid.addWidget(Label(one.title), row, 0, Qt.AlignmentFlag.AlignTop)
                grid.addWidget(
                    Label(one.shortcut.replace("+", " "), "mono", "muted"), row, 1, Qt.AlignmentFlag.AlignTop
                )
                grid.addWidget(Label(one.help, "small", "muted", wrap=True), row, 2)
                row += 1
        if row == 0:
            grid.addWidget(Label("No command fits these letters.", "body", "muted"), 0, 0)
        grid.setRowStretch(row + 1, 1)
        self._scroll.setWidget(table)
