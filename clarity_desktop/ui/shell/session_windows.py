"""What Windows says of the session and of power, as messages to the window."""

from __future__ import annotations

import ctypes
import uuid
from typing import Any, Final

from clarity_desktop.ui.qt import QAbstractNativeEventFilter, QByteArray, QCoreApplication, QObject, Signal

__all__ = ["WOKE", "SessionMessages", "lid_is_closed", "reason_of"]

WM_POWERBROADCAST: Final = 0x0218
WM_WTSSESSION_CHANGE: Final = 0x02B1
_SUSPEND: Final = 0x0004
_RESUME: Final = 0x0012
_SETTING: Final = 0x8013
_LID: Final = uuid.UUID("BA3E0F4D-B817-4094-A2D1-D56379E6A0F3").bytes_le
"""GUID_LIDSWITCH_STATE_CHANGE; its data is 0 for closed."""
_SESSION: Final = {
    0x2: "Another user came to the screen.",
    0x4: "The remote session was left.",
    0x7: "The screen was locked.",
}
"""WTS_CONSOLE_DISCONNECT, WTS_REMOTE_DISCONNECT and WTS_SESSION_LOCK."""
WOKE: Final = "woke"


def reason_of(message: int, what: int, lid_closed: bool = False) -> str:
    """Why a message asks for the lock, :data:`WOKE` after sleep, or nothing.

    Parameters
    ----------
    message, what:
        Number and ``wParam`` of the message.
    lid_closed:
        What :func:`lid_is_closed` found behind its ``lParam``.
    """
    if message == WM_WTSSESSION_CHANGE:
        return _SESSION.get(what, "")
    if message != WM_POWERBROADCAST:
        return ""
    if what == _SUSPEND:
        return "The computer went to sleep."
    if what == _SETTING and lid_closed:
        return "The lid was closed."
    return WOKE if what == _RESUME else ""


def lid_is_closed(setting: bytes) -> bool:
    """Whether a ``POWERBROADCAST_SETTING`` (GUID, length, data) says that the lid is closed."""
    return setting[:16] == _LID and int.from_bytes(setting[20:24], "little") == 0


class _Message(ctypes.Structure):
    """The beginning of ``MSG``."""

    _fields_ = (
        ("window", ctypes.c_void_p),
        ("message", ctypes.c_uint),
        ("what", ctypes.c_size_t),
        ("more", ctypes.c_void_p),
    )


class _Filter(QAbstractNativeEventFilter):
    def __init__(self, home: SessionMessages) -> None:
        super().__init__()
        self._home = home

    def nativeEventFilter(self, kind: QByteArray | bytes | bytearray | memoryview, message: int) -> Any:
        name = kind.data() if isinstance(kind, QByteArray) else kind
        if bytes(name) in (b"windows_generic_MSG", b"windows_dispatcher_MSG"):
            found = _Message.from_address(int(message))
            closed = (
                found.message == WM_POWERBROADCAST
                and found.what == _SETTING
                and bool(found.more)
                and lid_is_closed(ctypes.string_at(found.more, 24))
            )
            self._home.take(reason_of(found.message, found.what, closed))
        return False, 0


class SessionMessages(QObject):
    """Registers the window for messages of the session and of the lid; those of sleep come to every window.

    Parameters
    ----------
    window:
        Its native handle.
    """

    lock_wanted = Signal(str)
    woke = Signal()

    def __init__(self, window: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.heard = ["WM_POWERBROADCAST"]
        libraries: Any = getattr(ctypes, "windll")  # noqa: B009 - there is no such name on other platforms
        handle = ctypes.c_void_p(window)
        if libraries.wtsapi32.WTSRegisterSessionNotification(handle, 0):
            self.heard.append("WM_WTSSESSION_CHANGE")
        lid = (ctypes.c_ubyte * 16).from_buffer_copy(_LID)
        if libraries.user32.RegisterPowerSettingNotification(handle, ctypes.byref(lid), 0):
            self.heard.append("GUID_LIDSWITCH_STATE_CHANGE")
        self._filter = _Filter(self)
        application = QCoreApplication.instance()
        if application is not None:
            application.installNativeEventFilter(self._filter)

    def take(self, reason: str) -> None:
        """Tell what a message came to."""
        if reason == WOKE:
            self.woke.emit()
        elif reason:
            self.lock_wanted.emit(reason)
