"""The part of the services that syncs: switches, cycles, and what a person can do about what does not go."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

from clarity_desktop.app.network import NetworkServices
from clarity_desktop.app.permissions import needs
from clarity_desktop.app.preferences import PreferenceServices
from clarity_desktop.app.recordings import RecordingServices
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ConflictError, NotFoundError
from clarity_desktop.domain.sync import Operation, OperationState, StateCount, SyncReason
from clarity_desktop.domain.time import Instant
from clarity_desktop.domain.users import Right
from clarity_desktop.domain.work import CancelToken

if TYPE_CHECKING:
    from clarity_desktop.cloud.api import CloudApi
    from clarity_desktop.cloud.sync.cycle import CycleReport

__all__ = ["SyncPreview", "SyncServices", "SyncStatus", "SyncedAccount"]

_LAST: Final = "last-cycle"
_PAUSED: Final = "paused"
_WAITING: Final = (OperationState.NEW, OperationState.BATCHED)
_NEEDS_PERSON: Final = (OperationState.REJECTED, OperationState.DEAD, OperationState.UNVERIFIED)


class SyncedAccount(Protocol):
    """The account that data goes to."""

    @property
    def server(self) -> str:
        """Its base address."""

    @property
    def user_id(self) -> str:
        """The token's ``sub``."""


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

    @property
    def waiting(self) -> int:
        """Operations that have not arrived yet."""
        settled = (OperationState.VERIFIED, *_NEEDS_PERSON)
        return sum(one.count for one in self.states if one.state not in settled)

    @property
    def needs_person(self) -> int:
        """Operations that nothing will move by itself."""
        return sum(one.count for one in self.states if one.state in (OperationState.REJECTED, OperationState.DEAD))


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


