"""The part of the services that syncs: switches, cycles, and what a person can do about what does not go."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Final, Protocol
from urllib.parse import urlsplit

from clarity_desktop.app.permissions import needs, open_to_all
from clarity_desktop.app.sync_status import LAST, PAUSED, WHEN, SyncPreview, SyncStatus, SyncStatusServices
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import CancelledError, ClarityError, ConflictError, UsageError
from clarity_desktop.domain.sync import Operation, OperationState, SyncReason
from clarity_desktop.domain.users import Right
from clarity_desktop.domain.work import CancelToken

if TYPE_CHECKING:
    from clarity_desktop.cloud.sync.cycle import CycleReport

__all__ = ["SyncPreview", "SyncServices", "SyncStatus", "SyncedAccount"]

_MODES: Final = ("always", "on_demand", "hours")
_PARK_S: Final = 3.0


class SyncedAccount(Protocol):
    """The account that data goes to."""

    @property
    def server(self) -> str:
        """Its base address."""

    @property
    def user_id(self) -> str:
        """The token's ``sub``."""


class SyncServices(SyncStatusServices):
    """Sync of the open vault with one account. Part of ``Services``; its calls wait, so make them from a worker."""

    # One cycle at a time in a process; what is being sent is nobody else's to judge.
    _cycle_lock: ClassVar[threading.Lock] = threading.Lock()
    _cycle_cancel: CancelToken | None = None

    @open_to_all
    def lock(self) -> None:
        """Close the vault after a cycle that runs was ended or parked, which takes 3 s at most (Y-65)."""
        running = self._cycle_cancel
        if running is not None:
            running.cancel()
            if self._cycle_lock.acquire(timeout=_PARK_S):
                self._cycle_lock.release()
        super().lock()

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
        waiting = self.vault.outbox.enable(patient_id, key, self._carriers(key))
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
        self.vault.outbox.remember(PAUSED, paused)
        self._announce(Change.SETTINGS)

    @needs(Right.OWN_ACCESS)
    def set_sync_time(self, mode: str, first_hour: int = 0, stop_hour: int = 24) -> None:
        """Say when sync goes by itself: ``always``, ``on_demand``, or ``hours`` of this computer's clock (Y-34).

        Raises
        ------
        UsageError
            ``sync.hours``.
        """
        if mode not in _MODES or not (0 <= first_hour < 24 and 0 < stop_hour <= 24 and first_hour != stop_hour):
            raise UsageError("sync.hours", "These are no hours of a day.", remedy="Two different hours from 0 to 24.")
        self.vault.outbox.remember(WHEN, {"mode": mode, "from": first_hour, "to": stop_hour})
        self._announce(Change.SETTINGS)

    @needs(Right.OWN_ACCESS)
    def sync_goes_by_itself(self) -> bool:
        """Whether sync may go now without being asked: signed in, not paused, not held back, within its hours."""
        outbox = self.vault.outbox
        account = self.cloud_account()
        if account is None or outbox.recall(PAUSED, False) or self.setting("external.sending") is not True:
            return False
        if not outbox.enabled(f"{account.server}/{account.user_id}"):
            return False
        if self.sync_holds_back() is not None:
            return False
        chosen = outbox.recall(WHEN, {"mode": "always"})
        if chosen["mode"] != "hours":
            return bool(chosen["mode"] == "always")
        hour, first, stop = datetime.now().astimezone().hour, int(chosen["from"]), int(chosen["to"])
        return first <= hour < stop if first < stop else hour >= first or hour < stop

    # -- doing --------------------------------------------------------------------------------------------------

    @needs(Right.SEND_INSIGHT)
    def sync_now(self, cancel: CancelToken | None = None, *, open_patient: str | None = None) -> CycleReport:
        """One cycle: send what waits, read back what was sent.

        Parameters
        ----------
        open_patient:
            Whose newest days go first.

        Raises
        ------
        ConflictError
            ``sync.paused`` while somebody has paused it; ``sync.running``; ``sync.clone`` for a copy of a vault that
            syncs elsewhere; ``sync.breaker`` while a mass deletion waits for a person.
        NotPermittedError
            ``cloud.sending_off``.
        CloudError
            ``cloud.signed_out`` without a sign-in. What goes wrong on the way stands in the report.
        """
        key = self._account_key()
        self._require_sending()
        if self.vault.outbox.recall(PAUSED, False):
            raise ConflictError("sync.paused", "Sync is paused.", remedy="Let it go on in the sync panel.")
        if self.vault.outbox.notes(key, "breaker"):
            raise ConflictError(
                "sync.breaker",
                "Sync has stopped, because a removal at the server waits for your answer.",
                remedy="Type the number of records in the sync panel, or leave everything as it is there.",
            )
        if not self._cycle_lock.acquire(blocking=False):
            raise ConflictError("sync.running", "Sync is running already.", remedy="Wait until it has ended.")
        token = self._cycle_cancel = cancel or CancelToken()
        try:
            return self._cycle(key, token, open_patient)
        finally:
            self._cycle_cancel = None
            self._cycle_lock.release()

    @needs(Right.SEND_INSIGHT)
    def sync_in_background(self, open_patient: str | None = None) -> bool:
        """Start a cycle in a thread of its own, which the lock ends; answers whether one was started.

        What stops it stands in :meth:`sync_status`; nothing is raised later.
        """
        with self._lock:
            if self._cycle_lock.locked():
                return False
            key = self._account_key()

            def work() -> None:
                try:
                    self.sync_now(open_patient=open_patient)
                except ClarityError as error:
                    if self._vault is not None:
                        self._note_stop(key, error)

            threading.Thread(target=work, name="sync", daemon=True).start()
        return True

    def _note_stop(self, key: str, error: ClarityError) -> None:
        """Keep why a quiet cycle did not begin, as its report would have."""
        try:
            last = self.vault.outbox.recall(f"{LAST}/{key}") or {"verified": 0}
            self.vault.outbox.remember(f"{LAST}/{key}", last | {"at": int(time.time()), "stopped": error.code})
        except ClarityError:
            # The vault was locked meanwhile; the next look says how things stand.
            return
        self._announce(Change.SETTINGS)

    def _cycle(self, key: str, cancel: CancelToken, open_patient: str | None) -> CycleReport:
        from clarity_desktop.cloud.sync.engine import SyncEngine

        account, outbox = self.cloud_account(), self.vault.outbox
        assert account is not None
        api = self._cloud_api(account)
        reconcile = self._begin_session()
        self._finish_erasures(key)
        engine = SyncEngine(
            api,
            outbox,
            key,
            self._channel_reader(),
            self._sync_refusal,
            open_patient=open_patient,
            reconcile=reconcile,
            identity_pool=self._identity_pool(account.server),
            origin=self._origin(),
        )
        ended = threading.Event()

        async def whole() -> CycleReport:
            try:
                return await engine.cycle()
            finally:
                ended.set()

        try:
            report = self._net.run(whole(), cancel)
        except CancelledError:
            # What was on its way is marked as unknown before the vault may close.
            ended.wait(_PARK_S)
            raise
        if report.stopped == "sync.clone":
            self._doubled()
        if report.looked:
            self._has_looked()
        if reconcile and not report.stopped:
            self._reconciled()
        if not report.stopped and self._check_is_due():
            self.compare_with_server()
        outbox.remember(
            f"{LAST}/{key}",
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
        """Let what stopped go again: one operation, or all that wait for a person. Answers how many.

        What the server may hold, and cannot show, goes again by name alone: it may be there twice then.
        """
        outbox = self.vault.outbox
        chosen = [outbox.operation(op_id)] if op_id else self.sync_for_person()
        moved = outbox.requeue(
            [one.op_id for one in chosen if one.state in (OperationState.REJECTED, OperationState.DEAD)]
        )
        for one in chosen:
            if one.state is OperationState.UNVERIFIED and op_id:
                self._resend(one)
                moved += 1
        self._announce(Change.SETTINGS)
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
        self._announce(Change.SETTINGS)

    @needs(Right.SEND_INSIGHT)
    def settle_sync_notice(self, code: str) -> int:
        """A person has read the notices of a kind; answers how many those were."""
        found = self.vault.outbox.notes(self._account_key(), code)
        for one in found:
            self.vault.outbox.settle(one.id)
        self._announce(Change.SETTINGS)
        return len(found)
