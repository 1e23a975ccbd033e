"""The part of the services that exchanges notes, diaries, names, consents and shared settings with other devices."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from clarity_desktop.app.permissions import needs
from clarity_desktop.app.sync import SyncServices
from clarity_desktop.app.sync_sides import conflict_of
from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.domain.exchange import (
    RECORDS_KIND,
    Conflict,
    ExchangeRecord,
    RecordClass,
    RecordVersion,
    Stamp,
    joined_records,
    new_version,
)
from clarity_desktop.domain.exchange_rules import Settled, settled
from clarity_desktop.domain.sync import SyncReason
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.vault.tables.exchange_local import LocalRecords
    from clarity_desktop.vault.tables.exchange_records import HeldRecord, RecordKey

__all__ = ["RECORDS_UNREAD", "REMOVALS_HELD", "SyncRecordServices", "TakenRecords", "copy_of"]

REMOVALS_HELD: Final = "removals_held"
"""Notice: another device removes many entries; they stay here until a person says so."""
RECORDS_UNREAD: Final = "records_unread"
"""Notice: something that another device sent beside samples could not be read."""
_REMOVED: Final = "removed-here"
_COUNTERS: Final = "sync_counters"
_COPIES: Final = uuid.UUID("6f1c4c52-4f0e-4a58-9d0c-5d4d6a1b7f10")
_COPIED_AREA: Final = "annotation/"
_STRETCHES: Final = ("rest", "nap", "not_worn", "leave_out")
"""Two of these at one time would both count, so the other version is in the conflict alone."""


@dataclass(frozen=True, slots=True)
class TakenRecords:
    """What records of another device came to."""

    new: int
    conflicts: int


class SyncRecordServices(SyncServices):
    """Part of ``Services``; nothing here speaks to the network."""

    @needs(Right.READ_DATA)
    def sync_records_purpose(self) -> str:
        """The purpose that a consent must name for notes, diaries and names to go to the account's server (Y-23)."""
        account = self.cloud_account()
        return "sync-records:" + ("" if account is None else urlsplit(account.server).netloc)

    @needs(Right.READ_DATA)
    def people_with_records(self) -> frozenset[str]:
        """Ids of people whose name, notes and diary go to the account as well, because a consent names them."""
        account = self.cloud_account()
        synced = {} if account is None else self.vault.outbox.enabled(account.key)
        return frozenset(one for one in synced if self._records_go(one))

    # -- stamps -------------------------------------------------------------------------------------------------

    def _vault_mark(self) -> str:
        return hashlib.sha256(str(self.vault_directory.resolve()).encode()).hexdigest()[:16]

    def _replica(self) -> str:
        """Random name of this device's copy of the vault, as stamps bear it."""
        return hashlib.sha256(f"{self._device_id()}/{self._vault_mark()}".encode()).hexdigest()[:8]

    def _next_counter(self, state: Iterable[HeldRecord]) -> int:
        """Above all that was seen, also by a newer copy of this vault that an older one was restored over."""
        kept = dict(self.settings.get(_COUNTERS) or {})
        mark = self._vault_mark()
        counter = max([int(kept.get(mark, 0)), *(one.record.counter for one in state)]) + 1
        self.settings.set(_COUNTERS, kept | {mark: counter})
        return counter

    def _stamp(self, state: Iterable[HeldRecord]) -> Stamp:
        return Stamp(self._next_counter(state), self._replica())

    # -- what was written here ----------------------------------------------------------------------------------

    def _local(self) -> LocalRecords:
        from clarity_desktop.vault.tables.exchange_local import LocalRecords

        vault = self.vault
        return LocalRecords(vault.patients, vault.diary, vault.consents, vault.source_orders)

    def _records_go(self, patient_id: str) -> bool:
        """Whether more than withdrawals may travel now."""
        consents = self.vault.consents
        purposes = (self.sync_purpose(), self.sync_records_purpose())
        return all(consents.is_given(patient_id, purpose) for purpose in purposes)

    def _collect(self, patient_id: str) -> int:
        """Stamp what was written here since the last look; answers how many records that were."""
        from clarity_desktop.vault.tables.exchange_records import HeldRecord

        if not self._sees_identity():
            # Who is shown no names and texts would seem to have removed them.
            return 0
        state = self.vault.records.state(patient_id)
        only_consents = not state and not self._records_go(patient_id)
        now = self._local().read(patient_id, only_consents=only_consents)
        changed: list[HeldRecord] = []
        stamp: Stamp | None = None
        for key in sorted({*now, *state}, key=str):
            held, fields = state.get(key), now.get(key)
            if (held is None and fields is None) or (held is not None and held.local == fields):
                continue
            if held is not None and _comes_to(held.record, fields):
                changed.append(HeldRecord(held.record, fields))
                continue
            stamp = stamp or self._stamp(state.values())
            changed.append(HeldRecord(self._record_written(key, held, fields, stamp), fields))
        if changed:
            self.vault.records.put(patient_id, changed)
        return len(changed) if stamp is not None else 0

    def _record_written(
        self, key: RecordKey, held: HeldRecord | None, fields: Mapping[str, Any] | None, stamp: Stamp
    ) -> ExchangeRecord:
        now, who = int(time.time()), self.vault.who
        if held is None:
            return ExchangeRecord(*key, (new_version(stamp, fields, wall=now, who=who),))
        return held.record.written(stamp, fields, wall=now, who=who, base=held.local)

    def _records_text(self, patient_id: str) -> str:
        """What travels of a person beside samples: withdrawals always, all else where the consent names it."""
        from clarity_desktop.cloud.sync.records import only_stops, records_text

        self._collect(patient_id)
        records = [one.record for one in self.vault.records.state(patient_id).values()]
        if self._records_go(patient_id):
            return records_text(records)
        mine = (self.sync_purpose(), self.sync_records_purpose())
        return records_text(
            _unsigned(one)
            for one in records
            if one.record_class is RecordClass.CONSENT and one.entity in mine and only_stops([one])
        )

    def _refresh_records(self, key: str) -> None:
        """Before a cycle: let consents say whose records travel, and stamp what was written."""
        outbox = self.vault.outbox
        people = outbox.enabled(key)
        if people and RECORDS_KIND not in outbox.carriers():
            # Switched on by an earlier version of this program, which carried samples alone.
            outbox.enable(next(iter(people)), key, self._carriers(key))
        for patient_id in people:
            self.vault.exchange.carry_records(patient_id, key, self._records_go(patient_id))
            self._collect(patient_id)

    def _carriers(self, key: str) -> dict[str, str]:
        from clarity_desktop.cloud.sync.carriers import CARRIER_FALLBACK
        from clarity_desktop.cloud.sync.probe import accepted_types

        accepted = accepted_types(self.vault.outbox.recall(f"probe/{key}"))
        carrier = next((one for one in CARRIER_FALLBACK if one in accepted), CARRIER_FALLBACK[0])
        return super()._carriers(key) | {RECORDS_KIND: carrier}

    # -- what others wrote --------------------------------------------------------------------------------------

    def _take_records(self, key: str, patient_id: str, texts: Sequence[str]) -> TakenRecords:
        """Join what another device sent with what is here, and let it stand; answers what it came to.

        Raises
        ------
        IntegrityError
            ``sync.records`` for what cannot be read; nothing of it is taken then.
        """
        from clarity_desktop.cloud.sync.records import read_records
        from clarity_desktop.vault.tables.exchange_records import HeldRecord

        theirs = [one for text in texts for one in read_records(text)]
        waited = self.vault.records.waits(patient_id, key)
        wrote = self._collect(patient_id)
        state = self.vault.records.state(patient_id)
        changed: dict[RecordKey, HeldRecord] = {}
        for record in theirs:
            place = (record.record_class, record.entity)
            held = changed.get(place) or state.get(place)
            joined = record if held is None else joined_records(held.record, record)
            if held is None or joined != held.record:
                changed[place] = HeldRecord(joined, None if held is None else held.local)
        if changed:
            self.vault.records.put(patient_id, changed.values(), action="sync.pull")
        opened = self._apply(key, patient_id)
        if not waited and not wrote:
            self.vault.records.forget_waiting(patient_id, [key])
        return TakenRecords(len(changed), opened)

    def _apply(self, key: str, patient_id: str, *, removes: bool = False) -> int:
        """Let every record stand as it is settled; answers how many conflicts that opens. May be repeated.

        Parameters
        ----------
        removes:
            Whether a person has confirmed that many entries go.
        """
        from clarity_desktop.vault.tables.exchange_records import HeldRecord

        state = self.vault.records.state(patient_id)
        done: list[HeldRecord] = []
        asked: list[Conflict] = []
        quiet: list[RecordKey] = []
        kept = frozenset() if removes else self._held_back(key, patient_id, state)
        for place, held in state.items():
            found = settled(held.record)
            if found.is_erased or place in kept:
                continue
            waits = self._waits_for_person(patient_id, place, found)
            if not waits and _differ(place, found.fields, held.local):
                try:
                    self._stand(key, patient_id, place, found)
                except IntegrityError:
                    # It stays among the records and stands nowhere; the others go on.
                    self.vault.outbox.tell(key, RECORDS_UNREAD, {}, patient_id)
                    continue
                done.append(HeldRecord(held.record, self._local().read(patient_id).get(place)))
            if not waits:
                self._stand_beside(patient_id, place, found, state)
            if found.asks or waits:
                asked.append(conflict_of(patient_id, held, found, self._replica(), is_widening=waits))
            else:
                quiet.append(place)
        conflicts = self.vault.conflicts

        def settle(write: Any) -> int:
            for place in quiet:
                conflicts.close_entry(write, patient_id, place)
            return sum(conflicts.put(write, one) for one in asked)

        if not done and not asked and not conflicts.list(patient_id, with_resolved=False):
            return 0
        return self.vault.records.put(patient_id, done, settle, action="sync.pull")

    def _removals(self, state: Mapping[RecordKey, HeldRecord]) -> frozenset[RecordKey]:
        """Entries that stand here and that another device has removed."""
        notes = {place: held for place, held in state.items() if place[0] is RecordClass.NOTE}
        return frozenset(
            place for place, held in notes.items() if held.local is not None and settled(held.record).fields is None
        )

    def _held_back(self, key: str, patient_id: str, state: Mapping[RecordKey, HeldRecord]) -> frozenset[RecordKey]:
        """Removals that are more than the breaker lets pass: they stay here until a person types their count (Y-38)."""
        from clarity_desktop.cloud.sync.removal import DeletionBreaker

        gone = self._removals(state)
        if not gone:
            return gone
        outbox, now = self.vault.outbox, int(time.time())
        scope = sum(one.local is not None for place, one in state.items() if place[0] is RecordClass.NOTE)
        breaker = DeletionBreaker([(int(at), int(size)) for at, size in outbox.recall(_REMOVED, [])])
        if breaker.asks(len(gone), scope, now):
            if outbox.tell(key, REMOVALS_HELD, {"count": len(gone)}, patient_id) is not None:
                self.vault.backups.make(kind="safety")
            return gone
        breaker.note(len(gone), now)
        outbox.remember(_REMOVED, breaker.done)
        return frozenset()

    def _waits_for_person(self, patient_id: str, place: RecordKey, found: Settled) -> bool:
        """A consent that another device says is given does not hold here before somebody says so."""
        if place[0] is not RecordClass.CONSENT or not (found.fields or {}).get("held"):
            return False
        return not any(
            one.purpose == place[1] and one.withdrawn is None for one in self.vault.consents.list(patient_id)
        )

    def _stand(self, key: str, patient_id: str, place: RecordKey, found: Settled) -> None:
        self._local().write(patient_id, place, found.fields)
        is_withdrawn = place == (RecordClass.CONSENT, self.sync_purpose()) and not (found.fields or {}).get("held")
        if is_withdrawn and patient_id in self.vault.outbox.enabled(key):
            # From this moment on nothing more leaves, whatever waits (Y-47).
            self.vault.outbox.disable(patient_id, key, SyncReason.CONSENT_WITHDRAWN)

    def _stand_beside(
        self, patient_id: str, place: RecordKey, found: Settled, state: Mapping[RecordKey, HeldRecord]
    ) -> None:
        """A note that could not be joined stands beside the other one, under an id that every device comes to."""
        for version in found.beside:
            copy = copy_of(place, version)
            if copy is None or copy in state or copy in self._local().read(patient_id):
                continue
            self._local().write(patient_id, copy, version.fields)


