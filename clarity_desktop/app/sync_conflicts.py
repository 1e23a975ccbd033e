"""The part of the services by which a person settles what both sides wrote, and takes it back until the next sync."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clarity_desktop.app.permissions import needs
from clarity_desktop.app.sync_records import REMOVALS_HELD, SyncRecordServices, copy_of
from clarity_desktop.app.sync_sides import sides_of
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ConflictError, UsageError
from clarity_desktop.domain.exchange import Conflict, Keep, RecordClass
from clarity_desktop.domain.exchange_form import record_document, record_of_document
from clarity_desktop.domain.exchange_rules import settled
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.vault.tables.exchange_records import HeldRecord

__all__ = ["SyncConflictServices"]


class SyncConflictServices(SyncRecordServices):
    """Part of ``Services``; nothing here speaks to the network."""

    @needs(Right.SEE_IDENTITY)
    def conflicts(self, patient_id: str | None = None) -> tuple[Conflict, ...]:
        """What both sides wrote and a person is asked about, oldest first; of one person, or of all (Y-48).

        Those that were resolved stay in the list until the next sync, with what was chosen.
        """
        if patient_id is not None:
            return tuple(self.vault.conflicts.list(patient_id))
        shown = {one.id for one in self._visible(self.vault.patients.list())}
        return tuple(one for one in self.vault.conflicts.list() if one.patient_id in shown)

    @needs(Right.CHANGE_IDENTITY)
    def resolve_conflict(self, conflict_id: str, keep: Keep, text: str | None = None) -> None:
        """Settle a conflict as a person says; it can be taken back until the next sync.

        Parameters
        ----------
        keep:
            Which side stands; ``both`` leaves the other version of a note beside it.
        text:
            What stands instead of either, where somebody has typed it: the title of a note, or a field's value.

        Raises
        ------
        NotFoundError
            ``sync.no_conflict``.
        UsageError
            ``sync.keep`` for a side that cannot be chosen here.
        ConflictError
            ``sync.conflict_resolved``, ``sync.conflict_gone`` when it was settled meanwhile.
        """
        conflict, _ = self.vault.conflicts.get(conflict_id)
        self.require_visible(conflict.patient_id, "resolve_conflict")
        if keep not in conflict.choices:
            raise UsageError("sync.keep", "This cannot be kept here.", remedy="Choose: " + ", ".join(conflict.choices))
        held = self._held_of(conflict)
        here, there = sides_of(held.record, self._replica())
        found = settled(held.record)
        fields = {"here": here.fields, "there": there.fields, "both": found.fields}[keep]
        if conflict.record_class is RecordClass.CONSENT:
            fields = {**(there.fields or {}), "held": keep == "there"}
        if text is not None and fields is not None:
            name = "value" if "value" in fields else "title"
            fields = {**fields, name: text.strip()}
        state = self.vault.records.state(conflict.patient_id).values()
        record = held.record.written(
            self._stamp(state), fields, wall=int(time.time()), who=self.vault.who, base=held.local
        )
        before = {"record": record_document(held.record)}

        def note(write: Any) -> int:
            self.vault.conflicts.resolve(write, conflict, keep, before)
            return 0

        self.vault.records.put(conflict.patient_id, [replace(held, record=record)], note, action="sync.resolve")
        self._let_stand(conflict, held, fields)
        if keep != "both":
            for version in found.beside:
                place = copy_of((conflict.record_class, conflict.entity), version)
                if place is not None:
                    self._local().write(conflict.patient_id, place, None)
        self._conflict_changed(conflict)

    @needs(Right.CHANGE_IDENTITY)
    def reopen_conflict(self, conflict_id: str) -> None:
        """Take a resolution back, as long as no sync has run since; both sides stand as they did.

        Raises
        ------
        NotFoundError
            ``sync.no_conflict`` when there is none, or the next sync has run.
        ConflictError
            ``sync.conflict_open`` when nobody has resolved it.
        """
        conflict, before = self.vault.conflicts.get(conflict_id)
        self.require_visible(conflict.patient_id, "reopen_conflict")
        if conflict.resolved is None:
            raise ConflictError("sync.conflict_open", "Nobody has resolved this yet.", remedy="Choose a side first.")
        held = self._held_of(conflict)
        record = record_of_document(before["record"])

        def note(write: Any) -> int:
            self.vault.conflicts.reopen(write, replace(conflict, resolved=None))
            return 0

        self.vault.records.put(conflict.patient_id, [replace(held, record=record)], note, action="sync.reopen")
        # What a person has taken away beside it comes back with the versions.
        self._apply_again(conflict)
        self._conflict_changed(conflict)

    @needs(Right.READ_DATA)
    def removals_held(self, patient_id: str) -> int:
        """Entries that another device has removed and that stay here until somebody types their count."""
        return len(self._removals(self.vault.records.state(patient_id)))

    @needs(Right.SEE_IDENTITY)
    def held_removals(self) -> tuple[tuple[str, int], ...]:
        """Whose entries another device removes in numbers, and how many wait for a person's answer."""
        found = self.vault.outbox.notes(self._account_key(), REMOVALS_HELD)
        people = [one.patient_id for one in found if one.patient_id is not None]
        return tuple((one, len(self._removals(self.vault.records.state(one)))) for one in people)

    @needs(Right.CHANGE_IDENTITY)
    def settle_removals(self, patient_id: str, typed_count: int | None) -> int:
        """Let entries go that another device has removed, or keep all of them, there too; answers how many.

        Each can be undone afterwards like a removal of one's own.

        Parameters
        ----------
        typed_count:
            Their count, to let them go; ``None`` keeps them.

        Raises
        ------
        ConflictError
            ``sync.breaker`` for another count; its detail is the right one.
        """
        key, state = self._account_key(), self.vault.records.state(patient_id)
        places = self._removals(state)
        if typed_count is not None and typed_count != len(places):
            raise ConflictError(
                "sync.breaker",
                f"{len(places)} entries would go.",
                remedy="Type this number to let them go, or keep them.",
                detail=str(len(places)),
            )
        if typed_count is None:
            stamp, now = self._stamp(state.values()), int(time.time())
            kept = [
                replace(one, record=one.record.written(stamp, one.local, wall=now, who=self.vault.who))
                for one in (state[place] for place in sorted(places, key=str))
            ]
            self.vault.records.put(patient_id, kept, action="sync.resolve")
        else:
            self._apply(key, patient_id, removes=True)
        for note in self.vault.outbox.notes(key, REMOVALS_HELD):
            if note.patient_id == patient_id:
                self.vault.outbox.settle(note.id)
        self._announce(Change.DIARY | Change.SETTINGS, patient_id)
        return len(places)

    # -- inside -------------------------------------------------------------------------------------------------

    def _held_of(self, conflict: Conflict) -> HeldRecord:
        held = self.vault.records.state(conflict.patient_id).get((conflict.record_class, conflict.entity))
        if held is None:
            raise ConflictError("sync.conflict_gone", "This was settled meanwhile.", remedy="List the conflicts again.")
        return held

    def _let_stand(self, conflict: Conflict, held: HeldRecord, fields: Any) -> None:
        place = (conflict.record_class, conflict.entity)
        if fields != held.local:
            self._local().write(conflict.patient_id, place, fields)
        now = self._local().read(conflict.patient_id).get(place)
        state = self.vault.records.state(conflict.patient_id)[place]
        self.vault.records.put(conflict.patient_id, [replace(state, local=now)])

    def _apply_again(self, conflict: Conflict) -> None:
        place = (conflict.record_class, conflict.entity)
        held = self._held_of(conflict)
        found = settled(held.record)
        if conflict.record_class is RecordClass.CONSENT:
            self._let_stand(conflict, held, {**(found.fields or {}), "held": False})
        else:
            self._let_stand(conflict, held, found.fields)
            self._stand_beside(conflict.patient_id, place, found, {})

    def _conflict_changed(self, conflict: Conflict) -> None:
        self._announce(Change.DIARY | Change.PATIENTS | Change.SETTINGS, conflict.patient_id)
