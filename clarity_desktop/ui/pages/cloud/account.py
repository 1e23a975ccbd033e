"""The account page: who is signed in where, what a person can do about it, and the servers the vault knows."""

from __future__ import annotations

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
from clarity_desktop.ui.pages.cloud.account_forms import (
    action_button,
    ask_challenge,
    ask_code,
    ask_new_password,
    ask_registration,
    ask_server,
    ask_sign_in,
)
from clarity_desktop.ui.pages.security.loaded import LoadedPage, count_words, enable, when
from clarity_desktop.ui.qt import QHBoxLayout, QLineEdit, Qt, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app.cloud_servers import CloudServer
    from clarity_desktop.app.cloud_sessions import CloudStatus

__all__ = ["AccountPage"]

_NO_RIGHT = "Only those who may send, or an admin, sign in"
_NO_POLICY = "An admin adds and changes servers"
_OFF = "Sending to outside services is switched off; an admin can switch it on in the settings"
_NO_SERVER = "Add a server first"


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
        self._places(column)

    def _own(self, column: QVBoxLayout) -> None:
        card = Card("Signed in", "Everything on this machine works without an account")
        self.values: dict[str, Label] = {}
        for number, name in enumerate(("Account", "Server", "Contract", "Sign-in", "Reachable")):
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

    def _places(self, column: QVBoxLayout) -> None:
        self.servers_card = Card("Servers")
        columns = (Column("Address"), Column("Sign-in by", 150), Column("Profile", 100), Column("Asked", 190))
        self.servers = RecordTable("Servers", columns)
        self.servers.current_changed.connect(lambda _: self._enable())
        self.servers_card.body.addWidget(self.servers)
        self.no_server = Label("None yet. The operator of a server gives its address and its sign-in.", "body", "muted")
        self.servers_card.body.addWidget(self.no_server)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.add = action_button("Add a server", "normal", "plus", lambda: self.edit_server(None))
        self.change = action_button("Change", "normal", "pencil", lambda: self.edit_server(self._server()))
        self.check = action_button("Check contract", "normal", "scan-line", self.open_check)
        self.remove = action_button("Remove", "danger", "trash-2", self.remove_server)
        for button in (self.add, self.change, self.check):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.remove)
        self.servers_card.body.addLayout(row)
        column.addWidget(self.servers_card)

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
            "Sign-in": kept if data.signed_in else "Signed out; what waits to be sent stays here",
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
        logins = {"pool": "identity service", "server": "server itself"}
        self.servers.show_records(
            [
                Record(one.url, (one.url, logins[one.login], one.profile or "unknown", when(one.detected or None)))
                for one in data.servers
            ]
        )
        self.servers_card.set_title("Servers", count_words(len(data.servers), "server"))
        self.servers.setVisible(bool(data.servers))
        self.no_server.setVisible(not data.servers)
        self._enable()

    def _enable(self) -> None:
        data = self._status
        if data is None:
            return
        may = bool(self._rights & {Right.SEND_INSIGHT, Right.SET_POLICY})
        policy = "" if Right.SET_POLICY in self._rights else _NO_POLICY
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
        place = "" if self._server() is not None else "Choose a server first"
        enable(self.add, policy)
        enable(self.change, policy or place)
        enable(self.remove, policy or place)
        enable(self.check, place)

    def _server(self) -> CloudServer | None:
        if self._status is None:
            return None
        key = self.servers.current_key()
        found = next((one for one in self._status.servers if one.url == key), None)
        only = self._status.servers[0] if len(self._status.servers) == 1 else None
        return found or only

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
            words = f"{len(found) - len(silent)} of {len(found)} probes answered"
            self.values["Reachable"].setText(words + (f"; silent: {', '.join(silent)}" if silent else ""))

        def refused(error: ClarityError) -> None:
            self.values["Reachable"].setText(f"{error.message} {error.remedy}")

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

    # -- servers ----------------------------------------------------------------------------------------------

    def edit_server(self, server: CloudServer | None) -> None:
        """Ask for a server's address, identity service and trust."""
        words = (
            "The change is an entry of the audit. The identity service proves the password without seeing it. With the "
            "server's own sign-in the password is sent to the server, which is known to write sign-ins into its log."
        )
        ask_server(self.window(), self.services, server, words, lambda _: self.reload())

    def remove_server(self) -> None:
        """Ask, then forget a server."""
        server = self._server()
        if server is None:
            return
        confirm(
            self.window(),
            "Remove the server?",
            f"{server.url} is forgotten here. Nothing changes at the server.",
            verb="Remove",
            on_confirm=lambda: self._do(lambda: self.services.remove_cloud_server(server.url)),
        )

    def open_check(self) -> None:
        """Show what the server offers."""
        server = self._server()
        if server is not None:
            self.go.emit("server-check", {"url": server.url})
