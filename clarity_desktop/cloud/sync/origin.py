"""Which workstation and session an upload comes from, so that two copies of one vault notice each other (Y-44)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from clarity_desktop.domain.time import Instant

__all__ = ["ORIGIN", "Origin"]

ORIGIN: Final = "origin"
"""Name beside the packed text."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What this workstation knows of its own sessions. What travels of it names no machine and nobody.

    A disk image that is started twice has one device id on two machines; from then on each of them begins sessions that
    the other never had.
    """

    device: str
    """Random id of the workstation; only a hash of it travels."""
    session: str
    """Random mark of the session that runs."""
    began: Instant
    known: frozenset[str]
    """Marks of the sessions that this workstation had."""
    since: Instant
    """When the first of them began; nothing older is judged."""
    is_new: bool = False
    """Whether this session has not looked yet for what a twin may have sent."""

    @property
    def _mark(self) -> str:
        return hashlib.sha256(self.device.encode()).hexdigest()[:16]

    def document(self) -> dict[str, Any]:
        """As it travels."""
        return {"device": self._mark, "session": self.session, "began": self.began}

    def is_doubled(self, document: Any) -> bool:
        """Whether something at the server comes from a session under this device's id that this device never had."""
        if not isinstance(document, Mapping) or document.get("device") != self._mark:
            return False
        session, began = document.get("session"), document.get("began")
        if not isinstance(session, str) or not isinstance(began, (int, float)):
            return False
        return began >= self.since and session != self.session and session not in self.known
