"""What macOS says of the screen: the distributed notifications of its lock and of its screen saver."""

from __future__ import annotations

import ctypes
import ctypes.util
from typing import Any, Final

from clarity_desktop.ui.qt import QObject, Signal

__all__ = ["SessionNotifications"]

_UTF8: Final = 0x08000100
_AT_ONCE: Final = 4
"""CFNotificationSuspensionBehaviorDeliverImmediately."""
_NAMES: Final = ("com.apple.screenIsLocked", "com.apple.screensaver.didstart", "com.apple.sessionDidMoveOffConsole")


class SessionNotifications(QObject):
    """Listens through Core Foundation, whose centre calls on the thread of the window.

    Sleep has no distributed notification: with the usual setting that a password is asked for after sleep the screen
    locks, and that is heard; without it the idle clock locks on waking when its time is over.
    """

    lock_wanted = Signal(str)
    woke = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.heard: list[str] = []
        path = ctypes.util.find_library("CoreFoundation")
        if path is None:
            return
        foundation = ctypes.CDLL(path)
        foundation.CFNotificationCenterGetDistributedCenter.restype = ctypes.c_void_p
        foundation.CFStringCreateWithCString.restype = ctypes.c_void_p
        foundation.CFStringCreateWithCString.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint32)
        kind = ctypes.CFUNCTYPE(
            None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p
        )

        def locked(*_: Any) -> None:
            self.lock_wanted.emit("The screen was locked.")

        # Kept, because the centre holds no reference to it.
        self._call = kind(locked)
        add = foundation.CFNotificationCenterAddObserver
        add.restype = None
        add.argtypes = (ctypes.c_void_p, ctypes.c_void_p, kind, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long)
        centre = foundation.CFNotificationCenterGetDistributedCenter()
        for name in _NAMES:
            add(
                centre,
                None,
                self._call,
                foundation.CFStringCreateWithCString(None, name.encode(), _UTF8),
                None,
                _AT_ONCE,
            )
            self.heard.append(name)
