"""A lock on a file that the system lets go of when its process ends, however it ends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

__all__ = ["FileLock"]


class FileLock:
    """An exclusive lock held through an open file.

    The file goes when the lock is released. One that a killed process has left is taken over, because the system let
    go of it.
    """

    def __init__(self, path: Path, handle: IO[bytes]) -> None:
        self._path = path
        self._handle: IO[bytes] | None = handle

    @classmethod
    def take(cls, path: Path) -> FileLock | None:
        """The lock, or ``None`` when somebody holds it; raises ``OSError`` where the file cannot be made."""
        while True:
            handle = os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR, 0o600), "r+b")
            if not _lock(handle):
                handle.close()
                return None
            # Whoever held it before may have removed the name meanwhile; then a file without a name is locked.
            try:
                same = os.fstat(handle.fileno()).st_ino == path.stat().st_ino
            except FileNotFoundError:
                same = False
            if same:
                return cls(path, handle)
            handle.close()

    def read(self) -> bytes:
        """What the file holds, from this or an earlier holder."""
        if self._handle is None:
            return b""
        self._handle.seek(0)
        return self._handle.read()

    def write(self, content: bytes) -> None:
        """Replace what the file holds."""
        if self._handle is not None:
            self._handle.seek(0)
            self._handle.truncate()
            self._handle.write(content)
            self._handle.flush()

    def release(self, *, keep_file: bool = False) -> None:
        """Let go, and remove the file unless ``keep_file``; a second call does nothing."""
        if self._handle is None:
            return
        handle, self._handle = self._handle, None
        if os.name == "nt":
            # Windows removes no file that is open.
            handle.close()
            if not keep_file:
                self._path.unlink(missing_ok=True)
            return
        if not keep_file:
            self._path.unlink(missing_ok=True)
        handle.close()


def _lock(handle: IO[bytes]) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            # A byte far beyond the content, because Windows lets nobody read a locked one.
            handle.seek(1 << 20)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(handle.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
