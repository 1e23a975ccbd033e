"""``import`` and ``inspect``: a file into the vault, or only read and counted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from clarity_desktop.cli.commands.import_folder import import_folder
from clarity_desktop.cli.documents import import_document
from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import Session, session_of
from clarity_desktop.domain.errors import CancelledError, ClarityError, InputError, UsageError
from clarity_desktop.domain.importing import ImportOutcome, ImportReport
from clarity_desktop.domain.time import zone_of_name
from clarity_desktop.domain.work import CancelWay

_ZONE = typer.Option(help="Zone of a file that states none, such as Europe/Berlin.")
_FORMAT = typer.Option("--format", help="Read the file as this format instead of asking its content.")
_ON_CANCEL = typer.Option(
    "--on-cancel", help="What Ctrl-C leaves: discard stores nothing, keep stores what was read, pause goes on later."
)

_WORDS = {
    ImportOutcome.OK: "Imported.",
    ImportOutcome.RECOVERED: "Imported, with repairs that are listed below.",
    ImportOutcome.INCOMPLETE: "Incomplete: the file was cut or damaged. What is whole is in.",
    ImportOutcome.EMPTY: "The file is sound and holds nothing to import.",
    ImportOutcome.UNDONE: "The import was undone; nothing of it is stored.",
    ImportOutcome.ALREADY: "This file is in the vault already; nothing was added.",
}


def import_files(
    context: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Files or unpacked export folders; with --batch one folder.")
    ],
    patient: Annotated[str | None, typer.Option(help="Whose data it is: id, code or exact name.")] = None,
    new: Annotated[str | None, typer.Option(metavar="NAME", help="Add this person first.")] = None,
    zone: Annotated[str | None, _ZONE] = None,
    format_name: Annotated[str | None, _FORMAT] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="FILE is a folder of many people's files: see docs/users/import.md.")
    ] = False,
    confirm_person: Annotated[
        bool, typer.Option("--confirm-person", help="The file is this person's, though it looks like another's.")
    ] = False,
    on_cancel: Annotated[CancelWay, _ON_CANCEL] = CancelWay.DISCARD,
) -> None:
    """Import any supported file for one person, or with --batch a folder for many."""
    if batch:
        import_folder(session_of(context), files, named=patient is not None or new is not None, way=on_cancel)
        return
    if (patient is None) == (new is None):
        raise UsageError(
            "import.whose", "An import belongs to exactly one person.", remedy="Give either --patient or --new."
        )
    if zone is not None:
        zone_of_name(zone)
    session = session_of(context)
    services = session.unlocked()
    owner = services.patient(patient).id if patient is not None else None
    outcomes: list[_Outcome] = []
    with session.cancellable(on_cancel) as cancel:
        for path in files:
            try:
                report = services.import_file(
                    path,
                    patient_id=owner,
                    new_name=new if owner is None else None,
                    zone=zone,
                    format=format_name,
                    progress=session.output.progress,
                    cancel=cancel,
                    confirmed=confirm_person,
                )
            except CancelledError:
                raise
            except ClarityError as error:
                if len(files) == 1:
                    raise
                outcomes.append(_Outcome(path, error=error))
                continue
            owner = report.patient_id or owner
            outcomes.append(_Outcome(path, report))
    _answer(session, outcomes, stored=True)


def inspect_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File or unpacked export folder.")],
    zone: Annotated[str | None, _ZONE] = None,
    format_name: Annotated[str | None, _FORMAT] = None,
) -> None:
    """Read a file as an import would, without storing anything; needs no vault."""
    if zone is not None:
        zone_of_name(zone)
    session = session_of(context)
    with session.cancellable() as cancel:
        report = session.services.inspect(
            file, zone=zone, format=format_name, progress=session.output.progress, cancel=cancel
        )
    _answer(session, [_Outcome(file, report)], stored=False)


class _Outcome:
    """What became of one file: a report, or an error."""

    def __init__(self, path: Path, report: ImportReport | None = None, error: ClarityError | None = None) -> None:
        self.path = path
        self.report = report
        self.error = error
        if report is not None and report.outcome is ImportOutcome.INCOMPLETE:
            self.error = InputError(
                "import.incomplete",
                "The file was cut or damaged before its end; what is whole is in.",
                remedy="Export the data again and import the new file; nothing is counted twice.",
            )

    def document(self, *, stored: bool) -> dict[str, Any]:
        document: dict[str, Any] = {"ok": self.error is None, "file": str(self.path)}
        if self.report is not None:
            document = import_document(self.report, str(self.path), stored=stored)
        if self.error is not None:
            document["error"] = self.error.as_document()
        return document

    def text(self, *, stored: bool) -> str:
        if self.report is None:
            return f"{self.path.name}: {self.error.message if self.error is not None else ''}"
        report = self.report
        words = _WORDS[report.outcome] if stored else f"Read without storing. Outcome: {report.outcome.value}."
        rows = [
            (name, one.records, one.unique, one.stored_new, one.duplicates, one.rejected)
            for name, one in sorted(report.types.items())
        ]
        lines = [f"{self.path.name}: {words}"]
        if rows:
            lines += ["", table(rows, ("type", "records", "unique", "new", "repeats", "set aside"))]
        lines += [f"{one.message} ({one.count}, first at {one.first_at})" for one in report.problems]
        gone = sum(report.vanished.values())
        if gone:
            lines.append(
                f"{gone} earlier records are no longer in this export. They stay stored and are left out of results; "
                "see them with: clarity-desktop imports vanished"
            )
        if report.resumed_at:
            lines.append(f"It went on where it was interrupted, at byte {report.resumed_at}.")
        return "\n".join(lines)


def _answer(session: Session, outcomes: list[_Outcome], *, stored: bool) -> None:
    documents = [one.document(stored=stored) for one in outcomes]
    document = documents[0] if len(documents) == 1 else _together(documents)
    text = "\n\n".join(one.text(stored=stored) for one in outcomes)
    error = next((one.error for one in outcomes if one.error is not None), None)
    if error is None:
        session.output.answer(document, text)
    else:
        session.output.fail(error, document, text)


def _together(documents: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "ok": all(one["ok"] for one in documents),
        "complete": all(one.get("complete", False) for one in documents),
        "imports": documents,
    }
