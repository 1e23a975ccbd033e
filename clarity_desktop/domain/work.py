"""Progress and cancellation, passed into every function that may take long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from clarity_desktop.domain.errors import CancelledError

__all__ = ["CancelToken", "CancelWay", "Progress", "ProgressListener", "ignore_progress"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a piece of work is.

    ``done`` and ``total`` share ``unit`` (``bytes``, ``records``, ``days`` …); ``total`` is ``None`` when unknown.
    ``step`` is a short phrase for a person, such as ``Reading records``.
    """

    step: str
    done: float
    total: float | None = None
    unit: str = ""
    note: str = ""

    @property
    def share(self) -> float | None:
        """Share done, 0…1, or ``None`` when the total is unknown."""
        if self.total is None or self.total <= 0:
            return None
        return min(1.0, self.done / self.total)


ProgressListener = Callable[[Progress], None]


def ignore_progress(progress: Progress) -> None:
    """A listener for callers that do not show progress."""
    del progress


class CancelWay(StrEnum):
    """What becomes of the part that is done when work is stopped."""

    DISCARD = "discard"
    """Everything is as before."""
    KEEP = "keep"
    """The finished part stays."""
    PAUSE = "pause"
    """Nothing is visible yet; the work can be taken up again where it was."""


class CancelToken:
    """A flag that the caller raises and the worker checks between small steps."""

    __slots__ = ("_event", "_way")

    def __init__(self, way: CancelWay = CancelWay.DISCARD) -> None:
        self._event = threading.Event()
        self._way = way

    def cancel(self, way: CancelWay | None = None) -> None:
        """Ask the work to stop at its next check, in the token's way or another.

        Work that cannot stop in that way leaves nothing behind.
        """
        self._way = way or self._way
        self._event.set()

    @property
    def way(self) -> CancelWay:
        """What is to become of what is done already."""
        return self._way

    @property
    def cancelled(self) -> bool:
        """Whether the work was asked to stop."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise :class:`CancelledError` if the work was asked to stop."""
        if self._event.is_set():
            raise CancelledError()
