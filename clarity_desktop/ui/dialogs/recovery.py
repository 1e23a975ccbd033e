"""The dialog of the unlock screen in which a printed recovery code sets a new passphrase and is replaced."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.new_passphrase import NewPassphrase
from clarity_desktop.ui.dialogs.codes import RECOVERY_LINES, CodeDialog
from clarity_desktop.ui.dialogs.emergency import EmergencyDialog
from clarity_desktop.ui.dialogs.form import with_secrets
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.jobs import run_mutation
from clarity_desktop.ui.qt import QLineEdit, Qt, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services
    from clarity_desktop.app.access import PendingCode

__all__ = ["RecoveryDialog"]


class RecoveryDialog(Sheet):
    """The old code with a new passphrase; a second dialog then shows the new code, of which two groups are typed."""

    def __init__(self, window: QWidget, services: Services, on_opened: Callable[[], None]) -> None:
        super().__init__(window, "Open with a recovery code")
        self._services = services
        self._on_opened = on_opened
        self.code = QLineEdit()
        self._code = Field("Recovery code", self.code, "Six groups of six characters, as printed; it works once")
        self.body.addWidget(self._code)
        self.words = NewPassphrase("New passphrase")
        self.body.addWidget(self.words)
        self.emergency = Button("Use the sealed emergency code instead", "link")
        self.emergency.clicked.connect(lambda _=False: self._to_emergency())
        self.body.addWidget(self.emergency, 0, Qt.AlignmentFlag.AlignLeft)
        cancel = self.add_button("Cancel")
        cancel.clicked.connect(lambda _=False: self.dismiss())
        self.go = self.add_button("Set new passphrase", "primary")
        self.go.clicked.connect(lambda _=False: self._use())
        self.code.textChanged.connect(lambda _: self._check())
        self.words.changed.connect(self._check)
        self._check()

    def _to_emergency(self) -> None:
        window, services, on_opened = self._window, self._services, self._on_opened
        self.dismiss()
        EmergencyDialog(window, services, on_opened).open()

    def _check(self) -> None:
        self._code.show_error("")
        reason = "" if self.code.text().strip() else "Type the code first"
        reason = reason or self.words.problem()
        self.go.setEnabled(not reason)
        self.go.setToolTip(reason)

    def _use(self) -> None:
        code, new = self.code.text(), self.words.text()
        self.go.setEnabled(False)

        def refused(error: ClarityError) -> None:
            self.go.setEnabled(True)
            field = self.words.first if error.code.startswith("vault.passphrase") else self._code
            field.show_error(error.message)

        act = with_secrets(lambda: self._services.unlock_with_recovery_code(code, new), code, new)
        run_mutation(self, act, self._show_new, refused)

    def _show_new(self, pending: PendingCode) -> None:
        """The vault is open: show the code that takes the old one's place, and go on with or without it."""
        window, services, on_opened = self._window, self._services, self._on_opened
        self.code.clear()
        self.words.clear()
        self.dismiss()
        dialog = CodeDialog(
            window,
            "Keep your new recovery code",
            "The new passphrase is set, and the old code is spent. This one is shown once.",
            RECOVERY_LINES,
            lambda: pending,
            services.keep_recovery_code,
            lambda: None,
            without="Go on without a code",
        )
        dialog.closed.connect(on_opened)
        dialog.open()
