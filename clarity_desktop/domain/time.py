"""UTC instants, half-open spans, and the zone timeline from which local clock time is derived."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import InputError

__all__ = [
    "DAY_S",
    "UNKNOWN_ZONE",
    "Certainty",
    "Instant",
    "Span",
    "ZoneCorrection",
    "ZonePeriod",
    "ZoneTimeline",
    "date_of_day",
    "day_of_date",
    "format_instant",
    "zone_of_name",
]

Instant = int
"""UTC seconds since 1970-01-01T00:00:00Z. Never a naive local time."""

DAY_S = 86_400
UNKNOWN_ZONE = "unknown"
"""Name of the zone of a file that prints a local clock and no offset: a fixed offset nobody knows, counted as 0."""

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_FIXED = re.compile(r"UTC([+-])(\d{2}):(\d{2})")


class Certainty(StrEnum):
    """How well a zone period is known."""

    STATED = "stated"
    """The person or the file names the zone."""
    DERIVED = "derived"
    """Inferred from evidence, such as beat times against UTC."""
    ASSUMED = "assumed"
    """No evidence: the home zone, or the computer's."""
    UNCERTAIN = "uncertain"
    """Between two different pieces of evidence: the change lies somewhere in this period."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open stretch of time ``[start, stop)`` in UTC seconds."""

    start: Instant
    stop: Instant

    def __post_init__(self) -> None:
        if self.stop < self.start:
            raise ValueError(f"span stops ({self.stop}) before it starts ({self.start})")

    @property
    def length_s(self) -> int:
        """Length in seconds."""
        return self.stop - self.start

    def intersects(self, other: Span) -> bool:
        """Whether the two spans share at least one second."""
        return self.start < other.stop and other.start < self.stop


@lru_cache(maxsize=256)
def zone_of_name(name: str) -> tzinfo:
    """The zone of an IANA name, of ``UTC±HH:MM``, or of :data:`UNKNOWN_ZONE` (offset 0).

    Raises
    ------
    InputError
        ``time.unknown_zone`` when the name is none of these.
    """
    if name == UNKNOWN_ZONE:
        return UTC
    fixed = _FIXED.fullmatch(name)
    if fixed:
        minutes = int(fixed[2]) * 60 + int(fixed[3])
        return timezone(timedelta(minutes=-minutes if fixed[1] == "-" else minutes))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(
            "time.unknown_zone",
            f"“{name}” is not a time zone this machine knows.",
            remedy="Use a name such as Europe/Berlin, or an offset such as UTC+02:00.",
        ) from error


def _offset_at(zone: tzinfo, instant: Instant) -> int:
    offset = datetime.fromtimestamp(instant, tz=UTC).astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


@lru_cache(maxsize=256)
def _offset_changes(name: str, start: Instant, stop: Instant) -> tuple[tuple[Instant, int], ...]:
    """``(from_utc, offset_s)`` of every offset of the zone within [start, stop], first entry at ``start``."""
    zone = zone_of_name(name)
    changes = [(start, _offset_at(zone, start))]
    if isinstance(zone, timezone):
        return tuple(changes)
    low = start
    while low < stop:
        high = min(low + 7 * DAY_S, stop)
        if _offset_at(zone, high) != changes[-1][1]:
            before, after = low, high
            while after - before > 1:
                middle = (before + after) // 2
                if _offset_at(zone, middle) == changes[-1][1]:
                    before = middle
                else:
                    after = middle
            changes.append((after, _offset_at(zone, after)))
            low = after
        else:
            low = high
    return tuple(changes)


@dataclass(frozen=True, slots=True)
class ZonePeriod:
    """From ``from_utc`` on, the person's clock followed ``zone``."""

    from_utc: Instant
    zone: str
    certainty: Certainty
    origin: str
    """Where this is known from, in words a person can check: ``HKTimeZone of 12 workouts``."""


@dataclass(frozen=True, slots=True)
class ZoneCorrection:
    """A stretch ``[from_utc, until_utc)`` for which a person has stated the zone by hand; ``None`` is without end."""

    from_utc: Instant | None
    until_utc: Instant | None
    zone: str


