"""How old what a server told is: the time it was asked, the age, and that it was not reached since (L-33)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from clarity_desktop.ui.components.countdown import left_words
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.qt import QHBoxLayout, QTimer, QWidget

__all__ = ["OLD_S", "Freshness"]

OLD_S = 300
"""Seconds after which what a server told is called old."""
_TICK_MS = 10_000


def _clock_words(instant: float, now: float) -> str:
    at, today = datetime.fromtimestamp(instant).astimezone(), datetime.fromtimestamp(now).astimezone()
    return at.strftime("%H:%M:%S") if at.date() == today.date() else at.strftime("%Y-%m-%d %H:%M")


class Freshness(QWidget):
    """One line below what is shown; hidden before a server was asked.

    Parameters
    ----------
    clock:
        Wall time in seconds since 1970, for tests.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._clock = clock
        self._told: float | None = None
        self._missed: float | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._icon = Icon("check", 12, "text_muted")
        self._label = Label("", "small", "muted", wrap=True)
        row.addWidget(self._icon)
        row.addWidget(self._label, 1)
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self.renew)
        self.hide()

    def text(self) -> str:
        """What the line says; empty before a server was asked."""
        return self._label.text()

    def told(self, at: float | None = None) -> None:
        """The server has told what is shown, now or at an instant (UTC seconds)."""
        self._told, self._missed = (self._clock() if at is None else at), None
        self.renew()

    def not_told(self) -> None:
        """The server was asked and did not tell; what is shown is what it told before, where it ever did."""
        self._missed = self._clock()
        self.renew()

    def renew(self) -> None:
        """Say the age as of now."""
        now = self._clock()
        if self._told is None:
            self._label.setText("")
            self.hide()
            return
        age = now - self._told
        words = f"As the server told it at {_clock_words(self._told, now)}, {left_words(age)} ago."
        if self._missed is not None:
            words = f"Not told again at {_clock_words(self._missed, now)}. Shown is the state of then: {words}"
        elif age >= OLD_S:
            words += " Ask again for what holds now."
        is_old = self._missed is not None or age >= OLD_S
        self._icon.show_icon("cloud-off" if self._missed is not None else "clock" if is_old else "check", "text_muted")
        self._label.set_tone("warn" if is_old else "muted")
        self._label.setText(words)
        self.setAccessibleName(words)
        self._timer.start()
        self.show()
