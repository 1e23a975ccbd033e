"""The dialog that asks why screenshots and screen sharing are to show the window for a while."""

from __future__ import annotations

from collections.abc import Callable

from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.qt import QLineEdit, QWidget

__all__ = ["CaptureDialog"]

_LEAST = 8


class CaptureDialog(Sheet):
    """Eight characters at least; the reason stands in the audit, so it names no patient."""

    def __init__(self, window: QWidget, lift: Callable[[str], None]) -> None:
        super().__init__(window, "Let screenshots and screen sharing show the window?")
        self._lift = lift
        self.body.addWidget(
            Label("For 15 minutes recordings show what you see. Then the window is left out again.", wrap=True)
        )
        self.reason = QLineEdit()
        self.body.addWidget(Field("Reason", self.reason, "Goes to the audit; no names of patients"))
        keep = self.add_button("Keep it out")
        keep.clicked.connect(lambda _=False: self.dismiss())
        self.go = self.add_button("Show for 15 minutes", "primary")
        self.go.setEnabled(False)
        self.go.clicked.connect(lambda _=False: self._go())
        self.reason.textChanged.connect(lambda text: self.go.setEnabled(len(text.strip()) >= _LEAST))

    def _go(self) -> None:
        reason = self.reason.text().strip()
        self.dismiss()
        self._lift(reason)
