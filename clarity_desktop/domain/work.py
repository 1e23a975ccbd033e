"""Progress and cancellation, passed into every function that may take long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from clarity_desktop.domain.errors import CancelledError

__all__ = ["CancelToken", "Progress", "ProgressListener", "ignore_progress"]


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


class CancelToken:
    """A flag that the caller raises and the worker checks between small steps."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop at its next check."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether the work was asked to stop."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise :class:`CancelledError` if the work was asked to stop."""
        if self._event.is_set():
            raise CancelledError()
