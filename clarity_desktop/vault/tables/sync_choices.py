"""Kinds that a person keeps here although the rest of somebody's data goes to an account (Y-30)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.dialects.sqlite import insert

from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.sync import OperationState, SyncReason
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.transactions import WriteTransaction
from clarity_desktop.vault.tables.sync_switches import SyncSwitches

__all__ = ["LEFT_OUT", "SyncChoices"]

LEFT_OUT: Final = "left_out"
"""Kind of the note that holds the choice; it is a setting, never a notice for anybody."""
_OUTBOX, _NOTES = schema.outbox, schema.sync_notes
_S = OperationState


class SyncChoices(SyncSwitches):
    """Part of the outbox. The choice is sealed with the patient's key: which kinds somebody has tells of them."""

    def left_out(self, patient_id: PatientId, account: str) -> frozenset[str]:
        """Kinds of a patient that do not go to an account."""
        query = (
            select(_NOTES.c.id, _NOTES.c.sealed)
            .where(_NOTES.c.patient_id == patient_id, _NOTES.c.account == account)
            .where(_NOTES.c.kind == LEFT_OUT, _NOTES.c.settled.is_(None))
        )
        with self._store.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return frozenset()
        raw = self._store.seal_of(patient_id).open(row.sealed, _NOTES.name, row.id)
        return frozenset(json.loads(raw)["kinds"])

    def leave_out(
        self, patient_id: PatientId, account: str, kinds: Iterable[str], metric_types: Iterable[str], op_id: str = ""
    ) -> int:
        """Keep these kinds here from now on; what waits is packed anew without them. Answers how many stretches wait.

        Parameters
        ----------
        kinds:
            All kinds that stay here, those of before included.
        metric_types:
            Types that carry a kind whose choice changed.
        op_id:
            A refused operation that goes again without them.
        """
        types = list(metric_types)
        with self._store.writing("sync.leave_out", patient_id) as write:
            self._write_choice(write, patient_id, account, sorted(set(kinds)))
            mine = (self._of(patient_id, account), _OUTBOX.c.metric_type.in_(types))
            # What is packed or in a request that did not begin holds the kinds still: given up and made anew.
            packed = select(_OUTBOX.c.op_id).where(
                *mine, _OUTBOX.c.state.in_([_S.NEW.value, _S.BATCHED.value]), _OUTBOX.c.sealed.is_not(None)
            )
            again = list(write.connection.execute(packed.order_by(_OUTBOX.c.period, _OUTBOX.c.part)).scalars())
            if again:
                write.connection.execute(
                    update(_OUTBOX)
                    .where(_OUTBOX.c.op_id.in_(again))
                    .values(state=_S.DEAD.value, reason=SyncReason.SUPERSEDED.value, batch_id=None)
                )
            moved = sum(self._wait_again(write, one) for one in [*again, *([op_id] if op_id else [])])
            write.detail = f"{len(set(kinds))} kinds stay here, {moved} stretches packed anew"
        return moved

    def take_in(self, patient_id: PatientId, account: str, kinds: Iterable[str]) -> int:
        """Let only these kinds stay here and everything else go again; answers how many stretches wait.

        Every stretch is looked at anew; what the server holds already is not sent twice.
        """
        with self._store.writing("sync.take_in", patient_id) as write:
            self._write_choice(write, patient_id, account, sorted(set(kinds)))
            self._queue_all(write, patient_id, account)
            waiting = select(_OUTBOX.c.op_id).where(self._of(patient_id, account), _OUTBOX.c.state == _S.NEW.value)
            count = len(write.connection.execute(waiting).all())
            write.detail = f"{len(set(kinds))} kinds stay here, {count} stretches wait"
        return count

    def _write_choice(self, write: WriteTransaction, patient_id: PatientId, account: str, kinds: list[str]) -> None:
        now, note_id = self._now(), str(uuid.uuid4())
        write.connection.execute(
            update(_NOTES)
            .where(_NOTES.c.patient_id == patient_id, _NOTES.c.account == account)
            .where(_NOTES.c.kind == LEFT_OUT, _NOTES.c.settled.is_(None))
            .values(settled=now)
        )
        if not kinds:
            return
        blob = self._store.seal_of(patient_id).seal(json.dumps({"kinds": kinds}).encode(), _NOTES.name, note_id)
        row = {"id": note_id, "patient_id": patient_id, "account": account, "kind": LEFT_OUT, "at": now}
        write.connection.execute(insert(_NOTES).values(row | {"settled": None, "sealed": blob}))
