"""What is shown while the vault is open: header, navigation, toolbar, the page, its footer and the status bar."""

from __future__ import annotations

from clarity_desktop.domain.changes import Changes
from clarity_desktop.domain.people import Patient
from clarity_desktop.ui.components.toast import Toast
from clarity_desktop.ui.jobs import board
from clarity_desktop.ui.pages.page import Page
from clarity_desktop.ui.qt import QHBoxLayout, QResizeEvent, QStackedWidget, Qt, QVBoxLayout, QWidget
from clarity_desktop.ui.shell.bars import StatusBar, Toolbar
from clarity_desktop.ui.shell.header import Header
from clarity_desktop.ui.shell.navigation import Navigation
from clarity_desktop.ui.shell.notices import NoticeStrip

__all__ = ["Workspace"]

_FOLD_BELOW = 1360
_FOOTER = 48


class Workspace(QWidget):
    """The frame around the pages. It knows nothing of commands; the window wires its signals."""

    def __init__(self) -> None:
        super().__init__()
        self.header = Header()
        self.navigation = Navigation()
        self.toolbar = Toolbar()
        self.status = StatusBar()
        self.notices = NoticeStrip()
        self.pages = QStackedWidget()
        self.pages.setObjectName("content")
        self.footer = QStackedWidget()
        self.footer.setObjectName("footer")
        self.footer.setFixedHeight(_FOOTER)
        self.footer.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.footer.hide()
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        right.addWidget(self.toolbar)
        right.addWidget(self.pages, 1)
        right.addWidget(self.footer)
        middle = QHBoxLayout()
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        middle.addWidget(self.navigation)
        middle.addLayout(right, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self.notices)
        column.addLayout(middle, 1)
        column.addWidget(self.status)
        self.toast = Toast(self.pages)
        self._made: dict[str, Page] = {}

    def add_page(self, page: Page) -> None:
        """Take a page in; it becomes visible by :meth:`show_page`."""
        self._made[page.id] = page
        self.pages.addWidget(page)
        page.heading_changed.connect(lambda: self._heading(page))
        footer = page.footer()
        if footer is not None:
            self.footer.addWidget(footer)

    def page(self, page_id: str) -> Page | None:
        """The page of this id, if it was made already."""
        return self._made.get(page_id)

    @property
    def made(self) -> tuple[Page, ...]:
        """All pages made so far."""
        return tuple(self._made.values())

    def current(self) -> Page | None:
        """The visible page."""
        shown = self.pages.currentWidget()
        return shown if isinstance(shown, Page) else None

    def show_page(self, page: Page) -> None:
        """Make a page the visible one."""
        self.pages.setCurrentWidget(page)
        self.toolbar.show_page(page)
        self.navigation.set_page(page.id)
        self._show_footer(page)
        page.shown()

    def _show_footer(self, page: Page) -> None:
        footer = page.footer()
        if footer is not None:
            if self.footer.indexOf(footer) < 0:
                self.footer.addWidget(footer)
            self.footer.setCurrentWidget(footer)
        self.footer.setVisible(footer is not None)

    def _heading(self, page: Page) -> None:
        if self.current() is page:
            self.toolbar.show_page(page)
            self._show_footer(page)

    def show_patient(self, patient: Patient | None) -> None:
        """Say whose data is open and offer their pages."""
        self.header.show_patient(patient)
        self.navigation.set_patient(patient is not None)
        self.navigation.set_folded(self.width() < _FOLD_BELOW)

    def show_job_count(self) -> None:
        """Show how many jobs run or wait beside their entry."""
        running = sum(not job.is_over for job in board().jobs)
        self.navigation.set_number("jobs", running or None)

    def announce(self, changes: Changes) -> None:
        """Pass changes on to every page made."""
        for page in self._made.values():
            page.on_changes(changes)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.navigation.set_folded(self.width() < _FOLD_BELOW)
