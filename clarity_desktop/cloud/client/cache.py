"""Answers that carry an ETag: what the client asks of whoever keeps them encrypted (L-31, L-32)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from clarity_desktop.cloud.client.exchange import Call

__all__ = ["CachedBody", "HttpCache"]


@dataclass(frozen=True, slots=True)
class CachedBody:
    """A kept answer."""

    etag: str
    document: Any
    fetched: float
    """Seconds since 1970, UTC."""


class HttpCache(Protocol):
    """Keeps answers of one account apart from those of others."""

    def find(self, account: str, call: Call) -> CachedBody | None:
        """The kept answer of a GET, or ``None``."""

    def keep(self, account: str, call: Call, body: CachedBody) -> None:
        """Keep the answer of a GET; the oldest used go when there are too many."""
