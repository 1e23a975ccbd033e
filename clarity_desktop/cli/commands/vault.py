"""``vault``: the encrypted store and its keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clarity_desktop.cli.commands import backups
from clarity_desktop.cli.documents import vault_document
from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import Session, session_of
from clarity_desktop.domain.errors import ConflictError, IntegrityError
from clarity_desktop.logs import hidden

if TYPE_CHECKING:
    from clarity_desktop.vault import Slot
    from clarity_desktop.vault.keys.codes import PendingCode

NewPassphrase = Annotated[
    Path | None,
    typer.Option("--new-passphrase-file", help="File whose first line is the new passphrase.", dir_okay=False),
]

app = typer.Typer(help="The encrypted store and its keys.", no_args_is_help=True)
backups.register(app)


@app.command("create")
def create(context: typer.Context) -> None:
    """Make an empty vault that opens with a passphrase."""
    session = session_of(context)
    services = session.services
    if services.vault_exists():
        raise ConflictError(
            "vault.exists",
            "There is a vault at this place already.",
            remedy="Choose another folder with --vault, before the command.",
        )
    person = session.options.person
    passphrase = session.passphrase("New passphrase: ", twice=True)
    with hidden(passphrase):
        services.create_vault(passphrase, person=person or "Owner")
    info = services.vault_info()
    verdict = services.verify_audit()
    session.output.answer(
        {
            **vault_document(info),
            "integrity": "ok",
            "audit": {"entries": verdict.entries, "chain_ok": verdict.chain_ok},
        },
        f"The vault is made: {info.vault}\nIts passphrase is the only way in. It cannot be looked up or reset.",
    )


@app.command("info")
def info(context: typer.Context) -> None:
    """Say what the vault is made of."""
    session = session_of(context)
    services = session.unlocked()
    facts = services.vault_info()
    verdict = services.verify_audit()
    document: dict[str, Any] = {
        **vault_document(facts),
        "integrity": None,
        "audit": {"entries": verdict.entries, "chain_ok": verdict.chain_ok},
        "insufficient": {"integrity": "Checked by vault verify."},
    }
    slots = table([(slot.id, slot.kind, slot.label) for slot in facts.slots], ("slot", "kind", "label"))
    session.output.answer(
        document,
        f"{facts.vault}\n{facts.cipher}, schema {facts.schema}\n"
        f"Audit: {verdict.entries} entries, {'whole' if verdict.chain_ok else 'not as it was written'}\n\n{slots}",
    )


@app.command("take-over")
def take_over(context: typer.Context) -> None:
    """Write again after another computer that had the vault open has ended without closing it."""
    session = session_of(context)
    session.services.take_over = True
    services = session.unlocked()
    services.vault_info()
    session.output.answer({"vault": services.vault_directory}, "This computer may write to the vault again.")


@app.command("verify")
def verify(context: typer.Context) -> None:
    """Check every page, every chunk and the audit chain."""
    session = session_of(context)
    services = session.unlocked()
    report = services.verify_vault()
    document = {
        **vault_document(services.vault_info()),
        "integrity": report.integrity,
        "problems": report.problems,
        "chunks": report.chunks,
        "audit": {"entries": report.audit_entries, "chain_ok": report.chain_ok, "first_bad": report.first_bad},
    }
    if report.ok:
        session.output.answer(
            document, f"The vault is whole: {report.chunks} chunks, {report.audit_entries} audit entries."
        )
        return
    session.output.fail(
        IntegrityError(
            "vault.damaged",
            "The vault is not as it was written.",
            remedy="Make a copy of the folder as it is, then restore the last backup.",
            detail="; ".join(report.problems) or report.integrity,
        ),
        document,
    )


@app.command("change-passphrase")
def change_passphrase(context: typer.Context, new_passphrase_file: NewPassphrase = None) -> None:
    """Put a new passphrase in place of your own. Data and other people's passphrases stay as they are."""
    session = session_of(context)
    services = session.unlocked()
    old = session.present_passphrase()
    new = session.new_passphrase(new_passphrase_file)
    with hidden(old), hidden(new):
        services.change_passphrase(old, new)
    strength = services.passphrase_strength(new)
    session.output.answer(
        {"changed": True, "strength": strength}, f"The new passphrase opens the vault from now on. It is {strength}."
    )


@app.command("rekey")
def rekey(context: typer.Context) -> None:
    """Give the whole vault new keys, as after somebody has left. Everybody keeps their passphrases and codes."""
    session = session_of(context)
    services = session.unlocked()
    with session.cancellable() as cancel:
        services.rekey_vault(session.output.progress, cancel)
    session.output.answer(vault_document(services.vault_info()), "The vault has new keys. Make a backup now.")


