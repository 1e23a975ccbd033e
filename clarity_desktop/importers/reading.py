"""What a reader works with: the sink, the running tally, progress and cancellation."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from clarity_desktop.domain.importing import (
    Element,
    ImportOutcome,
    ImportReport,
    ImportSink,
    JournalledSink,
    Problem,
    SampleBatch,
    SetAside,
    SinkCounts,
    TypeCount,
    ZoneFound,
)
from clarity_desktop.domain.kinds import kind_of
from clarity_desktop.domain.time import Instant
from clarity_desktop.domain.work import CancelToken, Progress, ProgressListener, ignore_progress
from clarity_desktop.importers.problems import PROBLEMS, Weight

__all__ = ["Reading", "Tally"]

_NAMES_SHOWN = 8
_TYPES_SHOWN = 3


@dataclass(slots=True)
class _Met:
    count: int
    first_at: str
    position: int
    names: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class Tally:
    """Counts kept while reading, from which the report is made."""

    format_version: str = ""
    complete: bool = True
    bytes_read: int = 0
    records: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    elements: Counter[str] = field(default_factory=Counter)
    whole: Counter[str] = field(default_factory=Counter)
    """Elements handed to the sink, by kind."""
    person: dict[str, str] = field(default_factory=dict)
    first: Instant | None = None
    last: Instant | None = None
    zones: tuple[ZoneFound, ...] = ()
    exported: Instant | None = None
    """When the file says it was made."""
    sources: dict[str, None] = field(default_factory=dict)
    """Names of sources in the order in which they came."""
    resumed_at: int | None = None
    _met: dict[str, _Met] = field(default_factory=dict)

    def problem(
        self, code: str, at: str, count: int = 1, names: Iterable[str] = (), *, position: int | None = None
    ) -> None:
        """Count trouble of a declared kind.

        The place of the first one is kept: the first told, or with ``position`` the one that stands first in the file.
        """
        met = self._met.get(code)
        if met is None:
            if code not in PROBLEMS:
                raise ValueError(f"problem {code} is not declared")
            met = self._met[code] = _Met(0, at, -1 if position is None else position)
        elif position is not None and position < met.position:
            met.first_at, met.position = at, position
        met.count += count
        met.names.update(dict.fromkeys(names))
        if PROBLEMS[code].weight is Weight.CUT:
            self.complete = False

    def document(self) -> dict[str, Any]:
        """All of it but the zones, which come at the end, as plain values."""
        return {
            "format_version": self.format_version,
            "complete": self.complete,
            "bytes_read": self.bytes_read,
            "records": dict(self.records),
            "rejected": dict(self.rejected),
            "elements": dict(self.elements),
            "whole": dict(self.whole),
            "person": self.person,
            "first": self.first,
            "last": self.last,
            "exported": self.exported,
            "sources": list(self.sources),
            "met": [[code, m.count, m.first_at, m.position, list(m.names)] for code, m in self._met.items()],
        }

    def restore(self, document: Mapping[str, Any]) -> None:
        """The reverse of :meth:`document`."""
        for name in ("format_version", "complete", "bytes_read", "first", "last", "exported"):
            setattr(self, name, document[name])
        for name in ("records", "rejected", "elements", "whole"):
            setattr(self, name, Counter(document[name]))
        self.person = dict(document["person"])
        self.sources = dict.fromkeys(document["sources"])
        self._met = {
            code: _Met(count, first_at, position, dict.fromkeys(names))
            for code, count, first_at, position, names in document["met"]
        }

    def cover(self, first: Instant, last: Instant) -> None:
        """Widen the span of time that the file covers."""
        self.first = first if self.first is None else min(self.first, first)
        self.last = last if self.last is None else max(self.last, last)

    def problems(self) -> tuple[Problem, ...]:
        """Everything met, the weightiest first."""
        ordered = sorted(self._met.items(), key=lambda item: -PROBLEMS[item[0]].weight.value)
        return tuple(Problem(code, met.count, met.first_at, _sentence(code, met)) for code, met in ordered)

    def repeated_elements(self, counts: dict[str, SinkCounts]) -> None:
        """Note the elements that were read and are not new, so that those add up as well."""
        for kind, read in self.whole.items():
            sink = counts.get(kind)
            if sink is None or kind == "Me":
                continue
            repeated = read - (sink.unique if sink.stored_new is None else sink.stored_new)
            if repeated > 0:
                self.problem("element.repeated", "", repeated, (f"{repeated} {kind}",))

    @property
    def outcome(self) -> ImportOutcome:
        """How the reading ended."""
        if not self.complete:
            return ImportOutcome.INCOMPLETE
        if not self.records.total() and not sum(n for kind, n in self.whole.items() if kind != "Me"):
            return ImportOutcome.EMPTY
        if any(PROBLEMS[code].weight is Weight.REPAIR for code in self._met):
            return ImportOutcome.RECOVERED
        return ImportOutcome.OK

    def report(
        self,
        *,
        file: str,
        format_id: str,
        sha256: str,
        seconds: float,
        counts: dict[str, SinkCounts] | None = None,
        stores: bool = True,
    ) -> ImportReport:
        """The report; ``counts`` are the sink's, ``None`` before it has finished. An inspection stores nothing."""
        types: dict[str, TypeCount] = {}
        for kind, records in self.records.items():
            rejected = self.rejected[kind]
            if counts is None:
                types[kind] = TypeCount(records, 0, 0, rejected)
                continue
            sink = counts.get(kind) or SinkCounts(0, 0 if stores else None)
            kept = sink.unique if sink.stored_new is None else sink.stored_new
            types[kind] = TypeCount(records, sink.unique, records - rejected - kept, rejected, sink.stored_new)
        return ImportReport(
            file=file,
            format=format_id,
            format_version=self.format_version,
            outcome=self.outcome,
            complete=self.complete,
            bytes=self.bytes_read,
            seconds=seconds,
            types=types,
            elements=dict(self.elements),
            problems=self.problems(),
            zones=self.zones,
            sha256=sha256,
            first=self.first,
            last=self.last,
            person=dict(self.person),
            exported=self.exported,
            sources=tuple(sorted(self.sources)),
            resumed_at=self.resumed_at,
        )


