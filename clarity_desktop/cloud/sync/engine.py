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
from clarity_desktop.cloud.sync.metrics import packed_metrics, request_body
from clarity_desktop.cloud.sync.packing import Channel
from clarity_desktop.cloud.sync.read_back import ReadBack
from clarity_desktop.domain.errors import ConflictError
from clarity_desktop.domain.sync import Operation, OperationState, SyncReason
from clarity_desktop.domain.time import Span

__all__ = ["SyncEngine"]

_S = OperationState
MOST_BODY: Final = 4 * 2**20
MOST_METRICS: Final = 100
MOST_ATTEMPTS: Final = 12
MOST_FAULTS: Final = 3
_FIRST_PAUSE_S: Final = 30.0
_MOST_PAUSE_S: Final = 3600.0
_AT_ONCE: Final = 200


class SyncEngine(ReadBack):
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
    ) -> None:
        super().__init__(api, outbox, account, clock)
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
                await self._move([one.op_id for one in waiting], _S.DEAD, reason=reason.value)
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
                    if _stops_all(error):
                        raise
                    report.errors.append(error.code)
                    break

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
            if ids and size + weight > MOST_BODY:
                continue
            chosen[one.metric_type] = metric
            ids.append(one.op_id)
            size += weight
        if not ids:
            return None
        body = request_body(self._api.user_id, list(chosen.values()), str(uuid.uuid4()), self._clock.now())
        return self._outbox.batch(patient_id, self.account, ids, body)

    def _as_it_stands(self, stored: Any) -> Any:
        """A request made before; made anew where an operation of it was given up meanwhile."""
        inside = {str(one["metric_id"]) for one in json.loads(stored.body)["metrics"]}
        if inside == set(stored.operations):
            return stored
        metrics = [metric for one in stored.operations if (metric := self._outbox.payload(one)) is not None]
        body = request_body(self._api.user_id, metrics, str(uuid.uuid4()), self._clock.now())
        return self._outbox.batch(stored.patient_id, self.account, stored.operations, body)

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
        if reason is not None:
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

    async def _not_accepted(self, batch: Any, error: CloudError, report: CycleReport) -> None:
        problem = error.problem
        ops = list(batch.operations)
        if problem is None or error.outcome_unknown:
            if error.outcome_unknown:
                report.unknown += len(ops)
                await self._move(ops, _S.SENT_UNKNOWN, reason=error.code, may_exist=True, count_attempt=True)
            else:
                await self._later(ops, error)
            if _stops_all(error):
                raise error
            return
        if problem.status in (400, 409, 422):
            await self._bisect(batch, _named(problem.errors, batch), problem.code, report)
        elif problem.status == 413 and len(ops) > 1:
            await self._split(batch, ops)
        elif problem.status == 413:
            # One metric is far below any limit: this tells of the server, not of the data (Y-29).
            await self._later(ops, error)
        elif problem.status >= 500:
            await self._faulted(batch, error, report)
        else:
            await self._later(ops, error)
            raise error

    async def _faulted(self, batch: Any, error: CloudError, report: CycleReport) -> None:
        """A server's own fault: kept for later; blamed on the data only when others pass meanwhile (Y-73, D1)."""
        ops = list(batch.operations)
        known = await asyncio.to_thread(self._outbox.operations, self.account, [_S.SENDING], limit=10_000)
        mine = [one for one in known if one.op_id in ops]
        faults = max((one.faults for one in mine), default=0) + 1
        first = min((one.first_sent or 0 for one in mine), default=0)
        if faults >= MOST_FAULTS and len(ops) > 1:
            # Blamed on nobody yet: alone, what is whole gets through, and what is not is found.
            await self._split(batch, ops)
            return
        if faults >= MOST_FAULTS and await asyncio.to_thread(self._outbox.last_accepted, self.account) >= first:
            report.rejected += 1
            await self._move(ops, _S.REJECTED, reason=SyncReason.SERVER_FAILS_ON_IT.value, may_exist=True)
            return
        await self._later(ops, error, may_exist=True, count_fault=True)

    async def _later(self, ops: Sequence[str], error: CloudError, **changes: Any) -> None:
        """Back to ``batched``, to be tried again after a pause; after twelve cycles a person is asked."""
        known = await asyncio.to_thread(self._outbox.operations, self.account, [_S.SENDING], limit=10_000)
        attempts = max((one.attempts for one in known if one.op_id in ops), default=0) + 1
        # A night without a network is no cycle that failed: nothing left this machine.
        counts = error.code not in _NOT_TRIED
        if counts and attempts >= MOST_ATTEMPTS:
            await self._move(ops, _S.DEAD, reason=SyncReason.GAVE_UP.value)
            return
        pause = min(_FIRST_PAUSE_S * 2 ** (attempts - 1), _MOST_PAUSE_S)
        when = int(self._clock.now() + max(pause, error.wait_s or 0.0))
        await self._move(ops, _S.BATCHED, reason=error.code, next_try=when, count_attempt=counts, **changes)

    async def _bisect(self, batch: Any, named: list[str], code: str, report: CycleReport) -> None:
        """Find what a server refuses: by its own words where it names it, else by halves (Y-26 to Y-28)."""
        ops = list(batch.operations)
        if len(ops) == 1:
            report.rejected += 1
            await self._move(ops, _S.REJECTED, reason=code or SyncReason.SERVER_REFUSED.value, action="sync.rejected")
            return
        if named and len(named) < len(ops):
            report.rejected += len(named)
            await self._move(named, _S.REJECTED, reason=code or SyncReason.SERVER_REFUSED.value, action="sync.rejected")
            await self._regroup(batch, [one for one in ops if one not in named])
            return
        await self._split(batch, ops)

    async def _split(self, batch: Any, ops: Sequence[str]) -> None:
        half = len(ops) // 2
        await self._regroup(batch, ops[:half])
        await self._regroup(batch, ops[half:])

    async def _regroup(self, batch: Any, ops: Sequence[str]) -> None:
        def regroup() -> None:
            metrics = [metric for one in ops if (metric := self._outbox.payload(one)) is not None]
            body = request_body(self._api.user_id, metrics, str(uuid.uuid4()), self._clock.now())
            self._outbox.batch(batch.patient_id, self.account, list(ops), body)

        await asyncio.to_thread(regroup)


def _named(errors: Sequence[Any], batch: Any) -> list[str]:
    """Operations that a server's words name, by the place in the list of metrics or by their id."""
    ids = [str(one["metric_id"]) for one in json.loads(batch.body)["metrics"]]
    found: list[str] = []
    for error in errors:
        parts = str(error.field).split(".")
        if len(parts) > 1 and parts[0] == "metrics" and parts[1].isdigit() and int(parts[1]) < len(ids):
            found.append(ids[int(parts[1])])
        found.extend(one for one in ids if one in str(error.message))
    return list(dict.fromkeys(found))


_STOPS_ALL: Final = frozenset(
    {
        "cloud.signed_out",
        "cloud.paused",
        "cloud.limit",
        "cloud.unreachable",
        "cloud.portal",
        "cloud.capability",
        "cloud.certificate",
    }
)
"""After these nothing else would get through either."""
_NOT_TRIED: Final = _STOPS_ALL - {"cloud.capability"}
_STOPPING_STATUS: Final = frozenset({401, 403, 404, 405, 410, 429, 503})


def _stops_all(error: CloudError) -> bool:
    """Whether what stopped one request would stop every other as well."""
    return error.code in _STOPS_ALL or (error.problem is not None and error.problem.status in _STOPPING_STATUS)
