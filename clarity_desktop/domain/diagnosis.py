"""Everything that helps to find out why something does not work, with nothing of any patient in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clarity_desktop.domain.conditions import CloudCondition
from clarity_desktop.domain.program import ProgramIdentity, Readiness
from clarity_desktop.domain.time import Instant

__all__ = ["CachedAnswers", "ChannelCount", "Diagnosis", "FlagLine", "LogState"]


@dataclass(frozen=True, slots=True)
class FlagLine:
    """A feature that can be switched off, as it stands (L-58)."""

    name: str
    title: str
    is_on: bool
    because: str
    owner: str
    expires: str
    """Day by which its fate is decided, ISO 8601."""


@dataclass(frozen=True, slots=True)
class ChannelCount:
    """What a live channel did not understand (L-63)."""

    host: str
    capability: str
    state: str
    unknown: Mapping[str, int]
    """Frames by kind that nobody here knows."""
    unreadable: int
    reconnects: int


@dataclass(frozen=True, slots=True)
class CachedAnswers:
    """Kept answers of an account; each is shown only after the server said that it still holds (L-33)."""

    account: str
    answers: int
    bytes: int
    oldest: Instant
    """When the oldest was fetched, UTC seconds."""
    newest: Instant


@dataclass(frozen=True, slots=True)
class LogState:
    """The log files: scrubbed when written, and bounded."""

    files: int
    bytes: int
    most_bytes: int
    """What they may come to together before the oldest goes."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One look at everything."""

    at: Instant
    is_locked: bool
    """Whether the vault was locked, so that what lies in it is missing here."""
    identity: ProgramIdentity
    flags: tuple[FlagLine, ...]
    readiness: tuple[Readiness, ...]
    services: tuple[CloudCondition, ...]
    channels: tuple[ChannelCount, ...]
    disagreements: tuple[Mapping[str, str], ...]
    """Where a server's description and its answers differ; the answer is taken (L-86)."""
    cached: tuple[CachedAnswers, ...]
    log: LogState
    telemetry: str
    """What is sent about the use of the program: nothing, and there is nothing that could send it (L-44)."""
