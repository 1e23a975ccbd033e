"""``zones`` and ``sources``: what is set right by hand, without importing again."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer

from clarity_desktop.cli.documents import zone_document
from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.time import (
    Instant,
    ZoneCorrection,
    ZoneTimeline,
    day_of_date,
    format_instant,
    zone_of_name,
)

app = typer.Typer(help="The zones a person's clock followed.", no_args_is_help=True)
sources_app = typer.Typer(help="Which source wins where several count the same thing.", no_args_is_help=True)

Who = Annotated[str, typer.Option("--patient", help="Id, code or exact name.")]
Kind = Annotated[str, typer.Option("--type", help="Type, such as HKQuantityTypeIdentifierStepCount.")]


@app.command("list")
def list_zones(context: typer.Context, patient: Who) -> None:
    """List the zones in force, the evidence for each, and what was set by hand."""
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    stretches = services.zone_stretches(found.id)
    corrections = services.zone_corrections(found.id)
    documents = [{**zone_document(one.period), "evidence": one.evidence, "times": one.count} for one in stretches]
    by_hand = [
        {
            "number": number,
            "from": None if one.from_utc is None else format_instant(one.from_utc),
            "until": None if one.until_utc is None else format_instant(one.until_utc),
            "zone": one.zone,
        }
        for number, one in enumerate(corrections)
    ]
    rows = [
        (d["from"] or "ever", d["zone"], one.period.certainty.value, one.period.origin)
        for d, one in zip(documents, stretches, strict=True)
    ]
    session.output.answer(
        {"patient": found.id, "zones": documents, "by_hand": by_hand},
        table(rows, ("from (UTC)", "zone", "certainty", "known by")) or "No zone is known; set one with: zones set",
    )


@app.command("set")
def set_zone(
    context: typer.Context,
    patient: Who,
    zone: Annotated[str, typer.Option(help="Zone that held, such as Asia/Tokyo.")],
    first: Annotated[
        str | None, typer.Option("--from", help="First date, or instant with offset; default: ever.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Day after the last, or instant; default: on and on.")
    ] = None,
) -> None:
    """Set the zone of a stretch by hand. Days and nights follow at once."""
    zone_of_name(zone)
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    services.correct_zone(found.id, ZoneCorrection(_instant(first, zone), _instant(until, zone), zone))
    session.output.answer({"patient": found.id, "zone": zone}, "The zone is set. Nothing was imported again.")


@app.command("reset")
def reset_zones(
    context: typer.Context,
    patient: Who,
    number: Annotated[int | None, typer.Option(help="Only this correction, as zones list numbers them.")] = None,
) -> None:
    """Take corrections back, so that the evidence of the files holds again."""
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    if number is None:
        services.reset_zones(found.id)
    else:
        services.remove_zone_correction(found.id, number)
    left = len(services.zone_corrections(found.id))
    session.output.answer({"patient": found.id, "by_hand": left}, f"{left} corrections by hand are left.")


@sources_app.command("list")
def list_sources(context: typer.Context, patient: Who, kind: Kind) -> None:
    """List the sources of a type in the order in which they are taken."""
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    order = services.source_order(found.id, kind)
    orders = services.source_orders(found.id)
    by_hand = bool(orders.get(kind) or orders.get(""))
    rows = list(enumerate(order, 1))
    document = {"patient": found.id, "type": kind, "order": list(order), "by_hand": by_hand}
    session.output.answer(document, table(rows, ("", "source")) or "There is no such series.")


@sources_app.command("order")
def order_sources(
    context: typer.Context,
    patient: Who,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Names, the one that wins first; none: default.")
    ] = None,
    kind: Annotated[str, typer.Option("--type", help="Only for this type; default: for all without their own.")] = "",
) -> None:
    """Set which source wins where several count the same thing; without names the default comes back."""
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    services.set_source_order(found.id, kind, names or [])
    document = {"patient": found.id, "type": kind or None, "order": names or []}
    session.output.answer(document, "The order is set." if names else "The default order holds again.")


@sources_app.command("explain")
def explain(
    context: typer.Context, patient: Who, kind: Kind, day: Annotated[str, typer.Option(help="Local date, YYYY-MM-DD.")]
) -> None:
    """Say which source gave which interval of a day, and why."""
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    account = services.merge_account(found.id, kind, day_of_date(_date(day)))
    zone = services.zone_timeline(found.id)
    intervals: list[dict[str, Any]] = [
        {
            "start": zone.format(one.start),
            "end": zone.format(one.stop),
            "source": one.source,
            "recorded": one.offered,
            "counts": one.kept,
            "reason": one.reason.value,
            "covered_by": list(one.by),
        }
        for one in account.intervals
    ]
    document = {
        "patient": found.id,
        "type": kind,
        "day": day,
        "unit": account.unit,
        "merged": account.total,
        "sum_of_all": account.plain_sum,
        "by_source": {one.source: {"recorded": one.offered, "counts": one.kept} for one in account.shares},
        "intervals": intervals,
    }
    rows = [tuple(one[key] for key in ("start", "end", "source", "recorded", "counts", "reason")) for one in intervals]
    text = table(rows, ("start", "end", "source", "recorded", "counts", "why"))
    session.output.answer(document, f"{text}\n\nMerged {account.total:g} {account.unit}".strip())


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError("usage.date", "A date is written YYYY-MM-DD.", remedy="Such as 2024-03-10.") from None


def _instant(text: str | None, zone: str) -> Instant | None:
    """A local midnight of the zone, or an instant with its own offset."""
    if text is None:
        return None
    if len(text) == 10:
        return ZoneTimeline.single(zone).instant_of_local(day_of_date(_date(text)))
    try:
        stated = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            "usage.instant", "This is no date or instant.", remedy="Such as 2024-03-10 or 2024-03-10T08:00:00+01:00."
        ) from None
    if stated.tzinfo is None:
        raise UsageError("usage.instant", "The instant has no offset.", remedy="Such as 2024-03-10T08:00:00+01:00.")
    return int(stated.astimezone(UTC).timestamp())
