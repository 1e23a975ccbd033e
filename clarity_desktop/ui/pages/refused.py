"""What is shown in place of a page that a user's roles do not include: the reason, and who can change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from clarity_desktop.domain.users import RIGHTS, Right, Role
from clarity_desktop.ui.components.states import EmptyState
from clarity_desktop.ui.pages.page import Page
from clarity_desktop.ui.qt import QStackedWidget, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["ROLE_NAMES", "RefusedPage", "refusal", "roles_in_words"]

ROLE_NAMES = {
    Role.ADMIN: "Admin",
    Role.CLINICIAN: "Clinician",
    Role.RESEARCHER: "Researcher",
    Role.READ_ONLY: "Read-only",
}


def roles_in_words(roles: frozenset[Role]) -> str:
    """Roles as people read them, in the order of the table of rights."""
    return ", ".join(name for role, name in ROLE_NAMES.items() if role in roles) or "none"


def refusal(roles: frozenset[Role], rights: tuple[Right, ...], what: str) -> tuple[str, str]:
    """The sentence that refuses, and the one that says which roles include it and who gives roles."""
    holders = [name for role, name in ROLE_NAMES.items() if RIGHTS[role].intersection(rights)]
    mine = roles_in_words(roles)
    return (
        f"Your role, {mine}, does not include {what}",
        f"It belongs to: {', '.join(holders)}. An admin of the vault gives roles on the People page.",
    )


class RefusedPage(Page):
    """One page that stands in for all that are refused."""

    id: ClassVar[str] = "refused"
    title: ClassVar[str] = "Not part of your role"
    icon: ClassVar[str] = "ban"
    group: ClassVar[str] = "workstation"
    needs_patient: ClassVar[bool] = False

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(services, parent)
        self._heading = self.title
        self._stack = QStackedWidget(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)

    def show_for(self, title: str, roles: frozenset[Role], rights: tuple[Right, ...]) -> None:
        """Say why the page of this title is not shown."""
        self._heading = title
        sentence, more = refusal(roles, rights, f"the page {title}")
        state = EmptyState("ban", sentence, more=more)
        state.setAccessibleName(f"{sentence}. {more}")
        before = self._stack.currentWidget()
        self._stack.setCurrentIndex(self._stack.addWidget(state))
        if before is not None:
            self._stack.removeWidget(before)
            before.deleteLater()
        self.heading_changed.emit()

    def heading(self) -> str:
        return self._heading
