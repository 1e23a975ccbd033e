"""Reading back: what the server shows of what it took, before anything unknown is sent again (Y-8 to Y-12, Y-41)."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from clarity_desktop.cloud.api.capabilities import CloudApi
from clarity_desktop.cloud.client.clock import Clock, SystemClock
from clarity_desktop.cloud.client.exchange import CloudError
from clarity_desktop.cloud.sync.cycle import MOST_ATTEMPTS, MOST_FAULTS, Ability, CycleReport, OutboxStore
from clarity_desktop.cloud.sync.metrics import request_body
from clarity_desktop.cloud.sync.origin import ORIGIN, Origin
from clarity_desktop.cloud.sync.probe import probe_types
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.sync import Operation, OperationState, SyncReason

__all__ = ["EMPTY_LIST", "EPOCH_CHANGED", "ReadBack", "SelfCheck", "StoredText", "epoch_hash", "epoch_name"]

_S = OperationState
WINDOW_S: Final = 900.0
"""How long a read-back may lag before an unknown outcome counts as absent (Y-9)."""
UNVERIFIED_AFTER_S: Final = 86_400.0
_READS: Final = 3
_SENTINEL_TYPE: Final = "heart_rate"
_SENTINEL_PAUSE_S: Final = 3600.0
_SENTINELS: Final = 5
_SENTINEL_DAYS: Final = 25
"""Older ones may have expired at the server."""
EMPTY_LIST: Final = "server.empty_list"
EPOCH_CHANGED: Final = "server.epoch"


@dataclass(frozen=True, slots=True)
class StoredText:
    """One metric at the server."""

    processing_id: str
    digest: str
    """SHA-256 of its packed text."""


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """Local proof against the server (Y-64)."""

    equal: int
    missing: int
    """Expired, lagging or gone: nothing here is deleted for it (Y-35)."""
    different: int
    is_readable: bool
    """Whether the server shows anything at all."""


class ReadBack:
    """The reading half of the engine."""

    def __init__(
        self,
        api: CloudApi,
        outbox: OutboxStore,
        account: str,
        clock: Clock | None = None,
        *,
        identity_pool: str = "",
        origin: Origin | None = None,
    ) -> None:
        self._api, self._outbox, self.account = api, outbox, account
        self._clock: Clock = clock or SystemClock()
        self._identity_pool, self._origin = identity_pool, origin

    async def _move(self, ops: Sequence[str], to: OperationState, **changes: Any) -> None:
        if ops:
            await asyncio.to_thread(lambda: self._outbox.move(list(ops), to, **changes))

    async def _look_for_twin(self, report: CycleReport) -> None:
        """Once a session, before it sends anything: whether a copy of this device was at work (Y-44)."""
        if self._origin is None or not self._origin.is_new:
            return
        if await asyncio.to_thread(self._outbox.operations, self.account, [_S.NEW, _S.BATCHED], limit=1):
            await self._stored()
            report.looked = True

    async def _look_for_unknown(self, report: CycleReport) -> None:
        """What may have arrived is looked for before anything else is sent (Y-8)."""
        unknown = await asyncio.to_thread(self._outbox.operations, self.account, [_S.SENT_UNKNOWN], limit=10_000)
        if not unknown:
            return
        stored = await self._stored()
        ability = await self._ability(stored)
        absent: dict[str, list[Operation]] = {}
        oldest = min(one.last_sent or one.updated for one in unknown)
        # A clock that was set back says that it was sent later than now.
        if ability == Ability.UNKNOWN and not 0 <= self._clock.now() - oldest < WINDOW_S:
            ability = await self._ability_by_sentinel()
        for one in unknown:
            found = stored.get(one.op_id)
            if found is not None:
                await self._move([one.op_id], _S.ACCEPTED, processing_id=found.processing_id)
            elif ability in (Ability.STATUS, Ability.NONE):
                report.unverified += 1
                await self._move([one.op_id], _S.UNVERIFIED, reason=SyncReason.PERHAPS_RECEIVED.value)
            elif ability == Ability.FULL and await self._is_absent(one):
                absent.setdefault(one.batch_id or one.op_id, []).append(one)
        for together in absent.values():
            await self._send_again(together)

    async def _is_absent(self, one: Operation) -> bool:
        """Whether an operation was looked for often and long enough to say that it is not there (Y-9)."""
        name, now = f"looked/{one.op_id}", self._clock.now()
        since, reads, first = await asyncio.to_thread(self._outbox.recall, name, (one.last_sent, 0, now))
        if since != one.last_sent or first > now:
            # Reads of an earlier try say nothing of this one, nor do those before the clock was set back.
            reads, first = 0, now
        reads += 1
        await asyncio.to_thread(self._outbox.remember, name, (one.last_sent, reads, first))
        sent = one.last_sent or one.updated
        return bool(reads >= _READS and now - (sent if sent <= now else first) >= WINDOW_S)

    async def _send_again(self, together: Sequence[Operation]) -> None:
        """What was shown to be absent goes again, in the same request as before (Y-53); after faults, in halves."""
        ops = [one.op_id for one in together]
        if max(one.attempts for one in together) >= MOST_ATTEMPTS:
            await self._move(ops, _S.DEAD, reason=SyncReason.GAVE_UP.value)
        elif len(ops) > 1 and max(one.faults for one in together) >= MOST_FAULTS:
            await self._split(together[0].patient_id, ops)
        else:
            await self._move(ops, _S.BATCHED)

    async def _split(self, patient_id: str, ops: Sequence[str]) -> None:
        half = len(ops) // 2
        await self._regroup(patient_id, ops[:half])
        await self._regroup(patient_id, ops[half:])

    async def _regroup(self, patient_id: str, ops: Sequence[str]) -> None:
        def regroup() -> None:
            metrics = [metric for one in ops if (metric := self._outbox.payload(one)) is not None]
            self._outbox.batch(patient_id, self.account, list(ops), self._body(metrics))

        await asyncio.to_thread(regroup)

    def _body(self, metrics: Sequence[dict[str, Any]]) -> bytes:
        """A request that was never made before."""
        return request_body(self._api.user_id, metrics, str(uuid.uuid4()), self._clock.now(), self._origin)

    async def _read_back(self, report: CycleReport) -> None:
        states = [_S.ACCEPTED, _S.PROCESSING]
        waiting = await asyncio.to_thread(self._outbox.operations, self.account, states, limit=10_000)
        unchecked = [
            one
            for one in await asyncio.to_thread(self._outbox.operations, self.account, [_S.UNVERIFIED], limit=10_000)
            if one.reason == SyncReason.CANNOT_BE_CHECKED.value
        ]
        known = await asyncio.to_thread(self._outbox.recall, f"ability/{self.account}")
        if not waiting and not (unchecked and known == Ability.FULL):
            return
        stored = await self._stored()
        ability = await self._ability(stored)
        # What could not be checked once may be read back later.
        equal = [one for one in unchecked if one.op_id in stored and stored[one.op_id].digest == one.payload_hash]
        for one in waiting:
            found = stored.get(one.op_id)
            if found is not None and found.digest == one.payload_hash:
                equal.append(one)
                continue
            if found is not None:
                report.unverified += 1
                await self._move([one.op_id], _S.UNVERIFIED, reason=SyncReason.DIFFERS.value)
                continue
            if ability in (Ability.STATUS, Ability.NONE) or self._clock.now() - one.updated >= UNVERIFIED_AFTER_S:
                report.unverified += 1
                await self._move([one.op_id], _S.UNVERIFIED, reason=SyncReason.CANNOT_BE_CHECKED.value)
        report.verified += len(equal)
        by_patient: dict[str, list[str]] = {}
        for one in equal:
            by_patient.setdefault(one.patient_id, []).append(one.op_id)
        for op_ids in by_patient.values():
            await self._move(op_ids, _S.VERIFIED)

    async def _stored(self) -> Mapping[str, StoredText]:
        """What the server holds, by metric id. Texts are hashed as they come, so that few are held at once."""
        found: dict[str, StoredText] = {}
        async for upload in self._api.list_uploads():
            for metric in upload.metrics:
                text = metric.raw_data.get("data")
                digest = hashlib.sha256(text.encode()).hexdigest() if isinstance(text, str) else ""
                found[metric.metric_id] = StoredText(upload.processing_id, digest)
                if self._origin is not None and self._origin.is_doubled(metric.raw_data.get(ORIGIN)):
                    raise CloudError(
                        "sync.clone",
                        "Another copy of this vault has sent data under this workstation's name.",
                        remedy="Sync stays off in this copy until you let it sync under a name of its own.",
                    )
        return found

    # -- what the server is able to show ------------------------------------------------------------------------

    async def _ability(self, stored: Mapping[str, Any]) -> str:
        """What can be read back here; learned from what came, kept for this server."""
        name = f"ability/{self.account}"
        known = str(await asyncio.to_thread(self._outbox.recall, name, Ability.UNKNOWN))
        if stored:
            learned = Ability.FULL
        elif known == Ability.FULL:
            # A list that was full before and is empty now is lag, expiry or another server; nothing follows from it.
            return known
        else:
            learned = await self._ability_by_status(known)
        if learned != known:
            await asyncio.to_thread(self._outbox.remember, name, learned)
        if learned in (Ability.STATUS, Ability.NONE):
            # One notice that names the defect; no local row changes for it (Y-77).
            await asyncio.to_thread(self._outbox.tell, self.account, EMPTY_LIST, {"ability": learned})
        return learned

    async def _ability_by_status(self, known: str) -> str:
        """With an empty list: whether the server at least knows an upload that it has accepted."""
        accepted = await asyncio.to_thread(self._outbox.operations, self.account, [_S.ACCEPTED], limit=1)
        if not accepted or accepted[0].processing_id is None:
            return known
        try:
            state = await self._api.processing_status(accepted[0].processing_id)
        except ClarityError:
            return known
        return Ability.NONE if state is None else Ability.STATUS

    async def _ability_by_sentinel(self) -> str:
        """Where nothing was ever accepted: one harmless sentinel shows whether this server can be read back at all.

        Without it an outcome that was lost at the very first upload would stay unknown for ever (Y-9, Y-72).
        """
        name, now = f"sentinel/{self.account}", self._clock.now()
        last = float(await asyncio.to_thread(self._outbox.recall, name, 0.0))
        if 0 <= now - last < _SENTINEL_PAUSE_S:
            # A server that is broken is not asked at every cycle; the data need those requests more.
            return Ability.UNKNOWN
        await asyncio.to_thread(self._outbox.remember, name, now)
        (found,) = await probe_types(self._api, now, (_SENTINEL_TYPE,))
        if found.outcome != "accepted":
            return Ability.UNKNOWN
        learned = Ability.FULL if found.is_readable else Ability.STATUS if found.is_known else Ability.NONE
        await asyncio.to_thread(self._outbox.remember, f"ability/{self.account}", learned)
        return learned

    # -- is it the same server ----------------------------------------------------------------------------------

    async def _check_epoch(self) -> None:
        """Stop before any write where a server no longer knows what it was shown to hold (Y-41).

        A few of the newest verified operations are the sentinel: one that is still known is enough. An empty, reset,
        expired or foreign store knows none of them.

        Raises
        ------
        CloudError
            ``sync.epoch``; a person says how to go on (Y-42).
        """
        await self._check_identity()
        if await asyncio.to_thread(self._outbox.recall, f"ability/{self.account}") != Ability.FULL:
            return
        since = int(await asyncio.to_thread(self._outbox.recall, f"epoch-since/{self.account}", 0))
        newest = int(self._clock.now()) - _SENTINEL_DAYS * 86_400
        verified = await asyncio.to_thread(self._outbox.operations, self.account, [_S.VERIFIED], limit=1000)
        recent = [one for one in verified if (one.last_sent or 0) > max(newest, since) and one.processing_id]
        recent.sort(key=lambda one: one.last_sent or 0, reverse=True)
        if not recent:
            return
        for one in recent[:_SENTINELS]:
            if await self._api.processing_status(str(one.processing_id)) is not None:
                return
        # A look-up by processing id may lag; the list decides.
        stored = await self._stored()
        if any(one.op_id in stored or _has(stored, one.payload_hash) for one in recent):
            return
        document = {"sentinel": len(recent), "at_server": len(stored)}
        await self._stop_for_epoch("The server no longer knows anything that it was shown to hold.", document)

    async def _check_identity(self) -> None:
        """Stop where the address, the identity pool or the user are others than those that were synced with (Y-41)."""
        name, own = epoch_name(self.account), epoch_hash(self.account, self._identity_pool)
        known = await asyncio.to_thread(self._outbox.recall, name, "")
        if not known:
            await asyncio.to_thread(self._outbox.remember, name, own)
        elif known != own:
            await self._stop_for_epoch("The server's identity service is another than before.", {"identity": 1})

    async def _stop_for_epoch(self, message: str, document: dict[str, Any]) -> None:
        await asyncio.to_thread(self._outbox.tell, self.account, EPOCH_CHANGED, document)
        raise CloudError("sync.epoch", message, remedy="Nothing was sent or changed. The sync panel asks how to go on.")

    async def self_check(self) -> SelfCheck:
        """Compare what was verified with what the server shows now; changes nothing (Y-64)."""
        verified = await asyncio.to_thread(self._outbox.verified, self.account)
        stored = await self._stored()
        digests = {one.digest for one in stored.values()}
        equal = missing = different = 0
        for op_id, digest in verified.items():
            found = stored.get(op_id)
            if digest in digests:
                equal += 1
            elif found is None:
                missing += 1
            else:
                different += 1
        return SelfCheck(equal, missing, different, bool(stored))


def epoch_name(account: str) -> str:
    """Where the hash of an account's server is kept; emptied when a person has said how to go on."""
    return f"epoch/{account}"


def epoch_hash(account: str, identity_pool: str) -> str:
    """Hash of the address, the user id (both in ``account``) and the identity pool that vouches for it (Y-41)."""
    return hashlib.sha256(f"{account}\n{identity_pool}".encode()).hexdigest()


def _has(stored: Mapping[str, StoredText], digest: str | None) -> bool:
    return digest is not None and any(one.digest == digest for one in stored.values())
