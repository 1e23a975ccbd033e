"""The card of a server's analyses: one is prepared, started and read-only from then on; finished ones open by id."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Final

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.choice import Choice
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.record_table import Column, Record, RecordTable
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.jobs import Job, run_query, start_job
from clarity_desktop.ui.pages.cloud.account_forms import action_button
from clarity_desktop.ui.pages.security.loaded import enable, when
from clarity_desktop.ui.qt import QHBoxLayout, QLineEdit, Qt

if TYPE_CHECKING:
    from clarity_desktop.app import Services
    from clarity_desktop.app.cloud_results import CloudResult
    from clarity_desktop.domain.people import Patient

__all__ = ["AnalysesCard"]

_SIGNALS: Final = (("steps", "Steps a minute"), ("activity_counts", "Activity counts a minute"))
_BEGUN: Final = "Read-only: the server has begun, and what it works on cannot be changed"
_EDITABLE: Final = "Everything can be changed until it starts. Consent of the person to this server is needed."


class AnalysesCard(Card):
    """Prepares an analysis, starts it, and lists what has finished."""

    def __init__(self, services: Services) -> None:
        super().__init__("Analyses by the server", "To compare, never findings: its model is not verified")
        self._services = services
        self._job: Job | None = None
        self._reason = ""
        self._results: dict[str, CloudResult] = {}
        self.person = Choice([])
        self.signal = Choice(_SIGNALS)
        self.day = QLineEdit()
        self.day.setPlaceholderText("YYYY-MM-DD")
        fields = (
            Field("Person", self.person),
            Field("Signal", self.signal, "A week of minutes goes to the server"),
            Field("First day of the week", self.day, "Local date; nine minutes of ten must be worn"),
        )
        row = QHBoxLayout()
        row.setSpacing(12)
        for field in fields:
            row.addWidget(field, 1)
        self.body.addLayout(row)
        self.day_field = fields[2]
        self.state = Label(_EDITABLE, "small", "muted", wrap=True)
        self.body.addWidget(self.state)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        self.start = action_button("Start analysis", "primary", "cpu", self.begin)
        self.stop = action_button("Stop waiting", "normal", "x", self.give_up)
        self.anew = action_button("Prepare another", "normal", "plus", self.prepare)
        for button in (self.start, self.stop, self.anew):
            buttons.addWidget(button)
        buttons.addStretch(1)
        self.body.addLayout(buttons)
        self.list_title = Label("Finished analyses of this person", "body_strong")
        self.body.addWidget(self.list_title)
        columns = (
            Column("First day", 120),
            Column("Signal", 180),
            Column("Finished", 190),
            Column("Told by", 130),
            Column("Id"),
        )
        self.table = RecordTable("Finished analyses", columns, most=8)
        self.table.opened.connect(self.open_result)
        self.none = Label("None yet.", "body", "muted")
        self.body.addWidget(self.table)
        self.body.addWidget(self.none)
        by_id = QHBoxLayout()
        by_id.setSpacing(8)
        self.id_line = QLineEdit()
        self.id_line.setPlaceholderText("Id of a finished analysis")
        self.id_line.setAccessibleName("Id of a finished analysis")
        self.id_line.returnPressed.connect(self.open_typed)
        self.open = action_button("Open", "normal", "maximize-2", self.open_typed)
        by_id.addWidget(self.id_line, 1)
        by_id.addWidget(self.open)
        self.body.addLayout(by_id)
        self.person.currentIndexChanged.connect(lambda _: self.list_results())
        for signal in (self.day.textChanged, self.id_line.textChanged):
            signal.connect(lambda _: self._enable())
        self.table.current_changed.connect(lambda _: self._enable())
        self._enable()

    def show_people(self, people: list[Patient], reason: str) -> None:
        """Offer people; ``reason`` says why nothing can be started, and is empty where it can."""
        self._reason = reason
        known = [str(self.person.itemData(at)) for at in range(self.person.count())]
        if known != [one.id for one in people]:
            chosen = self.person.value() if known else ""
            self.person.blockSignals(True)
            self.person.clear()
            for one in people:
                self.person.addItem(one.name or one.code, one.id)
            if chosen:
                self.person.set_value(chosen)
            self.person.blockSignals(False)
        self.list_results()
        self._enable()

    def _enable(self) -> None:
        running = self._job is not None and not self._job.is_over
        has_begun = self._job is not None
        for control in (self.person, self.signal, self.day):
            control.setEnabled(not has_begun)
            control.setToolTip(_BEGUN if has_begun else "")
            control.setAccessibleDescription(_BEGUN if has_begun else "")
        person = "" if self.person.count() else "Nobody is in the vault yet"
        day = "" if self.day.text().strip() else "Type the first day of the week"
        enable(self.start, (_BEGUN if has_begun else "") or self._reason or person or day)
        enable(self.stop, "" if running else "No analysis runs")
        enable(self.anew, "" if has_begun and not running else "Nothing has been started" if not has_begun else _BEGUN)
        chosen = self.id_line.text().strip() or self.table.current_key()
        enable(self.open, "" if chosen else "Choose one, or type its id")

    # -- starting ---------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start what is prepared; from now on it is read-only."""
        try:
            first = date.fromisoformat(self.day.text().strip())
        except ValueError:
            self.day_field.show_error("Write it as YYYY-MM-DD")
            return
        self.day_field.show_error("")
        person, signal, services = self.person.value(), self.signal.value(), self._services
        job = self._job = start_job(
            "Analysis by the server",
            lambda _, token: services.cloud_analyse(person, first, signal=signal, cancel=token),
        )
        job.ended.connect(lambda: self._ended(job))
        self.state.setText(_BEGUN + ".")
        self._enable()

    def _ended(self, job: Job) -> None:
        if job is not self._job:
            return
        if job.error is not None:
            self.state.setText(f"{job.error.message} {job.error.remedy}".strip())
        else:
            self.state.setText("Finished. It stands in the list; prepare another to change anything.")
        self.list_results()
        self._enable()

    def give_up(self) -> None:
        """Wait no longer; the server may go on by itself."""
        if self._job is not None:
            self._job.cancel()

    def prepare(self) -> None:
        """Make everything editable again, for another analysis."""
        self._job = None
        self.state.setText(_EDITABLE)
        self._enable()

    # -- what has finished ------------------------------------------------------------------------------------

    def list_results(self) -> None:
        """List the chosen person's finished analyses."""
        if not self.person.count():
            self._show(())
            return
        person = self.person.value()
        run_query(self, lambda: self._services.cloud_results(person), self._show)

    def _show(self, found: tuple[CloudResult, ...]) -> None:
        self._results = {one.id: one for one in found}
        names = dict(_SIGNALS)
        told = {"answer": "its answer", "event": "the live channel", "asking": "asking"}
        self.table.show_records(
            [
                Record(
                    one.id,
                    (
                        one.first_day.isoformat(),
                        names.get(one.signal, one.signal),
                        when(one.made),
                        told.get(one.finished_by, "–"),
                        one.id,
                    ),
                )
                for one in found
            ]
        )
        self.list_title.setText(f"Finished analyses of this person ({len(found)})")
        self.table.setVisible(bool(found))
        self.none.setVisible(not found)
        self._enable()

    def open_typed(self) -> None:
        """Open the one whose id is typed, else the one that is chosen."""
        key = self.id_line.text().strip() or self.table.current_key()
        if key:
            self.open_result(key)

    def open_result(self, result_id: str) -> None:
        """Show one finished analysis by its id."""
        run_query(self, lambda: self._services.cloud_result(result_id), self._sheet, self._refused)

    def _refused(self, error: ClarityError) -> None:
        self.state.setText(f"{error.message} {error.remedy}".strip())

    def _sheet(self, one: CloudResult) -> None:
        sheet = Sheet(self.window(), "Analysis by the server", width=560)
        lines = (
            ("First day", f"{one.first_day.isoformat()}, local"),
            ("Signal", dict(_SIGNALS).get(one.signal, one.signal)),
            ("Minutes without a count", f"{one.minutes_without_count} of 10 080, sent as 0"),
            ("Server", one.server),
            ("The server's name for it", one.analysis_id),
            ("Finished", when(one.made)),
        )
        for title, value in lines:
            row = QHBoxLayout()
            name = Label(title, "small", "muted")
            name.setFixedWidth(180)
            row.addWidget(name, 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(Label(value, "body", wrap=True), 1)
            sheet.body.addLayout(row)
        sheet.body.addWidget(
            Label(
                "Values by the server's names, in its units. Its model is not verified, so they never become findings.",
                "small",
                "muted",
                wrap=True,
            )
        )
        table = RecordTable("Values", (Column("Value"), Column("As the server says", 180, True)), most=10)
        table.show_records([Record(name, (name, f"{value:g}")) for name, value in sorted(one.values.items())])
        sheet.body.addWidget(table)
        close: Callable[[], None] = sheet.dismiss
        sheet.add_button("Close", "primary").clicked.connect(lambda _=False: close())
        sheet.open()
