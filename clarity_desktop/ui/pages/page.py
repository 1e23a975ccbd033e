"""The base of every page: what the shell asks of it, and what it may ask of the shell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from clarity_desktop.domain.changes import Changes
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.users import Right
from clarity_desktop.ui.qt import QWidget, Signal

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["Page"]


class Page(QWidget):
    """A screen of the window. The shell makes each page once, at its first visit.

    Subclasses set the class attributes, build their widgets in ``__init__`` and fill :meth:`show_patient`.
    """

    id: ClassVar[str]
    """Stable name, also the deep link: ``overview``."""
    title: ClassVar[str]
    """Name in the navigation and in the toolbar."""
    icon: ClassVar[str]
    """Name of a Lucide icon."""
    group: ClassVar[str] = "patient"
    """``patients``, ``patient`` or ``workstation``: where the navigation lists it."""
    needs_patient: ClassVar[bool] = True

    go = Signal(str, object)
    """Ask the shell to open a page by id, with a place (a dict for :meth:`restore`) or ``None``."""
    heading_changed = Signal()
    """The answer of :meth:`heading` changed."""
    moved = Signal()
    """The place changed in a way that Back should return from."""
    told = Signal(str)
    """A short sentence for a toast; no patient name."""
    did = Signal(object)
    """A :class:`~clarity_desktop.ui.undo.Step` was done that can be taken back; the shell keeps it and says so."""

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.services = services
        self.patient: Patient | None = None
        self.setObjectName(f"page-{self.id}")

    def heading(self) -> str:
        """The title shown in the toolbar; a page may add to its name."""
        return self.title

    def toolbar_lead(self) -> list[QWidget]:
        """Widgets that follow the title at the left of the toolbar: window of time, zone."""
        return []

    def toolbar_widgets(self) -> list[QWidget]:
        """Widgets at the right of the toolbar: what can be done on this page."""
        return []

    def footer(self) -> QWidget | None:
        """A strip under the content, 48 px high: the whole recording on pages of time."""
        return None

    def show_patient(self, patient: Patient | None) -> None:
        """Show another person; ``None`` empties the page. Called before the page is shown and when they change."""
        self.patient = patient

    def show_rights(self, rights: frozenset[Right]) -> None:
        """The user's rights, when the page is made and when they change: hide what they do not include."""

    def shown(self) -> None:
        """The page became the visible one."""

    def on_changes(self, changes: Changes) -> None:
        """Something in the vault changed; called on the window's thread, also while the page is hidden."""

    def place(self) -> dict[str, Any]:
        """Where in the page the person is (window of time, selection), for Back and Forward."""
        return {}

    def restore(self, place: dict[str, Any]) -> None:
        """Return to a place that :meth:`place` answered."""
