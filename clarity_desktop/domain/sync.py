"""What waits for the cloud: operations of the outbox, their states, and the only ways between those (sync §2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import Instant, Span

__all__ = ["LEGAL", "OPEN_STATES", "Operation", "OperationState", "StateCount", "SyncReason"]


class OperationState(StrEnum):
    """Where an operation stands."""

    NEW = "new"
    BATCHED = "batched"
    SENDING = "sending"
    SENT_UNKNOWN = "sent_unknown"
    """It may have arrived; nothing tells yet."""
    ACCEPTED = "accepted"
    PROCESSING = "processing"
    VERIFIED = "verified"
    """It was read back and equals what was sent."""
    UNVERIFIED = "unverified"
    """Received, and cannot be checked."""
    REJECTED = "rejected"
    DEAD = "dead"


_S = OperationState
LEGAL: Final[frozenset[tuple[OperationState, OperationState]]] = frozenset(
    {
        (_S.NEW, _S.BATCHED),
        (_S.BATCHED, _S.SENDING),
        (_S.SENDING, _S.ACCEPTED),
        (_S.SENDING, _S.SENT_UNKNOWN),
        (_S.SENDING, _S.BATCHED),
        (_S.SENDING, _S.REJECTED),
        (_S.SENT_UNKNOWN, _S.ACCEPTED),
        (_S.SENT_UNKNOWN, _S.BATCHED),
        (_S.SENT_UNKNOWN, _S.UNVERIFIED),
        (_S.ACCEPTED, _S.PROCESSING),
        (_S.ACCEPTED, _S.VERIFIED),
        (_S.PROCESSING, _S.VERIFIED),
        (_S.ACCEPTED, _S.UNVERIFIED),
        (_S.PROCESSING, _S.UNVERIFIED),
        (_S.UNVERIFIED, _S.VERIFIED),
        (_S.UNVERIFIED, _S.BATCHED),
        *((state, _S.DEAD) for state in _S if state not in (_S.VERIFIED, _S.DEAD)),
        (_S.REJECTED, _S.NEW),
        (_S.DEAD, _S.NEW),
    }
)
"""Every transition there is; the storage refuses all others."""
OPEN_STATES: Final = frozenset({_S.NEW, _S.BATCHED, _S.SENDING, _S.SENT_UNKNOWN, _S.ACCEPTED, _S.PROCESSING})
"""States from which an operation goes on by itself."""


class SyncReason(StrEnum):
    """Why an operation stopped."""

    SYNC_OFF = "sync_off"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    ERASED = "erased"
    GAVE_UP = "gave_up"
    DISCARDED = "discarded"
    SERVER_REFUSED = "server_refused"
    SERVER_FAILS_ON_IT = "server_fails_on_it"
    NOT_SENDABLE = "not_sendable"
    CANNOT_BE_CHECKED = "cannot_be_checked"
    """The server said that it took it, and does not show it."""
    PERHAPS_RECEIVED = "perhaps_received"
    """No answer that can be relied on, and the server does not show what it holds."""
    DIFFERS = "differs"
    SUPERSEDED = "superseded"
    """A newer operation carries what is there now."""
    ALREADY_THERE = "already_there"
    """The server was shown to hold the same content under another operation."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One packed metric on its way: a piece of a series that travels under its own id."""

    op_id: str
    """UUID, made once; it is the ``metric_id`` at the server."""
    patient_id: PatientId
    account: str
    """Server and user that it goes to."""
    metric_type: str
    """Type at the server that carries it."""
    span: Span
    """The stretch of 30 days, UTC."""
    part: int
    """From 1; more than one where a stretch does not fit into one metric."""
    state: OperationState
    created: Instant
    updated: Instant
    batch_id: str | None
    attempts: int
    """Cycles that ended without getting further."""
    faults: int
    """Plain faults of the server in a row for this operation alone (Y-73)."""
    next_try: Instant
    first_sent: Instant | None
    last_sent: Instant | None
    processing_id: str | None
    payload_hash: str | None
    """SHA-256 of the packed text; ``None`` until it was packed."""
    may_exist: bool
    """Whether the server may have it although it said otherwise."""
    version: int
    """Counts changes of its samples while it waits to be packed."""
    correlation: str
    reason: str = ""
    """Code of :class:`SyncReason` or of the server; empty while it goes on."""
    detail: dict[str, Any] | None = None
    """What the server said, without anything that was sent."""

    @property
    def is_records(self) -> bool:
        """Whether it carries notes, names and the like, which are of no stretch of time."""
        return self.span.start < 0


@dataclass(frozen=True, slots=True)
class StateCount:
    """How many operations stand in a state, and since when."""

    state: OperationState
    count: int
    oldest: Instant | None
    next_try: Instant | None
