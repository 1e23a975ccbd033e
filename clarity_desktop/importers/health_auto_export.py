"""Files of the iPhone app Health Auto Export: its JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.importing import NO_INSTANT, Element, Origin, SetAside
from clarity_desktop.domain.kinds import SLEEP, kind_of
from clarity_desktop.domain.series import SampleFlag
from clarity_desktop.domain.time import Instant
from clarity_desktop.importers.format import Format, Head, open_bytes, read_head
from clarity_desktop.importers.health_auto_export_names import (
    PERCENT_KINDS,
    SLEEP_LABELS,
    is_json_export,
    kind_of_metric,
    snake_case,
    unit_of_metric,
)
from clarity_desktop.importers.health_auto_export_workouts import workout_elements
from clarity_desktop.importers.healthkit.clinical import json_depth
from clarity_desktop.importers.healthkit.columns import Collector, SeriesKey
from clarity_desktop.importers.healthkit.dates import parse_date
from clarity_desktop.importers.healthkit.records import canonical_json, is_implausible
from clarity_desktop.importers.reading import Reading
from clarity_desktop.importers.recorder_clock import naive_zones, offset_zones

__all__ = ["FORMAT", "Metrics"]

_LARGEST = 128 << 20
_DEPTH = 64
_TEXT_KEPT = 2_000
_APP = "Health Auto Export"
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)$", re.ASCII)
_PARTS = {
    "stateOfMind": "StateOfMind",
    "medications": "Medication",
    "symptoms": "Symptom",
    "cycleTracking": "CycleTracking",
    "ecg": "HealthAutoExportEcg",
    "heartRateNotifications": "HeartRateNotification",
}
_PRESSURES = ("systolic", "diastolic")

Item = dict[str, object]


def _claims(head: Head) -> bool:
    return not head.is_folder and is_json_export(head.start)


def _text(item: Item, *names: str) -> str:
    return next((value for name in names if isinstance(value := item.get(name), str)), "")


def _number(item: Item, *names: str) -> float | None:
    for name in names:
        value = item.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300:
            return float(value)
    return None


class Metrics:
    """Turns items of metrics into samples."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._collector = Collector(reading.samples)
        self._position = 0
        self.offsets: dict[int, tuple[Instant, int]] = {}
        """First instant and number of times of each printed offset."""

    def instant(self, text: str) -> Instant | None:
        """UTC seconds of a time the app writes."""
        parsed = parse_date(text)
        if parsed is None:
            return None
        match = _OFFSET.search(text)
        offset = 0
        if match is not None:
            offset = (int(match[2]) * 3600 + int(match[3]) * 60) * (-1 if match[1] == "-" else 1)
        first, count = self.offsets.get(offset, (parsed.instant, 0))
        self.offsets[offset] = (min(first, parsed.instant), count + 1)
        return parsed.instant

    def reject(self, kind: str, code: str, item: object) -> None:
        """Set one item aside."""
        self._position += 1
        tally = self._reading.tally
        tally.records[kind] += 1
        tally.rejected[kind] += 1
        text = canonical_json(item)[:_TEXT_KEPT].encode("utf-8", "replace").decode()
        self._reading.set_aside(SetAside(kind, self._position, text, code), f"item {self._position}")

    def metric(self, name: str, unit: str, items: list[object]) -> None:
        """Take all items of one metric."""
        for index, item in enumerate(items):
            if index % 20_000 == 0:
                self._collector.flush_if_full()
                self._reading.advance(0)
            if not isinstance(item, dict):
                self.reject(kind_of_metric(name), "row.unreadable", item)
            elif snake_case(name) == "sleep_analysis":
                self._sleep(item)
            elif snake_case(name) == "blood_pressure":
                for part in _PRESSURES:
                    self._quantity(f"blood_pressure_{part}", unit, item, (part,))
            else:
                self._quantity(name, unit, item, ("qty", "Avg", "avg", "value"))

    def _quantity(self, name: str, unit: str, item: Item, values: tuple[str, ...]) -> None:
        kind = kind_of_metric(name)
        start = self.instant(_text(item, "date", "startDate", "start"))
        if start is None:
            self.reject(kind, "date.missing", item)
            return
        value = _number(item, *values)
        if value is None:
            self.reject(kind, "value.not_a_number", item)
            return
        stop = self.instant(_text(item, "endDate", "end"))
        used = {*values, "date", "startDate", "start", "endDate", "end", "source"}
        self.sample(kind, unit, item, start, stop, value, {key: item[key] for key in item if key not in used})

    def sample(
        self, kind: str, unit: str, item: Item, start: Instant, stop: Instant | None, value: float, rest: Item
    ) -> None:
        """Take one sample; a unit in percent of a fraction is brought to the phone's own 0…1."""
        self._position += 1
        unit = unit_of_metric(unit)
        if unit == "%" and kind in PERCENT_KINDS:
            value /= 100
            self._reading.tally.problem("unit.percent", f"item {self._position}")
        flags = SampleFlag.NONE
        if not unit:
            flags |= SampleFlag.UNIT_MISSING
            self._reading.tally.problem("unit.missing", f"item {self._position}")
        if is_implausible(kind, unit, value):
            flags |= SampleFlag.IMPLAUSIBLE
            self._reading.tally.problem("value.implausible", f"item {self._position}")
        self._row(SeriesKey(kind, unit, _text(item, "source") or _APP, False), start, stop, value, int(flags), rest)

    def _row(self, key: SeriesKey, start: Instant, stop: Instant | None, value: float, flags: int, rest: Item) -> None:
        collector = self._collector
        length = 0 if stop is None else stop - start
        if not 0 <= length < 2**31:
            self.reject(key.kind, "date.reversed" if length < 0 else "date.too_long", rest)
            return
        self._reading.tally.records[key.kind] += 1
        text = canonical_json({"attributes": rest}).encode("utf-8", "replace").decode() if rest else ""
        origin, extra = collector.origin(key, Origin()), collector.extra(key, text)
        collector.row(key, (self._position, start, length, value, flags, NO_INSTANT, origin, extra))

    def _sleep(self, item: Item) -> None:
        word = _text(item, "value")
        start, stop = self.instant(_text(item, "startDate", "start")), self.instant(_text(item, "endDate", "end"))
        if not word:
            self._night(item)
            return
        if start is None or stop is None:
            self.reject(SLEEP, "date.missing", item)
            return
        self._position += 1
        label = SLEEP_LABELS.get(word.strip().lower(), word)
        if label == word:
            self._reading.tally.problem("sleep.unlisted", f"item {self._position}", 1, (word,))
        key = SeriesKey(SLEEP, "", _text(item, "source") or _APP, True)
        used = {"value", "startDate", "start", "endDate", "end", "source", "qty"}
        code = float(self._collector.label(key, label))
        self._row(key, start, stop, code, 0, {name: item[name] for name in item if name not in used})

    def _night(self, item: Item) -> None:
        """A night of which only totals are told: kept as an element, since totals do not say when a stage was."""
        start = self.instant(_text(item, "sleepStart", "inBedStart"))
        stop = self.instant(_text(item, "sleepEnd", "inBedEnd"))
        day = _text(item, "date") or str(start)
        source = _text(item, "source", "sleepSource") or _APP
        if stop is not None and start is not None and stop < start:
            self.reject(SLEEP, "date.reversed", item)
            return
        self._reading.tally.problem("sleep.totals_only", f"item {self._position}")
        self._reading.element(Element("SleepTotals", f"{day}|{source}", start, stop, source, _payload(item)))

    def finish(self) -> None:
        """Hand on what is held, and list what is unknown."""
        self._collector.flush()
        tally = self._reading.tally
        unlisted = [kind for kind in tally.records if not kind_of(kind).known]
        if unlisted:
            tally.problem("type.unlisted", "data.metrics", len(unlisted), unlisted)

    def zones(self) -> None:
        """Tell the zones that the printed offsets give."""
        home = self._reading.home_zone
        changes = sorted((first, offset, count) for offset, (first, count) in self.offsets.items())
        self._reading.zones(offset_zones(changes, home) if changes else naive_zones(home, 0))


