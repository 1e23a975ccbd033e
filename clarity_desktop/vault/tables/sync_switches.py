"""Whose data may go to which account, and what waits when that is switched on, off and on again (Y-4, Y-5)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import and_, func, select, update
from sqlalchemy.dialects.sqlite import insert

from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.sync import OperationState, SyncReason
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import WriteTransaction
from clarity_desktop.vault.tables.sync_memory import SyncMemory

__all__ = ["SyncSwitches"]

_OUTBOX, _PATIENTS, _KINDS = schema.outbox, schema.sync_patients, schema.sync_kinds
_S = OperationState
_BEFORE_SENDING: Final = (_S.NEW, _S.BATCHED)


class SyncSwitches(SyncMemory):
    """Part of the outbox."""

    def enable(self, patient_id: PatientId, account: str, carriers: Mapping[str, str]) -> int:
        """Let a patient's data go to an account; answers how many stretches wait now.

        All that is stored becomes an operation, and what stopped because sync was off waits again (Y-5). A stretch
        that was sent before waits as well, since it may have changed meanwhile; equal content is not sent twice.
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
            was = write.connection.execute(
                select(_PATIENTS.c.enabled).where(_PATIENTS.c.patient_id == patient_id, _PATIENTS.c.account == account)
            ).scalar()
            write.connection.execute(
                insert(_PATIENTS).values(row).on_conflict_do_update(index_elements=keys, set_=again)
            )
            if was != 1:
                stopped = write.connection.execute(
                    select(_OUTBOX.c.op_id)
                    .where(self._of(patient_id, account), _OUTBOX.c.state == _S.DEAD.value)
                    .where(_OUTBOX.c.reason.in_([SyncReason.SYNC_OFF.value, SyncReason.CONSENT_WITHDRAWN.value]))
                    .order_by(_OUTBOX.c.created.desc(), _OUTBOX.c.op_id)
                ).scalars()
                for op_id in list(stopped):
                    self._wait_again(write, op_id)
                self._queue_all(write, patient_id, account)
            waiting = write.connection.execute(
                select(func.count()).where(self._of(patient_id, account), _OUTBOX.c.state == _S.NEW.value)
            ).scalar_one()
            write.detail = f"{waiting} stretches"
        return int(waiting)

    def _wait_again(self, write: WriteTransaction, op_id: str) -> int:
        """One operation back to ``new``, to be packed from what is stored now; 0 where another one covers it."""
        row = write.connection.execute(select(_OUTBOX).where(_OUTBOX.c.op_id == op_id)).one()
        same = and_(
            self._of(row.patient_id, row.account),
            _OUTBOX.c.metric_type == row.metric_type,
            _OUTBOX.c.period == row.period,
        )
        pending = select(_OUTBOX.c.op_id).where(same, _OUTBOX.c.part == 1, _OUTBOX.c.state == _S.NEW.value)
        covered = write.connection.execute(pending).first() is not None
        if row.part > 1 and not covered:
            first = select(_OUTBOX.c.op_id).where(
                same, _OUTBOX.c.part == 1, _OUTBOX.c.state.not_in([_S.DEAD.value, _S.REJECTED.value])
            )
            # A part alone is taken up where its first part stands; else packing the first makes it anew.
            covered = write.connection.execute(first).first() is None
        changes: dict[str, Any] = {"updated": self._now(), "batch_id": None}
        if covered:
            changes |= {"state": _S.DEAD.value, "reason": SyncReason.SUPERSEDED.value}
            if row.state == _S.DEAD.value:
                del changes["state"]
        else:
            changes |= {"state": _S.NEW.value, "reason": "", "attempts": 0, "faults": 0, "next_try": 0}
            if row.part == 1:
                changes |= {"sealed": None, "payload_hash": None, "version": _OUTBOX.c.version + 1}
        write.connection.execute(update(_OUTBOX).where(_OUTBOX.c.op_id == op_id).values(changes))
        return 0 if covered else 1

    def _queue_all(self, write: WriteTransaction, patient_id: PatientId, account: str) -> None:
        """An operation for each stretch that none waits for."""
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
                select(_OUTBOX.c.metric_type, _OUTBOX.c.period).where(
                    self._of(patient_id, account), _OUTBOX.c.part == 1, _OUTBOX.c.state == _S.NEW.value
                )
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
            "version": 0,
        }
        write.connection.execute(insert(_OUTBOX).values(row))
        return op_id

    def carriers(self) -> dict[str, str]:
        """The type that each kind travels on."""
        with self._store.reading() as connection:
            return {row.kind: row.metric_type for row in connection.execute(select(_KINDS))}

    def carry_anew(self, account: str, carriers: Mapping[str, str]) -> int:
        """Let kinds travel on other types from now on; what was sent stays as it is (Y-74). Answers how many changed.

        A stretch that waits on the old type waits on the new one as well, and is packed anew without the kind.
        """
        known = self.carriers()
        changed = {kind: name for kind, name in carriers.items() if kind in known and known[kind] != name}
        if not changed:
            return 0
        with self._store.writing("sync.carriers") as write:
            for kind, name in changed.items():
                waits = and_(
                    _OUTBOX.c.account == account,
                    _OUTBOX.c.metric_type == known[kind],
                    _OUTBOX.c.state == _S.NEW.value,
                    _OUTBOX.c.part == 1,
                )
                here = and_(schema.chunks.c.series_id == schema.series.c.id, schema.chunks.c.period == _OUTBOX.c.period)
                rows = write.connection.execute(
                    select(_OUTBOX.c.op_id, _OUTBOX.c.patient_id, _OUTBOX.c.period)
                    .distinct()
                    .join(schema.series, schema.series.c.patient_id == _OUTBOX.c.patient_id)
                    .join(schema.chunks, here)
                    .where(waits, schema.series.c.kind == kind)
                ).all()
                for row in rows:
                    pending = select(_OUTBOX.c.op_id).where(
                        self._of(row.patient_id, account),
                        _OUTBOX.c.metric_type == name,
                        _OUTBOX.c.period == row.period,
                        _OUTBOX.c.part == 1,
                        _OUTBOX.c.state == _S.NEW.value,
                    )
                    stale = {"version": _OUTBOX.c.version + 1, "sealed": None, "payload_hash": None}
                    write.connection.execute(update(_OUTBOX).where(_OUTBOX.c.op_id == row.op_id).values(stale))
                    found = write.connection.execute(pending).scalar()
                    if found is None:
                        self._add(write, row.patient_id, account, name, row.period, 1)
                    else:
                        write.connection.execute(update(_OUTBOX).where(_OUTBOX.c.op_id == found).values(stale))
                write.connection.execute(update(_KINDS).where(_KINDS.c.kind == kind).values(metric_type=name))
            write.detail = f"{len(changed)} kinds"
        return len(changed)

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

    def _of(self, patient_id: PatientId, account: str) -> Any:
        return and_(_OUTBOX.c.patient_id == patient_id, _OUTBOX.c.account == account)
