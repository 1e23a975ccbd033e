"""What is done when a server does not take a request: looked for, tried later, taken apart, or given up (sync §2)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Final

from clarity_desktop.cloud.client.exchange import CloudError
from clarity_desktop.cloud.problem import Problem
from clarity_desktop.cloud.sync.cycle import MOST_ATTEMPTS, MOST_FAULTS, CycleReport
from clarity_desktop.cloud.sync.read_back import ReadBack
from clarity_desktop.domain.sync import OperationState, SyncReason

__all__ = ["Refusals", "stops_all"]

_S = OperationState
_FIRST_PAUSE_S: Final = 30.0
_MOST_PAUSE_S: Final = 3600.0


class Refusals(ReadBack):
    """The part of the engine that answers refusals."""

    async def _not_accepted(self, batch: Any, error: CloudError, report: CycleReport) -> None:
        problem = error.problem
        ops = list(batch.operations)
        if problem is not None and _is_fault_page(problem):
            await self._fault_page(ops, error, report)
            return
        if problem is None or error.outcome_unknown:
            if error.outcome_unknown:
                report.unknown += len(ops)
                await self._move(ops, _S.SENT_UNKNOWN, reason=error.code, may_exist=True, count_attempt=True)
            else:
                await self._later(ops, error)
            if stops_all(error):
                raise error
            return
        if problem.status in (400, 409, 422):
            await self._bisect(batch, _named(problem.errors, batch), problem.code, report)
        elif problem.status == 413 and len(ops) > 1:
            await self._split(batch.patient_id, ops)
        elif problem.status == 413:
            # One metric is far below any limit: this tells of the server, not of the data (Y-29).
            await self._later(ops, error)
        elif problem.status >= 500 and not stops_all(error):
            await self._faulted(batch, error, report)
        else:
            await self._later(ops, error)
            raise error

    async def _faulted(self, batch: Any, error: CloudError, report: CycleReport) -> None:
        """A fault that the server itself tells of: kept for later; blamed on the data only at last (Y-73)."""
        ops = list(batch.operations)
        if len(ops) > 1 and await self._faults(ops) >= MOST_FAULTS:
            # Blamed on nobody yet: alone, what is whole gets through, and what is not is found.
            await self._split(batch.patient_id, ops)
            return
        if not await self._blamed(ops, report):
            await self._later(ops, error, may_exist=True, count_fault=True)

    async def _fault_page(self, ops: list[str], error: CloudError, report: CycleReport) -> None:
        """A bare fault tells nothing of what was stored, so it is looked for before anything is sent again (D1)."""
        if not await self._blamed(ops, report):
            report.unknown += len(ops)
            changes: dict[str, Any] = {"may_exist": True, "count_attempt": True, "count_fault": True}
            await self._move(ops, _S.SENT_UNKNOWN, reason=error.code, **changes)

    async def _faults(self, ops: Sequence[str]) -> int:
        """The server's faults in a row for these operations, the one of now included."""
        known = await asyncio.to_thread(lambda: [self._outbox.operation(one).faults for one in ops])
        return max(known, default=0) + 1

    async def _blamed(self, ops: list[str], report: CycleReport) -> bool:
        """Reject an operation that the server fails on alone, again and again, while it serves others well (Y-73)."""
        if len(ops) > 1 or await self._faults(ops) < MOST_FAULTS:
            return False
        first = (await asyncio.to_thread(self._outbox.operation, ops[0])).first_sent or 0
        if await asyncio.to_thread(self._outbox.last_accepted, self.account) < first or not await self._is_healthy():
            return False
        report.rejected += 1
        await self._move(ops, _S.REJECTED, reason=SyncReason.SERVER_FAILS_ON_IT.value, may_exist=True)
        return True

    async def _is_healthy(self) -> bool:
        """Whether the server's own probe of health data, where it has one, says that it works."""
        return (await self._api.health()).get("data_health", True)

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
            await self._regroup(batch.patient_id, [one for one in ops if one not in named])
            return
        await self._split(batch.patient_id, ops)


def _is_fault_page(problem: Problem) -> bool:
    """Whether a fault came without a body that the server's own code has written."""
    return problem.status == 500 and problem.raw_kind == "E8"


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


def stops_all(error: CloudError) -> bool:
    """Whether what stopped one request would stop every other as well."""
    return error.code in _STOPS_ALL or (error.problem is not None and error.problem.status in _STOPPING_STATUS)
