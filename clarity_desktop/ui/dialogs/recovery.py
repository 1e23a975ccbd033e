"""The dialog of the unlock screen in which a printed recovery code sets a new passphrase and is replaced."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.field import Field, PassphraseEdit
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.emergency import EmergencyDialog
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.jobs import run_mutation
from clarity_desktop.ui.qt import QLineEdit, Qt, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services
    from clarity_desktop.app.access import PendingCode

__all__ = ["RecoveryDialog"]

_LEAST = 12


class RecoveryDialog(Sheet):
    """Two steps: the old code with a new passphrase, then the new code, of which two groups are typed back."""

    def __init__(self, window: QWidget, services: Services, on_opened: Callable[[], None]) -> None:
        super().__init__(window, "Open with a recovery code")
        self._services = services
        self._on_opened = on_opened
        self._pending: PendingCode | None = None
        self.code = QLineEdit()
        self._code = Field("Recovery code", self.code, "Six groups of six characters, as printed; it works once")
        self.passphrase = PassphraseEdit()
        self._new = Field("New passphrase", self.passphrase, f"At least {_LEAST} characters")
        self.repeat = PassphraseEdit()
        self._repeat = Field("The same passphrase again", self.repeat)
        for field in (self._code, self._new, self._repeat):
            self.body.addWidget(field)
        self.emergency = Button("Use the sealed emergency code instead", "link")
        self.emergency.clicked.connect(lambda _=False: self._to_emergency())
        self.body.addWidget(self.emergency, 0, Qt.AlignmentFlag.AlignLeft)
        self.words = Label("", "body", "muted", wrap=True)
        self.shown = Label("", "mono", wrap=True, selectable=True)
        self.first, self.second = QLineEdit(), QLineEdit()
        self._first, self._second = Field("First group", self.first), Field("Second group", self.second)
        self._later_step = (self.words, self.shown, self._first, self._second)
        for widget in self._later_step:
            widget.hide()
            self.body.addWidget(widget)
        self.cancel = self.add_button("Cancel")
        self.cancel.clicked.connect(lambda _=False: self.dismiss())
        self.go = self.add_button("Set new passphrase", "primary")
        self.go.clicked.connect(lambda _=False: self._keep() if self._pending is not None else self._use())
        for line in (self.code, self.passphrase, self.repeat, self.first, self.second):
            line.textChanged.connect(lambda _: self._check())
        self._check()

    def _to_emergency(self) -> None:
        window, services, on_opened = self._window, self._services, self._on_opened
        self.dismiss()
        EmergencyDialog(window, services, on_opened).open()

    def _check(self) -> None:
        if self._pending is not None:
            ready = bool(self.first.text().strip() and self.second.text().strip())
        else:
            text = self.passphrase.text()
            ready = bool(self.code.text().strip()) and len(text) >= _LEAST and text == self.repeat.text()
            self._code.show_error("")
        self.go.setEnabled(ready)
        self.go.setToolTip("" if ready else "Fill in all lines first")

    def _use(self) -> None:
        code, new = self.code.text(), self.passphrase.text()
        self.go.setEnabled(False)

        def refused(error: ClarityError) -> None:
            self.go.setEnabled(True)
            field = self._new if error.code.startswith("vault.passphrase") else self._code
            field.show_error(error.message)

        run_mutation(self, lambda: self._services.unlock_with_recovery_code(code, new), self._show_new, refused)

    def _show_new(self, pending: PendingCode) -> None:
        self._pending = pending
        for line in (self.code, self.passphrase, self.repeat):
            line.clear()
        for field in (self._code, self._new, self._repeat, self.emergency):
            field.hide()
        self.title.setText("Keep your new recovery code")
        self.words.setText(
            "The new passphrase is set, and the old code is spent. Write this code down or print it: it is shown once. "
            f"Then type groups {pending.asked[0]} and {pending.asked[1]} from the paper."
        )
        self.shown.setText(pending.text)
        for widget in self._later_step:
            widget.show()
        self.cancel.set_text("Go on without a code")
        self.go.set_text("Keep this code")
        self._check()
        self._settle()
        self.first.setFocus()

    def _keep(self) -> None:
        pending = self._pending
        if pending is None:
            return
        answers = {pending.asked[0]: self.first.text(), pending.asked[1]: self.second.text()}
        self.go.setEnabled(False)

        def refused(error: ClarityError) -> None:
            self.go.setEnabled(True)
            self._second.show_error(error.message)

        run_mutation(
            self, lambda: self._services.keep_recovery_code(pending, answers), lambda _: self.dismiss(), refused
        )

    def dismiss(self) -> None:
        """Close; after the passphrase was set the vault is open, with or without a new code."""
        opened = self._pending is not None
        self.shown.setText("")
        super().dismiss()
        if opened:
            self._on_opened()
