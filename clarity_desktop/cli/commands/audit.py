"""``audit``: who did what, and whether the record of it is whole."""

from __future__ import annotations

from typing import Annotated

import typer

from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.domain.time import format_instant

app = typer.Typer(help="Who did what.", no_args_is_help=True)


@app.command("list")
def list_entries(
    context: typer.Context,
    patient: Annotated[str | None, typer.Option(help="Only entries about this person.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many of the latest entries.")] = 200,
) -> None:
    """List the latest entries."""
    session = session_of(context)
    services = session.unlocked()
    patient_id = services.patient(patient).id if patient is not None else None
    entries = services.audit_entries(limit=limit, patient_id=patient_id)
    verdict = services.verify_audit()
    document = {
        "entries": [
            {
                "seq": one.seq,
                "at": format_instant(one.at),
                "who": one.who,
                "action": one.action,
                "patient": one.patient_id,
                "outcome": one.outcome,
                "detail": one.detail,
            }
            for one in entries
        ],
        "chain_ok": verdict.chain_ok,
    }
    rows = [(one.seq, format_instant(one.at), one.who, one.action, one.patient_id, one.outcome) for one in entries]
    session.output.answer(document, table(rows, ("no.", "at (UTC)", "who", "action", "about", "outcome")))


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
