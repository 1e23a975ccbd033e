"""The account page: who is signed in where, what a person can do about it, and the servers the vault knows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.users import Right
from clarity_desktop.ui.components.badge import Badge
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.record_table import Column, Record, RecordTable
from clarity_desktop.ui.components.text import Label, rule
from clarity_desktop.ui.dialogs.confirm import confirm
from clarity_desktop.ui.dialogs.form import ask_form
from clarity_desktop.ui.jobs import board, run_mutation
from clarity_desktop.ui.pages.cloud.account_factor import SecondFactorCard
from clarity_desktop.ui.pages.cloud.account_forms import (
    action_button,
    ask_challenge,
    ask_code,
    ask_new_password,
    ask_registration,
    ask_sign_in,
)
from clarity_desktop.ui.pages.cloud.account_servers import ServersCard
from clarity_desktop.ui.pages.security.loaded import LoadedPage, count_words, enable, when
from clarity_desktop.ui.qt import QHBoxLayout, QLineEdit, Qt, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app.cloud_servers import CloudServer
    from clarity_desktop.app.cloud_sessions import CloudStatus

__all__ = ["AccountPage"]

_NO_RIGHT = "Only those who may send, or an admin, sign in"
_ANNOUNCED_S = 86_400
_OFF = "Sending to outside services is switched off; an admin can switch it on in the settings"
_NO_SERVER = "Add a server first"


def _trust_words(data: CloudStatus) -> str:
    """What the server's certificate is checked against; it always is."""
    server = next((one for one in data.servers if data.current is not None and one.url == data.current.server), None)
    if server is None:
        return "–"
    own = data.authority.replace(":", "").upper()
    pairs = ":".join(own[at : at + 2] for at in range(0, len(own), 2))
    told = (
        "What this computer trusts"
        if not own
        else f"Besides what this computer trusts an own authority, SHA-256 {pairs}"
    )
    if data.authority == "unreadable":
        told = "The file of the own authority cannot be read: no connection is made"
    return told + (f"; one certificate alone, SHA-256 {server.pin}" if server.pin else "")


def _sign_in_words(data: CloudStatus, kept: str) -> str:
    if not data.signed_in:
        return "Signed out; what waits to be sent stays here"
    return kept if data.ends is None else f"{kept}. It ends {when(data.ends)}, and nothing renews it"


