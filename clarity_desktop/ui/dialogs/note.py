"""A note to read and close, with the text for copying where that is of use."""

from __future__ import annotations

from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.qt import QGuiApplication, QWidget

__all__ = ["show_note"]


def show_note(window: QWidget, title: str, text: str, *, copy: bool = False) -> Sheet:
    """Open a note; ``copy`` adds a button that puts title and text on the clipboard."""
    sheet = Sheet(window, title)
    sheet.body.addWidget(Label(text, "body", "muted", wrap=True, selectable=True))
    if copy:
        button = sheet.add_button("Copy", "quiet")
        button.clicked.connect(lambda _=False: QGuiApplication.clipboard().setText(f"{title}\n{text}"))
    close = sheet.add_button("Close", "primary")
    close.clicked.connect(lambda _=False: sheet.dismiss())
    sheet.open()
    return sheet
