"""Time as the client sees it, so that tests need not wait for it."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """Wall time, a steady time, sleep, and chance."""

    def now(self) -> float:
        """Seconds since 1970, UTC."""

    def steady(self) -> float:
        """Seconds that never go back."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    def jitter(self, seconds: float, share: float) -> float:
        """The seconds, changed by chance by at most this share."""


class SystemClock:
    """The clock of the machine."""

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        return time.time()

    def steady(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    def jitter(self, seconds: float, share: float) -> float:
        """The seconds, changed by chance by at most this share."""
        return seconds * random.uniform(1 - share, 1 + share)
