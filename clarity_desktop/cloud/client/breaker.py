"""A breaker: after failures in a row calls pause, then one probe decides (L-24, L-25)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from clarity_desktop.cloud.client.clock import Clock

__all__ = ["MOST_FAILURES", "PAUSE_S", "Breaker", "BreakerState"]

MOST_FAILURES: Final = 5
PAUSE_S: Final = 60.0


class BreakerState(StrEnum):
    """Whether calls pass."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"


@dataclass(slots=True)
class Breaker:
    """Counts failures in a row; used by one event loop.

    Timeouts, connection errors and 5xx are failures; other 4xx and cancellations are not.
    """

    clock: Clock
    most_failures: int = MOST_FAILURES
    pause_s: float = PAUSE_S
    failures: int = 0
    opened_at: float | None = None
    """Steady time at which it opened."""
    probing: bool = False
    changed: Callable[[BreakerState], None] | None = field(default=None, repr=False)
    """Told when it opens, and when it closes again; called in the event loop, so it must not wait."""

    @property
    def state(self) -> BreakerState:
        """What holds now."""
        if self.opened_at is None:
            return BreakerState.CLOSED
        return BreakerState.PROBING if self.probing else BreakerState.OPEN

    def wait_s(self) -> float:
        """Seconds until a call may pass; 0 when it may pass now."""
        if self.opened_at is None:
            return 0.0
        left = self.opened_at + self.pause_s - self.clock.steady()
        return max(left, self.pause_s / 60) if self.probing else max(left, 0.0)

    def enter(self) -> bool:
        """Ask to pass; answers whether this call may. The first one after the pause is the probe."""
        if self.opened_at is None:
            return True
        if self.probing or self.clock.steady() < self.opened_at + self.pause_s:
            return False
        self.probing = True
        return True

    def succeeded(self) -> None:
        """A call went well: all is forgotten."""
        was_open = self.opened_at is not None
        self.failures, self.opened_at, self.probing = 0, None, False
        if was_open and self.changed is not None:
            self.changed(BreakerState.CLOSED)

    def failed(self) -> None:
        """A call failed; opens at the limit, and again after a probe that failed."""
        self.failures += 1
        if self.probing or self.failures >= self.most_failures:
            self.opened_at, self.probing = self.clock.steady(), False
            if self.changed is not None:
                self.changed(BreakerState.OPEN)

    def left(self) -> None:
        """A call ended without telling anything, such as by a cancellation."""
        self.probing = False
