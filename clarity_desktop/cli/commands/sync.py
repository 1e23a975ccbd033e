"""``sync``: what waits for the server, sending it, and what to do about what does not go."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from clarity_desktop.app.sync import SyncStatus
from clarity_desktop.cli.commands import sync_choices
from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.time import format_instant

app = typer.Typer(help="What waits for the server, and sending it.", no_args_is_help=True)
app.add_typer(sync_choices.app)

_PROBE_HEAD = ("type", "outcome", "readable")
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
        "finish": None if status.finish is None else format_instant(status.finish),
        "needs_person": status.needs_person,
        "notices": list(status.notices),
        "read_back": status.read_back,
        "holds_back": status.holds_back,
        "self_check": status.self_check,
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


@app.command("when")
def when(
    context: typer.Context,
    mode: Annotated[str, typer.Argument(metavar="always|on_demand|hours", help="When it goes by itself.")],
    first: Annotated[int, typer.Option("--from", help="First hour by this computer's clock, with hours.")] = 0,
    stop: Annotated[int, typer.Option("--to", help="Hour at which it stops, with hours.")] = 24,
) -> None:
    """Say when sync goes by itself while the window is open."""
    session = session_of(context)
    session.unlocked().set_sync_time(mode, first, stop)
    session.output.answer({"mode": mode, "from": first, "to": stop}, "Kept.")


@app.command("log")
def log(context: typer.Context) -> None:
    """List all operations with states, times and codes; nothing measured is in it."""
    session = session_of(context)
    rows = session.unlocked().sync_log()
    text = table([(one["type"], one["state"], one["reason"]) for one in rows], ("type", "state", "reason"))
    session.output.answer({"operations": rows}, text or "There are no operations.")


@app.command("compare")
def compare(context: typer.Context) -> None:
    """Compare what was verified with what the server shows now; changes nothing here or there."""
    session = session_of(context)
    found = session.unlocked().compare_with_server()
    document = {
        "equal": found.equal,
        "missing": found.missing,
        "different": found.different,
        "readable": found.is_readable,
    }
    words = f"{found.equal} equal, {found.missing} not on the server, {found.different} different."
    session.output.answer(document, words)


@app.command("settle")
def settle(
    context: typer.Context,
    choice: Annotated[str, typer.Argument(metavar="upload_again|compare|keep_apart", help="How to go on.")],
    dry: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
) -> None:
    """Go on after a server no longer knew what it held."""
    session = session_of(context)
    found = session.unlocked().settle_epoch(choice, dry_run=dry)
    words = ", ".join(f"{name}: {count}" for name, count in found.items())
    session.output.answer({"choice": choice, "dry_run": dry, **found}, words)


@app.command("probe")
def probe(context: typer.Context) -> None:
    """Ask the server, with one harmless sentinel a type, what it takes; at most once a week."""
    session = session_of(context)
    found = session.unlocked().probe_server()
    rows = [(name, one["outcome"], "yes" if one["is_readable"] else "no") for name, one in found["types"].items()]
    session.output.answer({"at": format_instant(found["at"]), "types": found["types"]}, table(rows, _PROBE_HEAD))


@app.command("take-over")
def take_over(context: typer.Context) -> None:
    """Let this copy of the vault sync from here; it looks first at what the server holds."""
    session = session_of(context)
    session.unlocked().sync_from_here()
    session.output.answer({"syncs_from_here": True}, "This copy syncs from now on.")


@app.command("remove")
def remove(
    context: typer.Context,
    patient: _PATIENT,
    count: Annotated[int | None, typer.Option(help="Number of records, where the breaker asks for it.")] = None,
) -> None:
    """Delete at the server what was sent of a person; everything stays here."""
    session = session_of(context)
    services = session.unlocked()
    person = services.patient(patient)
    proof = services.remove_from_server(person.id, typed_count=count)
    document = {
        "patient": person.id,
        "confirmed": len(proof.confirmed),
        "not_confirmed": list(proof.not_confirmed),
        "left": list(proof.left),
    }
    words = f"{len(proof.confirmed)} uploads are gone; {len(proof.not_confirmed)} requested, not confirmed."
    session.output.answer(document, words)
