"""Keeping the window out of screenshots and screen sharing, where the platform has a way to ask for it (V-39)."""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
from collections.abc import Callable
from typing import Any, Final

from clarity_desktop.ui.qt import QObject, QTimer, QWidget, Signal

__all__ = ["LIFTED_MIN", "ScreenCapture", "exclusion_of"]

LIFTED_MIN: Final = 15
_EXCLUDE: Final = 0x11
"""WDA_EXCLUDEFROMCAPTURE; 0 is WDA_NONE."""


def exclusion_of(platform: str = sys.platform) -> Callable[[int, bool], bool] | None:
    """What excludes a window by its native handle, answering whether it did; ``None`` where there is no way."""
    return {"win32": _on_windows, "darwin": _on_mac}.get(platform)


def _on_windows(window: int, excluded: bool) -> bool:
    libraries: Any = getattr(ctypes, "windll")  # noqa: B009 - there is no such name on other platforms
    return bool(libraries.user32.SetWindowDisplayAffinity(ctypes.c_void_p(window), _EXCLUDE if excluded else 0))


def _on_mac(view: int, excluded: bool) -> bool:
    """``[[view window] setSharingType:]``: 0 is none, 1 is read-only, which is the default."""
    path = ctypes.util.find_library("objc")
    if path is None:
        return False
    objc = ctypes.CDLL(path)
    objc.sel_registerName.restype = ctypes.c_void_p
    objc.sel_registerName.argtypes = (ctypes.c_char_p,)
    address = ctypes.cast(objc.objc_msgSend, ctypes.c_void_p).value or 0
    ask = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(address)
    tell = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ulong)(address)
    window = ask(view, objc.sel_registerName(b"window"))
    if not window:
        return False
    tell(window, objc.sel_registerName(b"setSharingType:"), 0 if excluded else 1)
    return True


class ScreenCapture(QObject):
    """The exclusion of one window, and its lifting for a quarter of an hour.

    Parameters
    ----------
    exclude:
        As :func:`exclusion_of` answers it.
    """

    changed = Signal()

    def __init__(self, window: QWidget, exclude: Callable[[int, bool], bool] | None) -> None:
        super().__init__(window)
        self._window = window
        self._exclude = exclude
        self._wanted = False
        self.is_excluded = False
        self._back = QTimer(self)
        self._back.setSingleShot(True)
        self._back.setInterval(LIFTED_MIN * 60_000)
        self._back.timeout.connect(self.restore)

    @property
    def is_available(self) -> bool:
        """Whether this platform has a way."""
        return self._exclude is not None

    @property
    def is_lifted(self) -> bool:
        """Whether the exclusion is lifted for the moment."""
        return self._back.isActive()

    def want(self, wanted: bool) -> None:
        """Follow the setting."""
        self._wanted = wanted
        self._apply()

    def lift(self) -> None:
        """Let the window be captured for 15 minutes. The reason is in the audit before this is called."""
        self._back.start()
        self._apply()

    def restore(self) -> None:
        """End the lifting."""
        self._back.stop()
        self._apply()

    def _apply(self) -> None:
        if self._exclude is None:
            return
        excluded = self._wanted and not self.is_lifted
        if excluded != self.is_excluded and self._exclude(int(self._window.winId()), excluded):
            self.is_excluded = excluded
            self.changed.emit()
