"""``cloud``: what lies at the account's server, its analyses and texts, and the live channel."""

from __future__ import annotations

import sys
import time
from datetime import date
from typing import Annotated, Any, Final

import typer

from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.errors import ConflictError, UsageError

__all__ = ["app"]

app = typer.Typer()
_LOOK_S: Final = 0.1
_Patient = Annotated[str | None, typer.Option(help="Id, code or exact name.")]


@app.command("me")
def me(
    context: typer.Context,
    name: Annotated[str | None, typer.Option(help="Set the name that the server shows.")] = None,
    counts: Annotated[bool, typer.Option("--counts", help="Ask for the numbers that it keeps of the account.")] = False,
) -> None:
    """Ask what the server says of the account, or change its name there."""
    session = session_of(context)
    services = session.unlocked()
    if name is not None:
        services.cloud_rename(name)
    if counts:
        numbers = dict(services.cloud_counts())
        rows = [(key, f"{value:g}") for key, value in numbers.items()]
        session.output.answer({"counts": numbers}, table(rows, ("count", "as the server says")) if rows else "None.")
        return
    found = services.cloud_me()
    document = {
        "user_id": found.user_id,
        "email": found.email,
        "display_name": found.display_name,
        "email_verified": found.email_verified,
        "renamed": name is not None,
    }
    session.output.answer(document, f"{found.user_id}: name {found.display_name or 'none told'}.")


@app.command("uploads")
def uploads(
    context: typer.Context,
    processing_id: Annotated[str | None, typer.Argument(help="One upload, for its state; all without it.")] = None,
) -> None:
    """List uploads as the server shows them, or say how one stands. Removing them is: sync remove."""
    session = session_of(context)
    services = session.unlocked()
    if processing_id is not None:
        state = services.cloud_upload_status(processing_id)
        session.output.answer({"processing_id": processing_id, "status": state}, f"{processing_id}: {state}")
        return
    found = services.cloud_uploads()
    document = {
        "uploads": [
            {"processing_id": one.processing_id, "types": list(one.types), "metrics": one.metrics} for one in found
        ]
    }
    rows = [(one.processing_id, ", ".join(one.types), one.metrics) for one in found]
    words = table(rows, ("upload", "types", "metrics")) if rows else "None is listed, which proves nothing."
    session.output.answer(document, words)


@app.command("pat")
def pat(
    context: typer.Context,
    patient: _Patient = None,
    week: Annotated[str | None, typer.Option(help="First day of a week: YYYY-MM-DD; the model alone without.")] = None,
    signal: Annotated[str, typer.Option(metavar="steps|activity_counts", help="What the minutes are.")] = "steps",
) -> None:
    """Ask the server about its model, or let it analyse a week of steps or activity. To compare; never a finding."""
    from clarity_desktop.app.cloud_results import result_document

    session = session_of(context)
    services = session.unlocked()
    if patient is None or week is None:
        model = dict(services.cloud_models())
        rows = [(name, str(value)) for name, value in model.items()]
        session.output.answer({"model": model, "verified": False}, table(rows, ("field", "as the server says")))
        return
    try:
        first = date.fromisoformat(week)
    except ValueError:
        raise UsageError("cloud.day", "This is not a day.", remedy="Write it as YYYY-MM-DD.") from None
    with session.cancellable() as cancel:
        found = services.cloud_analyse(services.patient(patient).id, first, signal=signal, cancel=cancel)
    rows = [(name, f"{value:g}") for name, value in found.values.items()]
    words = f"Kept as {found.id}. The server's model is not verified; its values never become findings."
    session.output.answer(result_document(found), table(rows, ("value", "as the server says")) + "\n" + words)


@app.command("results")
def results(
    context: typer.Context,
    result_id: Annotated[str | None, typer.Argument(help="One finished analysis, by its id.")] = None,
    patient: _Patient = None,
) -> None:
    """List finished analyses of servers about somebody, or open one by its id. Asks no server."""
    from clarity_desktop.app.cloud_results import result_document

    session = session_of(context)
    services = session.unlocked()
    if result_id is not None:
        one = services.cloud_result(result_id)
        rows: list[tuple[Any, ...]] = [(name, f"{value:g}") for name, value in one.values.items()]
        session.output.answer(result_document(one), table(rows, ("value", "as the server says")))
        return
    if patient is None:
        raise UsageError("cloud.result", "Whose results?", remedy="Give --patient, or the id of one result.")
    found = services.cloud_results(services.patient(patient).id)
    rows = [(one.id, one.first_day.isoformat(), one.signal, one.finished_by) for one in found]
    words = table(rows, ("id", "first day", "signal", "told by")) if rows else "None."
    session.output.answer({"results": [result_document(one) for one in found]}, words)


