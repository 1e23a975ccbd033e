"""``sync``: reading what the account's other devices sent, who is who, restoring, and what both sides wrote."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final

import typer

from clarity_desktop.cli.commands.sync import app
from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.exchange import DIRECTIONS, Conflict, PullReport, Side
from clarity_desktop.domain.time import format_instant

__all__ = ["app"]

_SIDES: Final = ("here", "there", "both")


def _report(found: PullReport) -> tuple[dict[str, Any], str]:
    document = asdict(found) | {"missing_parts": list(found.missing_parts)}
    words = [f"{found.read} pieces read: {found.new} new, {found.equal} known already."]
    if found.conflicts:
        words.append(f"{found.conflicts} conflicts need you: sync conflicts")
    if found.waiting_for_link:
        words.append(f"{found.waiting_for_link} people of the server are not linked: sync remote")
    if found.refused:
        words.append(f"{found.refused} pieces are not what was sent, and were left.")
    words.extend(f"Missing at the server: {one}." for one in found.missing_parts)
    return document, "\n".join(words)


@app.command("pull")
def pull(context: typer.Context) -> None:
    """Read what the account's other devices sent of the people who are linked; nothing here is overwritten."""
    session = session_of(context)
    services = session.unlocked()
    with session.cancellable() as cancel:
        found = services.pull_now(cancel)
    session.output.answer(*_report(found))


@app.command("remote")
def remote(context: typer.Context) -> None:
    """List whom the account's server holds, by opaque numbers, and who of them is linked."""
    session = session_of(context)
    found = session.unlocked().remote_summary()
    people = [asdict(one) | {"kinds": list(one.kinds)} for one in found.people]
    document = {
        "people": people,
        "readable": found.is_readable,
        "local_people": found.local_people,
        "needs_direction": found.needs_direction,
        "direction": found.direction,
        "missing_parts": list(found.missing_parts),
    }
    rows = [
        (one.remote_id, one.samples, one.first_day or "", one.last_day or "", one.linked_patient or "not linked")
        for one in found.people
    ]
    words = table(rows, ("number", "samples", "from", "to", "here")) or "The server shows nobody."
    if found.needs_direction:
        words += "\nBoth sides hold data: choose with sync direction."
    session.output.answer(document, words)


@app.command("link")
def link(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="The person's number, from sync remote.")],
    patient: Annotated[str | None, typer.Option(help="Id, code or exact name; a new person without it.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take the link back; what was read stays.")] = False,
) -> None:
    """Say who a person of the server is here, or take that back."""
    session = session_of(context)
    services = session.unlocked()
    if undo:
        was = services.unlink_remote(number)
        session.output.answer({"remote": number, "patient": None, "was": was}, "Not linked.")
        return
    chosen = None if patient is None else services.patient(patient).id
    local = services.link_remote(number, chosen)
    session.output.answer({"remote": number, "patient": local}, f"Linked to {local}.")


@app.command("direction")
def direction(
    context: typer.Context,
    way: Annotated[str, typer.Argument(metavar="upload|pull|both|apart", help="Which way data go.")],
) -> None:
    """Say which way data go with this account; asked once, before anything moves."""
    session = session_of(context)
    chosen = next((one for one in DIRECTIONS if one == way), None)
    if chosen is None:
        raise UsageError("sync.direction_unknown", "There is no such way.", remedy="Choose: " + ", ".join(DIRECTIONS))
    session.unlocked().choose_direction(chosen)
    session.output.answer({"direction": chosen}, "Kept.")


