"""The half of the window that opens and closes with the vault: what goes at the lock, what comes back after it."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clarity_desktop.domain.drafts import Draft, UnsavedText
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.users import Right, User
from clarity_desktop.ui.dialogs.capture import CaptureDialog
from clarity_desktop.ui.dialogs.drafts import DraftsDialog
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.jobs import JobState, board, run_mutation, run_query
from clarity_desktop.ui.pages.unlock import UnlockPage
from clarity_desktop.ui.qt import QApplication, QPixmapCache, QStackedWidget, Qt, QToolTip
from clarity_desktop.ui.shell.care import VaultCare
from clarity_desktop.ui.shell.clipboard import ClipboardGuard
from clarity_desktop.ui.shell.history import History, Visit
from clarity_desktop.ui.shell.idle import IdleGuard
from clarity_desktop.ui.shell.idle_warning import IdleWarning
from clarity_desktop.ui.shell.places import Place, ScrollReturn, scrolled
from clarity_desktop.ui.shell.screen_capture import ScreenCapture, exclusion_of
from clarity_desktop.ui.shell.session_watch import SessionWatch
from clarity_desktop.ui.shell.sync_care import SyncCare
from clarity_desktop.ui.shell.tasks import WindowTasks
from clarity_desktop.ui.shell.unsaved import fill, place_words, unsaved_texts
from clarity_desktop.ui.shell.workspace import Workspace
from clarity_desktop.ui.undo import UndoStack

if TYPE_CHECKING:
    from clarity_desktop.ui.pages.page import Page

__all__ = ["WindowLocking", "title_of"]

_TITLE: Final = "Clarity Desktop"
_SHEETS: Final = {"NewPatientDialog": "person.new"}
"""Dialogs that a command opens again for a draft."""


@dataclass(frozen=True, slots=True)
class _Entered:
    """What the window learns when the vault opens."""

    user: User
    minutes: int
    capture: bool
    drafts: tuple[Draft, ...]
    codes: dict[str, str]
    """Codes of the patients that the drafts are about."""


class WindowLocking(WindowTasks):
    """Locks at once, whatever else goes on: first nothing is shown any more, then text is sealed, then keys go."""

    unlock_page: UnlockPage
    _stack: QStackedWidget
    _workspace: Workspace | None
    _lately: list[str]
    _after_unlock: tuple[str | None, str | None]
    _locking = False
    """Whether the window is closed and the vault is about to be."""
    _scroll_to: tuple[str, tuple[int, ...]] | None = None
    member: User | None
    steps: UndoStack

    if TYPE_CHECKING:

        def take_user(self) -> None: ...
        def forget_user(self) -> None: ...
        def home_page(self) -> str: ...
        def refresh_people(self) -> None: ...

        def run_id(self, command_id: str) -> bool: ...
        def go_to(self, visit: Visit) -> None: ...
        def report_error(self, error: ClarityError) -> None: ...

    def _prepare_locking(self) -> None:
        """Make what watches over the open vault; nothing of it runs yet."""
        self._places: dict[str, Place] = {}
        self.idle = IdleGuard(parent=self)
        self.idle_warning = IdleWarning(self)
        self.idle_warning.stay.connect(self.idle.used)
        self.idle.warned.connect(self.idle_warning.count)
        self.idle.relieved.connect(self.idle_warning.hide)
        self.idle.expired.connect(lambda: self.lock("Nobody used the window for a while."))
        self.session = SessionWatch(self)
        self.session.lock_wanted.connect(self.lock)
        self.session.woke.connect(self.idle.check)
        self.clipboard = ClipboardGuard(self)
        self.capture = ScreenCapture(self, exclusion_of())
        self.care = VaultCare(self.services, self)
        self.sync_care = SyncCare(self.services, self)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusWindowChanged.connect(self.idle.watch)

    # -- opening ----------------------------------------------------------------------------------------------

    def start_at(self, patient: str | None, page: str | None) -> None:
        """Where to go when the vault is open: a person (id, code or name) and a page."""
        self._after_unlock = (patient, page)
        if self._locking or not self.services.unlocked:
            return
        if self.is_locked:
            self._unlocked(False)
        else:
            self._go_where_asked()

    def come_to_front(self, patient: object, page: object) -> None:
        """The program was started a second time; go where it was asked to, if the vault is open (V-70)."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()
        QApplication.alert(self)
        if patient is not None or page is not None:
            self.start_at(str(patient) if patient is not None else None, str(page) if page is not None else None)

    def _unlocked(self, wants_demo: bool) -> None:
        if self._locking:
            # The computer was locked while the passphrase was looked at; the vault closes again in a moment.
            return
        services = self.services

        def learn() -> _Entered:
            drafts = tuple(services.drafts())
            about = {draft.patient_id for draft in drafts} - {None}
            people = services.patients() if about and services.permits(Right.READ_DATA) else []
            return _Entered(
                services.user(),
                int(services.setting("lock.after_min")),
                services.setting("screen.capture_excluded") is True,
                drafts,
                {one.id: one.code for one in people if one.id in about},
            )

        run_query(self, learn, lambda found: self._enter(found, wants_demo), self._stay_out)

    def _stay_out(self, error: ClarityError) -> None:
        if self._locking:
            return
        self.report_error(error)
        run_mutation(self, self.services.lock)

    def _enter(self, found: _Entered, wants_demo: bool) -> None:
        """Show the workspace to somebody; what another one left is not theirs to see (V-43)."""
        if self._locking or not self.services.unlocked:
            return
        board().enter(found.user.id)
        while_locked = [job for job in board().jobs if job.is_over]
        self._stack.setCurrentWidget(self.workspace)
        self.take_user()
        self.workspace.show_patient(None)
        self.note_keychain()
        self.note_flags()
        self.refresh_people()
        self._start_watching(found)
        place = self._places.pop(found.user.id, None)
        if place is None:
            self.open_page(self.home_page())
        else:
            self._lately = place.lately
            self.history = place.history
            self._return_to(place)
        self._go_where_asked()
        if wants_demo:
            self.build_demo()
        if while_locked:
            count = f"{len(while_locked)} job{'s' if len(while_locked) > 1 else ''}"
            self.say(f"{count} ended while the vault was locked. The job page says how.")
        if found.drafts:
            self._offer(found.drafts, found.codes)

    def follow_settings(self) -> None:
        """A setting changed: take over those of the lock at once."""
        services = self.services

        def show(found: tuple[int, bool]) -> None:
            self.idle.clock.set_limit_min(found[0])
            self.idle.check()
            self.capture.want(found[1])

        def read() -> tuple[int, bool]:
            return int(services.setting("lock.after_min")), services.setting("screen.capture_excluded") is True

        run_query(self, read, show, lambda _: None)

    def _watch_set_up(self) -> None:
        """The vault is open behind the first run: idle time, the screen lock and suspend close it as ever (V-17)."""
        self.idle.watch(self.windowHandle())
        self.idle.start()
        self.session.delay_sleep()
        self.follow_settings()

    def _start_watching(self, found: _Entered) -> None:
        self.idle.clock.set_limit_min(found.minutes)
        self.idle.watch(self.windowHandle())
        self.idle.start()
        self.session.delay_sleep()
        self.clipboard.start()
        self.capture.want(found.capture)
        self.care.start(self.workspace.notices)
        self.sync_care.start(self.workspace.header)

    def _go_where_asked(self) -> None:
        patient, page = self._after_unlock
        self._after_unlock = (None, None)
        if patient is not None:
            run_query(
                self, lambda: self.services.patient(patient), lambda one: self.open_patient(one.id, page or "overview")
            )
        elif page is not None:
            self.open_page(page)

    def _return_to(self, place: Place) -> None:
        visit = place.history.current
        if visit is None:
            self.open_page(self.home_page())
            return
        self._scroll_to = (visit.page, place.scrolled)
        self.go_to(visit)

    def page_shown(self, page: Page) -> None:
        """A page came to the front; after unlocking it is scrolled to where it was."""
        wanted, self._scroll_to = self._scroll_to, None
        if wanted is not None and wanted[0] == page.id:
            ScrollReturn(page, wanted[1])

    # -- drafts -----------------------------------------------------------------------------------------------

    def _offer(self, drafts: Sequence[Draft], codes: Mapping[str, str]) -> None:
        def words(draft: Draft) -> str:
            about = codes.get(draft.patient_id or "", "")
            return f"{place_words(draft.place)} · {about}" if about else place_words(draft.place)

        def discard(gone: Sequence[Draft]) -> None:
            ids = [draft.id for draft in gone]
            run_mutation(self, lambda: self.services.discard_drafts(ids))

        DraftsDialog(self, drafts, words, lambda wanted: self._put_back(list(wanted)), discard).open()

    def _put_back(self, drafts: list[Draft]) -> None:
        for owner in dict.fromkeys(draft.place.partition("/")[0] for draft in drafts):
            if owner in _SHEETS:
                self.run_id(_SHEETS[owner])
        # What was written about one person must never land in the field of another.
        here = self.patient.id if self.patient is not None else None
        found = fill(self, [draft for draft in drafts if draft.patient_id in (None, here)])
        kept = [draft for draft in drafts if draft not in found]
        if found:
            ids = [draft.id for draft in found]
            run_mutation(self, lambda: self.services.discard_drafts(ids))
        if kept:
            self.say("Some texts are kept: their fields are on other pages. They are offered at the next unlocking.")

    # -- closing ----------------------------------------------------------------------------------------------

    def lock(self, why: str = "") -> None:
        """Close the vault now. Unsaved text is sealed first, and running jobs do as the setting says.

        Parameters
        ----------
        why:
            Said on the unlock screen when nobody asked for the lock.
        """
        if self._locking:
            return
        self._locking = True
        if self.is_locked:
            # Somebody may just be unlocking, or setting up; what they began is followed by the closing.
            self.idle.stop()
            run_mutation(self, self.services.lock, lambda _: self._locked_at_door(why), self._lock_failed)
            return
        self._scroll_to = None
        texts = unsaved_texts(self, self.patient.id if self.patient is not None else None)
        if self.member is not None:
            self._leave()
            page = self.workspace.current()
            self._places[self.member.id] = Place(self.history, scrolled(page), self._lately)
        self._settle_jobs()
        self._hide_everything()
        self.unlock_page.refresh()
        self.unlock_page.say(why)
        run_mutation(self, lambda: self._seal_and_lock(texts), lambda _: self._locked(), self._lock_failed)

    def _leave(self) -> None:
        """Note in the history where in its page the person is."""
        current = self.workspace.current()
        if current is not None:
            self.history.remember(current.place())

    def _settle_jobs(self) -> None:
        stop = self.services.setting("lock.jobs") == "stop"
        board().forget_ended()
        board().hold()
        for job in board().jobs:
            # What works in this process has no vault any more in a moment, so it stops in good order now. What has
            # not begun waits for its user.
            if stop or (job.state is JobState.RUNNING and not job.outlives_lock):
                job.stop_for_lock()

    def _hide_everything(self) -> None:
        """Take all content out of the window before it is painted again (V-19)."""
        self.idle.stop()
        self.care.stop()
        self.sync_care.stop()
        self.clipboard.stop()
        self.capture.restore()
        for sheet in self.findChildren(Sheet):
            sheet.dismiss()
        for other in QApplication.topLevelWidgets():
            if other is not self and other.isVisible():
                other.close()
        QToolTip.hideText()
        self.setWindowTitle(_TITLE)
        self.history = History()
        self.patient = None
        self.people = []
        self._lately = []
        self.steps.clear()
        self.forget_user()
        if self._workspace is not None:
            workspace, self._workspace = self._workspace, None
            self._stack.removeWidget(workspace)
            workspace.hide()
            # Its deletion is waiting before the next painting is.
            workspace.deleteLater()
        self._stack.setCurrentWidget(self.unlock_page)
        QPixmapCache.clear()

    def _seal_and_lock(self, texts: list[UnsavedText]) -> None:
        services = self.services
        try:
            if texts and services.unlocked:
                services.keep_drafts(texts)
        finally:
            services.lock()
            gc.collect()

    def _locked(self) -> None:
        self._locking = False
        self.session.let_sleep()

    def _locked_at_door(self, why: str) -> None:
        """The vault is closed; a first run that stood before it goes on behind the passphrase."""
        self._locked()
        if self.unlock_page.wizard is not None:
            self.unlock_page.refresh()
            self.unlock_page.say(why)

    def _lock_failed(self, error: ClarityError) -> None:
        self._locked()
        self.report_error(error)

    def lock_at_once(self) -> None:
        """The user was removed meanwhile."""
        self.lock("Your access to this vault has ended.")

    def switch_user(self) -> None:
        """Lock, and ask who comes next (V-43)."""
        self.lock("Another person can unlock now.")
        self.unlock_page.choose_person()

    # -- holding and lifting ----------------------------------------------------------------------------------

    def toggle_hold(self) -> None:
        """Let a presentation count as use for an hour, or end that."""
        clock = self.idle.clock
        if clock.held_s > 0:
            clock.end_hold()
            self.say("The presentation hold is over. The vault locks by itself again.")
        else:
            clock.hold()
            self.say("Idle time does not lock the vault for 60 minutes. The screen lock and Ctrl L still do.")
        self.idle.check()
        self.workspace.header.show_hold(clock.held_s > 0)

    def ask_capture(self) -> None:
        """Ask for the reason, then let the window be captured for 15 minutes."""
        CaptureDialog(self, self.lift_capture).open()

    def lift_capture(self, reason: str) -> None:
        """Let the window be captured for 15 minutes; the reason goes to the audit before."""
        run_mutation(self, lambda: self.services.note_capture_lifted(reason), lambda _: self.capture.lift())


def title_of(patient: Patient | None) -> str:
    """The window's title: it shows in task bars and lists of the system, so it has the code and never a name (V-40)."""
    return _TITLE if patient is None else f"{patient.code} · {_TITLE}"
