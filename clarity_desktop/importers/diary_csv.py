"""Tables of events, of a sleep diary and of free days, as a person keeps them in a spreadsheet."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Final

from clarity_desktop.domain.annotations import Annotation, AnnotationKind, checked_annotation
from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.sleep_diary import DiaryNight, checked_night, clock_minutes
from clarity_desktop.domain.time import Instant, ZoneTimeline, day_of_date
from clarity_desktop.importers.hand_table import Row, read_table

__all__ = ["read_diary_csv", "read_events_csv", "read_free_days_csv"]

_EVENT_COLUMNS: Final = {
    "start": ("from", "date", "begin", "when"),
    "stop": ("to", "end", "until"),
    "kind": ("type", "event"),
    "title": ("text", "name", "what"),
    "reason": ("why",),
    "asleep": (),
    "wake": (),
}
_NIGHT_COLUMNS: Final = {
    "date": ("wake_date", "date_of_waking"),
    "in_bed": ("bedtime", "got_into_bed", "into_bed"),
    "tried": ("tried_to_sleep", "lights_out"),
    "latency_min": ("sleep_latency", "sol_min", "latency"),
    "awakenings": ("number_of_awakenings",),
    "waso_min": ("waso", "awake_min"),
    "final_awakening": ("wake", "woke", "wake_time"),
    "out_of_bed": ("got_up", "rise_time", "up"),
    "quality": ("sleep_quality",),
    "naps": ("number_of_naps",),
    "nap_min": ("nap_minutes",),
    "comments": ("comment", "notes"),
}
_DAY_COLUMNS: Final = {"date": ("day",), "free": ("kind", "type", "day_type")}
_FREE_WORDS: Final = {
    **dict.fromkeys(("free", "yes", "true", "1", "off"), True),
    **dict.fromkeys(("work", "no", "false", "0"), False),
}


def read_events_csv(path: Path, zone: ZoneTimeline) -> tuple[Annotation, ...]:
    """Events, notes and stretches of a table: ``start`` and ``kind``, and ``stop``, ``title``, ``reason`` if any.

    Parameters
    ----------
    zone:
        Clock of times that state no offset.

    Raises
    ------
    InputError
        ``table.*``; ``table.cell`` names row and column.
    """
    found: list[Annotation] = []
    for row in read_table(path, _EVENT_COLUMNS, ("start", "kind")):
        word = row["kind"].casefold().replace(" ", "_").replace("-", "_")
        if word not in tuple(AnnotationKind):
            row.refuse("kind", "Write one of " + ", ".join(AnnotationKind) + ".")
        kind = AnnotationKind(word)
        start = _instant(row, "start", zone)
        if start is None:
            row.refuse("start", "A date or time is needed.")
        annotation = Annotation(
            kind,
            start,
            _instant(row, "stop", zone, end=True),
            row["title"],
            row["reason"],
            _instant(row, "asleep", zone),
            _instant(row, "wake", zone),
            path.name,
        )
        found.append(_checked(row, annotation, found))
    return tuple(found)


def _checked(row: Row, annotation: Annotation, earlier: list[Annotation]) -> Annotation:
    # Rows have no identifiers yet, so each row bears its number while it is compared with those before.
    numbered = [replace(one, id=str(number)) for number, one in enumerate(earlier)]
    try:
        return checked_annotation(annotation, numbered)
    except InputError as error:
        column = {"annotation.empty": "title", "annotation.text": "title", "annotation.asleep": "asleep"}
        row.refuse(column.get(error.code, "stop"), error.message)


def read_diary_csv(path: Path) -> tuple[DiaryNight, ...]:
    """Nights of a sleep diary: the columns of :data:`clarity_desktop.domain.sleep_diary.NIGHT_COLUMNS`.

    An empty ``tried`` means that the person tried to sleep on going to bed.

    Raises
    ------
    InputError
        ``table.*``; ``table.cell`` names row and column.
    """
    found: dict[date, DiaryNight] = {}
    for row in read_table(path, _NIGHT_COLUMNS, ("date", "in_bed", "final_awakening", "out_of_bed")):
        day = _date(row, "date")
        if day in found:
            row.refuse("date", "The table has another row of this date.")
        in_bed = _clock(row, "in_bed")
        night = DiaryNight(
            date=day,
            in_bed=in_bed,
            tried=_clock(row, "tried") if row["tried"] else in_bed,
            final_awakening=_clock(row, "final_awakening"),
            out_of_bed=_clock(row, "out_of_bed"),
            latency_min=row.number_of("latency_min"),
            awakenings=_whole(row, "awakenings"),
            waso_min=row.number_of("waso_min"),
            quality=_whole(row, "quality"),
            naps=_whole(row, "naps"),
            nap_min=row.number_of("nap_min"),
            comments=row["comments"],
            source=path.name,
        )
        try:
            found[day] = checked_night(night)
        except InputError as error:
            columns = {
                "diary.quality": "quality",
                "diary.amount": "latency_min",
                "diary.longer_than_bed": "waso_min",
                "diary.order": "out_of_bed",
                "diary.text": "comments",
            }
            row.refuse(columns.get(error.code, "date"), error.message)
    return tuple(found[day] for day in sorted(found))


def read_free_days_csv(path: Path) -> dict[date, bool]:
    """Dates with ``free`` or ``work``; true for a free day.

    Raises
    ------
    InputError
        ``table.*``; ``table.cell`` names row and column.
    """
    found: dict[date, bool] = {}
    for row in read_table(path, _DAY_COLUMNS, ("date", "free")):
        day = _date(row, "date")
        if day in found:
            row.refuse("date", "The table has another row of this date.")
        free = _FREE_WORDS.get(row["free"].casefold())
        if free is None:
            row.refuse("free", "Write free or work.")
        found[day] = free
    return found


def _date(row: Row, column: str) -> date:
    text = row[column]
    try:
        return date.fromisoformat(text)
    except ValueError:
        row.refuse(column, "Write year, month and day: 2024-05-01.")


def _clock(row: Row, column: str) -> int:
    try:
        return clock_minutes(row[column])
    except ValueError as error:
        row.refuse(column, str(error))


def _whole(row: Row, column: str) -> int | None:
    value = row.number_of(column, whole=True)
    return None if value is None else int(value)


def _instant(row: Row, column: str, zone: ZoneTimeline, *, end: bool = False) -> Instant | None:
    """UTC seconds of a date (its midnight, or the next one for an end) or of a time; local without an offset."""
    text = row[column]
    if not text:
        return None
    try:
        if len(text) == 10:
            day = day_of_date(date.fromisoformat(text))
            return zone.instant_of_local(day + 1 if end else day)
        moment = datetime.fromisoformat(text)
    except ValueError:
        row.refuse(column, "Write a date such as 2024-05-01, or a time such as 2024-05-01T22:30.")
    if moment.tzinfo is not None:
        return int(moment.timestamp())
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    return zone.instant_of_local(day_of_date(moment.date()), seconds)
