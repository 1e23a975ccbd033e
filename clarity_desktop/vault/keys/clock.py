"""The clocks by which pauses between wrong passphrases are measured; tests bring their own."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final, Protocol

__all__ = ["Clock", "SystemClock"]

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class Clock(Protocol):
    """Time of day, time since the machine was started, and which start that was."""

    def wall(self) -> float:
        """Seconds since 1970-01-01T00:00Z; people can set it."""

    def uptime(self) -> float:
        """Seconds since the machine was started; nobody can set it."""

    def boot(self) -> str:
        """Identifier of this start of the machine, ``""`` where the system has none."""


class SystemClock:
    """The clocks of this machine."""

    def wall(self) -> float:
        """See :class:`Clock`."""
        return time.time()

    def uptime(self) -> float:
        """See :class:`Clock`; time asleep counts where the system can say it."""
        boottime = getattr(time, "CLOCK_BOOTTIME", None)
        return time.monotonic() if boottime is None else time.clock_gettime(boottime)

    def boot(self) -> str:
        """See :class:`Clock`."""
        try:
            return _BOOT_ID.read_text("ascii").strip()
        except OSError:
            return ""
