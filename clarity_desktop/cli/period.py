"""Dates and times as people type them, made into spans by the clock of the recording."""

from __future__ import annotations

from datetime import date, datetime

from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.time import Instant, Span, ZoneTimeline, day_of_date

__all__ = ["instant_of", "span_between"]


def instant_of(text: str, zone: ZoneTimeline, *, end: bool = False) -> Instant:
    """UTC seconds of a typed date or time.

    A date is the local midnight at its start, or at its end when ``end`` is set, so that ``--to`` includes its day.
    A time without an offset is local.

    Raises
    ------
    UsageError
        ``usage.time`` when the text is neither.
    """
    try:
        if len(text) <= 10:
            day = day_of_date(date.fromisoformat(text))
            return zone.instant_of_local(day + 1 if end else day)
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            "usage.time",
            f"“{text}” is not a date or time.",
            remedy="Write a date such as 2024-05-01, or a time such as 2024-05-01T22:30:00+02:00.",
        ) from error
    if moment.tzinfo is not None:
        return int(moment.timestamp())
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    return zone.instant_of_local(day_of_date(moment.date()), seconds)


def span_between(first: str | None, last: str | None, zone: ZoneTimeline, whole: Span | None) -> Span | None:
    """The span from ``--from`` to ``--to``; what is not given is where the data begins or ends.

    Answers ``None`` when neither is given, or when there is no data to take a missing end from.

    Raises
    ------
    UsageError
        ``usage.period`` when it ends before it starts.
    """
    if first is None and last is None:
        return None
    start = instant_of(first, zone) if first is not None else (whole.start if whole is not None else None)
    stop = instant_of(last, zone, end=True) if last is not None else (whole.stop if whole is not None else None)
    if start is None or stop is None:
        return None
    if stop <= start:
        raise UsageError(
            "usage.period", "The period ends before it starts.", remedy="Give a --to that lies after --from."
        )
    return Span(start, stop)
