"""``healthz``, ``readyz`` and ``version``: for machines that watch this one, and for reports of what runs where."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import typer

from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import Session, session_of
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.program import ProgramIdentity

__all__ = ["healthz", "identity_document", "opened_where_asked", "readyz", "version"]


def healthz(context: typer.Context) -> None:
    """Say whether the program starts and the vault's files can be read as a vault. Asks for no passphrase."""
    session = session_of(context)
    services = session.services
    services.check_vault_at_rest()
    session.output.answer({"version": services.version, "vault": services.vault_directory}, "The vault can be read.")


def readyz(context: typer.Context) -> None:
    """Say of vault, schema, disk, models, keychain and servers whether each is ready: ok, warn or fail.

    With a passphrase before the command the schema and the servers are looked at too.
    """
    session = session_of(context)
    services = opened_where_asked(session)
    with session.cancellable() as cancel:
        found = services.readiness(cancel)
    ready = all(one.state != "fail" for one in found)
    document = {"ready": ready, "checks": [asdict(one) for one in found]}
    lines = []
    for one in found:
        lines.append(f"{one.state:<5}{one.name}: {one.detail}")
        if one.remedy:
            lines.append(f"     {one.remedy}")
    if ready:
        session.output.answer(document, "\n".join(lines))
        return
    session.output.fail(
        ClarityError("ready.not", "Something needed is not ready.", remedy="See the lines that say fail."),
        document,
        "\n".join(lines),
    )


def version(context: typer.Context) -> None:
    """Say which build this is: version, schema, server contract, models, source."""
    session = session_of(context)
    found = session.services.identity()
    document = identity_document(found)
    rows: list[tuple[str, object]] = [
        ("app", found.app),
        ("schema", found.schema),
        ("API contract", f"{found.api_contract['version']}, {found.api_contract['sha256'][:16]}"),
        *(("model", f"{one.id} {one.sha256[:16]}") for one in found.models),
        *((f"build {name}", value) for name, value in found.build.items() if value),
    ]
    session.output.answer(document, table(rows, ("part", "what")))


def identity_document(found: ProgramIdentity) -> dict[str, Any]:
    """What build this is, as commands and files give it."""
    return {
        "app": found.app,
        "schema": found.schema,
        "api_contract": dict(found.api_contract),
        "models": [asdict(one) for one in found.models],
        "build": dict(found.build),
    }


def opened_where_asked(session: Session) -> Any:
    """The services: with the vault open where a passphrase was named before the command, else as they are."""
    options = session.options
    given = options.passphrase_file is not None or options.passphrase_stdin
    return session.unlocked() if given else session.services
