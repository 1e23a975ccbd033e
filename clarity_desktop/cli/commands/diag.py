"""``diag``: everything that helps to find out why something does not work, with nothing of any patient in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.conditions import CloudCondition
from clarity_desktop.domain.diagnosis import Diagnosis

__all__ = ["diag"]


def diag(
    context: typer.Context,
    probe: Annotated[
        bool, typer.Option("--probe", help="Ask the servers now; else the last answers are told.")
    ] = False,
    reset: Annotated[
        str | None, typer.Option(help="Let calls to this service pass again at once; the names are in the answer.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="Write a file for support, with nothing of anyone in it.", dir_okay=False)
    ] = None,
) -> None:
    """Say how the program, its parts and its servers stand: times, errors, pauses, limits, what was learned.

    With a locked vault what lies in it is missing. Nothing of a patient is in the answer.
    """
    from clarity_desktop.app.diagnosis import diagnosis_document

    session = session_of(context)
    services = session.services
    options = session.options
    if options.passphrase_file is not None or options.passphrase_stdin or probe or reset is not None:
        services = session.unlocked()
    elif services.vault_exists():
        services.unlock_with_keychain(person=options.person)
    if reset is not None:
        services.reset_breaker(reset)
    with session.cancellable() as cancel:
        if probe:
            services.probe_services(cancel)
        found = services.diagnosis(cancel)
    saved = None
    if save is not None:
        services.save_diagnostics(save, services.diagnostic_text())
        saved = save
    session.output.answer({**diagnosis_document(found), "saved": saved}, _text(found))


def _text(found: Diagnosis) -> str:
    lines = [f"Clarity Desktop {found.identity.app}, schema {found.identity.schema}"]
    if found.is_locked:
        lines.append("The vault is locked, so what lies in it is missing here.")
    lines += ["", table([(one.state, one.name, one.detail) for one in found.readiness], ("", "what", "how it stands"))]
    if found.services:
        rows = [_row(one) for one in found.services]
        head = ("service", "pause", "calls", "errors", "p50 ms", "p95 ms", "parts that answer")
        lines += ["", table(rows, head)]
        for one in found.services:
            lines += [f"{one.host}: {off.title} is off. {off.reason}" for off in one.features_off]
    switched = [(one.name, "on" if one.is_on else "off", one.because, one.expires) for one in found.flags]
    lines += ["", table(switched, ("feature", "is", "because of", "decided by"))]
    lines += [f"{one['server']} {one['capability']}: {one['told']}" for one in found.disagreements]
    lines += ["", f"Telemetry: {found.telemetry}"]
    return "\n".join(lines)


def _row(one: CloudCondition) -> tuple[object, ...]:
    figures = one.figures
    answering = sum(probe.outcome == "answers" for probe in one.probes)
    return (
        one.host,
        "none" if one.breaker.state == "closed" else one.breaker.state,
        None if figures is None else figures.calls,
        None if figures is None else figures.errors,
        None if figures is None else figures.p50_ms,
        None if figures is None else figures.p95_ms,
        f"{answering} of {len(one.probes)}" if one.probes else "not asked yet",
    )
