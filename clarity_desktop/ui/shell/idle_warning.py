"""What is said shortly before the vault locks by itself."""

from __future__ import annotations

from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.qt import QEvent, QFrame, QHBoxLayout, QObject, Qt, QWidget, Signal

__all__ = ["IdleWarning"]

_TOP = 60
_WIDTH = 560


class IdleWarning(QFrame):
    """A bar over the content that counts down. Any key and any move of the mouse sends it away."""

    stay = Signal()

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        self.setProperty("role", "warning")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(_WIDTH)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 10, 10, 10)
        row.setSpacing(8)
        row.addWidget(Icon("lock", 16, "warn"))
        self._label = Label("", "body")
        row.addWidget(self._label, 1)
        go_on = Button("Stay unlocked")
        go_on.clicked.connect(lambda _=False: self.stay.emit())
        row.addWidget(go_on)
        over.installEventFilter(self)
        self.hide()

    def count(self, seconds: int) -> None:
        """Say how long it is until the lock."""
        unit = "second" if seconds == 1 else "seconds"
        self._label.setText(f"The vault locks in {seconds} {unit}. Any key keeps it open.")
        self.setAccessibleName(self._label.text())
        self._place()
        self.show()
        self.raise_()

    def text(self) -> str:
        """What it says."""
        return self._label.text()

    def _place(self) -> None:
        self.adjustSize()
        self.move((self._over.width() - self.width()) // 2, _TOP)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._over and event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False
