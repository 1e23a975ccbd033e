"""The frame of the PAT page: toolbar, left side with its tabs, right column, and the strip of the whole recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clarity_desktop.ui.charts import OverviewStrip
from clarity_desktop.ui.components.buttons import IconButton, SegmentedSwitch
from clarity_desktop.ui.components.choice import Choice
from clarity_desktop.ui.components.states import EmptyState, Skeleton
from clarity_desktop.ui.components.text import ElidedLabel, Label
from clarity_desktop.ui.pages.page import Page
from clarity_desktop.ui.pages.pat.own_weeks import OwnWeeks
from clarity_desktop.ui.pages.pat.side import SideColumn
from clarity_desktop.ui.pages.pat.week_view import TABS, WeekCard
from clarity_desktop.ui.qt import (
    QBoxLayout,
    QHBoxLayout,
    QResizeEvent,
    QScrollArea,
    QStackedLayout,
    Qt,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["PatFrame", "scrolled"]

_NARROW: Final = 1000
_SIDE: Final = 396
_UNBOUND: Final = 16_777_215


class PatFrame(Page):
    """The widgets of the page; what they show and do is :class:`~clarity_desktop.ui.pages.pat.page.PatPage`'s."""

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(services, parent)
        self._build_toolbar()
        self._build_content()

    def _build_toolbar(self) -> None:
        self.back = IconButton("chevron-left", "Earlier day", bordered=True)
        self.forward = IconButton("chevron-right", "Later day", bordered=True)
        self.period = Label("No week", "body_medium")
        self.zone = ElidedLabel("", "small", "muted")
        self._lead = QWidget()
        row = QHBoxLayout(self._lead)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for widget in (self.back, self.period, self.forward, self.zone):
            row.addWidget(widget)
        self.tabs = SegmentedSwitch("View", TABS, "attention")
        self.model = Choice((("", "No weights"),))
        self.model.setAccessibleName("Weights")
        self.model.setMinimumWidth(148)
        self.install = IconButton("download", "Install a weight file", bordered=True)

    def _build_content(self) -> None:
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self.content = QWidget()
        self._across = QBoxLayout(QBoxLayout.Direction.LeftToRight, self.content)
        self._across.setContentsMargins(16, 16, 16, 16)
        self._across.setSpacing(12)
        main = QWidget()
        self._main = QStackedLayout(main)
        self._main.setContentsMargins(0, 0, 0, 0)
        self.week = WeekCard()
        self.own = OwnWeeks()
        self._own_area = scrolled(self.own)
        self._notice = QWidget()
        self._notice_column = QVBoxLayout(self._notice)
        self._notice_column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.week, self._own_area, self._notice):
            self._main.addWidget(widget)
        self._across.addWidget(main, 1)
        self.side = SideColumn()
        self._side_area = scrolled(self.side)
        self._across.addWidget(self._side_area)
        self._area = scrolled(self.content)
        area = self._area
        self._skeleton = Skeleton(((0.012, 0.02, 0.64, 0.96), (0.664, 0.02, 0.324, 0.96)), "Reading the weeks")
        self._nobody = EmptyState(
            "users", "No one is open", "Open the patient list", lambda: self.go.emit("patients", None)
        )
        self._error = QWidget()
        self._error_column = QVBoxLayout(self._error)
        self._error_column.setContentsMargins(16, 16, 16, 16)
        for widget in (area, self._skeleton, self._nobody, self._error):
            self._stack.addWidget(widget)
        self._stack.setCurrentWidget(self._nobody)
        self.strip = OverviewStrip()

    def toolbar_lead(self) -> list[QWidget]:
        return [self._lead]

    def toolbar_widgets(self) -> list[QWidget]:
        return [self.tabs, self.model, self.install]

    def footer(self) -> QWidget | None:
        return self.strip

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        ways = QBoxLayout.Direction
        self._across.setDirection(ways.TopToBottom if narrow else ways.LeftToRight)
        # In one column the page scrolls as a whole; in two the right one scrolls by itself and the week stays in view.
        area = self._side_area
        area.setMinimumHeight(self.side.sizeHint().height() + 8 if narrow else 0)
        area.setMinimumWidth(0 if narrow else _SIDE)
        area.setMaximumWidth(_UNBOUND if narrow else _SIDE)


def scrolled(widget: QWidget) -> QScrollArea:
    """A widget that scrolls when it needs more height than there is."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(widget)
    return area
