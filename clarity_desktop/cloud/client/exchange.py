"""Calls, answers, failures and traces of the client."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from clarity_desktop.cloud.problem import Problem
from clarity_desktop.domain.errors import ClarityError

__all__ = ["CONNECT_S", "NO_PROXY", "TOTAL_S", "Answer", "Call", "CloudError", "Hooks", "Trace"]

NO_PROXY: Final = "direct"
"""In place of a proxy's address: go without one, whatever the system says."""
CONNECT_S: Final = 5.0
TOTAL_S: Final = 30.0
"""Waits as they are where nobody has set others."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request, before anything is decided about it."""

    method: str
    path: str
    """From the server's root, with parameters filled in."""
    template: str
    """The same with parameters as names: what hooks and logs may see."""
    query: Mapping[str, str] = field(default_factory=dict)
    document: Any = field(default=None, repr=False)
    """Sent as JSON."""
    body: bytes | None = field(default=None, repr=False)
    """Sent as it is, in place of ``document``: a retry sends the same bytes (Y-53)."""
    is_protected: bool = True
    bucket: str = "read"
    correlation: str = field(default_factory=lambda: str(uuid.uuid4()))
    """One id for all that a person's action causes (L-39)."""
    read_timeout_s: float = TOTAL_S
    capability: str = ""
    token: str | None = field(default=None, repr=False)
    """Sent in place of the account's, for the one call that asks whose it is."""

    @property
    def may_repeat(self) -> bool:
        """Whether sending it twice does no harm."""
        return self.method in ("GET", "HEAD") or (self.method == "PUT" and self.capability == "update_me")


@dataclass(frozen=True, slots=True)
class Answer:
    """A success."""

    status: int
    document: Any
    """The JSON that came, or ``None`` without a body."""
    headers: Mapping[str, str]
    correlation: str
    is_from_cache: bool = False
    age_s: float = 0.0
    """How long ago a cached body was fetched."""


class CloudError(ClarityError):
    """A request that came to nothing, in words for a clinician, with what the server said folded into one shape."""

    exit_code = 7

    def __init__(
        self,
        code: str,
        message: str,
        *,
        remedy: str,
        detail: str = "",
        problem: Problem | None = None,
        correlation: str = "",
        retryable: bool = False,
        outcome_unknown: bool = False,
        wait_s: float | None = None,
    ) -> None:
        super().__init__(code, message, remedy=remedy, detail=detail)
        self.problem = problem
        self.correlation = correlation
        self.retryable = retryable
        self.outcome_unknown = outcome_unknown
        """Whether the server may have acted although no answer came."""
        self.wait_s = wait_s
        """Seconds to wait before another try, where they are known."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What hooks may see of an attempt: nothing of its content, and no address with ids (L-43)."""

    template: str
    method: str
    status: int | None
    duration_s: float
    bytes_sent: int
    bytes_received: int
    attempt: int
    correlation: str


@dataclass(slots=True)
class Hooks:
    """Listeners; they run off the request's way, and what they raise is counted (L-45)."""

    on_request: list[Callable[[Trace], None]] = field(default_factory=list)
    on_response: list[Callable[[Trace], None]] = field(default_factory=list)
    on_error: list[Callable[[Trace], None]] = field(default_factory=list)
    raised: int = 0
