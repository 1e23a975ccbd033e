"""``audit``: who did what, and whether the record of it is whole."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from clarity_desktop.cli.output import table
from clarity_desktop.cli.period import span_between
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.errors import IntegrityError, UsageError
from clarity_desktop.domain.time import DAY_S, Span, ZoneTimeline, format_instant

app = typer.Typer(help="Who did what.", no_args_is_help=True)


def _span(first: str | None, last: str | None) -> Span | None:
    return span_between(first, last, ZoneTimeline.single("UTC", origin="audit"), Span(0, int(time.time()) + DAY_S))


@app.command("list")
def list_entries(
    context: typer.Context,
    patient: Annotated[str | None, typer.Option(help="Only entries about this person.")] = None,
    action: Annotated[
        str | None, typer.Option(help="Only this action, or those that begin with its word: patient, vault.backup.")
    ] = None,
    who: Annotated[str | None, typer.Option(help="Only entries of this user.")] = None,
    outcome: Annotated[str | None, typer.Option(help="Only entries with this outcome, such as refused.")] = None,
    origin: Annotated[str | None, typer.Option(help="Only entries from UI, CLI, API or assistant.")] = None,
    correlation: Annotated[str | None, typer.Option(help="Only entries that belong together by this id.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="First day or time, in UTC.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day or time, in UTC.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many of the latest entries.")] = 200,
) -> None:
    """List the latest entries that meet all conditions."""
    from clarity_desktop.vault import AuditQuery

    session = session_of(context)
    services = session.unlocked()
    span = _span(first, last)
    query = AuditQuery(
        patient_id=services.patient(patient).id if patient is not None else None,
        action=action,
        who=who,
        outcome=outcome,
        origin=origin,
        correlation=correlation,
        span=span,
        limit=limit,
    )
    entries = services.find_audit(query)
    verdict = services.verify_audit()
    document = {
        "entries": [
            {
                "seq": one.seq,
                "at": format_instant(one.at),
                "who": one.who,
                "role": one.role,
                "action": one.action,
                "patient": one.patient_id,
                "outcome": one.outcome,
                "detail": one.detail,
                "origin": one.origin,
                "correlation": one.correlation,
                "monotonic_ms": one.monotonic_ms,
            }
            for one in entries
        ],
        "chain_ok": verdict.chain_ok,
    }
    rows = [(one.seq, format_instant(one.at), one.who, one.action, one.patient_id, one.outcome) for one in entries]
    session.output.answer(document, table(rows, ("no.", "at (UTC)", "who", "action", "about", "outcome")))


@app.command("export")
def export(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="File to write, JSON.", dir_okay=False)],
    patient: Annotated[str | None, typer.Option(help="Only entries about this person.")] = None,
    action: Annotated[str | None, typer.Option(help="Only this action, or those that begin with its word.")] = None,
    who: Annotated[str | None, typer.Option(help="Only entries of this user.")] = None,
    outcome: Annotated[str | None, typer.Option(help="Only entries with this outcome, such as refused.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="First day or time, in UTC.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day or time, in UTC.")] = None,
    left_machine: Annotated[
        bool, typer.Option("--left-machine", help="Only actions by which something left this machine.")
    ] = False,
) -> None:
    """Write the entries that meet all conditions, signed, with their place in the chain and its check."""
    session = session_of(context)
    services = session.unlocked()
    entries = services.search_audit(
        who=who,
        action=action,
        patient_id=services.patient(patient).id if patient is not None else None,
        outcome=outcome,
        span=_span(first, last),
        left_machine=left_machine,
        limit=None,
    )
    digest = services.export_audit(path, entries)
    document = {"files": [{"path": path, "sha256": digest}], "entries": len(entries)}
    session.output.answer(document, f"{len(entries)} entries written, signed, with their place in the chain.")


@app.command("check-export")
def check_export(
    context: typer.Context, path: Annotated[Path, typer.Argument(help="File that was exported.", dir_okay=False)]
) -> None:
    """Say whether an export is as this vault wrote it, and its entries hang in the chain still."""
    session = session_of(context)
    count = session.unlocked().check_audit_export(path)
    session.output.answer({"entries": count, "whole": True}, f"The export is whole: {count} entries.")


@app.command("verify")
def verify(context: typer.Context) -> None:
    """Check that no entry was changed, removed, added or reordered."""
    session = session_of(context)
    verdict = session.unlocked().verify_audit()
    document = {"entries": verdict.entries, "chain_ok": verdict.chain_ok, "first_bad": verdict.first_bad}
    if verdict.chain_ok:
        session.output.answer(document, f"The audit is whole: {verdict.entries} entries.")
        return
    session.output.fail(
        IntegrityError(
            "audit.changed",
            "The audit is not as it was written.",
            remedy="Keep the vault folder as it is and ask the person who looks after security.",
            detail=f"first entry that differs: {verdict.first_bad}",
        ),
        document,
    )


@app.command("accept")
def accept(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why the state of the vault is the right one; it stays in the audit.")],
) -> None:
    """Answer for a difference between the audit and its record outside, such as after a folder was put back."""
    session = session_of(context)
    services = session.unlocked()
    if not reason.strip():
        raise UsageError("audit.no_reason", "A reason is needed.", remedy="Say why the vault is as it should be.")
    services.accept_audit_gap(reason)
    verdict = services.verify_audit()
    session.output.answer(
        {"entries": verdict.entries, "chain_ok": verdict.chain_ok}, "The reason is in the audit, and the record agrees."
    )


@app.command("expire")
def expire(
    context: typer.Context,
    preview: Annotated[bool, typer.Option("--preview", help="Show what would go, and leave it.")] = False,
) -> None:
    """Let whole segments of the audit go whose time is over; each leaves a signed stub. The policy decides."""
    session = session_of(context)
    services = session.unlocked()
    found = services.audit_expiry_preview() if preview else services.expire_audit()
    documents = [
        {"first": one.first, "last": one.last, "from": format_instant(one.began), "to": format_instant(one.ended)}
        for one in found
    ]
    rows = [(one["first"], one["last"], one["from"], one["to"]) for one in documents]
    text = table(rows, ("first", "last", "from (UTC)", "to (UTC)")) or "No segment is due."
    session.output.answer({"segments": documents, "expired": not preview}, text)
