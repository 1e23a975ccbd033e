"""``cloud``: signing in and out, accounts, and what their server offers. Passwords are typed or read from stdin."""

from __future__ import annotations

import getpass
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clarity_desktop.cli.output import table
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.errors import ConflictError, UsageError

if TYPE_CHECKING:
    from clarity_desktop.app.cloud_sessions import CloudAccount, CloudChallenge

__all__ = ["app"]

app = typer.Typer()
Url = Annotated[str, typer.Argument(help="Address of the server, as the vault knows it.")]
Email = Annotated[str, typer.Option(help="E-mail address of the account.")]

_ASKED = {
    "software_token": "Six digits of the authenticator app: ",
    "sms": "Code from the text message: ",
    "new_password": "New password: ",
}


def _secret(prompt: str) -> str:
    """A secret typed unseen, or the next line of stdin; never an argument."""
    if sys.stdin.isatty():
        return getpass.getpass(prompt, sys.stderr)
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise UsageError(
            "cloud.no_password",
            "A password or code is needed.",
            remedy="Type it, or give it as the next line of stdin.",
        )
    return line


@app.command("server")
def server(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="Address of the server: https://server.example.")],
    region: Annotated[str | None, typer.Option(help="Region of the identity service.")] = None,
    pool: Annotated[str | None, typer.Option(help="Id of its user pool.")] = None,
    client: Annotated[str | None, typer.Option(help="Id of the program there.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="Another address of the identity service.")] = None,
    ca_file: Annotated[Path | None, typer.Option(help="PEM file of an own authority.", dir_okay=False)] = None,
    pin: Annotated[str | None, typer.Option(help="SHA-256 of the one certificate to trust, in hex.")] = None,
    proxy: Annotated[
        str | None, typer.Option(help="Address of a proxy, without name and password; direct for none.")
    ] = None,
    login: Annotated[
        str | None, typer.Option(help="pool; or server or clinic: the password goes to the server then.")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="Profile of a server that serves no document.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Forget the server.")] = False,
) -> None:
    """Add a server to the vault or change it."""
    from clarity_desktop.app.cloud_servers import server_document

    session = session_of(context)
    services = session.unlocked()
    if remove:
        services.remove_cloud_server(url)
        session.output.answer({"server": url, "removed": True}, "Removed.")
        return
    if proxy is not None and "@" in proxy:
        raise UsageError(
            "cloud.proxy",
            "A proxy's password is no argument of a command.",
            remedy="Enter it on the account page; it is kept in the keychain.",
        )
    given = {
        "region": region,
        "pool_id": pool,
        "client_id": client,
        "endpoint": endpoint,
        "ca_file": None if ca_file is None else str(ca_file.resolve()),
        "pin": pin,
        "proxy": proxy,
        "login": login,
        "chosen_profile": profile,
    }
    found = services.set_cloud_server(url, **{name: value for name, value in given.items() if value is not None})
    if found.login != "pool":
        from clarity_desktop.cloud.auth.server_login import SERVER_LOGIN_REASON

        session.output.note(SERVER_LOGIN_REASON)
    session.output.answer(server_document(found), f"{found.url}: sign-in by {found.login}.")


@app.command("sign-in")
def sign_in(
    context: typer.Context,
    url: Url,
    email: Email,
    another: Annotated[
        bool, typer.Option("--another", help="Let the vault know a further account beside the one it has.")
    ] = False,
    remember: Annotated[
        bool, typer.Option("--remember", help="Ask this computer for no second factor again, where that is offered.")
    ] = False,
) -> None:
    """Sign in. The password is typed or the next line of stdin; codes that are asked for follow in the same way."""
    from clarity_desktop.app.cloud_sessions import CloudAccount

    session = session_of(context)
    services = session.unlocked()
    found: CloudAccount | CloudChallenge = services.cloud_sign_in(
        url, email, _secret("Password: "), another=another, remember=remember
    )
    while not isinstance(found, CloudAccount):
        if found.kind not in _ASKED:
            raise ConflictError(
                "cloud.challenge",
                "The account asks for a way of proof that this program does not know.",
                remedy="Ask the operator for an authenticator app or a text message as second factor.",
                detail=found.name,
            )
        if found.hint:
            session.output.note(f"A code was sent to {found.hint}.")
        found = services.cloud_answer(found, _secret(_ASKED[found.kind]))
    kept = services.cloud_status().is_kept
    words = "" if kept else " No keychain is there, so the sign-in ends with this program."
    session.output.answer({**_told(found), "kept": kept}, f"Signed in as {found.email} at {found.server}.{words}")


@app.command("sign-out")
def sign_out(
    context: typer.Context,
    account: Annotated[str | None, typer.Option(help="Key of an account; the current one without.")] = None,
    everywhere: Annotated[bool, typer.Option("--everywhere", help="End the sessions of all machines.")] = False,
) -> None:
    """Sign out. All data stays here; the server may take an old token until it ends by itself."""
    session = session_of(context)
    confirmed = session.unlocked().cloud_sign_out(account, everywhere=everywhere)
    words = "Signed out." if confirmed else "Signed out here; the service did not confirm it."
    session.output.answer({"signed_in": False, "confirmed": confirmed, "everywhere": everywhere}, words)


