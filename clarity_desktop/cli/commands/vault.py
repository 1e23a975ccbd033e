"""``vault``: the encrypted store and its keys."""

from __future__ import annotations

from typing import Any

import typer

from clarity_desktop.cli.documents import vault_document
from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.errors import ConflictError, IntegrityError

app = typer.Typer(help="The encrypted store and its keys.", no_args_is_help=True)


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
    services.create_vault(session.passphrase("New passphrase: ", twice=True))
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


@app.command("slots")
def slots(context: typer.Context) -> None:
    """List the ways into the vault."""
    session = session_of(context)
    facts = session.unlocked().vault_info()
    rows = [(slot.id, slot.kind, slot.label) for slot in facts.slots]
    session.output.answer(vault_document(facts), table(rows, ("slot", "kind", "label")))


@app.command("lock-status")
def lock_status(context: typer.Context) -> None:
    """Say whether there is a vault, and whether this computer's keychain opens it."""
    session = session_of(context)
    services = session.services
    exists = services.vault_exists()
    keychain = exists and services.unlock_with_keychain()
    place = services.vault_directory
    if not exists:
        text = f"There is no vault at {place}"
    elif keychain:
        text = f"{place} opens with the keychain of this account"
    else:
        text = f"{place} is locked and opens with its passphrase"
    session.output.answer({"vault": place, "exists": exists, "opens_with_keychain": keychain}, text)
