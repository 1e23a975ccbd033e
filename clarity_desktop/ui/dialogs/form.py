"""A dialog of a few fields and one verb: it runs off the window's thread and says what is not accepted where it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.overwriting import overwrite
from clarity_desktop.ui.components.correlation import CorrelationLine
from clarity_desktop.ui.components.countdown import Countdown
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.jobs import run_mutation
from clarity_desktop.ui.qt import QWidget

__all__ = ["FormSheet", "ask_form", "with_secrets"]


class FormSheet(Sheet):
    """Fields, a line for what was refused, the safe button and the verb."""

    def __init__(self, window: QWidget, title: str, verb: str, *, danger: bool, keep: str, width: int) -> None:
        super().__init__(window, title, width=width)
        self.verb = verb
        self.trouble = Label("", "body", "danger", wrap=True)
        self.trouble.setAccessibleName("What was refused")
        self.trouble.hide()
        self.countdown = Countdown()
        self.correlation = CorrelationLine()
        self.safe = self.add_button(keep)
        self.safe.clicked.connect(lambda _=False: self.dismiss())
        self.go = self.add_button(verb, "danger" if danger else "primary")

    def say(self, error: ClarityError) -> None:
        """Show what was refused, what can be done, how long to wait, and the id that a server's operator asks for."""
        self.trouble.setText(f"{error.message} {error.remedy}".strip())
        self.trouble.show()
        wait = getattr(error, "wait_s", None)
        self.countdown.count(time.time() + float(wait) if wait else None, "It can be tried again")
        self.correlation.show_error(error)
        self._settle()

    def unsay(self) -> None:
        """Take away what was refused."""
        self.trouble.hide()
        self.countdown.count(None)
        self.correlation.show_error(None)

    def accept_default(self) -> None:
        """Enter presses the verb, also where it cannot be undone: what it asks for was typed."""
        if self.go.isEnabled():
            self.go.click()


def with_secrets(act: Callable[[], Any], *secrets: str) -> Callable[[], Any]:
    """The act, after which the passphrases and codes that it was given are overwritten, however it ends."""

    def run() -> Any:
        try:
            return act()
        finally:
            for secret in secrets:
                overwrite(secret)

    return run


def ask_form(
    window: QWidget,
    title: str,
    body: str,
    content: Sequence[QWidget],
    verb: str,
    act: Callable[[], Any],
    done: Callable[[Any], None],
    *,
    ready: Callable[[], str] = str,
    fields: Mapping[str, Field] | None = None,
    named: Mapping[str, Field] | None = None,
    danger: bool = False,
    keep: str = "Cancel",
    width: int = 480,
) -> FormSheet:
    """Open a form.

    Parameters
    ----------
    body:
        What happens, and what is safe; empty for none.
    content:
        Fields and other widgets, in order.
    act:
        Called on the window's thread when the verb is pressed, with everything filled in: reads the widgets and answers
        a function without arguments, which runs off the window's thread.
    done:
        Gets the answer when it is done; the form is closed by then.
    ready:
        Why the verb cannot be pressed yet, or empty. Asked after each change that a field announces.
    fields:
        Where an error is shown, by the beginning of its code; others stand above the buttons.
    named:
        Where an error of a single field is shown, by the server's name of that field (L-38).
    """
    sheet = FormSheet(window, title, verb, danger=danger, keep=keep, width=width)
    if body:
        sheet.body.addWidget(Label(body, "body", "muted", wrap=True))
    for widget in content:
        sheet.body.addWidget(widget)
    for widget in (sheet.trouble, sheet.countdown, sheet.correlation):
        sheet.body.addWidget(widget)
    every = [*(fields or {}).values(), *(named or {}).values()]

    def check() -> None:
        reason = ready()
        sheet.go.setEnabled(not reason)
        sheet.go.setToolTip(reason)

    def refused(error: ClarityError) -> None:
        sheet.go.set_text(verb)
        check()
        if _at_fields(error, named or {}):
            return
        for beginning, field in (fields or {}).items():
            if error.code.startswith(beginning):
                field.show_error(error.message)
                return
        sheet.say(error)

    def finished(answer: Any) -> None:
        sheet.dismiss()
        done(answer)

    def press() -> None:
        sheet.unsay()
        for field in every:
            field.show_error("")
        sheet.go.setEnabled(False)
        sheet.go.setToolTip("Working")
        run_mutation(sheet, act(), finished, refused)

    sheet.go.clicked.connect(lambda _=False: press())
    for widget in content:
        control = widget.control if isinstance(widget, Field) else widget
        for signal in ("textChanged", "currentIndexChanged", "toggled", "changed"):
            found = getattr(control, signal, None)
            if found is not None:
                found.connect(lambda *_: check())
    check()
    sheet.open()
    return sheet


def _at_fields(error: ClarityError, named: Mapping[str, Field]) -> bool:
    """Show what a server found fault with at the fields it names; answers whether all of it found its place."""
    found = getattr(getattr(error, "problem", None), "errors", ())
    placed = 0
    for one in found:
        field = named.get(str(one.field).rpartition(".")[2])
        if field is not None:
            sentence = str(one.message)
            field.show_error(sentence if sentence.endswith(".") else f"{sentence}.")
            placed += 1
    return bool(found) and placed == len(found)