class SyncServices(NetworkServices, RecordingServices, PreferenceServices):
    """Sync of the open vault with one account. Part of ``Services``; its calls wait, so make them from a worker."""

    # Both are answered by the part of the services that signs in.
    @needs(Right.OWN_ACCESS)
    def cloud_account(self) -> SyncedAccount | None:
        """The account that is signed in."""
        return None

    def _cloud_api(self, account: SyncedAccount) -> CloudApi:
        raise NotFoundError(
            "cloud.signed_out",
            "You are not signed in to a server.",
            remedy="Sign in on the account page, or run: clarity-desktop cloud sign-in",
        )

    def _account_key(self) -> str:
        account = self.cloud_account()
        if account is None:
            raise NotFoundError(
                "cloud.signed_out",
                "You are not signed in to a server.",
                remedy="Sign in on the account page, or run: clarity-desktop cloud sign-in",
            )
        return f"{account.server}/{account.user_id}"

    # -- switches -----------------------------------------------------------------------------------------------

    @needs(Right.READ_DATA)
    def sync_purpose(self) -> str:
        """The purpose that a consent must name for data to go to the account's server."""
        account = self.cloud_account()
        return "sync:" + ("" if account is None else urlsplit(account.server).netloc)

    @needs(Right.SEND_INSIGHT)
    def enable_sync(self, patient_id: str) -> int:
        """Let a person's data go to the account that is signed in; answers how many stretches wait.

        Raises
        ------
        ConflictError
            ``sync.off`` while an admin has switched sending off, ``consent.missing`` without the person's consent.
        """
        key = self._account_key()
        if self.setting("external.sending") is not True:
            raise ConflictError(
                "sync.off",
                "Sending to outside services is switched off for this workplace.",
                remedy="An admin can switch it on in the settings.",
            )
        self.vault.consents.require(patient_id, self.sync_purpose())
        from clarity_desktop.cloud.sync.carriers import CARRIERS
        from clarity_desktop.cloud.sync.metrics import carriers_for

        waiting = self.vault.outbox.enable(patient_id, key, carriers_for(list(CARRIERS)))
        self._announce(Change.SETTINGS, patient_id)
        return waiting

    @needs(Right.READ_DATA)
    def disable_sync(self, patient_id: str) -> int:
        """Let nothing more of a person go; what was not sent stops. Answers how many stretches that were."""
        stopped = self.vault.outbox.disable(patient_id, self._account_key())
        self._announce(Change.SETTINGS, patient_id)
        return stopped

    @needs(Right.READ_DATA)
    def synced_patients(self) -> frozenset[str]:
        """Ids of the people whose data may go to an account."""
        return frozenset(self.vault.outbox.enabled())

    @needs(Right.OWN_ACCESS)
    def pause_sync(self, paused: bool) -> None:
        """Pause sync or let it go on; the choice survives a restart."""
        self.vault.outbox.remember(_PAUSED, paused)

    # -- looking ------------------------------------------------------------------------------------------------

    @needs(Right.OWN_ACCESS)
    def sync_status(self) -> SyncStatus:
        """Counts of all states, the last cycle, limits; asks nothing of the network."""
        account = self.cloud_account()
        key = "" if account is None else f"{account.server}/{account.user_id}"
        outbox = self.vault.outbox
        used, limit = self._uploads(account)
        return SyncStatus(
            key,
            tuple(outbox.counts(key or None)),
            outbox.recall(f"{_LAST}/{key}"),
            bool(outbox.recall(_PAUSED, False)),
            len(outbox.enabled(key or None)),
            used,
            limit,
        )

    def _uploads(self, account: SyncedAccount | None) -> tuple[int, int]:
        if account is None:
            return 0, 0
        bucket = self._cloud_api(account).client.buckets["upload"]
        return bucket.used(), bucket.most

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
                    one.span.start,
                    one.span.stop,
                    size,
                    tuple(sorted(metric)),
                )
            )
        return found

    # -- doing --------------------------------------------------------------------------------------------------

    @needs(Right.SEND_INSIGHT)
    def sync_now(self, cancel: CancelToken | None = None) -> CycleReport:
        """One cycle: send what waits, read back what was sent.

        Raises
        ------
        ConflictError
            ``sync.paused`` while somebody has paused it.
        CloudError
            ``cloud.signed_out`` without a sign-in. What goes wrong on the way stands in the report.
        """
        account = self.cloud_account()
        key = self._account_key()
        assert account is not None
        outbox = self.vault.outbox
        if outbox.recall(_PAUSED, False):
            raise ConflictError("sync.paused", "Sync is paused.", remedy="Let it go on in the sync panel.")
        from clarity_desktop.cloud.sync.engine import SyncEngine

        engine = SyncEngine(self._cloud_api(account), outbox, key, self._channel_reader(), self._sync_refusal)
        report = self._net.run(engine.cycle(), cancel)
        outbox.remember(
            f"{_LAST}/{key}",
            {
                "at": int(time.time()),
                "sent": report.sent,
                "accepted": report.accepted,
                "verified": report.verified,
                "unverified": report.unverified,
                "rejected": report.rejected,
                "stopped": report.stopped,
                "waits_s": report.waits_s,
            },
        )
        self._announce(Change.SETTINGS)
        return report

    def _channel_reader(self) -> Any:
        from clarity_desktop.cloud.sync.reading import channel_reader

        return channel_reader(self.vault.series, self.vault.zones.get)

    def _sync_refusal(self, patient_id: str) -> SyncReason | None:
        """Asked right before each request: an admin's switch and the person's consent of this moment."""
        if self.setting("external.sending") is not True:
            return SyncReason.SYNC_OFF
        today = datetime.now(UTC).date()
        purpose = self.sync_purpose()
        held = any(one.purpose == purpose and one.holds_on(today) for one in self.vault.consents.list(patient_id))
        return None if held else SyncReason.CONSENT_WITHDRAWN

    @needs(Right.SEND_INSIGHT)
    def retry_sync(self, op_id: str | None = None) -> int:
        """Let what stopped go again: one operation, or all that were rejected or stopped. Answers how many."""
        states = (OperationState.REJECTED, OperationState.DEAD)
        chosen = [self.vault.outbox.operation(op_id)] if op_id else self.sync_operations(states, limit=10_000)
        moved = 0
        for one in chosen:
            if one.state in states:
                self.vault.outbox.move([one.op_id], OperationState.NEW, action="sync.retry")
                moved += 1
            elif one.state is OperationState.UNVERIFIED and op_id:
                # Only by name and by a person: the server may have it already.
                self._resend(one)
                moved += 1
        return moved

    def _resend(self, one: Operation) -> None:
        import uuid

        from clarity_desktop.cloud.sync.metrics import request_body

        metric = self.vault.outbox.payload(one.op_id)
        account = self.cloud_account()
        if metric is None or account is None:
            return
        body = request_body(account.user_id, [metric], str(uuid.uuid4()), time.time())
        self.vault.outbox.batch(one.patient_id, one.account, [one.op_id], body)

    @needs(Right.SEND_INSIGHT)
    def discard_sync(self, op_id: str) -> None:
        """Give an operation up; the data stay here, whole."""
        self.vault.outbox.move([op_id], OperationState.DEAD, reason=SyncReason.DISCARDED.value, action="sync.discard")
