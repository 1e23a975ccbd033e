"""The part of the services that says what of a person stays here, and lets a kind be kept back or sent again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from clarity_desktop.app.permissions import needs
from clarity_desktop.app.sync_safety import SyncSafetyServices
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ConflictError, UsageError
from clarity_desktop.domain.kinds import kind_of
from clarity_desktop.domain.sync import OperationState
from clarity_desktop.domain.time import Instant
from clarity_desktop.domain.users import Right

__all__ = ["OperationContent", "StaysHere", "SyncChoiceServices"]

_STOPPED: Final = (OperationState.REJECTED, OperationState.DEAD)


@dataclass(frozen=True, slots=True)
class StaysHere:
    """Values of one kind that do not leave this machine, and why."""

    kind: str
    title: str
    reason: Literal["no_place", "left_out", "out_of_range"]
    count: int
    """Samples; of ``out_of_range`` those alone that lie outside."""
    first: Instant | None
    last: Instant | None
    range: str = ""
    """What the server takes, with its unit; for ``out_of_range`` alone."""


@dataclass(frozen=True, slots=True)
class OperationContent:
    """One kind inside an operation: what its packed metric holds, without a value."""

    kind: str
    title: str
    count: int
    """Samples that it sent."""
    outside: int
    """Samples of the stretch outside the server's range, which it did not send."""
    left_out: bool
    """Whether a person keeps this kind here from now on."""


