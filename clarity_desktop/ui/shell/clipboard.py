"""What is copied from the window leaves the clipboard after a minute and at the lock, while it is still ours (V-38)."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from typing import Final

from clarity_desktop.ui.qt import QByteArray, QClipboard, QGuiApplication, QMimeData, QObject, Qt, QTimer

__all__ = ["KEPT_S", "ClipboardGuard", "marked"]

KEPT_S: Final = 60
_MARK: Final = "application/x-clarity-desktop-copy"
_WINDOWS: Final = 'application/x-qt-windows-mime;value="{}"'
_NO: Final = QByteArray(b"\0\0\0\0")


def marked(data: QMimeData, mark: bytes, platform: str = sys.platform) -> QMimeData:
    """A copy of the data that history programs are asked to leave out, with a mark by which it is known again.

    KDE's Klipper, the clipboard history and cloud of Windows and the programs that follow nspasteboard.org leave such
    data out. Other clipboard programs keep what they have seen; nobody can take it from them.
    """
    copy = QMimeData()
    for form in data.formats():
        copy.setData(form, data.data(form))
    if data.hasText():
        copy.setText(data.text())
    if data.hasImage():
        copy.setImageData(data.imageData())
    copy.setData(_MARK, QByteArray(mark))
    copy.setData("x-kde-passwordManagerHint", QByteArray(b"secret"))
    if platform == "win32":
        copy.setData(_WINDOWS.format("ExcludeClipboardContentFromMonitorProcessing"), _NO)
        copy.setData(_WINDOWS.format("CanIncludeInClipboardHistory"), _NO)
        copy.setData(_WINDOWS.format("CanUploadToCloudClipboard"), _NO)
    if platform == "darwin":
        copy.setData("application/x-nspasteboard-concealed-type", QByteArray(b"1"))
    return copy


class ClipboardGuard(QObject):
    """Watches everything that is copied in this program, by whichever widget, while the vault is open.

    Parameters
    ----------
    is_ours:
        Whether this program filled the clipboard last; ``None`` asks the clipboard.
    """

    def __init__(self, parent: QObject | None = None, is_ours: Callable[[], bool] | None = None) -> None:
        super().__init__(parent)
        self._clipboard = QGuiApplication.clipboard()
        self._is_ours = is_ours or self._clipboard.ownsClipboard
        self._mark = b""
        self._on = False
        self._marking = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(KEPT_S * 1000)
        self._timer.timeout.connect(self.clear)
        self._clipboard.changed.connect(self._changed)

    @property
    def left_s(self) -> float:
        """Seconds until the clipboard is emptied; 0 when nothing of ours is on it."""
        return max(0, self._timer.remainingTime()) / 1000 if self._timer.isActive() else 0.0

    def start(self) -> None:
        """The vault is open: what is copied from now on is somebody's data."""
        self._on = True

    def stop(self) -> None:
        """The vault locks: take back what is still there."""
        self.clear()
        self._on = False

    def holds_ours(self) -> bool:
        """Whether the clipboard still holds what this program put there."""
        data = self._clipboard.mimeData()
        return bool(self._mark) and data is not None and bytes(data.data(_MARK).data()) == self._mark

    def clear(self) -> None:
        """Empty the clipboard, unless somebody has put something else there."""
        self._timer.stop()
        if self.holds_ours():
            self._marking = True
            self._clipboard.clear()
            self._marking = False
        self._mark = b""

    def _changed(self, mode: QClipboard.Mode) -> None:
        if mode != QClipboard.Mode.Clipboard or self._marking or not self._on:
            return
        data = self._clipboard.mimeData()
        if data is None or not data.formats() or not self._is_ours():
            # Another program's: it is theirs to keep.
            self._mark = b""
            self._timer.stop()
            return
        self._mark = secrets.token_bytes(16)
        self._marking = True
        self._clipboard.setMimeData(marked(data, self._mark))
        self._marking = False
        self._timer.start()
