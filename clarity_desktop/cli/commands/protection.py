"""``patient erase``, ``export`` and ``hold``, ``consent …`` and ``retention …``: what protects people's data."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from clarity_desktop.cli.commands.patient import app as patient_app
from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import RecoveryCode, session_of
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.time import format_instant

consent_app = typer.Typer(help="What people have agreed to.", no_args_is_help=True)
retention_app = typer.Typer(help="How long data is kept.", no_args_is_help=True)

_Person = Annotated[str, typer.Argument(help="Id, code or exact name.")]


@patient_app.command("erase")
def erase(
    context: typer.Context,
    patient: Annotated[str | None, typer.Argument(help="Id, code or exact name.")] = None,
    request: Annotated[bool, typer.Option("--request", help="Ask for the erasure; a second user confirms it.")] = False,
    confirm: Annotated[bool, typer.Option("--confirm", help="Erase for good, as another user has asked.")] = False,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the request back, or decline it.")] = False,
    backup: Annotated[list[Path] | None, typer.Option(help="Folder of backups that can be reached.")] = None,
    certificate: Annotated[Path | None, typer.Option(help="Write the certificate as text into this file.")] = None,
    recovery_code_file: RecoveryCode = None,
) -> None:
    """Erase a person for good: one user asks, another one confirms. Without a person: list the requests."""
    session = session_of(context)
    services = session.unlocked()
    if patient is None:
        waiting = services.erasure_requests()
        rows = list(waiting.items())
        session.output.answer(
            {"requests": [{"patient": one, "requested_by": who} for one, who in rows]},
            table(rows, ("person", "requested by")) or "Nobody has asked for an erasure.",
        )
        return
    if request + confirm + withdraw != 1:
        raise UsageError(
            "erase.which",
            "An erasure is either requested, confirmed or withdrawn.",
            remedy="Give --request as the first person, --confirm as the second one, or --withdraw as one of them.",
        )
    if withdraw:
        withdrawn = services.patient_id(patient)
        services.withdraw_erasure_request(withdrawn)
        session.output.answer(
            {"patient": withdrawn, "requested": False}, "The request is withdrawn. Nothing is erased."
        )
        return
    if request:
        found = services.patient(patient)
        services.request_erasure(found.id)
        text = f"The erasure of {found.code} is requested. Another user confirms it."
        session.output.answer({"patient": found.id, "requested": True}, text)
        return
    from clarity_desktop.app.protection import backup_places

    waiting = services.erasure_requests()
    patient_id = patient if patient in waiting else services.patient_id(patient)
    code = session.recovery_code(recovery_code_file)
    done = services.confirm_erasure(patient_id, backup_places(backup or ()), recovery_code=code)
    if certificate is not None:
        certificate.write_text(done.as_text(), encoding="utf-8")
    session.output.answer({"certificate": json.loads(done.as_json())}, done.as_text())


@patient_app.command("export")
def export(
    context: typer.Context,
    patient: _Person,
    path: Annotated[Path, typer.Argument(help="Name of the ZIP to write.", dir_okay=False)],
) -> None:
    """Write everything that is held of a person as a ZIP in open formats."""
    session = session_of(context)
    services = session.unlocked()
    found = services.patient(patient)
    with session.cancellable() as cancel:
        written = services.export_person(found.id, path, progress=session.output.progress, cancel=cancel)
    document = {"file": written.path, "sha256": written.sha256}
    session.output.answer(document, f"{written.path}  SHA-256 {written.sha256}")


@patient_app.command("access-report")
def access_report(context: typer.Context, patient: _Person) -> None:
    """Say what a person's data is used for, who received it, and how long it is kept."""
    session = session_of(context)
    services = session.unlocked()
    report = services.access_report(services.patient(patient).id)
    session.output.answer(report.as_document(), report.as_text())


@patient_app.command("hold")
def hold(
    context: typer.Context,
    patient: _Person,
    reason: Annotated[str | None, typer.Option(help="Place a legal hold for this reason.")] = None,
    release: Annotated[bool, typer.Option("--release", help="Release all holds.")] = False,
) -> None:
    """Show, place or release a legal hold, which blocks retention and erasure."""
    session = session_of(context)
    services = session.unlocked()
    patient_id = services.patient_id(patient)
    if reason is not None and release:
        raise UsageError(
            "hold.which", "A hold is either placed or released.", remedy="Leave out --reason or --release."
        )
    if reason is not None:
        services.place_hold(patient_id, reason)
    elif release:
        services.release_hold(patient_id)
    holds = services.holds(patient_id)
    documents = [
        {"id": one.id, "placed": format_instant(one.placed), "placed_by": one.placed_by, "reason": one.reason,
         "released": None if one.released is None else format_instant(one.released)}
        for one in holds
    ]  # fmt: skip
    rows = [(one["placed"], one["placed_by"], one["reason"], one["released"] or "in force") for one in documents]
    text = table(rows, ("placed", "by", "reason", "released")) or "There is no legal hold on this person."
    session.output.answer({"patient": patient_id, "holds": documents}, text)


