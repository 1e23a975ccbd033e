"""The outbox: what waits for a server, where each operation stands, and everything that sync must remember."""

from __future__ import annotations

import builtins
import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from clarity_desktop.domain.errors import ConflictError
from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.sync import OperationState, SyncReason
from clarity_desktop.domain.time import Instant
from clarity_desktop.vault.chunks.columns import PERIOD_S
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.tables.outbox_look import OutboxLook
from clarity_desktop.vault.tables.sync_choices import SyncChoices

__all__ = ["Outbox", "PackedOperation", "StoredBatch"]

_OUTBOX, _BATCHES = schema.outbox, schema.outbox_batches
_S = OperationState


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


class Outbox(OutboxLook, SyncChoices):
    """Operations of a vault. Every method is one transaction; the database refuses illegal changes of state.

    Parameters
    ----------
    clock:
        Wall time in seconds since 1970, for tests.
    """

    # -- the way to the server ------------------------------------------------------------------------------------

    def pack(
        self, op_id: str, packed: Sequence[tuple[dict[str, Any], str]], version: int | None = None
    ) -> builtins.list[str]:
        """Keep what an operation comes to; further parts become operations of their own. Answers all ids, in order.

        Nothing is kept, and nothing answered, when the samples changed since ``version`` was read.

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
            held = select(_OUTBOX.c.version).where(_OUTBOX.c.op_id == op_id)
            if version is not None and write.connection.execute(held).scalar() != version:
                write.detail = "changed meanwhile"
                return []
            # Parts of an earlier packing that were never sent belong to samples of then.
            write.connection.execute(
                update(_OUTBOX)
                .where(self._of(one.patient_id, one.account), _OUTBOX.c.metric_type == one.metric_type)
                .where(_OUTBOX.c.period == period, _OUTBOX.c.part > 1, _OUTBOX.c.state == _S.NEW.value)
                .values(state=_S.DEAD.value, reason=SyncReason.SUPERSEDED.value, updated=self._now())
            )
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
            packed = select(func.count()).select_from(_OUTBOX).where(chosen, _OUTBOX.c.sealed.is_not(None))
            if write.connection.execute(packed).scalar_one() != len(op_ids):
                # Samples changed between packing and this; the next round packs them anew.
                raise _changed()
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
                select(_OUTBOX.c.op_id)
                .where(_OUTBOX.c.batch_id == batch_id, _OUTBOX.c.state == _S.BATCHED.value)
                .order_by(_OUTBOX.c.op_id)
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
            # Equal bytes have an equal hash, so that the audit shows a retry to be one (Y-53).
            digest = hashlib.sha256(batch.body).hexdigest()[:16]
            write.detail = (
                f"{len(batch.operations)} operations, {len(batch.body)} bytes {digest}, request {correlation}"
            )

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

    def requeue(self, op_ids: Sequence[str]) -> int:
        """Let rejected or dead operations wait again under their ids, packed anew; answers how many do.

        Where a newer operation waits for the same stretch, or for a further part, that one carries what is there now.
        """
        moved = 0
        for op_id in op_ids:
            one = self.operation(op_id)
            with self._store.writing("sync.retry", one.patient_id) as write:
                moved += self._wait_again(write, one.op_id)
        return moved

    def adopt(self, op_id: str, processing_id: str) -> None:
        """What waits here was found at the server, whole: it goes the legal way to ``verified`` without being sent.

        After an older copy of the vault was restored the outbox does not know what it has sent since (Y-43).
        """
        one = self.operation(op_id)
        way = {
            _S.NEW: (_S.BATCHED, _S.SENDING, _S.SENT_UNKNOWN, _S.ACCEPTED, _S.VERIFIED),
            _S.BATCHED: (_S.SENDING, _S.SENT_UNKNOWN, _S.ACCEPTED, _S.VERIFIED),
        }.get(one.state, ())
        with self._store.writing("sync.adopt", one.patient_id) as write:
            for state in way:
                changes = {"state": state.value, "updated": self._now(), "processing_id": processing_id, "reason": ""}
                write.connection.execute(update(_OUTBOX).where(_OUTBOX.c.op_id == op_id).values(changes))

    def forget_removed(self, patient_id: PatientId, account: str, processing_ids: Sequence[str]) -> int:
        """Drop operations whose uploads the server was shown to have removed, so that they may go anew some day."""
        with self._store.writing("sync.removed", patient_id) as write:
            done = write.connection.execute(
                delete(_OUTBOX).where(self._of(patient_id, account), _OUTBOX.c.processing_id.in_(list(processing_ids)))
            )
            write.detail = f"{done.rowcount} operations"
            return int(done.rowcount)

    def recover(self, account: str) -> int:
        """After a start: what was being sent may have arrived; nothing of it is sent again unseen (Y-7, Y-8)."""
        sending = self.operations(account, [_S.SENDING], limit=100_000)
        by_patient: dict[PatientId, list[str]] = {}
        for one in sending:
            by_patient.setdefault(one.patient_id, []).append(one.op_id)
        for op_ids in by_patient.values():
            self.move(op_ids, _S.SENT_UNKNOWN, may_exist=True)
        return len(sending)

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


def _changed() -> ConflictError:
    return ConflictError(
        "sync.changed",
        "Samples changed while they were being packed.",
        remedy="Nothing needs to be done; the next round sends them as they are now.",
    )