class SyncChoiceServices(SyncSafetyServices):
    """Part of ``Services``; asks the vault, never the network."""

    def _left_out(self, patient_id: str) -> frozenset[str]:
        account = self.cloud_account()
        return frozenset() if account is None else self.vault.outbox.left_out(patient_id, account.key)

    @needs(Right.READ_DATA)
    def sync_direction(self) -> str:
        """Which way data go with the account: ``upload``, ``pull``, ``both``, ``apart``; empty before it was chosen."""
        account = self.cloud_account()
        return "" if account is None else self.vault.exchange.direction(account.key) or ""

    @needs(Right.READ_DATA)
    def removals_waiting(self) -> tuple[tuple[str, int], ...]:
        """Removals at the server that the breaker has stopped: whose, and how many records they name (Y-40)."""
        found = self.vault.outbox.notes(self._account_key(), "breaker")
        return tuple((one.patient_id, int(one.document["count"])) for one in found if one.patient_id is not None)

    @needs(Right.READ_DATA)
    def sync_content(self, op_id: str) -> tuple[OperationContent, ...]:
        """The kinds of an operation that were packed, or would be, with counts; the fields that a person may leave out.

        Raises
        ------
        NotFoundError
            ``sync.unknown``.
        """
        from clarity_desktop.cloud.sync.ranges import outside_range

        one = self.vault.outbox.operation(op_id)
        carriers, kept = self.vault.outbox.carriers(), self._left_out(one.patient_id)
        counts: dict[str, tuple[int, int]] = {}
        for series in self.vault.series.list(one.patient_id):
            if carriers.get(series.kind) != one.metric_type:
                continue
            samples = self.vault.series.read(series.id, one.span)
            inside = (samples.start >= one.span.start) & (samples.start < one.span.stop)
            outside = int((outside_range(series.kind, series.unit, samples.value) & inside).sum())
            sent, refused = counts.get(series.kind, (0, 0))
            if inside.any():
                counts[series.kind] = (sent + int(inside.sum()) - outside, refused + outside)
        return tuple(
            OperationContent(kind, kind_of(kind).title, sent, outside, kind in kept)
            for kind, (sent, outside) in sorted(counts.items())
        )

    @needs(Right.SEND_INSIGHT)
    def leave_out_of_sync(self, op_id: str, kinds: Sequence[str]) -> int:
        """Keep kinds of a person here, and let a refused operation go again without them (Y-30).

        The samples stay whole in the vault. Answers how many stretches are packed anew.

        Raises
        ------
        ConflictError
            ``sync.not_stopped`` for an operation that neither the server refused nor anybody gave up.
        UsageError
            ``sync.kind`` when the operation carries no such kind.
        """
        one = self.vault.outbox.operation(op_id)
        if one.state not in _STOPPED:
            raise ConflictError(
                "sync.not_stopped",
                "This has not stopped, so nothing can be left out of it.",
                remedy="Stop the person's sync first if it should not go.",
            )
        carriers = self.vault.outbox.carriers()
        if not kinds or any(carriers.get(kind) != one.metric_type for kind in kinds):
            raise UsageError(
                "sync.kind",
                "There is no such kind in what was refused.",
                remedy="Look at its content: clarity-desktop sync content OPERATION",
            )
        before = self.vault.outbox.left_out(one.patient_id, one.account)
        moved = self.vault.outbox.leave_out(
            one.patient_id, one.account, before | set(kinds), [one.metric_type], one.op_id
        )
        self._announce(Change.SETTINGS, one.patient_id)
        return moved

    @needs(Right.SEND_INSIGHT)
    def keep_out_of_sync(self, patient_id: str, kinds: Sequence[str]) -> int:
        """Keep kinds of a person here from now on; answers how many stretches that wait are packed anew without them.

        Raises
        ------
        UsageError
            ``sync.kind`` for a kind that does not travel at all.
        """
        key, carriers = self._account_key(), self.vault.outbox.carriers()
        if not kinds or any(kind not in carriers for kind in kinds):
            raise UsageError("sync.kind", "No such kind travels.", remedy="Look at the table in the guide to sync.")
        before = self.vault.outbox.left_out(patient_id, key)
        types = {carriers[kind] for kind in kinds}
        moved = self.vault.outbox.leave_out(patient_id, key, before | set(kinds), sorted(types))
        self._announce(Change.SETTINGS, patient_id)
        return moved

    @needs(Right.SEND_INSIGHT)
    def take_into_sync(self, patient_id: str, kinds: Sequence[str]) -> int:
        """Let kinds that were left out go again; answers how many stretches wait to be looked at."""
        key = self._account_key()
        left = self.vault.outbox.left_out(patient_id, key) - set(kinds)
        waiting = self.vault.outbox.take_in(patient_id, key, left)
        self._announce(Change.SETTINGS, patient_id)
        return waiting

    @needs(Right.READ_DATA)
    def stays_here(self, patient_id: str) -> tuple[StaysHere, ...]:
        """Everything measured of a person that does not go to the account, with the reason (Y-25, Y-70).

        Reads the samples of kinds that the server keeps a range for, so call it from a worker.
        """
        from clarity_desktop.cloud.sync.carriers import CARRIERS
        from clarity_desktop.cloud.sync.ranges import RANGES, outside_range

        carriers = self.vault.outbox.carriers() or dict.fromkeys(CARRIERS, "")
        kept = self._left_out(patient_id)
        found: dict[tuple[str, str], StaysHere] = {}
        for series in self.vault.series.list(patient_id):
            if not series.n:
                continue
            first, last, count = series.first, series.last, series.n
            reason: Literal["no_place", "left_out", "out_of_range"]
            words = ""
            if series.kind not in carriers:
                reason = "no_place"
            elif series.kind in kept:
                reason = "left_out"
            elif series.kind in RANGES:
                samples = self.vault.series.read(series.id)
                outside = outside_range(series.kind, series.unit, samples.value)
                count = int(outside.sum())
                if not count:
                    continue
                reason = "out_of_range"
                first, last = int(samples.start[outside][0]), int(samples.start[outside][-1])
                limits = RANGES[series.kind]
                words = f"{limits.least:g}\u2009–\u2009{limits.most:g} {limits.unit}"
            else:
                continue
            one = StaysHere(series.kind, kind_of(series.kind).title, reason, count, first, last, words)
            before = found.get((series.kind, reason))
            found[series.kind, reason] = one if before is None else _joined(before, one)
        order = {"out_of_range": 0, "left_out": 1, "no_place": 2}
        return tuple(sorted(found.values(), key=lambda one: (order[one.reason], one.title)))


def _joined(one: StaysHere, other: StaysHere) -> StaysHere:
    firsts = [at for at in (one.first, other.first) if at is not None]
    lasts = [at for at in (one.last, other.last) if at is not None]
    return StaysHere(
        one.kind,
        one.title,
        one.reason,
        one.count + other.count,
        min(firsts, default=None),
        max(lasts, default=None),
        one.range,
    )
