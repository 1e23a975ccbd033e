"""What becomes of the part that was read when an import is stopped; it runs on while the question stands."""

from __future__ import annotations

from collections.abc import Callable

from clarity_desktop.domain.work import CancelWay
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.qt import QWidget

__all__ = ["ask_how_to_stop"]


def ask_how_to_stop(window: QWidget, file: str, on_chosen: Callable[[CancelWay], None]) -> Sheet:
    """Ask how an import is to be stopped; Escape lets it go on."""
    sheet = Sheet(window, f"Stop the import of {file}?", width=560)
    for text in (
        "Store nothing: the vault is as it was before this file.",
        "Keep what was read: it is stored and marked as incomplete. Importing the file again adds the rest.",
        "Pause: nothing is visible yet, and the import goes on from here whenever you want.",
    ):
        sheet.body.addWidget(Label(text, "body", "muted", wrap=True))
    go_on = sheet.add_button("Let it run")
    go_on.clicked.connect(lambda _=False: sheet.dismiss())

    def choose(way: CancelWay) -> None:
        sheet.dismiss()
        on_chosen(way)

    for text, way, kind in (
        ("Store nothing", CancelWay.DISCARD, "danger"),
        ("Keep what was read", CancelWay.KEEP, "normal"),
        ("Pause", CancelWay.PAUSE, "primary"),
    ):
        button = sheet.add_button(text, kind)
        button.clicked.connect(lambda _=False, way=way: choose(way))
    sheet.open()
    return sheet
