"""``diary``: the sleep diary of a person, and which of their days are free."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from clarity_desktop.cli.commands.events import answer_history
from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.free_days import WEEKDAYS, FreeDays
from clarity_desktop.domain.sleep_diary import NIGHT_COLUMNS, DiaryNight, clock_minutes, instants_of, night_row
from clarity_desktop.domain.time import ZoneTimeline, format_instant

app = typer.Typer(help="Sleep diary.", no_args_is_help=True)
free_app = typer.Typer(help="Work days and free days of a person.", no_args_is_help=True)

_Patient = Annotated[str, typer.Argument(help="Id, code or exact name.")]
_Day = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="Local date of waking.")]
_SHOWN = (
    "date",
    "in_bed",
    "tried",
    "latency_min",
    "awakenings",
    "waso_min",
    "final_awakening",
    "out_of_bed",
    "quality",
)


def night_document(night: DiaryNight, zone: ZoneTimeline) -> dict[str, Any]:
    """One night as it was written, and the instants that its clock times mean."""
    at = instants_of(night, zone)
    written = night_row(night)
    numbers = {name: getattr(night, name) for name in NIGHT_COLUMNS if not isinstance(getattr(night, name), str)}
    clocks = ("in_bed", "tried", "final_awakening", "out_of_bed")
    return {
        **numbers,
        "date": night.date,
        **{name: written[name] for name in clocks},
        "instants": {name: zone.format(getattr(at, name)) for name in clocks},
        "comments": night.comments,
        "source": night.source,
        "author": night.author,
        "revision": night.revision,
        "entered": format_instant(night.at),
    }


def _clock(text: str, what: str) -> int:
    try:
        return clock_minutes(text)
    except ValueError as error:
        raise UsageError("usage.clock", f"{what} is not a time of day.", remedy=str(error)) from None


@app.command("add")
def add(
    context: typer.Context,
    patient: _Patient,
    day: _Day,
    in_bed: Annotated[str, typer.Option(help="Got into bed, such as 22:40.")],
    final_awakening: Annotated[str, typer.Option(help="Final awakening.")],
    out_of_bed: Annotated[str, typer.Option(help="Got out of bed for the day.")],
    tried: Annotated[str | None, typer.Option(help="Tried to go to sleep; going to bed without it.")] = None,
    latency: Annotated[float | None, typer.Option(min=0, help="Minutes to fall asleep.")] = None,
    awakenings: Annotated[int | None, typer.Option(min=0, help="Number of awakenings.")] = None,
    waso: Annotated[float | None, typer.Option(min=0, help="Minutes awake in total.")] = None,
    quality: Annotated[int | None, typer.Option(min=1, max=5, help="1 lowest to 5 highest.")] = None,
    naps: Annotated[int | None, typer.Option(min=0, help="Number of naps the day before.")] = None,
    nap_min: Annotated[float | None, typer.Option(min=0, help="Minutes slept in naps.")] = None,
    comments: Annotated[str, typer.Option(help="Anything else.")] = "",
) -> None:
    """Write one night of the sleep diary; a night of the same date is replaced, and can be undone."""
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    bed = _clock(in_bed, "Going to bed")
    night = DiaryNight(
        date=day.date(),
        in_bed=bed,
        tried=bed if tried is None else _clock(tried, "Trying to sleep"),
        final_awakening=_clock(final_awakening, "The final awakening"),
        out_of_bed=_clock(out_of_bed, "Getting up"),
        latency_min=latency,
        awakenings=awakenings,
        waso_min=waso,
        quality=quality,
        naps=naps,
        nap_min=nap_min,
        comments=comments,
    )
    services.save_diary_night(found.id, night)
    zone = services.zone_timeline(found.id)
    stored = [one for one in services.diary_nights(found.id) if one.date == night.date]
    document = {"nights": [night_document(one, zone) for one in stored]}
    session.output.answer(document, f"Night to {night.date.isoformat()} is written.")


@app.command("list")
def list_nights(context: typer.Context, patient: _Patient) -> None:
    """List the nights of the sleep diary."""
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    zone = services.zone_timeline(found.id)
    nights = services.diary_nights(found.id)
    rows = [tuple(night_row(night)[name] for name in _SHOWN) for night in nights]
    text = table(rows, _SHOWN) or "The sleep diary is empty."
    session.output.answer({"nights": [night_document(night, zone) for night in nights]}, text)


@app.command("remove")
def remove(context: typer.Context, patient: _Patient, day: _Day) -> None:
    """Remove a night of the sleep diary; “diary undo” brings it back."""
    session = session_of(context)
    services = session.unlocked()
    services.remove_diary_night(services.patient(patient).id, day.date())
    session.output.answer({"removed": day.date()}, f"Night to {day.date().isoformat()} is removed.")


@app.command("undo")
def undo(context: typer.Context, patient: _Patient, day: _Day) -> None:
    """Return a night of the sleep diary to the version before its latest."""
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    services.undo_entry(found.id, "night", day.date().isoformat())
    zone = services.zone_timeline(found.id)
    nights = [one for one in services.diary_nights(found.id) if one.date == day.date()]
    text = f"Night to {day.date().isoformat()} is " + ("as before." if nights else "not there any more.")
    session.output.answer({"nights": [night_document(one, zone) for one in nights]}, text)


@app.command("history")
def history(context: typer.Context, patient: _Patient) -> None:
    """Every version of every night of the sleep diary: who wrote what, and when."""
    session = session_of(context)
    services = session.unlocked()
    answer_history(session, services.entry_history(services.patient(patient).id, "night"))


@app.command("import")
def import_diary(
    context: typer.Context,
    patient: _Patient,
    file: Annotated[Path, typer.Argument(help="CSV with the columns of the diary.", dir_okay=False)],
) -> None:
    """Write the nights of a CSV table, all or none; nights of the same dates are replaced, and can be undone."""
    session = session_of(context)
    services = session.unlocked()
    count = services.import_diary(services.patient(patient).id, file)
    session.output.answer({"nights": count}, f"{count} nights are written.")


def _free_document(free: FreeDays) -> dict[str, Any]:
    return {
        "free_weekdays": [WEEKDAYS[day] for day in sorted(free.weekdays)],
        "entered": free.stated,
        "dates": {day.isoformat(): "free" if is_free else "work" for day, is_free in sorted(free.exceptions.items())},
        "words": free.words,
    }


@free_app.command("show")
def show_free(context: typer.Context, patient: _Patient) -> None:
    """Show which days are free."""
    session = session_of(context)
    services = session.unlocked()
    free = services.free_days(services.patient(patient).id)
    document = _free_document(free)
    lines = [f"Free: {free.words}", *(f"{day}  {kind}" for day, kind in document["dates"].items())]
    session.output.answer(document, "\n".join(lines))


@free_app.command("set")
def set_free(
    context: typer.Context,
    patient: _Patient,
    week: Annotated[
        str | None,
        typer.Option(help="Free weekdays by their first letters: sat,sun; “none” for no day, “assumed” to forget."),
    ] = None,
    free: Annotated[list[str] | None, typer.Option(help="A date that is free; may be given several times.")] = None,
    work: Annotated[list[str] | None, typer.Option(help="A date that is a work day; several times.")] = None,
    forget: Annotated[list[str] | None, typer.Option(help="A date that follows the week again.")] = None,
) -> None:
    """Say which weekdays and dates are free for a person; social jetlag rests on it."""
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    days: dict[date, bool | None] = {}
    for texts, value in ((free, True), (work, False), (forget, None)):
        days.update(dict.fromkeys((_date(text) for text in texts or ()), value))
    pattern = None if week is None or week == "assumed" else _weekdays(week)
    if week is not None:
        services.set_free_weekdays(found.id, pattern)
    if days:
        services.set_free_dates(found.id, days)
    now = services.free_days(found.id)
    session.output.answer(_free_document(now), f"Free: {now.words}")


@free_app.command("import")
def import_free(
    context: typer.Context,
    patient: _Patient,
    file: Annotated[Path, typer.Argument(help="CSV with date and free or work.", dir_okay=False)],
) -> None:
    """Store the dates of a CSV table with free or work, all or none."""
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    count = services.import_free_days(found.id, file)
    session.output.answer({**_free_document(services.free_days(found.id)), "stored": count}, f"{count} dates stored.")


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError("usage.date", f"“{text}” is not a date.", remedy="Write 2024-05-01.") from None


def _weekdays(text: str) -> frozenset[int]:
    if text == "none":
        return frozenset()
    found: set[int] = set()
    for word in text.casefold().split(","):
        places = [
            n for n, name in enumerate(WEEKDAYS) if len(word.strip()) >= 3 and name.casefold().startswith(word.strip())
        ]
        if len(places) != 1:
            raise UsageError(
                "usage.weekday", f"“{word}” is not a weekday.", remedy="Write the first letters: mon,tue,sat."
            )
        found.add(places[0])
    return frozenset(found)
