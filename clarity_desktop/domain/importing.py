"""What passes from a reader to a store: batches of columns, single elements, set-aside text, and the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.time import Instant, ZonePeriod

__all__ = [
    "NO_INSTANT",
    "Element",
    "ImportOutcome",
    "ImportReport",
    "ImportSink",
    "JournalledSink",
    "Origin",
    "Problem",
    "SampleBatch",
    "SetAside",
    "SinkCounts",
    "TypeCount",
    "UnfinishedImport",
    "VanishedSample",
    "ZoneFound",
]

NO_INSTANT = -(2**62)
"""Marks an absent creation time in a column of instants."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What recorded a sample, beside the source name: device text without pointer, and software version."""

    device: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class SampleBatch:
    """Columns of samples of one kind, unit and source, in file order. All arrays have shape (N,).

    Identity of a sample is (kind, unit, source, start, length, value). Of equal samples the one with the longest
    extra is kept, else the first. Everything the file says beside the identity travels in ``origin``, ``created``
    and ``extra``, so that nothing is lost.
    """

    kind: str
    unit: str
    """As the file writes it; ``""`` when it has none."""
    source: str
    """Unicode NFC, otherwise as written (no-break spaces and typographic quotes kept)."""
    start: NDArray[np.int64]
    length_s: NDArray[np.int32]
    value: NDArray[np.float64]
    flags: NDArray[np.uint8]
    created: NDArray[np.int64]
    """UTC seconds the record was written, :data:`NO_INSTANT` when not stated."""
    origin: NDArray[np.int32]
    """Index into ``origins``."""
    extra: NDArray[np.int32]
    """Index into ``extras``, -1 for none."""
    origins: tuple[Origin, ...] = (Origin(),)
    extras: tuple[str, ...] = ()
    """Canonical JSON texts: ``{"metadata": {...}, "beats": [[bpm, "8:34:05.10"], …]}``."""
    labels: tuple[str, ...] = ()
    """Category labels; when not empty, ``value`` indexes them."""

    def __len__(self) -> int:
        return int(self.start.size)


@dataclass(frozen=True, slots=True)
class Element:
    """A thing that is not a plain sample, kept whole: workout, correlation, activity summary, person, document."""

    kind: str
    """``Workout``, ``Correlation``, ``ActivitySummary``, ``ClinicalRecord``, ``Audiogram``, ``Me`` …"""
    key: str
    """Identity within the kind, so that reading again adds nothing."""
    start: Instant | None
    stop: Instant | None
    source: str
    payload: str
    """Canonical JSON of everything the file says about it, children included."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A record that carries no usable meaning, kept as text with its place."""

    kind: str
    offset: int
    """Byte position in the (unpacked) file."""
    text: str
    code: str
    """Reason code, such as ``date.impossible``."""


@dataclass(frozen=True, slots=True)
class SinkCounts:
    """What a sink did with the samples of one kind. ``stored_new`` ≤ ``unique``."""

    unique: int
    """Distinct samples in this file."""
    stored_new: int | None
    """Of these, not in the store before; ``None`` when nothing is stored (inspection)."""


class ImportSink(Protocol):
    """Where a reader puts what it reads. Nothing is visible to others before :meth:`finish`."""

    def samples(self, batch: SampleBatch) -> None:
        """Take a batch of samples."""

    def element(self, element: Element) -> None:
        """Take one element."""

    def set_aside(self, record: SetAside) -> None:
        """Take one record that could not be read."""

    def zones(self, found: tuple[ZoneFound, ...]) -> None:
        """Take the zone timeline that the file's evidence gives."""

    def finish(self, report: ImportReport) -> dict[str, SinkCounts]:
        """Make everything visible at once and answer counts by kind (``Element`` kinds included)."""

    def abandon(self) -> None:
        """Forget everything taken; the store is as before."""


