"""Own limits below the server's, kept over restarts and clocks set back (L-27, Y-31)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from clarity_desktop.cloud.client.clock import Clock

__all__ = ["LIMITS", "Bucket", "BucketStore", "Buckets"]

HOUR_S: Final = 3600.0
LIMITS: Final[Mapping[str, tuple[int, float]]] = {
    "upload": (90, HOUR_S),
    "pat": (18, HOUR_S),
    "login": (8, 60.0),
    "register": (4, HOUR_S),
    "insight": (45, HOUR_S),
    "read": (200, 60.0),
}
"""Calls and seconds of each window (clarity-api §6, "we use")."""


class BucketStore(Protocol):
    """Where buckets are kept between runs."""

    def load(self, name: str) -> tuple[float, ...]:
        """Wall times of the calls of the last window."""

    def save(self, name: str, times: tuple[float, ...]) -> None:
        """Keep them."""


class _InMemory:
    def __init__(self) -> None:
        self._times: dict[str, tuple[float, ...]] = {}

    def load(self, name: str) -> tuple[float, ...]:
        return self._times.get(name, ())

    def save(self, name: str, times: tuple[float, ...]) -> None:
        self._times[name] = times


@dataclass(slots=True)
class Bucket:
    """A sliding window: never more than ``most`` calls in any ``window_s`` seconds, whatever the clock does."""

    name: str
    most: int
    window_s: float
    clock: Clock
    store: BucketStore
    blocked_until: float = 0.0
    """Steady time before which nothing passes, after a 429."""

    def wait_s(self) -> float:
        """Seconds until the next call may pass."""
        times, now = self._times(), self.clock.now()
        full = times[-self.most] + self.window_s - now if len(times) >= self.most else 0.0
        return max(full, self.blocked_until - self.clock.steady(), 0.0)

    def take(self) -> bool:
        """Count a call if it may pass now; answers whether it may."""
        if self.wait_s() > 0:
            return False
        self.store.save(self.name, (*self._times(), self.clock.now())[-self.most :])
        return True

    def empty(self, seconds: float) -> None:
        """Let nothing pass for a while: the server has asked to wait."""
        self.blocked_until = max(self.blocked_until, self.clock.steady() + seconds)

    def used(self) -> int:
        """Calls in the window that ends now."""
        return len(self._times())

    def _times(self) -> tuple[float, ...]:
        now = self.clock.now()
        # A time in the future was written before the clock was set back; it counts as now, not as for ever.
        return tuple(min(at, now) for at in self.store.load(self.name) if now - at < self.window_s)


class Buckets:
    """The buckets of one account at one server."""

    def __init__(self, clock: Clock, store: BucketStore | None = None, account: str = "") -> None:
        self._clock, self._store, self._account = clock, store or _InMemory(), account
        self._buckets: dict[str, Bucket] = {}

    def __getitem__(self, name: str) -> Bucket:
        if name not in self._buckets:
            most, window_s = LIMITS[name]
            key = f"{self._account}/{name}"
            self._buckets[name] = Bucket(key, most, window_s, self._clock, self._store)
        return self._buckets[name]
