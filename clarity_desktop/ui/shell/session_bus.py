"""What a Linux session says over D-Bus: lock, screen saver, user switch, sleep and lid; and the delay of sleep."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, cast

from clarity_desktop.ui.qt import (
    SLOT,
    QDBusConnection,
    QDBusMessage,
    QDBusPendingCallWatcher,
    QDBusUnixFileDescriptor,
    QObject,
    Signal,
    Slot,
)

__all__ = ["SessionBus"]

_LOGIN: Final = "org.freedesktop.login1"
_LOGIN_PATH: Final = "/org/freedesktop/login1"
_MANAGER: Final = "org.freedesktop.login1.Manager"
_SESSION: Final = "org.freedesktop.login1.Session"
_PROPERTIES: Final = "org.freedesktop.DBus.Properties"
_POWER: Final = "org.freedesktop.UPower"
_POWER_PATH: Final = "/org/freedesktop/UPower"
_SAVERS: Final = (
    ("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver"),
    ("org.freedesktop.ScreenSaver", "/ScreenSaver"),
    ("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver"),
)
_ANSWER_MS: Final = 3000
_POWER_SLOT: Final = "on_power(QString,QVariantMap,QStringList)"
_SESSION_SLOT: Final = "on_session(QString,QVariantMap,QStringList)"


class SessionBus(QObject):
    """Listens to logind and UPower on the system's bus and to the screen saver on the session's.

    A bus or a service that is not there says nothing; :attr:`heard` names those that are listened to. The interfaces
    are those of ``org.freedesktop.login1(5)``, the UPower reference and the idle inhibition and screen saver drafts of
    freedesktop.org.
    """

    lock_wanted = Signal(str)
    """Why, in words for the unlock screen."""
    woke = Signal()
    """The computer is awake again."""

    def __init__(self, system: QDBusConnection, session: QDBusConnection, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._system, self._session = system, session
        self._delay: QDBusUnixFileDescriptor | None = None
        self._wants_delay = False
        self.heard: list[str] = []
        if system.isConnected():
            self._listen(system, _LOGIN, _LOGIN_PATH, _MANAGER, "PrepareForSleep", "on_sleep(QDBusMessage)")
            self._listen(system, _POWER, _POWER_PATH, _PROPERTIES, "PropertiesChanged", _POWER_SLOT)
            # An empty id means the caller's own session.
            self._ask("GetSession", [os.environ.get("XDG_SESSION_ID", "")], self._found_session)
        if session.isConnected():
            for name, path in _SAVERS:
                self._listen(session, name, path, name, "ActiveChanged", "on_saver(QDBusMessage)")

    @property
    def holds_delay(self) -> bool:
        """Whether sleep waits for this program."""
        return self._delay is not None

    def delay_sleep(self) -> None:
        """Ask that sleep waits until :meth:`let_sleep`, by default at most five seconds, so that locking can end."""
        self._wants_delay = True
        if self._delay is not None or not self._system.isConnected():
            return
        self._ask("Inhibit", ["sleep", "Clarity Desktop", "The vault is locked before sleep", "delay"], self._got_delay)

    def let_sleep(self) -> None:
        """Let sleep go on."""
        self._wants_delay = False
        # The descriptor closes with its last owner, and that ends the delay.
        self._delay = None

    def _listen(self, bus: QDBusConnection, service: str, path: str, interface: str, name: str, slot: str) -> None:
        # The stub asks for bytes; the binding takes the text that SLOT makes.
        if bus.connect(service, path, interface, name, self, cast("Any", SLOT(slot))):
            self.heard.append(f"{interface}.{name}")

    def _ask(self, method: str, arguments: list[str], answered: Callable[[QDBusMessage], None]) -> None:
        ask = QDBusMessage.createMethodCall(_LOGIN, _LOGIN_PATH, _MANAGER, method)
        ask.setArguments(arguments)
        watcher = QDBusPendingCallWatcher(self._system.asyncCall(ask, _ANSWER_MS), self)

        def arrived() -> None:
            # An error means that there is no such service here, which is a system without logind.
            if not watcher.isError():
                answered(watcher.reply())
            watcher.deleteLater()

        watcher.finished.connect(arrived)

    def _found_session(self, reply: QDBusMessage) -> None:
        path = getattr(reply.arguments()[0], "path", lambda: "")()
        if path:
            self._listen(self._system, _LOGIN, path, _SESSION, "Lock", "on_lock(QDBusMessage)")
            self._listen(self._system, _LOGIN, path, _PROPERTIES, "PropertiesChanged", _SESSION_SLOT)

    def _got_delay(self, reply: QDBusMessage) -> None:
        descriptor = reply.arguments()[0]
        if self._wants_delay and isinstance(descriptor, QDBusUnixFileDescriptor):
            self._delay = descriptor

    @Slot("QDBusMessage")
    def on_sleep(self, message: QDBusMessage) -> None:
        """``PrepareForSleep``: true before the computer sleeps, false when it is awake again."""
        if message.arguments()[0] is True:
            self.lock_wanted.emit("The computer went to sleep.")
        else:
            self.woke.emit()

    @Slot("QDBusMessage")
    def on_lock(self, _message: QDBusMessage) -> None:
        """``Lock`` of the own session."""
        self.lock_wanted.emit("The screen was locked.")

    @Slot(str, "QVariantMap", "QStringList")
    def on_session(self, _interface: str, changed: dict[str, Any], _unknown: list[str]) -> None:
        """Properties of the own session: another user's came to the front, or the desktop says it is locked."""
        if changed.get("Active") is False:
            self.lock_wanted.emit("Another user came to the screen.")
        elif changed.get("LockedHint") is True:
            self.lock_wanted.emit("The screen was locked.")

    @Slot(str, "QVariantMap", "QStringList")
    def on_power(self, _interface: str, changed: dict[str, Any], _unknown: list[str]) -> None:
        """Properties of UPower: the lid."""
        if changed.get("LidIsClosed") is True:
            self.lock_wanted.emit("The lid was closed.")

    @Slot("QDBusMessage")
    def on_saver(self, message: QDBusMessage) -> None:
        """``ActiveChanged`` of the screen saver."""
        if message.arguments()[0] is True:
            self.lock_wanted.emit("The screen was locked.")