class AccountPage(LoadedPage):
    """Signing in and out. Local work needs none of it."""

    id: ClassVar[str] = "account"
    title: ClassVar[str] = "Account"
    icon: ClassVar[str] = "user"
    watches: ClassVar[Change] = Change.SETTINGS

    def build(self, column: QVBoxLayout) -> None:
        self._status: CloudStatus | None = None
        self._rights: frozenset[Right] = frozenset()
        self.badge = Badge("Not signed in", "cloud-off", "neutral")
        self.sign_in = action_button("Sign in", "primary", "user", self.begin_sign_in)
        self._own(column)
        self._known(column)
        self.factor = SecondFactorCard(self.services)
        self.factor.told.connect(self.told)
        self.factor.changed.connect(self.reload)
        column.addWidget(self.factor)
        self.servers_card = ServersCard(self.services)
        self.servers_card.changed.connect(self.reload)
        self.servers_card.check_wanted.connect(lambda url: self.go.emit("server-check", {"url": url}))
        self.servers_card.table.current_changed.connect(lambda _: self._enable())
        column.addWidget(self.servers_card)

    def _own(self, column: QVBoxLayout) -> None:
        card = Card("Signed in", "Everything on this machine works without an account")
        self.values: dict[str, Label] = {}
        for number, name in enumerate(("Account", "Server", "Contract", "Trust", "Sign-in", "Reachable")):
            if number:
                card.body.addWidget(rule())
            row = QHBoxLayout()
            row.setSpacing(12)
            title = Label(name, "body", "muted")
            title.setFixedWidth(120)
            row.addWidget(title, 0, Qt.AlignmentFlag.AlignTop)
            self.values[name] = Label("–", "body", wrap=True)
            row.addWidget(self.values[name], 1)
            card.body.addLayout(row)
        row = QHBoxLayout()
        row.setSpacing(8)
        card.body.addSpacing(4)
        self.another = action_button("Another account", "normal", "user-plus", lambda: self.begin_sign_in(another=True))
        self.probe = action_button("Ask if it answers", "normal", "refresh-cw", self.ask_probe)
        self.sign_out = action_button("Sign out", "normal", "log-out", self.leave)
        self.everywhere = action_button("Sign out everywhere", "danger", "log-out", self.leave_everywhere)
        for button in (self.another, self.probe, self.sign_out):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.everywhere)
        card.body.addLayout(row)
        column.addWidget(card)

    def _known(self, column: QVBoxLayout) -> None:
        self.accounts_card = Card("Accounts of this vault")
        self.accounts = RecordTable(
            "Accounts of this vault", (Column("E-mail"), Column("Server", 320), Column("Profile", 100))
        )
        self.accounts.current_changed.connect(lambda _: self._enable())
        self.accounts_card.body.addWidget(self.accounts)
        self.no_account = Label("None yet. Sign in, or make an account at a server.", "body", "muted")
        self.accounts_card.body.addWidget(self.no_account)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.choose = action_button("Make current", "normal", "check", self.make_current)
        self.register = action_button("Make an account", "normal", "user-plus", self.begin_registration)
        self.confirm_mail = action_button("Enter code from mail", "normal", "key-round", self.begin_code)
        self.forgotten = action_button("Password forgotten", "normal", "rotate-ccw", self.begin_reset)
        self.forget = action_button("Take off the list", "danger", "trash-2", self.forget_account)
        for button in (self.choose, self.register, self.confirm_mail, self.forgotten):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.forget)
        self.accounts_card.body.addLayout(row)
        column.addWidget(self.accounts_card)

    def toolbar_lead(self) -> list[QWidget]:
        return [self.badge]

    def toolbar_widgets(self) -> list[QWidget]:
        return [self.sign_in]

    def show_rights(self, rights: frozenset[Right]) -> None:
        self._rights = rights
        self._enable()

    # -- what is shown ----------------------------------------------------------------------------------------

    def read(self) -> CloudStatus:
        return self.services.cloud_status()

    def show_data(self, data: CloudStatus) -> None:
        self._status = data
        current = data.current
        if not data.sending:
            self.badge.show_state("Sending switched off", "cloud-off", "neutral", _OFF)
        elif data.ends is not None and data.ends - time.time() <= _ANNOUNCED_S:
            self.badge.show_state(f"Sign-in ends {when(data.ends)}", "hourglass", "warn", "Nothing renews this sign-in")
        elif data.signed_in:
            self.badge.show_state("Signed in", "check", "ok")
        else:
            self.badge.show_state("Not signed in", "cloud-off", "neutral")
        kept = "Kept in the system's keychain" if data.is_kept else "In memory alone; it ends with the program"
        server = next((one for one in data.servers if current is not None and one.url == current.server), None)
        found = "not asked yet" if server is None or not server.detected else f"asked {when(server.detected)}"
        shown = {
            "Account": "–" if current is None else current.email or current.user_id,
            "Server": "–" if current is None else current.server,
            "Contract": "–" if current is None else f"Profile {current.profile or 'unknown'}, {found}",
            "Trust": _trust_words(data),
            "Sign-in": _sign_in_words(data, kept),
        }
        for name, value in shown.items():
            self.values[name].setText(value)
        self.accounts.show_records(
            [
                Record(one.key, (one.email, one.server, one.profile or "unknown"), "check" if one == current else "")
                for one in data.accounts
            ]
        )
        self.accounts_card.set_title("Accounts of this vault", count_words(len(data.accounts), "account"))
        self.accounts.setVisible(bool(data.accounts))
        self.no_account.setVisible(not data.accounts)
        self.servers_card.show_servers(data.servers, may=Right.SET_POLICY in self._rights)
        self._enable()

    def _enable(self) -> None:
        data = self._status
        if data is None:
            return
        may = bool(self._rights & {Right.SEND_INSIGHT, Right.SET_POLICY})
        way = _NO_RIGHT if not may else _OFF if not data.sending else _NO_SERVER if not data.servers else ""
        signed = "" if data.signed_in else "Nobody is signed in"
        for button in (self.sign_in, self.register, self.confirm_mail, self.forgotten):
            enable(button, way)
        enable(self.another, way or ("" if data.accounts else "Sign in first"))
        enable(self.probe, way or signed)
        for button in (self.sign_out, self.everywhere):
            enable(button, (_NO_RIGHT if not may else "") or signed)
        chosen = "" if self.accounts.current_key() else "Choose an account first"
        enable(self.choose, (_NO_RIGHT if not may else "") or chosen)
        enable(self.forget, (_NO_RIGHT if not may else "") or chosen)
        self.factor.show_status(data, way)

    def _server(self) -> CloudServer | None:
        return self.servers_card.chosen()

    # -- signing in and out -----------------------------------------------------------------------------------

    def begin_sign_in(self, another: bool = False) -> None:
        """Ask for e-mail and password, then for whatever else the account wants."""
        data = self._status
        if data is None or not data.servers:
            return
        known = data.current if not another else None
        email = "" if known is None else known.email
        server = "" if known is None else known.server
        ask_sign_in(self.window(), self.services, data.servers, email, server, another=another, done=self._signed_in)

    def _signed_in(self, found: object) -> None:
        from clarity_desktop.app.cloud_sessions import CloudChallenge

        if not isinstance(found, CloudChallenge):
            self.told.emit("Signed in.")
            self.reload()
        elif found.kind == "unsupported":
            board().failed.emit(
                ClarityError(
                    "cloud.challenge",
                    "The account asks for a way of proof that this program does not know.",
                    remedy="Ask the operator for an authenticator app or a text message as second factor.",
                    detail=found.name,
                )
            )
        else:
            ask_challenge(self.window(), self.services, found, self._signed_in)

    def leave(self) -> None:
        """Sign out here. Data and what waits stay."""
        run_mutation(self, self.services.cloud_sign_out, self._left)

    def leave_everywhere(self) -> None:
        """Ask, then end the account's sessions on all machines."""
        confirm(
            self.window(),
            "Sign out everywhere?",
            "Every machine that uses this account has to sign in again. Data stays where it is. The server may take an "
            "old token until it ends by itself, for up to an hour.",
            verb="Sign out everywhere",
            on_confirm=lambda: self._do(lambda: self.services.cloud_sign_out(everywhere=True), self._left),
        )

    def _do(self, act: Callable[[], object], done: Callable[[object], None] | None = None) -> None:
        run_mutation(self, act, done or (lambda _: self.reload()))

    def _left(self, confirmed: object) -> None:
        self.told.emit("Signed out." if confirmed else "Signed out here; the service did not confirm it.")
        self.reload()

    def ask_probe(self) -> None:
        """Ask the server's health probes and say which answered."""
        self.values["Reachable"].setText("Asking…")

        def done(found: dict[str, bool]) -> None:
            silent = [name.replace("_", " ") for name, answers in found.items() if not answers]
            words = f"{len(found) - len(silent)} of {len(found)} probes answered, asked {when(int(time.time()))}"
            self.values["Reachable"].setText(words + (f"; silent: {', '.join(silent)}" if silent else ""))

        def refused(error: ClarityError) -> None:
            self.values["Reachable"].setText(f"{error.message} {error.remedy} Asked {when(int(time.time()))}.")

        run_mutation(self, self.services.cloud_probe, done, refused)

    # -- accounts ---------------------------------------------------------------------------------------------

    def make_current(self) -> None:
        """Let screens and sync speak of the chosen account."""
        key = self.accounts.current_key()
        if key:
            self._do(lambda: self.services.cloud_choose_account(key))

    def forget_account(self) -> None:
        """Ask, then take an account off the list."""
        key = self.accounts.current_key()
        if not key:
            return
        confirm(
            self.window(),
            "Take the account off the list?",
            "What was sent to it stays at the server. It can be added again by signing in.",
            verb="Take off",
            on_confirm=lambda: self._do(lambda: self.services.cloud_forget_account(key)),
        )

    def begin_registration(self) -> None:
        """Ask for what a new account needs."""
        if self._status is None:
            return

        def made(url: str, email: str, confirmed: bool) -> None:
            if confirmed:
                self.told.emit("The account is ready. Sign in with it.")
            else:
                ask_code(self.window(), self.services, url, email, self._confirmed)

        ask_registration(self.window(), self.services, self._status.servers, made)

    def begin_code(self) -> None:
        """Let the code be sent once more, then ask for it."""
        self._with_email(
            "Enter the code from the mail",
            "Send the code again",
            self.services.cloud_send_code,
            lambda url, email: ask_code(self.window(), self.services, url, email, self._confirmed),
        )

    def _confirmed(self, _: object) -> None:
        self.told.emit("The account is confirmed. Sign in with it.")

    def begin_reset(self) -> None:
        """Let a code for a new password be sent, then ask for both."""
        self._with_email(
            "Password forgotten",
            "Send a code",
            self.services.cloud_forgot_password,
            lambda url, email: ask_new_password(
                self.window(), self.services, url, email, lambda _: self.told.emit("The new password holds.")
            ),
        )

    def _with_email(
        self, title: str, verb: str, send: Callable[[str, str], None], then: Callable[[str, str], None]
    ) -> None:
        server = self._server() or (self._status.servers[0] if self._status and self._status.servers else None)
        if server is None:
            return
        url = server.url
        line = QLineEdit("" if self._status is None or self._status.current is None else self._status.current.email)

        def act() -> Callable[[], str]:
            email = line.text().strip()

            def run() -> str:
                send(url, email)
                return email

            return run

        ask_form(
            self.window(),
            title,
            f"A code goes to this address by mail, if there is an account for it at {url}.",
            (Field("E-mail", line),),
            verb,
            act,
            lambda email: then(url, email),
            ready=lambda: "" if line.text().strip() else "Type the e-mail address first",
        )

    def open_check(self) -> None:
        """Show what the chosen server offers."""
        self.servers_card.open_check()
