"""Frames of the live channels: kinds of both vocabularies, sizes, and the budget that all sockets share."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from clarity_desktop.cloud.client.clock import Clock
from clarity_desktop.domain.errors import InputError

__all__ = [
    "KINDS",
    "MOST_BYTES",
    "MOST_PER_MINUTE",
    "ChannelLimits",
    "Counts",
    "Frame",
    "FrameBudget",
    "encoded",
    "read_frame",
]

MOST_BYTES: Final = 1024
"""Of a frame: the smallest limit of any known server, until one proves a larger (clarity-api §6)."""
MOST_PER_MINUTE: Final = 10
_WINDOW_S: Final = 60.0
KINDS: Final = frozenset(
    {
        # as served
        "connection_ack",
        "system",
        "message",
        "typing",
        "heartbeat",
        "heartbeat_ack",
        "error",
        "health_data",
        "health_insight",
        # defined there, never seen
        "analysis_update",
        "user_joined",
        "user_left",
        # the draft list's
        "health_metric_update",
        "analysis_complete",
        "insight_generated",
        "sync_status",
        "subscribe_metrics",
        "start_analysis",
        "chat_message",
    }
)
"""Every kind that is understood; compared case-folded, sent in lower case."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that was understood."""

    kind: str
    fields: Mapping[str, Any] = field(repr=False)

    def text(self, name: str) -> str:
        """A field that is text, else empty."""
        found = self.fields.get(name)
        return found if isinstance(found, str) else ""


@dataclass(slots=True)
class Counts:
    """What came and was not used: shown in diagnostics, and never a reason to fetch anything (L-63)."""

    unknown: Counter[str] = field(default_factory=Counter)
    unreadable: int = 0
    unsolicited: int = 0
    """Messages from the model that nobody here had asked for (D28)."""
    reconnects: int = 0
    missed: int = 0
    """Heartbeats without an answer."""


def read_frame(raw: str | bytes, counts: Counts) -> Frame | None:
    """A frame of a known kind; ``None`` for anything else, which is counted."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        counts.unreadable += 1
        return None
    kind = document.get("type") if isinstance(document, dict) else None
    if not isinstance(kind, str):
        counts.unreadable += 1
        return None
    if kind.lower() not in KINDS:
        # The name is the server's; only its shape is kept, so that counting cannot be used to fill memory.
        counts.unknown[kind.lower()[:40] if len(counts.unknown) < 100 else "more"] += 1
        return None
    return Frame(kind.lower(), document)


def encoded(kind: str, fields: Mapping[str, Any], most_bytes: int) -> str:
    """A frame's text; raises :class:`InputError` (``cloud.frame_size``) for one that is too large to be sent."""
    text = json.dumps({"type": kind, **fields}, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    size = len(text.encode())
    if size > most_bytes:
        raise InputError(
            "cloud.frame_size",
            f"This is {size} bytes; the live channel takes {most_bytes}.",
            remedy="Write it shorter, or in several messages.",
        )
    return text


@dataclass(slots=True)
class ChannelLimits:
    """What a server's live channels take: the smallest limit of any known server, until this one proves another."""

    frame_bytes: int = MOST_BYTES
    per_minute: int = MOST_PER_MINUTE
    sockets: int = 2

    def learn(self, told: Mapping[str, Any]) -> None:
        """Take limits that a server names of itself; what is no sensible number is not believed."""
        self.frame_bytes = _named(told, _SIZE_WORDS, self.frame_bytes, MOST_BYTES // 4, _LARGEST)
        self.per_minute = _named(told, _RATE_WORDS, self.per_minute, 4, 600)
        self.sockets = _named(told, _SOCKET_WORDS, self.sockets, 1, 8)

    def refused(self, sent_bytes: int) -> None:
        """A frame of this size was too large for the server: the limit is below it."""
        self.frame_bytes = max(min(self.frame_bytes, sent_bytes - 1), MOST_BYTES // 4)


_LARGEST: Final = 65_536
"""Of a frame, whatever a server says (L-61)."""
_SIZE_WORDS: Final = ("max_message_size", "max_frame_bytes", "max_size", "limit_bytes")
_RATE_WORDS: Final = ("messages_per_minute", "max_messages_per_minute", "rate_limit")
_SOCKET_WORDS: Final = ("max_connections", "max_connections_per_user")


def _named(told: Mapping[str, Any], words: tuple[str, ...], now: int, least: int, most: int) -> int:
    for word in words:
        found = told.get(word)
        if isinstance(found, int) and not isinstance(found, bool) and least <= found:
            return min(found, most)
    return now


class FrameBudget:
    """Frames of the last minute over all sockets of an account."""

    def __init__(self, clock: Clock, limits: ChannelLimits | None = None) -> None:
        self._clock, self.limits = clock, limits or ChannelLimits()
        self._times: deque[float] = deque(maxlen=1000)
        self._blocked = 0.0

    def wait_s(self, reserve: int = 0) -> float:
        """Seconds until a frame may go; with ``reserve`` that many places are left for heartbeats."""
        now = self._clock.steady()
        while self._times and now - self._times[0] >= _WINDOW_S:
            self._times.popleft()
        most = max(self.limits.per_minute - reserve, 1)
        full = self._times[-most] + _WINDOW_S - now if len(self._times) >= most else 0.0
        return max(full, self._blocked - now, 0.0)

    def take(self) -> None:
        """Count a frame."""
        self._times.append(self._clock.steady())

    def block(self, seconds: float = _WINDOW_S) -> None:
        """Let nothing go for a while: the server has said so."""
        self._blocked = self._clock.steady() + seconds
