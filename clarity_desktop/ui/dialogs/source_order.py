"""Which source wins where several count the same thing: the order, and the account of a chosen day."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from clarity_desktop.domain.kinds import kind_of
from clarity_desktop.domain.merge_account import DayAccount, Interval, Reason
from clarity_desktop.domain.series import Accumulation, Series
from clarity_desktop.domain.time import ZoneTimeline, date_of_day, day_of_date
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.components.buttons import Button, IconButton
from clarity_desktop.ui.components.choice import Choice
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.jobs import run_mutation, run_query
from clarity_desktop.ui.pages.import_cells import CellTable
from clarity_desktop.ui.pages.import_words import grouped
from clarity_desktop.ui.qt import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget, Signal

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["SourceSheet", "amount_kinds", "reason_words"]


def amount_kinds(series: list[Series]) -> list[tuple[str, str]]:
    """``(kind, title)`` of the kinds whose values add up, those with several sources first."""
    sources: dict[str, set[str]] = {}
    for one in series:
        if kind_of(one.kind, one.unit).accumulation is Accumulation.SUM and one.n:
            sources.setdefault(one.kind, set()).add(one.source)
    ordered = sorted(sources, key=lambda kind: (-len(sources[kind]), kind_of(kind).title))
    return [(kind, kind_of(kind).title) for kind in ordered]


def reason_words(one: Interval) -> str:
    """Why an interval counts as it does, for the table."""
    covering = " and ".join(one.by)
    match one.reason:
        case Reason.FIRST:
            return "first in the order: all counts"
        case Reason.ALONE:
            return "no earlier source recorded then: all counts"
        case Reason.PARTLY:
            return f"{covering} covers a part: the rest counts"
        case Reason.COVERED:
            return f"{covering} covers all of it"


class SourceSheet(Sheet):
    """Kind and order at the left, the account of one day at the right."""

    said = Signal(str)

    def __init__(self, window: QWidget, services: Services, patient_id: str, day: int | None = None) -> None:
        super().__init__(window, "Where sources overlap", width=min(1240, window.width() - 64), top=48)
        self._services = services
        self._patient_id = patient_id
        self._order: list[str] = []
        self._clock = ZoneTimeline.unknown()
        self.body.addWidget(
            Label(
                "All records are kept. Of sources that count the same thing the first in the order is taken whole; "
                "each later one fills only what the earlier ones leave open.",
                "body",
                "muted",
                wrap=True,
            )
        )
        columns = QHBoxLayout()
        columns.setSpacing(20)
        columns.addLayout(self._left(), 3)
        columns.addLayout(self._right(), 10)
        self.body.addLayout(columns)
        self.default = self.add_button("Default order")
        self.default.clicked.connect(lambda _=False: self._put([]))
        close = self.add_button("Close", "primary")
        close.clicked.connect(lambda _=False: self.dismiss())
        if day is not None:
            self.day.setText(date_of_day(day).isoformat())
        run_query(self, self._read, lambda answer: self._ready(*answer))

    def _left(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(6)
        self.kind = Choice([])
        self.kind.currentIndexChanged.connect(lambda _: self._kind_chosen())
        column.addWidget(Field("What is counted", self.kind))
        self.table = CellTable("Sources in their order", most=6)
        self.table.on_chosen(self._enable)
        column.addWidget(self.table)
        row = QHBoxLayout()
        self.up, self.down = Button("Up", "normal", "arrow-up"), Button("Down", "normal", "arrow-down")
        self.up.setAccessibleName("Move the source up")
        self.down.setAccessibleName("Move the source down")
        self.up.clicked.connect(lambda _=False: self._move(-1))
        self.down.clicked.connect(lambda _=False: self._move(1))
        row.addWidget(self.up)
        row.addWidget(self.down)
        row.addStretch(1)
        column.addLayout(row)
        column.addStretch(1)
        return column

    def _right(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(6)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.day = QLineEdit()
        self.day.setPlaceholderText("YYYY-MM-DD")
        self.day.editingFinished.connect(self._explain)
        self._day = Field("Local day", self.day)
        row.addWidget(self._day, 1)
        before, after = IconButton("chevron-left", "Day before"), IconButton("chevron-right", "Day after")
        before.clicked.connect(lambda _=False: self._step(-1))
        after.clicked.connect(lambda _=False: self._step(1))
        row.addWidget(before)
        row.addWidget(after)
        self.total = Label("", "body_strong", wrap=True)
        row.addWidget(self.total, 3)
        column.addLayout(row)
        self.account = CellTable("Intervals of the day: what each source recorded and what counts", (2, 3), most=13)
        column.addWidget(self.account)
        column.addStretch(1)
        return column

    def _read(self) -> tuple[list[Series], ZoneTimeline]:
        return self._services.series(self._patient_id), self._services.zone_timeline(self._patient_id)

    def _ready(self, series: list[Series], clock: ZoneTimeline) -> None:
        self._clock = clock
        if not self.day.text():
            lasts = [one.last for one in series if one.last is not None]
            if lasts:
                self.day.setText(clock.format(max(lasts))[:10])
        kinds = amount_kinds(series)
        self.kind.blockSignals(True)
        for kind, title in kinds:
            self.kind.addItem(title, kind)
        self.kind.blockSignals(False)
        if kinds:
            self._kind_chosen()
        else:
            self.total.setText("No source counts steps, distance, energy or another amount yet.")
        self._settle()

    def _kind_chosen(self) -> None:
        kind = self.kind.value()
        run_query(self, lambda: self._services.source_order(self._patient_id, kind), self._ordered)

    def _ordered(self, order: tuple[str, ...]) -> None:
        chosen = self.table.chosen()
        name = self._order[chosen] if chosen is not None and chosen < len(self._order) else ""
        self._order = list(order)
        rows = tuple((str(number), source) for number, source in enumerate(order, 1))
        self.table.show_table(ChartTable(("", "Source"), rows))
        self.table.choose(self._order.index(name) if name in self._order else 0)
        self._enable()
        self._explain()

    def _enable(self) -> None:
        row = self.table.chosen()
        self.up.setEnabled(row is not None and row > 0)
        self.down.setEnabled(row is not None and row + 1 < len(self._order))

    def _move(self, by: int) -> None:
        row = self.table.chosen()
        if row is None or not 0 <= row + by < len(self._order):
            return
        order = list(self._order)
        order[row], order[row + by] = order[row + by], order[row]
        self._put(order)

    def _put(self, order: list[str]) -> None:
        kind = self.kind.value()

        def after(_: object) -> None:
            self.said.emit("The order of sources is set." if order else "The default order holds again.")
            self._kind_chosen()

        run_mutation(self, lambda: self._services.set_source_order(self._patient_id, kind, order), after)

    def _step(self, by: int) -> None:
        day = _day(self.day.text())
        if day is not None:
            self.day.setText(date_of_day(day + by).isoformat())
            self._explain()

    def _explain(self) -> None:
        day, kind = _day(self.day.text()), self.kind.value()
        self._day.show_error("" if day is not None or not self.day.text() else "A date such as 2024-03-10")
        if day is None or not kind or kind == "None":
            return
        run_query(self, lambda: self._services.merge_account(self._patient_id, kind, day), self._show)

    def _show(self, account: DayAccount) -> None:
        unit = "" if account.unit == "count" else f" {account.unit}"
        what = self.kind.currentText().lower()
        if not account.intervals:
            self.total.setText("Nothing was recorded on this day.")
        else:
            self.total.setText(
                f"{what.capitalize()}: {grouped(account.total)}{unit} merged, "
                f"{grouped(account.plain_sum)}{unit} if all sources were added"
            )
        rows = tuple(
            (
                f"{self._clock.format(one.start)[11:16]} – {self._clock.format(one.stop)[11:16]}",
                one.source,
                _amount(one.offered),
                _amount(one.kept),
                reason_words(one),
            )
            for one in account.intervals
        )
        heads = ("Local time", "Source", f"Recorded{unit and ','}{unit}", f"Counts{unit and ','}{unit}", "Why")
        self.account.show_table(ChartTable(heads, rows))
        self._settle()


def _amount(value: float) -> str:
    return grouped(value) if value >= 100 or float(value).is_integer() else f"{value:.1f}"


def _day(text: str) -> int | None:
    try:
        return day_of_date(date.fromisoformat(text.strip()))
    except ValueError:
        return None
