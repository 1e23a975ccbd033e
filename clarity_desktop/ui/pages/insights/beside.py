"""The same panel, compact, beside the charts of another page: what rules say of its topic, with its sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clarity_desktop.domain.insights import Topic
from clarity_desktop.domain.people import Patient
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.pages.insights.panel import InsightPanel

if TYPE_CHECKING:
    from clarity_desktop.ui.pages.page import Page

__all__ = ["InsightBeside"]

_MOST = 2


class InsightBeside(InsightPanel):
    """The first sentences of a topic. A chip opens the insights page at its fact; Back returns."""

    def __init__(self, page: Page, topic: Topic) -> None:
        super().__init__(page.services, compact=True)
        self._page = page
        self.topic = topic
        self.all = Button("All", "link")
        self.all.setAccessibleName("All sentences, on the Insights page")
        self.all.clicked.connect(lambda _=False: page.go.emit("insights", {"topic": self.topic.value}))
        self.add_action(self.all)
        self.cited.connect(self._open)
        self.changed.connect(self._keep_first)

    def show_for(self, patient: Patient | None) -> None:
        """Make the text of a person anew; nothing is sent for it."""
        self.show_patient(patient)
        self.make()

    def _keep_first(self) -> None:
        for row in self.rows[_MOST:]:
            row.hide()
        for row in self.rows:
            row.menu_button.hide()

    def _show_ratings(self) -> None:
        super()._show_ratings()
        self.hidden.hide()
        self._keep_first()

    def _open(self, fact: str) -> None:
        self._page.go.emit("insights", {"topic": self.topic.value, "fact": fact})
