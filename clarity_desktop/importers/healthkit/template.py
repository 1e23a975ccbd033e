"""One shape of record: which bytes must be equal in every row of it, and how the others become columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.importing import Origin
from clarity_desktop.domain.series import SampleFlag
from clarity_desktop.importers.clock_words import DIGIT_POSITIONS, WORD_OFFSETS, seconds_of_words
from clarity_desktop.importers.healthkit.beats import BEATS
from clarity_desktop.importers.healthkit.columns import SeriesKey
from clarity_desktop.importers.healthkit.markup import Node, next_element
from clarity_desktop.importers.healthkit.records import (
    Rejected,
    extra_of,
    interpret,
    is_truthy,
    metadata_of,
    plausible_range,
)

__all__ = ["Extra", "RowColumns", "Template", "template_of"]

_TAG = re.compile(rb"<([A-Za-z]+)((?:[^<>\"']++|\"[^\"]*+\")*+)>")
_ATTRIBUTE = re.compile(rb"\s([A-Za-z]+)=\"([^\"]*)\"")
_POINTER = re.compile(rb"&lt;&lt;HKDevice: 0x([0-9a-f]{1,16})&gt;")
_DATE = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ([+-])(\d\d)(\d\d)")
_VALUE = re.compile(rb"(-?)(\d+)(?:\.(\d+))?")
_PLAIN = re.compile(rb"[ !#-%(-;=?-\[\]-~]{1,256}")
_EXACT_DIGITS = 15
_POINT = 46
_BEATS_TAG = f"<{BEATS}".encode()
_SINGLE_QUOTED = re.compile(rb"=\s*'")
_TELLING = ("HKTimeZone", "HKWasUserEntered")
_SLOT = "\x01%d\x01"
_SLOT_TEXT = re.compile(r"\\u0001(\d+)\\u0001")
_HEX = np.zeros(256, np.bool_)
_HEX[list(b"0123456789abcdef")] = True
_PLAIN_BYTES = np.zeros(256, np.bool_)
_PLAIN_BYTES[[code for code in range(32, 127) if chr(code) not in "\"&'<>\\"]] = True


@dataclass(frozen=True, slots=True)
class Extra:
    """What the metadata of a row comes to."""

    text: str
    flags: int
    zone: str


@dataclass(frozen=True, slots=True)
class RowColumns:
    """Columns of the rows of one template. Arrays have shape (N,)."""

    start: NDArray[np.int64]
    length_s: NDArray[np.int64]
    value: NDArray[np.float64]
    flags: NDArray[np.uint8]
    created: NDArray[np.int64]
    extra: NDArray[np.int64]
    """Index into ``extras``."""
    extras: list[Extra]
    sound: NDArray[np.bool_]
    """False for rows that need the tolerant way after all."""


class Template:
    """A shape of record, made from one row that the tolerant scanner has read."""

    __slots__ = (
        "_created",
        "_date_at",
        "_extra_parts",
        "_extra_slots",
        "_flags",
        "_keys",
        "_offset_s",
        "_pointer",
        "_sign",
        "_slots",
        "_value",
        "children",
        "constant",
        "key",
        "label",
        "mask",
        "origin",
    )

    def __init__(self, row: bytes, node: Node) -> None:
        interpreted = interpret(node)
        if isinstance(interpreted, Rejected) or node.repairs:
            raise ValueError("not a plain record")
        width = -(-len(row) // 8) * 8
        mask = np.full(width, 0xFF, np.uint8)
        mask[len(row) :] = 0
        self.key: SeriesKey = interpreted.key
        self.label = interpreted.label
        self.origin: Origin = interpreted.origin
        self.children = _names_of_children(node)
        tags = list(_TAG.finditer(row))
        own = {match[1]: match for match in _ATTRIBUTE.finditer(row, tags[0].start(), tags[0].end())}
        if len(own) != len(node.attributes) or own.get(b"HKWasUserEntered") is not None:
            raise ValueError("attributes in an unusual form")
        self._date_at: list[int] = []
        offsets: list[int] = []
        for name in (b"startDate", b"endDate", b"creationDate"):
            match = own.get(name)
            date = _DATE.fullmatch(match[2]) if match is not None else None
            if match is None or date is None:
                if name == b"creationDate":
                    continue
                raise ValueError("no plain date")
            at = match.start(2)
            self._date_at.append(at)
            mask[[at + place for place in DIGIT_POSITIONS]] = 0
            offset = int(date[2]) * 3600 + int(date[3]) * 60
            offsets.append(-offset if date[1] == b"-" else offset)
        self._offset_s = np.array(offsets, np.int64)[:, None]
        self._created = interpreted.created
        self._number(own, mask)
        self._pointer: slice | None = None
        device = own.get(b"device")
        pointer = _POINTER.match(device[2]) if device is not None else None
        if device is not None and pointer is not None:
            begin = device.start(2) + pointer.start(1)
            self._pointer = slice(begin, begin + len(pointer[1]))
            mask[self._pointer] = 0
        self._flags = interpreted.flags & ~(SampleFlag.IMPLAUSIBLE | SampleFlag.USER_ENTERED)
        self._slots: list[slice] = []
        self._metadata(row, tags, node, mask)
        constant = np.frombuffer(row.ljust(width, b"\0"), np.uint8) & mask
        self.mask = mask.view(np.uint64)
        self.constant = constant.view(np.uint64)

    def _number(self, own: dict[bytes, re.Match[bytes]], mask: NDArray[np.uint8]) -> None:
        self._value = slice(0, 0)
        self._sign = 1.0
        if self.key.category:
            return
        match = own[b"value"]
        number = _VALUE.fullmatch(match[2])
        if number is None:
            raise ValueError("no plain number")
        begin = match.start(2)
        self._sign = -1.0 if number[1] else 1.0
        # A minus is constant; where the point stands may differ from row to row.
        self._value = slice(begin + len(number[1]), begin + len(match[2]))
        mask[self._value] = 0

    def _metadata(self, row: bytes, tags: list[re.Match[bytes]], node: Node, mask: NDArray[np.uint8]) -> None:
        """Let plain metadata values differ between rows; the extra's text is cut into parts around them."""
        self._keys: list[str] = []
        children = [child for child in node.children if child.name == "MetadataEntry"]
        entries = [tag for tag in tags[1:] if tag[1] == b"MetadataEntry"]
        spans = [{match[1]: match for match in _ATTRIBUTE.finditer(row, tag.start(), tag.end())} for tag in entries]
        if len(entries) != len(children) or any(set(span) != {b"key", b"value"} for span in spans):
            raise ValueError("metadata in an unusual form")
        for child, span in zip(children, spans, strict=True):
            value = span[b"value"]
            key = child.attributes["key"]
            telling = key in _TELLING
            if _PLAIN.fullmatch(value[2]) is None:
                if telling:
                    raise ValueError("a telling value in an unusual form")
                continue
            if telling and key in self._keys:
                raise ValueError("a telling key repeats")
            self._slots.append(slice(value.start(2), value.end(2)))
            mask[self._slots[-1]] = 0
            child.attributes["value"] = _SLOT % len(self._keys)
            self._keys.append(key)
        text = extra_of(node, metadata_of(node))
        pieces = _SLOT_TEXT.split(text)
        self._extra_parts = pieces[0::2]
        self._extra_slots = [int(piece) for piece in pieces[1::2]]

    def matches(self, rows: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Which rows have every constant byte; ``rows`` has shape (N, words)."""
        difference = rows ^ self.constant
        difference &= self.mask
        return np.asarray(np.bitwise_or.reduce(difference, axis=1) == 0)

    def columns(self, rows: NDArray[np.uint64]) -> RowColumns:
        """Columns of rows that match."""
        n = rows.shape[0]
        raw = rows.view(np.uint8)
        words = np.empty((3, len(self._date_at), n), np.uint64)
        for index, at in enumerate(self._date_at):
            for word, offset in enumerate(WORD_OFFSETS):
                words[word, index] = np.ndarray((n,), "<u8", raw, at + offset, (raw.strides[0],))
        seconds, exists = seconds_of_words(words, self._offset_s)
        start, stop = seconds[0], seconds[1]
        length = stop - start
        sound = exists.all(axis=0)
        sound &= (length >= 0) & (length < 2**31)
        value, plain = self._values(raw)
        sound &= plain
        if self._pointer is not None:
            sound &= _HEX[raw[:, self._pointer]].all(axis=1)
        flags = np.full(n, self._flags, np.uint8)
        bounds = None if self.key.category else plausible_range(self.key.kind, self.key.unit)
        if bounds is not None:
            low, high, scale, shift = bounds
            canonical = value * scale + shift
            flags[~((canonical >= low) & (canonical <= high))] |= np.uint8(SampleFlag.IMPLAUSIBLE)
        extra, extras = self._extras(raw, sound)
        entered = [index for index, one in enumerate(extras) if one.flags]
        if entered:
            flags[np.isin(extra, entered)] |= np.uint8(SampleFlag.USER_ENTERED)
        created = seconds[2] if len(self._date_at) > 2 else np.full(n, self._created, np.int64)
        return RowColumns(start, length, value, flags, created, extra, extras, sound)

    def _values(self, raw: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        n = raw.shape[0]
        if self.key.category:
            return np.zeros(n), np.ones(n, np.bool_)
        text = raw[:, self._value]
        width = text.shape[1]
        points = text == _POINT
        digits = text - np.uint8(48)
        many = points.sum(axis=1)
        plain: NDArray[np.bool_] = np.asarray(((digits <= 9) | points).all(axis=1) & (many <= 1) & (many < width))
        if width > _EXACT_DIGITS:
            written = np.ascontiguousarray(text)
            written[~plain] = 48
            return self._sign * written.view(f"S{width}").ravel().astype(np.float64), plain
        # Digits and their weighted sum are whole numbers below 2**53, so the one division rounds correctly.
        place = np.where(many > 0, points.argmax(axis=1), width)
        value = np.zeros(n)
        for at in np.unique(place).tolist():
            mine = slice(None) if (place == at).all() else place == at
            columns = [column for column in range(width) if column != at]
            weights = np.power(10.0, np.arange(len(columns) - 1, -1, -1), dtype=np.float64)
            decimals = max(width - 1 - at, 0)
            value[mine] = digits[mine][:, columns].astype(np.float64) @ weights / 10.0**decimals
        return self._sign * value, plain

    def _extras(self, raw: NDArray[np.uint8], sound: NDArray[np.bool_]) -> tuple[NDArray[np.int64], list[Extra]]:
        n = raw.shape[0]
        if not self._slots:
            return np.zeros(n, np.int64), [self._extra([])]
        texts = np.concatenate([raw[:, slot] for slot in self._slots], axis=1)
        if (texts == texts[0]).all():
            distinct, index = texts[:1], np.zeros(n, np.int64)
        else:
            width = texts.shape[1]
            as_one = np.ascontiguousarray(texts).view(f"V{width}").ravel()
            _, first, index = np.unique(as_one, return_index=True, return_inverse=True)
            distinct = texts[first]
        plain = _PLAIN_BYTES[distinct].all(axis=1)
        if not plain.all():
            sound &= plain[index]
        ends = list(accumulate(slot.stop - slot.start for slot in self._slots))
        begins = [0, *ends[:-1]]
        extras = []
        for row in distinct:
            text = row.tobytes().decode("latin-1")
            extras.append(self._extra([text[begin:end] for begin, end in zip(begins, ends, strict=True)]))
        return index, extras

    def _extra(self, values: list[str]) -> Extra:
        parts = [self._extra_parts[0]]
        for slot, part in zip(self._extra_slots, self._extra_parts[1:], strict=True):
            parts.append(values[slot])
            parts.append(part)
        entered = zone = ""
        for key, value in zip(self._keys, values, strict=True):
            if key == "HKWasUserEntered":
                entered = value
            elif key == "HKTimeZone":
                zone = value
        return Extra("".join(parts), int(is_truthy(entered)), zone)


def _names_of_children(node: Node) -> dict[str, int]:
    names: dict[str, int] = {}
    waiting = list(node.children)
    while waiting:
        child = waiting.pop()
        waiting.extend(child.children)
        names[child.name] = names.get(child.name, 0) + 1
    return names


def template_of(row: bytes) -> Template | None:
    """The template of a row (from ``<`` to the next element, blanks included), or ``None`` when it is not plain."""
    if _BEATS_TAG in row:
        return None
    node = next_element(row, 0, len(row), final=True)
    if not isinstance(node, Node) or node.name != "Record" or row[node.stop :].strip(b" \t\r\n"):
        return None
    if _SINGLE_QUOTED.search(row):
        return None
    try:
        return Template(row, node)
    except ValueError:
        return None
