"""Parts of the compare page: the list of events, and the fields that choose two windows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clarity_desktop.app.comparisons import DayRange, around_event
from clarity_desktop.domain.annotations import EVENT_KINDS, KIND_WORDS, Annotation, AnnotationKind
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.time import Span, ZoneTimeline, date_of_day, day_of_date
from clarity_desktop.domain.users import Right
from clarity_desktop.ui.charts.wording import day_short, days_between, local_parts
from clarity_desktop.ui.components.buttons import Button, SegmentedSwitch
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.entry_list import EntryList, EntryRow
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.dialogs.annotation import AnnotationDialog
from clarity_desktop.ui.jobs import run_mutation
from clarity_desktop.ui.pages.sleep_edits import icon_of
from clarity_desktop.ui.qt import QFileDialog, QHBoxLayout, QLineEdit, Qt, QWidget, Signal

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["EventsCard", "WindowsCard"]

_FIELDS: Final = (
    ("event", "Event day", "YYYY-MM-DD", 130),
    ("days", "Days each side", "1 to 366", 110),
    ("washout", "Washout, days", "count to neither side", 130),
    ("a_first", "A from", "YYYY-MM-DD", 130),
    ("a_last", "A to", "included", 130),
    ("b_first", "B from", "YYYY-MM-DD", 130),
    ("b_last", "B to", "included", 130),
)
_OF_EVENT: Final = ("event", "days", "washout")


class EventsCard(Card):
    """The events of a person, newest first, with ways to add, import, change, use and remove them."""

    used = Signal(object)
    """The :class:`Annotation` around which to compare."""
    stored = Signal(object)
    """An event that was added or changed."""
    told = Signal(str)

    def __init__(self, page: QWidget, services: Services) -> None:
        super().__init__("Events")
        self._page, self._services = page, services
        self._patient: Patient | None = None
        self._whole: Span | None = None
        self._zone = ZoneTimeline.unknown()
        self._gone: dict[str, Annotation] = {}
        self._allowed = True
        self.setFixedWidth(316)
        self.add_button = Button("Event", "quiet", "plus")
        self.add_button.setToolTip("Add an event: medication, shift change, travel, therapy, other")
        self.add_button.clicked.connect(lambda _=False: self.add())
        self.import_button = Button("CSV", "quiet", "import")
        self.import_button.setToolTip("Import events from a table: start, stop, kind, title, reason")
        self.import_button.setAccessibleName("Import events from a CSV table")
        self.import_button.clicked.connect(lambda _=False: self._choose_table())
        self.add_action(self.import_button)
        self.add_action(self.add_button)
        self.list = EntryList(
            "Events of this person", "No event was entered. Add one, or drag with Shift on the strip below."
        )
        self.body.setContentsMargins(0, 0, 0, 8)
        self.body.addWidget(self.list)

    def show_events(
        self, patient: Patient | None, whole: Span, zone: ZoneTimeline, annotations: tuple[Annotation, ...]
    ) -> None:
        """Show the events among a person's annotations."""
        if patient is None or self._patient is None or patient.id != self._patient.id:
            self._gone = {}
        self._patient, self._whole, self._zone = patient, whole, zone
        self._allowed = self._services.permits(Right.CHANGE_DATA)
        for button in (self.add_button, self.import_button):
            button.setEnabled(self._allowed)
        there = {one.id for one in annotations}
        self._gone = {key: one for key, one in self._gone.items() if key not in there}
        rows = [self._row(one) for one in reversed(annotations) if one.kind.is_event]
        self.list.show_rows([*map(self._back, self._gone.values()), *rows])

    def _row(self, one: Annotation) -> EntryRow:
        day = local_parts(self._zone, one.start)[0]
        when = day_short(day)
        if one.stop is not None:
            when = days_between(day, local_parts(self._zone, max(one.start, one.stop - 1))[0])
        second = ", ".join(part for part in (when, KIND_WORDS[one.kind] if one.title else "", one.reason) if part)
        actions: list[tuple[str, Callable[[], None]]] = [("Use", partial(self.used.emit, one))]
        if self._allowed:
            actions += [("Change", partial(self._ask, one)), ("Remove", partial(self.remove, one))]
        return EntryRow(icon_of(one.kind), one.words, second, tuple(actions))

    def add(self, span: Span | None = None) -> None:
        """Ask for an event at a stretch, or at noon of the middle of the recording."""
        if self._whole is None or not self._allowed:
            return
        if span is None:
            middle = local_parts(self._zone, (self._whole.start + self._whole.stop) // 2)[0]
            noon = self._zone.instant_of_local(day_of_date(middle), 12 * 3600)
            span = Span(noon, noon)
        stop = span.stop if span.length_s > 0 else None
        self._ask(Annotation(AnnotationKind.MEDICATION, span.start, stop))

    def _ask(self, one: Annotation) -> None:
        if self._patient is not None:
            AnnotationDialog(
                self.window(), self._services, self._patient.id, self._zone, one, EVENT_KINDS, self.stored.emit
            ).open()

    def remove(self, one: Annotation) -> None:
        """Remove an event; the list keeps the way back as long as the person is open."""
        patient, services = self._patient, self._services
        if patient is not None:
            self._gone[one.id] = one
            run_mutation(self, lambda: services.remove_annotation(patient.id, one.id))

    def _back(self, one: Annotation) -> EntryRow:
        """The row of a removed event: its way back."""
        patient, services = self._patient, self._services

        def undo() -> None:
            if patient is not None:
                seen = one.revision + 1
                run_mutation(self, lambda: services.undo_entry(patient.id, "annotation", one.id, seen=seen))

        return EntryRow("undo-2", f"{one.words} is removed", "Its history stays", (("Undo", undo),))

    def _choose_table(self) -> None:
        dialog = QFileDialog(self, "Import events", str(Path.home()), "Tables (*.csv *.tsv *.txt)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self.import_table(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def import_table(self, path: Path) -> None:
        """Import a table of events; what cannot be read is said with row and column."""
        patient, services = self._patient, self._services
        if patient is not None:
            run_mutation(
                self,
                lambda: services.import_events(patient.id, path),
                lambda found: self.told.emit(f"{len(found)} entries are stored."),
            )


class WindowsCard(Card):
    """Chooses two windows of days: around an event, or each by its dates."""

    asked = Signal()
    """Compare now."""

    def __init__(self) -> None:
        super().__init__("Windows", "days are local; both ends count")
        modes = (("event", "Around an event"), ("windows", "Two windows"))
        self.mode = SegmentedSwitch("What is compared", modes, "event")
        self.mode.chosen.connect(lambda _: self._renew())
        self.add_action(self.mode)
        row = QHBoxLayout()
        row.setSpacing(12)
        self.edits: dict[str, QLineEdit] = {}
        self._fields: dict[str, Field] = {}
        for name, label, told, wide in _FIELDS:
            edit = QLineEdit()
            edit.setFixedWidth(wide)
            edit.returnPressed.connect(self.asked)
            field = Field(label, edit, told)
            edit.textChanged.connect(lambda _, field=field: field.show_error(""))
            self.edits[name], self._fields[name] = edit, field
            row.addWidget(field)
        self.edits["days"].setText("14")
        self.edits["washout"].setText("0")
        self.run_button = Button("Compare", "primary")
        self.run_button.clicked.connect(lambda _=False: self.asked.emit())
        row.addWidget(self.run_button, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addStretch(1)
        self.body.addLayout(row)
        self._renew()

    def _renew(self) -> None:
        event = self.mode.value() == "event"
        for name, field in self._fields.items():
            field.setVisible((name in _OF_EVENT) == event)

    def texts(self) -> dict[str, str]:
        """What the fields say, for Back."""
        return {"mode": self.mode.value(), **{name: edit.text() for name, edit in self.edits.items()}}

    def set_texts(self, texts: dict[str, str]) -> None:
        """Let the fields say this."""
        for name, words in texts.items():
            if name == "mode":
                self.mode.set_value(words)
            else:
                self.edits[name].setText(words)
        self._renew()

    def suggest(self, first: date, last: date) -> None:
        """Offer the two halves of a recording."""
        half = (day_of_date(first) + day_of_date(last)) // 2
        days = {"a_first": first, "a_last": date_of_day(half - 1), "b_first": date_of_day(half), "b_last": last}
        self.set_texts({"mode": "windows", **{name: day.isoformat() for name, day in days.items()}})

    def set_event(self, day: date) -> None:
        """Choose the days around an event."""
        self.set_texts({"mode": "event", "event": day.isoformat()})

    def windows(self) -> tuple[DayRange, DayRange, int] | None:
        """The two windows and the washout; ``None`` when a field says something else, which it then shows."""
        try:
            if self.mode.value() == "event":
                day, days, washout = self._day("event"), self._count("days"), self._count("washout")
                return (*around_event(day, days, washout), washout)
            a = DayRange(self._day("a_first"), self._day("a_last"))
            return a, DayRange(self._day("b_first"), self._day("b_last")), 0
        except ClarityError as error:
            self._fields["days" if error.code == "compare.days" else "washout"].show_error(error.message)
        except ValueError as error:
            name, words = error.args
            self._fields[name].show_error(words)
        return None

    def _day(self, name: str) -> int:
        try:
            return day_of_date(date.fromisoformat(self.edits[name].text().strip()))
        except ValueError:
            raise ValueError(name, "Write 2025-03-20.") from None

    def _count(self, name: str) -> int:
        typed = self.edits[name].text().strip()
        if not (typed.isascii() and typed.isdigit()):
            raise ValueError(name, "Write a number of days.")
        return int(typed)
