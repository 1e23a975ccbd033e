"""The zones of a person: the evidence for each stretch, and setting one by hand without importing again."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from clarity_desktop.domain.importing import ZoneFound
from clarity_desktop.domain.time import UNKNOWN_ZONE, ZoneCorrection, ZoneTimeline, date_of_day, day_of_date
from clarity_desktop.ui.charts.figure import ChartTable
from clarity_desktop.ui.components.choice import Choice
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.jobs import run_mutation, run_query
from clarity_desktop.ui.pages.import_cells import CellTable
from clarity_desktop.ui.qt import QHBoxLayout, QLineEdit, QWidget, Signal

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["ZoneSheet"]

_EARLIEST = -62_135_596_800
_Known = tuple[tuple[ZoneFound, ...], tuple[ZoneCorrection, ...]]


class ZoneSheet(Sheet):
    """Stretches with evidence at the top; below the form that sets one by hand. Corrections can be taken back."""

    said = Signal(str)

    def __init__(self, window: QWidget, services: Services, patient_id: str) -> None:
        super().__init__(window, "Time zones of this person", width=min(860, window.width() - 64), top=64)
        self._services = services
        self._patient_id = patient_id
        self._found: tuple[ZoneFound, ...] = ()
        self.body.addWidget(
            Label(
                "Days and nights follow these zones. What you set by hand lies over the evidence of the files; "
                "nothing is imported again.",
                "body",
                "muted",
                wrap=True,
            )
        )
        self.table = CellTable("Zones by time, with the evidence for each")
        self.table.on_chosen(self._take_over)
        self.body.addWidget(self.table)
        form = QHBoxLayout()
        form.setSpacing(12)
        self.first, self.until = QLineEdit(), QLineEdit()
        for edit in (self.first, self.until):
            edit.setPlaceholderText("YYYY-MM-DD")
            edit.textChanged.connect(lambda _: self._check())
        self.zone = Choice([(zone, zone) for zone in sorted(available_timezones())], "Europe/Berlin")
        self.zone.setMaxVisibleItems(12)
        self._first = Field("First local day", self.first, "Empty: from the beginning")
        self._until = Field("Last local day", self.until, "Empty: from then on")
        for field in (self._first, self._until, Field("Zone of these days", self.zone)):
            form.addWidget(field, 1)
        self.body.addLayout(form)
        self.reset = self.add_button("Take corrections back")
        self.reset.clicked.connect(lambda _=False: self._change(lambda: services.reset_zones(patient_id), "taken back"))
        close = self.add_button("Close")
        close.clicked.connect(lambda _=False: self.dismiss())
        self.set = self.add_button("Set this zone", "primary")
        self.set.clicked.connect(lambda _=False: self._set())
        self.reload()

    def reload(self) -> None:
        """Read the zones anew."""

        def read() -> _Known:
            return self._services.zone_stretches(self._patient_id), self._services.zone_corrections(self._patient_id)

        run_query(self, read, lambda answer: self._show(*answer))

    def _show(self, found: tuple[ZoneFound, ...], corrections: tuple[ZoneCorrection, ...]) -> None:
        self._found = found
        rows = []
        for one in found:
            period = one.period
            zone = "not known" if period.zone == UNKNOWN_ZONE else period.zone
            since = "beginning" if period.from_utc < _EARLIEST else _local(period.from_utc, period.zone)
            rows.append((since, zone, period.certainty.value, period.origin or one.evidence))
        self.table.show_table(ChartTable(("From (local)", "Zone", "Certainty", "Known by"), tuple(rows)))
        self.reset.setEnabled(bool(corrections))
        many = len(corrections)
        self.reset.setToolTip(f"{many} set by hand" if many else "Nothing was set by hand")
        self._check()
        self._settle()

    def _take_over(self) -> None:
        """Put the chosen stretch into the form."""
        row = self.table.chosen()
        if row is None or row >= len(self._found):
            return
        period = self._found[row].period
        after = self._found[row + 1].period.from_utc if row + 1 < len(self._found) else None
        self.first.setText("" if period.from_utc < _EARLIEST else _local(period.from_utc, period.zone)[:10])
        self.until.setText("" if after is None else _local(after - 1, period.zone)[:10])
        self.zone.set_value(period.zone)

    def _check(self) -> ZoneCorrection | None:
        """The correction that the form states, or ``None``; says what is not accepted."""
        days: list[int | None] = []
        sound = True
        for field, edit in ((self._first, self.first), (self._until, self.until)):
            text = edit.text().strip()
            day = _day(text) if text else None
            field.show_error("A date such as 2024-03-10" if text and day is None else "")
            sound &= day is not None or not text
            days.append(day)
        first, last = days
        if sound and first is not None and last is not None and last < first:
            self._until.show_error("Lies before the first day")
            sound = False
        self.set.setEnabled(sound)
        if not sound:
            return None
        clock = ZoneTimeline.single(self.zone.value())
        begin = None if first is None else clock.instant_of_local(first)
        end = None if last is None else clock.instant_of_local(last + 1)
        return ZoneCorrection(begin, end, self.zone.value())

    def _set(self) -> None:
        correction = self._check()
        if correction is not None:
            self._change(lambda: self._services.correct_zone(self._patient_id, correction), "set")

    def _change(self, change: object, done: str) -> None:
        def after(_: object) -> None:
            self.said.emit(f"The zone was {done}. Days and nights follow it now.")
            self.reload()

        assert callable(change)
        run_mutation(self, change, after)


def _day(text: str) -> int | None:
    try:
        return day_of_date(date.fromisoformat(text))
    except ValueError:
        return None


def _local(instant: int, zone: str) -> str:
    """Local date and time of day."""
    clock = ZoneTimeline.single(zone)
    return clock.format(instant)[:16].replace("T", " ") if instant > _EARLIEST else str(date_of_day(0))
