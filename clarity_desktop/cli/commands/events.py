"""``events``: what happened to a person, notes, and stretches of rest, nap, no wear or left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from clarity_desktop.cli.output import table
from clarity_desktop.cli.period import instant_of, span_between
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.annotations import KIND_WORDS, Annotation, AnnotationKind
from clarity_desktop.domain.time import Span, ZoneTimeline, format_instant

app = typer.Typer(help="Events, notes and edits by hand.", no_args_is_help=True)

_Patient = Annotated[str, typer.Argument(help="Id, code or exact name.")]
_Entry = Annotated[str, typer.Argument(help="Identifier of the entry, or its first letters.")]
_Stop = Annotated[str | None, typer.Option("--stop", help="End of a stretch; none for a point in time.")]
_Title = Annotated[str | None, typer.Option(help="What happened.")]
_Reason = Annotated[str | None, typer.Option(help="Why it is entered.")]
_Asleep = Annotated[str | None, typer.Option(help="First sleep inside a rest or nap.")]
_Wake = Annotated[str | None, typer.Option(help="Final awakening inside a rest or nap.")]


def annotation_document(one: Annotation, zone: ZoneTimeline) -> dict[str, Any]:
    """One annotation; times by the person's clock."""
    times = {"start": one.start, "stop": one.stop, "asleep": one.asleep, "wake": one.wake}
    return {
        "id": one.id,
        "kind": one.kind,
        **{name: None if at is None else zone.format(at) for name, at in times.items()},
        "title": one.title,
        "reason": one.reason,
        "source": one.source,
        "author": one.author,
        "revision": one.revision,
        "entered": format_instant(one.at),
    }


def _text(found: list[Annotation], zone: ZoneTimeline) -> str:
    rows = [
        (
            one.id[:8],
            KIND_WORDS[one.kind],
            zone.format(one.start)[:16],
            "" if one.stop is None else zone.format(one.stop)[:16],
            one.title,
            one.author,
        )
        for one in found
    ]
    return table(rows, ("id", "kind", "from", "to", "what", "by")) or "Nothing was entered by hand."


@app.command("add")
def add(
    context: typer.Context,
    patient: _Patient,
    kind: Annotated[AnnotationKind, typer.Argument(help="What it is.")],
    start: Annotated[str, typer.Argument(help="Date or time; local without an offset.")],
    stop: _Stop = None,
    title: _Title = None,
    reason: _Reason = None,
    asleep: _Asleep = None,
    wake: _Wake = None,
) -> None:
    """Add an event, a note, or a stretch. No sample is changed."""
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    zone = services.zone_timeline(found.id)
    annotation = Annotation(
        kind,
        instant_of(start, zone),
        None if stop is None else instant_of(stop, zone, end=True),
        title or "",
        reason or "",
        None if asleep is None else instant_of(asleep, zone),
        None if wake is None else instant_of(wake, zone),
    )
    stored = services.save_annotation(found.id, annotation)
    session.output.answer({"events": [annotation_document(stored, zone)]}, _text([stored], zone))


@app.command("list")
def list_events(
    context: typer.Context,
    patient: _Patient,
    kind: Annotated[AnnotationKind | None, typer.Option(help="Only this kind.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="First day or instant.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day (included) or instant.")] = None,
) -> None:
    """List what was entered by hand, by start."""
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    zone = services.zone_timeline(found.id)
    span = span_between(first, last, zone, Span(-(2**40), 2**40))
    entries = [one for one in services.annotations(found.id, span) if kind is None or one.kind is kind]
    session.output.answer({"events": [annotation_document(one, zone) for one in entries]}, _text(entries, zone))


@app.command("edit")
def edit(
    context: typer.Context,
    patient: _Patient,
    entry: _Entry,
    start: Annotated[str | None, typer.Option("--start", help="Date or time; local without an offset.")] = None,
    stop: _Stop = None,
    title: _Title = None,
    reason: _Reason = None,
    asleep: _Asleep = None,
    wake: _Wake = None,
    kind: Annotated[AnnotationKind | None, typer.Option(help="What it is.")] = None,
) -> None:
    """Change an entry; the version before stays in its history."""
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    zone = services.zone_timeline(found.id)
    before = services.annotation(found.id, entry)

    def time(text: str | None, held: int | None, *, end: bool = False) -> int | None:
        return held if text is None else instant_of(text, zone, end=end)

    changed = replace(
        before,
        kind=kind or before.kind,
        start=before.start if start is None else instant_of(start, zone),
        stop=time(stop, before.stop, end=True),
        title=before.title if title is None else title,
        reason=before.reason if reason is None else reason,
        asleep=time(asleep, before.asleep),
        wake=time(wake, before.wake),
    )
    stored = services.save_annotation(found.id, changed)
    session.output.answer({"events": [annotation_document(stored, zone)]}, _text([stored], zone))


@app.command("remove")
def remove(context: typer.Context, patient: _Patient, entry: _Entry) -> None:
    """Remove an entry; “events undo” brings it back."""
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    gone = services.annotation(found.id, entry)
    services.remove_annotation(found.id, gone.id)
    session.output.answer({"removed": gone.id}, f"Removed. Bring it back with: events undo {found.code} {gone.id}")


@app.command("undo")
def undo(
    context: typer.Context,
    patient: _Patient,
    entry: Annotated[str, typer.Argument(help="Whole identifier of the entry, removed ones included.")],
) -> None:
    """Return an entry to the version before its latest; a second undo brings that back."""
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    zone = services.zone_timeline(found.id)
    services.undo_entry(found.id, "annotation", entry)
    entries = [one for one in services.annotations(found.id) if one.id == entry]
    text = _text(entries, zone) if entries else "The entry is not there any more."
    session.output.answer({"events": [annotation_document(one, zone) for one in entries]}, text)


@app.command("history")
def history(
    context: typer.Context,
    patient: _Patient,
    entry: Annotated[str | None, typer.Argument(help="Identifier; every entry without one.")] = None,
) -> None:
    """Every version of entries: who wrote what, and when."""
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    versions = services.entry_history(found.id, "annotation", entry)
    answer_history(session, versions)


def answer_history(session: Any, versions: list[Any]) -> None:
    """Give versions of entries as the answer of a command."""
    document = [
        {
            "id": one.key,
            "revision": one.revision,
            "action": one.action,
            "author": one.who,
            "at": format_instant(one.at),
            "said": one.payload,
        }
        for one in versions
    ]
    rows = [(one.key[:10], one.revision, one.action, one.who, format_instant(one.at)) for one in versions]
    text = table(rows, ("id", "version", "what", "by", "at")) or "Nothing was entered by hand."
    session.output.answer({"versions": document}, text)


@app.command("import")
def import_events(
    context: typer.Context,
    patient: _Patient,
    file: Annotated[Path, typer.Argument(help="CSV with start, stop, kind, title, reason.", dir_okay=False)],
) -> None:
    """Add the events, notes and stretches of a CSV table, all or none."""
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    zone = services.zone_timeline(found.id)
    stored = services.import_events(found.id, file)
    text = _text(stored, zone) if stored else "Every row of this table is stored already."
    session.output.answer({"events": [annotation_document(one, zone) for one in stored]}, text)
