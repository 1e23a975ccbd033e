"""The live channel: what is typed to the server's assistant, what comes back, and the jobs that the server tells of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final

from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.ui.components.badge import Badge
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.record_table import Column, Record, RecordTable
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.confirm import confirm
from clarity_desktop.ui.jobs import board, run_mutation
from clarity_desktop.ui.pages.cloud.account_forms import action_button
from clarity_desktop.ui.pages.cloud.conversation import Conversation
from clarity_desktop.ui.pages.security.loaded import LoadedPage, count_words, enable
from clarity_desktop.ui.qt import QHBoxLayout, QLineEdit, QTimer, QVBoxLayout, QWidget, isValid

if TYPE_CHECKING:
    from clarity_desktop.app.cloud_live import LiveView
    from clarity_desktop.app.cloud_sessions import CloudStatus

__all__ = ["LivePage"]

_SOON_MS: Final = 80
_ENVELOPE: Final = 120
"""Bytes of a frame beside its text, about."""
_STATES: Final = {
    "closed": ("Not connected", "cloud-off", "neutral"),
    "connecting": ("Connecting", "refresh-cw", "info"),
    "live": ("Connected", "check", "ok"),
    "waiting": ("Comes back by itself", "hourglass", "warn"),
    "off": ("Not offered", "cloud-off", "warn"),
}
_ANALYSES: Final = {
    "closed": "Analyses are asked for",
    "connecting": "The channel of analyses opens",
    "live": "Analyses are told of as they move on",
    "waiting": "The channel of analyses comes back by itself; they are asked for meanwhile",
    "off": "The server tells of no analyses; they are asked for",
}
_OFF: Final = "Sending to outside services is switched off; an admin can switch it on in the settings"
_SIGNED_OUT: Final = "Sign in on the account page first"


class LivePage(LoadedPage):
    """Opens and closes the channel. What is said here is in memory alone and about nobody."""

    id: ClassVar[str] = "live"
    title: ClassVar[str] = "Live channel"
    icon: ClassVar[str] = "activity"
    watches: ClassVar[Change] = Change.SETTINGS

    def build(self, column: QVBoxLayout) -> None:
        self._view: LiveView | None = None
        self._status: CloudStatus | None = None
        self.badge = Badge("Not connected", "cloud-off", "neutral")
        self.connect_ = action_button("Connect", "primary", "link", self.open_channel)
        self.close_ = action_button("Disconnect", "normal", "x", self.close_channel)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.timeout.connect(self.reload)
        self.where = Card("Channel")
        self.facts = Label("", "body", "muted", wrap=True)
        self.trouble = Label("", "body", "danger", wrap=True)
        self.trouble.setAccessibleName("What was refused")
        self.trouble.hide()
        self.where.body.addWidget(self.facts)
        self.where.body.addWidget(self.trouble)
        column.addWidget(self.where)
        self.talk_card = Card("Conversation", "Goes with the lock; nobody here has checked what the server says")
        self.talk = Conversation()
        self.talk.discard.connect(lambda number: self._act(lambda: self.services.discard_live(number)))
        self.talk.again.connect(lambda number: self._act(lambda: self.services.send_live_again(number)))
        self.talk_card.body.addWidget(self.talk)
        self.talk_card.body.addSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.line = QLineEdit()
        self.line.setAccessibleName("Message to the server's assistant")
        self.line.setPlaceholderText("Write about nobody by name; it goes to the server as it stands")
        self.line.textChanged.connect(lambda _: self._enable())
        self.line.returnPressed.connect(self.send)
        self.send_ = action_button("Send", "primary", "arrow-up", self.send)
        row.addWidget(self.line, 1)
        row.addWidget(self.send_)
        self.talk_card.body.addLayout(row)
        self.weight = Label("", "micro", "faint")
        self.talk_card.body.addWidget(self.weight)
        column.addWidget(self.talk_card)
        self.jobs_card = Card("Analyses that the server works on")
        columns = (
            Column("What", 120),
            Column("Id"),
            Column("State", 140),
            Column("Done", 90, True),
            Column("Told by", 140),
        )
        self.jobs = RecordTable("Analyses that the server works on", columns, most=6)
        self.no_jobs = Label("None in this session. Finished ones are on the page of the server.", "body", "muted")
        self.jobs_card.body.addWidget(self.jobs)
        self.jobs_card.body.addWidget(self.no_jobs)
        column.addWidget(self.jobs_card)

    def toolbar_lead(self) -> list[QWidget]:
        return [self.badge]

    def toolbar_widgets(self) -> list[QWidget]:
        return [self.close_, self.connect_]

    # -- what is shown ----------------------------------------------------------------------------------------

    def read(self) -> tuple[LiveView, CloudStatus]:
        return self.services.live_view(), self.services.cloud_status()

    def show_data(self, data: tuple[LiveView, CloudStatus]) -> None:
        view, self._status = data
        self._view = view
        words, icon, tone = _STATES[view.state]
        self.badge.show_state(words, icon, tone, view.reason)
        self.where.set_title("Channel", f"{view.account} at {view.server}" if view.account else "No account yet")
        told = [f"{_ANALYSES[view.analyses]}."]
        if view.account:
            told.append(f"The server takes {view.most_bytes} bytes a message and {view.per_minute} messages a minute.")
        if view.reason:
            told.insert(0, view.reason)
        counts = (
            (view.reconnects, "time the channel came back", "times the channel came back"),
            (view.unknown, "message of a kind that is not known", "messages of kinds that are not known"),
            (view.unsolicited, "answer that nobody asked for", "answers that nobody asked for"),
        )
        told += [f"{count_words(number, one, many)}." for number, one, many in counts if number]
        self.facts.setText(" ".join(told))
        self.talk.show_messages(view.messages, is_live=view.state == "live")
        shown = [
            Record(
                f"{one.kind}/{one.id}",
                (
                    one.kind,
                    one.id,
                    one.status,
                    "–" if one.progress is None else f"{one.progress} %",
                    {"answer": "its answer", "event": "the live channel", "asking": "asking"}.get(one.finished_by, "–"),
                ),
            )
            for one in view.jobs
        ]
        self.jobs.show_records(shown)
        self.jobs.setVisible(bool(shown))
        self.no_jobs.setVisible(not shown)
        self._enable()

    def _enable(self) -> None:
        view, status = self._view, self._status
        if view is None or status is None:
            return
        way = _OFF if not status.sending else "" if status.signed_in else _SIGNED_OUT
        is_open = view.state in ("connecting", "live", "waiting")
        enable(self.connect_, way or ("The channel is open" if is_open else ""))
        enable(self.close_, "" if is_open else "The channel is not open")
        text = self.line.text().strip()
        size = len(text.encode()) + _ENVELOPE
        over = f"This is about {size} bytes; the server takes {view.most_bytes}" if size > view.most_bytes else ""
        enable(
            self.send_, way or ("" if is_open else "Connect first") or ("" if text else "Type a message first") or over
        )
        self.line.setEnabled(not way)
        self.weight.setText(over or (f"About {size} of {view.most_bytes} bytes" if text else ""))

    # -- what a person can do ---------------------------------------------------------------------------------

    def open_channel(self) -> None:
        """Connect; the first time an account is used, the notice is read before."""
        view = self._view
        if view is None:
            return
        if view.notice_accepted:
            self._open()
            return

        def accepted() -> None:
            run_mutation(self, self.services.accept_live_notice, lambda _: self._open(), self._refused)

        confirm(
            self.window(),
            "What you type goes to the server",
            f"Each message goes to {view.server} as it stands, and may be kept there. Nothing of a patient is added. "
            "A text with a name, a number or a date that could name somebody is not sent. The answers are a language "
            "model's; nobody has checked them.",
            verb="Connect",
            keep="Do not connect",
            on_confirm=accepted,
        )

    def _open(self) -> None:
        # The board of now: the network's thread must not make one of its own when the window has gone.
        home = board()

        def look() -> None:
            if isValid(self) and not self._soon.isActive():
                self._soon.start()

        self._act(lambda: self.services.open_live(lambda: home.post(look)))

    def close_channel(self) -> None:
        """Disconnect; what was not sent stays in the list."""
        self._act(self.services.close_live)

    def send(self) -> None:
        """Send what is typed, now or when the channel is back."""
        if not self.send_.isEnabled():
            return
        text = self.line.text()
        self.trouble.hide()

        def sent(_: object) -> None:
            if self.line.text() == text:
                self.line.clear()
            self.reload()

        run_mutation(self, lambda: self.services.send_live(text), sent, self._refused)

    def _act(self, act: Callable[[], Any]) -> None:
        self.trouble.hide()
        run_mutation(self, act, lambda _: self.reload(), self._refused)

    def _refused(self, error: ClarityError) -> None:
        self.trouble.setText(f"{error.message} {error.remedy}".strip())
        self.trouble.show()
        self.reload()
