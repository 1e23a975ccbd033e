"""The outbox: what waits for a server, where each operation stands, and everything that sync must remember."""

from __future__ import annotations

import builtins
import hashlib
import json
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from clarity_desktop.domain.errors import NotFoundError
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.sync import Operation, OperationState, StateCount, SyncReason
from clarity_desktop.domain.time import Instant, Span
from clarity_desktop.vault.chunks.columns import PERIOD_S
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store, WriteTransaction

__all__ = ["Outbox", "PackedOperation", "StoredBatch"]

_OUTBOX, _BATCHES = schema.outbox, schema.outbox_batches
_PATIENTS, _KINDS, _STATE = schema.sync_patients, schema.sync_kinds, schema.sync_state
_S = OperationState
_BEFORE_SENDING: Final = (_S.NEW, _S.BATCHED)


@dataclass(frozen=True, slots=True)
class PackedOperation:
    """What is needed to put an operation into a request."""

    op_id: str
    metric: dict[str, Any]
    """The metric as it travels; its ``metric_id`` is the ``op_id``."""
    payload_hash: str
    """SHA-256 of the packed text in it."""


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A request as it was first made."""

    id: str
    patient_id: PatientId
    body: bytes
    operations: tuple[str, ...]


class Outbox:
    """Operations of a vault. Every method is one transaction; the database refuses illegal changes of state.

    Parameters
    ----------
    clock:
        Wall time in seconds since 1970, for tests.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    # -- switches -----------------------------------------------------------------------------------------------

    def enable(self, patient_id: PatientId, account: str, carriers: Mapping[str, str]) -> int:
        """Let a patient's data go to an account; answers how many stretches wait now.

        All that is stored becomes an operation, and what stopped because sync was off waits again (Y-5).
        """
        with self._store.writing("sync.enable", patient_id) as write:
            for kind, name in carriers.items():
                carried = {"kind": kind, "metric_type": name}
                write.connection.execute(
                    insert(_KINDS).values(carried).on_conflict_do_update(index_elements=["kind"], set_=carried)
                )
            keys, now = ["patient_id", "account"], self._now()
            row = {"patient_id": patient_id, "account": account, "enabled": 1, "at": now}
            again = {"enabled": 1, "at": now}
            write.connection.execute(
                insert(_PATIENTS).values(row).on_conflict_do_update(index_elements=keys, set_=again)
            )
            write.connection.execute(
                update(_OUTBOX)
                .where(self._of(patient_id, account), _OUTBOX.c.reason == SyncReason.SYNC_OFF.value)
                .where(_OUTBOX.c.state == _S.DEAD.value)
                .values(state=_S.NEW.value, reason="", updated=self._now(), batch_id=None)
            )
            self._queue_all(write, patient_id, account)
            waiting = write.connection.execute(
                select(func.count()).where(self._of(patient_id, account), _OUTBOX.c.state == _S.NEW.value)
            ).scalar_one()
            write.detail = f"{waiting} stretches"
        return int(waiting)

    def _queue_all(self, write: WriteTransaction, patient_id: PatientId, account: str) -> None:
        """An operation for each stretch that none speaks of yet."""
        query = (
            select(_KINDS.c.metric_type, schema.chunks.c.period)
            .distinct()
            .join_from(schema.chunks, schema.series, schema.series.c.id == schema.chunks.c.series_id)
            .join(_KINDS, _KINDS.c.kind == schema.series.c.kind)
            .where(schema.series.c.patient_id == patient_id)
        )
        known = {
            (row.metric_type, row.period)
            for row in write.connection.execute(
                select(_OUTBOX.c.metric_type, _OUTBOX.c.period).where(self._of(patient_id, account))
            )
        }
        for metric_type, period in write.connection.execute(query).all():
            if (metric_type, period) not in known:
                self._add(write, patient_id, account, metric_type, period, 1)

    def _add(
        self, write: WriteTransaction, patient_id: PatientId, account: str, metric_type: str, period: int, part: int
    ) -> str:
        op_id, now = str(uuid.uuid4()), self._now()
        row = {
            "op_id": op_id,
            "patient_id": patient_id,
            "account": account,
            "metric_type": metric_type,
            "period": period,
            "part": part,
            "state": _S.NEW.value,
            "created": now,
            "updated": now,
            "attempts": 0,
            "faults": 0,
            "next_try": 0,
            "may_exist": 0,
            "correlation": "",
            "reason": "",
        }
        write.connection.execute(insert(_OUTBOX).values(row))
        return op_id

    def disable(self, patient_id: PatientId, account: str, reason: SyncReason = SyncReason.SYNC_OFF) -> int:
        """Let nothing more of a patient go; what was not sent becomes dead with the reason. Answers how many."""
        with self._store.writing("sync.disable", patient_id) as write:
            write.connection.execute(
                update(_PATIENTS)
                .where(_PATIENTS.c.patient_id == patient_id, _PATIENTS.c.account == account)
                .values(enabled=0, at=self._now())
            )
            done = write.connection.execute(
                update(_OUTBOX)
                .where(self._of(patient_id, account), _OUTBOX.c.state.in_([one.value for one in _BEFORE_SENDING]))
                .values(state=_S.DEAD.value, reason=reason.value, updated=self._now(), batch_id=None)
            )
            write.detail = f"{reason.value}, {done.rowcount} stopped"
            return int(done.rowcount)

    def enabled(self, account: str | None = None) -> dict[PatientId, str]:
        """Patients whose data may go, with their account."""
        query = select(_PATIENTS.c.patient_id, _PATIENTS.c.account).where(_PATIENTS.c.enabled == 1)
        if account is not None:
            query = query.where(_PATIENTS.c.account == account)
        with self._store.reading() as connection:
            return {row.patient_id: row.account for row in connection.execute(query)}

    # -- looking ------------------------------------------------------------------------------------------------

    def operations(
        self,
        account: str,
        states: Iterable[OperationState] | None = None,
        *,
        patient_id: PatientId | None = None,
        due: Instant | None = None,
        limit: int = 1000,
    ) -> builtins.list[Operation]:
        """Operations of an account, newest stretch first."""
        query = select(_OUTBOX).where(_OUTBOX.c.account == account)
        if states is not None:
            query = query.where(_OUTBOX.c.state.in_([one.value for one in states]))
        if patient_id is not None:
            query = query.where(_OUTBOX.c.patient_id == patient_id)
        if due is not None:
            query = query.where(_OUTBOX.c.next_try <= due)
        query = query.order_by(_OUTBOX.c.period.desc(), _OUTBOX.c.part, _OUTBOX.c.op_id).limit(limit)
        with self._store.reading() as connection:
            return [self._operation(row) for row in connection.execute(query).all()]

    def operation(self, op_id: str) -> Operation:
        """One operation; raises :class:`NotFoundError` (``sync.unknown``)."""
        with self._store.reading() as connection:
            row = connection.execute(select(_OUTBOX).where(_OUTBOX.c.op_id == op_id)).first()
        if row is None:
            raise NotFoundError("sync.unknown", "There is no such operation.", remedy="Look at the sync panel.")
        return self._operation(row)

    def counts(self, account: str | None = None) -> builtins.list[StateCount]:
        """How many operations stand in each state, all states named (Y-15)."""
        query = select(
            _OUTBOX.c.state, func.count(), func.min(_OUTBOX.c.updated), func.min(_OUTBOX.c.next_try)
        ).group_by(_OUTBOX.c.state)
        if account is not None:
            query = query.where(_OUTBOX.c.account == account)
        with self._store.reading() as connection:
            found = {row[0]: row for row in connection.execute(query).all()}
        return [
            StateCount(state, 0, None, None)
            if state.value not in found
            else StateCount(state, found[state.value][1], found[state.value][2], found[state.value][3] or None)
            for state in OperationState
        ]

    def payload(self, op_id: str) -> dict[str, Any] | None:
        """The metric of an operation as it travels; ``None`` before it was packed."""
        with self._store.reading() as connection:
            row = connection.execute(
                select(_OUTBOX.c.patient_id, _OUTBOX.c.sealed).where(_OUTBOX.c.op_id == op_id)
            ).first()
        if row is None or row.sealed is None:
            return None
        found = json.loads(self._store.seal_of(row.patient_id).open(row.sealed, _OUTBOX.name, op_id).decode())
        assert isinstance(found, dict)
        return found.get("metric")

    # -- the way to the server ------------------------------------------------------------------------------------

    def pack(self, op_id: str, packed: Sequence[tuple[dict[str, Any], str]]) -> builtins.list[str]:
        """Keep what an operation comes to; further parts become operations of their own. Answers all ids, in order.

        Parameters
        ----------
        packed:
            Metric without its id, and hash of its text, for each part.
        """
        one = self.operation(op_id)
        ids = [op_id]
        seal = self._store.seal_of(one.patient_id)
        period = one.span.start // PERIOD_S
        with self._store.writing("sync.pack", one.patient_id) as write:
            for number, _ in enumerate(packed[1:], 2):
                ids.append(self._add(write, one.patient_id, one.account, one.metric_type, period, number))
            for name, (metric, digest) in zip(ids, packed, strict=True):
                blob = json.dumps({"metric": {"metric_id": name, **metric}}, ensure_ascii=True).encode()
                write.connection.execute(
                    update(_OUTBOX)
                    .where(_OUTBOX.c.op_id == name)
                    .values(sealed=seal.seal(blob, _OUTBOX.name, name), payload_hash=digest, updated=self._now())
                )
        return ids

    def batch(self, patient_id: PatientId, account: str, op_ids: Sequence[str], body: bytes) -> StoredBatch:
        """Write a request and its operations' change to ``batched`` in one transaction.

        Operations that are ``sending`` come back to be regrouped (bisecting), ``sent_unknown`` and ``unverified`` to be
        sent again.
        """
        batch_id = str(uuid.uuid4())
        seal = self._store.seal_of(patient_id)
        with self._store.writing("sync.batch", patient_id) as write:
            row = {
                "id": batch_id,
                "patient_id": patient_id,
                "account": account,
                "created": self._now(),
                "body_hash": hashlib.sha256(body).hexdigest(),
                "size": len(body),
                "sealed": seal.seal(body, _BATCHES.name, batch_id),
            }
            write.connection.execute(insert(_BATCHES).values(row))
            chosen = _OUTBOX.c.op_id.in_(list(op_ids))
            # What is batched already changes its request alone.
            moving = and_(chosen, _OUTBOX.c.state != _S.BATCHED.value)
            write.connection.execute(update(_OUTBOX).where(moving).values(state=_S.BATCHED.value))
            write.connection.execute(
                update(_OUTBOX).where(chosen).values(batch_id=batch_id, updated=self._now(), reason="")
            )
            write.detail = f"{len(op_ids)} operations, {len(body)} bytes"
        return StoredBatch(batch_id, patient_id, body, tuple(op_ids))

    def stored_batch(self, batch_id: str) -> StoredBatch | None:
        """A request as it was first made, with the operations that stand in it now."""
        with self._store.reading() as connection:
            row = connection.execute(select(_BATCHES).where(_BATCHES.c.id == batch_id)).first()
            if row is None:
                return None
            ops = connection.execute(
                select(_OUTBOX.c.op_id).where(_OUTBOX.c.batch_id == batch_id).order_by(_OUTBOX.c.op_id)
            ).scalars()
            names = tuple(ops)
        body = self._store.seal_of(row.patient_id).open(row.sealed, _BATCHES.name, batch_id)
        return StoredBatch(batch_id, row.patient_id, body, names)

    def begin_sending(self, batch: StoredBatch, correlation: str) -> None:
        """Make ``sending`` durable before the first byte leaves (Y-7)."""
        now = self._now()
        with self._store.writing("sync.send", batch.patient_id) as write:
            write.connection.execute(
                update(_OUTBOX)
                .where(_OUTBOX.c.batch_id == batch.id, _OUTBOX.c.state == _S.BATCHED.value)
                .values(
                    state=_S.SENDING.value,
                    correlation=correlation,
                    first_sent=func.coalesce(_OUTBOX.c.first_sent, now),
                    last_sent=now,
                    updated=now,
                )
            )
            write.detail = f"{len(batch.operations)} operations, {len(batch.body)} bytes, request {correlation}"

    def move(
        self,
        op_ids: Sequence[str],
        to: OperationState,
        *,
        reason: str = "",
        next_try: Instant | None = None,
        processing_id: str | None = None,
        may_exist: bool | None = None,
        count_attempt: bool = False,
        count_fault: bool = False,
        action: str = "sync.state",
    ) -> None:
        """Change the state of operations of one patient; the database refuses what is not legal."""
        if not op_ids:
            return
        values: dict[str, Any] = {"state": to.value, "updated": self._now(), "reason": reason}
        if next_try is not None:
            values["next_try"] = next_try
        if processing_id is not None:
            values["processing_id"] = processing_id
        if may_exist is not None:
            values["may_exist"] = int(may_exist)
        if count_attempt:
            values["attempts"] = _OUTBOX.c.attempts + 1
        if count_fault:
            values["faults"] = _OUTBOX.c.faults + 1
        if to is _S.NEW:
            values |= {"batch_id": None, "attempts": 0, "faults": 0, "next_try": 0}
        patient_id = self.operation(op_ids[0]).patient_id
        with self._store.writing(action, patient_id) as write:
            write.connection.execute(update(_OUTBOX).where(_OUTBOX.c.op_id.in_(list(op_ids))).values(values))
            write.detail = f"{to.value}, {len(op_ids)} operations" + (f", {reason}" if reason else "")

    def recover(self, account: str) -> int:
        """After a start: what was being sent may have arrived; nothing of it is sent again unseen (Y-7, Y-8)."""
        sending = self.operations(account, [_S.SENDING], limit=100_000)
        by_patient: dict[PatientId, list[str]] = {}
        for one in sending:
            by_patient.setdefault(one.patient_id, []).append(one.op_id)
        for op_ids in by_patient.values():
            self.move(op_ids, _S.SENT_UNKNOWN, may_exist=True)
        return len(sending)

    # -- what sync must remember ----------------------------------------------------------------------------------

    def remember(self, name: str, document: Any) -> None:
        """Keep something that is of no patient: an epoch, limits used, what a server takes."""
        row = {"name": name, "document": json.dumps(document), "at": self._now()}
        with self._store.writing("sync.note") as write:
            write.connection.execute(
                insert(_STATE).values(row).on_conflict_do_update(index_elements=["name"], set_=row)
            )
            write.detail = name.split("/", 1)[0]

    def recall(self, name: str, default: Any = None) -> Any:
        """What was kept under a name."""
        with self._store.reading() as connection:
            found = connection.execute(select(_STATE.c.document).where(_STATE.c.name == name)).scalar()
        return default if found is None else json.loads(found)

    def compact(self, before: Instant) -> int:
        """Drop the payloads of operations that were verified before an instant; their hash stays as proof."""
        old = and_(_OUTBOX.c.state == _S.VERIFIED.value, _OUTBOX.c.updated < before, _OUTBOX.c.sealed.is_not(None))
        with self._store.writing("sync.compact") as write:
            done = write.connection.execute(update(_OUTBOX).where(old).values(sealed=None))
            used = select(_OUTBOX.c.batch_id).where(
                _OUTBOX.c.batch_id.is_not(None), _OUTBOX.c.state != _S.VERIFIED.value
            )
            write.connection.execute(delete(_BATCHES).where(_BATCHES.c.created < before, _BATCHES.c.id.not_in(used)))
            write.detail = f"{done.rowcount} payloads"
            return int(done.rowcount)

    def _of(self, patient_id: PatientId, account: str) -> Any:
        return and_(_OUTBOX.c.patient_id == patient_id, _OUTBOX.c.account == account)

    def _now(self) -> int:
        return int(self._clock())

    @staticmethod
    def _operation(row: Any) -> Operation:
        return Operation(
            op_id=row.op_id,
            patient_id=row.patient_id,
            account=row.account,
            metric_type=row.metric_type,
            span=Span(row.period * PERIOD_S, (row.period + 1) * PERIOD_S),
            part=row.part,
            state=OperationState(row.state),
            created=row.created,
            updated=row.updated,
            batch_id=row.batch_id,
            attempts=row.attempts,
            faults=row.faults,
            next_try=row.next_try,
            first_sent=row.first_sent,
            last_sent=row.last_sent,
            processing_id=row.processing_id,
            payload_hash=row.payload_hash,
            may_exist=bool(row.may_exist),
            correlation=row.correlation,
            reason=row.reason,
        )
