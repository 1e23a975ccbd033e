"""``report``: what leaves the program on paper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from clarity_desktop.cli.commands.series import whole_span
from clarity_desktop.cli.period import span_between
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.insights import Topic

app = typer.Typer(help="Reports that leave the program.", no_args_is_help=True)


@app.callback()
def report() -> None:
    """Reports that leave the program."""


@app.command("pdf")
def pdf(
    context: typer.Context,
    patient: Annotated[str, typer.Option(help="Id, code or exact name.")],
    out: Annotated[Path, typer.Option(help="File to write.", dir_okay=False)],
    first: Annotated[str | None, typer.Option("--from", help="First day.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day, included.")] = None,
    insights: Annotated[
        Topic | None, typer.Option(help="Add what the rules say of this topic, with its sources as notes.")
    ] = None,
) -> None:
    """Write the clinical report of one person as a PDF. The export becomes an audit entry."""
    session = session_of(context)
    services = session.unlocked()
    found = services.open_patient(services.patient(patient).id)
    zone = services.zone_timeline(found.id)
    span = span_between(first, last, zone, whole_span(services.series(found.id)))
    words = None if insights is None else services.tell_insight(found.id, insights, provider="rules")
    files = services.report_pdf(found.id, out, span, insight=words)
    manifest = next((one.path for one in files if one.path.suffix == ".json"), None)
    document = {
        "files": [{"path": one.path, "sha256": one.sha256} for one in files],
        "manifest": None if manifest is None else json.loads(manifest.read_text(encoding="utf-8")),
    }
    session.output.answer(document, "\n".join(str(one.path) for one in files))
