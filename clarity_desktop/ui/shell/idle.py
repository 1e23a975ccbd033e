"""The idle clock: mouse, keys and a presentation hold count as use of the window; running jobs do not (V-17)."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from clarity_desktop.ui.qt import QEvent, QObject, QPointF, QTimer, QWindow, Signal

__all__ = ["HOLD_MIN", "IdleClock", "IdleGuard", "IdleState", "seconds_awake"]

HOLD_MIN: Final = 60
"""Minutes after which a presentation hold ends by itself."""
_WARN_S: Final = 30.0
_LEAST_CHECK_MS: Final = 200
_ACTIVITY: Final = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
        QEvent.Type.TouchUpdate,
        QEvent.Type.TabletPress,
        QEvent.Type.TabletMove,
    }
)


def seconds_awake() -> float:
    """Seconds of a clock that nobody can set back and that goes on while the computer sleeps, where there is one."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class IdleState(StrEnum):
    """What the idle clock says."""

    IN_USE = "in_use"
    WARNING = "warning"
    OVER = "over"


class IdleClock:
    """Counts from the last use. Knows nothing of windows.

    Parameters
    ----------
    now:
        Seconds of a clock that only goes forward.
    """

    def __init__(self, now: Callable[[], float] = seconds_awake) -> None:
        self._now = now
        self._limit_s = 600.0
        self._used = now()
        self._held_until = 0.0

    def set_limit_min(self, minutes: int) -> None:
        """Lock after so many minutes."""
        self._limit_s = minutes * 60.0

    def touch(self) -> None:
        """Somebody used the window."""
        self._used = self._now()

    def hold(self, minutes: int = HOLD_MIN) -> None:
        """A presentation counts as use for so many minutes."""
        self._held_until = self._now() + minutes * 60.0

    def end_hold(self) -> None:
        """The presentation is over; it was use until now."""
        if self.held_s > 0:
            self.touch()
        self._held_until = 0.0

    @property
    def held_s(self) -> float:
        """Seconds that a hold still lasts; 0 without one."""
        return max(0.0, self._held_until - self._now())

    @property
    def left_s(self) -> float:
        """Seconds until the lock; 0 when it is due."""
        since = max(self._used, min(self._held_until, self._now()))
        return max(0.0, since + self._limit_s - self._now())

    @property
    def state(self) -> IdleState:
        """Whether to go on, to warn, or to lock."""
        left = self.left_s
        if left <= 0:
            return IdleState.OVER
        return IdleState.WARNING if left <= min(_WARN_S, self._limit_s / 2) else IdleState.IN_USE

    @property
    def next_look_s(self) -> float:
        """Seconds until the state can change at the earliest."""
        left = self.left_s
        warn = min(_WARN_S, self._limit_s / 2)
        return 1.0 if left <= warn else left - warn + self.held_s


class IdleGuard(QObject):
    """Feeds the clock with what windows of the program get from mouse and keys, and tells when it is time.

    It watches the native windows, which see each key and each move of the mouse once, and none of the many events
    that widgets send each other.
    """

    warned = Signal(int)
    """The vault locks in so many seconds; again each second."""
    relieved = Signal()
    """Somebody used the window after a warning."""
    expired = Signal()
    """It is time to lock."""

    def __init__(self, clock: IdleClock | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.clock = clock or IdleClock()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.check)
        self._running = False
        self._warning = False
        self._pointer = QPointF()

    @property
    def is_running(self) -> bool:
        """Whether the clock counts."""
        return self._running

    def watch(self, window: QWindow | None) -> None:
        """Take mouse and keys of a window as use; menus and dialogs of the system are windows of their own."""
        if window is not None:
            window.removeEventFilter(self)
            window.installEventFilter(self)

    def start(self) -> None:
        """Begin to count: the vault is open."""
        self._running, self._warning = True, False
        self.clock.touch()
        self._schedule()

    def stop(self) -> None:
        """The vault is locked."""
        self._running = False
        self.clock.end_hold()
        self._timer.stop()
        self._relieve()

    def used(self) -> None:
        """Somebody used the window."""
        self.clock.touch()
        if self._warning:
            self._relieve()
            self._schedule()

    def check(self) -> None:
        """Look at the clock now, and say what it says."""
        if not self._running:
            return
        state = self.clock.state
        if state is IdleState.OVER:
            self.stop()
            self.expired.emit()
            return
        if state is IdleState.WARNING:
            self._warning = True
            self.warned.emit(max(1, round(self.clock.left_s)))
        else:
            self._relieve()
        self._schedule()

    def _relieve(self) -> None:
        if self._warning:
            self._warning = False
            self.relieved.emit()

    def _schedule(self) -> None:
        if self._running:
            self._timer.start(max(_LEAST_CHECK_MS, round(self.clock.next_look_s * 1000)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind in _ACTIVITY and self._running:
            if kind == QEvent.Type.MouseMove:
                # A window that appears under a still pointer is told of a move as well.
                place = getattr(event, "globalPosition", QPointF)()
                if place == self._pointer:
                    return False
                self._pointer = place
            self.used()
        return False