def _sentence(code: str, met: _Met) -> str:
    names = list(met.names)
    listed = ", ".join(names[:_NAMES_SHOWN])
    if len(names) > _NAMES_SHOWN:
        listed += f" and {len(names) - _NAMES_SHOWN} more"
    return PROBLEMS[code].sentence.format(count=met.count, names=listed)


@dataclass(slots=True)
class Reading:
    """One import in progress, as a reader sees it."""

    sink: ImportSink
    file_name: str
    home_zone: str | None = None
    total_bytes: int | None = None
    progress: ProgressListener = ignore_progress
    cancel: CancelToken = field(default_factory=CancelToken)
    tally: Tally = field(default_factory=Tally)
    on_person: Callable[[Mapping[str, str]], None] | None = None
    """Told what the file says of the person, before anything else of it is kept; may refuse by raising."""
    _began: float = field(default_factory=time.perf_counter)

    @property
    def journal(self) -> JournalledSink | None:
        """The sink, when it can note the reader's place."""
        return self.sink if isinstance(self.sink, JournalledSink) else None

    def note(self) -> str:
        """Records so far, how many a second, and the kinds that appeared last with their counts."""
        records = self.tally.records
        total = records.total()
        if not total:
            return ""
        rate = total / max(time.perf_counter() - self._began, 1e-3)
        latest = [kind for kind, count in reversed(records.items()) if count][:_TYPES_SHOWN]
        shown = [f"{kind_of(kind).title} {records[kind]:,}" for kind in latest]
        more = sum(1 for count in records.values() if count) - len(latest)
        if more:
            shown.append(f"{more} more {'kinds' if more > 1 else 'kind'}")
        return f"{total:,} records, {rate:,.0f} a second: " + ", ".join(shown)

    def advance(self, byte_count: int) -> None:
        """Count bytes read, tell the listener, and stop here if the person asked for it.

        A reader that can stop so that its finished part stays looks at :attr:`cancel` by itself before.
        """
        self.cancel.check()
        self.tally.bytes_read += byte_count
        self.progress(Progress("Reading records", self.tally.bytes_read, self.total_bytes, "bytes", self.note()))

    def samples(self, batch: SampleBatch) -> None:
        """Hand a batch to the sink and widen the span covered."""
        if len(batch):
            self.tally.cover(int(batch.start.min()), int((batch.start + batch.length_s).max()))
            self.tally.sources[batch.source] = None
            self.sink.samples(batch)

    def element(self, element: Element) -> None:
        """Hand an element to the sink."""
        self.tally.whole[element.kind] += 1
        if element.start is not None:
            self.tally.cover(element.start, element.stop if element.stop is not None else element.start)
        self.sink.element(element)

    def set_aside(self, record: SetAside, at: str) -> None:
        """Set a record aside and count it."""
        self.tally.problem(record.code, at, position=record.offset)
        self.sink.set_aside(record)

    def zones(self, found: tuple[ZoneFound, ...]) -> None:
        """Hand over the zone timeline that the file's evidence gives."""
        self.tally.zones = found
        self.sink.zones(found)
