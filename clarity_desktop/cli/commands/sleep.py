"""``sleep``: nightly values from stage records alone."""

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

    answer: list[dict[str, Any]] = nights_document([_segment(row) for row in found["segments"]], priority)
    columns = ("tib_min", "tst_min", "sol_min", "waso_min", "se_pct", "awakenings")
    rows = [tuple(night.get(name) for name in columns) for night in answer]
    session.output.answer({"nights": answer}, table(rows, columns) or "No night is in these records.")


def _segment(row: object) -> tuple[int, int, str, str]:
    if not isinstance(row, list) or len(row) != 4:
        raise _not_segments("a segment is not a list of four")
    start, stop, source, stage = row
    if not isinstance(start, (int, float)) or not isinstance(stop, (int, float)) or stop < start:
        raise _not_segments("a segment's times are not numbers in order")
    return int(start), int(stop), str(source), str(stage)


def _not_segments(detail: str) -> InputError:
    return InputError(
        "sleep.segments",
        "The file does not hold stage records.",
        remedy='Write {"segments": [[start_s, end_s, source, stage], …], "priority": [source, …]}.',
        detail=detail,
    )
