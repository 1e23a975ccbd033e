"""``series`` and ``days``: what is stored, and what it comes to by local day."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from clarity_desktop.app import Services
from clarity_desktop.cli.columns import NamedSamples, samples_document, write_table
from clarity_desktop.cli.documents import series_document
from clarity_desktop.cli.output import table
from clarity_desktop.cli.period import span_between
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.errors import NotFoundError, UsageError
from clarity_desktop.domain.kinds import kind_of
from clarity_desktop.domain.series import Accumulation, Series
from clarity_desktop.domain.time import Span, zone_of_name

app = typer.Typer(help="What is stored.", no_args_is_help=True)

Who = Annotated[str, typer.Option("--patient", help="Id, code or exact name.")]
Type = Annotated[str | None, typer.Option("--type", help="Only this type, such as HKQuantityTypeIdentifierHeartRate.")]


@app.command("list")
def list_series(context: typer.Context, patient: Who, kind: Type = None) -> None:
    """List the series of one person, one for each type, unit and source."""
    session = session_of(context)
    services = session.unlocked()
    found = services.open_patient(services.patient(patient).id)
    zone = services.zone_timeline(found.id)
    documents = [series_document(one, zone) for one in services.series(found.id) if kind in (None, one.kind)]
    rows = [(one["type"], one["source"], one["unit"], one["n"], one["first"], one["last"]) for one in documents]
    text = table(rows, ("type", "source", "unit", "samples", "first", "last")) or "No data is stored yet."
    session.output.answer({"patient": found.id, "series": documents}, text)


@app.command("read")
def read(
    context: typer.Context,
    patient: Who,
    kind: Type = None,
    first: Annotated[str | None, typer.Option("--from", help="First day or instant.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day (included) or instant.")] = None,
    merged: Annotated[
        bool, typer.Option("--merged", help="One series of amounts, sources merged by priority.")
    ] = False,
    csv: Annotated[Path | None, typer.Option(help="Write a CSV file.", dir_okay=False)] = None,
    parquet: Annotated[Path | None, typer.Option(help="Write a Parquet file.", dir_okay=False)] = None,
) -> None:
    """Read samples as JSON, or write them to a CSV or Parquet file. The reading becomes an audit entry."""
    session = session_of(context)
    services = session.unlocked()
    found = services.open_patient(services.patient(patient).id)
    zone = services.zone_timeline(found.id)
    chosen = [one for one in services.series(found.id) if kind in (None, one.kind)]
    if not chosen:
        raise NotFoundError(
            "series.none", "No such series is stored.", remedy="See what is there with: clarity-desktop series list"
        )
    span = span_between(first, last, zone, whole_span(chosen))
    parts = _merged(services, chosen, span) if merged else _stored(services, chosen, span)
    for path, as_parquet in ((csv, False), (parquet, True)):
        if path is not None:
            rows = sum(len(part.samples) for part in parts)
            services.note_export(found.id, "series.export", f"{rows} rows")
            write_table(path, parts, zone, parquet=as_parquet)
    if csv is not None or parquet is not None:
        files = [str(path) for path in (csv, parquet) if path is not None]
        counts = [
            {"type": part.kind, "source": part.source, "unit": part.samples.unit, "n": len(part.samples)}
            for part in parts
        ]
        session.output.answer({"patient": found.id, "series": counts, "files": files}, "\n".join(files))
        return
    documents = [samples_document(part, zone) for part in parts]
    rows_of_text = [
        (one["type"], one["source"], start, end, value, one["unit"])
        for one in documents
        for start, end, value in zip(one["start"], one["end"], one.get("label", one["value"].tolist()), strict=True)
    ]
    text = table(rows_of_text, ("type", "source", "start", "end", "value", "unit"))
    session.output.answer({"patient": found.id, "series": documents}, text)


def days(
    context: typer.Context,
    patient: Who,
    kind: Annotated[str, typer.Option("--type", help="Type, such as HKQuantityTypeIdentifierStepCount.")],
    merged: Annotated[bool, typer.Option("--merged", help="Merge sources by priority.")] = False,
    zone: Annotated[str | None, typer.Option(help="Clock that makes the days; default: the person's own.")] = None,
) -> None:
    """Day totals or statistics by local day."""
    if zone is not None:
        zone_of_name(zone)
    session = session_of(context)
    services = session.unlocked()
    found = services.open_patient(services.patient(patient).id)
    if not any(one.kind == kind for one in services.series(found.id)):
        raise NotFoundError(
            "series.none", "No such series is stored.", remedy="See what is there with: clarity-desktop series list"
        )
    if kind_of(kind).accumulation is Accumulation.CATEGORY:
        raise UsageError(
            "days.category",
            "This type holds states, which have no daily total.",
            remedy="For sleep use: clarity-desktop analyze --patient",
        )
    statistics = services.days(found.id, kind, merged=merged, zone=zone)
    names = [zone] if zone is not None else [period.zone for period in services.zone_timeline(found.id).periods]
    unit = kind_of(kind, next(one.unit for one in services.series(found.id) if one.kind == kind)).unit
    document = {
        "patient": found.id,
        "type": kind,
        "unit": unit,
        "merged": merged,
        "zones": list(dict.fromkeys(names)),
        "days": {day: asdict(one) for day, one in sorted(statistics.items())},
    }
    rows = [(day, one.n, one.sum, one.mean, one.min, one.max) for day, one in sorted(statistics.items())]
    session.output.answer(document, table(rows, ("day", "n", "sum", "mean", "min", "max")))


def whole_span(series: list[Series]) -> Span | None:
    """From the first to the last sample of these series, or ``None`` when there are none."""
    starts = [one.first for one in series if one.first is not None]
    stops = [one.last for one in series if one.last is not None]
    return Span(min(starts), max(stops) + 1) if starts and stops else None


def _stored(services: Services, chosen: list[Series], span: Span | None) -> list[NamedSamples]:
    return [NamedSamples(one.kind, one.source, services.samples(one.id, span)) for one in chosen]


def _merged(services: Services, chosen: list[Series], span: Span | None) -> list[NamedSamples]:
    from clarity_desktop.signals.merge import SourceSamples, merge_sources

    result: list[NamedSamples] = []
    for kind_id in dict.fromkeys(one.kind for one in chosen):
        group = [one for one in chosen if one.kind == kind_id]
        kind = kind_of(kind_id, group[0].unit)
        if kind.accumulation is not Accumulation.SUM:
            raise UsageError(
                "series.not_an_amount",
                "Only amounts, such as steps, can be merged into one series.",
                remedy="Leave out --merged, or name an amount with --type.",
            )
        parts = [SourceSamples(one.source, services.samples(one.id, span), one.device) for one in group]
        order = services.source_order(group[0].patient_id, kind_id)
        result.append(NamedSamples(kind_id, "merged", merge_sources(parts, kind, order).samples))
    return result
