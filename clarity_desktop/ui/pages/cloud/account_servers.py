"""The card of servers on the account page: their addresses, how one signs in there, and what an admin can change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.record_table import Column, Record, RecordTable
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.confirm import confirm
from clarity_desktop.ui.jobs import run_mutation
from clarity_desktop.ui.pages.cloud.account_forms import action_button, ask_server
from clarity_desktop.ui.pages.security.loaded import count_words, enable, when
from clarity_desktop.ui.qt import QHBoxLayout, Signal

if TYPE_CHECKING:
    from clarity_desktop.app import Services
    from clarity_desktop.app.cloud_servers import CloudServer

__all__ = ["ServersCard"]

_NO_POLICY = "An admin adds and changes servers"
_LOGINS = {"pool": "identity service", "server": "server itself", "clinic": "clinic, one token"}
_WORDS = (
    "The change is an entry of the audit. The identity service proves the password without seeing it. With the "
    "server's own sign-in the password is sent to the server, which is known to write sign-ins into its log."
)


class ServersCard(Card):
    """Servers that the vault knows."""

    changed = Signal()
    check_wanted = Signal(str)
    """Address of a server whose contract is to be shown."""

    def __init__(self, services: Services) -> None:
        super().__init__("Servers")
        self._services = services
        self._known: tuple[CloudServer, ...] = ()
        self._may = False
        columns = (Column("Address"), Column("Sign-in by", 150), Column("Profile", 100), Column("Asked", 190))
        self.table = RecordTable("Servers", columns)
        self.table.current_changed.connect(lambda _: self._enable())
        self.body.addWidget(self.table)
        self.none = Label("None yet. The operator of a server gives its address and its sign-in.", "body", "muted")
        self.body.addWidget(self.none)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.add = action_button("Add a server", "normal", "plus", lambda: self.edit(None))
        self.change = action_button("Change", "normal", "pencil", lambda: self.edit(self.chosen()))
        self.check = action_button("Check contract", "normal", "scan-line", self.open_check)
        self.remove = action_button("Remove", "danger", "trash-2", self.remove_server)
        for button in (self.add, self.change, self.check):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.remove)
        self.body.addLayout(row)

    def show_servers(self, servers: tuple[CloudServer, ...], *, may: bool) -> None:
        """Show them; ``may`` says whether the user changes them."""
        self._known, self._may = servers, may
        self.table.show_records(
            [
                Record(one.url, (one.url, _LOGINS[one.login], one.profile or "unknown", when(one.detected or None)))
                for one in servers
            ]
        )
        self.set_title("Servers", count_words(len(servers), "server"))
        self.table.setVisible(bool(servers))
        self.none.setVisible(not servers)
        self._enable()

    def _enable(self) -> None:
        policy = "" if self._may else _NO_POLICY
        place = "" if self.chosen() is not None else "Choose a server first"
        enable(self.add, policy)
        enable(self.change, policy or place)
        enable(self.remove, policy or place)
        enable(self.check, place)

    def chosen(self) -> CloudServer | None:
        """The chosen server, or the only one."""
        found = next((one for one in self._known if one.url == self.table.current_key()), None)
        only = self._known[0] if len(self._known) == 1 else None
        return found or only

    def edit(self, server: CloudServer | None) -> None:
        """Ask for a server's address, identity service and trust."""
        ask_server(self.window(), self._services, server, _WORDS, lambda _: self.changed.emit())

    def remove_server(self) -> None:
        """Ask, then forget a server."""
        server = self.chosen()
        if server is None:
            return

        def remove() -> None:
            act = self._services.remove_cloud_server
            run_mutation(self, lambda: act(server.url), lambda _: self.changed.emit())

        confirm(
            self.window(),
            "Remove the server?",
            f"{server.url} is forgotten here. Nothing changes at the server.",
            verb="Remove",
            on_confirm=remove,
        )

    def open_check(self) -> None:
        """Show what the server offers."""
        server = self.chosen()
        if server is not None:
            self.check_wanted.emit(server.url)
