"""A countdown: when something goes on by itself, by the clock and in seconds left (Y-32, L-23)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.qt import QHBoxLayout, QTimer, QWidget, Signal

__all__ = ["Countdown", "left_words"]

_TICK_MS = 1000


def left_words(seconds: float) -> str:
    """Seconds as a person says them: ``2 min 13 s``, ``1 h 5 min``."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


class Countdown(QWidget):
    """Icon and words; hidden while nothing is waited for.

    Parameters
    ----------
    clock:
        Wall time in seconds since 1970, for tests.
    """

    over = Signal()
    """The waiting has ended."""

    def __init__(self, clock: Callable[[], float] = time.time, *, wrap: bool = False) -> None:
        super().__init__()
        self._clock = clock
        self._until = 0.0
        self._words = ""
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._label = Label("", "body", wrap=wrap)
        row.addWidget(Icon("hourglass", 16, "info"))
        row.addWidget(self._label, 1)
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self.tick)
        self.hide()

    def count(self, until: float | None, words: str = "It goes on") -> None:
        """Count down to an instant (UTC seconds), or stop; ``words`` go before the time."""
        self._until, self._words = until or 0.0, words
        if until is None or until <= self._clock():
            self._timer.stop()
            self.hide()
            return
        at = datetime.fromtimestamp(until).astimezone().strftime("%H:%M:%S")
        # Spoken once; a name that changes every second would be read out every second.
        self.setAccessibleName(f"{words} at {at}")
        self._timer.start()
        self.show()
        self.tick()

    def text(self) -> str:
        """What is shown; empty while nothing is waited for."""
        return self._label.text() if self._timer.isActive() else ""

    def tick(self) -> None:
        """Renew the seconds; at the end hide and say so."""
        left = self._until - self._clock()
        if left <= 0:
            self._timer.stop()
            self.hide()
            self.over.emit()
            return
        at = datetime.fromtimestamp(self._until).astimezone().strftime("%H:%M:%S")
        self._label.setText(f"{self._words} at {at}, in {left_words(left)}.")
