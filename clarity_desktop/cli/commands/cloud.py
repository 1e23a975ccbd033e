"""``cloud``: the server's contract and the session with it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from clarity_desktop.app.flags import DEVELOPER_ROUTES
from clarity_desktop.cli.commands import cloud_account, cloud_server
from clarity_desktop.cli.flagged import FlaggedGroup, flagged
from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import session_of

app = typer.Typer(help="The cloud: its servers and the session with them.", no_args_is_help=True, cls=FlaggedGroup)
app.add_typer(cloud_account.app)
app.add_typer(cloud_server.app)


@app.command("profiles")
def profiles(context: typer.Context) -> None:
    """List the servers that the program knows, with each endpoint as used or unused and the reason."""
    from clarity_desktop.cloud.contract import profiles as known

    session = session_of(context)
    document = {
        "profiles": [
            {
                "profile": one.name,
                "limits": dict(one.limits),
                "endpoints": [
                    {
                        "method": endpoint.method,
                        "path": endpoint.path,
                        "capability": endpoint.capability,
                        "status": "used" if endpoint.is_used else "unused",
                        "reason": endpoint.used_for or endpoint.unused_because,
                    }
                    for endpoint in one.endpoints
                ],
            }
            for one in known()
        ]
    }
    rows = [(one.name, sum(endpoint.is_used for endpoint in one.endpoints), len(one.endpoints)) for one in known()]
    session.output.answer(document, table(rows, ("profile", "used", "endpoints")))


@app.command("check")
def check(context: typer.Context, url: Annotated[str, typer.Argument(help="Address of the server.")]) -> None:
    """Ask a server what it offers, and say how that differs from what the program was made for."""
    session = session_of(context)
    document, report = session.services.check_cloud(url)
    answer: dict[str, Any] = {
        "profile": None if report.detection.profile is None else report.detection.profile.name,
        "document_hash": report.detection.document_hash,
        "served": document,
        "endpoints": [
            {
                "method": one.method,
                "path": one.path,
                "status": one.status,
                "reason": one.reason,
                "capability": one.capability,
            }
            for one in report.endpoints
        ],
        "differences": list(report.differences),
    }
    rows = [(one.status, one.method, one.path, one.reason) for one in report.endpoints]
    lines = [table(rows, ("status", "method", "path", "reason")), *report.differences]
    session.output.answer(answer, "\n".join(lines))


@app.command(flagged("test-routes", DEVELOPER_ROUTES.name))
def test_routes(context: typer.Context, url: Annotated[str, typer.Argument(help="Address of the server.")]) -> None:
    """Try the connection by a server's test routes, without a token. Only with the feature developer.routes."""
    session = session_of(context)
    found = session.unlocked().try_test_routes(url)
    document = {"routes": [{"route": one.part, "outcome": one.outcome, "took_ms": one.took_ms} for one in found]}
    rows = [(one.part, one.outcome, one.took_ms) for one in found]
    session.output.answer(document, table(rows, ("route", "outcome", "ms")) or "This server has no test routes.")
