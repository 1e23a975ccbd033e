"""The toolbar over the content and the status bar under it."""

from __future__ import annotations

from clarity_desktop.ui.components.states import Icon
from clarity_desktop.ui.components.text import ElidedLabel, Label
from clarity_desktop.ui.jobs import JobState, board
from clarity_desktop.ui.pages.page import Page
from clarity_desktop.ui.qt import QHBoxLayout, QMouseEvent, QSizePolicy, Qt, QWidget, Signal

__all__ = ["StatusBar", "Toolbar"]


class Toolbar(QWidget):
    """Title of the page, its window and zone, and what can be done on it."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("toolbar")
        self.setAccessibleName("Toolbar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(44)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(16, 0, 16, 1)
        self._row.setSpacing(8)
        self._title = Label("", "title")
        self._row.addWidget(self._title)
        self._row.addSpacing(8)
        self._row.addStretch(1)
        self._page: Page | None = None
        self._shown: list[QWidget] = []
        # Widgets of pages that are not shown: what such a page shows or hides there is not seen here.
        self._shelf = QWidget(self)
        self._shelf.hide()

    def show_page(self, page: Page) -> None:
        """Take over the widgets of a page and hide those of the page before."""
        if self._page is not page:
            for widget in self._shown:
                self._row.removeWidget(widget)
                widget.setParent(self._shelf)
            lead, tail = page.toolbar_lead(), page.toolbar_widgets()
            for index, widget in enumerate(lead):
                self._row.insertWidget(2 + index, widget)
            for widget in tail:
                self._row.addWidget(widget)
            self._shown = [*lead, *tail]
            for widget in self._shown:
                # Moving hides; what the page itself has hidden stays so.
                if not (widget.isHidden() and widget.testAttribute(Qt.WidgetAttribute.WA_WState_ExplicitShowHide)):
                    widget.show()
            self._page = page
        self._title.setText(page.heading())


class StatusBar(QWidget):
    """Where the data is, what works, and in which zone and by which day start things are shown."""

    jobs_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("status")
        self.setAccessibleName("Status")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(24)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 1, 12, 0)
        row.setSpacing(4)
        row.addWidget(Icon("hard-drive", 12, "text_muted"))
        self._saved = Label("Saved on this machine", "micro", "muted")
        row.addWidget(self._saved)
        row.addSpacing(12)
        self._job_icon = Icon("loader", 12, "text_muted")
        row.addWidget(self._job_icon)
        self._job = ElidedLabel("No job running", "micro", "muted")
        self._job.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        row.addWidget(self._job, 1)
        self._zone = Label("", "micro", "muted")
        row.addWidget(self._zone)
        row.addSpacing(12)
        row.addWidget(Label("Day starts 12:00", "micro", "muted"))
        row.addSpacing(12)
        row.addWidget(Label("Not a diagnosis · research software", "micro", "muted"))
        board().changed.connect(self.show_jobs)
        self.show_jobs()

    def show_saved(self, text: str) -> None:
        """Say where and when data was last stored."""
        self._saved.setText(text)

    def show_zone(self, text: str) -> None:
        """Say which zone times are shown in."""
        self._zone.setText(text)

    def show_jobs(self) -> None:
        """Say what the long jobs are doing."""
        running = [job for job in board().jobs if not job.is_over]
        if not running:
            self._job.set_text("No job running")
            return
        first = next((job for job in running if job.state is JobState.RUNNING), running[0])
        words = f"{len(running)} job" + ("s" if len(running) > 1 else "") + f" · {first.title}"
        share = first.progress.share if first.progress is not None else None
        self._job.set_text(words if share is None else f"{words} {share:.0%}")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._job.geometry().contains(event.position().toPoint()):
            self.jobs_wanted.emit()