def _payload(item: Item) -> str:
    return canonical_json({"attributes": item}).encode("utf-8", "replace").decode()


class _JsonExport:
    """An opened JSON file of the app."""

    format_version = ""

    def __init__(self, path: Path) -> None:
        if not is_json_export(read_head(path).start):
            raise _not_an_export(path.name, "begins otherwise")
        self._path = path
        self.total_bytes: int | None = None
        self.hashed = (path,)

    def read(self, reading: Reading) -> None:
        """Read everything.

        Raises
        ------
        InputError
            ``import.too_large`` above 128 MB unpacked, ``import.json_damaged`` when the text is no whole JSON.
        """
        data = self._load(reading)
        metrics = Metrics(reading)
        for metric in _list_of(data, "metrics"):
            if not isinstance(metric, dict) or not _text(metric, "name"):
                reading.tally.problem("element.unlisted", "data.metrics", 1, ("metric without a name",))
                continue
            metrics.metric(_text(metric, "name"), _text(metric, "units", "unit"), _list_of(metric, "data"))
        for workout in _list_of(data, "workouts"):
            elements = workout_elements(workout, metrics.instant) if isinstance(workout, dict) else []
            if not elements:
                text = canonical_json(workout)[:_TEXT_KEPT].encode("utf-8", "replace").decode()
                reading.set_aside(SetAside("Workout", 0, text, "row.unreadable"), "data.workouts")
            for element in elements:
                reading.tally.elements[element.kind] += 1
                reading.element(element)
        for part, kind in _PARTS.items():
            for item in _list_of(data, part):
                if isinstance(item, dict):
                    self._element(kind, item, metrics, reading)
        others = [name for name in data if name not in ("metrics", "workouts", *_PARTS)]
        if others:
            reading.tally.problem("element.unlisted", "data", len(others), others)
        metrics.finish()
        metrics.zones()

    def _load(self, reading: Reading) -> Item:
        name = self._path.name
        try:
            with open_bytes(self._path) as handle:
                raw = handle.read(_LARGEST + 1)
        except (OSError, EOFError) as error:
            raise _not_an_export(name, type(error).__name__) from error
        if len(raw) > _LARGEST:
            raise InputError(
                "import.too_large",
                f"“{name}” is larger than 128 MB.",
                remedy="Export shorter periods in the app, one file each, and import them one after the other.",
            )
        reading.advance(len(raw))
        if json_depth(raw) > _DEPTH:
            raise _not_an_export(name, "nested too deep")
        try:
            document = json.loads(raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace"))
        except (ValueError, RecursionError) as error:
            raise _not_an_export(name, type(error).__name__) from error
        data = document.get("data") if isinstance(document, dict) else None
        if not isinstance(data, dict):
            raise _not_an_export(name, "no data object")
        return data

    def _element(self, kind: str, item: Item, metrics: Metrics, reading: Reading) -> None:
        start = metrics.instant(_text(item, "start", "startDate", "date", "scheduledDate"))
        stop = metrics.instant(_text(item, "end", "endDate")) if start is not None else None
        stop = start if stop is None or start is None or stop < start else stop
        payload = _payload(item)
        source = _text(item, "source") or _APP
        key = _text(item, "id") or f"{start}|{payload}"
        reading.tally.elements[kind] += 1
        reading.element(Element(kind, key, start, stop, source, payload))


def _list_of(holder: Item, name: str) -> list[object]:
    value = holder.get(name)
    return cast(list[object], value) if isinstance(value, list) else []


def _not_an_export(name: str, detail: str) -> InputError:
    return InputError(
        "import.json_damaged",
        f"“{name}” is not a whole file of the app Health Auto Export.",
        remedy="Export it again in the app and copy it unchanged.",
        detail=detail,
    )


@contextmanager
def _open(path: Path) -> Iterator[_JsonExport]:
    yield _JsonExport(path)


FORMAT = Format(
    "health-auto-export", "a file of the app Health Auto Export (JSON)", (".json", ".json.gz"), _claims, _open
)
