"""Turns the elements of an export into rows, whole elements and set-aside records, and counts them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.importing import SampleBatch, SetAside
from clarity_desktop.domain.kinds import kind_of
from clarity_desktop.domain.series import SampleFlag
from clarity_desktop.importers.healthkit.beats import BEAT, BEATS, clock_seconds
from clarity_desktop.importers.healthkit.columns import Collector, Columns, SeriesKey
from clarity_desktop.importers.healthkit.companions import Companion, Companions
from clarity_desktop.importers.healthkit.dates import parse_date
from clarity_desktop.importers.healthkit.elements import KEPT, element_of, person_of, route_paths
from clarity_desktop.importers.healthkit.markup import Node
from clarity_desktop.importers.healthkit.records import (
    RecordRow,
    Rejected,
    first_text,
    interpret,
    metadata_of,
    plausible_range,
)
from clarity_desktop.importers.healthkit.template import RowColumns, Template
from clarity_desktop.importers.healthkit.zones import Evidence, Witness, beat_offset
from clarity_desktop.importers.reading import Reading

__all__ = ["Handler"]

_TEXT_KEPT = 8_000
_LISTED = {"sleep.unlisted"}


class Handler:
    """Turns elements into rows, elements and set-aside records."""

    def __init__(self, reading: Reading, files: dict[str, Companion] | None, flush_rows: int) -> None:
        self._reading = reading
        self._tally = reading.tally
        self.collector = Collector(self._emit, flush_rows)
        self.evidence = Evidence()
        self.companions = Companions(reading, files, self.evidence)
        self.routes: dict[str, str] = {}
        """Path of each route file named, and the key of the workout that names it."""
        self._units: dict[SeriesKey, None] = {}
        self._first_of: dict[str, int] = {}
        """Where the first record of each kind stands."""

    def document(self) -> dict[str, Any]:
        """What is held beside what was handed on, as plain values and arrays. The collector must be empty."""
        return {
            "evidence": self.evidence.document(),
            "clinical": self.companions.document(),
            "routes": self.routes,
            "units": [[key.kind, key.unit, key.source, key.category] for key in self._units],
            "first_of": self._first_of,
        }

    def restore(self, document: Mapping[str, Any]) -> None:
        """The reverse of :meth:`document`."""
        self.evidence.restore(document["evidence"])
        self.companions.restore(document["clinical"])
        self.routes = dict(document["routes"])
        self._units = dict.fromkeys(SeriesKey(*key) for key in document["units"])
        self._first_of = dict(document["first_of"])

    def rows(self, template: Template, columns: RowColumns, positions: NDArray[np.int64]) -> None:
        """Take many verified records of one shape."""
        key, n = template.key, int(positions.size)
        first = int(positions.min())
        self._count(key.kind, first, n)
        for name, count in template.children.items():
            self._tally.elements[name] += n * count
        if not key.category:
            if not key.unit:
                self._tally.problem("unit.missing", f"byte {first}", n, position=first)
            outside = (columns.flags & np.uint8(SampleFlag.IMPLAUSIBLE)) != 0
            if outside.any():
                place = int(positions[outside].min())
                self._tally.problem("value.implausible", f"byte {place}", int(outside.sum()), position=place)
        collector = self.collector
        used = np.unique(columns.extra) if len(columns.extras) > 1 else np.zeros(1, np.int64)
        codes = np.full(len(columns.extras), -1, np.int32)
        for index in used.tolist():
            one = columns.extras[index]
            codes[index] = collector.extra(key, one.text)
            if one.zone:
                mine = columns.start if used.size == 1 else columns.start[columns.extra == index]
                self.evidence.named(one.zone, mine)
        value = np.full(n, float(collector.label(key, template.label))) if key.category else columns.value
        collector.columns(
            key,
            Columns(
                positions,
                columns.start,
                columns.length_s,
                value,
                columns.flags,
                columns.created,
                np.full(n, collector.origin(key, template.origin), np.int32),
                codes[columns.extra],
            ),
        )

    def _count(self, kind: str, position: int, n: int = 1) -> None:
        self._tally.records[kind] += n
        # Runs of records reach this out of order, but each kind soon after its first.
        if position < self._first_of.get(kind, position + 1):
            self._first_of[kind] = position

    def _emit(self, batch: SampleBatch) -> None:
        key = SeriesKey(batch.kind, batch.unit, batch.source, bool(batch.labels))
        self._units[key] = None
        self._reading.samples(batch)

    def version(self, text: str) -> None:
        """Version that the prolog states."""
        self._tally.format_version = text

    def problem(self, code: str, position: int, count: int = 1) -> None:
        """Trouble at a position."""
        self._tally.problem(code, f"byte {position}", count, position=position)

    def damaged(self, code: str, raw: bytes, position: int) -> None:
        """Set a stretch aside that is not an element; a record among them counts as read and rejected."""
        kind = "Record" if raw.startswith(b"<Record") else "Element"
        if kind == "Record":
            match = re.search(rb"type=\"([\w]+)\"", raw)
            kind = match[1].decode() if match is not None else kind
            self._count(kind, position)
            self._tally.rejected[kind] += 1
        text = raw[:_TEXT_KEPT].decode("utf-8", "replace")
        self._reading.set_aside(SetAside(kind, position, text, code), f"byte {position}")

    def node(self, node: Node, data: bytes, base: int) -> None:
        """Take one whole top-level element."""
        if node.name == "Record":
            self._record(node, data, base)
        elif node.name in KEPT:
            self._element(node, data, base)
        elif node.name == "ExportDate":
            stated = parse_date(node.attributes.get("value", ""))
            if stated is not None:
                self._tally.exported = max(stated.instant, self._tally.exported or stated.instant)
        else:
            self._tally.elements[node.name] += 1
            first = self._tally.elements[node.name] == 1
            self._tally.problem("element.unlisted", f"byte {base + node.start}", int(first), (node.name,))
        self._repairs(node, base)

    def _repairs(self, node: Node, base: int) -> None:
        for code, count in node.repairs.items():
            names = (node.attributes.get("value", ""),) if code in _LISTED else ()
            position = base + node.start
            self._tally.problem(code, f"byte {position}", count, names, position=position)

    def _set_aside(self, kind: str, code: str, node: Node, data: bytes, base: int) -> None:
        position = base + node.start
        text = data[node.start : min(node.stop, node.start + _TEXT_KEPT)].decode("utf-8", "replace")
        self._reading.set_aside(SetAside(kind, position, text, code), f"byte {position}")

    def _record(self, node: Node, data: bytes, base: int) -> None:
        self._count_children(node)
        row = interpret(node)
        if isinstance(row, Rejected):
            kind = row.kind or "Record"
            self._count(kind, base + node.start)
            self._tally.rejected[kind] += 1
            self._set_aside(kind, row.code, node, data, base)
            return
        self._count(row.key.kind, base + node.start)
        self._notes(node, row, base)
        collector, key = self.collector, row.key
        collector.row(
            key,
            (
                base + node.start,
                row.start,
                row.length_s,
                float(collector.label(key, row.label)) if key.category else row.value,
                row.flags,
                row.created,
                collector.origin(key, row.origin),
                collector.extra(key, row.extra),
            ),
        )

    def _notes(self, node: Node, row: RecordRow, base: int) -> None:
        position = base + node.start
        at = f"byte {position}"
        if not row.key.category:
            if not row.key.unit:
                self._tally.problem("unit.missing", at, position=position)
            if row.flags & SampleFlag.IMPLAUSIBLE:
                self._tally.problem("value.implausible", at, position=position)
        if row.zone:
            self.evidence.named(row.zone, np.array([row.start], np.int64))
        if node.beats is not None:
            clock = clock_seconds(node.beats.first)
            if clock is not None:
                self.evidence.offset_at(beat_offset(clock, row.start), row.start)
        for child in node.children:
            if child.name == BEATS:
                self._beats(child, row.start, at)

    def _beats(self, node: Node, start: int, at: str) -> None:
        first = True
        for beat in node.children:
            clock = clock_seconds(beat.attributes.get("time", ""))
            if clock is None:
                self._tally.problem("beats.unreadable", at)
            elif first:
                self.evidence.offset_at(beat_offset(clock, start), start)
            first = False

    def _count_children(self, node: Node) -> None:
        if node.beats is not None:
            self._tally.elements[BEATS] += 1
            self._tally.elements[BEAT] += node.beats.count
        waiting = list(node.children)
        while waiting:
            child = waiting.pop()
            waiting.extend(child.children)
            name = child.name
            if name == "Record":
                name = "CorrelationRecord"
            self._tally.elements[name] += 1

    def _element(self, node: Node, data: bytes, base: int) -> None:
        if node.name != "Me":
            self._tally.elements[node.name] += 1
        self._count_children(node)
        element = element_of(node)
        if isinstance(element, Rejected):
            self._set_aside(element.kind, element.code, node, data, base)
            return
        if node.name == "Me":
            self._tally.person.update(person_of(node))
            if self._reading.on_person is not None:
                self._reading.on_person(self._tally.person)
        if node.name == "Workout":
            self.routes.update(dict.fromkeys(route_paths(node), element.key))
        if element.start is not None:
            zone = first_text(metadata_of(node).get("HKTimeZone"))
            if zone:
                self.evidence.named(zone, np.array([element.start], np.int64), Witness.WORKOUT)
        path = node.attributes.get("resourceFilePath", "") if node.name == "ClinicalRecord" else ""
        if path:
            self.companions.clinical(element, path)
        else:
            self._reading.element(element)

    def finish(self) -> None:
        """Hand on what is held, and list what is unknown."""
        self.collector.flush()
        unlisted = [kind for kind in self._tally.records if not kind_of(kind).known]
        if unlisted:
            first = min(self._first_of[kind] for kind in unlisted)
            self._tally.problem("type.unlisted", f"byte {first}", len(unlisted), unlisted)
        odd = [
            f"{key.unit} ({key.kind})"
            for key in self._units
            if key.unit and kind_of(key.kind).known and plausible_range(key.kind, key.unit) is None
        ]
        odd = list(dict.fromkeys(odd))
        if odd:
            self._tally.problem("unit.unlisted", "", len(odd), odd)
        unknown = self.evidence.unknown_names
        if unknown:
            self._tally.problem("zone.unlisted", "", unknown.total(), unknown)
