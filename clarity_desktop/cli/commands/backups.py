"""``vault backup``, ``backups``, ``restore`` and ``drill``: copies of the vault, and getting it back from one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import RecoveryCode, session_of
from clarity_desktop.domain.errors import IntegrityError, NotFoundError, UsageError
from clarity_desktop.domain.time import format_instant
from clarity_desktop.logs import hidden

if TYPE_CHECKING:
    from clarity_desktop.vault import Manifest

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands to ``vault``."""
    app.command("backup")(backup)
    app.command("backups")(backups)
    app.command("restore")(restore)
    app.command("restore-patient")(restore_patient)
    app.command("drill")(drill)


def backup(
    context: typer.Context,
    to: Annotated[Path | None, typer.Option(help="Folder for this one backup, such as an external disk.")] = None,
) -> None:
    """Make an encrypted, verified backup. The vault may be in use meanwhile."""
    session = session_of(context)
    services = session.unlocked()
    with session.cancellable() as cancel:
        made = services.back_up(to, progress=session.output.progress, cancel=cancel)
    place = (to or services.backup_folder()) / made.name
    session.output.answer(
        {"backup": {**_document(made), "path": place}}, f"The backup is made and was found whole: {place}"
    )


def backups(context: typer.Context) -> None:
    """List the backups of the vault, newest first, and what has to be said about them."""
    session = session_of(context)
    services = session.unlocked()
    found = services.backups()
    notices = services.notices()
    for notice in notices:
        session.output.note(f"{notice.message} {notice.remedy}")
    rows = [(one.name, format_instant(one.created), one.kind, "yes" if one.verified else "no") for one in found]
    session.output.answer(
        {
            "folder": services.backup_folder(),
            "backups": [_document(one) for one in found],
            "notices": [{"code": one.code, "message": one.message, "remedy": one.remedy} for one in notices],
        },
        table(rows, ("backup", "made (UTC)", "kind", "verified")) or "There is no backup yet.",
    )


def restore(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="The backup: a folder whose name ends in .claritybackup.")],
    into: Annotated[Path | None, typer.Option(help="New folder to restore into.")] = None,
    over: Annotated[
        bool, typer.Option("--over", help="Restore in place of the vault, which is kept under another name.")
    ] = False,
    recovery_code_file: RecoveryCode = None,
    upgrade: Annotated[
        bool, typer.Option("--upgrade", help="Bring a backup of an older version to the present form.")
    ] = False,
) -> None:
    """Restore a backup into a new folder, or over the vault."""
    session = session_of(context)
    if (into is None) == (not over):
        raise UsageError(
            "usage.restore_where",
            "A backup is restored either into a new folder or over the vault.",
            remedy="Give --into FOLDER, or --over.",
        )
    with session.cancellable() as cancel:
        progress = session.output.progress
        if into is None:
            code = session.recovery_code(recovery_code_file)
            done = session.unlocked().restore_over(
                path, allow_older=upgrade, recovery_code=code, progress=progress, cancel=cancel
            )
        else:
            passphrase = session.passphrase("Passphrase: ")
            with hidden(passphrase):
                done = session.services.restore_into(
                    path,
                    into,
                    passphrase,
                    person=session.options.person,
                    allow_older=upgrade,
                    progress=progress,
                    cancel=cancel,
                )
    text = f"The vault is restored: {done.vault}"
    if done.kept is not None:
        text += f"\nThe vault that was there before is kept: {done.kept}"
    session.output.answer(
        {
            "vault": done.vault,
            "backup": done.manifest.name,
            "created": format_instant(done.manifest.created),
            "kept": done.kept,
            "audit": {"entries": done.audit_entries},
        },
        text,
    )


def restore_patient(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="The backup: a folder whose name ends in .claritybackup.")],
    patient: Annotated[str, typer.Argument(help="Id of the person, or their code while the vault knows them.")],
) -> None:
    """Bring one person back: add what a backup holds of them and the vault lacks. Nothing is taken away."""
    session = session_of(context)
    services = session.unlocked()
    try:
        patient_id = services.patient_id(patient)
    except NotFoundError:
        patient_id = patient
    with session.cancellable() as cancel:
        done = services.restore_patient(path, patient_id, progress=session.output.progress, cancel=cancel)
    document = {
        "patient": done.patient_id,
        "backup": done.backup,
        "was_absent": done.was_absent,
        "samples": done.samples,
        "elements": done.elements,
        "documents": done.documents,
    }
    text = f"Brought back: {done.samples} samples, {done.elements} elements, {done.documents} documents."
    session.output.answer(document, text)


def drill(context: typer.Context) -> None:
    """Practise: restore the latest backup to a place that is removed again, and compare."""
    session = session_of(context)
    with session.cancellable() as cancel:
        report = session.unlocked().drill(progress=session.output.progress, cancel=cancel)
    document = {
        "backup": report.name,
        "problems": report.problems,
        "seconds": round(report.seconds, 2),
        "patients": report.patients,
        "audit": {"entries": report.audit_entries},
    }
    if report.ok:
        session.output.answer(
            document, f"The backup {report.name} can be restored; it took {report.seconds:.1f} s. Nothing of it stays."
        )
        return
    session.output.fail(
        IntegrityError(
            "backup.drill",
            "The latest backup does not restore as it should.",
            remedy="Make a new backup, practise with that, and ask the person who looks after security.",
            detail="; ".join(report.problems),
        ),
        document,
    )


def _document(one: Manifest) -> dict[str, Any]:
    return {
        "name": one.name,
        "created": format_instant(one.created),
        "kind": one.kind,
        "schema": one.schema,
        "program": one.program,
        "verified": None if one.verified is None else format_instant(one.verified),
        "bytes": sum(file.size for file in one.files.values()),
    }
