"""The window: unlock screen or workspace, the person who is open, history, and the running of commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clarity_desktop.domain.changes import Change, Changes
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.people import Patient
from clarity_desktop.ui.commands import COMMANDS, NOT_IN_ROLE, Command
from clarity_desktop.ui.dialogs.confirm import confirm
from clarity_desktop.ui.dialogs.error import show_error
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.jobs import board, run_mutation, run_query
from clarity_desktop.ui.pages.page import Page
from clarity_desktop.ui.pages.unlock import UnlockPage
from clarity_desktop.ui.qt import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeySequence,
    QShortcut,
    QStackedWidget,
    Qt,
    QTimer,
    QVBoxLayout,
    QWidget,
    Signal,
)
from clarity_desktop.ui.shell import actions  # noqa: F401 - declares the commands
from clarity_desktop.ui.shell.drop import DropFrame, files_of
from clarity_desktop.ui.shell.history import History, Visit
from clarity_desktop.ui.shell.locking import WindowLocking, title_of
from clarity_desktop.ui.shell.page_list import entry
from clarity_desktop.ui.shell.rights import WindowRights
from clarity_desktop.ui.shell.workspace import Workspace
from clarity_desktop.ui.undo import UndoStack

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["Window"]

_DEFAULT_SIZE = (1440, 900)
_MINIMUM_SIZE = (1024, 640)


class Window(WindowLocking, WindowRights, QWidget):
    """The one window of the program."""

    _changed = Signal(object)

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.patient: Patient | None = None
        self.people: list[Patient] = []
        self.history = History()
        self.steps = UndoStack(self)
        self.setObjectName("window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle("Clarity Desktop")
        self.setMinimumSize(*_MINIMUM_SIZE)
        self.resize(*_DEFAULT_SIZE)
        self.setAcceptDrops(True)
        self._stack = QStackedWidget()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        self.unlock_page = UnlockPage(services)
        self.unlock_page.unlocked.connect(self._unlocked)
        self.unlock_page.setting_up.connect(self._watch_set_up)
        self._stack.addWidget(self.unlock_page)
        self._workspace: Workspace | None = None
        self._drop = DropFrame(self)
        self._lately: list[str] = []
        self._after_unlock: tuple[str | None, str | None] = (None, None)
        self._prepare_locking()
        self.flags_on = frozenset(one.flag.name for one in services.flags() if one.is_on)
        self._changed.connect(self._on_changes, Qt.ConnectionType.QueuedConnection)
        self._unsubscribe = services.subscribe(self._changed.emit)
        board().failed.connect(self.report_error)
        for one in COMMANDS:
            if one.shortcut:
                keys = QShortcut(QKeySequence(one.shortcut), self)
                keys.activated.connect(lambda one=one: self.run_by_key(one))

    # -- state ------------------------------------------------------------------------------------------------

    @property
    def workspace(self) -> Workspace:
        """The frame around the pages; made at the first unlock."""
        if self._workspace is None:
            made = self._workspace = Workspace()
            header = made.header
            header.back.connect(lambda: self.run_id("go.back"))
            header.forward.connect(lambda: self.run_id("go.forward"))
            header.search.connect(self.show_palette)
            header.menu.connect(self.show_menu)
            header.lock.connect(lambda: self.run_id("vault.lock"))
            made.navigation.chosen.connect(self.open_page)
            made.status.jobs_wanted.connect(lambda: self.open_page("jobs"))
            board().changed.connect(made.show_job_count)
            self._stack.addWidget(made)
        return self._workspace

    @property
    def is_locked(self) -> bool:
        """Whether the unlock screen is shown."""
        return self._stack.currentWidget() is self.unlock_page

    def state(self) -> frozenset[str]:
        """What holds now, in the words that commands need."""
        held = {f"flag:{name}" for name in self.flags_on}
        if not self.is_locked:
            held.add("unlocked")
            if self.patient is not None:
                held.add("patient")
            if self.history.can_go_back:
                held.add("back")
            if self.history.can_go_forward:
                held.add("forward")
            if self.keychain_at_hand:
                held.add("keychain")
            if self.capture.is_excluded:
                held.add("capture")
            if self.steps.undo_name:
                held.add("undo")
            if self.steps.redo_name:
                held.add("redo")
            held |= self.states_of_rights()
            current = self.workspace.current()
            if current is not None:
                held.add(f"page:{current.id}")
        return frozenset(held)

    # -- commands ---------------------------------------------------------------------------------------------

    def run(self, one: Command) -> bool:
        """Run a command if its needs hold; answers whether it ran."""
        state = self.state()
        if not one.is_offered(state):
            return False
        obstacle = one.obstacle(state)
        if obstacle is not None:
            if obstacle == NOT_IN_ROLE:
                self.say(f"{one.title.removesuffix(' …')}: not part of your role. An admin gives roles.")
            return False
        self._lately = [one.id, *(name for name in self._lately if name != one.id)]
        one.handler(self)
        return True

    def run_id(self, command_id: str) -> bool:
        """Run a command by its id."""
        return self.run(COMMANDS[command_id])

    def run_by_key(self, one: Command) -> bool:
        """Run a command by its keys, unless a dialog is open."""
        return False if self.open_sheet() is not None else self.run(one)

    def open_sheet(self) -> Sheet | None:
        """The dialog that is open, if one is."""
        return next((sheet for sheet in self.findChildren(Sheet) if sheet.isVisible()), None)

    @property
    def lately(self) -> list[str]:
        """Ids of commands, the last used first."""
        return list(self._lately)

    # -- pages and people -------------------------------------------------------------------------------------

    def _page(self, page_id: str) -> Page:
        if not self.may_open(page_id):
            return self.refused_page(page_id)
        page = self.workspace.page(page_id)
        if page is None:
            page = entry(page_id).load()(self.services)
            page.go.connect(self._go)
            page.moved.connect(lambda: self._moved(page))
            page.told.connect(self.say)
            page.did.connect(self.note_step)
            page.show_rights(self.rights)
            self.workspace.add_page(page)
            if entry(page_id).needs_patient:
                page.show_patient(self.patient)
        return page

    def open_page(self, page_id: str, place: dict[str, object] | None = None) -> None:
        """Show a page of the person who is open, and note it in the history."""
        if self.is_locked or (entry(page_id).needs_patient and self.patient is None):
            return
        self._leave()
        self.history.visit(Visit(page_id, self.patient.id if self.patient is not None else None, place or {}))
        self._show(page_id, place)

    def _show(self, page_id: str, place: dict[str, object] | None = None) -> None:
        page = self._page(page_id)
        self.workspace.show_page(page)
        if place:
            page.restore(place)
        # So that Back finds the place as it was, also where a step within the page follows.
        self.history.remember(page.place())
        self._show_steps()
        self.page_shown(page)

    def _show_steps(self) -> None:
        self.workspace.header.set_steps(self.history.can_go_back, self.history.can_go_forward)

    def _moved(self, page: Page) -> None:
        if self.workspace.current() is page:
            self.history.step(Visit(page.id, self.patient.id if self.patient is not None else None, page.place()))
            self._show_steps()

    def _go(self, page_id: str, place: object) -> None:
        wanted = dict(place) if isinstance(place, dict) else {}
        patient_id = wanted.pop("patient", None)
        if isinstance(patient_id, str):
            self.open_patient(patient_id, page_id, wanted)
        elif page_id.startswith("command:"):
            whose = wanted.get("for")
            self.import_for = whose if isinstance(whose, str) else None
            self.run_id(page_id.removeprefix("command:"))
        else:
            self.open_page(page_id, wanted)

    def open_patient(self, patient_id: str, page_id: str = "overview", place: dict[str, object] | None = None) -> None:
        """Open a person (an entry in the audit) and show one of their pages."""
        if self.patient is not None and self.patient.id == patient_id:
            self.open_page(page_id, place)
            return

        def opened(patient: Patient) -> None:
            self._leave()
            self._take_patient(patient)
            self.history.visit(Visit(page_id, patient.id, place or {}))
            self._show(page_id, place)

        run_mutation(self, lambda: self.services.open_patient(patient_id), opened)

    def _take_patient(self, patient: Patient | None) -> None:
        self.patient = patient
        self.workspace.show_patient(patient)
        self.sync_care.open_patient("" if self.patient is None else self.patient.id)
        self.setWindowTitle(title_of(patient))
        for page in self.workspace.made:
            if entry(page.id).needs_patient:
                page.show_patient(patient)
        self.show_zone()

    def close_patient(self) -> None:
        """Close the open person and show the list."""
        self._take_patient(None)
        self.history.clear()
        self.open_page(self.home_page())

    def go_back(self) -> None:
        """Return to the place before."""
        self._leave()
        self._revisit(self.history.back())

    def go_forward(self) -> None:
        """Return to the place that Back came from."""
        self._leave()
        self._revisit(self.history.forward())

    def _revisit(self, visit: Visit) -> None:
        same = self.patient is not None and self.patient.id == visit.patient_id
        if visit.patient_id is None or same or not entry(visit.page).needs_patient:
            self._show(visit.page, visit.place)
            return

        def opened(patient: Patient) -> None:
            self._take_patient(patient)
            self._show(visit.page, visit.place)

        wanted = visit.patient_id
        run_mutation(self, lambda: self.services.open_patient(wanted), opened, lambda _: self.close_patient())

    def go_to(self, visit: Visit) -> None:
        """Show the place that the history stands at, as after unlocking."""
        self._revisit(visit)

    # -- what changes -----------------------------------------------------------------------------------------

    def refresh_people(self) -> None:
        """Read the list of people anew, for the count, the palette and dialogs."""

        def show(people: list[Patient]) -> None:
            self.people = people
            if not self.is_locked:
                self.workspace.navigation.set_number("patients", len(people))

        if self.may_open("patients"):
            run_query(self, self.services.patients, show, lambda _: None)

    def _on_changes(self, changes: Changes) -> None:
        if self.is_locked:
            return
        if changes.what & (Change.PATIENTS | Change.IMPORTS):
            self.refresh_people()
        if changes.what & Change.SETTINGS:
            self.follow_settings()
            self.note_flags()
        if changes.what & Change.SLOTS:
            self.follow_user()
        if changes.what & (Change.SETTINGS | Change.SAMPLES):
            self.sync_care.look_soon()
        self.show_saved_now()
        self.workspace.announce(changes)

    def report_error(self, error: ClarityError) -> None:
        """Show the error dialog."""
        show_error(self, error)

    # -- window events ----------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        files = files_of(event.mimeData())
        if files and not self.is_locked and self.open_sheet() is None:
            event.acceptProposedAction()
            self._drop.show_for(len(files))

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._drop.hide()
        files: tuple[Path, ...] = files_of(event.mimeData())
        # The vault may have been locked while the drag was under way.
        if files and not self.is_locked:
            event.acceptProposedAction()
            QTimer.singleShot(0, self, lambda: self.import_files(files))

    def closeEvent(self, event: QCloseEvent) -> None:
        running = [job for job in board().jobs if not job.is_over and not job.quiet]
        if running and not self._closing:
            event.ignore()
            confirm(
                self,
                "Close and stop the running job?",
                f"{running[0].title} stops. What it has read so far is not stored; everything stored before is safe.",
                verb="Close",
                on_confirm=self._close_now,
                keep="Go on",
            )
            return
        self.save_geometry()
        self.clipboard.stop()
        self._unsubscribe()
        event.accept()

    def _close_now(self) -> None:
        self._closing = True
        self.close()
