"""The dialog of the unlock screen for the sealed emergency code, which asks for a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.jobs import run_mutation
from clarity_desktop.ui.qt import QLineEdit, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["EmergencyDialog"]


class EmergencyDialog(Sheet):
    """Code and reason. What follows stands under the emergency's name in the record of who did what."""

    def __init__(self, window: QWidget, services: Services, on_opened: Callable[[], None]) -> None:
        super().__init__(window, "Open with the sealed emergency code")
        self._services = services
        self._on_opened = on_opened
        words = "The reason and everything that is done are recorded as emergency access, for an admin to review."
        self.body.addWidget(Label(words, "body", "muted", wrap=True))
        self.code = QLineEdit()
        self._code = Field("Emergency code", self.code, "Six groups of six characters, from the sealed paper")
        self.reason = QLineEdit()
        self._reason = Field("Reason", self.reason, "In a few words, without naming a patient")
        self.body.addWidget(self._code)
        self.body.addWidget(self._reason)
        cancel = self.add_button("Cancel")
        cancel.clicked.connect(lambda _=False: self.dismiss())
        self.go = self.add_button("Open the vault", "primary")
        self.go.clicked.connect(lambda _=False: self._use())
        for line in (self.code, self.reason):
            line.textChanged.connect(lambda _: self._check())
        self._check()

    def _check(self) -> None:
        ready = bool(self.code.text().strip() and self.reason.text().strip())
        self._code.show_error("")
        self._reason.show_error("")
        self.go.setEnabled(ready)
        self.go.setToolTip("" if ready else "Fill in both lines first")

    def _use(self) -> None:
        code, reason = self.code.text(), self.reason.text()
        self.go.setEnabled(False)

        def opened(_: None) -> None:
            self.code.clear()
            self.dismiss()
            self._on_opened()

        def refused(error: ClarityError) -> None:
            self.go.setEnabled(True)
            (self._reason if error.code == "emergency.reason" else self._code).show_error(error.message)

        run_mutation(self, lambda: self._services.unlock_with_emergency_code(code, reason), opened, refused)
