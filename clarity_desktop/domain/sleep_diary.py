"""The sleep diary: what a person writes down of one night, by the questions of the consensus sleep diary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Final

from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.time import DAY_S, Instant, ZoneTimeline, day_of_date

__all__ = [
    "NIGHT_COLUMNS",
    "DiaryInstants",
    "DiaryNight",
    "checked_night",
    "clock_minutes",
    "clock_text",
    "instants_of",
    "night_row",
]

NIGHT_COLUMNS: Final = (
    "date",
    "in_bed",
    "tried",
    "latency_min",
    "awakenings",
    "waso_min",
    "final_awakening",
    "out_of_bed",
    "quality",
    "naps",
    "nap_min",
    "comments",
)
"""Columns of a diary as a table, in the order of the questions."""

_Date = date
"""The type, where the field of the same name hides it."""
_DAY_MIN: Final = DAY_S // 60
_LONGEST_BED_MIN: Final = 24 * 60 - 1
_LONGEST_TEXT: Final = 4000


@dataclass(frozen=True, slots=True)
class DiaryNight:
    """One night of the consensus sleep diary (Carney 2012, Sleep 35:287), as written down on waking.

    Times are minutes of the clock (0…1439) as the person wrote them, not instants: which instants they are follows
    from the zone timeline by :func:`instants_of`, so a later correction of the zone moves them along.
    """

    date: date
    """Local date of the final awakening."""
    in_bed: int
    """1. When did you get into bed?"""
    tried: int
    """2. When did you try to go to sleep?"""
    final_awakening: int
    """6a. When was your final awakening?"""
    out_of_bed: int
    """7. When did you get out of bed for the day?"""
    latency_min: float | None = None
    """3. How long did it take to fall asleep?"""
    awakenings: int | None = None
    """4. How many times did you wake up, not counting the final awakening?"""
    waso_min: float | None = None
    """5. How long did these awakenings last in total?"""
    quality: int | None = None
    """8. Quality of sleep, 1 (lowest) to 5 (highest)."""
    naps: int | None = None
    """Naps of the day before."""
    nap_min: float | None = None
    """Minutes slept in these naps."""
    comments: str = ""
    source: str = "hand"
    """``hand``, or the name of the file it was imported from."""
    revision: int = 0
    author: str = ""
    at: Instant = 0

    def as_payload(self) -> dict[str, Any]:
        """What is sealed; what the store knows by itself is left out."""
        found = asdict(self)
        for name in ("date", "revision", "author", "at"):
            del found[name]
        return found

    @classmethod
    def from_payload(
        cls, payload: Mapping[str, Any], *, day: _Date, revision: int, author: str, at: Instant
    ) -> DiaryNight:
        """The night of :meth:`as_payload` with what the store knows of it."""
        return cls(**payload, date=day, revision=revision, author=author, at=at)


@dataclass(frozen=True, slots=True)
class DiaryInstants:
    """The clock times of a diary night as UTC seconds, in order."""

    in_bed: Instant
    tried: Instant
    final_awakening: Instant
    out_of_bed: Instant


def clock_minutes(text: str) -> int:
    """Minutes of the clock of ``22:40``, ``2240``, ``7:05`` or ``22.40``.

    Raises
    ------
    ValueError
        With a sentence that says what is accepted.
    """
    typed = text.strip().replace(".", ":").replace("h", ":").replace(" ", "")
    if ":" not in typed and typed.isascii() and typed.isdigit() and len(typed) in (3, 4):
        typed = f"{typed[:-2]}:{typed[-2:]}"
    hour, colon, minute = typed.partition(":")
    right = colon and hour.isascii() and minute.isascii() and hour.isdigit() and minute.isdigit() and len(minute) == 2
    if not right or int(hour) > 23 or int(minute) > 59:
        raise ValueError("Write hours and minutes of the 24-hour clock: 22:40.")
    return int(hour) * 60 + int(minute)


def clock_text(minutes: int) -> str:
    """``22:40``."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _placed(night: DiaryNight) -> tuple[int, int, int, int]:
    """Minutes after midnight of the date (before it: negative), each the nearest that keeps the order.

    The final awakening lies on the date. Going to bed lies before it by less than a day, getting up after it.
    """
    final = night.final_awakening
    tried = night.tried if night.tried <= final else night.tried - _DAY_MIN
    bed = tried - (night.tried - night.in_bed) % _DAY_MIN
    up = final + (night.out_of_bed - final) % _DAY_MIN
    return bed, tried, final, up


