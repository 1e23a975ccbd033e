"""What one Record element means: its series, columns, extra, and the reason when it means nothing."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from clarity_desktop.domain.importing import NO_INSTANT, Origin
from clarity_desktop.domain.kinds import SLEEP, conversion, kind_of
from clarity_desktop.domain.series import SampleFlag
from clarity_desktop.domain.time import Instant
from clarity_desktop.importers.healthkit.beats import BEATS
from clarity_desktop.importers.healthkit.columns import SeriesKey
from clarity_desktop.importers.healthkit.dates import ParsedDate, parse_date
from clarity_desktop.importers.healthkit.markup import Node

__all__ = [
    "RecordRow",
    "Rejected",
    "canonical_json",
    "cut_pointer",
    "extra_of",
    "interpret",
    "is_implausible",
    "is_truthy",
    "metadata_of",
    "number_of",
    "plausible_range",
    "series_key",
    "sleep_label",
    "source_of",
]

_PREPARED = "\x02"
_LENGTH_LIMIT = 2**31 - 1
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_POINTER = re.compile(r"^<+HKDevice: 0x[0-9a-fA-F]+>?,? ?")
_OWN = frozenset(
    ("type", "unit", "value", "sourceName", "source", "sourceVersion", "device", "creationDate", "startDate", "endDate")
)
_SLEEP_VALUE = "HKCategoryValueSleepAnalysis"
_SLEEP_NUMBERS = {
    "0": "InBed",
    "1": "AsleepUnspecified",
    "2": "Awake",
    "3": "AsleepCore",
    "4": "AsleepDeep",
    "5": "AsleepREM",
}
_SLEEP_KNOWN = frozenset(_SLEEP_VALUE + name for name in _SLEEP_NUMBERS.values())


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that carries no usable meaning."""

    kind: str
    code: str


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One record, understood."""

    key: SeriesKey
    start: Instant
    length_s: int
    value: float
    label: str
    flags: int
    created: Instant
    origin: Origin
    extra: str
    zone: str
    """HKTimeZone of the record, or ``""``."""


def canonical_json(document: object) -> str:
    """One text for one content: sorted keys, no blanks, characters as they are."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def cut_pointer(device: str) -> str:
    """Device text without the memory address, which differs from record to record."""
    if not device.startswith("<"):
        return device
    return _POINTER.sub("", device).removesuffix(">")


