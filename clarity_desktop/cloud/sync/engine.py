"""The engine: packs what waits, sends it once, and never sends an unknown outcome again unseen (sync §2)."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final

from clarity_desktop.cloud.api.capabilities import CloudApi
from clarity_desktop.cloud.client.clock import Clock
from clarity_desktop.cloud.client.exchange import CloudError
from clarity_desktop.cloud.sync.cycle import Ability, CycleReport, OutboxStore
from clarity_desktop.cloud.sync.metrics import packed_metrics
from clarity_desktop.cloud.sync.origin import Origin
from clarity_desktop.cloud.sync.packing import Channel
from clarity_desktop.cloud.sync.records import is_notice
from clarity_desktop.cloud.sync.refusals import Refusals, stops_all
from clarity_desktop.domain.errors import ConflictError
from clarity_desktop.domain.sync import Operation, OperationState, SyncReason
from clarity_desktop.domain.time import Span

__all__ = ["SyncEngine"]

_S = OperationState
MOST_UPLOAD: Final = 350_000
"""The server keeps an upload as one item of at most 400 KB (sync §1)."""
MOST_METRICS: Final = 100
_AT_ONCE: Final = 200


class SyncEngine(Refusals):
    """Drives one account's outbox. Used from the network's loop; the vault is asked in worker threads.

    Parameters
    ----------
    channels:
        Reads the channels of a patient that ride on a type, within a span.
    refusal:
        Why nothing of a patient may go now: consent withdrawn, sending switched off; ``None`` when it may. Asked
        right before each request.
    open_patient:
        Whose newest stretches go first; everybody else's go oldest first (Y-33).
    reconcile:
        Whether what waits may be at the server already, because an older copy of the vault was restored (Y-43).
    identity_pool:
        Which identity service vouches for the account; part of what makes it the same server (Y-41).
    origin:
        This workstation's session; ``None`` tells nothing of it and looks for no copy (Y-44).
    """

    def __init__(
        self,
        api: CloudApi,
        outbox: OutboxStore,
        account: str,
        channels: Callable[[str, str, Span], Sequence[Channel]],
        refusal: Callable[[str], SyncReason | None] = lambda _: None,
        clock: Clock | None = None,
        *,
        open_patient: str | None = None,
        reconcile: bool = False,
        identity_pool: str = "",
        origin: Origin | None = None,
    ) -> None:
        super().__init__(api, outbox, account, clock, identity_pool=identity_pool, origin=origin)
        self._channels, self._refusal = channels, refusal
        self._open_patient, self._reconciles = open_patient, reconcile
        self._recovered = False

    async def cycle(self) -> CycleReport:
        """One round: recover once, pack, send, read back. Raises nothing of the network; the report tells."""
        report = CycleReport()
        if not self._recovered:
            report.unknown = await asyncio.to_thread(self._outbox.recover, self.account)
            self._recovered = True
        try:
            await self._check_epoch()
            await self._look_for_twin(report)
            await self._look_for_unknown(report)
            if self._reconciles:
                await self._reconcile(report)
            await self._send_all(report)
            await self._read_back(report)
        except CloudError as error:
            report.stopped = error.code
            report.waits_s = error.wait_s
            report.errors.append(error.code)
        return report

    # -- packing and grouping -----------------------------------------------------------------------------------

    async def _send_all(self, report: CycleReport) -> None:
        patients = await asyncio.to_thread(self._outbox.enabled, self.account)
        for patient_id in sorted(patients, key=lambda one: (one != self._open_patient, one)):
            reason = await asyncio.to_thread(self._refusal, patient_id)
            if reason is not None:
                waiting = await asyncio.to_thread(self._due, patient_id, [_S.NEW, _S.BATCHED])
                stopping = await asyncio.to_thread(self._stopping, waiting, reason)
                stopped = [one.op_id for one in waiting if one.op_id not in stopping]
                await self._move(stopped, _S.DEAD, reason=reason.value)
                if not stopping:
                    continue
            while True:
                try:
                    batch = await asyncio.to_thread(self._next_batch, patient_id)
                except ConflictError as error:
                    if error.code != "sync.changed":
                        raise
                    continue
                if batch is None:
                    break
                try:
                    await self._send(batch, report)
                except CloudError as error:
                    # One patient's trouble does not hold up another, unless nothing goes at all (Y-14).
                    if stops_all(error):
                        raise
                    report.errors.append(error.code)
                    break

    def _stopping(self, waiting: Sequence[Operation], reason: SyncReason) -> set[str]:
        """Operations that tell other devices of a withdrawal and nothing else; they are what makes those stop."""
        if reason is not SyncReason.CONSENT_WITHDRAWN:
            return set()
        notices = [one for one in waiting if one.is_records]
        return {one.op_id for one in notices if is_notice(self._metric(one))}

    def _due(self, patient_id: str, states: Sequence[OperationState]) -> list[Operation]:
        return self._outbox.operations(
            self.account,
            states,
            patient_id=patient_id,
            due=int(self._clock.now()),
            oldest_first=patient_id != self._open_patient,
            limit=_AT_ONCE,
        )

    def _next_batch(self, patient_id: str) -> Any:
        """The next request of a patient: one made before, else a new one with at most one metric of a type (D8)."""
        for one in self._due(patient_id, [_S.BATCHED]):
            if one.batch_id is not None:
                stored = self._outbox.stored_batch(one.batch_id)
                if stored is not None:
                    return self._as_it_stands(stored)
        chosen: dict[str, dict[str, Any]] = {}
        ids: list[str] = []
        size = 0
        for one in self._due(patient_id, [_S.NEW]):
            if one.metric_type in chosen or len(ids) >= MOST_METRICS:
                continue
            metric = self._metric(one)
            if metric is None:
                continue
            weight = len(str(metric["raw_data"]["data"])) + 2_000
            if ids and size + weight > MOST_UPLOAD:
                continue
            chosen[one.metric_type] = metric
            ids.append(one.op_id)
            size += weight
        if not ids:
            return None
        return self._outbox.batch(patient_id, self.account, ids, self._body(list(chosen.values())))

    def _as_it_stands(self, stored: Any) -> Any:
        """A request made before; made anew where an operation of it was given up meanwhile."""
        inside = {str(one["metric_id"]) for one in json.loads(stored.body)["metrics"]}
        if inside == set(stored.operations):
            return stored
        metrics = [metric for one in stored.operations if (metric := self._outbox.payload(one)) is not None]
        return self._outbox.batch(stored.patient_id, self.account, stored.operations, self._body(metrics))

    def _metric(self, one: Operation) -> dict[str, Any] | None:
        metric = self._outbox.payload(one.op_id)
        if metric is not None:
            return metric
        one = self._outbox.operation(one.op_id)
        channels = [found for found in self._channels(one.patient_id, one.metric_type, one.span) if len(found.samples)]
        if not channels:
            self._outbox.move([one.op_id], _S.DEAD, reason=SyncReason.NOT_SENDABLE.value)
            return None
        packed = packed_metrics(one.metric_type, channels, one.span)
        since = int(self._outbox.recall(f"epoch-since/{self.account}", 0))
        if all(self._outbox.holds(one, digest, since) for _, digest in packed):
            self._outbox.move([one.op_id], _S.DEAD, reason=SyncReason.ALREADY_THERE.value)
            return None
        if not self._outbox.pack(one.op_id, packed, one.version):
            return None
        return self._outbox.payload(one.op_id)

    async def _reconcile(self, report: CycleReport) -> None:
        """Look for everything that waits at the server before any of it is sent (Y-43)."""
        stored = await self._stored()
        if not stored and await asyncio.to_thread(self._outbox.recall, f"ability/{self.account}") == Ability.FULL:
            return
        by_digest = {one.digest: one.processing_id for one in stored.values()}

        def adopt() -> int:
            found = 0
            for one in self._outbox.operations(self.account, [_S.NEW, _S.BATCHED], limit=100_000):
                if one.state is _S.NEW and self._metric(one) is None:
                    continue
                here = self._outbox.operation(one.op_id)
                same = stored.get(one.op_id)
                place = same.processing_id if same is not None else by_digest.get(here.payload_hash or "")
                if place is not None and here.state in (_S.NEW, _S.BATCHED):
                    self._outbox.adopt(one.op_id, place)
                    found += 1
            return found

        report.reconciled = await asyncio.to_thread(adopt)
        self._reconciles = False

    # -- sending ------------------------------------------------------------------------------------------------

    def _only_stops(self, batch: Any, reason: SyncReason) -> bool:
        named = [self._outbox.operation(one) for one in batch.operations]
        return len(self._stopping(named, reason)) == len(named)

    async def _send(self, batch: Any, report: CycleReport) -> None:
        wait = self._api.client.buckets["upload"].wait_s()
        if wait > 0:
            report.waits_s = wait
            raise CloudError(
                "cloud.limit",
                "The limit of this server is reached; it goes on by itself.",
                remedy="Nothing needs to be done; what was to be sent is kept.",
                wait_s=wait,
            )
        reason = await asyncio.to_thread(self._refusal, batch.patient_id)
        if reason is not None and not await asyncio.to_thread(self._only_stops, batch, reason):
            await self._move(batch.operations, _S.DEAD, reason=reason.value)
            return
        correlation = str(uuid.uuid4())
        await asyncio.to_thread(self._outbox.begin_sending, batch, correlation)
        report.sent += 1
        try:
            receipt = await self._api.upload_metrics(batch.body, correlation=correlation)
        except CloudError as error:
            await self._not_accepted(batch, error, report)
            return
        except asyncio.CancelledError:
            # The request was cut by closing the window or the lock; it may have arrived.
            await asyncio.shield(self._move(batch.operations, _S.SENT_UNKNOWN, may_exist=True))
            raise
        report.accepted += len(batch.operations)
        await self._move(batch.operations, _S.ACCEPTED, processing_id=receipt.processing_id, action="sync.accepted")
