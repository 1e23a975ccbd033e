"""The way of a change as boxes with counts, and the uploads of the hour against the limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from clarity_desktop.domain.sync import OperationState, StateCount
from clarity_desktop.ui import theme
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.pages.cloud.sync_words import since_words
from clarity_desktop.ui.pages.security.loaded import when
from clarity_desktop.ui.qt import (
    QFrame,
    QHBoxLayout,
    QPainter,
    QPaintEvent,
    QPen,
    QRectF,
    QSize,
    Qt,
    QVBoxLayout,
    QWidget,
)

__all__ = ["LimitBar", "Way"]

_S = OperationState
_STEPS: Final = (
    (_S.NEW, "New", "saved here"),
    (_S.BATCHED, "Batched", "packed, in a request"),
    (_S.SENDING, "Sending", "on its way now"),
    (_S.ACCEPTED, "Accepted", "the server took it"),
    (_S.PROCESSING, "Processing", "the server works on it"),
    (_S.VERIFIED, "Verified", "read back equal"),
)
_ASIDE: Final = (
    (_S.SENT_UNKNOWN, "Outcome unknown", "waits for read-back, never sent twice", "circle-help", "text_muted"),
    (_S.UNVERIFIED, "Received, cannot be checked", "the server does not show it", "eye-off", "info"),
    (_S.REJECTED, "Refused", "safe here, needs you", "triangle-alert", "warn"),
    (_S.DEAD, "Stopped", "switched off, given up or replaced", "inbox", "text_muted"),
)


class Way(QWidget):
    """Six boxes from left to right and four states beside the way."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("The way of a change")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        boxes, aside = QHBoxLayout(), QHBoxLayout()
        boxes.setSpacing(4)
        aside.setSpacing(16)
        self._counts: dict[OperationState, Label] = {}
        self._ages: dict[OperationState, Label] = {}
        for number, (state, name, words) in enumerate(_STEPS):
            if number:
                boxes.addWidget(Icon("arrow-right", 16, "muted"))
            boxes.addWidget(self._box(state, name, words), 1)
        for state, name, words, icon, tone in _ASIDE:
            aside.addWidget(self._beside(state, name, words, icon, tone), 1)
        column.addLayout(boxes)
        column.addLayout(aside)

    def _box(self, state: OperationState, name: str, words: str) -> QFrame:
        box = QFrame()
        box.setProperty("role", "card")
        grid = QVBoxLayout(box)
        grid.setContentsMargins(10, 6, 10, 6)
        grid.setSpacing(0)
        head = QHBoxLayout()
        head.addWidget(Label(name, "micro_strong"))
        head.addStretch(1)
        count = self._counts[state] = Label("0", "body_strong")
        head.addWidget(count)
        grid.addLayout(head)
        grid.addWidget(Label(words, "small", "muted"))
        self._ages[state] = Label("", "micro", "faint")
        grid.addWidget(self._ages[state])
        return box

    def _beside(self, state: OperationState, name: str, words: str, icon: str, tone: str) -> QWidget:
        place = QWidget()
        row = QHBoxLayout(place)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(Icon(icon, 16, tone), 0, Qt.AlignmentFlag.AlignTop)
        lines = QVBoxLayout()
        lines.setSpacing(0)
        lines.addWidget(Label(name, "body"))
        lines.addWidget(Label(words, "small", "muted"))
        self._ages[state] = Label("", "micro", "faint")
        lines.addWidget(self._ages[state])
        row.addLayout(lines, 1)
        count = self._counts[state] = Label("0", "body_strong")
        row.addWidget(count)
        return place

    def show_states(self, states: Sequence[StateCount], now: int) -> None:
        """Show counts of all states, how long the oldest has stood there, and when the next try is (Y-15)."""
        found = {one.state: one for one in states}
        names = {state: name for state, name, *_ in (*_STEPS, *_ASIDE)}
        spoken = []
        for state, label in self._counts.items():
            one = found.get(state)
            count = 0 if one is None else one.count
            label.setText(f"{count:,}".replace(",", "\u202f"))
            age = tip = ""
            if one is not None and count and one.oldest is not None:
                age = f"oldest {since_words(now - one.oldest)}"
                tip = f"The oldest has stood here since {when(one.oldest)}."
                if one.next_try is not None and one.next_try > now:
                    tip += f" Next try {when(one.next_try)}."
                    age += f", next try in {since_words(one.next_try - now)}"
            self._ages[state].setText(age)
            self._ages[state].setToolTip(tip)
            spoken.append(f"{names[state]} {count}" + (f", {age}" if age else ""))
        self.setAccessibleDescription("; ".join(spoken))


class LimitBar(QWidget):
    """Uploads of the last hour as a share of the program's own limit."""

    def __init__(self) -> None:
        super().__init__()
        self._used, self._most = 0, 1
        self.setFixedHeight(12)
        self.setMinimumWidth(120)

    def sizeHint(self) -> QSize:
        return QSize(240, 12)

    def show_used(self, used: int, most: int) -> None:
        """Show a count against a limit."""
        self._used, self._most = used, max(most, 1)
        self.setAccessibleName(f"{used} of {most} uploads of the last hour")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(theme.colour("border_strong"), 1))
        painter.setBrush(theme.colour("sunken"))
        painter.drawRoundedRect(whole, 6, 6)
        if self._used:
            part = QRectF(whole)
            part.setWidth(max(whole.width() * min(self._used / self._most, 1.0), 12))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("accent"))
            painter.drawRoundedRect(part, 6, 6)
        painter.end()
