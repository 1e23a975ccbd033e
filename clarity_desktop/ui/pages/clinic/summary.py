"""The patient summary: who, what is held, the latest findings and the same words as elsewhere, with their sources."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from clarity_desktop.app.clinic_summary import ClinicSummary
from clarity_desktop.domain.changes import Change, Changes
from clarity_desktop.domain.errors import NotFoundError
from clarity_desktop.domain.insights import Topic
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.users import Right
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.states import EmptyState
from clarity_desktop.ui.jobs import board, start_job
from clarity_desktop.ui.pages.clinic.summary_cards import FindingsCard, ListCard, WhoCard, fill_lists
from clarity_desktop.ui.pages.insights.asking import open_asked
from clarity_desktop.ui.pages.insights.panel import InsightPanel
from clarity_desktop.ui.pages.security.loaded import LoadedPage, enable
from clarity_desktop.ui.qt import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["SummaryPage"]

_TOUCHED = Change.SAMPLES | Change.ZONES | Change.FINDINGS | Change.DIARY


class SummaryPage(LoadedPage):
    """One person on one page; nothing on it that the vault does not hold. Opening it sends nothing."""

    id: ClassVar[str] = "summary"
    title: ClassVar[str] = "Summary"
    icon: ClassVar[str] = "file-text"
    group: ClassVar[str] = "patient"
    needs_patient: ClassVar[bool] = True
    watches: ClassVar[Change] = _TOUCHED | Change.PATIENTS | Change.IMPORTS

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        self.summary: ClinicSummary | None = None
        self._fact: str | None = None
        self._stale = True
        super().__init__(services, parent)
        self._none = EmptyState(
            "users", "No one is open", "Open the patient list", lambda: self.go.emit("patients", None)
        )
        self._stack.addWidget(self._none)
        self._stack.setCurrentWidget(self._none)

    def build(self, column: QVBoxLayout) -> None:
        self.again = Button("Make again", icon="refresh-cw")
        self.again.setToolTip("Reads the vault anew, and has the words made anew by who is chosen")
        self.again.clicked.connect(lambda _=False: self.make_again())
        self.printed = Button("Save for printing", icon="file-chart-column")
        self.printed.clicked.connect(lambda _=False: self.choose_file())
        self.who = WhoCard()
        self.findings = FindingsCard()
        self.findings.opened.connect(self.open_finding)
        self.findings.wanted.connect(lambda: self.go.emit("import", None))
        self.panel = InsightPanel(self.services)
        self.panel.topic = Topic.OVERVIEW
        self.panel.cited.connect(self.open_fact)
        self.panel.asked.connect(lambda what, number: open_asked(self, self.panel, what, number))
        self.panel.told.connect(self.told)
        self.panel.changed.connect(self._mark)
        self.cards = {
            "data": ListCard("Data held", ("Kind", "Samples", "First", "Last"), "Timeline"),
            "diary": ListCard("Diary and notes", ("Entry", "Kind", "When"), "Diary"),
            "consents": ListCard("Consents", ("Purpose", "State", "Until"), "Consent"),
            "retention": ListCard("Retention", ("Class", "Kept", "For")),
            "documents": ListCard("Documents", ("Name", "Size", "Filed")),
            "imports": ListCard("Imports to look at", ("File", "State"), "Import"),
        }
        for name, page in (("data", "timeline"), ("diary", "diary"), ("consents", "consent"), ("imports", "import")):
            self.cards[name].wanted.connect(lambda page=page: self.go.emit(page, None))
        column.addWidget(self.who)
        row = QHBoxLayout()
        row.setSpacing(12)
        left, right = QVBoxLayout(), QVBoxLayout()
        for part in (left, right):
            part.setSpacing(12)
        for widget in (self.findings, self.panel):
            left.addWidget(widget)
        for card in self.cards.values():
            right.addWidget(card)
        left.addStretch(1)
        right.addStretch(1)
        row.addLayout(left, 6)
        row.addLayout(right, 5)
        column.addLayout(row)

    def toolbar_widgets(self) -> list[QWidget]:
        return [self.again, self.printed]

    # -- people and places ---------------------------------------------------------------------------------------

    def show_patient(self, patient: Patient | None) -> None:
        same = patient is not None and self.patient is not None and patient.id == self.patient.id
        super().show_patient(patient)
        if same:
            return
        self.summary, self._fact, self._stale = None, None, True
        self.panel.show_patient(patient)
        # Whoever speaks elsewhere: rules do here until somebody chooses, so that opening the page sends nothing.
        self.panel.who.set_value("rules")
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        self._stack.setCurrentWidget(self._none if patient is None else self._waiting)
        if patient is not None and self.isVisible():
            self.reload()

    def show_rights(self, rights: frozenset[Right]) -> None:
        may = bool(rights & {Right.EXPORT_IDENTIFIED, Right.EXPORT_DEIDENTIFIED})
        enable(self.printed, "" if may else "Your role does not export")
        self.cards["consents"].setEnabled(Right.SEE_IDENTITY in rights)

    def shown(self) -> None:
        if self.patient is not None and self._stale:
            self.reload()

    def on_changes(self, changes: Changes) -> None:
        if self.patient is None or (changes.patients and self.patient.id not in changes.patients):
            return
        if changes.what & self.watches:
            self._stale = True
            if self.isVisible():
                self.reload()
        if changes.what & _TOUCHED:
            self.panel.facts_changed()

    def place(self) -> dict[str, Any]:
        return {} if self._fact is None else {"fact": self._fact}

    def restore(self, place: dict[str, Any]) -> None:
        fact = place.get("fact")
        self._fact = fact if isinstance(fact, str) else None
        self._mark()

    # -- what is shown -------------------------------------------------------------------------------------------

    def read(self) -> ClinicSummary:
        patient = self.patient
        if patient is None:
            raise NotFoundError("patient.unknown", "No one is open.", remedy="Open a person first.")
        return self.services.clinic_summary(patient.id)

    def show_data(self, data: ClinicSummary) -> None:
        first = self.summary is None
        self.summary, self._stale = data, False
        self.who.show_summary(data)
        self.findings.show_summary(data)
        fill_lists(data, self.cards)
        if not data.has_measurements:
            self.panel.show_nothing("There is nothing to put into words: no measurements are stored. Nothing is sent.")
        elif first or self.panel.insight is None:
            self.panel.make()

    def make_again(self) -> None:
        """Read the vault anew and have the words made anew."""
        if self.patient is None:
            return
        self.reload()
        if self.summary is not None and self.summary.has_measurements:
            self.panel.make(fresh=True)

    def open_finding(self, number: int) -> None:
        """Show the chart and window that a finding rests on; Back returns."""
        if self.summary is not None:
            one = self.summary.findings[number]
            self.moved.emit()
            self.go.emit(one.page, {"span": (one.span.start, one.span.stop), "chart": one.chart})

    def open_fact(self, name: str) -> None:
        """Show the chart and days that a sentence rests on; Back returns to the sentence."""
        self._fact = name
        self._mark()
        self.moved.emit()
        self.go.emit("insights", {"topic": self.panel.topic.value, "fact": name})

    def _mark(self) -> None:
        self.panel.choose(self._fact if self._fact in self.panel.numbers else None)

    # -- paper ---------------------------------------------------------------------------------------------------

    def choose_file(self) -> None:
        """Ask where the summary is saved for printing."""
        if self.patient is None or self.summary is None:
            self.told.emit("The summary is still being read.")
            return
        folder = Path(str(self.services.settings.get("report_folder", str(Path.home()))))
        name = f"{self.patient.code}-summary.pdf"
        dialog = QFileDialog(self.window(), "Save the summary", str(folder / name), "PDF (*.pdf)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("pdf")
        dialog.selectFile(name)
        dialog.fileSelected.connect(lambda chosen: self.save(Path(chosen)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save(self, path: Path) -> None:
        """Write what is shown as a PDF, the words with their sources as notes."""
        patient, summary, insight, services = self.patient, self.summary, self.panel.insight, self.services
        if patient is None or summary is None:
            return
        job = start_job(
            "Writing the summary", lambda *_: services.write_clinic_summary(patient.id, path, summary, insight)
        )

        def ended() -> None:
            if job.error is not None:
                board().failed.emit(job.error)
            else:
                self.told.emit("The summary is saved, with the sources of its words.")

        job.ended.connect(ended)
