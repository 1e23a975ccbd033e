"""What travels between the devices of one account beside samples: records with their versions, and joining them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal

from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import Instant

__all__ = [
    "DIRECTIONS",
    "PULLED",
    "RECORDS_KIND",
    "Conflict",
    "Direction",
    "ExchangeRecord",
    "Keep",
    "PullReport",
    "RecordClass",
    "RecordVersion",
    "RemotePerson",
    "RemoteSummary",
    "RestoreLine",
    "RestorePreview",
    "Side",
    "Stamp",
    "joined_records",
    "joined_states",
    "new_version",
    "stand_in",
]

PULLED: Final = "cloud"
"""Format of what came from another device, in the journal of imports."""
RECORDS_KIND: Final = "ClarityRecords"
"""Name of the channel that carries records."""
Direction = Literal["upload", "pull", "both", "apart"]
DIRECTIONS: Final[tuple[Direction, ...]] = ("upload", "pull", "both", "apart")
Keep = Literal["here", "there", "both"]
_STAND_IN: Final = re.compile(r"s[0-9a-f]{8}")


class RecordClass(StrEnum):
    """What a record is, which says how two versions of it are joined (sync §3)."""

    SAMPLES = "samples"
    RESULT = "result"
    NOTE = "note"
    WORKFLOW = "workflow"
    DEMOGRAPHICS = "demographics"
    CONSENT = "consent"
    DELETION = "deletion"
    ERASURE = "erasure"
    SETTING = "setting"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """When a version was made, by a logical counter; no clock is asked, so a wrong clock changes no outcome (Y-49)."""

    counter: int
    """One more than every counter that the device had seen."""
    device: str
    """Random name of the device's copy of the vault."""


@dataclass(frozen=True, slots=True)
class RecordVersion:
    """One version of a record as one device wrote it."""

    stamp: Stamp
    fields: Mapping[str, Any] | None
    """What it says; ``None`` for a removal (a tombstone)."""
    seen: tuple[tuple[str, int], ...] = ()
    """The highest counter of each device that its author knew of this record, its own included; sorted."""
    wall: Instant = 0
    """The author's clock, for display only."""
    who: str = ""
    """Who wrote it; empty where names may not travel."""
    base: Mapping[str, Any] | None = None
    """What the author had before them, for joining texts."""

    def knows(self, other: RecordVersion) -> bool:
        """Whether the author had the other version before them, so that this one takes its place."""
        return dict(self.seen).get(other.stamp.device, 0) >= other.stamp.counter and self.stamp != other.stamp

    @property
    def is_removal(self) -> bool:
        """Whether it takes the record away."""
        return self.fields is None


@dataclass(frozen=True, slots=True)
class ExchangeRecord:
    """A record with all its versions that no other one takes the place of; more than one means both sides wrote."""

    record_class: RecordClass
    entity: str
    """Which one, within the person and the class."""
    versions: tuple[RecordVersion, ...]
    """Sorted by stamp; at least one."""

    @property
    def latest(self) -> RecordVersion:
        """The version with the highest stamp."""
        return self.versions[-1]

    @property
    def is_settled(self) -> bool:
        """Whether there is one version."""
        return len(self.versions) == 1

    @property
    def seen(self) -> dict[str, int]:
        """The highest counter of each device in all versions."""
        found: dict[str, int] = {}
        for version in self.versions:
            for device, counter in (*version.seen, (version.stamp.device, version.stamp.counter)):
                found[device] = max(found.get(device, 0), counter)
        return found

    @property
    def counter(self) -> int:
        """The highest counter that it knows of."""
        return max(self.seen.values(), default=0)

    def written(
        self,
        stamp: Stamp,
        fields: Mapping[str, Any] | None,
        *,
        wall: Instant = 0,
        who: str = "",
        base: Mapping[str, Any] | None = None,
    ) -> ExchangeRecord:
        """The record after a device that knows all its versions has written a further one."""
        version = new_version(stamp, fields, self.seen, wall=wall, who=who, base=base)
        return ExchangeRecord(self.record_class, self.entity, (version,))


def new_version(
    stamp: Stamp,
    fields: Mapping[str, Any] | None,
    seen: Mapping[str, int] | None = None,
    *,
    wall: Instant = 0,
    who: str = "",
    base: Mapping[str, Any] | None = None,
) -> RecordVersion:
    """A version by an author who knew of ``seen``."""
    known = {**(seen or {})}
    known[stamp.device] = max(known.get(stamp.device, 0), stamp.counter)
    return RecordVersion(stamp, fields, tuple(sorted(known.items())), wall, who, base)


