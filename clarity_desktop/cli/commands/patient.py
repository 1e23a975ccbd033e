"""``patient``: the people whose recordings the vault holds."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from clarity_desktop.cli.documents import patient_document, series_document, zone_document
from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.people import Sex
from clarity_desktop.domain.time import format_instant, zone_of_name

app = typer.Typer(help="The people whose recordings the vault holds.", no_args_is_help=True)


@app.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name or study code.")],
    birth_date: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Date of birth.")] = None,
    sex: Annotated[Sex, typer.Option(help="As the person's record states it.")] = Sex.NOT_STATED,
    zone: Annotated[str | None, typer.Option(help="Home zone, such as Europe/Berlin.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A label; may be given several times.")] = None,
) -> None:
    """Add a person."""
    if zone is not None:
        zone_of_name(zone)
    session = session_of(context)
    born: date | None = birth_date.date() if birth_date is not None else None
    services = session.unlocked()
    patient = services.add_patient(name, birth_date=born, sex=sex, home_zone=zone, tags=tuple(tag or ()))
    session.output.answer({"patients": [patient_document(patient)]}, f"{patient.code}  {patient.name}  ({patient.id})")


@app.command("list")
def list_patients(context: typer.Context) -> None:
    """List everyone in the vault."""
    session = session_of(context)
    patients = session.unlocked().patients()
    rows = [(one.code, one.name, one.birth_date, "simulated" if one.simulated else "", one.id) for one in patients]
    text = table(rows, ("code", "name", "born", "", "id")) or "Nobody is in the vault yet."
    session.output.answer({"patients": [patient_document(one) for one in patients]}, text)


@app.command("show")
def show(
    context: typer.Context,
    patient: Annotated[str, typer.Argument(help="Id, code or exact name.")],
) -> None:
    """Show one person, their zones and what is stored. The opening becomes an audit entry."""
    session = session_of(context)
    services = session.unlocked()
    found = services.open_patient(services.patient(patient).id)
    zone = services.zone_timeline(found.id)
    series = services.series(found.id)
    document = {
        "patients": [patient_document(found)],
        "zones": [zone_document(period) for period in zone.periods],
        "series": [series_document(one, zone) for one in series],
        "imports": len(services.imports(found.id)),
    }
    head = f"{found.code}  {found.name}" + ("  simulated" if found.simulated else "")
    zones = ", ".join(dict.fromkeys(period.zone for period in zone.periods))
    rows = [(one.kind, one.source, one.unit, one.n) for one in series]
    text = table(rows, ("type", "source", "unit", "samples")) or "No data is stored yet."
    session.output.answer(document, f"{head}\nZone: {zones}\n\n{text}")


@app.command("summary")
def summary(
    context: typer.Context,
    patient: Annotated[str, typer.Argument(help="Id, code or exact name.")],
    language: Annotated[str, typer.Option(help="Of the sentences: en or de.")] = "en",
    pdf: Annotated[
        Path | None, typer.Option(metavar="FILE.pdf", help="Also write it for printing.", dir_okay=False)
    ] = None,
) -> None:
    """Show what the vault holds about one person, and what the rules say of it. The opening becomes an audit entry."""
    from clarity_desktop.app.insight_exports import cited_text
    from clarity_desktop.cli.commands.insights import check_language, insight_document
    from clarity_desktop.clinic.document import summary_document
    from clarity_desktop.reports.plain_pages import plain_text
    from clarity_desktop.reports.summary_text import summary_sections

    session = session_of(context)
    check_language(language)
    services = session.unlocked()
    found = services.open_patient(services.patient(patient).id)
    held = services.clinic_summary(found.id)
    said = services.tell_insight(found.id, provider="rules", language=language) if held.has_measurements else None
    document = {
        "patient": found.id,
        **summary_document(held),
        "insights": None if said is None else insight_document(said),
    }
    if pdf is not None:
        written = services.write_clinic_summary(found.id, pdf, held, said)
        document["files"] = [{"path": written.path, "sha256": written.sha256}]
    words = None if said is None or not said.statements else cited_text(said)
    session.output.answer(document, plain_text(summary_sections(held, words)))


@app.command("access")
def access(
    context: typer.Context,
    patient: Annotated[str, typer.Argument(help="Id, code or exact name.")],
    restrict: Annotated[
        bool, typer.Option("--restrict", help="Let nobody but you see this person, and those you share with.")
    ] = False,
    share_with: Annotated[str | None, typer.Option(help="Give this colleague access; say until when.")] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day without access again, UTC.")
    ] = None,
    end: Annotated[str | None, typer.Option(help="Take this colleague's access back at once.")] = None,
    lift: Annotated[bool, typer.Option("--lift", help="Open the record to all colleagues again.")] = False,
) -> None:
    """Show who sees a person's record; restrict it, share it for a time, or open it again."""
    session = session_of(context)
    services = session.unlocked()
    wanted = (restrict, share_with is not None, end is not None, lift)
    if sum(wanted) > 1 or (until is not None) != (share_with is not None):
        raise UsageError(
            "usage.access",
            "One thing is changed at a time, and sharing needs its end.",
            remedy="Give --restrict, --lift, --end NAME, or --share-with NAME with --until DAY.",
        )
    patient_id = services.patient(patient).id
    if restrict:
        services.restrict_patient(patient_id)
    elif lift:
        services.lift_restriction(patient_id)
    elif share_with is not None and until is not None:
        services.share_patient(
            patient_id, services.colleague(share_with).id, int(until.replace(tzinfo=UTC).timestamp())
        )
    elif end is not None:
        services.end_share(patient_id, services.colleague(end).id)
    found = services.patient_access(patient_id)
    shares = [
        {"person": user.name, "until": format_instant(share.until), "granted_by": share.granted_by,
         "ended": None if share.ended is None else format_instant(share.ended)}
        for user, share in found.shares
    ]  # fmt: skip
    document = {
        "patient": patient_id,
        "restricted": found.owner is not None,
        "owner": None if found.owner is None else found.owner.name,
        "shares": shares,
    }
    head = (
        "Everybody of this vault who reads data sees this record."
        if found.owner is None
        else f"Open to {found.owner.name} and to those it is shared with."
    )
    rows = [(one["person"], one["until"], one["granted_by"], one["ended"] or "") for one in shares]
    session.output.answer(document, f"{head}\n\n{table(rows, ('shared with', 'until', 'by', 'ended'))}".rstrip())
