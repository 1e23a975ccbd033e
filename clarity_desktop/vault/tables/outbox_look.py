"""Looking into the outbox: operations, counts, proof; nothing here changes anything."""

from __future__ import annotations

import builtins
import json
from collections.abc import Collection, Iterable
from typing import Any, Final

from sqlalchemy import and_, func, or_, select

from clarity_desktop.domain.errors import NotFoundError
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.sync import Operation, OperationState, StateCount, SyncReason
from clarity_desktop.domain.time import Instant, Span
from clarity_desktop.vault.chunks.columns import PERIOD_S
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import Store

__all__ = ["OutboxLook"]

_OUTBOX, _PIECES = schema.outbox, schema.exchange_pieces
_S = OperationState
_MOST_AHEAD_S: Final = 7200
_ASKS_DEAD: Final = (SyncReason.GAVE_UP.value,)


class OutboxLook:
    """The reading part of the outbox."""

    _store: Store

    def operations(
        self,
        account: str,
        states: Iterable[OperationState] | None = None,
        *,
        patient_id: PatientId | None = None,
        due: Instant | None = None,
        oldest_first: bool = False,
        limit: int = 1000,
    ) -> builtins.list[Operation]:
        """Operations of an account, newest stretch first unless asked otherwise."""
        query = select(_OUTBOX).where(_OUTBOX.c.account == account)
        if states is not None:
            query = query.where(_OUTBOX.c.state.in_([one.value for one in states]))
        if patient_id is not None:
            query = query.where(_OUTBOX.c.patient_id == patient_id)
        if due is not None:
            # Nothing pauses for longer than this: what is further ahead was written before the clock was set back.
            ahead = _OUTBOX.c.next_try > due + _MOST_AHEAD_S
            query = query.where(or_(_OUTBOX.c.next_try <= due, ahead))
        period = _OUTBOX.c.period
        order = period.asc() if oldest_first else period.desc()
        query = query.order_by(order, _OUTBOX.c.part, _OUTBOX.c.op_id).limit(limit)
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

    def for_person(self, account: str, limit: int = 1000) -> builtins.list[Operation]:
        """What nothing moves but a person: refused, given up after many cycles, or different at the server."""
        asks = or_(
            _OUTBOX.c.state == _S.REJECTED.value,
            and_(_OUTBOX.c.state == _S.DEAD.value, _OUTBOX.c.reason.in_(_ASKS_DEAD)),
            and_(_OUTBOX.c.state == _S.UNVERIFIED.value, _OUTBOX.c.reason == SyncReason.DIFFERS.value),
        )
        query = select(_OUTBOX).where(_OUTBOX.c.account == account, asks).order_by(_OUTBOX.c.updated.desc())
        with self._store.reading() as connection:
            return [self._operation(row) for row in connection.execute(query.limit(limit)).all()]

    def states_of(self, patient_id: PatientId, account: str) -> set[OperationState]:
        """States in which operations of a patient stand."""
        query = select(_OUTBOX.c.state).distinct().where(self._of(patient_id, account))
        with self._store.reading() as connection:
            return {OperationState(state) for state in connection.execute(query).scalars()}

    def uploads_waiting(self, account: str) -> int:
        """Requests that what waits will take: one for each metric of a type and patient (D8)."""
        per_type = (
            select(_OUTBOX.c.patient_id, func.count().label("size"))
            .where(_OUTBOX.c.account == account, _OUTBOX.c.state.in_([_S.NEW.value, _S.BATCHED.value]))
            .group_by(_OUTBOX.c.patient_id, _OUTBOX.c.metric_type)
            .subquery()
        )
        most = select(func.max(per_type.c.size).label("size")).group_by(per_type.c.patient_id).subquery()
        with self._store.reading() as connection:
            return int(connection.execute(select(func.sum(most.c.size))).scalar() or 0)

    def last_accepted(self, account: str) -> Instant:
        """When the server last took an upload of this account that stands; 0 when it never did."""
        query = select(func.max(_OUTBOX.c.last_sent)).where(
            _OUTBOX.c.account == account, _OUTBOX.c.processing_id.is_not(None)
        )
        with self._store.reading() as connection:
            return int(connection.execute(query).scalar() or 0)

    def verified(self, account: str) -> dict[str, str]:
        """Hashes of what was read back equal, by operation; the proof that outlives the payload."""
        query = select(_OUTBOX.c.op_id, _OUTBOX.c.payload_hash).where(
            _OUTBOX.c.account == account, _OUTBOX.c.state == _S.VERIFIED.value
        )
        with self._store.reading() as connection:
            return {row.op_id: row.payload_hash or "" for row in connection.execute(query)}

    def own_persons(self, account: str, op_ids: Collection[str]) -> dict[str, PatientId]:
        """Whose operations these are, as far as they were made here."""
        query = select(_OUTBOX.c.op_id, _OUTBOX.c.patient_id).where(_OUTBOX.c.account == account)
        with self._store.reading() as connection:
            return {row.op_id: row.patient_id for row in connection.execute(query) if row.op_id in op_ids}

    def has_sent(self, account: str) -> bool:
        """Whether anything ever left for an account."""
        query = select(_OUTBOX.c.op_id).where(_OUTBOX.c.account == account, _OUTBOX.c.first_sent.is_not(None))
        with self._store.reading() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def processing_ids(self, patient_id: PatientId) -> dict[str, tuple[str, ...]]:
        """All processing ids known of a patient, by account; what an erasure asks the servers to delete."""
        query = (
            select(_OUTBOX.c.account, _OUTBOX.c.processing_id)
            .where(_OUTBOX.c.patient_id == patient_id, _OUTBOX.c.processing_id.is_not(None))
            .distinct()
        )
        found: dict[str, list[str]] = {}
        with self._store.reading() as connection:
            for row in connection.execute(query):
                found.setdefault(row.account, []).append(row.processing_id)
        return {account: tuple(sorted(ids)) for account, ids in found.items()}

    def holds(self, one: Operation, digest: str, since: Instant = 0) -> bool:
        """Whether another operation of the same stretch went, or is going, with the same content; or it came thence."""
        other = select(_OUTBOX.c.op_id).where(
            self._of(one.patient_id, one.account),
            _OUTBOX.c.op_id != one.op_id,
            _OUTBOX.c.metric_type == one.metric_type,
            _OUTBOX.c.period == one.span.start // PERIOD_S,
            _OUTBOX.c.payload_hash == digest,
            _OUTBOX.c.created > since,
            _OUTBOX.c.state.not_in([_S.NEW.value, _S.DEAD.value, _S.REJECTED.value]),
        )
        came = select(_PIECES.c.digest).where(
            _PIECES.c.account == one.account, _PIECES.c.digest == digest, _PIECES.c.at > since
        )
        with self._store.reading() as connection:
            found = connection.execute(other.limit(1)).first() or connection.execute(came).first()
        return found is not None

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

    def _of(self, patient_id: PatientId, account: str) -> Any:
        return and_(_OUTBOX.c.patient_id == patient_id, _OUTBOX.c.account == account)

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
            version=row.version,
            correlation=row.correlation,
            reason=row.reason,
        )