@runtime_checkable
class JournalledSink(Protocol):
    """A sink that notes where the reader is, so that a killed import goes on from there."""

    @property
    def stored_report(self) -> ImportReport | None:
        """The report as it was stored, once the import has been finished."""

    def taken_up(self) -> Mapping[str, Any] | None:
        """What the reader handed to :meth:`mark` last, when this is an interrupted import taken up again."""

    def wants_mark(self) -> bool:
        """Whether it is time to note the reader's place."""

    def mark(self, state: Mapping[str, Any], done: float, total: float | None) -> None:
        """Note the reader's state: texts, numbers, lists, mappings by text, and one-dimensional arrays of numbers.

        Everything read up to there must have been handed over; ``done`` of ``total`` bytes are for display.
        """

    def suspend(self) -> None:
        """End without finishing, and keep what was noted, so that the import can be taken up again."""


@dataclass(frozen=True, slots=True)
class UnfinishedImport:
    """An import that was interrupted and can be taken up again."""

    token: str
    patient_id: str
    file: str
    path: str
    zone: str | None
    format: str
    sha256: str
    marked: Instant
    """When its place was noted last."""
    done: float
    """Bytes read by then."""
    total: float | None
    records: int
    adds_patient: bool
    """The person was added for this import."""


@dataclass(frozen=True, slots=True)
class VanishedSample:
    """A sample or element that is stored and that a later export no longer holds."""

    import_id: int
    """The import that no longer held it."""
    kind: str
    source: str
    start: Instant | None
    stop: Instant | None
    value: float | None
    unit: str
    label: str = ""
    """Category label, or the key of an element."""
    kept: bool = False
    """Somebody brought it back."""


@dataclass(frozen=True, slots=True)
class ZoneFound:
    """A stretch of the zone timeline with the evidence for it."""

    period: ZonePeriod
    evidence: str
    count: int = 1


class ImportOutcome(StrEnum):
    """How a reading ended."""

    OK = "ok"
    RECOVERED = "recovered"
    """Everything readable is in; the report names each repair."""
    INCOMPLETE = "incomplete"
    """The file was cut or damaged; whole elements before it are in."""
    EMPTY = "empty"
    """A sound file with nothing to import."""
    ALREADY = "already_imported"
    UNDONE = "undone"
    """It was imported and undone since."""


@dataclass(frozen=True, slots=True)
class TypeCount:
    """The equation of one kind: records = stored_new + duplicates + rejected (``unique`` is of this file)."""

    records: int
    unique: int
    duplicates: int
    rejected: int
    stored_new: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of trouble met in a file."""

    code: str
    count: int
    first_at: str
    """Where it was first met: ``byte 10234`` or ``line 12``."""
    message: str
    """One sentence for a person."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What was read, kept, repeated, set aside, and where. It adds up, or the import is not a success."""

    file: str
    format: str
    format_version: str
    outcome: ImportOutcome
    complete: bool
    """The whole file was read to its proper end."""
    bytes: int
    """Unpacked bytes read."""
    seconds: float
    types: dict[str, TypeCount] = field(default_factory=dict)
    elements: dict[str, int] = field(default_factory=dict)
    """Other elements met, by name, children included."""
    problems: tuple[Problem, ...] = ()
    zones: tuple[ZoneFound, ...] = ()
    sha256: str = ""
    import_id: int | None = None
    patient_id: str | None = None
    first: Instant | None = None
    last: Instant | None = None
    person: dict[str, str] = field(default_factory=dict)
    """What the file says of the person (date of birth, sex)."""
    exported: Instant | None = None
    """When the file says it was made."""
    sources: tuple[str, ...] = ()
    """Names of the sources of its samples."""
    vanished: dict[str, int] = field(default_factory=dict)
    """Samples and elements that earlier files held and this one no longer does, by kind. They stay stored."""
    returned: dict[str, int] = field(default_factory=dict)
    """Samples and elements that had vanished and are there again, by kind."""
    superseded: dict[str, int] = field(default_factory=dict)
    """Samples that a later version of the same record has replaced, by kind. They stay stored."""
    resumed_at: int | None = None
    """Byte at which an interrupted import went on, ``None`` when it was read in one go."""