@dataclass(frozen=True, slots=True)
class ZoneTimeline:
    """The zones a person's clock followed, in order; the first period also covers all time before it.

    Local time is derived from this and never stored. A local day can have 23, 24 or 25 hours and, when travelling,
    other lengths.
    """

    periods: tuple[ZonePeriod, ...] = field(default=())

    def __post_init__(self) -> None:
        if not self.periods:
            raise ValueError("a zone timeline needs at least one period")
        starts = [period.from_utc for period in self.periods]
        if starts != sorted(set(starts)):
            raise ValueError("zone periods must be strictly ordered by their start")
        for period in self.periods:
            zone_of_name(period.zone)

    @classmethod
    def single(cls, zone: str, *, certainty: Certainty = Certainty.ASSUMED, origin: str = "") -> ZoneTimeline:
        """One zone for all time."""
        return cls((ZonePeriod(-(2**40), zone, certainty, origin),))

    @classmethod
    def unknown(cls) -> ZoneTimeline:
        """A clock with a fixed offset that nobody knows, counted as 0."""
        return cls.single(UNKNOWN_ZONE, origin="the file states no zone")

    @property
    def is_unknown(self) -> bool:
        """Whether no zone is known at all."""
        return all(period.zone == UNKNOWN_ZONE for period in self.periods)

    def zone_at(self, instant: Instant) -> ZonePeriod:
        """The period in force at an instant."""
        current = self.periods[0]
        for period in self.periods[1:]:
            if period.from_utc > instant:
                break
            current = period
        return current

    def offset_changes(self, start: Instant, stop: Instant) -> list[tuple[Instant, int, str]]:
        """``(from_utc, offset_s, zone)`` of every stretch of constant zone and offset.

        Covers ``[start, stop]``, both ends included. The first entry begins at ``start``. Clock changes and travel both
        make new entries.
        """
        result: list[tuple[Instant, int, str]] = []
        for index, period in enumerate(self.periods):
            begin = start if index == 0 else max(start, period.from_utc)
            end = self.periods[index + 1].from_utc if index + 1 < len(self.periods) else stop
            end = min(end, stop)
            if begin > end:
                continue
            changes = _offset_changes(period.zone, begin, end)
            result.extend((at, offset, period.zone) for at, offset in changes)
        ordered: list[tuple[Instant, int, str]] = []
        for entry in result:
            if ordered and ordered[-1][0] == entry[0]:
                ordered[-1] = entry
            elif not ordered or ordered[-1][1:] != entry[1:]:
                ordered.append(entry)
        return ordered

    def offsets_s(self, instants: NDArray[np.int64]) -> NDArray[np.int64]:
        """UTC offset in seconds at each instant; any shape, any order."""
        if instants.size == 0:
            return np.zeros(instants.shape, dtype=np.int64)
        changes = self.offset_changes(int(instants.min()), int(instants.max()))
        starts = np.array([at for at, _, _ in changes], dtype=np.int64)
        offsets = np.array([offset for _, offset, _ in changes], dtype=np.int64)
        return offsets[np.maximum(np.searchsorted(starts, instants, side="right") - 1, 0)]

    def local_seconds(self, instants: NDArray[np.int64]) -> NDArray[np.int64]:
        """Local wall-clock seconds since 1970-01-01 00:00 local, for each instant."""
        return instants + self.offsets_s(instants)

    def local_days(self, instants: NDArray[np.int64]) -> NDArray[np.int64]:
        """Local calendar day number (days since 1970-01-01) of each instant."""
        return np.floor_divide(self.local_seconds(instants), DAY_S)

    def instant_of_local(self, day: int, second_of_day: int = 0) -> Instant:
        """The first instant at which the local clock shows this day and second, or has just skipped it.

        Used for local midnights and noons; a skipped local time maps to the instant of the skip.
        """
        wall = day * DAY_S + second_of_day
        low, high = wall - 27 * 3600, wall + 27 * 3600
        changes = self.offset_changes(low, high)
        for index, (begin, offset, _) in enumerate(changes):
            end = changes[index + 1][0] if index + 1 < len(changes) else high + 1
            candidate = wall - offset
            if candidate < end:
                return max(candidate, begin)
        return wall - changes[-1][1]

    def day_span(self, day: int) -> Span:
        """The UTC span of one local calendar day (days since 1970-01-01)."""
        return Span(self.instant_of_local(day), self.instant_of_local(day + 1))

    def format(self, instant: Instant) -> str:
        """ISO 8601 with the offset in force, such as ``2024-03-10T08:00:00-04:00``."""
        return format_instant(instant, int(self.offsets_s(np.array([instant], dtype=np.int64))[0]))


def format_instant(instant: Instant, offset_s: int = 0) -> str:
    """ISO 8601 with an offset; ``Z`` is printed as ``+00:00``."""
    zone = timezone(timedelta(seconds=offset_s))
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(instant))).astimezone(zone).isoformat()


def day_of_date(value: date) -> int:
    """Days since 1970-01-01 of a calendar date."""
    return value.toordinal() - _EPOCH_ORDINAL


def date_of_day(day: int) -> date:
    """The calendar date that is ``day`` days after 1970-01-01."""
    return date.fromordinal(int(day) + _EPOCH_ORDINAL)
