"""``patient``: the people whose recordings the vault holds."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from clarity_desktop.cli.documents import patient_document, series_document, zone_document
from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.people import Sex
from clarity_desktop.domain.time import zone_of_name

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
