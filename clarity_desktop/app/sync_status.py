"""The part of the services that says how sync stands; nothing here sends or changes anything."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from clarity_desktop.app.permissions import needs
from clarity_desktop.app.sync_politeness import HoldsBack, SyncPolitenessServices
from clarity_desktop.domain.sync import Operation, OperationState, StateCount
from clarity_desktop.domain.time import Instant
from clarity_desktop.domain.users import Right

__all__ = ["LAST", "PAUSED", "WHEN", "SyncPreview", "SyncStatus", "SyncStatusServices"]

LAST: Final = "last-cycle"
PAUSED: Final = "paused"
WHEN: Final = "when"
_WAITING: Final = (OperationState.NEW, OperationState.BATCHED)
_NO_NOTICE: Final = frozenset({"left_out"})
"""Notes that are settings, not something to read."""
_NEEDS_PERSON: Final = (OperationState.REJECTED, OperationState.DEAD, OperationState.UNVERIFIED)


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """What the sync panel says in plain words."""

    account: str
    """Server and user; empty without a sign-in."""
    states: tuple[StateCount, ...]
    last: dict[str, Any] | None
    """When the last cycle ended and what it came to."""
    paused: bool
    patients: int
    """People whose data may go."""
    uploads_used: int
    uploads_limit: int
    """Uploads of the last hour, and how many this program allows itself."""
    finish: Instant | None = None
    """When what waits will have gone within the limits; ``None`` when nothing waits (Y-33)."""
    rejected_or_given_up: int = 0
    notices: tuple[str, ...] = ()
    """Codes of what a person should read."""
    self_check: dict[str, Any] | None = None
    """Numbers of the last comparison with the server, and when it was (Y-64)."""
    read_back: str = "unknown"
    """``full``, ``status``, ``none`` or ``unknown``: what the server gives back."""
    mode: str = "always"
    """When sync goes by itself: ``always``, ``on_demand`` or ``hours``."""
    hours: tuple[int, int] = (0, 24)
    """First hour and the hour at which it stops, by this computer's clock; for ``hours`` alone."""
    is_foreign: bool = False
    """Whether this copy of the vault belongs to another machine (Y-44)."""
    asks_direction: bool = False
    """Whether sync stands still until somebody says which way data go (Y-66)."""
    holds_back: HoldsBack | None = None
    """Why sync by itself waits for now: a low battery, a metered connection."""

    @property
    def waiting(self) -> int:
        """Operations that have not arrived yet."""
        settled = (OperationState.VERIFIED, *_NEEDS_PERSON)
        return sum(one.count for one in self.states if one.state not in settled)

    @property
    def needs_person(self) -> int:
        """Operations that nothing will move by itself."""
        return self.rejected_or_given_up + len(self.notices) + self.is_foreign + self.asks_direction


@dataclass(frozen=True, slots=True)
class SyncPreview:
    """What a cycle would send, without sending it (Y-63)."""

    op_id: str
    patient_id: str
    metric_type: str
    first: Instant
    stop: Instant
    size: int
    """Bytes of the metric as JSON."""
    fields: tuple[str, ...]


