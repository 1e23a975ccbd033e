"""``people``: who opens the vault, and what they may do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.time import format_instant
from clarity_desktop.domain.users import Role, User
from clarity_desktop.logs import hidden

app = typer.Typer(help="Who opens the vault, and their roles.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name, in any case, or id.")]
Roles = Annotated[list[Role], typer.Option("--role", help="May be given several times.")]
NewPassphrase = Annotated[
    Path | None,
    typer.Option("--new-passphrase-file", help="File whose first line is their passphrase.", dir_okay=False),
]


@app.command("list")
def list_people(context: typer.Context) -> None:
    """List everybody who opens the vault, or once did."""
    session = session_of(context)
    users = session.unlocked().users()
    rows = [
        (one.name, ", ".join(sorted(one.roles)), format_instant(one.added), "" if one.removed is None else "removed")
        for one in users
    ]
    session.output.answer(
        {"people": [_document(one) for one in users]}, table(rows, ("name", "roles", "since (UTC)", ""))
    )


@app.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Their name; the audit names them by it.")],
    role: Roles,
    new_passphrase_file: NewPassphrase = None,
) -> None:
    """Add somebody with a passphrase of their own."""
    session = session_of(context)
    services = session.unlocked()
    passphrase = session.new_passphrase(new_passphrase_file)
    with hidden(passphrase):
        user = services.add_user(name, passphrase, set(role))
    session.output.answer({"people": [_document(user)]}, f"{user.name} opens the vault from now on.")


@app.command("role")
def role_of(context: typer.Context, name: Name, role: Roles) -> None:
    """Give somebody these roles, in place of those they had. The last admin stays one."""
    session = session_of(context)
    services = session.unlocked()
    services.set_user_roles(services.find_user(name).id, set(role))
    user = services.find_user(name)
    session.output.answer({"people": [_document(user)]}, f"{user.name}: {', '.join(sorted(user.roles))}")


@app.command("rename")
def rename(
    context: typer.Context,
    name: Name,
    new_name: Annotated[str, typer.Argument(metavar="NEW", help="Their new name.")],
) -> None:
    """Give somebody another name."""
    session = session_of(context)
    services = session.unlocked()
    user = services.find_user(name)
    services.rename_user(user.id, new_name)
    session.output.answer({"people": [_document(services.find_user(user.id))]}, f"{user.name} is now {new_name}.")


@app.command("remove")
def remove(context: typer.Context, name: Name) -> None:
    """Take all ways in from somebody. What they did stays in the audit."""
    session = session_of(context)
    services = session.unlocked()
    user = services.find_user(name)
    services.remove_user(user.id)
    session.output.answer({"removed": user.id}, f"{user.name} no longer opens the vault.")


@app.command("reset-passphrase")
def reset_passphrase(context: typer.Context, name: Name, new_passphrase_file: NewPassphrase = None) -> None:
    """Give somebody who has forgotten theirs a new passphrase."""
    session = session_of(context)
    services = session.unlocked()
    user = services.find_user(name)
    passphrase = session.new_passphrase(new_passphrase_file)
    with hidden(passphrase):
        services.reset_user_passphrase(user.id, passphrase)
    session.output.answer({"changed": user.id}, f"{user.name} has a new passphrase.")


def _document(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "roles": sorted(user.roles),
        "added": format_instant(user.added),
        "removed": None if user.removed is None else format_instant(user.removed),
    }