def joined_records(mine: ExchangeRecord, theirs: ExchangeRecord) -> ExchangeRecord:
    """All versions of both sides that no other one takes the place of.

    In whatever order and however often states are joined, the answer is the same: the order of stamps and of what each
    author knew decides, and no clock does.

    Raises
    ------
    ValueError
        For two different records.
    """
    if (mine.record_class, mine.entity) != (theirs.record_class, theirs.entity):
        raise ValueError("two different records")
    by_stamp: dict[Stamp, RecordVersion] = {}
    for one in (*mine.versions, *theirs.versions):
        # A notice of a withdrawal bears no names; the same version with them says more.
        known = by_stamp.get(one.stamp)
        if known is None or (known.base is None, known.who) < (one.base is None, one.who):
            by_stamp[one.stamp] = one
    every = [by_stamp[stamp] for stamp in sorted(by_stamp)]
    kept = tuple(one for one in every if not any(other.knows(one) for other in every))
    return ExchangeRecord(mine.record_class, mine.entity, kept)


def joined_states(
    mine: Mapping[tuple[RecordClass, str], ExchangeRecord], theirs: Iterable[ExchangeRecord]
) -> dict[tuple[RecordClass, str], ExchangeRecord]:
    """All records of two devices."""
    found = dict(mine)
    for one in theirs:
        key = (one.record_class, one.entity)
        found[key] = joined_records(found[key], one) if key in found else one
    return found


def stand_in(person: str, source: str) -> str:
    """A stand-in for a source's name: ``s`` and 8 hexadecimal digits; a stand-in stands for itself."""
    if _STAND_IN.fullmatch(source):
        return source
    return "s" + hashlib.sha256(f"{person}/{source}".encode()).hexdigest()[:8]


# -- what people are shown ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RemotePerson:
    """Somebody whose data the account holds at the server, known by a random number alone."""

    remote_id: str
    records: int
    """Packed pieces."""
    first_day: str | None
    """UTC date of the first sample, ISO 8601."""
    last_day: str | None
    kinds: tuple[str, ...]
    size: int
    """Bytes of packed text."""
    linked_patient: str | None
    """Local id of the person it was linked to by somebody; ``None`` before."""
    samples: int = 0
    has_records: bool = False
    """Whether notes, names or the like came along."""
    erased: bool = False
    """Whether a device of the account has erased this person; nothing of them is read any more."""


@dataclass(frozen=True, slots=True)
class RemoteSummary:
    """What an account's server holds, as far as it shows it."""

    people: tuple[RemotePerson, ...]
    is_readable: bool
    """Whether this server gives back what it took."""
    local_people: int
    needs_direction: bool
    """Both sides have data and nobody has said which way it goes; nothing moves before (Y-66)."""
    direction: Direction | None = None
    missing_parts: tuple[str, ...] = ()
    """Parts that the server lacks, named by range (Y-22)."""


@dataclass(frozen=True, slots=True)
class PullReport:
    """What reading from the server came to."""

    read: int = 0
    """Pieces read."""
    new: int = 0
    """Samples and entries that were not here."""
    equal: int = 0
    """Samples and entries that were here already; own uploads are not even unpacked and count one each."""
    conflicts: int = 0
    """Conflicts that this has opened."""
    waiting_for_link: int = 0
    """Remote people whom nobody has linked to a person here."""
    missing_parts: tuple[str, ...] = ()
    """Parts that the server lacks, named by range."""
    refused: int = 0
    """Pieces that are not what was sent; they stay at the server and nothing of them is here."""


@dataclass(frozen=True, slots=True)
class RestoreLine:
    """Something that the server gives back."""

    what: str
    """Kind of the samples, or ``records``."""
    count: int
    first_day: str | None
    last_day: str | None


@dataclass(frozen=True, slots=True)
class RestorePreview:
    """What a restore would bring, and what it cannot (Y-67)."""

    will_come: tuple[RestoreLine, ...]
    cannot_come: tuple[str, ...]
    """Sentences for a person."""
    people: int = 0
    is_empty_here: bool = True
    """Whether the vault holds nobody, so that it can be restored into."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a conflict."""

    value: str
    """As shown; empty for a removal."""
    who: str
    when: Instant | None
    """By the author's clock; for display only."""
    where: str
    """``here`` or the other device's short name."""
    is_removal: bool = False


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that both sides wrote and a person is asked about (Y-48)."""

    id: str
    patient_id: PatientId
    record_class: RecordClass
    entity: str
    field: str
    """Field that differs; empty for the whole entry."""
    here: Side
    there: Side
    base: str | None = None
    """What both sides had before them, where that is known."""
    title: str = ""
    """What it is about, in words."""
    opened: Instant = 0
    resolved: Keep | None = None
    """What somebody chose; it can be taken back until the next sync."""
    choices: tuple[Keep, ...] = ("here", "there", "both")