class SyncStatusServices(SyncPolitenessServices):
    """Part of ``Services``; asks the vault, never the network."""

    @needs(Right.OWN_ACCESS)
    def sync_status(self) -> SyncStatus:
        """Counts of all states, the last cycle, limits; asks nothing of the network."""
        account = self.cloud_account()
        key = "" if account is None else f"{account.server}/{account.user_id}"
        outbox = self.vault.outbox
        used, limit = self._uploads(key)
        waiting = outbox.uploads_waiting(key) if key else 0
        last = outbox.recall(f"{LAST}/{key}")
        asks = bool(last) and last.get("stopped") == "sync.direction" and not self.sync_direction()
        chosen = outbox.recall(WHEN, {"mode": "always"})
        return SyncStatus(
            account=key,
            states=tuple(outbox.counts(key or None)),
            last=last,
            paused=bool(outbox.recall(PAUSED, False)),
            patients=len(outbox.enabled(key or None)),
            uploads_used=used,
            uploads_limit=limit,
            finish=_finish(waiting, used, limit, int(time.time())),
            rejected_or_given_up=len(outbox.for_person(key)) if key else 0,
            notices=tuple(one.kind for one in outbox.notes(key) if one.kind not in _NO_NOTICE) if key else (),
            self_check=outbox.recall(f"self-check/{key}"),
            read_back=str(outbox.recall(f"ability/{key}", "unknown")),
            mode=str(chosen["mode"]),
            hours=(int(chosen.get("from", 0)), int(chosen.get("to", 24))),
            is_foreign=self.sync_is_foreign(),
            asks_direction=asks,
            holds_back=self.sync_holds_back(),
        )

    def _uploads(self, key: str) -> tuple[int, int]:
        from clarity_desktop.app.cloud_keeping import VaultKeeping
        from clarity_desktop.cloud.client.buckets import LIMITS, Buckets
        from clarity_desktop.cloud.client.clock import SystemClock

        most, _ = LIMITS["upload"]
        live, account = self._cloud_live.get(key), self.cloud_account()
        if live is not None:
            return live.client.buckets["upload"].used(), most
        if account is None:
            return 0, most
        # What was used counts as well where nobody has signed in since the start (Y-31).
        kept = Buckets(SystemClock(), self._cloud_keeping or VaultKeeping(self.vault), f"{account.server}/{key}")
        return kept["upload"].used(), most

    @needs(Right.READ_DATA)
    def sync_for_person(self) -> list[Operation]:
        """Operations that nothing moves but a person: refused, given up after many tries, or different there."""
        return self.vault.outbox.for_person(self._account_key())

    @needs(Right.READ_DATA)
    def sync_badge(self, patient_id: str) -> str:
        """Where a person's data are: ``here`` only, ``waiting``, ``sent`` or ``verified`` (Y-61)."""
        account = self.cloud_account()
        if account is None or patient_id not in self.vault.outbox.enabled(f"{account.server}/{account.user_id}"):
            return "here"
        found = self.vault.outbox.states_of(patient_id, f"{account.server}/{account.user_id}")
        found -= {OperationState.DEAD}
        if found & {OperationState.NEW, OperationState.BATCHED, OperationState.SENDING, OperationState.REJECTED}:
            return "waiting"
        if not found:
            return "here"
        return "verified" if found == {OperationState.VERIFIED} else "sent"

    @needs(Right.READ_DATA)
    def sync_operations(
        self, states: tuple[OperationState, ...] | None = None, *, patient_id: str | None = None, limit: int = 500
    ) -> list[Operation]:
        """Operations of the account, newest stretch first."""
        return self.vault.outbox.operations(self._account_key(), states, patient_id=patient_id, limit=limit)

    @needs(Right.READ_DATA)
    def preview_sync(self, limit: int = 100) -> list[SyncPreview]:
        """What a cycle would send, with sizes and fields; nothing is sent and nothing changes."""
        import json

        from clarity_desktop.cloud.sync.metrics import packed_metrics

        read = self._channel_reader()
        found = []
        for one in self.sync_operations(_WAITING, limit=limit):
            metric = self.vault.outbox.payload(one.op_id)
            if metric is None:
                channels = read(one.patient_id, one.metric_type, one.span)
                if not channels:
                    continue
                metric = packed_metrics(one.metric_type, channels, one.span)[0][0]
            size = len(json.dumps(metric))
            found.append(
                SyncPreview(
                    one.op_id,
                    one.patient_id,
                    one.metric_type,
                    one.created if one.is_records else one.span.start,
                    one.created if one.is_records else one.span.stop,
                    size,
                    tuple(sorted(metric)),
                )
            )
        return found

    def _channel_reader(self) -> Any:
        from clarity_desktop.cloud.sync.reading import channel_reader

        # What the outbox was told when the operations were made, so that nothing falls between two types.
        return channel_reader(self.vault.series, self.vault.zones.get, self.vault.outbox.carriers(), self._left_out)

    @needs(Right.READ_DATA)
    def sync_log(self, limit: int = 10_000) -> list[dict[str, Any]]:
        """All operations for a file to hand on: states, times and codes, pseudonyms, nothing measured (Y-62)."""
        return [
            {
                "op_id": one.op_id,
                "patient": one.patient_id,
                "type": one.metric_type,
                "from": None if one.is_records else one.span.start,
                "part": one.part,
                "state": one.state.value,
                "reason": one.reason,
                "attempts": one.attempts,
                "first_sent": one.first_sent,
                "last_sent": one.last_sent,
                "correlation": one.correlation,
                "processing_id": one.processing_id,
                "sha256": one.payload_hash,
            }
            for one in self.sync_operations(limit=limit)
        ]


def _finish(uploads: int, used: int, limit: int, now: int) -> Instant | None:
    """When the last of some uploads goes, a window of an hour at a time."""
    if uploads == 0 or limit == 0:
        return None
    beyond = uploads - max(limit - used, 0)
    return now + 3600 * -(-max(beyond, 0) // limit)
