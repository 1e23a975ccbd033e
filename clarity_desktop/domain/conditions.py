"""How a service stands, as panels and diagnostics tell it: probes, breaker, limits, times, and what was learned."""

from __future__ import annotations

from dataclasses import dataclass

from clarity_desktop.domain.time import Instant

__all__ = [
    "BreakerCondition",
    "CallFigures",
    "CloudCondition",
    "FeatureOff",
    "HealthProbe",
    "LearnedAbility",
    "LimitUse",
]


@dataclass(frozen=True, slots=True)
class HealthProbe:
    """The answer of one probe: that something answers there, never that it works."""

    part: str
    """``root``, ``service``, ``readiness``, ``auth``, ``health-data``, ``pat`` or ``insights``."""
    outcome: str
    """``answers``, ``refused`` (asks for a sign-in or a right), ``fails`` (5xx), ``no_answer``, ``not_offered`` or
    ``unclear`` (an answer that says nothing about the service, L-84)."""
    at: Instant
    """When it was asked, UTC seconds."""
    code: str = ""
    """Code of the error, where one came."""
    took_ms: int | None = None


@dataclass(frozen=True, slots=True)
class BreakerCondition:
    """Whether calls to a service pass (L-24)."""

    state: str
    """``closed``, ``open`` or ``probing``."""
    failures: int
    """Failures in a row."""
    until: Instant | None = None
    """When the next call may pass, UTC seconds; ``None`` while calls pass."""
    features: tuple[str, ...] = ()
    """Capabilities that are paused on their own."""


@dataclass(frozen=True, slots=True)
class LimitUse:
    """Own limit of a kind of call, below the server's (L-27)."""

    name: str
    used: int
    """Calls in the window that ends now."""
    most: int
    window_s: int
    wait_s: float
    """Seconds until the next call may pass."""


@dataclass(frozen=True, slots=True)
class CallFigures:
    """Attempts at a service and how long they took; counted on this machine, sent nowhere."""

    since: Instant
    """Begin of the count, UTC seconds."""
    until: Instant
    """The last attempt counted, UTC seconds."""
    calls: int
    errors: int
    """Attempts without an answer, and answers from 500 up."""
    refused: int
    """Answers from 400 to 499."""
    p50_ms: float | None
    """Median duration of the latest attempts that were answered; ``None`` before the first."""
    p95_ms: float | None

    @property
    def error_rate(self) -> float | None:
        """Share of attempts that came to nothing, 0 to 1; ``None`` without an attempt."""
        return self.errors / self.calls if self.calls else None


@dataclass(frozen=True, slots=True)
class LearnedAbility:
    """One thing that was learned of a server by asking it (L-84)."""

    name: str
    """``route:CAPABILITY``, ``type:METRIC_TYPE``, ``read_back``, ``cursor`` or ``etag``."""
    found: str
    """``yes``, ``no`` or ``unknown``."""
    at: Instant
    """When it was learned, UTC seconds; 0 where nobody has asked yet."""
    detail: str = ""
    title: str = ""
    """A feature's name for people; empty for what is none."""


@dataclass(frozen=True, slots=True)
class FeatureOff:
    """Something that a server does not offer, so that it is off from the connection on (L-52)."""

    capability: str
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class CloudCondition:
    """How one service stands for one account, or for nobody where no account is known."""

    service: str
    """Name for commands: the account's key, else the server's address."""
    host: str
    """Host and port, without user or path."""
    profile: str
    """As it was found; empty for an unknown server."""
    is_live: bool
    """Whether this run of the program has spoken with it under this account."""
    probes: tuple[HealthProbe, ...]
    """Results of the last probe, in order of parts; empty before the first."""
    breaker: BreakerCondition
    limits: tuple[LimitUse, ...]
    figures: CallFigures | None
    """Of this run, else the last ones kept; ``None`` before the first call."""
    learned: tuple[LearnedAbility, ...]
    learned_at: Instant
    """When the server was last asked for what it can do, UTC seconds; 0 for never."""
    is_due: bool
    """Whether that is more than a week ago."""
    features_off: tuple[FeatureOff, ...]
