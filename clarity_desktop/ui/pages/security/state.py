"""The state of the vault at a glance: encryption, ways in, backups, audit chain, sending, open exceptions (V-83)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.users import Right
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import Label, rule
from clarity_desktop.ui.dialogs.form import ask_form
from clarity_desktop.ui.jobs import run_query
from clarity_desktop.ui.pages.security.keys import SLOT_WORDS
from clarity_desktop.ui.pages.security.loaded import LoadedPage, ago, count_words, when
from clarity_desktop.ui.qt import QHBoxLayout, QLineEdit, Qt, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app.oversight import AuditVerdict, SecurityState

__all__ = ["SecurityPage"]

_LEADS = {
    "backup": ("backups", "Open backups"),
    "emergency": ("audit", "Open audit"),
    "recovery": ("keys", "Open key slots"),
    "external": ("settings", "Open settings"),
    "audit": ("audit", "Open audit"),
}


@dataclass(frozen=True, slots=True)
class _Fact:
    icon: str
    tone: str
    title: str
    value: str
    more: str
    page: str
    button: str


class _FactRow(QWidget):
    """One line: icon, what, how it stands, a way to its page."""

    def __init__(self, page: LoadedPage, fact: _Fact, act: Callable[[], None] | None = None) -> None:
        super().__init__()
        self.setAccessibleName(f"{fact.title}: {fact.value}. {fact.more}")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 8, 0, 8)
        row.setSpacing(12)
        row.addWidget(Icon(fact.icon, 24, fact.tone), 0, Qt.AlignmentFlag.AlignTop)
        if fact.title:
            title = Label(fact.title, "body_strong")
            title.setFixedSize(190, 24)
            row.addWidget(title, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setContentsMargins(0, 4, 0, 0)
        words.setSpacing(0)
        words.addWidget(Label(fact.value, "body", wrap=True))
        if fact.more:
            words.addWidget(Label(fact.more, "small", "muted", wrap=True))
        words.addStretch(1)
        row.addLayout(words, 1)
        if fact.button:
            button = Button(fact.button, "quiet")
            button.clicked.connect(lambda _=False: act() if act is not None else page.go.emit(fact.page, None))
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)


class SecurityPage(LoadedPage):
    """Six facts and the list of what deserves attention. The audit chain is read apart, because that takes longer."""

    id: ClassVar[str] = "security"
    title: ClassVar[str] = "Security"
    icon: ClassVar[str] = "shield-check"
    watches: ClassVar[Change] = Change.SLOTS | Change.SETTINGS

    def build(self, column: QVBoxLayout) -> None:
        self._state: SecurityState | None = None
        self._verdict: AuditVerdict | None = None
        self._answers = False
        self._facts = Card("How the vault stands")
        self._rows = QVBoxLayout()
        self._rows.setSpacing(0)
        self._facts.body.addLayout(self._rows)
        column.addWidget(self._facts)
        self._open = Card("Open exceptions")
        self._exceptions = QVBoxLayout()
        self._exceptions.setSpacing(0)
        self._open.body.addLayout(self._exceptions)
        column.addWidget(self._open)
        self.check = Button("Check the whole vault", "normal", "shield-check")
        self.check.setToolTip("Reads every page and the audit; the Jobs page shows how far it is")
        self.check.clicked.connect(lambda _=False: self.go.emit("command:vault.check", None))

    def toolbar_widgets(self) -> list[QWidget]:
        return [self.check]

    def read(self) -> SecurityState:
        return self.services.security_state()

    def show_data(self, data: SecurityState) -> None:
        self._state = data
        self._fill()

        def checked(verdict: AuditVerdict) -> None:
            self._verdict = verdict
            self._fill()

        def failed(_: ClarityError) -> None:
            self._verdict = None

        if self._verdict is None:
            run_query(self, self.services.verify_audit, checked, failed)

    def shown(self) -> None:
        self._verdict = None
        super().shown()

    def facts(self) -> list[tuple[str, str]]:
        """Titles and values as they are shown."""
        return [] if self._state is None else [(fact.title, fact.value) for fact in self._list(self._state)]

    def _fill(self) -> None:
        state = self._state
        if state is None:
            return
        _empty(self._rows)
        for number, fact in enumerate(self._list(state)):
            if number:
                self._rows.addWidget(rule())
            self._rows.addWidget(_FactRow(self, fact))
        _empty(self._exceptions)
        self._open.set_title("Open exceptions", count_words(len(state.exceptions), "exception"))
        if not state.exceptions:
            self._exceptions.addWidget(Label("None. Nothing here waits for anyone.", "body", "muted"))
        for number, notice in enumerate(state.exceptions):
            if number:
                self._exceptions.addWidget(rule())
            page, button = _LEADS.get(notice.code.split(".")[0], ("", ""))
            act = None
            if notice.code == "audit.mismatch" and self._answers:
                button, act = "Answer for it", self.answer_for_difference
            self._exceptions.addWidget(
                _FactRow(self, _Fact("triangle-alert", "warn", "", notice.message, notice.remedy, page, button), act)
            )

    def show_rights(self, rights: frozenset[Right]) -> None:
        self._answers = Right.READ_ALL_AUDIT in rights

    def answer_for_difference(self) -> None:
        """Ask why the vault is as it should be, and let the records outside agree again."""
        line = QLineEdit()

        def act() -> Callable[[], None]:
            reason = line.text()
            return lambda: self.services.accept_audit_gap(reason)

        def done(_: object) -> None:
            self.told.emit("The reason is in the audit. It is asked about no more from the next opening on.")
            self._verdict = None
            self.reload()

        ask_form(
            self.window(),
            "Answer for the difference?",
            "The audit and a record of it outside differ, such as after the vault's folder was put back from a copy. "
            "With your reason in the audit, both agree again. Nobody can take that entry away.",
            (Field("Reason", line, "Why the vault is as it should be"),),
            "Keep reason",
            act,
            done,
            ready=lambda: "" if line.text().strip() else "Type the reason first",
            danger=True,
        )

    def _list(self, state: SecurityState) -> list[_Fact]:
        ways = ", ".join(
            f"{number} × {SLOT_WORDS[kind][0].lower()}"
            for kind, number in sorted(state.slots.items())
            if kind in SLOT_WORDS
        )
        last = state.last_verified
        overdue = any(notice.code == "backup.overdue" for notice in state.exceptions)
        verdict = self._verdict
        chain = ("hourglass", "text_muted", "Being checked", "")
        if verdict is not None:
            chain = (
                ("circle-check", "ok", f"{count_words(verdict.entries, 'entry', 'entries')}, chain intact", "")
                if verdict.chain_ok
                else ("triangle-alert", "danger", f"Differs from entry {verdict.first_bad} on", verdict.reason)
            )
        return [
            _Fact(
                "lock",
                "ok",
                "Encryption",
                "On",
                f"{state.cipher}, pages of {state.page_size} bytes, schema {state.schema}",
                "",
                "",
            ),
            _Fact("key-round", "text_muted", "Ways in", ways or "None", "", "keys", "Open key slots"),
            _Fact(
                "triangle-alert" if overdue or last is None else "circle-check",
                "warn" if overdue or last is None else "ok",
                "Last verified backup",
                "None yet" if last is None else f"{when(last.created)}, {ago(last.created)}",
                "" if last is None else count_words(state.backups, "backup is kept", "backups are kept"),
                "backups",
                "Open backups",
            ),
            _Fact(chain[0], chain[1], "Audit chain", chain[2], chain[3], "audit", "Open audit"),
            _Fact(
                "upload" if state.external_sending else "cloud-off",
                "warn" if state.external_sending else "text_muted",
                "Sending to outside services",
                "Switched on; each send asks for the person's consent" if state.external_sending else "Switched off",
                "",
                "settings",
                "Open settings",
            ),
        ]


def _empty(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.deleteLater()