@app.command("lock-status")
def lock_status(context: typer.Context) -> None:
    """Say whether there is a vault, who opens it, whether the keychain does, and how long a pause still lasts."""
    session = session_of(context)
    services = session.services
    exists = services.vault_exists()
    people = list(services.unlock_names()) if exists else []
    wait_s = services.unlock_wait_s(session.options.person) if exists else 0.0
    keychain = exists and services.unlock_with_keychain(person=session.options.person)
    place = services.vault_directory
    if not exists:
        text = f"There is no vault at {place}"
    elif keychain:
        text = f"{place} opens with the keychain of this account"
    else:
        text = f"{place} is locked and opens with its passphrase"
    if wait_s > 0:
        text += f"\nAfter wrong passphrases there is a pause of {wait_s:.0f} s."
    session.output.answer(
        {
            "vault": place,
            "exists": exists,
            "opens_with_keychain": keychain,
            "people": people,
            "wait_s": round(wait_s, 1),
        },
        text,
    )


slots_app = typer.Typer(help="The ways into the vault.", invoke_without_command=True)
app.add_typer(slots_app, name="slots")


@slots_app.callback()
def slots(context: typer.Context) -> None:
    """The ways into the vault."""
    if context.invoked_subcommand is None:
        list_slots(context)


@slots_app.command("list")
def list_slots(context: typer.Context) -> None:
    """List your ways into the vault; those of everybody for admins."""
    session = session_of(context)
    services = session.unlocked()
    found = services.slots()
    rows = [(slot.id, slot.kind, slot.label) for slot in found]
    document = {**vault_document(services.vault_info()), "slots": [_slot_document(slot) for slot in found]}
    session.output.answer(document, table(rows, ("slot", "kind", "label")))


@slots_app.command("add")
def add_slot(
    context: typer.Context,
    label: Annotated[str, typer.Option(help="Name of this computer, as lists show it.")] = "This computer",
) -> None:
    """Let the keychain of this computer open the vault for you too."""
    session = session_of(context)
    slot = session.unlocked().add_keychain_slot(label)
    session.output.answer({"slot": _slot_document(slot)}, f"{slot.id} {slot.kind} {slot.label}")


@slots_app.command("remove")
def remove_slot(
    context: typer.Context, slot: Annotated[str, typer.Argument(metavar="SLOT", help="Id of the slot.")]
) -> None:
    """Remove a way into the vault. The last passphrase of a person stays."""
    session = session_of(context)
    session.unlocked().remove_slot(slot)
    session.output.answer({"removed": slot}, f"{slot} opens nothing any more.")


recovery_app = typer.Typer(help="Printed codes for a forgotten passphrase.", no_args_is_help=True)
app.add_typer(recovery_app, name="recovery")


@recovery_app.command("new")
def new_recovery(context: typer.Context) -> None:
    """Make a recovery code. It is shown once, and opens the vault only after two of its groups were typed back."""
    session = session_of(context)
    services = session.unlocked()
    _keep_code(session, services.new_recovery_code(), services.keep_recovery_code)
    session.output.answer({"kept": True}, "The recovery code is kept. An older one opens nothing any more.")


@recovery_app.command("use")
def use_recovery(
    context: typer.Context,
    new_passphrase_file: NewPassphrase = None,
    code_file: Annotated[
        Path | None, typer.Option(help="File whose first line is the recovery code.", dir_okay=False)
    ] = None,
) -> None:
    """Open the vault with a recovery code, set a new passphrase and get a new code. The old code is spent."""
    session = session_of(context)
    code = session.line("Recovery code: ") if code_file is None else session.first_line(code_file)
    new = session.new_passphrase(new_passphrase_file)
    services = session.services
    with hidden(code), hidden(new):
        pending = services.unlock_with_recovery_code(code, new)
    _keep_code(session, pending, services.keep_recovery_code)
    session.output.answer(
        {"changed": True, "kept": True, "person": services.user().name},
        "The new passphrase opens the vault, and the new recovery code is kept.",
    )


@recovery_app.command("emergency")
def new_emergency(context: typer.Context) -> None:
    """As an admin, make the emergency code, to be printed and sealed. Whoever uses it must give a reason."""
    session = session_of(context)
    services = session.unlocked()
    _keep_code(session, services.new_emergency_code(), services.keep_emergency_code)
    session.output.answer({"kept": True}, "The emergency code is kept. An older one opens nothing any more.")


def _keep_code(session: Session, pending: PendingCode, keep: Callable[[PendingCode, dict[int, str]], Slot]) -> None:
    """Show a code once and ask for two of its groups."""
    session.output.note(f"Print or write down this code. It is not shown again:\n\n    {pending.text}\n")
    keep(pending, {number: session.line(f"Group {number} of the code: ") for number in pending.asked})


def _slot_document(slot: Slot) -> dict[str, str]:
    return {"id": slot.id, "kind": slot.kind, "label": slot.label}


@app.command("check-update")
def check_update(
    context: typer.Context,
    notice: Annotated[Path, typer.Argument(help="File of the notice, as it was published with a version.")],
) -> None:
    """Say whether a signed notice of a new version is genuine. Nothing is fetched or installed."""
    session = session_of(context)
    found = session.unlocked().check_update(notice)
    text = f"Version {found.version} of {found.released} is " + (
        "newer than this one. Install it yourself, when no job is running."
        if found.is_newer
        else "not newer than this one."
    )
    session.output.answer(
        {"version": found.version, "released": found.released, "newer": found.is_newer, "packages": found.packages},
        text,
    )
