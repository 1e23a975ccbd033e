"""The part of the services that keeps sync safe: copies of a vault, changed servers, mass deletion, erasure, checks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from clarity_desktop.app.permissions import needs
from clarity_desktop.app.sync_device import SyncDeviceServices
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ClarityError, ConflictError, NotFoundError, UsageError
from clarity_desktop.domain.sync import OperationState, SyncReason
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.cloud.sync.read_back import ReadBack, SelfCheck
    from clarity_desktop.cloud.sync.removal import ErasureProof

__all__ = ["EPOCH_CHOICES", "SyncSafetyServices"]

EPOCH_CHOICES: Final = ("upload_again", "compare", "keep_apart")
_ERASURES: Final = "server-erasures"
_DELETIONS: Final = "deletions"
_CHECK_EVERY_S: Final = 7 * 86_400


class SyncSafetyServices(SyncDeviceServices):
    """Part of ``Services``; calls that ask a server wait, so make them from a worker."""

    def _account_key(self) -> str:
        account = self.cloud_account()
        if account is None:
            raise NotFoundError(
                "cloud.signed_out",
                "You are not signed in to a server.",
                remedy="Sign in on the account page, or run: clarity-desktop cloud sign-in",
            )
        return f"{account.server}/{account.user_id}"

    def _identity_pool(self, url: str) -> str:
        """Which identity service vouches for a server's accounts; empty where the server signs in by itself."""
        known = next((one for one in self.cloud_servers() if one.url == url), None)
        return "" if known is None else "/".join((known.region, known.pool_id, known.client_id)).strip("/")

    def _reader(self) -> ReadBack:
        from clarity_desktop.cloud.sync.read_back import ReadBack

        account = self.cloud_account()
        key = self._account_key()
        assert account is not None
        return ReadBack(self._cloud_api(account), self.vault.outbox, key)

    # -- is it the same server ----------------------------------------------------------------------------------

    @needs(Right.SEND_INSIGHT)
    def compare_with_server(self) -> SelfCheck:
        """Compare what was verified with what the server shows now; changes nothing here or there (Y-42, Y-64)."""
        found = self._net.run(self._reader().self_check())
        key = self._account_key()
        self.vault.outbox.remember(
            f"self-check/{key}",
            {
                "at": int(time.time()),
                "equal": found.equal,
                "missing": found.missing,
                "different": found.different,
                "readable": found.is_readable,
            },
        )
        self._announce(Change.SETTINGS)
        return found

    def _check_is_due(self) -> bool:
        last = self.vault.outbox.recall(f"self-check/{self._account_key()}")
        return last is None or time.time() - last["at"] >= _CHECK_EVERY_S

    @needs(Right.SEND_INSIGHT)
    def settle_epoch(self, choice: str, *, dry_run: bool = False) -> dict[str, int]:
        """Go on after a server no longer knew what it held (Y-42); answers counts.

        Parameters
        ----------
        choice:
            ``upload_again``: everything is packed and sent anew; ``compare``: asks and changes nothing;
            ``keep_apart``: nothing more goes to this account until a person switches somebody on again.
        dry_run:
            Only count.

        Raises
        ------
        UsageError
            ``sync.choice``.
        """
        from clarity_desktop.cloud.sync.read_back import EPOCH_CHANGED, epoch_name

        if choice not in EPOCH_CHOICES:
            raise UsageError("sync.choice", "There is no such way to go on.", remedy=", ".join(EPOCH_CHOICES))
        outbox, key = self.vault.outbox, self._account_key()
        people = outbox.enabled(key)
        verified = len(outbox.verified(key))
        if choice == "compare":
            found = self.compare_with_server()
            return {"equal": found.equal, "missing": found.missing, "different": found.different}
        if dry_run:
            return {"people": len(people), "verified": verified}
        if choice == "upload_again":
            outbox.remember(f"epoch-since/{key}", int(time.time()))
            for patient_id in people:
                outbox.disable(patient_id, key)
                outbox.enable(patient_id, key, self._carriers(key))
        else:
            for patient_id in people:
                outbox.disable(patient_id, key)
            outbox.remember(f"epoch-since/{key}", int(time.time()))
        outbox.remember(epoch_name(key), "")
        for note in outbox.notes(key, EPOCH_CHANGED):
            outbox.settle(note.id)
        self._announce(Change.SETTINGS)
        return {"people": len(people), "verified": verified}

    # -- what a server takes ------------------------------------------------------------------------------------

    def _carriers(self, key: str) -> dict[str, str]:
        from clarity_desktop.cloud.sync.carriers import CARRIERS
        from clarity_desktop.cloud.sync.metrics import carriers_for
        from clarity_desktop.cloud.sync.probe import accepted_types

        return carriers_for(list(CARRIERS), accepted_types(self.vault.outbox.recall(f"probe/{key}")))

    @needs(Right.SEND_INSIGHT)
    def probe_server(self) -> dict[str, Any]:
        """Ask the server with one sentinel a type what it takes; at most weekly, else the kept answer (Y-72).

        Raises
        ------
        ConflictError
            ``sync.off`` while an admin has switched sending off.
        """
        from dataclasses import asdict

        from clarity_desktop.cloud.sync.probe import PROBE_EVERY_S, probe_types

        self._require_sending()
        account, key = self.cloud_account(), self._account_key()
        assert account is not None
        name, now = f"probe/{key}", int(time.time())
        kept = self.vault.outbox.recall(name)
        if kept is not None and now - int(kept["at"]) < PROBE_EVERY_S:
            return dict(kept)
        found = self._net.run(probe_types(self._cloud_api(account), now))
        document = {"at": now, "types": {one.metric_type: asdict(one) for one in found}}
        self.vault.outbox.remember(name, document)
        self.vault.outbox.carry_anew(key, self._carriers(key))
        self._announce(Change.SETTINGS)
        return document

    # -- removing at the server ---------------------------------------------------------------------------------

    @needs(Right.SEND_INSIGHT)
    def remove_from_server(self, patient_id: str, *, typed_count: int | None = None) -> ErasureProof:
        """Delete at the server what was sent of a person; everything stays here.

        Raises
        ------
        ConflictError
            ``sync.breaker`` when that is more than the breaker lets pass; its detail is the count to type. A verified
            backup is made before the person is asked.
        """
        from clarity_desktop.cloud.sync.removal import DeletionBreaker

        outbox, key, now = self.vault.outbox, self._account_key(), int(time.time())
        ids = outbox.processing_ids(patient_id).get(key, ())
        scope = sum(one.count for one in outbox.counts(key) if one.state in _AT_SERVER)
        own = len(outbox.operations(key, _AT_SERVER, patient_id=patient_id, limit=100_000))
        breaker = DeletionBreaker([(int(at), int(size)) for at, size in outbox.recall(_DELETIONS, [])])
        # Everything of one person goes, so the person is the scope as well as the account.
        if (breaker.asks(own, own, now) or breaker.asks(own, scope, now)) and typed_count != own:
            outbox.tell(key, "breaker", {"count": own}, patient_id)
            self.vault.backups.make(kind="safety")
            raise ConflictError(
                "sync.breaker",
                f"This would remove {own} records from the server, so sync has stopped.",
                remedy="A backup was made. Type the number of records to go on, or leave everything as it is.",
                detail=str(own),
            )
        for note in outbox.notes(key, "breaker"):
            outbox.settle(note.id)
        outbox.disable(patient_id, key)
        proof = self._erase_uploads(key, ids, patient_id)
        outbox.forget_removed(patient_id, key, proof.confirmed)
        breaker.note(own, now)
        outbox.remember(_DELETIONS, breaker.done)
        self._announce(Change.SETTINGS, patient_id)
        return proof

    def _erase_uploads(self, key: str, processing_ids: tuple[str, ...], patient_id: str) -> ErasureProof:
        from clarity_desktop.cloud.sync.removal import erase_uploads

        account = next((one for one in self._accounts() if one.key == key), None) or self._account(key)
        known = {one.op_id for one in self.vault.outbox.operations(key, patient_id=patient_id, limit=100_000)}
        proof = self._net.run(erase_uploads(self._cloud_api(account), processing_ids, known))
        told = f"{len(proof.confirmed)} deleted, {len(proof.not_confirmed)} requested, not confirmed"
        self.vault.audit.append("cloud.erase", patient_id=patient_id, detail=told)
        return proof

    def _erase_elsewhere(self, patient_id: str) -> None:
        """Before an erasure here: every server deletes what it holds, and what is not proved is kept (Y-45)."""
        outbox = self.vault.outbox
        pending = dict(outbox.recall(_ERASURES, {}))
        for key, ids in outbox.processing_ids(patient_id).items():
            outbox.disable(patient_id, key, SyncReason.ERASED)
            try:
                proof = self._erase_uploads(key, ids, patient_id)
                open_ids = [*proof.not_confirmed, *proof.left]
                confirmed = len(proof.confirmed)
            except ClarityError as error:
                # Erasure here waits for nobody; the server is asked again at the next cycle.
                self.vault.audit.append("cloud.erase", patient_id=patient_id, outcome="refused", detail=error.code)
                open_ids, confirmed = list(ids), 0
            pending[patient_id] = {
                **pending.get(patient_id, {}),
                key: {"confirmed": confirmed, "open": open_ids, "at": int(time.time())},
            }
        if pending:
            outbox.remember(_ERASURES, pending)

    @needs(Right.OWN_ACCESS)
    def server_erasures(self) -> dict[str, Any]:
        """By pseudonym and account: how many uploads were proved to be deleted, and which are open."""
        return dict(self.vault.outbox.recall(_ERASURES, {}))

    def _finish_erasures(self, key: str) -> None:
        """Ask again for what a server did not confirm; erasure comes before everything that is sent."""
        pending = dict(self.vault.outbox.recall(_ERASURES, {}))
        changed = False
        for patient_id, accounts in pending.items():
            one = accounts.get(key)
            if one is None or not one["open"]:
                continue
            proof = self._erase_uploads(key, tuple(one["open"]), patient_id)
            one["open"] = [*proof.not_confirmed, *proof.left]
            one["confirmed"] += len(proof.confirmed)
            one["at"] = int(time.time())
            changed = True
        if changed:
            self.vault.outbox.remember(_ERASURES, pending)


_AT_SERVER: Final = (
    OperationState.ACCEPTED,
    OperationState.PROCESSING,
    OperationState.VERIFIED,
    OperationState.UNVERIFIED,
)
