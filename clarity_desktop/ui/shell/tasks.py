"""What the window does for its commands: dialogs, imports, report, demo people, checks."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clarity_desktop.domain.people import Patient
from clarity_desktop.ui import theme
from clarity_desktop.ui.commands import Command
from clarity_desktop.ui.dialogs.about import AboutSheet
from clarity_desktop.ui.dialogs.choose_patient import ChoosePatientDialog, ImportChoice
from clarity_desktop.ui.dialogs.keys import KeysSheet
from clarity_desktop.ui.dialogs.new_patient import NewPatientDialog
from clarity_desktop.ui.dialogs.note import show_note
from clarity_desktop.ui.jobs import Job, JobState, board, run_mutation, run_query, start_job
from clarity_desktop.ui.qt import QFileDialog, QPoint, QWidget
from clarity_desktop.ui.shell.menus import window_menu
from clarity_desktop.ui.shell.palette import Palette, PaletteAnswers
from clarity_desktop.ui.shell.regions import step_region

if TYPE_CHECKING:
    from clarity_desktop.app import Services
    from clarity_desktop.ui.shell.history import History
    from clarity_desktop.ui.shell.workspace import Workspace

__all__ = ["WindowTasks"]

_FILES = "Recordings (*.zip *.xml *.csv *.tsv *.txt *.awd);;All files (*)"


class WindowTasks(QWidget):
    """The half of the window that starts work; :class:`~clarity_desktop.ui.shell.window.Window` holds the state."""

    services: Services
    patient: Patient | None
    people: list[Patient]
    history: History
    keychain_at_hand = False
    flags_on: frozenset[str] = frozenset()
    """Names of the features that are on."""
    import_for: str | None = None
    """Id of the person that the file dialog was opened for."""
    _closing = False

    if TYPE_CHECKING:

        @property
        def workspace(self) -> Workspace: ...
        @property
        def is_locked(self) -> bool: ...
        @property
        def lately(self) -> list[str]: ...
        def state(self) -> frozenset[str]: ...
        def run(self, one: Command) -> bool: ...
        def open_page(self, page_id: str, place: dict[str, object] | None = None) -> None: ...
        def open_patient(
            self, patient_id: str, page_id: str = "overview", place: dict[str, object] | None = None
        ) -> None: ...

    # -- finding things ---------------------------------------------------------------------------------------

    def show_palette(self) -> None:
        """Open the command palette."""
        answers = PaletteAnswers(self.run, lambda patient: self.open_patient(patient.id))
        Palette(self, answers, self.state(), self.people, self.lately).open()

    def show_menu(self) -> None:
        """Open the menu under its button."""
        button = self.workspace.header.menu_button
        menu = window_menu(self, self.state(), self.run)
        corner = button.mapToGlobal(QPoint(button.width(), button.height() + 4))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(QPoint(corner.x() - menu.sizeHint().width(), corner.y()))

    def show_keys(self) -> None:
        """Open the shortcut sheet."""
        KeysSheet(self, self.state()).open()

    def show_about(self) -> None:
        """Say what this program is and where its data lies."""
        AboutSheet(self, self.services).open()

    # -- people and files -------------------------------------------------------------------------------------

    def new_patient(self) -> None:
        """Open the dialog that adds a person."""
        NewPatientDialog(self, self.services, lambda patient: self.say(f"{patient.code} was added.")).open()

    def choose_files(self) -> None:
        """Open the file dialog of the system, without blocking the window."""
        dialog = QFileDialog(self, "Import files", str(self.services.settings.get("import_folder", str(Path.home()))))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilter(_FILES)
        dialog.filesSelected.connect(lambda names: self.import_files(tuple(Path(name) for name in names)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def import_files(self, files: tuple[Path, ...]) -> None:
        """Ask whose recordings these are, then import them."""
        if not files:
            return
        self.services.settings.set("import_folder", str(files[0].parent))

        def ask(people: list[Patient]) -> None:
            self.people = people
            whose = next((one for one in people if one.id == self.import_for), self.patient)
            self.import_for = None
            ChoosePatientDialog(self, files, people, whose, self.start_import).open()

        run_query(self, self.services.patients, ask)

    def start_import(self, choice: ImportChoice) -> None:
        """Show the import page and start one job a file."""
        from clarity_desktop.ui.pages.imports import ImportPage

        self.open_page("import")
        page = self.workspace.page("import")
        if isinstance(page, ImportPage):
            page.start(choice)

    def build_demo(self) -> None:
        """Add simulated people as a long job."""
        services = self.services
        job = start_job("Adding demo people", lambda progress, cancel: services.build_demo(progress, cancel))
        job.ended.connect(lambda: self._demo_ended(job))
        self.say("Simulated people are being added. You can go on working.")

    def _demo_ended(self, job: Job) -> None:
        if job.state is JobState.STOPPED and job.error is not None:
            board().failed.emit(job.error)
        elif job.state is JobState.FINISHED:
            self.say("Demo people are in the list.")

    def make_report(self) -> None:
        """Ask for a place, then write the PDF report of the open person."""
        patient = self.patient
        if patient is None:
            return
        folder = Path(str(self.services.settings.get("report_folder", str(Path.home()))))
        dialog = QFileDialog(self, "Save report", str(folder / f"{patient.code}-report.pdf"), "PDF (*.pdf)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("pdf")
        dialog.selectFile(f"{patient.code}-report.pdf")
        dialog.fileSelected.connect(lambda name: self._write_report(patient.id, Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _write_report(self, patient_id: str, path: Path) -> None:
        self.services.settings.set("report_folder", str(path.parent))
        services = self.services
        job = start_job("Writing the report", lambda _progress, _cancel: services.report_pdf(patient_id, path))

        def ended() -> None:
            if job.error is not None:
                board().failed.emit(job.error)
            else:
                self.say("Report saved.")

        job.ended.connect(ended)

    # -- the vault --------------------------------------------------------------------------------------------

    def check_vault(self) -> None:
        """Read the whole vault as a long job and say what was found."""
        services = self.services
        job = start_job("Checking the vault", lambda _progress, _cancel: services.verify_vault())

        def ended() -> None:
            if job.error is not None:
                board().failed.emit(job.error)
                return
            report: Any = job.result
            chain = "intact" if report.chain_ok else f"broken at entry {report.first_bad}"
            lines = [
                f"Pages and chunks: {report.integrity}.",
                f"Audit chain: {report.audit_entries} entries, {chain}.",
                *report.problems,
            ]
            title = "The vault is as it was written" if report.ok else "The vault differs from what was written"
            show_note(self, title, "\n".join(lines))

        job.ended.connect(ended)
        self.say("Checking the vault. You can go on working.")

    def note_keychain(self) -> None:
        """Learn whether this machine has a keychain that could open the vault."""

        def show(at_hand: bool) -> None:
            self.keychain_at_hand = at_hand

        run_query(self, self.services.keychain_available, show, lambda _: None)

    def try_test_routes(self) -> None:
        """Try the connection to the first server by its test routes, and say what each answered."""
        services = self.services

        def ask() -> str:
            servers = services.cloud_servers()
            if not servers:
                return "No server is set. The account page adds one."
            found = services.try_test_routes(servers[0].url)
            lines = [f"{one.part}: {one.outcome.replace('_', ' ')}, {one.took_ms} ms" for one in found]
            return "\n".join(lines) or "This server has no test routes."

        def show(text: str) -> None:
            show_note(self, "Test routes", text, copy=True)

        run_mutation(self, ask, show)

    def note_flags(self) -> None:
        """Learn which features are on."""

        def show(names: frozenset[str]) -> None:
            self.flags_on = names

        def read() -> frozenset[str]:
            return frozenset(one.flag.name for one in self.services.flags() if one.is_on)

        run_query(self, read, show, lambda _: None)

    def add_keychain(self) -> None:
        """Add a key slot that the keychain of this machine opens."""

        def added(_: object) -> None:
            self.services.settings.set("keychain_slot", True)
            self.say("The keychain of this machine can open the vault from now on.")

        run_mutation(self, lambda: self.services.add_keychain_slot("This machine"), added)

    # -- small things -----------------------------------------------------------------------------------------

    def say(self, sentence: str) -> None:
        """Show a toast."""
        if not self.is_locked:
            self.workspace.toast.say(sentence)

    def show_zone(self) -> None:
        """Say in the status bar which zone the open person's times are shown in."""
        patient = self.patient
        status = self.workspace.status
        if patient is None:
            status.show_zone("")
            return

        def show(text: str) -> None:
            if self.patient is not None and self.patient.id == patient.id and not self.is_locked:
                self.workspace.status.show_zone(text)

        def name() -> str:
            timeline = self.services.zone_timeline(patient.id)
            zones = list(dict.fromkeys(period.zone for period in timeline.periods))
            if timeline.is_unknown:
                return "Recording zone not known"
            return f"Recording zone {zones[0]}" if len(zones) == 1 else f"{len(zones)} recording zones"

        run_query(self, name, show, lambda _: None)

    def show_saved_now(self) -> None:
        """Say in the status bar when data was last stored."""
        self.workspace.status.show_saved(f"Saved on this machine · {time.strftime('%H:%M')}")

    def choose_theme(self, name: str) -> None:
        """Change the theme and keep the choice."""
        theme.set_theme(name)
        self.services.settings.set("theme", name)

    def next_region(self, *, forward: bool) -> None:
        """Move the keyboard to the next region."""
        if not self.is_locked:
            space = self.workspace
            step_region((space.header, space.navigation, space.toolbar, space.pages), forward=forward)

    def toggle_full_screen(self) -> None:
        """Fill the screen, or return."""
        if self.isFullScreen():
            self.showNormal()
        else:
            self.showFullScreen()

    def save_geometry(self) -> None:
        """Keep size and place for the next start."""
        if not self.isFullScreen():
            frame = self.geometry()
            self.services.settings.set("window", [frame.x(), frame.y(), frame.width(), frame.height()])

    def restore_geometry(self) -> None:
        """Return to the size and place of the last time, if they still fit a screen."""
        kept = self.services.settings.get("window")
        if not (isinstance(kept, list) and len(kept) == 4 and all(isinstance(number, int) for number in kept)):
            return
        x, y, width, height = kept
        screen = self.screen().availableGeometry() if self.screen() is not None else None
        self.resize(max(width, self.minimumWidth()), max(height, self.minimumHeight()))
        if screen is not None and screen.intersects(self.geometry().translated(x - self.x(), y - self.y())):
            self.move(x, y)
