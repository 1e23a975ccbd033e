"""``sync``: what stays on this machine, and leaving kinds out of what a server refused."""

from __future__ import annotations

from typing import Annotated

import typer

from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.time import format_instant

__all__ = ["app"]

app = typer.Typer()
_OPERATION = Annotated[str, typer.Argument(help="The operation, as the log names it.")]
_PATIENT = Annotated[str, typer.Option(help="Id, code or exact name.")]
_KINDS = Annotated[list[str], typer.Option("--kind", help="A kind; give the option once for each.")]


@app.command("content")
def content(context: typer.Context, op_id: _OPERATION) -> None:
    """List the kinds that an operation carries, with counts and without a value."""
    session = session_of(context)
    found = session.unlocked().sync_content(op_id)
    rows = [
        {"kind": one.kind, "title": one.title, "count": one.count, "outside": one.outside, "left_out": one.left_out}
        for one in found
    ]
    text = table([(one.title, one.count, one.outside) for one in found], ("kind", "values", "outside the range"))
    session.output.answer({"op_id": op_id, "kinds": rows}, text or "It holds no samples any more.")


@app.command("leave-out")
def leave_out(context: typer.Context, op_id: _OPERATION, kind: _KINDS) -> None:
    """Keep kinds of a person here, and let a refused operation go again without them."""
    session = session_of(context)
    moved = session.unlocked().leave_out_of_sync(op_id, kind)
    words = f"{moved} stretches are packed anew without them."
    session.output.answer({"op_id": op_id, "left_out": kind, "stretches": moved}, words)


@app.command("take-in")
def take_in(context: typer.Context, patient: _PATIENT, kind: _KINDS) -> None:
    """Let kinds that were left out go again; what the server holds already is not sent twice."""
    session = session_of(context)
    services = session.unlocked()
    person = services.patient(patient)
    waiting = services.take_into_sync(person.id, kind)
    document = {"patient": person.id, "taken_in": kind, "stretches": waiting}
    session.output.answer(document, f"{waiting} stretches wait to be looked at.")


@app.command("stays")
def stays(context: typer.Context, patient: _PATIENT) -> None:
    """List what of a person stays on this machine, with the reason."""
    session = session_of(context)
    services = session.unlocked()
    person = services.patient(patient)
    found = services.stays_here(person.id)
    rows = [
        {
            "kind": one.kind,
            "title": one.title,
            "reason": one.reason,
            "count": one.count,
            "range": one.range or None,
            "first": None if one.first is None else format_instant(one.first),
            "last": None if one.last is None else format_instant(one.last),
        }
        for one in found
    ]
    text = table([(one.title, one.count, one.reason, one.range) for one in found], ("kind", "values", "why", "range"))
    session.output.answer({"patient": person.id, "stays": rows}, text or "Everything that is stored may go.")
