"""When the operating system locks, sleeps, switches users or closes the lid: one signal, whatever the platform."""

from __future__ import annotations

import sys

from clarity_desktop.ui.qt import QObject, QWidget, Signal

__all__ = ["SessionWatch"]


class SessionWatch(QObject):
    """Asks the platform to be told. Where it has no way to tell, only the idle clock locks.

    Linux: logind, UPower and the screen saver over D-Bus, with a delay of sleep until the vault is locked. Windows:
    session and power messages of the window. macOS: the notifications of the locked screen and the screen saver.
    """

    lock_wanted = Signal(str)
    """Why, in words for the unlock screen."""
    woke = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._platform: QObject | None = None

    @property
    def heard(self) -> tuple[str, ...]:
        """What is listened to; empty before :meth:`start` and where the platform tells nothing."""
        return tuple(getattr(self._platform, "heard", ()))

    def start(self) -> None:
        """Begin to listen; loads what the platform needs, so call it after the first paint."""
        if self._platform is not None:
            return
        if sys.platform == "win32":
            from clarity_desktop.ui.shell.session_windows import SessionMessages

            self.listen_to(SessionMessages(int(self._window.winId()), self))
        elif sys.platform == "darwin":
            from clarity_desktop.ui.shell.session_mac import SessionNotifications

            self.listen_to(SessionNotifications(self))
        else:
            from clarity_desktop.ui.qt import QDBusConnection
            from clarity_desktop.ui.shell.session_bus import SessionBus

            self.listen_to(SessionBus(QDBusConnection.systemBus(), QDBusConnection.sessionBus(), self))

    def listen_to(self, platform: QObject) -> None:
        """Pass on what an object of one platform tells."""
        self._platform = platform
        platform.setParent(self)
        platform.lock_wanted.connect(self.lock_wanted)  # type: ignore[attr-defined]  # each platform has both signals
        platform.woke.connect(self.woke)  # type: ignore[attr-defined]

    def delay_sleep(self) -> None:
        """While the vault is open: let sleep wait for the lock, where the platform can."""
        delay = getattr(self._platform, "delay_sleep", None)
        if delay is not None:
            delay()

    def let_sleep(self) -> None:
        """The vault is locked: sleep need not wait."""
        let = getattr(self._platform, "let_sleep", None)
        if let is not None:
            let()
