"""What the window knows of its user: roles and rights, followed while it is open, and the steps they can undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clarity_desktop.domain.errors import ClarityError, LockedError
from clarity_desktop.domain.users import Right, Role, User
from clarity_desktop.ui.jobs import run_query
from clarity_desktop.ui.pages.refused import RefusedPage, roles_in_words
from clarity_desktop.ui.qt import QTimer, QWidget
from clarity_desktop.ui.shell.page_list import PAGES, entry

if TYPE_CHECKING:
    from clarity_desktop.app import Services
    from clarity_desktop.ui.pages.page import Page
    from clarity_desktop.ui.shell.history import History
    from clarity_desktop.ui.shell.workspace import Workspace
    from clarity_desktop.ui.undo import Step, UndoStack

__all__ = ["WindowRights"]

_EVERY_MS = 3000
"""So that a change of roles by another process reaches the window within 5 s (V-46)."""


class WindowRights(QWidget):
    """The part of the window that follows the roles of its user."""

    services: Services
    history: History
    steps: UndoStack
    member: User | None = None
    """Who has opened the vault; ``None`` while it is locked."""
    _following: QTimer | None = None

    if TYPE_CHECKING:

        @property
        def is_locked(self) -> bool: ...
        @property
        def workspace(self) -> Workspace: ...
        def _show(self, page_id: str, place: dict[str, object] | None = None) -> None: ...

    @property
    def rights(self) -> frozenset[Right]:
        """What the user may do; nothing while the vault is locked."""
        return frozenset() if self.member is None else self.member.rights

    @property
    def roles(self) -> frozenset[Role]:
        """The user's roles."""
        return frozenset() if self.member is None else self.member.roles

    def may_open(self, page_id: str) -> bool:
        """Whether the user's roles include a page."""
        wanted = entry(page_id).rights
        return not wanted or bool(self.rights.intersection(wanted))

    def home_page(self) -> str:
        """The page to begin with: the list of patients, or the vault's state for those who see no patients."""
        return "patients" if self.may_open("patients") else "security"

    def refused_page(self, page_id: str) -> Page:
        """The page that stands in for one that the roles do not include."""
        page = self.workspace.page("refused")
        if not isinstance(page, RefusedPage):
            page = RefusedPage(self.services)
            self.workspace.add_page(page)
        page.show_for(entry(page_id).title, self.roles, entry(page_id).rights)
        return page

    def rights_changed(self) -> None:
        """The user's roles are others than before: offer what they include, and show the open page anew."""
        member = self.member
        if member is not None:
            tone = "warn" if member.emergency else "neutral"
            roles = f"Opened the vault. Roles: {roles_in_words(member.roles)}"
            self.workspace.header.role.show_state(member.name, "key-round", tone, roles)
        self.workspace.navigation.set_permitted(frozenset(one.id for one in PAGES if self.may_open(one.id)))
        for page in self.workspace.made:
            page.show_rights(self.rights)
        visit, shown = self.history.current, self.workspace.current()
        if visit is not None and shown is not None and (shown.id == "refused") == self.may_open(visit.page):
            self._show(visit.page, visit.place)

    def note_step(self, step: Step) -> None:
        """Something was done that can be taken back."""
        self.steps.push(step)
        self.workspace.toast.say(f"{step.name}.", action=("Undo", lambda: self.undo_step()))

    def undo_step(self) -> None:
        """Take the latest step back."""
        name = self.steps.undo()
        if name:
            self.workspace.toast.say(f"Undone: {name}.", action=("Redo", lambda: self.redo_step()))

    def redo_step(self) -> None:
        """Do again what was taken back last."""
        name = self.steps.redo()
        if name:
            self.workspace.toast.say(f"{name}.", action=("Undo", lambda: self.undo_step()))

    def states_of_rights(self) -> set[str]:
        """Rights and permitted pages, in the words that commands need."""
        pages = {f"may:{one.id}" for one in PAGES if self.may_open(one.id)}
        return pages | {f"right:{right.value}" for right in self.rights}

    def take_user(self) -> None:
        """On unlocking: learn who it is, and go on following their roles."""
        self.member = self.services.user()
        self.rights_changed()
        if self._following is None:
            self._following = QTimer(self)
            self._following.setInterval(_EVERY_MS)
            self._following.timeout.connect(self.follow_user)
        self._following.start()

    def forget_user(self) -> None:
        """On locking."""
        self.member = None
        if self._following is not None:
            self._following.stop()

    def follow_user(self) -> None:
        """Look whether the roles are still the same; a user who was removed finds the vault locked."""

        def show(now: User) -> None:
            if not self.is_locked and now != self.member:
                self.member = now
                self.rights_changed()

        def failed(error: ClarityError) -> None:
            if isinstance(error, LockedError) and error.code == "people.removed" and not self.is_locked:
                self.lock_at_once()

        if not self.is_locked:
            run_query(self, self.services.user, show, failed)

    def lock_at_once(self) -> None:
        """Lock without asking; the window knows how."""
