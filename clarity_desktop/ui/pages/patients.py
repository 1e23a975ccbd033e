"""The patient list: who is in the vault, how much data there is, and the main numbers of the selected person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from clarity_desktop.app import PatientSummary
from clarity_desktop.domain.changes import Change, Changes
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.users import Right
from clarity_desktop.ui import theme
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.states import EmptyState, Icon
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.jobs import run_query
from clarity_desktop.ui.pages.page import Page
from clarity_desktop.ui.pages.patient_preview import PatientPreview
from clarity_desktop.ui.pages.patient_rows import PatientFilter, PatientRows
from clarity_desktop.ui.pages.patient_table import PatientTable
from clarity_desktop.ui.qt import (
    QAction,
    QHBoxLayout,
    QLineEdit,
    QResizeEvent,
    QStackedWidget,
    Qt,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["PatientsPage"]


class PatientsPage(Page):
    """Table left, preview right; both follow the selection."""

    id: ClassVar[str] = "patients"
    title: ClassVar[str] = "Patients"
    icon: ClassVar[str] = "users"
    group: ClassVar[str] = "patients"
    needs_patient: ClassVar[bool] = False

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(services, parent)
        self.rows = PatientRows()
        self.filtered = PatientFilter(self.rows)
        self._wanted = ""
        self._asked: set[str] = set()
        self._import = Button("Import", "normal", "import")
        self._import.clicked.connect(lambda _=False: self.go.emit("command:data.import", None))
        self._new = Button("New patient", "primary", "plus")
        self._new.clicked.connect(lambda _=False: self.go.emit("command:person.new", None))
        self._stack = QStackedWidget(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        self._stack.addWidget(QWidget())
        self._stack.addWidget(self._build_list())
        self._empty = EmptyState(
            "users",
            "No one is in this vault yet",
            "Import a recording",
            lambda: self.go.emit("command:data.import", None),
            more="Drop a file on the window, or add a person first. Simulated people show what the program does.",
            second=("Add demo people", lambda: self.go.emit("command:demo.build", None)),
        )
        self._stack.addWidget(self._empty)
        self.reload()

    def _build_list(self) -> QWidget:
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Name, id or tag")
        self.search.setAccessibleName("Filter people by name, id or tag")
        self.search.setFixedWidth(300)
        self.search.setFont(theme.font("body"))
        self._glass = QAction(theme.icon("search", 16, "text_muted"), "", self)
        self._glass.setToolTip("Search")
        self._glass.triggered.connect(lambda _=False: self.search.setFocus())
        self.search.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        theme.notifier.changed.connect(self._retheme)
        self.search.textChanged.connect(self._filter)
        row.addWidget(self.search)
        self._clear = Button("Clear filter", "quiet", "x")
        self._clear.clicked.connect(lambda _=False: self.search.clear())
        self._clear.hide()
        row.addWidget(self._clear)
        row.addStretch(1)
        self._count = Label("", "small", "muted")
        row.addWidget(self._count)
        column.addLayout(row)
        middle = QHBoxLayout()
        middle.setSpacing(12)
        self._card = Card(padding=0)
        self.table = PatientTable(self.filtered)
        self.table.opened.connect(self._open)
        self.table.current_changed.connect(self._selected)
        self.table.moved.connect(self._ask_visible)
        self._card.body.addWidget(self.table)
        self._none = Label("", "body", "muted")
        self._none.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._none.setContentsMargins(0, 24, 0, 24)
        self._none.hide()
        self._card.body.addWidget(self._none)
        middle.addWidget(self._card, 1, Qt.AlignmentFlag.AlignTop)
        self.preview = PatientPreview()
        self.preview.open_wanted.connect(self._open)
        self.preview.import_wanted.connect(lambda one: self.go.emit("command:data.import", {"for": one}))
        middle.addWidget(self.preview, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(middle)
        note = QHBoxLayout()
        note.setSpacing(8)
        note.addWidget(Icon("info", 16, "text_muted"))
        self._note = Label("", "body", "muted")
        note.addWidget(self._note, 1)
        self._note_row = QWidget()
        self._note_row.setLayout(note)
        note.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._note_row)
        column.addStretch(1)
        return content

    def _retheme(self) -> None:
        self._glass.setIcon(theme.icon("search", 16, "text_muted"))

    def toolbar_widgets(self) -> list[QWidget]:
        return [self._import, self._new]

    # -- data -------------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Read the list anew; short views follow one by one."""
        run_query(self, self.services.patients, self._show)

    def _show(self, people: list[Patient]) -> None:
        before = self.table.current_patient_id() or self._wanted
        self.rows.show(people)
        self._stack.setCurrentIndex(1 if people else 2)
        simulated = sum(one.simulated for one in people)
        self._note_row.setVisible(simulated > 0)
        # The empty state has a primary button of its own.
        self._new.kind = "primary" if people else "normal"
        self._new.update()
        who = "All people here are" if simulated == len(people) else f"{simulated} of these people are"
        self._note.setText(f"{who} simulated. They are marked wherever their data is shown, exported or printed.")
        self.table.fit_height()
        if people:
            self.table.select(before if self.rows.row_of(before) is not None else self.filtered.patient_at(0).id)
        self._counted()
        self._ask_visible()

    def _ask_visible(self) -> None:
        """Ask for the short views of the rows in sight; a list of thousands asks for the rest as it scrolls."""
        for patient_id in self.table.visible_ids():
            if patient_id not in self._asked:
                self._asked.add(patient_id)
                self._ask(patient_id)

    def _ask(self, patient_id: str) -> None:
        def refused(error: ClarityError) -> None:
            self.rows.set_error(patient_id, error)
            self._asked.discard(patient_id)
            if self.table.current_patient_id() == patient_id:
                self._selected(patient_id)

        run_query(self, lambda: self.services.summary(patient_id), self._arrived, refused)

    def _arrived(self, summary: PatientSummary) -> None:
        self.rows.set_summary(summary)
        if self.table.current_patient_id() == summary.patient.id:
            self.preview.show_person(summary.patient, summary)

    def on_changes(self, changes: Changes) -> None:
        if changes.what & (Change.SAMPLES | Change.FINDINGS | Change.ZONES):
            self._asked.difference_update(changes.patients or tuple(self._asked))
        if changes.what & (Change.PATIENTS | Change.SAMPLES | Change.IMPORTS):
            self.reload()

    # -- selection --------------------------------------------------------------------------------------------

    def _filter(self, text: str) -> None:
        self.filtered.search(text)
        self._clear.setVisible(bool(text))
        found = self.filtered.rowCount() > 0
        self.table.setVisible(found)
        self.preview.setVisible(found)
        self._none.setVisible(not found)
        self._none.setText(f"No one fits the filter “{text}”.")
        self.table.fit_height()
        if found and self.table.current_patient_id() is None:
            self.table.select(self.filtered.patient_at(0).id)
        self._counted()
        self._ask_visible()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.table.fit_height()

    def _counted(self) -> None:
        shown, whole = self.filtered.rowCount(), self.rows.rowCount()
        self._count.setText(f"{shown} of {whole} people" if whole != 1 else f"{shown} of 1 person")

    def _selected(self, patient_id: str) -> None:
        row = self.rows.row_of(patient_id)
        if row is not None:
            summary, error = self.rows.summary(patient_id), self.rows.error(patient_id)
            self.preview.show_person(self.rows.patient_at(row), summary, error)

    def _open(self, patient_id: str) -> None:
        self.go.emit("overview", {"patient": patient_id})

    def show_rights(self, rights: frozenset[Right]) -> None:
        for button, right in ((self._import, Right.CHANGE_DATA), (self._new, Right.CHANGE_IDENTITY)):
            button.setEnabled(right in rights)
            button.setToolTip("" if right in rights else "Not part of your role. An admin of the vault gives roles.")

    def shown(self) -> None:
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def place(self) -> dict[str, Any]:
        return {"selected": self.table.current_patient_id() or "", "search": self.search.text()}

    def restore(self, place: dict[str, Any]) -> None:
        self._wanted = str(place.get("selected", ""))
        self.search.setText(str(place.get("search", "")))
        if self._wanted and self.rows.row_of(self._wanted) is not None:
            self.table.select(self._wanted)
