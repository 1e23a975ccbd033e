"""The page of the server: the account there, what lies there, analyses, texts, and where it contradicts itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.users import Right
from clarity_desktop.ui.components.badge import Badge
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.freshness import Freshness
from clarity_desktop.ui.components.record_table import Column, Record, RecordTable
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.form import ask_form
from clarity_desktop.ui.jobs import run_mutation
from clarity_desktop.ui.pages.cloud.account_forms import action_button
from clarity_desktop.ui.pages.cloud.server_analyses import AnalysesCard
from clarity_desktop.ui.pages.security.loaded import LoadedPage, count_words, enable, when
from clarity_desktop.ui.qt import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app.cloud_contract import Disagreement
    from clarity_desktop.app.cloud_sessions import CloudStatus
    from clarity_desktop.domain.people import Patient

__all__ = ["ServerPage"]

_T = TypeVar("_T")
_Found = tuple["CloudStatus", "tuple[Disagreement, ...]", "list[Patient]", dict[str, str]]
_OFF: Final = "Sending to outside services is switched off; an admin can switch it on in the settings"
_SIGNED_OUT: Final = "Sign in on the account page first"
_NO_RIGHT: Final = "Your role does not send to servers"


class ServerPage(LoadedPage):
    """Everything that a signed-in account can ask of its server, each behind a button: nothing goes by itself."""

    id: ClassVar[str] = "server"
    title: ClassVar[str] = "Server"
    icon: ClassVar[str] = "hard-drive"
    watches: ClassVar[Change] = Change.SETTINGS | Change.PATIENTS

    def build(self, column: QVBoxLayout) -> None:
        self._rights: frozenset[Right] = frozenset()
        self._status: CloudStatus | None = None
        self._off: dict[str, str] = {}
        self.ages: dict[Label, Freshness] = {}
        self.badge = Badge("Not signed in", "cloud-off", "neutral")
        self._account(column)
        self.analyses = AnalysesCard(self.services)
        column.addWidget(self.analyses)
        self._uploads(column)
        self._texts(column)
        self._contradictions(column)

    def _account(self, column: QVBoxLayout) -> None:
        self.account_card = Card("Account at the server")
        self.me = Label("Not asked yet.", "body", "muted", wrap=True)
        self.account_card.body.addWidget(self.me)
        self.account_card.body.addWidget(self._age_of(self.me))
        self.ask_me = action_button("Ask", "normal", "refresh-cw", self.show_me)
        self.rename = action_button("Change the name", "normal", "pencil", self.begin_rename)
        self.counts = action_button("Counts", "normal", "gauge", self.show_counts)
        self.model = action_button("Its model", "normal", "cpu", self.show_model)
        self.account_card.body.addLayout(_row(self.ask_me, self.rename, self.counts, self.model))
        column.addWidget(self.account_card)

    def _uploads(self, column: QVBoxLayout) -> None:
        self.uploads_card = Card("Uploads at the server", "An empty list proves nothing: some servers never fill it")
        self.uploads = RecordTable(
            "Uploads at the server", (Column("Id"), Column("Kinds", 320), Column("Metrics", 90, True)), most=8
        )
        self.uploads.hide()
        self.upload_state = Label("Not asked yet.", "body", "muted", wrap=True)
        self.upload_line: QLineEdit = QLineEdit()
        self.uploads.current_changed.connect(lambda key: self.upload_line.setText(key) if key else None)
        self.upload_line.setPlaceholderText("Id of an upload")
        self.upload_line.setAccessibleName("Id of an upload")
        self.upload_line.textChanged.connect(lambda _: self._enable())
        self.upload_line.returnPressed.connect(self.show_upload)
        self.list_uploads = action_button("List", "normal", "list", self.show_uploads)
        self.one_upload = action_button("State of this one", "normal", "search", self.show_upload)
        self.erase = action_button("Remove at the server", "normal", "trash-2", lambda: self.go.emit("sync", None))
        self.erase.setAccessibleDescription("By person, on the sync page, with the number of records typed")
        for widget in (self.uploads, self.upload_state, self._age_of(self.upload_state)):
            self.uploads_card.body.addWidget(widget)
        row = _row(self.list_uploads, self.one_upload, self.erase)
        row.insertWidget(1, self.upload_line, 1)
        self.uploads_card.body.addLayout(row)
        column.addWidget(self.uploads_card)

    def _texts(self, column: QVBoxLayout) -> None:
        self.texts_card = Card(
            "Texts that the server keeps", "Previews of 200 letters at most; nobody here has checked them"
        )
        self.texts = RecordTable(
            "Texts that the server keeps", (Column("Made", 200), Column("Id", 200), Column("Beginning")), most=6
        )
        self.texts.hide()
        self.text = Label("Not asked yet.", "body", "muted", wrap=True)
        self.text_line: QLineEdit = QLineEdit()
        self.texts.current_changed.connect(lambda key: self.text_line.setText(key) if key else None)
        self.text_line.setPlaceholderText("Id of a text")
        self.text_line.setAccessibleName("Id of a text")
        self.text_line.textChanged.connect(lambda _: self._enable())
        self.text_line.returnPressed.connect(self.show_text)
        self.list_texts = action_button("List", "normal", "list", self.show_texts)
        self.one_text = action_button("Open this one", "normal", "maximize-2", self.show_text)
        self.text_service = action_button("Does it answer?", "normal", "refresh-cw", self.ask_text_service)
        for widget in (self.texts, self.text, self._age_of(self.text)):
            self.texts_card.body.addWidget(widget)
        row = _row(self.list_texts, self.one_text, self.text_service)
        row.insertWidget(1, self.text_line, 1)
        self.texts_card.body.addLayout(row)
        column.addWidget(self.texts_card)

    def _contradictions(self, column: QVBoxLayout) -> None:
        self.contradictions = Card("Where the server contradicts its own description")
        columns = (Column("Feature", 170), Column("What differs"), Column("First met", 190))
        self.differs = RecordTable("Contradictions", columns, most=8)
        self.no_differs = Label(
            "None was met. Where an answer and the description differ, the answer counts.", "body", "muted", wrap=True
        )
        self.contradictions.body.addWidget(self.differs)
        self.contradictions.body.addWidget(self.no_differs)
        column.addWidget(self.contradictions)

    def toolbar_lead(self) -> list[QWidget]:
        return [self.badge]

    def show_rights(self, rights: frozenset[Right]) -> None:
        self._rights = rights
        self._enable()

    # -- what is shown ----------------------------------------------------------------------------------------

    def read(self) -> _Found:
        services = self.services
        people = services.patients() if Right.READ_DATA in services.user().rights else []
        return services.cloud_status(), services.contract_disagreements(), people, services.cloud_features_off()

    def show_data(self, data: _Found) -> None:
        self._status, differs, people, self._off = data
        status = self._status
        current = status.current
        if not status.sending:
            self.badge.show_state("Sending switched off", "cloud-off", "neutral", _OFF)
        elif status.signed_in and current is not None:
            self.badge.show_state(current.email or "Signed in", "check", "ok")
        else:
            self.badge.show_state("Not signed in", "cloud-off", "neutral")
        self.account_card.set_title("Account at the server", "" if current is None else current.server)
        self.differs.show_records(
            [
                Record(f"{one.capability}/{one.told}", (one.capability.replace("_", " "), one.told, when(one.at)))
                for one in differs
            ]
        )
        self.differs.setVisible(bool(differs))
        self.no_differs.setVisible(not differs)
        self.contradictions.set_title(
            "Where the server contradicts its own description", count_words(len(differs), "difference")
        )
        self.analyses.show_people(people, self._way(Right.SEND_INSIGHT) or self._off.get("pat_steps", ""))
        self._enable()

    def _way(self, *rights: Right) -> str:
        """Why nothing can be asked by those with these rights; empty where it can."""
        if not self._rights.intersection(rights):
            return _NO_RIGHT
        status = self._status
        return "" if status is None else _OFF if not status.sending else "" if status.signed_in else _SIGNED_OUT

    def _enable(self) -> None:
        if self._status is None:
            return
        either, sender = self._way(Right.SEND_INSIGHT, Right.SET_POLICY), self._way(Right.SEND_INSIGHT)
        # What the server's own description lacks is off from the connection on, with the reason (L-52).
        for button, capability in (
            (self.ask_me, "me"),
            (self.rename, "update_me"),
            (self.counts, "metrics_user"),
            (self.model, "pat_models"),
            (self.text_service, "insight_status"),
        ):
            enable(button, either or self._off.get(capability, ""))
        enable(self.list_uploads, sender or self._off.get("list_metrics", ""))
        enable(self.list_texts, sender or self._off.get("insight_history", ""))
        one_upload, one_text = self._off.get("processing_status", ""), self._off.get("insight_get", "")
        enable(self.erase, "" if Right.SEND_INSIGHT in self._rights else _NO_RIGHT)
        enable(
            self.one_upload,
            sender or one_upload or ("" if self.upload_line.text().strip() else "Choose one, or type its id"),
        )
        enable(
            self.one_text, sender or one_text or ("" if self.text_line.text().strip() else "Choose one, or type its id")
        )

    def _age_of(self, label: Label) -> Freshness:
        """The line that says how old what a card shows is; what is shown never looks newer than it is (L-33)."""
        return self.ages.setdefault(label, Freshness())

    def _ask(self, label: Label, ask: Callable[[], _T], done: Callable[[_T], None]) -> None:
        label.setText("Asking…")

        def told(found: _T) -> None:
            done(found)
            self.ages[label].told()

        def refused(error: ClarityError) -> None:
            label.setText(f"{error.message} {error.remedy}".strip())
            self.ages[label].not_told()

        run_mutation(self, ask, told, refused)

    # -- the account ------------------------------------------------------------------------------------------

    def show_me(self) -> None:
        """Ask what the server says of the account."""

        def done(found: Any) -> None:
            told = (
                ("Name", found.display_name or "none told"),
                ("E-mail", found.email or "none told"),
                ("User", found.user_id or "none told"),
            )
            self.me.setText(" · ".join(f"{name}: {value}" for name, value in told))

        self._ask(self.me, self.services.cloud_me, done)

    def begin_rename(self) -> None:
        """Ask for the name that the server shows."""
        line = QLineEdit()
        field = Field("Name", line, "1 to 100 letters")

        def act() -> Callable[[], str]:
            typed = line.text().strip()

            def run() -> str:
                self.services.cloud_rename(typed)
                return typed

            return run

        def done(name: str) -> None:
            self.me.setText(f"The server took the name {name}. Some servers go on telling none.")

        ask_form(
            self.window(),
            "Change the name at the server",
            "Only the name goes there. The e-mail address is changed at the identity service, which verifies it.",
            (field,),
            "Change",
            act,
            done,
            ready=lambda: "" if line.text().strip() else "Type a name first",
            named={"display_name": field},
        )

    def show_counts(self) -> None:
        """Ask for the numbers that the server keeps of the account."""

        def done(found: Any) -> None:
            self.me.setText(" · ".join(f"{name}: {value:g}" for name, value in found.items()) or "It keeps none.")

        self._ask(self.me, self.services.cloud_counts, done)

    def show_model(self) -> None:
        """Ask what the server says of its model."""

        def done(found: Any) -> None:
            told = " · ".join(f"{name}: {value}" for name, value in found.items() if isinstance(value, (str, bool)))
            self.me.setText(f"{told}. None of it is verified." if told else "It says nothing of its model.")

        self._ask(self.me, self.services.cloud_models, done)

    # -- uploads ----------------------------------------------------------------------------------------------

    def show_uploads(self) -> None:
        """List the uploads that the server shows."""

        def done(found: Any) -> None:
            self.uploads.show_records(
                [
                    Record(one.processing_id, (one.processing_id, ", ".join(one.types), str(one.metrics)))
                    for one in found
                ]
            )
            self.uploads.setVisible(bool(found))
            self.upload_state.setText(count_words(len(found), "upload") + " listed.")
            self._enable()

        self._ask(self.upload_state, self.services.cloud_uploads, done)

    def show_upload(self) -> None:
        """Ask for the state of one upload by its id."""
        name = self.upload_line.text().strip()
        if not name:
            return

        def done(found: str) -> None:
            self.upload_state.setText(f"The server says: {found}. That it is stored, not that it is whole.")

        self._ask(self.upload_state, lambda: self.services.cloud_upload_status(name), done)

    # -- texts ------------------------------------------------------------------------------------------------

    def show_texts(self) -> None:
        """List previews of the texts that the server keeps."""

        def done(found: Any) -> None:
            rows = [Record(one.insight_id, (one.generated_at, one.insight_id, one.narrative)) for one in found]
            self.texts.show_records(rows)
            self.texts.setVisible(bool(rows))
            self.text.setText(count_words(len(rows), "text") + " listed.")
            self._enable()

        self._ask(self.text, self.services.cloud_insight_history, done)

    def show_text(self) -> None:
        """Open one text by its id."""
        name = self.text_line.text().strip()
        if not name:
            return

        def done(found: Any) -> None:
            self.text.setText(f"Not checked: {found.narrative}")

        self._ask(self.text, lambda: self.services.cloud_insight(name), done)

    def ask_text_service(self) -> None:
        """Ask whether the server's text service answers."""
        self._ask(self.text, self.services.cloud_insight_service, lambda _: self.text.setText("It answers."))


def _row(*buttons: Button) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(8)
    for button in buttons:
        row.addWidget(button)
    row.addStretch(0)
    return row
