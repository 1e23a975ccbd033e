"""``insights``: words about a person's recordings, held to the facts."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.insights import CheckResult, Topic
from clarity_desktop.domain.time import format_instant

if TYPE_CHECKING:
    from clarity_desktop.app.insights import Insight

__all__ = ["app", "check_language", "insight_document"]

app = typer.Typer(help="Words about recordings, held to the facts.", no_args_is_help=True)


@app.callback()
def insights() -> None:
    """Words about recordings, held to the facts."""


@app.command("check")
def check(
    context: typer.Context,
    facts: Annotated[Path | None, typer.Argument(metavar="FACTS.json", help="A facts table.", dir_okay=False)] = None,
    answer: Annotated[
        Path | None, typer.Argument(metavar="ANSWER.json", help="An answer as it was received.", dir_okay=False)
    ] = None,
    batch: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Check every item of this folder instead.", file_okay=False)
    ] = None,
) -> None:
    """Check whether an answer says nothing but what the facts table holds. To refuse one is not an error."""
    from clarity_desktop.insights.grounding.batch import check_files, check_folder, result_document

    session = session_of(context)
    if batch is not None:
        if facts is not None:
            raise UsageError(
                "insights.check",
                "A folder and files were given.",
                remedy="Give --batch DIR, or FACTS.json ANSWER.json.",
            )
        results = check_folder(batch)
        rows = [(name, *_row(result)) for name, result in results.items()]
        document = {"results": {name: result_document(result) for name, result in results.items()}}
        session.output.answer(document, table(rows, ("item", "accepted", "reasons")) or "No item is in this folder.")
        return
    if facts is None or answer is None:
        raise _needed("Two files are needed.")
    result = check_files(facts, answer)
    session.output.answer(result_document(result), result.text or "Refused: " + _row(result)[1])


def _row(result: CheckResult) -> tuple[str, str]:
    codes = dict.fromkeys(one.code for one in result.reasons)
    return ("yes" if result.accepted else "no"), ", ".join(codes)


def _needed(message: str) -> UsageError:
    return UsageError("insights.check", message, remedy="Give FACTS.json ANSWER.json, or --batch DIR.")


@app.command("generate")
def generate(
    context: typer.Context,
    patient: Annotated[str, typer.Option(help="Id, code or exact name.")],
    provider: Annotated[str, typer.Option(help="rules, gemini or cloud.")] = "rules",
    topic: Annotated[Topic, typer.Option(help="What it is about.")] = Topic.OVERVIEW,
    language: Annotated[str, typer.Option(help="en or de.")] = "en",
    event: Annotated[str | None, typer.Option(help="Day of the event, for the topic event: YYYY-MM-DD.")] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Also write it as a table with fact ids.", dir_okay=False)
    ] = None,
) -> None:
    """Say in sentences what the facts of a topic are, with the facts each sentence rests on."""
    session = session_of(context)
    services = session.unlocked()
    check_language(language)
    patient_id = services.patient(patient).id
    found = services.tell_insight(patient_id, topic, provider=provider, language=language, event=_day(event))
    document = insight_document(found)
    if csv is not None:
        written = services.write_insight_csv(patient_id, found, csv)
        document["files"] = [{"path": written.path, "sha256": written.sha256}]
    session.output.answer(document, found.text or found.refused or "")


@app.command("for-person")
def for_person(
    context: typer.Context,
    patient: Annotated[str, typer.Option(help="Id, code or exact name.")],
    topic: Annotated[Topic, typer.Option(help="What it is about.")] = Topic.SLEEP,
    language: Annotated[str, typer.Option(help="en or de.")] = "en",
    event: Annotated[str | None, typer.Option(help="Day of the event, for the topic event: YYYY-MM-DD.")] = None,
    pdf: Annotated[
        Path | None, typer.Option(metavar="FILE.pdf", help="Also write it for printing.", dir_okay=False)
    ] = None,
) -> None:
    """Say the same facts in plain words for the person themselves; by rules, so nothing is sent."""
    session = session_of(context)
    services = session.unlocked()
    check_language(language)
    patient_id = services.patient(patient).id
    found = services.patient_insight(patient_id, topic, language=language, event=_day(event))
    document = insight_document(found)
    if pdf is not None:
        written = services.write_patient_insight(patient_id, found, pdf)
        document["files"] = [{"path": written.path, "sha256": written.sha256}]
    session.output.answer(document, found.text or found.refused or "")


@app.command("preview")
def preview(
    context: typer.Context,
    patient: Annotated[str, typer.Option(help="Id, code or exact name.")],
    provider: Annotated[str, typer.Option(help="gemini or cloud.")] = "gemini",
    topic: Annotated[Topic, typer.Option(help="What it is about.")] = Topic.OVERVIEW,
    language: Annotated[str, typer.Option(help="en or de.")] = "en",
    event: Annotated[str | None, typer.Option(help="Day of the event, for the topic event: YYYY-MM-DD.")] = None,
) -> None:
    """Show exactly what would be sent, and whether it may; nothing is sent."""
    session = session_of(context)
    services = session.unlocked()
    check_language(language)
    found = services.insight_preview(
        services.patient(patient).id, topic, provider=provider, language=language, event=_day(event)
    )
    document = {
        "provider": found.provider,
        "model": found.model,
        "destination": found.destination,
        "request": found.body.decode("utf-8"),
        "bytes": len(found.body),
        "consent": found.consent,
        "refused": found.refused,
    }
    state = "May be sent." if found.refused is None else found.refused
    session.output.answer(document, "\n".join((found.body.decode("utf-8"), found.destination, found.consent, state)))


@app.command("sent")
def sent(context: typer.Context, patient: Annotated[str, typer.Option(help="Id, code or exact name.")]) -> None:
    """List what left this machine for insights about a person."""
    session = session_of(context)
    services = session.unlocked()
    found = services.insights_sent(services.patient(patient).id)
    document = {
        "sent": [
            {
                "at": format_instant(one.at),
                "who": one.who,
                "provider": one.provider,
                "model": one.model,
                "host": one.host,
                "consent": one.consent_id,
                "bytes": one.size,
                "sha256": one.sha256,
                "outcome": one.outcome,
                "tokens_in": one.tokens_in,
                "tokens_out": one.tokens_out,
                "cost_micros": one.cost_micros,
                "correlation": one.correlation,
            }
            for one in found
        ]
    }
    rows = [(format_instant(one.at), one.provider, one.host, one.size, one.outcome) for one in found]
    session.output.answer(
        document, table(rows, ("time", "provider", "host", "bytes", "outcome")) or "Nothing was sent."
    )


@app.command("facts")
def facts(
    context: typer.Context,
    patient: Annotated[str, typer.Option(help="Id, code or exact name.")],
    topic: Annotated[Topic, typer.Option(help="What they are about.")] = Topic.OVERVIEW,
    language: Annotated[str, typer.Option(help="en or de.")] = "en",
    event: Annotated[str | None, typer.Option(help="Day of the event, for the topic event: YYYY-MM-DD.")] = None,
) -> None:
    """Show the facts table of a topic: all that a provider may know."""
    from clarity_desktop.insights.grounding import table_document

    session = session_of(context)
    services = session.unlocked()
    check_language(language)
    found = services.insight_facts(services.patient(patient).id, topic, language=language, event=_day(event))
    document = {
        "facts": None if found.table is None else table_document(found.table, local=True),
        "hash": found.hash,
        "missing": list(found.missing),
    }
    rows = (
        []
        if found.table is None
        else [
            (one.id, one.value, one.unit, f"{one.window.from_day} to {one.window.to_day}", one.valid_days, one.coverage)
            for one in found.table.facts
        ]
    )
    columns = ("fact", "value", "unit", "days", "valid days", "coverage")
    session.output.answer(document, table(rows, columns) or "There is no fact to speak of.")


def insight_document(found: Insight) -> dict[str, object]:
    """An insight as the contract of the command line has it."""
    from clarity_desktop.app.insights import fact_period

    facts = () if found.facts.table is None else found.facts.table.facts
    return {
        "provider": found.provider,
        "origin": found.origin,
        "made": format_instant(found.made),
        "cached": found.cached,
        "topic": found.facts.topic.value,
        "text": found.text,
        "statements": [
            {"text": one.text, "facts": list(one.facts), "kind": one.kind.value} for one in found.statements
        ],
        "facts": {
            one.id: {
                "value": one.value,
                "unit": one.unit,
                "period": fact_period(one, found.facts),
                "source": one.source,
                "valid_days": one.valid_days,
                "coverage": one.coverage,
                "label": one.label,
            }
            for one in facts
        },
        "hash": found.facts.hash,
        "missing": list(found.facts.missing),
        "refused": found.refused,
    }


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError("usage.date", "This is not a day.", remedy="Write it as YYYY-MM-DD.") from error


def check_language(language: str) -> None:
    """Raise ``UsageError`` for a language that insights do not speak."""
    from clarity_desktop.insights.grounding.lexicon import LANGUAGES

    if language not in LANGUAGES:
        raise UsageError(
            "insights.language", "Insights speak no such language yet.", remedy="Choose one of: " + ", ".join(LANGUAGES)
        )
