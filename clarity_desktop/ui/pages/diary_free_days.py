"""The card of work days and free days: a weekly pattern by boxes, and dates that differ from it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial

from clarity_desktop.domain.free_days import WEEKDAYS, FreeDays
from clarity_desktop.ui.charts.wording import day_short
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.choice import CheckBox, Choice
from clarity_desktop.ui.components.entry_list import EntryList, EntryRow
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.qt import QGridLayout, QHBoxLayout, QLineEdit, Signal

__all__ = ["FreeDaysCard"]

_SHOWN = 6


class FreeDaysCard(Card):
    """Which days are free; social jetlag rests on it."""

    week_chosen = Signal(object)
    """A frozen set of free weekdays, 0 Monday, or ``None`` for the assumption."""
    day_chosen = Signal(object, object)
    """A date, and whether it is free; ``None`` lets it follow the week again."""
    table_asked = Signal()

    def __init__(self) -> None:
        super().__init__("Free days", " ")
        self.import_button = Button("CSV", "quiet", "import")
        self.import_button.setAccessibleName("Import free days from a CSV table")
        self.import_button.setToolTip("Import dates from a table: date, free or work")
        self.import_button.clicked.connect(lambda _=False: self.table_asked.emit())
        self.add_action(self.import_button)
        self.forget_button = Button("Assume", "quiet")
        self.forget_button.setToolTip("Forget the pattern: Saturday and Sunday are assumed")
        self.forget_button.clicked.connect(lambda _=False: self.week_chosen.emit(None))
        self.add_action(self.forget_button)
        week = QGridLayout()
        week.setHorizontalSpacing(12)
        self.boxes: list[CheckBox] = []
        for place, name in enumerate(WEEKDAYS):
            box = CheckBox(name[:3])
            box.setAccessibleName(f"{name} is free")
            box.clicked.connect(lambda _=False: self._choose_week())
            self.boxes.append(box)
            week.addWidget(box, *divmod(place, 5))
        self.body.addLayout(week)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.day = QLineEdit()
        self.day.setPlaceholderText("YYYY-MM-DD")
        self.day.setAccessibleName("Date that differs from the week")
        self.day.setFixedWidth(130)
        self.day.returnPressed.connect(self._add_day)
        self.kind = Choice((("free", "Free"), ("work", "Work day")))
        self.kind.setAccessibleName("Free or work day")
        add = Button("Add date")
        add.clicked.connect(lambda _=False: self._add_day())
        for widget in (self.day, self.kind, add):
            row.addWidget(widget)
        row.addStretch(1)
        self.body.addLayout(row)
        self._line = Label("", "micro", "danger")
        self.body.addWidget(self._line)
        self.dates = EntryList("Dates that differ from the week", "No date differs from the week.", inset=0)
        self.body.addWidget(self.dates)

    def show_days(self, free: FreeDays) -> None:
        """Show a person's free days."""
        self.set_title("Free days", "entered" if free.stated else "assumed")
        for place, box in enumerate(self.boxes):
            box.setChecked(place in free.weekdays)
        self.forget_button.setEnabled(free.stated)
        rows = []
        for day, is_free in sorted(free.exceptions.items(), reverse=True)[:_SHOWN]:
            act: Callable[[], None] = partial(self.day_chosen.emit, day, None)
            rows.append(EntryRow("calendar", day_short(day), "free" if is_free else "work day", (("Remove", act),)))
        more = len(free.exceptions) - len(rows)
        if more > 0:
            rows.append(EntryRow("calendar-days", f"and {more} more", "earlier dates"))
        self.dates.show_rows(rows)

    def _choose_week(self) -> None:
        self.week_chosen.emit(frozenset(place for place, box in enumerate(self.boxes) if box.isChecked()))

    def _add_day(self) -> None:
        try:
            day = date.fromisoformat(self.day.text().strip())
        except ValueError:
            self._line.setText("Write year, month and day: 2025-03-20.")
            return
        self._line.setText("")
        self.day.clear()
        self.day_chosen.emit(day, self.kind.value() == "free")
