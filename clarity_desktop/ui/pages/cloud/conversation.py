"""The lines of the live channel, newest at the foot, each with its state and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.pages.security.loaded import when
from clarity_desktop.ui.qt import QHBoxLayout, Qt, QVBoxLayout, QWidget, Signal

if TYPE_CHECKING:
    from clarity_desktop.app.cloud_live import LiveMessage

__all__ = ["Conversation"]

_MOST: Final = 60
_WHO: Final = {"you": "You", "server": "The server's assistant, not checked", "channel": "Channel"}
_ICONS: Final = {"you": "user", "server": "message-square-quote", "channel": "info"}
_STATES: Final = {
    "unsent": "Not sent yet; goes when the channel is back",
    "unclear": "It left, and no answer came: it may have arrived",
    "too_large": "Refused for its size: write it shorter",
    "refused": "Refused by the server; its reason stands below",
    "sent": "Sent",
    "received": "",
}


class Conversation(QWidget):
    """Shows messages. Emits the number of one to discard or to send once more."""

    discard = Signal(int)
    again = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Conversation")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(10)
        self._shown: tuple[tuple[int, str, bool], ...] | None = None
        self.buttons: dict[tuple[int, str], Button] = {}
        """By number and verb, for those that can be pressed now."""
        self.show_messages((), is_live=False)

    def show_messages(self, messages: tuple[LiveMessage, ...], *, is_live: bool) -> None:
        """Show the latest messages; the same ones again change nothing, so that nothing flickers under a pointer."""
        latest = messages[-_MOST:]
        shown = tuple((one.id, one.state, is_live) for one in latest)
        if shown == self._shown:
            return
        self._shown = shown
        self.buttons.clear()
        while (item := self._column.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        if not latest:
            words = "Nothing was said yet." if is_live else "Connect, and what is said stands here."
            self._column.addWidget(Label(words, "body", "muted", wrap=True))
        for one in latest:
            self._column.addWidget(self._row(one))
        said = [f"{_WHO[one.who]}: {one.text}" for one in latest[-3:]]
        self.setAccessibleDescription("; ".join(said))

    def _row(self, one: LiveMessage) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(Icon(_ICONS[one.who], 16, "text_muted"), 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(2)
        state = _STATES[one.state]
        head = f"{_WHO[one.who]} · {when(one.at)}" + (f" · {state}" if state else "")
        column.addWidget(
            Label(head, "small", "warn" if one.state in ("unclear", "too_large", "refused") else "muted", wrap=True)
        )
        text = Label(one.text, "body", wrap=True)
        text.setTextFormat(Qt.TextFormat.PlainText)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(text)
        row.addLayout(column, 1)
        if one.state in ("unclear", "refused"):
            row.addWidget(self._button(one.id, "Send again", self.again.emit), 0, Qt.AlignmentFlag.AlignTop)
        if one.state in ("unsent", "unclear", "too_large", "refused"):
            row.addWidget(self._button(one.id, "Discard", self.discard.emit), 0, Qt.AlignmentFlag.AlignTop)
        return line

    def _button(self, number: int, verb: str, pressed: Callable[[int], None]) -> Button:
        button = Button(verb, "normal")
        button.clicked.connect(lambda _=False: pressed(number))
        self.buttons[number, verb] = button
        return button
