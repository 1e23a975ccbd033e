"""One window for one home folder: a second start by the same account raises the first and ends (V-70).

The first window listens on a local socket that only its own account can open, and leaves the socket's name with a
random token in a file that only its own account can read. Whoever cannot give the token is not answered.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from pathlib import Path
from typing import Final

from clarity_desktop.ui.qt import QLocalServer, QLocalSocket, QObject, Signal

__all__ = ["SingleInstance", "call_first"]

_FILE: Final = "window.json"
_SOCKET: Final = "window.sock"
_LONGEST_PATH: Final = 100
"""Bytes; a socket's path has 108 on Linux and 104 on macOS, with the end mark."""
_WAIT_MS: Final = 1500
_MOST_BYTES: Final = 4096
_ANSWER: Final = b"raised\n"


def call_first(home: Path, patient: str | None = None, page: str | None = None) -> bool:
    """Ask the window that is open over this home to come to the front; false when there is none.

    Blocks for at most a few seconds; call it before a window is made.

    Parameters
    ----------
    patient, page:
        Where that window should go, if its vault is open.
    """
    try:
        kept = json.loads((home / "state" / _FILE).read_text("utf-8"))
        name, token = str(kept["socket"]), str(kept["token"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    socket = QLocalSocket()
    socket.connectToServer(name)
    if not socket.waitForConnected(_WAIT_MS):
        return False
    socket.write(json.dumps({"token": token, "patient": patient, "page": page}).encode() + b"\n")
    if not socket.waitForBytesWritten(_WAIT_MS):
        return False
    while not socket.canReadLine():
        if not socket.waitForReadyRead(_WAIT_MS):
            return False
    return bytes(socket.readLine().data()) == _ANSWER


class SingleInstance(QObject):
    """The listening end."""

    called = Signal(object, object)
    """Somebody of this account started the program again: the person and the page that were asked for, or ``None``."""

    def __init__(self, home: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = home / "state"
        self._token = secrets.token_hex(32)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._connected)

    @property
    def is_listening(self) -> bool:
        """Whether a second start would find this one."""
        return self._server.isListening()

    def listen(self) -> bool:
        """Begin; a socket that a killed window has left is removed. False when the system lets nobody listen."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = self._name()
        QLocalServer.removeServer(name)
        if not self._server.listen(name):
            return False
        kept = {"socket": self._server.fullServerName(), "token": self._token, "pid": os.getpid()}
        path = self._folder / _FILE
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(kept, stream)
        return True

    def close(self) -> None:
        """Stop listening and leave nothing behind."""
        if self._server.isListening():
            self._server.close()
            (self._folder / _FILE).unlink(missing_ok=True)

    def _name(self) -> str:
        path = self._folder / _SOCKET
        if os.name == "posix" and len(os.fsencode(path)) <= _LONGEST_PATH:
            return str(path)
        # Windows has names instead of paths. Where the path is too long the system's own place is taken; the name
        # cannot be foreseen, and only the file above tells it.
        return f"clarity-desktop-{secrets.token_hex(8)}"

    def _connected(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(lambda socket=socket: self._read(socket))
            socket.disconnected.connect(socket.deleteLater)

    def _read(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > _MOST_BYTES:
                socket.abort()
            return
        asked = _parsed(bytes(socket.readLine(_MOST_BYTES).data()))
        if asked is None or not hmac.compare_digest(str(asked.get("token")).encode(), self._token.encode()):
            socket.abort()
            return
        socket.write(_ANSWER)
        socket.flush()
        patient, page = asked.get("patient"), asked.get("page")
        self.called.emit(patient if isinstance(patient, str) else None, page if isinstance(page, str) else None)


def _parsed(line: bytes) -> dict[str, object] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
