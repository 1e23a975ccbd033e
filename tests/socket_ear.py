"""Hears every connection that this process opens, from the interpreter's own audit events."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["listening"]

_EVENTS = frozenset({"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "socket.sendmsg"})
_WATCH: list[str] | None = None


def _hear(event: str, _: Any) -> None:
    if _WATCH is not None and event in _EVENTS:
        _WATCH.append(f"{event} on {threading.current_thread().name}")


# A hook cannot be taken away again; it hears only where somebody listens.
sys.addaudithook(_hear)


@contextmanager
def listening() -> Iterator[list[str]]:
    """What the whole process does on sockets meanwhile."""
    global _WATCH
    _WATCH = heard = []
    try:
        yield heard
    finally:
        _WATCH = None
