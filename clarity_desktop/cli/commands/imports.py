"""``imports``: past and interrupted imports, undoing the latest, and what has vanished from later exports."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from clarity_desktop.cli.documents import import_document
from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.time import format_instant

app = typer.Typer(help="Past and interrupted imports.", no_args_is_help=True)

Who = Annotated[str, typer.Option("--patient", help="Id, code or exact name.")]
_NUMBER = Annotated[int, typer.Argument(metavar="IMPORT", help="Number of the import, as imports list tells it.")]


@app.command("list")
def list_imports(context: typer.Context, patient: Who) -> None:
    """List the imports of a person, and which of them can be undone."""
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    undoable = services.undoable_import(found.id)
    documents: list[dict[str, Any]] = []
    rows = []
    for report in services.imports(found.id):
        until = undoable[1] if undoable is not None and undoable[0] == report.import_id else None
        new = sum(one.stored_new or 0 for one in report.types.values())
        gone = sum(report.vanished.values())
        shown = "" if until is None else format_instant(until)
        documents.append(
            {
                **import_document(report, report.file, stored=True),
                "import": report.import_id,
                "undo_until": None if until is None else shown,
            }
        )
        rows.append((report.import_id, report.file, report.outcome.value, new, gone, shown))
    heads = ("import", "file", "outcome", "new", "vanished", "can be undone until (UTC)")
    session.output.answer({"patient": found.id, "imports": documents}, table(rows, heads) or "There are none yet.")


@app.command("unfinished")
def unfinished(context: typer.Context) -> None:
    """List interrupted imports. Importing the same file again goes on where it was."""
    session = session_of(context)
    found = session.unlocked().unfinished_imports()
    documents = [
        {
            "token": one.token,
            "patient": one.patient_id,
            "file": one.file,
            "path": one.path,
            "noted": format_instant(one.marked),
            "bytes": one.done,
            "of": one.total,
            "records": one.records,
        }
        for one in found
    ]
    rows = [(one.token, one.file, format_instant(one.marked), one.records) for one in found]
    session.output.answer(
        {"unfinished": documents}, table(rows, ("token", "file", "noted (UTC)", "records")) or "There are none."
    )


@app.command("discard")
def discard(
    context: typer.Context, token: Annotated[str, typer.Argument(metavar="TOKEN", help="As imports unfinished tells.")]
) -> None:
    """Forget an interrupted import, so that the vault is as before it."""
    session = session_of(context)
    session.unlocked().discard_unfinished(token)
    session.output.answer({"discarded": token}, "It is forgotten. Nothing of it was visible.")


@app.command("undo")
def undo(context: typer.Context, number: _NUMBER) -> None:
    """Undo the latest import of a person, up to 30 days after it."""
    session = session_of(context)
    report = session.unlocked().undo_import(number)
    session.output.answer(
        {"undone": number, "patient": report.patient_id},
        "The import is undone. The person's data is as it was before it.",
    )


@app.command("vanished")
def vanished(
    context: typer.Context,
    patient: Who,
    number: Annotated[int | None, typer.Option("--import", help="Only what this import no longer held.")] = None,
) -> None:
    """List what is stored and no longer in the person's latest export."""
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    zone = services.zone_timeline(found.id)
    listed = services.vanished(found.id, number)
    documents = [
        {
            "import": one.import_id,
            "type": one.kind,
            "source": one.source,
            "start": None if one.start is None else zone.format(one.start),
            "end": None if one.stop is None else zone.format(one.stop),
            "value": one.value,
            "label": one.label,
            "unit": one.unit,
            "kept": one.kept,
        }
        for one in listed
    ]
    rows = [
        (
            d["import"],
            d["type"],
            d["source"],
            d["start"] or "",
            d["value"] if d["value"] is not None else d["label"],
            d["unit"],
            "kept" if d["kept"] else "left out",
        )
        for d in documents
    ]
    heads = ("import", "type", "source", "start", "value", "unit", "now")
    session.output.answer(
        {"patient": found.id, "vanished": documents}, table(rows, heads) or "Nothing has vanished from the exports."
    )


@app.command("bring-back")
def bring_back(context: typer.Context, number: _NUMBER) -> None:
    """Let everything that an import no longer held count in results again."""
    session = session_of(context)
    back = session.unlocked().bring_back(number)
    session.output.answer({"import": number, "brought_back": back}, f"{back} records count again.")