def _not_before(day: int, minutes: int, least: Instant, zone: ZoneTimeline) -> Instant:
    """The instant of a clock time, the later one of a repeated hour where the first lies before ``least``."""
    shift, minute = divmod(minutes, _DAY_MIN)
    first = zone.instant_of_local(day + shift, minute * 60)
    if first >= least:
        return first
    wall = (day + shift) * DAY_S + minute * 60
    for begin, offset, _ in zone.offset_changes(first, first + 3 * 3600)[1:]:
        again = wall - offset
        if again >= begin and again >= least:
            return again
    return max(first, least)


def instants_of(night: DiaryNight, zone: ZoneTimeline) -> DiaryInstants:
    """The instants that a night's clock times mean.

    A time that a clock change skipped is the instant of the change. In a repeated hour the first pass counts, unless
    the order of the four times asks for the second.
    """
    day = day_of_date(night.date)
    bed, tried, final, up = _placed(night)
    at_bed = _not_before(day, bed, -(2**62), zone)
    at_tried = _not_before(day, tried, at_bed, zone)
    at_final = _not_before(day, final, at_tried + round(60 * (night.latency_min or 0)), zone)
    return DiaryInstants(at_bed, at_tried, at_final, _not_before(day, up, at_final, zone))


def checked_night(night: DiaryNight) -> DiaryNight:
    """The night with its text trimmed, when its answers can stand together.

    Raises
    ------
    InputError
        ``diary.time``, ``diary.amount``, ``diary.longer_than_bed``, ``diary.quality``, ``diary.text``.
    """
    for minutes in (night.in_bed, night.tried, night.final_awakening, night.out_of_bed):
        if not 0 <= minutes < _DAY_MIN:
            raise InputError("diary.time", "A time lies outside the day.", remedy="Write 00:00 to 23:59.")
    amounts = (night.latency_min, night.waso_min, night.nap_min, night.awakenings, night.naps)
    if any(amount is not None and not 0 <= amount <= _DAY_MIN for amount in amounts):
        raise InputError(
            "diary.amount", "A number of minutes or times lies outside 0 to 1440.", remedy="Check what was typed."
        )
    if night.quality is not None and not 1 <= night.quality <= 5:
        raise InputError(
            "diary.quality", "Quality is a number from 1 to 5.", remedy="1 stands for the lowest, 5 for the highest."
        )
    bed, tried, final, up = _placed(night)
    if up - bed > _LONGEST_BED_MIN:
        raise InputError(
            "diary.order",
            "Getting up comes a day or more after going to bed.",
            remedy="Check the four clock times: into bed, tried to sleep, final awakening, out of bed.",
        )
    if (night.latency_min or 0) + (night.waso_min or 0) > final - tried:
        raise InputError(
            "diary.longer_than_bed",
            "Falling asleep and waking take longer than the time between trying to sleep and the final awakening.",
            remedy="Check the minutes and the clock times.",
        )
    if len(night.comments) > _LONGEST_TEXT:
        raise InputError("diary.text", "A comment has at most 4000 characters.", remedy="Make it shorter.")
    return replace(night, comments=night.comments.strip())


def night_row(night: DiaryNight) -> dict[str, str]:
    """A night as cells of :data:`NIGHT_COLUMNS`; what was not answered is empty."""
    clocks = ("in_bed", "tried", "final_awakening", "out_of_bed")

    def cell(name: str) -> str:
        value = getattr(night, name)
        if value is None:
            return ""
        if name in clocks:
            return clock_text(value)
        return f"{value:g}" if isinstance(value, float) else str(value)

    return {name: cell(name) for name in NIGHT_COLUMNS}
