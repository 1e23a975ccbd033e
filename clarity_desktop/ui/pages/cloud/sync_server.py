"""The server card of the sync panel: account, read-back, the limit of the hour, and when sending goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clarity_desktop.ui.components.buttons import SegmentedSwitch
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.countdown import Countdown
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.pages.cloud.sync_way import LimitBar
from clarity_desktop.ui.pages.cloud.sync_words import READ_BACK, stopped_words, waits_until
from clarity_desktop.ui.pages.security.loaded import when
from clarity_desktop.ui.qt import QHBoxLayout, Qt

if TYPE_CHECKING:
    from clarity_desktop.app.sync_status import SyncStatus
    from clarity_desktop.domain.conditions import CloudCondition

__all__ = ["ServerCard"]

_FACTS = ("Server", "Account", "Read-back", "Last cycle", "Next try", "Leaves the machine", "Stays here")


class ServerCard(Card):
    """Facts of one server and one account; a countdown while its limits or its own words ask to wait."""

    def __init__(self) -> None:
        super().__init__("Server")
        self.facts: dict[str, Label] = {}
        for name in _FACTS:
            row = QHBoxLayout()
            row.setSpacing(12)
            head = Label(name, "body", "muted")
            head.setFixedWidth(140)
            row.addWidget(head, 0, Qt.AlignmentFlag.AlignTop)
            self.facts[name] = Label("–", "body", wrap=True)
            row.addWidget(self.facts[name], 1)
            self.body.addLayout(row)
        line = QHBoxLayout()
        line.setSpacing(12)
        self.bar = LimitBar()
        line.addWidget(self.bar, 1)
        self.used = Label("", "body")
        line.addWidget(self.used)
        self.body.addLayout(line)
        own = "The own limit is below the server's, so that a person's upload always finds room."
        self.body.addWidget(Label(own, "small", "muted", wrap=True))
        self.countdown = Countdown(wrap=True)
        self.body.addWidget(self.countdown)
        self.mode = SegmentedSwitch(
            "When sync goes", (("always", "By itself"), ("on_demand", "Only on demand")), "always"
        )
        row = QHBoxLayout()
        row.addWidget(Label("When", "body", "muted"))
        row.addStretch(1)
        row.addWidget(self.mode)
        self.body.addLayout(row)
        self.body.addStretch(1)

    def show_server(self, status: SyncStatus, email: str, condition: CloudCondition | None, now: int) -> None:
        """Show how the account stands; ``condition`` of its server where one is known."""
        last = status.last
        ended = "–"
        if last is not None:
            ended = when(int(last["at"]))
            if last["stopped"]:
                ended += f", stopped: {stopped_words(str(last['stopped']))}"
        tries = [one.next_try for one in status.states if one.next_try and one.next_try > now]
        shown = {
            "Server": status.account.rpartition("/")[0] or "Not signed in",
            "Account": email or "–",
            "Read-back": READ_BACK.get(status.read_back, status.read_back),
            "Last cycle": ended,
            "Next try": when(min(tries)) if tries else "With the next cycle" if status.waiting else "Nothing waits",
            "Leaves the machine": "Packed series without names, notes, file names or serials",
            "Stays here": "Beats, notes, findings, documents: they have no place on the server",
        }
        for name, words in shown.items():
            self.facts[name].setText(words)
        self.bar.show_used(status.uploads_used, status.uploads_limit)
        self.used.setText(f"{status.uploads_used} of {status.uploads_limit} this hour")
        until, words = waits_until(status, condition, now)
        self.countdown.count(until, words)
        self.mode.set_value("always" if status.mode == "always" else "on_demand")
