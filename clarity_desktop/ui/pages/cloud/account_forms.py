"""The forms of the account page: sign-in with its challenges, registration, code, new password, and servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.choice import CheckBox, Choice
from clarity_desktop.ui.components.field import Field, PassphraseEdit
from clarity_desktop.ui.dialogs.form import ask_form, with_secrets
from clarity_desktop.ui.qt import QGridLayout, QLineEdit, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services
    from clarity_desktop.app.cloud_servers import CloudServer
    from clarity_desktop.app.cloud_sessions import CloudChallenge

__all__ = [
    "action_button",
    "ask_challenge",
    "ask_code",
    "ask_new_password",
    "ask_registration",
    "ask_server",
    "ask_sign_in",
]

_RULE = "At least 8 characters: small and capital letter, digit, sign"
_CHALLENGES = {
    "software_token": ("Code of the authenticator app", "Six digits", "The account asks for its second factor."),
    "sms": ("Code from the text message", "Six digits", "A code was sent as a text message."),
    "new_password": ("New password", _RULE, "The password came from an operator and is to be replaced now."),
}
_Found = Callable[[object], None]


def _servers(servers: tuple[CloudServer, ...], current: str) -> Choice:
    return Choice([(one.url, one.url) for one in servers], current or servers[0].url)


def _pairs(fields: list[Field]) -> QWidget:
    """Fields two in a row, so that a long form fits a small screen."""
    both = QWidget()
    grid = QGridLayout(both)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(12)
    for number, field in enumerate(fields):
        grid.addWidget(field, number // 2, number % 2)
    return both


def _filled(*lines: QLineEdit) -> Callable[[], str]:
    return lambda: "" if all(line.text().strip() for line in lines) else "Fill in every field first"


def ask_sign_in(
    window: QWidget,
    services: Services,
    servers: tuple[CloudServer, ...],
    email: str,
    current: str,
    *,
    another: bool,
    done: _Found,
) -> None:
    """Ask for e-mail and password; ``done`` gets an account or a challenge."""
    server, name, password = _servers(servers, current), QLineEdit(email), PassphraseEdit()
    by_server = {one.url for one in servers if one.login == "server"}
    fields = {"email": Field("E-mail", name), "password": Field("Password", password)}
    remember = CheckBox("Remember this computer")
    remember.setAccessibleDescription("The second factor is not asked for here again, where the service offers that")
    remember.setToolTip(remember.accessibleDescription())

    def act() -> Callable[[], object]:
        typed = password.text()
        url, address = server.value(), name.text()
        keep = remember.isChecked()
        return with_secrets(lambda: services.cloud_sign_in(url, address, typed, another=another, remember=keep), typed)

    words = "The password proves itself to the identity service and does not leave this machine."
    if by_server:
        words += " At servers set to their own sign-in it is sent to the server itself."
    ask_form(
        window,
        "Sign in with another account" if another else "Sign in",
        words,
        (Field("Server", server), *fields.values(), remember),
        "Sign in",
        act,
        done,
        ready=_filled(name, password),
        fields={
            "cloud.wrong_password": fields["password"],
            "cloud.invalid_credentials": fields["password"],
            "cloud.not_confirmed": fields["email"],
            "cloud.email_not_verified": fields["email"],
        },
        named=fields,
    )


def ask_challenge(window: QWidget, services: Services, challenge: CloudChallenge, done: _Found) -> None:
    """Ask for what the identity service wants besides the password."""
    label, help_text, words = _CHALLENGES[challenge.kind]
    line = PassphraseEdit() if challenge.kind == "new_password" else QLineEdit()
    field = Field(label, line, help_text)

    def act() -> Callable[[], object]:
        typed = line.text()
        return with_secrets(lambda: services.cloud_answer(challenge, typed), typed)

    sent = f" It went to {challenge.hint}." if challenge.hint else ""
    ask_form(
        window,
        "One more step",
        words + sent,
        (field,),
        "Go on",
        act,
        done,
        ready=_filled(line),
        fields={"cloud.wrong_code": field, "cloud.old_code": field, "cloud.password_rule": field},
    )


def ask_registration(
    window: QWidget, services: Services, servers: tuple[CloudServer, ...], done: Callable[[str, str, bool], None]
) -> None:
    """Ask for what a new account needs; ``done`` gets server, e-mail, and whether it is confirmed already."""
    server, email, name, password = _servers(servers, ""), QLineEdit(), QLineEdit(), PassphraseEdit()
    fields = {
        "email": Field("E-mail", email),
        "display_name": Field("Name, as the server shows it", name),
        "password": Field("Password", password, _RULE),
    }

    def act() -> Callable[[], object]:
        typed, url, address, shown = password.text(), server.value(), email.text(), name.text()
        return with_secrets(lambda: (url, address, services.cloud_register(url, address, typed, shown)), typed)

    def found(answer: object) -> None:
        if isinstance(answer, tuple):
            done(*answer)

    ask_form(
        window,
        "Make an account",
        "The account is made at the server. Nothing of anybody goes there before you switch it on for a person.",
        (Field("Server", server), *fields.values()),
        "Make account",
        act,
        found,
        ready=_filled(email, password),
        fields={
            "cloud.account_exists": fields["email"],
            "cloud.password_rule": fields["password"],
            "cloud.validation_error": fields["email"],
        },
        named=fields,
    )


def ask_code(window: QWidget, services: Services, url: str, email: str, done: _Found) -> None:
    """Ask for the code from the mail that confirms an account."""
    address, code = QLineEdit(email), QLineEdit()
    where, field = Field("E-mail", address), Field("Code", code, "Six digits from the mail")

    def act() -> Callable[[], object]:
        who, typed = address.text(), code.text()
        return lambda: services.cloud_confirm(url, who, typed)

    ask_form(
        window,
        "Confirm the account",
        "The server has sent a code by mail. It can be sent again from the account page.",
        (where, field),
        "Confirm",
        act,
        done,
        ready=_filled(address, code),
        fields={"cloud.wrong_code": field, "cloud.old_code": field},
        named={"email": where, "code": field},
    )


def ask_new_password(window: QWidget, services: Services, url: str, email: str, done: _Found) -> None:
    """Ask for the code from the mail and a new password."""
    code, password = QLineEdit(), PassphraseEdit()
    fields = {
        "code": Field("Code", code, "Six digits from the mail"),
        "password": Field("New password", password, _RULE),
    }

    def act() -> Callable[[], object]:
        digits, typed = code.text(), password.text()
        return with_secrets(lambda: services.cloud_reset_password(url, email, digits, typed), typed)

    ask_form(
        window,
        "Set a new password",
        f"If there is an account for {email}, a code is on its way.",
        tuple(fields.values()),
        "Set password",
        act,
        done,
        ready=_filled(code, password),
        fields={
            "cloud.wrong_code": fields["code"],
            "cloud.old_code": fields["code"],
            "cloud.password_rule": fields["password"],
        },
        named={**fields, "new_password": fields["password"]},
    )


def ask_server(window: QWidget, services: Services, server: CloudServer | None, reason: str, done: _Found) -> None:
    """Ask for a server's address, its identity service, and trust."""
    url = QLineEdit("" if server is None else server.url)
    url.setReadOnly(server is not None)
    lines = {
        name: QLineEdit("" if server is None else str(getattr(server, name)))
        for name in ("region", "pool_id", "client_id", "ca_file", "pin", "proxy")
    }
    login = Choice(
        [
            ("pool", "Identity service: the password stays here"),
            ("server", "Server: the password is sent to it"),
            ("clinic", "Clinic server: the password is sent to it, for one token"),
        ],
        "pool" if server is None else server.login,
    )
    choices = [("", "By the server's document"), ("openapi", "openapi"), ("audit", "audit"), ("draft", "draft")]
    profile = Choice(choices, "" if server is None else server.chosen_profile)
    fields = {
        "url": Field("Address", url, "https://server.example; plain http on this machine alone"),
        "login": Field("Sign-in by", login),
        "region": Field("Region of the identity service", lines["region"]),
        "pool_id": Field("User pool", lines["pool_id"]),
        "client_id": Field("Client", lines["client_id"]),
        "ca_file": Field("Own authority", lines["ca_file"], "PEM file, besides what this computer trusts"),
        "pin": Field("Pinned certificate", lines["pin"], "SHA-256 in hex"),
        "proxy": Field("Proxy", lines["proxy"], "Empty: as the computer; direct: none"),
        "profile": Field("Profile", profile, "Only for a server that serves no document"),
    }

    def act() -> Callable[[], object]:
        address = url.text()
        given = {name: line.text().strip() for name, line in lines.items()}
        given |= {"login": login.value(), "chosen_profile": profile.value()}
        return lambda: services.set_cloud_server(address, **given)

    ask_form(
        window,
        "Change the server" if server is not None else "Add a server",
        reason,
        (fields["url"], fields["login"], _pairs([one for name, one in fields.items() if name not in ("url", "login")])),
        "Keep",
        act,
        done,
        ready=_filled(url),
        fields={
            "cloud.address": fields["url"],
            "cloud.plain_http": fields["url"],
            "cloud.ca_file": fields["ca_file"],
            "cloud.profile": fields["profile"],
        },
        width=560,
    )


def action_button(text: str, kind: str, icon: str, act: Callable[[], object]) -> Button:
    """A button that does something without arguments."""
    button = Button(text, kind, icon)
    button.clicked.connect(lambda _=False: act())
    return button
