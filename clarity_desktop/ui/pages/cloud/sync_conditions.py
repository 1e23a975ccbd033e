"""How the server's services answer: probes, the breaker with its end by hand, own limits, and what was learned."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.countdown import Countdown
from clarity_desktop.ui.components.record_table import Column, Record, RecordTable
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.pages.cloud.condition_words import ABILITIES, ANSWERS, FOUND, PARTS
from clarity_desktop.ui.pages.cloud.sync_words import name_of
from clarity_desktop.ui.pages.security.loaded import ago, count_words, enable, when
from clarity_desktop.ui.qt import QHBoxLayout, QVBoxLayout

if TYPE_CHECKING:
    from clarity_desktop.domain.conditions import CloudCondition, LearnedAbility, LimitUse

__all__ = ["AnswersCard", "LearnedCard", "refusals"]

_LIMITS = {
    "upload": "Uploads",
    "pat": "PAT analyses",
    "login": "Sign-ins",
    "register": "New accounts",
    "insight": "Texts",
    "read": "Reading",
}
_TYPE_WORDS = {"accepted": "taken", "refused": "rides on another type", "crashes": "fails, rides on another"}


class AnswersCard(Card):
    """Result and time of the last probe of each service, the breaker, and the own limits (L-26, L-51)."""

    def __init__(self, ask: Callable[[], None], reset: Callable[[str], None]) -> None:
        super().__init__("Answers of the server")
        self._service = ""
        self.ask = Button("Ask now", "quiet", "refresh-cw")
        self.ask.clicked.connect(lambda _=False: ask())
        self.add_action(self.ask)
        line = QHBoxLayout()
        line.setSpacing(8)
        self._icon = Icon("circle-check", 16, "ok")
        self.breaker = Label("", "body", wrap=True)
        self.countdown = Countdown(wrap=True)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.breaker)
        words.addWidget(self.countdown)
        self.reset = Button("Let calls pass", "normal", "rotate-ccw")
        self.reset.clicked.connect(lambda _=False: reset(self._service))
        line.addWidget(self._icon)
        line.addLayout(words, 1)
        line.addWidget(self.reset)
        self.body.addLayout(line)
        columns = (Column("Service", 130), Column("Answer"), Column("Asked", 184), Column("Took", 80, right=True))
        self.probes = RecordTable("Answers of the services", columns, most=7)
        self.body.addWidget(self.probes)
        self.unasked = Label("Not asked yet. Asking sends nothing of anyone.", "small", "muted", wrap=True)
        self.body.addWidget(self.unasked)
        limits = (Column("Own limit"), Column("Used", 110, right=True), Column("In", 80), Column("Goes on", 110))
        self.limits = RecordTable("Own limits, below the server's", limits, most=6)
        self.body.addWidget(self.limits)
        self.body.addStretch(1)

    def show_condition(self, condition: CloudCondition | None, refusal: str) -> None:
        """Show one service; ``refusal`` says why it cannot be asked."""
        enable(self.ask, refusal)
        if condition is None:
            self.set_title("Answers of the server", "no server is known")
            for widget in (self.probes, self.limits, self.reset, self.countdown):
                widget.hide()
            self.unasked.setText("A server is added on the account page.")
            self._icon.show_icon("circle-dashed", "text_muted")
            self.breaker.setText("There is nobody to ask.")
            return
        self._service = condition.service
        self.set_title("Answers of the server", condition.host)
        self._show_breaker(condition)
        self.probes.show_records(
            [
                Record(
                    one.part,
                    (
                        PARTS.get(one.part, one.part),
                        ANSWERS.get(one.outcome, (one.outcome, "", ""))[0],
                        when(one.at),
                        "–" if one.took_ms is None else f"{one.took_ms} ms",
                    ),
                    *ANSWERS.get(one.outcome, ("", "circle-help", "text_muted"))[1:],
                )
                for one in condition.probes
            ]
        )
        self.probes.setVisible(bool(condition.probes))
        self.unasked.setVisible(not condition.probes)
        self.unasked.setText("Not asked yet. Asking sends nothing of anyone.")
        self.limits.show_records([_limit_row(one) for one in condition.limits])
        self.limits.show()

    def _show_breaker(self, condition: CloudCondition) -> None:
        breaker = condition.breaker
        passes = breaker.state == "closed" and not breaker.features
        self.reset.setVisible(not passes)
        self.countdown.count(breaker.until, "Paused until one call tries,")
        if breaker.state == "closed" and breaker.features:
            self._icon.show_icon("circle-alert", "warn")
            self.breaker.setText(f"Calls pass, but for {', '.join(breaker.features)}, which failed three times.")
        elif breaker.state == "closed":
            self._icon.show_icon("circle-check", "ok")
            more = f"; {count_words(breaker.failures, 'failure')} in a row" if breaker.failures else ""
            self.breaker.setText(f"Calls pass{more}.")
        else:
            self._icon.show_icon("triangle-alert", "warn")
            until = time.strftime("%H:%M:%S", time.localtime(breaker.until)) if breaker.until else "the next try"
            self.breaker.setText(f"Paused until {until} after {count_words(breaker.failures, 'failure')} in a row.")


def _limit_row(one: LimitUse) -> Record:
    window = "1 h" if one.window_s == 3600 else f"{one.window_s // 60} min"
    goes = "now" if one.wait_s <= 0 else time.strftime("%H:%M:%S", time.localtime(time.time() + one.wait_s))
    icon, tone = ("hourglass", "info") if one.wait_s > 0 else ("check", "text_muted")
    return Record(one.name, (_LIMITS.get(one.name, one.name), f"{one.used} of {one.most}", window, goes), icon, tone)


class LearnedCard(Card):
    """What was found out about the server, when, and a way to look again (L-84)."""

    def __init__(self, look: Callable[[], None], send: Callable[[], None]) -> None:
        super().__init__("What was learned of the server")
        self.look = Button("Look again", "quiet", "refresh-cw")
        self.look.clicked.connect(lambda _=False: look())
        self.types = Button("Ask which kinds it takes", "quiet", "scan-line")
        self.types.clicked.connect(lambda _=False: send())
        self.add_action(self.look)
        columns = (Column("Ability"), Column("Found", 84), Column("More", 164), Column("Learned", 92))
        self.table = RecordTable("What was learned of the server", columns, most=14)
        self.body.addWidget(self.table)
        self.nothing = Label("Nothing yet. It is learned when a server is asked.", "small", "muted", wrap=True)
        self.body.addWidget(self.nothing)
        self.body.addWidget(self.types)
        self.body.addStretch(1)

    def show_condition(self, condition: CloudCondition | None, refusal: str, send_refusal: str) -> None:
        """Show one service; the refusals say why it cannot be asked, and why no sentinel can be sent."""
        enable(self.look, refusal)
        enable(self.types, send_refusal)
        rows = [] if condition is None else [_learned_row(one) for one in condition.learned]
        self.table.show_records(rows)
        self.table.setVisible(bool(rows))
        self.nothing.setVisible(not rows)
        words = ""
        if condition is not None and condition.learned_at:
            words = f"{ago(condition.learned_at)}, asked again weekly" + ("; due now" if condition.is_due else "")
        self.set_title("What was learned of the server", words)


def _learned_row(one: LearnedAbility) -> Record:
    from clarity_desktop.cloud.contract.features import FEATURES

    kind, _, rest = one.name.partition(":")
    title, detail = ABILITIES.get(one.name, one.name), one.detail
    if kind == "route":
        title = FEATURES.get(rest, rest)
    elif kind == "type":
        title, detail = f"Takes {name_of(rest).lower()}", _TYPE_WORDS.get(one.detail, one.detail)
    words, icon, tone = FOUND[one.found]
    return Record(one.name, (title, words, detail, ago(one.at) if one.at else "not asked"), icon, tone)


def refusals(may_ask: bool, sending: bool, is_known: bool) -> str:
    """Why a server cannot be asked now; empty when it can."""
    if not may_ask:
        return "Only those who may send, or an admin, ask a server"
    if not sending:
        return "An admin has switched sending off for this workplace"
    return "" if is_known else "Add a server first"
