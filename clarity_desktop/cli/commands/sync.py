"""``sync``: what waits for the server, sending it, and what to do about what does not go."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from clarity_desktop.app.sync import SyncStatus
from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.time import format_instant

app = typer.Typer(help="What waits for the server, and sending it.", no_args_is_help=True)

_PATIENT = Annotated[str, typer.Option(help="Id, code or exact name.")]


def _document(status: SyncStatus) -> dict[str, Any]:
    return {
        "account": status.account or None,
        "states": {one.state.value: one.count for one in status.states},
        "oldest": {one.state.value: format_instant(one.oldest) for one in status.states if one.oldest},
        "next_try": {one.state.value: format_instant(one.next_try) for one in status.states if one.next_try},
        "last": None if status.last is None else {**status.last, "at": format_instant(status.last["at"])},
        "paused": status.paused,
        "patients": status.patients,
        "uploads": {"used": status.uploads_used, "limit": status.uploads_limit},
    }


def _words(status: SyncStatus) -> str:
    rows = [(one.state.value, one.count) for one in status.states if one.count]
    return table(rows, ("state", "operations")) or "Nothing waits for a server."


@app.command("status")
def status(context: typer.Context) -> None:
    """Say how many operations stand in each state, and what the last cycle came to."""
    session = session_of(context)
    found = session.unlocked().sync_status()
    session.output.answer(_document(found), _words(found))


@app.command("run")
def run(
    context: typer.Context,
    dry: Annotated[bool, typer.Option("--dry-run", help="List what would be sent, and send nothing.")] = False,
) -> None:
    """Send what waits and read back what was sent, once."""
    session = session_of(context)
    services = session.unlocked()
    if dry:
        rows = services.preview_sync()
        would = [
            {
                "op_id": one.op_id,
                "patient": one.patient_id,
                "type": one.metric_type,
                "from": format_instant(one.first),
                "to": format_instant(one.stop),
                "bytes": one.size,
                "fields": list(one.fields),
            }
            for one in rows
        ]
        text = table([(one.metric_type, one.size) for one in rows], ("type", "bytes")) or "Nothing would be sent."
        session.output.answer({"would_send": would}, text)
        return
    with session.cancellable() as cancel:
        report = services.sync_now(cancel)
    found = services.sync_status()
    document = {
        **_document(found),
        "cycle": {
            "sent": report.sent,
            "accepted": report.accepted,
            "verified": report.verified,
            "unverified": report.unverified,
            "rejected": report.rejected,
            "unknown": report.unknown,
            "stopped": report.stopped or None,
            "waits_s": report.waits_s,
        },
    }
    session.output.answer(document, _words(found))


@app.command("retry")
def retry(
    context: typer.Context,
    op_id: Annotated[str | None, typer.Argument(help="One operation; all that stopped without it.")] = None,
) -> None:
    """Let what was rejected or stopped go again."""
    session = session_of(context)
    services = session.unlocked()
    moved = services.retry_sync(op_id)
    session.output.answer({"moved": moved, **_document(services.sync_status())}, f"{moved} go again.")


@app.command("discard")
def discard(context: typer.Context, op_id: Annotated[str, typer.Argument(help="The operation.")]) -> None:
    """Give one operation up; the data stay in the vault."""
    session = session_of(context)
    services = session.unlocked()
    services.discard_sync(op_id)
    session.output.answer({"discarded": op_id, **_document(services.sync_status())}, "It will not be sent.")


@app.command("switch")
def switch(
    context: typer.Context,
    patient: _PATIENT,
    to: Annotated[str, typer.Argument(metavar="on|off", help="Whether this person's data may go.")],
) -> None:
    """Let a person's data go to the account that is signed in, or stop it."""
    session = session_of(context)
    services = session.unlocked()
    if to not in ("on", "off"):
        raise UsageError("sync.switch", "It is on or off.", remedy="Write: sync switch --patient ID on")
    person = services.patient(patient)
    count = services.enable_sync(person.id) if to == "on" else services.disable_sync(person.id)
    words = f"{count} stretches wait." if to == "on" else f"{count} stretches stopped."
    session.output.answer({"patient": person.id, "sync": to, "stretches": count}, words)


@app.command("pause")
def pause(
    context: typer.Context, off: Annotated[bool, typer.Option("--off", help="Let it go on again.")] = False
) -> None:
    """Pause sync until it is let go on; survives a restart."""
    session = session_of(context)
    session.unlocked().pause_sync(not off)
    session.output.answer({"paused": not off}, "Sync goes on." if off else "Sync is paused.")
