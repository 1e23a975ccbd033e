"""The engine: packs what waits, sends it once, and never sends an unknown outcome again unseen (sync §2)."""

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from clarity_desktop.cloud.api.capabilities import CloudApi
from clarity_desktop.cloud.client.clock import Clock, SystemClock
from clarity_desktop.cloud.client.exchange import CloudError
from clarity_desktop.cloud.sync.metrics import packed_metrics, request_body
from clarity_desktop.cloud.sync.packing import Channel
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.sync import Operation, OperationState, SyncReason
from clarity_desktop.domain.time import Span

__all__ = ["Ability", "CycleReport", "OutboxStore", "SyncEngine"]

_S = OperationState
MOST_BODY: Final = 4 * 2**20
MOST_METRICS: Final = 100
MOST_ATTEMPTS: Final = 12
MOST_FAULTS: Final = 3
WINDOW_S: Final = 900.0
"""How long a read-back may lag before an unknown outcome counts as absent (Y-9)."""
UNVERIFIED_AFTER_S: Final = 86_400.0
_READS: Final = 3
_FIRST_PAUSE_S: Final = 30.0
_MOST_PAUSE_S: Final = 3600.0
_AT_ONCE: Final = 200


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
        limit: int = 1000,
    ) -> list[Operation]: ...
    def payload(self, op_id: str) -> dict[str, Any] | None: ...  # noqa: D102
    def pack(self, op_id: str, packed: Sequence[tuple[dict[str, Any], str]]) -> list[str]: ...  # noqa: D102
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
    errors: list[str] = field(default_factory=list)