@consent_app.command("give")
def give(
    context: typer.Context,
    patient: _Person,
    purpose: Annotated[str, typer.Option(help="What for, such as research:STUDY-1.")],
    text_version: Annotated[str, typer.Option(help="Version of the text that was agreed to.")],
    language: Annotated[str, typer.Option(help="Language of the text, such as de.")],
    given_by: Annotated[str, typer.Option(help="The person, or who acts for them.")],
    witnessed_by: Annotated[str, typer.Option(help="Who was there.")] = "",
    method: Annotated[str, typer.Option(help="paper, electronic, spoken or guardian.")] = "paper",
    dated: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: today.")] = None,
    expires: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day.")] = None,
) -> None:
    """Record a consent."""
    session = session_of(context)
    services = session.unlocked()
    consent = services.give_consent(
        services.patient(patient).id,
        purpose=purpose,
        text_version=text_version,
        language=language,
        given_by=given_by,
        witnessed_by=witnessed_by,
        method=method,
        dated=_day(dated),
        expires=_day(expires),
    )
    session.output.answer({"consents": [_consent(consent)]}, f"Consent {consent.id} is recorded.")


@consent_app.command("withdraw")
def withdraw(
    context: typer.Context,
    number: Annotated[int, typer.Argument(help="Number of the consent.")],
    withdrawn_by: Annotated[str, typer.Option(help="The person, or who acts for them.")],
    method: Annotated[str, typer.Option(help="paper, electronic, spoken or guardian.")] = "paper",
) -> None:
    """Record a withdrawal; it holds at once."""
    session = session_of(context)
    consent = session.unlocked().withdraw_consent(number, withdrawn_by=withdrawn_by, method=method)
    session.output.answer({"consents": [_consent(consent)]}, f"Consent {consent.id} is withdrawn.")


@consent_app.command("list")
def list_consents(context: typer.Context, patient: _Person) -> None:
    """List a person's consents, withdrawn ones too."""
    session = session_of(context)
    services = session.unlocked()
    documents = [_consent(one) for one in services.consents(services.patient(patient).id)]
    rows = [(one["id"], one["purpose"], one["text_version"], one["dated"], one["expires"] or "",
             one["withdrawn"] or "") for one in documents]  # fmt: skip
    text = table(rows, ("no.", "purpose", "text", "dated", "expires", "withdrawn")) or "No consent is recorded."
    session.output.answer({"consents": documents}, text)


@retention_app.command("list")
def list_policies(context: typer.Context) -> None:
    """List how long each class of data is kept."""
    session = session_of(context)
    policies = session.unlocked().retention_policies()
    rows = [(one.data_class.value, one.study, one.keep_days or "until erased") for one in policies]
    documents = [{"class": one.data_class.value, "study": one.study, "keep_days": one.keep_days} for one in policies]
    session.output.answer({"policies": documents}, table(rows, ("class", "study", "days")))


@retention_app.command("set")
def set_policy(
    context: typer.Context,
    data_class: Annotated[str, typer.Argument(help="raw, elements, set_aside, derived, documents, consent or audit.")],
    days: Annotated[int | None, typer.Option(min=1, help="Days; without it, data is kept until it is erased.")] = None,
    study: Annotated[str, typer.Option(help="Only people with this label.")] = "",
    reason: Annotated[str, typer.Option(help="Needed to keep audit or consents for less than six years.")] = "",
    recovery_code_file: RecoveryCode = None,
) -> None:
    """Change a policy. A shorter time takes the same command by a second admin."""
    session = session_of(context)
    from clarity_desktop.app.protection import data_class_of

    code = session.recovery_code(recovery_code_file)
    services = session.unlocked()
    policy = services.set_retention(data_class_of(data_class), days, study=study, reason=reason, recovery_code=code)
    document = {"class": policy.data_class.value, "study": policy.study, "keep_days": policy.keep_days}
    session.output.answer({"policies": [document]}, "The policy is changed.")


@retention_app.command("preview")
def preview(context: typer.Context) -> None:
    """Show what would go now."""
    session = session_of(context)
    due = session.unlocked().retention_preview()
    session.output.answer({"due": [_due(one) for one in due]}, _due_text(due) or "Nothing is due.")


@retention_app.command("execute")
def execute(context: typer.Context, recovery_code_file: RecoveryCode = None) -> None:
    """Delete what is due. Much at once takes the same command by a second admin."""
    session = session_of(context)
    gone = session.unlocked().execute_retention(recovery_code=session.recovery_code(recovery_code_file))
    session.output.answer({"deleted": [_due(one) for one in gone]}, _due_text(gone) or "Nothing was due.")


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _consent(consent: Any) -> dict[str, Any]:
    return {
        "id": consent.id,
        "purpose": consent.purpose,
        "text_version": consent.text_version,
        "language": consent.language,
        "method": consent.method,
        "given_by": consent.given_by,
        "witnessed_by": consent.witnessed_by,
        "dated": consent.dated,
        "expires": consent.expires,
        "withdrawn": None if consent.withdrawn is None else format_instant(consent.withdrawn),
    }


def _due(one: Any) -> dict[str, Any]:
    return {"patient": one.patient_id, "class": one.data_class.value, "things": one.things}


def _due_text(due: Any) -> str:
    return table([(one.patient_id, one.data_class.value, one.things) for one in due], ("person", "class", "things"))
