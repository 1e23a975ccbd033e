"""A toast: a short sentence at the bottom right that goes by itself; never the only way to do something."""

from __future__ import annotations

from collections.abc import Callable

from clarity_desktop.ui.components.buttons import Button, IconButton
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.qt import QEnterEvent, QEvent, QFrame, QHBoxLayout, QObject, Qt, QTimer, QWidget

__all__ = ["Toast"]

_STAYS_MS = 6000
_WIDTH = 320
_MARGIN = 16


class Toast(QFrame):
    """One toast at a time over a window's content; the pointer on it makes it stay."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self.setProperty("role", "toast")
        self.setFixedWidth(_WIDTH)
        self._over = over
        over.installEventFilter(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 10, 8, 10)
        row.setSpacing(8)
        self._icon = Icon("info", 16, "info")
        self._label = Label("", "body", wrap=True)
        self._button = Button("Undo", "link")
        self._button.clicked.connect(self._act)
        close = IconButton("x", "Close this note", side=24, size=14)
        close.clicked.connect(self.hide)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._label, 1)
        row.addWidget(self._button)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self._action: Callable[[], None] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self.hide()

    def say(
        self,
        sentence: str,
        *,
        icon: str = "info",
        tone: str = "info",
        action: tuple[str, Callable[[], None]] | None = None,
    ) -> None:
        """Show a sentence, with an optional button of text and action."""
        self._icon.show_icon(icon, tone)
        self._label.setText(sentence)
        self._action = action[1] if action else None
        self._button.setVisible(action is not None)
        self._button.set_text(action[0] if action else "")
        self.setAccessibleName(sentence)
        self._button.ensurePolished()
        layout = self.layout()
        if layout is not None:
            # A label that wraps knows its height only for a width.
            layout.invalidate()
            self.resize(_WIDTH, layout.totalHeightForWidth(_WIDTH))
        self._place()
        self.show()
        self.raise_()
        self._timer.start(_STAYS_MS)

    def _act(self) -> None:
        self.hide()
        if self._action is not None:
            self._action()

    def _place(self) -> None:
        self.move(self._over.width() - self.width() - _MARGIN, self._over.height() - self.height() - _MARGIN)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._over and event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def enterEvent(self, event: QEnterEvent) -> None:
        self._timer.stop()

    def leaveEvent(self, event: QEvent) -> None:
        self._timer.start(_STAYS_MS // 2)
