"""``demo``: a vault of simulated people, in the window or drawn into files."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from clarity_desktop.app import Services
from clarity_desktop.app.settings import default_home
from clarity_desktop.cli.session import Session, session_of

DEMO_PASSPHRASE: Final = "simulated people only"
"""Opens the demo vault. It protects nothing: everybody in it is simulated."""


def demo(
    context: typer.Context,
    screenshots: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Draw every page as PNG into this folder.", file_okay=False)
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.pdf", help="Write the clinical report of one person.", dir_okay=False)
    ] = None,
) -> None:
    """Open a vault of simulated people, or draw every page and a report without a window."""
    session = session_of(context)
    services = _demo_services(session)
    with session.cancellable() as cancel:
        patients = services.build_demo(session.output.progress, cancel)
        pictures: list[Path] = []
        if screenshots is not None:
            pictures = _draw(services, screenshots)
        if report is not None:
            report.parent.mkdir(parents=True, exist_ok=True)
            services.report_pdf(patients[0].id, report)
    if screenshots is None and report is None:
        from clarity_desktop.cli.window import open_window

        raise typer.Exit(open_window(services))
    document: dict[str, Any] = {
        "vault": services.vault_directory,
        "patients": [
            {"id": one.id, "name": one.name, "code": one.code, "simulated": one.simulated} for one in patients
        ],
        "screenshots": pictures,
        "report": report,
    }
    lines = [str(path) for path in pictures] + ([str(report)] if report is not None else [])
    session.output.answer(document, "\n".join(lines))


def _draw(services: Services, folder: Path) -> list[Path]:
    """Every page as PNG. Nobody looks at a screen here, so none is needed and none is used."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from clarity_desktop.ui.screenshots import render_pages

    return render_pages(services, folder)


def _demo_services(session: Session) -> Services:
    home = session.options.home or default_home()
    session.options = replace(session.options, home=home, vault=session.options.vault or home / "demo-vault")
    services = session.services
    if services.vault_exists():
        services.unlock(DEMO_PASSPHRASE)
    else:
        session.output.note(f"Making a vault of simulated people. It opens with the passphrase: {DEMO_PASSPHRASE}")
        services.create_vault(DEMO_PASSPHRASE)
    return services
