"""The fast way: whole runs of Record lines at once, grouped by byte length and verified against templates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.importers.healthkit.beats import without_beats
from clarity_desktop.importers.healthkit.markup import Node, next_element
from clarity_desktop.importers.healthkit.template import RowColumns, Template, template_of

__all__ = ["FastLimits", "FastRows", "RowTaker"]

_RECORD = int.from_bytes(b" <Record", "little")
_CLOSING = int.from_bytes(b" </Recor", "little")
_CHILD = int.from_bytes(b"  ", "little")
_NEWLINE, _BLANK, _RETURN = 10, 32, 13
_TEMPLATES_OF_LENGTH = 48
_FRUITLESS_LIMIT = 8
_BLANKS = b" \t\r\n"

RowTaker = Callable[[Template, RowColumns, NDArray[np.int64]], None]
"""Takes verified rows: template, columns (all sound), byte positions in the buffer plus the buffer's own."""


@dataclass(slots=True)
class _Lines:
    """Where the lines of one buffer begin."""

    data: bytes
    records: NDArray[np.int64]
    others: NDArray[np.int64]
    """Lines that are neither a record nor part of one."""
    slow_until: int = 0


class _Shelf:
    """Templates of one row length, compared with a row all at once."""

    __slots__ = ("_constants", "_masks", "_templates")

    def __init__(self, width: int) -> None:
        self._templates: list[Template] = []
        self._constants = np.empty((0, width // 8), np.uint64)
        self._masks = self._constants

    def find(self, row: NDArray[np.uint64]) -> Template | None:
        """The newest template that a row, shape (1, words), belongs to."""
        if not self._templates:
            return None
        differs: NDArray[np.bool_] = np.asarray(((row ^ self._constants) & self._masks).any(axis=1))
        first = int(differs.argmin())
        return None if differs[first] else self._templates[first]

    def add(self, template: Template) -> None:
        """Put a template first; the oldest goes when there are many."""
        self._templates.insert(0, template)
        del self._templates[_TEMPLATES_OF_LENGTH:]
        self._constants = np.stack([one.constant for one in self._templates])
        self._masks = np.stack([one.mask for one in self._templates])


@dataclass(frozen=True, slots=True)
class FastLimits:
    """Below which size the fast way is not worth its preparations."""

    least_bytes: int = 4096
    """Bytes of a buffer."""
    least_rows: int = 16
    """Rows of a run."""
    least_group: int = 6
    """Rows of one length."""


class FastRows:
    """Takes runs of records that stand on lines of their own, as phones write them.

    A row is taken only if each of its bytes is accounted for: equal to the template's, or a digit of a date or number,
    a hexadecimal digit of the device pointer, or a plain character of a metadata value. All other rows go the tolerant
    way one by one; if one of those turns out to reach beyond its line, the run ends before it.
    """

    def __init__(
        self,
        take: RowTaker,
        take_node: Callable[[Node, bytes, int], None],
        limits: FastLimits,
    ) -> None:
        self._limits = limits
        self._take = take
        self._take_node = take_node
        self._lines: _Lines | None = None
        self._shelves: dict[int, _Shelf] = {}

    def __call__(self, data: bytes, pos: int, end: int, base: int) -> int:
        """Take what can be taken from ``pos`` on; answers where to go on."""
        lines = self._lines
        if lines is None or lines.data is not data:
            if end - pos < self._limits.least_bytes:
                return pos
            lines = self._lines = _lines_of(data, pos, end)
        first = int(np.searchsorted(lines.records, pos))
        if first >= lines.records.size or pos < lines.slow_until:
            return pos
        begin = int(lines.records[first])
        if begin - pos > 4 or data[pos:begin].strip(_BLANKS):
            return pos
        other = int(np.searchsorted(lines.others, begin))
        if other < lines.others.size:
            stop = int(lines.others[other])
            last = int(np.searchsorted(lines.records, stop))
            bounds = np.append(lines.records[first:last], stop)
        else:
            bounds = lines.records[first:]
        if bounds.size < 2:
            return pos
        return self._run(lines, bounds, base)

    def _run(self, lines: _Lines, bounds: NDArray[np.int64], base: int) -> int:
        """Take the rows between consecutive bounds; answers the last bound, or the row that ends the run."""
        data = lines.data
        starts, lengths = bounds[:-1], np.diff(bounds)
        taken: list[tuple[Template, RowColumns, NDArray[np.int64]]] = []
        left: list[NDArray[np.int64]] = []
        for group in _of_one_length(lengths) if lengths.size >= self._limits.least_rows else ():
            length = int(lengths[group[0]])
            if group.size < self._limits.least_group or length < 80:
                left.append(group)
            else:
                self._group(lines, starts, group, length, taken, left)
        if lengths.size < self._limits.least_rows:
            left.append(np.arange(lengths.size))
        stop = int(bounds[-1])
        nodes: list[Node] = []
        if left:
            for row in np.sort(np.concatenate(left)).tolist():
                begin, behind = int(starts[row]) + 1, int(bounds[row + 1])
                beaten = _beat_record(data, begin, behind)
                if beaten is not None:
                    nodes.append(beaten)
                    continue
                node = next_element(data, begin, len(data), final=False)
                if not isinstance(node, Node) or node.stop > behind or data[node.stop : behind].strip(_BLANKS):
                    stop = int(starts[row])
                    lines.slow_until = stop + 1
                    break
                nodes.append(node)
        for template, columns, rows in taken:
            positions = starts[rows]
            if stop < bounds[-1]:
                keep = positions < stop
                columns, positions = _only(columns, keep), positions[keep]
            if positions.size:
                self._take(template, columns, positions + (base + 1))
        for node in nodes:
            self._take_node(node, data, base)
        return stop

    def _group(
        self,
        lines: _Lines,
        starts: NDArray[np.int64],
        group: NDArray[np.int64],
        length: int,
        taken: list[tuple[Template, RowColumns, NDArray[np.int64]]],
        left: list[NDArray[np.int64]],
    ) -> None:
        """Match rows of one length against templates, making new ones from rows that match none."""
        data = lines.data
        width = -(-(length - 1) // 8) * 8
        begins = starts[group] + 1
        inside = begins + width <= len(data)
        if not inside.all():
            left.append(group[~inside])
            group, begins = group[inside], begins[inside]
        # One blank before "<" belongs to the line; the row begins at "<" and runs to the next line's blank.
        windows = np.ndarray((len(data) - width + 1,), f"V{width}", data, strides=(1,))
        rows = windows[begins].view(np.uint64).reshape(group.size, width // 8)
        shelf = self._shelves.get(length)
        if shelf is None:
            shelf = self._shelves[length] = _Shelf(width)
        fruitless = 0
        while group.size and fruitless < _FRUITLESS_LIMIT:
            template = shelf.find(rows[:1])
            if template is None:
                if group.size < self._limits.least_group:
                    break
                row = rows[0].tobytes()[: length - 1]
                template = template_of(row)
                if template is None:
                    fruitless += 1
                    left.append(group[:1])
                    group, rows = group[1:], rows[1:]
                    continue
                shelf.add(template)
            matched = template.matches(rows)
            every = bool(matched.all())
            mine = rows if every else rows[matched]
            columns = template.columns(mine)
            members = group if every else group[matched]
            fruitless += members.size < self._limits.least_group
            if not columns.sound.all():
                left.append(members[~columns.sound])
                members = members[columns.sound]
                columns = _only(columns, columns.sound)
            if members.size:
                taken.append((template, columns, members))
            if every:
                return
            group, rows = group[~matched], rows[~matched]
        if group.size:
            left.append(group)


def _of_one_length(lengths: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    order = np.argsort(lengths, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1)


def _beat_record(data: bytes, begin: int, behind: int) -> Node | None:
    """A record with a plain list of beats, which is read apart; ``None`` for any other."""
    divided = without_beats(data[begin:behind])
    if divided is None:
        return None
    text, beats = divided
    node = next_element(text, 0, len(text), final=True)
    if not isinstance(node, Node) or node.repairs or text[node.stop :].strip(_BLANKS):
        return None
    node.start, node.stop, node.beats = begin, behind, beats
    return node


def _only(columns: RowColumns, keep: NDArray[np.bool_]) -> RowColumns:
    return RowColumns(
        columns.start[keep],
        columns.length_s[keep],
        columns.value[keep],
        columns.flags[keep],
        columns.created[keep],
        columns.extra[keep],
        columns.extras,
        columns.sound[keep],
    )


def _lines_of(data: bytes, pos: int, end: int) -> _Lines:
    """Find the lines that begin a record, and those that begin something else at the top level."""
    none = np.empty(0, np.int64)
    # Looking for one byte is many times faster than for two, and it hardly ever occurs.
    if data.find(b"!", pos, end) >= 0 and data.find(b"<!", pos, end) >= 0:
        return _Lines(data, none, none)
    raw = np.frombuffer(data, np.uint8)
    begins = np.flatnonzero(raw[pos:] == _NEWLINE)
    begins += pos + 1
    begins = begins[begins < end - 16]
    if not begins.size:
        return _Lines(data, none, none)
    words = np.ndarray((len(data) - 7,), "<u8", data, strides=(1,))[begins]
    record = words == _RECORD
    low = words & np.uint64(0xFFFF)
    first = words & np.uint64(0xFF)
    record &= raw[begins + 8] == _BLANK
    inner = (low == _CHILD) | (words == _CLOSING) | (first == _NEWLINE) | (first == _RETURN)
    return _Lines(data, begins[record], begins[~(record | inner)])