def copy_of(place: tuple[RecordClass, str], version: RecordVersion) -> tuple[RecordClass, str] | None:
    """Where the other version of a note stands; ``None`` where two cannot stand beside each other."""
    record_class, entity = place
    fields = version.fields
    if record_class is not RecordClass.NOTE or not entity.startswith(_COPIED_AREA) or fields is None:
        return None
    if fields.get("kind") in _STRETCHES:
        return None
    name = uuid.uuid5(_COPIES, f"{entity}/{version.stamp.counter}/{version.stamp.device}")
    return record_class, f"{_COPIED_AREA}{name}"


def _comes_to(record: ExchangeRecord, fields: Mapping[str, Any] | None) -> bool:
    """Whether a record says what stands here already, because it was let stand and the program ended then."""
    return not _differ((record.record_class, record.entity), settled(record).fields, fields)


def _differ(place: tuple[RecordClass, str], one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    """Whether two states of an entry mean different things; of a consent, whether and until when it holds counts."""
    if place[0] is not RecordClass.CONSENT or one is None or other is None:
        return one != other
    if not one.get("held") and not other.get("held"):
        return False
    return (one.get("held"), one.get("expires")) != (other.get("held"), other.get("expires"))


def _unsigned(record: ExchangeRecord) -> ExchangeRecord:
    """Without the names of those who wrote it."""
    versions = tuple(replace(one, who="", base=None) for one in record.versions)
    return ExchangeRecord(record.record_class, record.entity, versions)
