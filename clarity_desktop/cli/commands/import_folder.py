"""``import --batch``: a folder of many people's files as one job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from clarity_desktop.cli.documents import import_document
from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import Session
from clarity_desktop.domain.errors import InputError, UsageError
from clarity_desktop.domain.work import CancelWay

if TYPE_CHECKING:
    from clarity_desktop.app.import_batch import BatchStep

__all__ = ["import_folder"]


def import_folder(session: Session, files: list[Path], *, named: bool, way: CancelWay) -> None:
    """Import a folder, each file for its person, and answer what became of each.

    Raises
    ------
    UsageError
        ``batch.one_folder`` with several folders or with a person named.
    InputError
        ``batch.partly`` when some files could not be imported; the others are in.
    """
    if len(files) != 1 or named:
        raise UsageError(
            "batch.one_folder",
            "A batch is one folder, and the folder says whose each file is.",
            remedy="Give one folder, without --patient and --new.",
        )
    services = session.unlocked()
    steps = services.plan_batch(files[0])
    with session.cancellable(way) as cancel:
        done = services.import_batch(steps, progress=session.output.progress, cancel=cancel)
    document = {
        "ok": all(one.error is None for one in done),
        "people": len({one.person for one in done}),
        "imports": [_document(one, files[0]) for one in done],
    }
    rows = [
        (one.person, one.path.name, one.state.value.replace("_", " "), "" if one.error is None else one.error.message)
        for one in done
    ]
    text = table(rows, ("person", "file", "state", ""))
    failed = sum(one.error is not None for one in done)
    if not failed:
        session.output.answer(document, text)
        return
    error = InputError(
        "batch.partly",
        f"{failed} of {len(done)} files could not be imported; the others are in.",
        remedy="See why beside each file. Run the same command again after mending them; the others are passed over.",
    )
    session.output.fail(error, document, text)


def _document(step: BatchStep, folder: Path) -> dict[str, Any]:
    shown = str(step.path.relative_to(folder)) if step.path.is_relative_to(folder) else step.path.name
    document: dict[str, Any] = {"ok": step.error is None, "file": shown}
    if step.report is not None:
        document = import_document(step.report, shown, stored=True)
    if step.error is not None:
        document["error"] = step.error.as_document()
    return {**document, "person": step.person, "by": step.why, "state": step.state.value}
