"""``sleep`` and ``phase-model``: nights from stage records alone, and model phase from light alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from clarity_desktop.cli.commands.analyze import read_json
from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.errors import InputError

app = typer.Typer(help="Nights from stage records.", no_args_is_help=True)


@app.callback()
def sleep() -> None:
    """Nights from stage records."""


def phase_model(
    context: typer.Context,
    light: Annotated[Path, typer.Argument(metavar="LIGHT.json", help="Object with “blocks”.", dir_okay=False)],
) -> None:
    """Model phase of a light protocol, blocks of [days, on_h, off_h, lux_on, lux_off]. An estimate by two models."""
    session = session_of(context)
    found = read_json(light)
    if not isinstance(found, dict):
        raise InputError(
            "phase.protocol",
            "The file does not hold a light protocol.",
            remedy='Write {"blocks": [[21, 7, 23, 500, 0]]}.',
        )
    from clarity_desktop.analysis.phase_model import phase_model_document

    answer = phase_model_document(found)
    rows = [(name, *values) for name, values in answer.items() if isinstance(values, list)]
    width = max((len(row) for row in rows), default=1)
    session.output.answer(answer, table(rows, ("model", *(f"minimum {n}" for n in range(1, width)))))


@app.command("nights")
def nights(
    context: typer.Context,
    segments: Annotated[
        Path, typer.Argument(metavar="SEGMENTS.json", help="Object with “segments” and “priority”.", dir_okay=False)
    ],
) -> None:
    """Nightly values from overlapping stage records: [start_s, end_s, source, stage] each, and a source priority."""
    session = session_of(context)
    found = read_json(segments)
    if not isinstance(found, dict) or not isinstance(found.get("segments"), list):
        raise _not_segments("no list called segments")
    priority = found.get("priority", [])
    if not isinstance(priority, list) or not all(isinstance(name, str) for name in priority):
        raise _not_segments("priority is not a list of source names")
    from clarity_desktop.analysis.nights import nights_document

    answer: list[dict[str, Any]] = nights_document(found["segments"], priority or None)
    columns = ("tib_min", "tst_min", "sol_min", "waso_min", "se_pct", "awakenings")
    rows = [tuple(night.get(name) for name in columns) for night in answer]
    session.output.answer({"nights": answer}, table(rows, columns) or "No night is in these records.")


def _not_segments(detail: str) -> InputError:
    return InputError(
        "sleep.segments",
        "The file does not hold stage records.",
        remedy='Write {"segments": [[start_s, end_s, source, stage], …], "priority": [source, …]}.',
        detail=detail,
    )