@app.command("status")
def status(context: typer.Context) -> None:
    """Say how the vault stands with servers. Asks none."""
    from clarity_desktop.app.cloud_servers import server_document

    session = session_of(context)
    services = session.unlocked()
    found = services.cloud_status()
    document = {
        "sending": found.sending,
        "signed_in": found.signed_in,
        "kept": found.is_kept,
        "remembered": found.remembers,
        "ends": found.ends,
        "ending_soon": [{**_told(one), "ends": end} for one, end in services.cloud_ending_soon()],
        "profile": None if found.current is None else found.current.profile,
        "account": None if found.current is None else _told(found.current),
        "accounts": [_told(one) for one in found.accounts],
        "servers": [server_document(one) for one in found.servers],
    }
    rows = [(one.email, one.server, one.profile, "current" if one == found.current else "") for one in found.accounts]
    lines = [
        "Sending to outside services is " + ("on." if found.sending else "off."),
        "Signed in." if found.signed_in else "Not signed in.",
        table(rows, ("account", "server", "profile", "")) if rows else "",
        *(
            f"The sign-in of {one.email} ends {datetime.fromtimestamp(end, UTC):%Y-%m-%d %H:%M} UTC; nothing renews it."
            for one, end in services.cloud_ending_soon()
        ),
    ]
    session.output.answer(document, "\n".join(line for line in lines if line))


@app.command("register")
def register(
    context: typer.Context,
    url: Url,
    email: Email,
    name: Annotated[str, typer.Option(help="Name to be shown at the server.")] = "",
) -> None:
    """Make an account. The password is typed or the next line of stdin."""
    session = session_of(context)
    confirmed = session.unlocked().cloud_register(url, email, _secret("New password: "), name)
    words = "The account is ready." if confirmed else "A code is on its way by mail: clarity-desktop cloud confirm."
    session.output.answer({"registered": True, "confirmed": confirmed}, words)


@app.command("confirm")
def confirm(
    context: typer.Context,
    url: Url,
    email: Email,
    again: Annotated[bool, typer.Option("--again", help="Let the code be sent once more.")] = False,
) -> None:
    """Confirm an account by the code from its mail, typed or the next line of stdin."""
    session = session_of(context)
    services = session.unlocked()
    if again:
        services.cloud_send_code(url, email)
        session.output.answer({"confirmed": False, "sent": True}, "If there is such an account, a code is on its way.")
        return
    services.cloud_confirm(url, email, _secret("Code from the mail: "))
    session.output.answer({"confirmed": True, "sent": False}, "The account is confirmed.")


@app.command("reset")
def reset(
    context: typer.Context,
    url: Url,
    email: Email,
    with_code: Annotated[bool, typer.Option("--with-code", help="Set the password with a code that has come.")] = False,
) -> None:
    """Let a code for a new password be sent, or set it with the code: code, then password, as lines of stdin."""
    session = session_of(context)
    services = session.unlocked()
    if not with_code:
        services.cloud_forgot_password(url, email)
        session.output.answer({"reset": False, "sent": True}, "If there is such an account, a code is on its way.")
        return
    code = _secret("Code from the mail: ")
    services.cloud_reset_password(url, email, code, _secret("New password: "))
    session.output.answer({"reset": True, "sent": False}, "The new password holds.")


@app.command("probe")
def probe(context: typer.Context) -> None:
    """Ask the server's health probes: whether it can be reached, not that it works."""
    session = session_of(context)
    found = session.unlocked().cloud_probe()
    rows = [(name, "answers" if answers else "no answer") for name, answers in found.items()]
    session.output.answer({"probes": found}, table(rows, ("probe", "state")))


@app.command("factor")
def factor(
    context: typer.Context,
    use: Annotated[
        str | None, typer.Option(metavar="app|sms|none", help="What to ask for besides the password.")
    ] = None,
) -> None:
    """Say what the account asks for besides its password, or change it.

    An app is set up on the spot where there is none: its secret is written to stderr once, and the first six digits
    are typed or the next line of stdin.
    """
    session = session_of(context)
    services = session.unlocked()
    if use == "app":
        found = services.cloud_begin_app()
        session.output.note(f"Secret for the authenticator app, kept nowhere: {found.secret}")
        services.cloud_finish_app(_secret("Six digits of the app: "))
    elif use is not None:
        services.cloud_prefer_factor(use)
    now = services.cloud_factors()
    document = {"enabled": list(now.enabled), "preferred": now.preferred, "has_phone": now.has_phone}
    session.output.answer(document, f"Besides the password: {now.preferred or 'nothing'}.")


@app.command("forget-computer")
def forget_computer(context: typer.Context) -> None:
    """Let the second factor be asked for on this computer again."""
    session = session_of(context)
    confirmed = session.unlocked().cloud_forget_device()
    words = "Forgotten." if confirmed else "Forgotten here; the service did not confirm it."
    session.output.answer({"remembered": False, "confirmed": confirmed}, words)


def _told(account: CloudAccount) -> dict[str, Any]:
    from clarity_desktop.app.cloud_sessions import account_document

    return {**account_document(account), "key": account.key}
