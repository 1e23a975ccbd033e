"""Counts of calls by server, kept on this machine alone: how many, how long, how many came to nothing (L-47)."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from clarity_desktop.domain.conditions import CallFigures

if TYPE_CHECKING:
    from clarity_desktop.cloud.client import CloudClient
    from clarity_desktop.cloud.client.exchange import Trace

__all__ = ["CallBook", "figures_of_document"]

_LATEST: Final = 500
"""Durations from which the percentiles are taken."""


@dataclass(slots=True)
class _Count:
    since: int
    until: int
    calls: int = 0
    errors: int = 0
    refused: int = 0
    took_s: deque[float] = field(default_factory=lambda: deque(maxlen=_LATEST))


class CallBook:
    """Counts what the hooks of clients tell. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, _Count] = {}

    def watch(self, client: CloudClient) -> None:
        """Count the attempts of a client from now on, under its server's address."""
        name = client.base_url
        client.hooks.on_response.append(lambda trace: self._note(name, trace))
        client.hooks.on_error.append(lambda trace: self._note(name, trace))

    def _note(self, name: str, trace: Trace) -> None:
        now = int(time.time())
        with self._lock:
            count = self._counts.setdefault(name, _Count(now, now))
            count.until = now
            count.calls += 1
            if trace.status is None or trace.status >= 500:
                count.errors += 1
            elif trace.status >= 400:
                count.refused += 1
            if trace.status is not None:
                count.took_s.append(trace.duration_s)

    def figures(self, name: str) -> CallFigures | None:
        """What was counted for a server; ``None`` before the first attempt."""
        with self._lock:
            count = self._counts.get(name)
            if count is None:
                return None
            took = sorted(count.took_s)
            return CallFigures(
                count.since,
                count.until,
                count.calls,
                count.errors,
                count.refused,
                _percentile_ms(took, 0.5),
                _percentile_ms(took, 0.95),
            )

    def documents(self) -> dict[str, dict[str, Any]]:
        """All figures, for keeping."""
        with self._lock:
            names = tuple(self._counts)
        return {name: asdict(found) for name in names if (found := self.figures(name)) is not None}


def figures_of_document(document: dict[str, Any]) -> CallFigures:
    """Figures as they were kept."""
    return CallFigures(**document)


def _percentile_ms(ordered: list[float], share: float) -> float | None:
    """The nearest-rank percentile of ordered seconds, in milliseconds to a tenth."""
    if not ordered:
        return None
    rank = max(math.ceil(share * len(ordered)), 1)
    return round(1000 * ordered[rank - 1], 1)
