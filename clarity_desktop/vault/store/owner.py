"""Who writes to a vault: the first process that opens it, until it closes it or ends; everybody else reads."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clarity_desktop.domain.errors import OccupiedError
from clarity_desktop.domain.time import Instant, format_instant
from clarity_desktop.vault.store.filelock import FileLock
from clarity_desktop.vault.store.layout import VaultLayout

__all__ = ["Owner", "Ownership"]

_READ_AGAIN_S: Final = 0.02
_READ_TRIES: Final = 10


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has a vault open for writing."""

    who: str
    pid: int
    host: str
    started: Instant
    token_sha256: str


@dataclass(slots=True)
class _Held:
    """The lock of one vault in this process, and how many open vaults share it."""

    lock: FileLock
    token: str
    count: int


_held: dict[Path, _Held] = {}
_guard = threading.Lock()


class Ownership:
    """The right to write to one vault, or the knowledge of who has it.

    The lock file names user, process, host and start. The system lets go of the lock when the process ends, however it
    ends, so a killed owner is recognised at once. A lock of another host is believed: whether its process lives cannot
    be seen from here. A process started by the owner takes part with a token that it got by pipe.

    Attributes
    ----------
    token:
        For processes that this one starts; empty when this one does not own the vault.
    other:
        Who owns the vault, when that is somebody else.
    """

    def __init__(self, path: Path, token: str, other: Owner | None, *, shared: bool) -> None:
        self._path = path
        self._shared = shared
        self.token = token
        self.other = other

    @classmethod
    def claim(cls, layout: VaultLayout, who: str, token: str | None = None, *, take_over: bool = False) -> Ownership:
        """Become the owner, take part in an ownership, or learn who the owner is.

        Parameters
        ----------
        token:
            The owner's, in a process that the owner started.
        take_over:
            Do not believe a lock of another host.
        """
        path = layout.owner.resolve()
        with _guard:
            held = _held.get(path)
            if held is not None:
                held.count += 1
                return cls(path, held.token, None, shared=True)
            lock = FileLock.take(path)
            if lock is None:
                return cls(path, *_taken_part(path, token), shared=False)
            before = _parsed(lock.read())
            if before is not None and before.host != socket.gethostname() and not take_over:
                lock.release(keep_file=True)
                return cls(path, "", before, shared=False)
            new = secrets.token_hex(16)
            document = {
                "who": who,
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "started": int(time.time()),
                "token_sha256": _digest(new),
            }
            lock.write(json.dumps(document).encode())
            _held[path] = _Held(lock, new, 1)
            return cls(path, new, None, shared=True)

    def release(self) -> None:
        """Let others write, when nothing in this process has the vault open any more; a second call does nothing."""
        if not self._shared:
            return
        self._shared = False
        with _guard:
            held = _held.get(self._path)
            if held is None:
                return
            held.count -= 1
            if held.count == 0:
                del _held[self._path]
                held.lock.release()

    def occupied(self) -> OccupiedError:
        """What somebody is told who wants to write and may not."""
        other = self.other
        where = "" if other is None else f" by {other.who} on {other.host} since {format_instant(other.started)}"
        return OccupiedError(
            "vault.occupied",
            f"The vault is open{where}, so here it can be read and not changed.",
            remedy="Do it there, or close it there first. After a crash of another computer: vault take-over",
            detail="" if other is None else f"pid {other.pid}",
        )


def _taken_part(path: Path, token: str | None) -> tuple[str, Owner | None]:
    """``(token, None)`` when the lock's holder has given us its token, else ``("", holder)``."""
    owner: Owner | None = None
    for _ in range(_READ_TRIES):
        try:
            owner = _parsed(path.read_bytes())
        except OSError:
            owner = None
        if owner is not None:
            break
        # The holder has the lock and is about to write who it is.
        time.sleep(_READ_AGAIN_S)
    if owner is None:
        return "", Owner("somebody", 0, "this computer", int(time.time()), "")
    if token is not None and hmac.compare_digest(_digest(token), owner.token_sha256):
        return token, None
    return "", owner


def _parsed(raw: bytes) -> Owner | None:
    try:
        document = json.loads(raw)
        return Owner(
            str(document["who"]),
            int(document["pid"]),
            str(document["host"]),
            int(document["started"]),
            str(document["token_sha256"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
