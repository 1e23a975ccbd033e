"""``insights``: words about a person's recordings, held to the facts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.insights import CheckResult

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