class SyncEngine:
    """Drives one account's outbox. Used from the network's loop; the vault is asked in worker threads.

    Parameters
    ----------
    channels:
        Reads the channels of a patient that ride on a type, within a span.
    refusal:
        Why nothing of a patient may go now: consent withdrawn, sending switched off; ``None`` when it may. Asked
        right before each request.
    """

    def __init__(
        self,
        api: CloudApi,
        outbox: OutboxStore,
        account: str,
        channels: Callable[[str, str, Span], Sequence[Channel]],
        refusal: Callable[[str], SyncReason | None] = lambda _: None,
        clock: Clock | None = None,
    ) -> None:
        self._api, self._outbox, self.account = api, outbox, account
        self._channels, self._refusal = channels, refusal
        self._clock: Clock = clock or SystemClock()
        self._recovered = False
        self._last_success = 0.0

    async def cycle(self) -> CycleReport:
        """One round: recover once, pack, send, read back. Raises nothing of the network; the report tells."""
        report = CycleReport()
        if not self._recovered:
            report.unknown = await asyncio.to_thread(self._outbox.recover, self.account)
            self._recovered = True
        try:
            await self._look_for_unknown(report)
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
        for patient_id in patients:
            reason = await asyncio.to_thread(self._refusal, patient_id)
            if reason is not None:
                waiting = await asyncio.to_thread(self._due, patient_id, [_S.NEW, _S.BATCHED])
                await self._move([one.op_id for one in waiting], _S.DEAD, reason=reason.value)
                continue
            while True:
                batch = await asyncio.to_thread(self._next_batch, patient_id)
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
            self.account, states, patient_id=patient_id, due=int(self._clock.now()), limit=_AT_ONCE
        )

    def _next_batch(self, patient_id: str) -> Any:
        """The next request of a patient: one made before, else a new one with at most one metric of a type (D8)."""
        for one in self._due(patient_id, [_S.BATCHED]):
            if one.batch_id is not None:
                stored = self._outbox.stored_batch(one.batch_id)
                if stored is not None:
                    return stored
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

    def _metric(self, one: Operation) -> dict[str, Any] | None:
        metric = self._outbox.payload(one.op_id)
        if metric is not None:
            return metric
        channels = [found for found in self._channels(one.patient_id, one.metric_type, one.span) if len(found.samples)]
        if not channels:
            self._outbox.move([one.op_id], _S.DEAD, reason=SyncReason.NOT_SENDABLE.value)
            return None
        self._outbox.pack(one.op_id, packed_metrics(one.metric_type, channels, one.span))
        return self._outbox.payload(one.op_id)

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
        self._last_success = self._clock.now()
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
            report.rejected += 1
            await self._move(ops, _S.REJECTED, reason=SyncReason.NOT_SENDABLE.value)
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
        passes_others = self._last_success > first
        if faults >= MOST_FAULTS and passes_others:
            if len(ops) > 1:
                await self._split(batch, ops)
                return
            report.rejected += 1
            await self._move(ops, _S.REJECTED, reason=SyncReason.SERVER_FAILS_ON_IT.value, may_exist=True)
            return
        await self._later(ops, error, may_exist=True, count_fault=True)

    async def _later(self, ops: Sequence[str], error: CloudError, **changes: Any) -> None:
        """Back to ``batched``, to be tried again after a pause; after twelve cycles a person is asked."""
        known = await asyncio.to_thread(self._outbox.operations, self.account, [_S.SENDING], limit=10_000)
        attempts = max((one.attempts for one in known if one.op_id in ops), default=0) + 1
        if attempts >= MOST_ATTEMPTS:
            await self._move(ops, _S.DEAD, reason=SyncReason.GAVE_UP.value)
            return
        pause = min(_FIRST_PAUSE_S * 2 ** (attempts - 1), _MOST_PAUSE_S)
        when = int(self._clock.now() + max(pause, error.wait_s or 0.0))
        await self._move(ops, _S.BATCHED, reason=error.code, next_try=when, count_attempt=True, **changes)

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

    async def _move(self, ops: Sequence[str], to: OperationState, **changes: Any) -> None:
        if ops:
            await asyncio.to_thread(lambda: self._outbox.move(list(ops), to, **changes))

    # -- reading back -------------------------------------------------------------------------------------------

    async def _look_for_unknown(self, report: CycleReport) -> None:
        """What may have arrived is looked for before anything else is sent (Y-8)."""
        unknown = await asyncio.to_thread(self._outbox.operations, self.account, [_S.SENT_UNKNOWN], limit=10_000)
        if not unknown:
            return
        stored = await self._stored()
        ability = await self._ability(stored)
        for one in unknown:
            found = stored.get(one.op_id)
            if found is not None:
                await self._move([one.op_id], _S.ACCEPTED, processing_id=found[0])
            elif ability in (Ability.STATUS, Ability.NONE):
                report.unverified += 1
                await self._move([one.op_id], _S.UNVERIFIED, reason=SyncReason.CANNOT_BE_CHECKED.value)
            elif ability == Ability.FULL and await self._is_absent(one):
                await self._resend(one)

    async def _is_absent(self, one: Operation) -> bool:
        """Whether an operation was looked for often and long enough to say that it is not there (Y-9)."""
        name = f"reads/{one.op_id}"
        reads = 1 + int(await asyncio.to_thread(self._outbox.recall, name, 0))
        await asyncio.to_thread(self._outbox.remember, name, reads)
        return reads >= _READS and self._clock.now() - (one.last_sent or one.updated) >= WINDOW_S

    async def _resend(self, one: Operation) -> None:
        metric = await asyncio.to_thread(self._outbox.payload, one.op_id)
        if metric is None:
            return
        body = request_body(self._api.user_id, [metric], str(uuid.uuid4()), self._clock.now())
        await asyncio.to_thread(self._outbox.batch, one.patient_id, self.account, [one.op_id], body)

    async def _read_back(self, report: CycleReport) -> None:
        states = [_S.ACCEPTED, _S.PROCESSING]
        waiting = await asyncio.to_thread(self._outbox.operations, self.account, states, limit=10_000)
        if not waiting:
            return
        stored = await self._stored()
        ability = await self._ability(stored)
        for one in waiting:
            found = stored.get(one.op_id)
            if found is not None:
                is_equal = found[1] == one.payload_hash
                report.verified += is_equal
                report.unverified += not is_equal
                state = _S.VERIFIED if is_equal else _S.UNVERIFIED
                await self._move([one.op_id], state, reason="" if is_equal else SyncReason.DIFFERS.value)
                continue
            if ability in (Ability.STATUS, Ability.NONE) or self._clock.now() - one.updated >= UNVERIFIED_AFTER_S:
                report.unverified += 1
                await self._move([one.op_id], _S.UNVERIFIED, reason=SyncReason.CANNOT_BE_CHECKED.value)

    async def _stored(self) -> Mapping[str, tuple[str, str]]:
        """What the server holds: processing id and hash of the packed text, by metric id."""
        found: dict[str, tuple[str, str]] = {}
        async for upload in self._api.list_uploads():
            for metric in upload.metrics:
                text = metric.raw_data.get("data")
                digest = hashlib.sha256(text.encode()).hexdigest() if isinstance(text, str) else ""
                found[metric.metric_id] = (upload.processing_id, digest)
        return found

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
        return learned

    async def _ability_by_status(self, known: str) -> str:
        """With an empty list: whether the server at least knows an upload that it has accepted."""
        accepted = await asyncio.to_thread(self._outbox.operations, self.account, [_S.ACCEPTED], limit=1)
        if not accepted or accepted[0].processing_id is None:
            return known
        if self._clock.now() - accepted[0].updated < self._lag_s:
            return known
        try:
            state = await self._api.processing_status(accepted[0].processing_id)
        except ClarityError:
            return known
        return Ability.NONE if state is None else Ability.STATUS

    _lag_s: float = 0.0


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
_STOPPING_STATUS: Final = frozenset({401, 403, 404, 405, 410, 429, 503})


def _stops_all(error: CloudError) -> bool:
    """Whether what stopped one request would stop every other as well."""
    return error.code in _STOPS_ALL or (error.problem is not None and error.problem.status in _STOPPING_STATUS)
