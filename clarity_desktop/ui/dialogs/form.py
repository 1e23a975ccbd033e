"""A dialog of a few fields and one verb: it runs off the window's thread and says what is not accepted where it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.overwriting import overwrite
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
        self.safe = self.add_button(keep)
        self.safe.clicked.connect(lambda _=False: self.dismiss())
        self.go = self.add_button(verb, "danger" if danger else "primary")

    def say(self, error: ClarityError) -> None:
        """Show what was refused, and what can be done."""
        self.trouble.setText(f"{error.message} {error.remedy}".strip())
        self.trouble.show()
        self._settle()

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
    """
    sheet = FormSheet(window, title, verb, danger=danger, keep=keep, width=width)
    if body:
        sheet.body.addWidget(Label(body, "body", "muted", wrap=True))
    for widget in content:
        sheet.body.addWidget(widget)
    sheet.body.addWidget(sheet.trouble)

    def check() -> None:
        reason = ready()
        sheet.go.setEnabled(not reason)
        sheet.go.setToolTip(reason)

    def refused(error: ClarityError) -> None:
        sheet.go.set_text(verb)
        check()
        for beginning, field in (fields or {}).items():
            if error.code.startswith(beginning):
                field.show_error(error.message)
                return
        sheet.say(error)

    def finished(answer: Any) -> None:
        sheet.dismiss()
        done(answer)

    def press() -> None:
        sheet.trouble.hide()
        for field in (fields or {}).values():
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