@app.command("restore")
def restore(
    context: typer.Context,
    dry: Annotated[bool, typer.Option("--dry-run", help="Say what would come and what cannot; bring nothing.")] = False,
) -> None:
    """Bring back into an empty vault what the server gives back."""
    session = session_of(context)
    services = session.unlocked()
    if dry:
        found = services.restore_preview()
        document = {
            "will_come": [asdict(one) for one in found.will_come],
            "cannot_come": list(found.cannot_come),
            "people": found.people,
            "empty_here": found.is_empty_here,
        }
        rows = [(one.what, one.count, one.first_day or "", one.last_day or "") for one in found.will_come]
        words = table(rows, ("what", "count", "from", "to")) or "Nothing would come."
        words += "\nCannot come back:\n" + "\n".join(f"- {one}" for one in found.cannot_come)
        session.output.answer(document, words)
        return
    with session.cancellable() as cancel:
        report = services.restore_from_cloud(cancel)
    session.output.answer(*_report(report))


def _side(side: Side) -> dict[str, Any]:
    when = None if side.when is None else format_instant(side.when)
    return asdict(side) | {"when": when}


def _conflict(one: Conflict) -> dict[str, Any]:
    return {
        "id": one.id,
        "patient": one.patient_id,
        "class": one.record_class.value,
        "entity": one.entity,
        "field": one.field or None,
        "title": one.title,
        "here": _side(one.here),
        "there": _side(one.there),
        "base": one.base,
        "opened": format_instant(one.opened),
        "resolved": one.resolved,
        "choices": list(one.choices),
    }


@app.command("conflicts")
def conflicts(
    context: typer.Context,
    patient: Annotated[str | None, typer.Option(help="Id, code or exact name; everybody without it.")] = None,
) -> None:
    """List what both sides wrote, with both values, who, when and where."""
    session = session_of(context)
    services = session.unlocked()
    chosen = None if patient is None else services.patient(patient).id
    found = services.conflicts(chosen)
    rows = [(one.id[:8], one.title, one.here.value or "removed", one.there.value or "removed") for one in found]
    words = table(rows, ("id", "what", "here", "there")) or "There is no conflict."
    session.output.answer({"conflicts": [_conflict(one) for one in found]}, words)


@app.command("resolve")
def resolve(
    context: typer.Context,
    conflict: Annotated[str, typer.Argument(help="Id, from sync conflicts; its first letters will do.")],
    keep: Annotated[str, typer.Option(metavar="here|there|both", help="Which side stands.")] = "",
    text: Annotated[str | None, typer.Option(help="What stands instead of either.")] = None,
    reopen: Annotated[bool, typer.Option("--reopen", help="Take the resolution back, until the next sync.")] = False,
) -> None:
    """Settle what both sides wrote, or take that back."""
    session = session_of(context)
    services = session.unlocked()
    named = [one.id for one in services.conflicts() if one.id.startswith(conflict)]
    conflict_id = named[0] if len(named) == 1 else conflict
    if reopen:
        services.reopen_conflict(conflict_id)
        session.output.answer({"conflict": conflict_id, "reopened": True}, "It asks again.")
        return
    side = next((one for one in _SIDES if one == keep), None)
    if side is None:
        raise UsageError("sync.keep", "Say which side stands.", remedy="Add: --keep here, there or both")
    services.resolve_conflict(conflict_id, side, text)
    session.output.answer({"conflict": conflict_id, "keep": side}, "Settled; it can be taken back until the next sync.")


@app.command("removals")
def removals(
    context: typer.Context,
    patient: Annotated[str, typer.Option(help="Id, code or exact name.")],
    count: Annotated[int | None, typer.Option(help="Their count, to let them go.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep all of them, on the other devices too.")] = False,
) -> None:
    """Say how many entries another device removes at once; let them go, or keep them."""
    session = session_of(context)
    services = session.unlocked()
    person = services.patient(patient).id
    if count is None and not keep:
        found = services.removals_held(person)
        session.output.answer({"patient": person, "held": found}, f"{found} entries wait for your answer.")
        return
    done = services.settle_removals(person, None if keep else count)
    words = f"{done} entries stay." if keep else f"{done} entries are removed; each can be undone."
    session.output.answer({"patient": person, "settled": done, "kept": keep}, words)
