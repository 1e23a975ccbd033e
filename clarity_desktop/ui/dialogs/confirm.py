"""A question with two answers, the safe one being the way out."""

from __future__ import annotations

from collections.abc import Callable

from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.qt import QWidget

__all__ = ["confirm"]


def confirm(
    window: QWidget,
    question: str,
    body: str,
    *,
    verb: str,
    on_confirm: Callable[[], None],
    keep: str = "Keep",
    danger: bool = False,
) -> Sheet:
    """Ask a question; ``on_confirm`` runs when the person presses the button named by ``verb``.

    Parameters
    ----------
    body:
        What happens, and what is safe.
    keep:
        Name of the safe answer.
    """
    sheet = Sheet(window, question)
    sheet.body.addWidget(Label(body, "body", "muted", wrap=True))
    safe = sheet.add_button(keep)
    safe.clicked.connect(lambda _=False: sheet.dismiss())
    do = sheet.add_button(verb, "danger" if danger else "primary")

    def run() -> None:
        sheet.dismiss()
        on_confirm()

    do.clicked.connect(lambda _=False: run())
    sheet.open()
    return sheet