@app.command("insights")
def insights(
    context: typer.Context,
    insight_id: Annotated[str | None, typer.Argument(help="One text, by its id; previews without it.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=100)] = 20,
    ask: Annotated[bool, typer.Option("--status", help="Only ask whether the text service answers.")] = False,
) -> None:
    """List previews of texts that the server keeps of this account, or open one. Nobody here has checked them."""
    session = session_of(context)
    services = session.unlocked()
    if ask:
        session.output.answer({"answers": services.cloud_insight_service()}, "The text service answers.")
        return
    if insight_id is not None:
        one = services.cloud_insight(insight_id)
        text = {
            "insight_id": insight_id,
            "narrative": one.narrative,
            "key_insights": list(one.key_insights),
            "recommendations": list(one.recommendations),
            "checked": False,
        }
        session.output.answer(text, f"Remote text, not checked:\n{one.narrative}")
        return
    found = services.cloud_insight_history(limit)
    document = {
        "insights": [
            {
                "insight_id": one.insight_id,
                "generated_at": one.generated_at,
                "narrative": one.narrative,
                "checked": False,
            }
            for one in found
        ]
    }
    rows = [(one.generated_at, one.insight_id, one.narrative) for one in found]
    words = table(rows, ("generated", "id", "remote text, not checked")) if rows else "None."
    session.output.answer(document, words)


@app.command("contradictions")
def contradictions(
    context: typer.Context, forget: Annotated[bool, typer.Option("--forget", help="Empty the list.")] = False
) -> None:
    """List where the answers of servers and their own descriptions disagree. The answer counts. Asks no server."""
    session = session_of(context)
    services = session.unlocked()
    if forget:
        count = services.forget_contract_disagreements()
        session.output.answer({"forgotten": count}, f"{count} forgotten.")
        return
    found = services.contract_disagreements()
    document = {
        "contradictions": [
            {"server": one.server, "capability": one.capability, "told": one.told, "at": one.at} for one in found
        ]
    }
    rows = [(one.server, one.capability, one.told) for one in found]
    session.output.answer(document, table(rows, ("server", "feature", "what differs")) if rows else "None was met.")


@app.command("live")
def live(
    context: typer.Context,
    agree: Annotated[bool, typer.Option("--agree", help="You know that what you write goes to the server.")] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait for an answer to each line.", min=0.0, max=120.0)] = 20.0,
) -> None:
    """Send each line of stdin over the live channel and print what comes back. Write about nobody by name.

    Nobody has checked the answers. A line whose answer does not come in time is told as such and not sent again.
    """
    session = session_of(context)
    services = session.unlocked()
    if agree:
        services.accept_live_notice()
    services.open_live()
    _until(lambda: services.live_view().state in ("live", "off"), wait)
    state = services.live_view()
    if state.state != "live":
        raise ConflictError(
            "cloud.live_closed",
            state.reason or "The live channel did not open in time.",
            remedy="Results still arrive by asking for them.",
        )
    try:
        for line in sys.stdin:
            if line.strip():
                before = len(services.live_view().messages)
                services.send_live(line)
                _until(lambda seen=before: len(services.live_view().messages) > seen + 1, wait)
        found = services.live_view()
    finally:
        services.close_live()
    document = {
        "server": found.server,
        "messages": [
            {"who": one.who, "text": one.text, "state": one.state, "at": one.at, "checked": False}
            for one in found.messages
        ],
        "unknown_kinds": found.unknown,
    }
    rows = [(one.who, one.state, one.text) for one in found.messages]
    session.output.answer(document, table(rows, ("who", "state", "text, not checked")) if rows else "Nothing was sent.")


def _until(is_so: Any, most_s: float) -> None:
    end = time.monotonic() + most_s
    while not is_so() and time.monotonic() < end:
        time.sleep(_LOOK_S)
