"""The import page: drop files, watch them being read, open the report of any import."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from clarity_desktop.app import ImportReport
from clarity_desktop.app.import_batch import BatchStep
from clarity_desktop.domain.changes import Change, Changes
from clarity_desktop.domain.importing import UnfinishedImport
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.work import CancelToken, CancelWay, ProgressListener
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.scroll import PageScroll
from clarity_desktop.ui.components.text import Label, rule
from clarity_desktop.ui.dialogs.chart_table import ChartTableSheet
from clarity_desktop.ui.dialogs.choose_patient import ImportChoice
from clarity_desktop.ui.dialogs.confirm import confirm
from clarity_desktop.ui.dialogs.import_stop import ask_how_to_stop
from clarity_desktop.ui.dialogs.source_order import SourceSheet
from clarity_desktop.ui.dialogs.zone_corrections import ZoneSheet
from clarity_desktop.ui.jobs import Job, JobState, run_mutation, run_query, start_job
from clarity_desktop.ui.pages.import_aftermath import UnfinishedRow
from clarity_desktop.ui.pages.import_batch import BatchCard
from clarity_desktop.ui.pages.import_cards import DropZone, JobCard, PastRow
from clarity_desktop.ui.pages.import_report import ImportReportView
from clarity_desktop.ui.pages.page import Page
from clarity_desktop.ui.qt import QFileDialog, QStackedWidget, Qt, QVBoxLayout, QWidget, isValid

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["ImportPage"]


class _Owner:
    """Whose files a drop is; a new person gets an id when the first file was read."""

    def __init__(self, choice: ImportChoice) -> None:
        self.patient_id = choice.patient_id
        self.new_name = choice.new_name


class ImportPage(Page):
    """Two views: the list of imports, and one report."""

    id: ClassVar[str] = "import"
    title: ClassVar[str] = "Import"
    icon: ClassVar[str] = "import"
    group: ClassVar[str] = "workstation"
    needs_patient: ClassVar[bool] = False

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(services, parent)
        self._opened: dict[int, ImportReport] = {}
        self._names: dict[str, str] = {}
        self._stack = QStackedWidget(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        self._stack.addWidget(self._build_list())
        self.report_view = ImportReportView(services)
        self.report_view.overview_wanted.connect(lambda one: self.go.emit("overview", {"patient": one}))
        self.report_view.said.connect(self.told)
        self.report_view.undo_wanted.connect(self._ask_undo)
        self.report_view.zones_wanted.connect(self.open_zones)
        self.report_view.sources_wanted.connect(self.open_sources)
        self.report_view.vanished_wanted.connect(self._show_vanished)
        self.report_view.back_wanted.connect(self._bring_back)
        self._stack.addWidget(self.report_view)
        self._folder = Button("Import a folder", "quiet", "folder-open")
        self._folder.setToolTip("A folder of many people's files as one job")
        self._folder.clicked.connect(lambda _=False: self._choose_folder())
        self._all = Button("All imports", "quiet", "list")
        self._all.clicked.connect(lambda _=False: self._show_list())
        self._another = Button("Import another file", "normal", "import")
        self._another.clicked.connect(lambda _=False: self.go.emit("command:data.import", None))
        self._toolbar()
        self.reload()

    def _build_list(self) -> QWidget:
        area = PageScroll("Imports")
        column = area.column
        zone = DropZone()
        zone.wanted.connect(lambda: self.go.emit("command:data.import", None))
        column.addWidget(zone)
        self._running = QVBoxLayout()
        self._running.setSpacing(8)
        column.addLayout(self._running)
        self._waiting = QVBoxLayout()
        self._waiting.setSpacing(8)
        column.addLayout(self._waiting)
        self._past = Card("Imports in this vault", padding=0)
        self._past.body.setSpacing(0)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(0)
        self._past.body.addLayout(self._rows)
        column.addWidget(self._past)
        column.addStretch(1)
        return area

    def heading(self) -> str:
        return "Import report" if self._shows_report else self.title

    @property
    def _shows_report(self) -> bool:
        return self._stack.currentIndex() == 1

    def toolbar_widgets(self) -> list[QWidget]:
        return [self._folder, self._all, self._another]

    def _toolbar(self) -> None:
        self._all.setVisible(self._shows_report)
        self._another.setVisible(self._shows_report)
        self._folder.setVisible(not self._shows_report)

    # -- running imports --------------------------------------------------------------------------------------

    def start(self, choice: ImportChoice) -> None:
        """Start one job a file. Files of one drop belong to one person, also when that person is new."""
        self._switch(0)
        owner = _Owner(choice)
        for path in choice.files:
            self._start_one(path, owner, choice.zone)

    def _start_one(self, path: Path, owner: _Owner, zone: str | None, *, confirmed: bool = False) -> None:
        services = self.services

        def work(progress: ProgressListener, cancel: CancelToken) -> ImportReport:
            # Jobs run one after the other, so a new person has an id before the second file begins.
            known = owner.patient_id
            report = services.import_in_process(
                path,
                patient_id=known,
                new_name=None if known is not None else owner.new_name,
                zone=zone,
                progress=progress,
                cancel=cancel,
                confirmed=confirmed,
            )
            owner.patient_id = report.patient_id or known
            return report

        job = start_job(f"Importing {path.name}", work, outlives_lock=True)
        card = JobCard(job, path.name)
        card.report_wanted.connect(self.open_report)
        card.again_wanted.connect(lambda: self._again(card, path, owner, zone))
        card.stop_wanted.connect(lambda: self._ask_stop(job, path.name))
        card.confirm_wanted.connect(lambda: self._confirm_person(card, path, owner, zone))
        self._running.addWidget(card)
        job.ended.connect(lambda: self._ended(job))

    def _ask_stop(self, job: Job, file: str) -> None:
        sheet = ask_how_to_stop(self.window(), file, job.token.cancel)
        # An import that ends by itself answers the question.
        job.ended.connect(sheet.dismiss)

    def _confirm_person(self, card: JobCard, path: Path, owner: _Owner, zone: str | None) -> None:
        """Ask whether a file that looks like another person's is this person's all the same."""
        error = card.job.error
        name = self._names.get(owner.patient_id or "", "the person chosen")

        def again() -> None:
            self._running.removeWidget(card)
            card.deleteLater()
            self._start_one(path, owner, zone, confirmed=True)

        confirm(
            self.window(),
            f"Is this file {name}'s?",
            f"{'' if error is None else error.message} If you are not sure, leave it and look at the file first.",
            verb=f"It is {name}'s",
            keep="Leave it",
            on_confirm=again,
            danger=True,
        )

    def _again(self, card: JobCard, path: Path, owner: _Owner, zone: str | None) -> None:
        self._running.removeWidget(card)
        card.deleteLater()
        self._start_one(path, owner, zone)

    def _ended(self, job: Job) -> None:
        if not isValid(self):
            # The page went with the lock; what came of the import is told after unlocking.
            return
        if job.state is JobState.CANCELLED:
            self.reload()
        if job.state is JobState.FINISHED and isinstance(job.result, ImportReport):
            self.told.emit("A file was imported. Its report is on the import page.")
            self.reload()
        elif job.state is JobState.STOPPED:
            self.told.emit("A file could not be imported. The import page says why.")

    # -- reports ----------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Read the journal of imports anew."""

        def read() -> tuple[list[ImportReport], list[Patient], list[UnfinishedImport]]:
            return self.services.imports(), self.services.patients(), self.services.unfinished_imports()

        run_query(self, read, lambda answer: self._show(*answer))

    def _show(self, reports: list[ImportReport], people: list[Patient], unfinished: list[UnfinishedImport]) -> None:
        self._names = {one.id: one.name for one in people}
        self._show_unfinished(unfinished)
        while (item := self._rows.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        self._past.set_title("Imports in this vault", f"{len(reports)}" if reports else "")
        if not reports:
            empty = Label("Reports of imports appear here.", "body", "muted")
            empty.setContentsMargins(12, 8, 12, 12)
            self._rows.addWidget(empty)
        for report in sorted(reports, key=lambda one: -(one.import_id or 0)):
            self._rows.addWidget(rule())
            row = PastRow(report, self._name_of(report))
            row.opened.connect(lambda report=report: self.open_report(report))
            self._rows.addWidget(row)

    def _show_unfinished(self, unfinished: list[UnfinishedImport]) -> None:
        while (item := self._waiting.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for one in unfinished:
            row = UnfinishedRow(one, self._names.get(one.patient_id, "A person of this vault"))
            row.go_on.connect(lambda one=one: self._go_on(one))
            row.forget.connect(lambda one=one: self._forget(one))
            self._waiting.addWidget(row)

    def _go_on(self, one: UnfinishedImport) -> None:
        path = Path(one.path)
        if not one.path or not path.exists():
            self.told.emit("The file is no longer where it was. Choose it, and the import goes on where it was.")
            self.go.emit("command:data.import", {"for": one.patient_id})
            return
        self._start_one(path, _Owner(ImportChoice((path,), one.patient_id, None, one.zone)), one.zone)
        # The list is read anew when the import has ended; meanwhile its card above says how far it is.
        self._show_unfinished([])

    def _forget(self, one: UnfinishedImport) -> None:
        confirm(
            self.window(),
            f"Forget the interrupted import of {one.file}?",
            "Nothing of it was visible. Importing the file later reads it from its beginning.",
            verb="Forget it",
            on_confirm=lambda: self._mutate(lambda: self.services.discard_unfinished(one.token), "It is forgotten."),
        )

    def _mutate(self, change: Callable[[], object], done: str) -> None:
        def after(_: object) -> None:
            self.told.emit(done)
            self.reload()

        run_mutation(self, change, after)

    # -- what stays possible after an import --------------------------------------------------------------------

    def _ask_undo(self, report: ImportReport) -> None:
        def undo() -> None:
            run_mutation(self, lambda: self.services.undo_import(report.import_id or 0), self._undone)

        confirm(
            self.window(),
            f"Undo the import of {report.file}?",
            f"The data of {self._name_of(report)} is then as it was before this import. "
            "The file itself is not touched; it can be imported again.",
            verb="Undo this import",
            on_confirm=undo,
            danger=True,
        )

    def _undone(self, report: ImportReport) -> None:
        self.told.emit("The import was undone.")
        self.report_view.show_report(report, self._name_of(report))
        self.reload()

    def _bring_back(self, report: ImportReport) -> None:
        def after(back: int) -> None:
            self.told.emit(f"{back} records count again.")
            self.report_view.show_report(report, self._name_of(report))

        run_mutation(self, lambda: self.services.bring_back(report.import_id or 0), after)

    def _show_vanished(self, table: ChartTable) -> None:
        words = "Records that earlier exports held and this one no longer does. All of them are still stored."
        ChartTableSheet(self.window(), "No longer in this export", words, table).open()

    def open_zones(self, patient_id: str) -> ZoneSheet:
        """Open the dialog of a person's zones."""
        sheet = ZoneSheet(self.window(), self.services, patient_id)
        sheet.said.connect(self.told)
        sheet.open()
        return sheet

    def open_sources(self, patient_id: str) -> SourceSheet:
        """Open the dialog of a person's sources: their order, and the account of a day."""
        sheet = SourceSheet(self.window(), self.services, patient_id)
        sheet.said.connect(self.told)
        sheet.open()
        return sheet

    # -- a folder of many people --------------------------------------------------------------------------------

    def _choose_folder(self) -> None:
        dialog = QFileDialog(
            self, "Import a folder", str(self.services.settings.get("import_folder", str(Path.home())))
        )
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(lambda chosen: self.plan_folder(Path(chosen)))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def plan_folder(self, folder: Path) -> None:
        """Find out whose the files of a folder are, and show them before anything is read."""
        run_query(self, lambda: self.services.plan_batch(folder), lambda steps: self._planned(folder, steps))

    def _planned(self, folder: Path, steps: list[BatchStep]) -> None:
        card = BatchCard(folder, steps)
        card.start_wanted.connect(lambda: self._start_batch(card, folder))
        card.stop_wanted.connect(lambda: card.job.token.cancel(CancelWay.PAUSE) if card.job is not None else None)

        def close() -> None:
            self._running.removeWidget(card)
            card.deleteLater()

        card.closed.connect(close)
        self._running.addWidget(card)

    def _start_batch(self, card: BatchCard, folder: Path) -> None:
        services, steps, moved = self.services, list(card.steps), card.moved

        def work(progress: ProgressListener, cancel: CancelToken) -> list[BatchStep]:
            return services.import_batch(
                steps, changed=lambda n, step: moved.emit(n, step), progress=progress, cancel=cancel, separate=True
            )

        job = start_job(f"Importing folder {folder.name}", work)
        card.watch(job)
        job.ended.connect(self.reload)

    def _name_of(self, report: ImportReport) -> str:
        return self._names.get(report.patient_id or "", "A person of this vault")

    def open_report(self, report: ImportReport) -> None:
        """Show the report of one import."""
        key = next((key for key, known in self._opened.items() if known is report), -1 - len(self._opened))
        self._opened[key] = report
        # The header must name the person whose report is shown.
        self.go.emit("import", {"patient": report.patient_id, "report": key})

    def _show_list(self) -> None:
        self._switch(0)
        self.moved.emit()

    def _switch(self, index: int) -> None:
        self._stack.setCurrentIndex(index)
        self._toolbar()
        self.heading_changed.emit()

    def on_changes(self, changes: Changes) -> None:
        if changes.what & (Change.IMPORTS | Change.PATIENTS):
            self.reload()

    def place(self) -> dict[str, Any]:
        report = self.report_view.report
        shown = next((key for key, known in self._opened.items() if known is report), None)
        return {"report": shown if self._shows_report else None}

    def restore(self, place: dict[str, Any]) -> None:
        wanted = place.get("report")
        if isinstance(wanted, int) and wanted in self._opened:
            report = self._opened[wanted]
            self.report_view.show_report(report, self._name_of(report))
            self._switch(1)
        elif "report" in place:
            self._switch(0)

    def shown(self) -> None:
        self._toolbar()
