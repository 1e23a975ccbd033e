"""What the engine asks of the vault, and what a cycle answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from clarity_desktop.domain.sync import Operation, OperationState

__all__ = ["MOST_ATTEMPTS", "MOST_FAULTS", "Ability", "CycleReport", "OutboxStore"]

MOST_ATTEMPTS: Final = 12
"""Cycles without getting further after which a person is asked."""
MOST_FAULTS: Final = 3
"""Faults of the server in a row after which the data themselves are suspected (Y-73)."""


class OutboxStore(Protocol):
    """What the engine asks of the vault; see :class:`clarity_desktop.vault.tables.outbox.Outbox`."""

    def enabled(self, account: str | None = None) -> dict[str, str]: ...  # noqa: D102
    def operations(  # noqa: D102
        self,
        account: str,
        states: Sequence[OperationState] | None = None,
        *,
        patient_id: str | None = None,
        due: int | None = None,
        oldest_first: bool = False,
        limit: int = 1000,
    ) -> list[Operation]: ...
    def operation(self, op_id: str) -> Operation: ...  # noqa: D102
    def payload(self, op_id: str) -> dict[str, Any] | None: ...  # noqa: D102
    def pack(  # noqa: D102
        self, op_id: str, packed: Sequence[tuple[dict[str, Any], str]], version: int | None = None
    ) -> list[str]: ...
    def batch(self, patient_id: str, account: str, op_ids: Sequence[str], body: bytes) -> Any: ...  # noqa: D102
    def stored_batch(self, batch_id: str) -> Any: ...  # noqa: D102
    def begin_sending(self, batch: Any, correlation: str) -> None: ...  # noqa: D102
    def move(  # noqa: D102
        self,
        op_ids: Sequence[str],
        to: OperationState,
        *,
        reason: str = "",
        next_try: int | None = None,
        processing_id: str | None = None,
        may_exist: bool | None = None,
        count_attempt: bool = False,
        count_fault: bool = False,
        action: str = "sync.state",
    ) -> None: ...
    def recover(self, account: str) -> int: ...  # noqa: D102
    def adopt(self, op_id: str, processing_id: str) -> None: ...  # noqa: D102
    def holds(self, one: Operation, digest: str, since: int = 0) -> bool: ...  # noqa: D102
    def last_accepted(self, account: str) -> int: ...  # noqa: D102
    def verified(self, account: str) -> dict[str, str]: ...  # noqa: D102
    def tell(  # noqa: D102
        self, account: str, kind: str, document: dict[str, Any], patient_id: str | None = None
    ) -> str | None: ...
    def remember(self, name: str, document: Any) -> None: ...  # noqa: D102
    def recall(self, name: str, default: Any = None) -> Any: ...  # noqa: D102


class Ability:
    """What a server gives back of what it took."""

    FULL: Final = "full"
    STATUS: Final = "status"
    NONE: Final = "none"
    UNKNOWN: Final = "unknown"


@dataclass(slots=True)
class CycleReport:
    """What one cycle came to."""

    sent: int = 0
    """Requests."""
    accepted: int = 0
    verified: int = 0
    unverified: int = 0
    rejected: int = 0
    unknown: int = 0
    waits_s: float | None = None
    """Seconds until the next request may go, where a limit or a pause stopped the cycle."""
    stopped: str = ""
    """Code of what stopped it; empty when it ran through."""
    looked: bool = False
    """Whether the server was read before anything was sent, and shows nothing of a twin of this device (Y-44)."""
    reconciled: int = 0
    """Operations that were found at the server and not sent again."""
    errors: list[str] = field(default_factory=list)
