"""The server card of the sync panel: account, read-back, the limit of the hour, and when sending goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from clarity_desktop.ui.components.badge import Badge
from clarity_desktop.ui.components.buttons import SegmentedSwitch
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.choice import Choice
from clarity_desktop.ui.components.countdown import Countdown
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.form import ask_form
from clarity_desktop.ui.pages.cloud.sync_way import LimitBar
from clarity_desktop.ui.pages.cloud.sync_words import (
    READ_BACK,
    next_try_words,
    since_words,
    stopped_words,
    waits_until,
)
from clarity_desktop.ui.pages.security.loaded import LoadedPage, count_words, when
from clarity_desktop.ui.qt import QHBoxLayout, Qt

if TYPE_CHECKING:
    from clarity_desktop.app.sync_status import SyncStatus
    from clarity_desktop.domain.conditions import CloudCondition

__all__ = ["ServerCard", "ask_hours"]

_FACTS = ("Server", "Contract", "Account", "Read-back", "Last cycle", "Next try", "Leaves the machine", "Stays here")


class ServerCard(Card):
    """Facts of one server and one account; a countdown while its limits or its own words ask to wait."""

    def __init__(self) -> None:
        super().__init__("Server")
        self.reached = Badge("Not asked yet", "circle-dashed", "neutral")
        self.add_action(self.reached)
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
            "When sync goes", (("always", "By itself"), ("on_demand", "On demand"), ("hours", "At hours")), "always"
        )
        row = QHBoxLayout()
        self.when = Label("When", "body", "muted")
        row.addWidget(self.when)
        row.addStretch(1)
        row.addWidget(self.mode)
        self.body.addLayout(row)
        self.body.addStretch(1)

    def show_server(
        self, status: SyncStatus, email: str, condition: CloudCondition | None, now: int, with_records: int = 0
    ) -> None:
        """Show how the account stands.

        Parameters
        ----------
        condition:
            Of the account's server, where one is known.
        with_records:
            People whose names, notes and diaries go too.
        """
        last = status.last
        ended = "–"
        if last is not None:
            ended = when(int(last["at"]))
            if last["stopped"]:
                ended += f", stopped: {stopped_words(str(last['stopped']))}"
        shown = {
            "Server": status.account.rpartition("/")[0] or "Not signed in",
            "Contract": _contract(condition),
            "Account": email or "–",
            "Read-back": READ_BACK.get(status.read_back, status.read_back),
            "Last cycle": ended,
            "Next try": next_try_words(status, now),
            "Leaves the machine": _leaves(with_records),
            "Stays here": _stays(with_records),
        }
        self.reached.show_state(*_reached(condition, now))
        for name, words in shown.items():
            self.facts[name].setText(words)
        self.bar.show_used(status.uploads_used, status.uploads_limit)
        self.used.setText(f"{status.uploads_used} of {status.uploads_limit} this hour")
        until, words = waits_until(status, condition, now)
        self.countdown.count(until, words)
        self.mode.set_value(status.mode)
        first, stop = status.hours
        self.mode.explain("hours", f"Between {first:02d}:00 and {stop:02d}:00, by this computer's clock")
        self.when.setText(f"When, {first:02d}–{stop:02d} h" if status.mode == "hours" else "When")


def ask_hours(page: LoadedPage, hours: tuple[int, int]) -> None:
    """Ask between which hours of this computer's clock sync may go by itself."""
    first = Choice([(str(hour), f"{hour:02d}:00") for hour in range(24)], str(hours[0]))
    stop = Choice([(str(hour), f"{hour:02d}:00") for hour in range(1, 25)], str(hours[1]))

    def chosen() -> Callable[[], None]:
        begin, end = int(first.value()), int(stop.value())
        return lambda: page.services.set_sync_time("hours", begin, end)

    sheet = ask_form(
        page.window(),
        "Between which hours may sync go?",
        "By this computer's clock; 22:00 to 06:00 is a night. Sync now works at any time.",
        (Field("From", first), Field("To", stop)),
        "Keep",
        chosen,
        lambda _: page.told.emit("Kept."),
        ready=lambda: "" if first.value() != stop.value() else "Choose two different hours",
    )
    # Without an answer the switch goes back to what holds.
    sheet.closed.connect(page.reload)


def _contract(condition: CloudCondition | None) -> str:
    if condition is None or not condition.profile:
        return "Not known yet; the page Server check asks for it"
    off = len(condition.features_off)
    return f"Profile {condition.profile}, {count_words(off, 'feature')} off" if off else f"Profile {condition.profile}"


def _reached(condition: CloudCondition | None, now: int) -> tuple[str, str, str, str]:
    """Word, icon, tone and tip of the last probe; its age is part of the word, since it tells of then (L-33)."""
    if condition is None or not condition.probes:
        return "Not asked yet", "circle-dashed", "neutral", "Ask now, below, sends nothing of anyone"
    age = since_words(now - max(one.at for one in condition.probes))
    if any(one.outcome in ("answers", "refused", "unclear") for one in condition.probes):
        return f"Reached {age} ago", "circle-check", "neutral", "The last probe of the server; the answers stand below"
    return f"Not reached {age} ago", "cloud-off", "warn", "The last probe of the server; the answers stand below"


def _leaves(with_records: int) -> str:
    packed = "Packed series without file names or serials"
    if not with_records:
        return f"{packed}, names or notes"
    return (
        f"{packed}; names, notes and diaries of {count_words(with_records, 'person', 'people')}, as their consent says"
    )


def _stays(with_records: int) -> str:
    return f"Beats, findings, documents{'' if with_records else ', names, notes'}: see each person's list"
