"""The time zones a person's phone followed, from the evidence inside an export."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.importing import ZoneFound
from clarity_desktop.domain.time import DAY_S, Certainty, Instant, ZonePeriod, ZoneTimeline, zone_of_name
from clarity_desktop.importers.recorder_clock import ALL_TIME, fixed_zone_name

__all__ = ["Evidence", "Witness", "beat_offset", "route_offset", "zone_timeline"]

_QUARTER = 900
_LOWEST = -10 * 3600
_COMPACT_AT = 50_000
_ROUTE_NAME = re.compile(r"(\d{4})-(\d{2})-(\d{2})_(\d{1,2})[.:](\d{2})\s?(?:([aApP])\.?[mM])?", re.ASCII)
_ROUTE_SLACK_S = 120


def beat_offset(clock_s: float, start: Instant) -> int:
    """UTC offset in seconds from the local clock of the first beat and the record's UTC start, in quarter hours.

    A clock tells the offset only modulo a day. Answered is the one in -10:00 … +13:45 h, which holds all inhabited
    zones but those at -11:00 and +14:00; these are found by name, see :func:`zone_timeline`.
    """
    offset = round((clock_s - start % DAY_S) / _QUARTER) * _QUARTER
    return (offset - _LOWEST) % DAY_S + _LOWEST


class Witness(StrEnum):
    """Where a piece of evidence comes from."""

    RECORD = "HKTimeZone"
    WORKOUT = "workouts"
    BEATS = "beats"
    ROUTE = "routes"


_WORDS = {
    Witness.RECORD: "{n} records that name it",
    Witness.WORKOUT: "{n} workouts",
    Witness.BEATS: "{n} beat lists",
    Witness.ROUTE: "{n} route names",
}


def route_offset(path: str, stop: Instant) -> int | None:
    """UTC offset in seconds from the name of a route file, which tells the local time of its last point.

    ``route_2021-03-10_5.30pm.gpx`` that ends at 08:30:25 UTC tells +09:00. ``None`` where the name says nothing, or not
    a time within two minutes of a quarter hour's offset.
    """
    found = _ROUTE_NAME.search(path)
    if found is None:
        return None
    year, month, day, hour, minute = (int(found[index]) for index in range(1, 6))
    half = (found[6] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        local = int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp())
    except ValueError:
        return None
    offset = round((local - stop) / _QUARTER) * _QUARTER
    if abs(local - stop - offset) > _ROUTE_SLACK_S or not -12 * 3600 <= offset <= 14 * 3600:
        return None
    return offset


class Evidence:
    """Instants at which the zone by name, or the offset, is known. Memory grows with changes, not with records."""

    def __init__(self) -> None:
        self._named: dict[tuple[Witness, str], list[NDArray[np.int64]]] = {}
        self._offsets: dict[tuple[Witness, int], list[NDArray[np.int64]]] = {}
        self._single: dict[tuple[Witness, int], list[Instant]] = {}
        self._pending = 0
        self.unknown_names: Counter[str] = Counter()
        self._known_names: dict[str, bool] = {}
        self._weights: Counter[str] = Counter()

    def named(self, zone: str, instants: NDArray[np.int64], witness: Witness = Witness.RECORD) -> None:
        """Records or workouts that name their zone."""
        known = self._known_names.get(zone)
        if known is None:
            known = self._known_names[zone] = _is_zone(zone)
        if not known:
            self.unknown_names[zone] += int(instants.size)
            return
        self._weights[zone] += int(instants.size)
        self._named.setdefault((witness, zone), []).append(_hours(instants))
        self._count(instants.size)

    def offset(self, offset_s: int, instants: NDArray[np.int64], witness: Witness = Witness.BEATS) -> None:
        """Records or routes whose local clock differs from UTC by an offset."""
        self._offsets.setdefault((witness, offset_s), []).append(_hours(instants))
        self._count(instants.size)

    def offset_at(self, offset_s: int, instant: Instant, witness: Witness = Witness.BEATS) -> None:
        """As :meth:`offset` for one record; arrays of one would cost more than all else about it."""
        self._single.setdefault((witness, offset_s), []).append(instant)
        self._count(1)

    def _count(self, size: int) -> None:
        self._pending += size
        if self._pending > _COMPACT_AT:
            self._settle()

    def _settle(self) -> None:
        """One array of instants for every key."""
        for key, instants in self._single.items():
            self._offsets.setdefault(key, []).append(np.array(instants, np.int64))
        self._single.clear()
        self._pending = 0
        _compact(self._named)
        _compact(self._offsets)

    def document(self) -> dict[str, Any]:
        """Everything known, as texts, numbers and arrays."""
        self._settle()
        return {
            "named": [[witness.value, zone, parts[0]] for (witness, zone), parts in self._named.items()],
            "offsets": [[witness.value, offset, parts[0]] for (witness, offset), parts in self._offsets.items()],
            "unknown": dict(self.unknown_names),
            "weights": dict(self._weights),
        }

    def restore(self, document: Mapping[str, Any]) -> None:
        """The reverse of :meth:`document`."""
        self._named = {(Witness(witness), zone): [at] for witness, zone, at in document["named"]}
        self._offsets = {(Witness(witness), offset): [at] for witness, offset, at in document["offsets"]}
        self.unknown_names = Counter(document["unknown"])
        self._weights = Counter(document["weights"])
        self._known_names = dict.fromkeys((zone for _, zone in self._named), True) | dict.fromkeys(
            self.unknown_names, False
        )

    def points(
        self,
    ) -> tuple[list[tuple[Instant, str, Witness]], list[tuple[Instant, int, Witness]], Counter[str]]:
        """Named points, offset points, and how many records name each zone."""
        self._settle()
        named = sorted((int(at), zone, one) for (one, zone), parts in self._named.items() for at in parts[0])
        offsets = sorted((int(at), offset, one) for (one, offset), parts in self._offsets.items() for at in parts[0])
        return named, offsets, self._weights


_Key = TypeVar("_Key", tuple[Witness, str], tuple[Witness, int])


def _compact(store: dict[_Key, list[NDArray[np.int64]]]) -> None:
    for key, parts in store.items():
        store[key] = [_hours(np.concatenate(parts))]


def _hours(instants: NDArray[np.int64]) -> NDArray[np.int64]:
    """One instant for every hour that has one (the first): evidence closer together than that says nothing more."""
    ordered = np.sort(instants)
    _, first = np.unique(ordered // 3600, return_index=True)
    return ordered[first]


def _is_zone(name: str) -> bool:
    try:
        zone_of_name(name)
    except InputError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Point:
    at: Instant
    zone: str
    witness: Witness

    @property
    def by_name(self) -> bool:
        """Whether the zone is named."""
        return self.witness in (Witness.RECORD, Witness.WORKOUT)


def zone_timeline(evidence: Evidence, home_zone: str | None) -> tuple[ZoneFound, ...]:
    """Zone periods from the evidence.

    Between two points of one zone that zone holds. Between two different ones the change is put at the middle of the
    gap and the gap is a period of its own, marked uncertain. Before the first and after the last point, and without
    any, the home zone holds: the one given, else the one with the most evidence; never the printed offset.

    An offset alone is given the home zone's name when that zone's rule yields it at that instant, else that of a zone
    named elsewhere in the file, else a fixed offset.
    """
    named, offsets, weights = evidence.points()
    most = weights.most_common(1)[0][0] if weights else None
    home = home_zone or most
    names = [name for name in (home, *sorted(weights, key=lambda name: -weights[name])) if name is not None]
    points = [_Point(at, zone, witness) for at, zone, witness in named]
    points += [
        _Point(at, name, witness)
        for (at, _, witness), name in zip(offsets, _names_of_offsets(offsets, names), strict=True)
    ]
    points.sort(key=lambda point: (point.at, not point.by_name))
    if home is None:
        home = _most_frequent_zone(points)
    if home is None:
        return ()
    return _periods(points, home, stated=home_zone is not None)


def _most_frequent_zone(points: list[_Point]) -> str | None:
    return Counter(point.zone for point in points).most_common(1)[0][0] if points else None


def _names_of_offsets(points: list[tuple[Instant, int, Witness]], names: list[str]) -> list[str]:
    """For every offset point the first of the named zones whose rule yields it, else a fixed offset."""
    at = np.array([point[0] for point in points], np.int64)
    offsets = np.array([point[1] for point in points], np.int64)
    chosen = np.full(at.size, len(names), np.int64)
    for number in reversed(range(len(names))):
        rule = ZoneTimeline.single(names[number]).offsets_s(at)
        chosen[(rule - offsets) % DAY_S == 0] = number
    return [
        names[number] if number < len(names) else fixed_zone_name(offset)
        for number, offset in zip(chosen.tolist(), offsets.tolist(), strict=True)
    ]


@dataclass(slots=True)
class _Run:
    zone: str
    first: Instant
    last: Instant
    by: Counter[Witness] = field(default_factory=Counter)

    @property
    def by_name(self) -> int:
        """Pieces of evidence that name the zone."""
        return self.by[Witness.RECORD] + self.by[Witness.WORKOUT]


def _runs(points: list[_Point]) -> list[_Run]:
    runs: list[_Run] = []
    for point in points:
        if not runs or runs[-1].zone != point.zone:
            runs.append(_Run(point.zone, point.at, point.at))
        run = runs[-1]
        run.last = point.at
        run.by[point.witness] += 1
    return runs


def _origin(run: _Run) -> str:
    return ", ".join(words.format(n=run.by[witness]) for witness, words in _WORDS.items() if run.by[witness])


def _periods(points: list[_Point], home: str, *, stated: bool) -> tuple[ZoneFound, ...]:
    certainty = Certainty.STATED if stated else Certainty.ASSUMED
    origin = "the home zone given" if stated else "the zone with the most evidence"
    found: list[ZoneFound] = []
    runs = _runs(points)
    if not runs or runs[0].zone != home:
        found.append(ZoneFound(ZonePeriod(ALL_TIME, home, certainty, origin), "home", 0))
    for index, run in enumerate(runs):
        sure = Certainty.STATED if run.by_name else Certainty.DERIVED
        begin = run.first
        if index:
            before = runs[index - 1]
            middle = (before.last + run.first) // 2
            gap = f"between {before.zone} and {run.zone}"
            if before.last < middle:
                found.append(ZoneFound(ZonePeriod(before.last, before.zone, Certainty.UNCERTAIN, gap), "gap", 0))
            if middle < run.first:
                found.append(ZoneFound(ZonePeriod(middle, run.zone, Certainty.UNCERTAIN, gap), "gap", 0))
        elif run.zone == home:
            begin = ALL_TIME
        evidence = next(witness.value for witness in Witness if run.by[witness])
        period = ZonePeriod(begin, run.zone, sure, _origin(run))
        found.append(ZoneFound(period, evidence, run.by.total()))
    if runs and runs[-1].zone != home:
        found.append(ZoneFound(ZonePeriod(runs[-1].last + 1, home, certainty, origin), "home", 0))
    return _strictly_ordered(found)


def _strictly_ordered(found: list[ZoneFound]) -> tuple[ZoneFound, ...]:
    """Of periods that begin at the same instant the later listed one holds."""
    ordered: list[ZoneFound] = []
    for entry in found:
        while ordered and ordered[-1].period.from_utc >= entry.period.from_utc:
            ordered.pop()
        ordered.append(entry)
    return tuple(ordered)
