"""The tab of a person's own weeks: trajectory, distance to the first weeks, and weeks most alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clarity_desktop.domain.pat_results import SimilarWeek, TrajectoryView
from clarity_desktop.domain.time import date_of_day
from clarity_desktop.ui.charts.weeks.distance import BaselineChart
from clarity_desktop.ui.charts.weeks.path import WeekPathChart
from clarity_desktop.ui.charts.wording import days_between, number
from clarity_desktop.ui.components.buttons import SegmentedSwitch
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.measure_table import MeasureTable
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.qt import QVBoxLayout, QWidget, Signal

__all__ = ["OwnWeeks"]

_NOTE = (
    "Distances are Euclidean between embeddings of one recipe. Far apart means that the model sees the weeks apart; it "
    "says nothing of why. Windows that share days are alike by construction and are never held against each other."
)


class OwnWeeks(QWidget):
    """Everything about how a person's weeks lie to one another."""

    week_chosen = Signal(int)
    scope_changed = Signal()
    """Own weeks or everyone's were asked for."""
    other_chosen = Signal(str, int)
    """Another person's week was opened: patient and local day."""

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(12)
        self._path_card = Card("Trajectory of weeks")
        self.path = WeekPathChart()
        self.path.week_chosen.connect(self.week_chosen)
        self._path_card.body.setContentsMargins(0, 0, 4, 8)
        self._path_card.body.addWidget(self.path)
        column.addWidget(self._path_card, 3)
        self._distance_card = Card("Distance to own first weeks")
        self.distance = BaselineChart()
        self._distance_card.body.setContentsMargins(0, 0, 4, 8)
        self._distance_card.body.addWidget(self.distance)
        column.addWidget(self._distance_card, 2)
        self._alike_card = Card("Weeks most alike")
        self.scope = SegmentedSwitch("Among whose weeks", (("own", "Own"), ("everyone", "Everyone")), "own")
        self.scope.chosen.connect(lambda _: self.scope_changed.emit())
        self._alike_card.add_action(self.scope)
        self.alike = MeasureTable(
            "Weeks most alike", ("Week", "Whose", "Distance", "Cosine", "Worn"), strong=2, opens=True
        )
        self.alike.row_opened.connect(self._opened)
        self._alike_card.body.setContentsMargins(0, 0, 0, 8)
        self._alike_card.body.addWidget(self.alike)
        note = Label(_NOTE, "small", "muted", wrap=True)
        note.setContentsMargins(12, 0, 12, 0)
        self._alike_card.body.addWidget(note)
        column.addWidget(self._alike_card)
        self._found: tuple[SimilarWeek, ...] = ()
        self._own = ""

    @property
    def everyone(self) -> bool:
        """Whether weeks of everyone are asked for."""
        return self.scope.value() == "everyone"

    def show_view(self, view: TrajectoryView | None, day: int | None, why: str) -> None:
        """Show a trajectory with a week marked, or why there is none."""
        self.path.show_view(view, day, why)
        self.distance.show_view(view)
        subtitle = "" if view is None else f"{number(view.day.size)} weeks, fuller dots are later"
        self._path_card.set_title("Trajectory of weeks", subtitle)
        weeks = "" if view is None else f"{number(view.baseline_weeks)} windows within the first 28 days"
        self._distance_card.set_title("Distance to own first weeks", weeks)

    def show_alike(
        self, day: int | None, own: str, found: Sequence[SimilarWeek], names: Mapping[str, str], why: str = ""
    ) -> None:
        """List the weeks nearest to one."""
        self._found, self._own = tuple(found), own
        subtitle = "" if day is None else f"to {days_between(date_of_day(day), date_of_day(day + 6))}"
        self._alike_card.set_title("Weeks most alike", subtitle)
        rows = [
            (
                days_between(date_of_day(one.day), date_of_day(one.day + 6)),
                "own" if one.patient_id == own else names.get(one.patient_id, "another person"),
                number(one.distance, 2),
                number(one.cosine, 3),
                f"{number(100 * one.coverage)}\u202f%",
            )
            for one in found
        ]
        if not rows:
            rows = [(why or "No other week", "", "", "", "!No week without a shared day is computed alike.")]
        self.alike.show_rows(rows, [""] * len(rows))

    def _opened(self, row: int) -> None:
        if row >= len(self._found):
            return
        one = self._found[row]
        if one.patient_id == self._own:
            self.week_chosen.emit(one.day)
        else:
            self.other_chosen.emit(one.patient_id, one.day)