@lru_cache(maxsize=1024)
def _normalized(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def source_of(attributes: dict[str, str]) -> str:
    """Source name in Unicode NFC; iOS 8 called the attribute ``source``."""
    name = attributes.get("sourceName")
    return _normalized(attributes.get("source", "") if name is None else name)


@lru_cache(maxsize=4096)
def series_key(kind: str, unit: str, source: str) -> SeriesKey:
    """The series of a record. Categories are the category types, and unknown types without a unit."""
    category = kind.startswith("HKCategoryType") or (not unit and not kind.startswith("HKQuantityType"))
    return SeriesKey(kind, unit, source, category)


def sleep_label(value: str) -> str:
    """Sleep values of all ages under today's names: ``Asleep`` and the old numbers included."""
    if value == _SLEEP_VALUE + "Asleep":
        return _SLEEP_VALUE + "AsleepUnspecified"
    number = _SLEEP_NUMBERS.get(value)
    return value if number is None else _SLEEP_VALUE + number


def number_of(text: str) -> tuple[float, bool] | None:
    """A finite number and whether it was written with a decimal comma; ``None`` when it is none."""
    text = text.strip()
    comma = text.count(",") == 1 and "." not in text
    if comma:
        text = text.replace(",", ".")
    if _NUMBER.fullmatch(text) is None:
        return None
    value = float(text)
    return None if value in (float("inf"), float("-inf")) else (value, comma)


@lru_cache(maxsize=1024)
def plausible_range(kind: str, unit: str) -> tuple[float, float, float, float] | None:
    """``(low, high, scale, shift)``: a value is plausible when low ≤ value·scale + shift ≤ high."""
    declared = kind_of(kind)
    if declared.valid_range is None:
        return None
    scale = conversion(unit, declared)
    return None if scale is None else (*declared.valid_range, *scale)


def is_implausible(kind: str, unit: str, value: float) -> bool:
    """Whether a value lies outside the plausible range of its kind."""
    bounds = plausible_range(kind, unit)
    return bounds is not None and not bounds[0] <= value * bounds[2] + bounds[3] <= bounds[1]


def is_truthy(text: str) -> bool:
    """``1``, ``true`` or ``yes``."""
    return text.strip().lower() in ("1", "true", "yes")


def metadata_of(node: Node) -> dict[str, str | list[str]]:
    """Metadata entries by key; a key that repeats holds the list of its values."""
    result: dict[str, str | list[str]] = {}
    for child in node.children:
        if child.name != "MetadataEntry":
            continue
        key, value = child.attributes.get("key", ""), child.attributes.get("value", "")
        before = result.get(key)
        if before is None:
            result[key] = value
        elif isinstance(before, list):
            before.append(value)
        else:
            result[key] = [before, value]
    return result


def first_text(value: str | list[str] | None) -> str:
    """The first of repeated values."""
    if isinstance(value, list):
        return value[0]
    return value or ""


def extra_of(node: Node, metadata: dict[str, str | list[str]]) -> str:
    """Canonical JSON of all that a record says beside its columns, ``""`` when it says no more."""
    document: dict[str, object] = {}
    if metadata:
        document["metadata"] = metadata
    more = {name: value for name, value in node.attributes.items() if name not in _OWN}
    if more:
        document["attributes"] = more
    other: list[object] = []
    for child in node.children:
        if child.name == BEATS:
            document["beats"] = [_beat(beat) for beat in child.children]
        elif child.name != "MetadataEntry":
            other.append(_tree(child))
    if other:
        document["children"] = other
    if node.beats is not None:
        document["beats"] = _PREPARED
        return canonical_json(document).replace('"\\u0002"', node.beats.json, 1)
    return canonical_json(document) if document else ""


def _beat(node: Node) -> list[object]:
    rate = number_of(node.attributes.get("bpm", ""))
    value: object = node.attributes.get("bpm", "")
    if rate is not None:
        value = int(rate[0]) if rate[0].is_integer() else rate[0]
    return [value, node.attributes.get("time", "")]


def _tree(node: Node) -> dict[str, object]:
    document: dict[str, object] = {"name": node.name, "attributes": node.attributes}
    if node.children:
        document["children"] = [_tree(child) for child in node.children]
    return document


def interpret(node: Node) -> RecordRow | Rejected:
    """Understand one Record. Repairs made on the way are added to ``node.repairs``."""
    attributes = node.attributes
    kind = attributes.get("type", "")
    if not kind:
        return Rejected("", "type.missing")
    dates = _dates(attributes)
    if isinstance(dates, str):
        return Rejected(kind, dates)
    start, stop = dates
    if "source" in attributes and "sourceName" not in attributes:
        node.repair("format.old")
    else:
        for code in {start.form.code, stop.form.code} - {""}:
            node.repair(code)
    length = stop.instant - start.instant
    if length < 0:
        return Rejected(kind, "date.reversed")
    if length > _LENGTH_LIMIT:
        return Rejected(kind, "date.too_long")
    unit = attributes.get("unit", "")
    key = series_key(kind, unit, source_of(attributes))
    value, label, flags = 0.0, "", 0
    if key.category:
        label = attributes.get("value", "")
        if kind == SLEEP:
            label = sleep_label(label)
            if label not in _SLEEP_KNOWN:
                node.repair("sleep.unlisted")
    else:
        number = number_of(attributes.get("value", ""))
        if number is None:
            return Rejected(kind, "value.not_a_number")
        value = number[0]
        if number[1]:
            node.repair("value.decimal_comma")
        if not unit:
            flags |= SampleFlag.UNIT_MISSING
        if is_implausible(kind, unit, value):
            flags |= SampleFlag.IMPLAUSIBLE
    metadata = metadata_of(node)
    entered = metadata.get("HKWasUserEntered", attributes.get("HKWasUserEntered"))
    if entered is not None and is_truthy(first_text(entered)):
        flags |= SampleFlag.USER_ENTERED
    if node.repairs:
        flags |= SampleFlag.REPAIRED
    created = parse_date(attributes.get("creationDate", ""))
    return RecordRow(
        key,
        start.instant,
        length,
        value,
        label,
        int(flags),
        NO_INSTANT if created is None else created.instant,
        Origin(cut_pointer(attributes.get("device", "")), attributes.get("sourceVersion", "")),
        extra_of(node, metadata),
        first_text(metadata.get("HKTimeZone")),
    )


def _dates(attributes: dict[str, str]) -> tuple[ParsedDate, ParsedDate] | str:
    """Start and end, or the code of what is wrong with them. A record with one of the two is a point."""
    start_text = attributes.get("startDate") or attributes.get("endDate")
    end_text = attributes.get("endDate") or start_text
    if not start_text or not end_text:
        return "date.missing"
    start = parse_date(start_text)
    stop = start if end_text == start_text else parse_date(end_text)
    if start is None or stop is None:
        return "date.impossible"
    return start, stop
