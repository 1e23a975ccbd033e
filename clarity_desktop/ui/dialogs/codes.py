"""The dialog in which a new recovery or emergency code is shown once and kept after two groups were typed back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.ui.components.code_view import CodeView
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.jobs import run_mutation, run_query
from clarity_desktop.ui.qt import QWidget

if TYPE_CHECKING:
    from clarity_desktop.app.access import PendingCode

__all__ = ["EMERGENCY_LINES", "RECOVERY_LINES", "CodeDialog"]

RECOVERY_LINES = (
    "Recovery code of one person for a vault of Clarity Desktop.",
    "It opens the vault when the passphrase is forgotten, sets a new passphrase, and is spent by that.",
    "Keep it where papers of value are kept, away from this computer. Whoever holds it can open the vault.",
)
EMERGENCY_LINES = (
    "Sealed emergency code for a vault of Clarity Desktop.",
    "Put it into an envelope and seal that.",
    "Whoever opens the vault with it has to give a reason, and every action is marked and listed for review.",
)


class CodeDialog(Sheet):
    """Asks for a code, shows it, and keeps it."""

    def __init__(
        self,
        window: QWidget,
        title: str,
        words: str,
        lines: tuple[str, ...],
        ask: Callable[[], PendingCode],
        keep: Callable[[PendingCode, dict[int, str]], Any],
        done: Callable[[], None],
        *,
        without: str = "Cancel",
    ) -> None:
        """``ask`` and ``keep`` run off the window's thread; ``without`` names the button that keeps no code."""
        super().__init__(window, title, width=640)
        self._keep, self._done = keep, done
        self.body.addWidget(Label(words, "body", "muted", wrap=True))
        self.view = CodeView(title, lines)
        self.body.addWidget(self.view)
        self.trouble = Label("", "body", "danger", wrap=True)
        self.trouble.hide()
        self.body.addWidget(self.trouble)
        cancel = self.add_button(without)
        cancel.clicked.connect(lambda _=False: self.dismiss())
        self.go = self.add_button("Keep this code", "primary")
        self.go.clicked.connect(lambda _=False: self._press())
        self.view.changed.connect(self._check)
        self.view.failed.connect(self._say)
        self._check()
        run_query(self, ask, self._show, self._failed)

    def _show(self, pending: PendingCode) -> None:
        self.view.show_code(pending)
        self._settle()
        self.view.first.setFocus()

    def _check(self) -> None:
        reason = self.view.problem()
        self.go.setEnabled(not reason)
        self.go.setToolTip(reason)

    def _say(self, sentence: str) -> None:
        self.trouble.setText(sentence)
        self.trouble.setVisible(bool(sentence))
        self._settle()

    def _failed(self, error: ClarityError) -> None:
        self._check()
        self._say(f"{error.message} {error.remedy}")

    def _press(self) -> None:
        pending, answers = self.view.pending, self.view.answers()
        if pending is None:
            return
        self.go.setEnabled(False)

        def kept(_: object) -> None:
            self.dismiss()
            self._done()

        run_mutation(self, lambda: self._keep(pending, answers), kept, self._failed)

    def dismiss(self) -> None:
        """Close, and forget the code."""
        self.view.show_code(None)
        super().dismiss()
