"""The error dialog: what happened, what is safe, what to do; details folded away, one dialog a cause."""

from __future__ import annotations

import time

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.correlation import CorrelationLine
from clarity_desktop.ui.components.countdown import Countdown
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.qt import QFrame, QGuiApplication, QHBoxLayout, Qt, QVBoxLayout, QWidget

__all__ = ["ErrorDialog", "show_error"]


class ErrorDialog(Sheet):
    """Shows one error; the same cause coming again raises the counter."""

    def __init__(self, window: QWidget, error: ClarityError) -> None:
        super().__init__(window, error.message)
        self.error = error
        self.count = 1
        self.column.removeWidget(self.title)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(Icon("circle-alert", 24, "danger"), 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.title, 1)
        self.column.insertLayout(0, head)
        if error.remedy:
            self.body.addWidget(Label(error.remedy, "body", wrap=True))
        self.countdown = Countdown()
        self.body.addWidget(self.countdown)
        wait = getattr(error, "wait_s", None)
        if wait:
            self.countdown.count(time.time() + float(wait), "It can be tried again")
        self.correlation = CorrelationLine()
        self.correlation.show_error(error)
        self.body.addWidget(self.correlation)
        self._times = Label("", "small", "muted")
        self._times.hide()
        self.body.addWidget(self._times)
        self.details = QFrame()
        self.details.setProperty("role", "well")
        column = QVBoxLayout(self.details)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(4)
        self._text = f"Code {error.code}\nReference {error.reference}"
        if error.detail:
            self._text += f"\nDetail {error.detail}"
        label = Label(self._text, "mono", "muted", wrap=True, selectable=True)
        label.setAccessibleName("Details of the error")
        column.addWidget(label)
        copy = Button("Copy details", "quiet", "copy")
        copy.clicked.connect(lambda _=False: QGuiApplication.clipboard().setText(self._text))
        column.addWidget(copy)
        self.details.hide()
        self.body.addWidget(self.details)
        fold = self.add_button("Details", "quiet")
        fold.clicked.connect(lambda _=False: self._fold())
        close = self.add_button("Close", "primary")
        close.clicked.connect(lambda _=False: self.dismiss())

    def again(self) -> None:
        """The same error came again."""
        self.count += 1
        self._times.setText(f"This came {self.count} times.")
        self._times.show()
        self._settle()

    def _fold(self) -> None:
        self.details.setVisible(not self.details.isVisible())
        self._settle()


def show_error(window: QWidget, error: ClarityError) -> ErrorDialog:
    """Open the error dialog, or raise the counter of the one that shows the same cause already."""
    for shown in window.findChildren(ErrorDialog):
        if shown.isVisible() and shown.error.code == error.code:
            shown.again()
            return shown
    dialog = ErrorDialog(window, error)
    dialog.open()
    return dialog
