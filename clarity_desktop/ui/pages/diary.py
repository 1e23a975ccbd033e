"""The diary page: writing nights, the nights written, how far accounts of sleep agree, and which days are free."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from clarity_desktop.app.comparisons import MEASURES, METHOD_WORDS, SleepMethods
from clarity_desktop.domain.changes import Change, Changes
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.free_days import FreeDays
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.sleep_diary import DiaryNight, clock_text
from clarity_desktop.domain.users import Right
from clarity_desktop.ui.charts.agreement import AgreementChart
from clarity_desktop.ui.charts.wording import day_short, number, zone_label
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.measure_table import MeasureTable
from clarity_desktop.ui.components.states import EmptyState
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.jobs import Operation, run_mutation, run_query
from clarity_desktop.ui.pages.diary_form import DiaryForm
from clarity_desktop.ui.pages.diary_free_days import FreeDaysCard
from clarity_desktop.ui.pages.page import Page
from clarity_desktop.ui.qt import QFileDialog, QHBoxLayout, QScrollArea, QStackedLayout, Qt, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["DiaryPage", "agreement_rows", "night_cells"]

_SHOWN: Final = 14
_NOTE: Final = (
    "Differences are the first account named minus the second, in minutes; bias is their mean, limits are bias ± "
    "1.96 SD from 5 nights on (Bland and Altman 1986). Accounts are compared as computed or written, without edits."
)


def night_cells(night: DiaryNight) -> tuple[str, ...]:
    """A night as a row of the table: date, in bed, latency, awake, final awakening, up, quality."""

    def amount(value: float | None) -> str:
        return "–" if value is None else number(value)

    return (
        day_short(night.date),
        clock_text(night.in_bed),
        amount(night.latency_min),
        amount(night.waso_min),
        clock_text(night.final_awakening),
        clock_text(night.out_of_bed),
        "–" if night.quality is None else f"{night.quality} of 5",
    )


def agreement_rows(found: SleepMethods) -> list[tuple[str, ...]]:
    """Rows ``(accounts and measure, bias, limits, SD, n)`` of every pair."""
    rows: list[tuple[str, ...]] = []
    for pair in found.pairs:
        names = f"{METHOD_WORDS[pair.other]} − {METHOD_WORDS[pair.reference].casefold()}"
        for bias in pair.biases:
            if bias.mean is None:
                continue
            limits = "–"
            if bias.low is not None and bias.high is not None:
                limits = f"{number(bias.low)} to {number(bias.high)}"
            sd = "–" if bias.sd is None else number(bias.sd)
            label = f"{names}: {MEASURES[bias.measure].casefold()}"
            rows.append((label, f"{number(bias.mean)} min", limits, sd, number(bias.n)))
        both = pair.epochs
        if both.share is not None:
            kappa = "–" if both.kappa is None else number(both.kappa, 2)
            words = f"{number(100 * both.share)} % equal, κ {kappa}"
            rows.append((f"{names}: minutes", words, "", "", number(both.epochs)))
    return rows


@dataclass(frozen=True, slots=True)
class _Written:
    """What the page shows of a person."""

    nights: tuple[DiaryNight, ...]
    free: FreeDays


class DiaryPage(Page):
    """The sleep diary of a person, and what rests on it."""

    id: ClassVar[str] = "diary"
    title: ClassVar[str] = "Diary"
    icon: ClassVar[str] = "calendar-days"

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(services, parent)
        self._nights: tuple[DiaryNight, ...] = ()
        self._chosen: DiaryNight | None = None
        self._reading: Operation[_Written] | None = None
        self._comparing: Operation[SleepMethods] | None = None
        self._stack = QStackedLayout(self)
        self._nobody = EmptyState(
            "users", "No one is open", "Open the patient list", lambda: self.go.emit("patients", None)
        )
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        content = QWidget()
        area.setWidget(content)
        self._shown = area
        self._stack.addWidget(self._nobody)
        self._stack.addWidget(area)

        self.form = DiaryForm()
        self.form.setFixedWidth(400)
        self.form.written.connect(self._store)
        self.free = FreeDaysCard()
        self.free.setFixedWidth(400)
        self.free.week_chosen.connect(self._set_week)
        self.free.day_chosen.connect(self._set_day)
        self.free.table_asked.connect(lambda: self._choose_table("Import free days", self.import_free_days))
        left = QVBoxLayout()
        left.setSpacing(12)
        left.addWidget(self.form)
        left.addWidget(self.free)
        left.addStretch(1)
        right = QVBoxLayout()
        right.setSpacing(12)
        right.addWidget(self._nights_card())
        right.addWidget(self._agreement_card())
        right.addStretch(1)
        row = QHBoxLayout(content)
        row.setContentsMargins(16, 16, 16, 16)
        row.setSpacing(12)
        row.addLayout(left)
        row.addLayout(right, 1)
        self.import_button = Button("Import diary …", icon="import")
        self.import_button.setToolTip("A CSV table with the columns of the diary")
        self.import_button.clicked.connect(lambda _=False: self._choose_table("Import a diary", self.import_diary))

    def _nights_card(self) -> Card:
        self._nights_shown = Card("Nights written", " ")
        self.remove_button = Button("Remove night", "quiet", "trash-2")
        self.remove_button.clicked.connect(lambda _=False: self.remove())
        self.undo_button = Button("Undo", "quiet", "undo-2")
        self.undo_button.setToolTip("Return the night that was changed last to its version before")
        self.undo_button.clicked.connect(lambda _=False: self.undo())
        self.undo_button.setEnabled(False)
        self._last: str | None = None
        for button in (self.undo_button, self.remove_button):
            self._nights_shown.add_action(button)
        heads = ("Night to", "In bed", "Latency, min", "Awake, min", "Final wake", "Up", "Quality")
        self.table = MeasureTable("Nights of the diary, newest first", heads, opens=True)
        self.table.row_opened.connect(self._open)
        self._empty = Label(
            "No night is written yet. Write one at the left, or import a table.", "body", "muted", wrap=True
        )
        self._nights_shown.body.setContentsMargins(0, 0, 0, 8)
        inset = QVBoxLayout()
        inset.setContentsMargins(12, 0, 12, 0)
        inset.addWidget(self._empty)
        self._nights_shown.body.addWidget(self.table)
        self._nights_shown.body.addLayout(inset)
        return self._nights_shown

    def _agreement_card(self) -> Card:
        self._agreement = Card("Agreement of accounts", " ")
        self.agreement = MeasureTable(
            "Agreement of accounts of sleep", ("Accounts", "Bias", "Limits, min", "SD, min", "n")
        )
        self.chart = AgreementChart()
        self.chart.setFixedHeight(230)
        self._words = Label("", "small", "muted", wrap=True)
        self._agreement.body.setContentsMargins(0, 0, 0, 8)
        self._agreement.body.addWidget(self.chart)
        self._agreement.body.addWidget(self.agreement)
        inset = QVBoxLayout()
        inset.setContentsMargins(12, 0, 12, 0)
        inset.addWidget(self._words)
        self._agreement.body.addLayout(inset)
        return self._agreement

    # -- what the shell asks -------------------------------------------------------------------------------------

    def toolbar_widgets(self) -> list[QWidget]:
        return [self.import_button]

    def show_patient(self, patient: Patient | None) -> None:
        same = patient is not None and self.patient is not None and patient.id == self.patient.id
        super().show_patient(patient)
        if same:
            return
        self._nights, self._chosen, self._last = (), None, None
        self.undo_button.setEnabled(False)
        self._stack.setCurrentWidget(self._nobody if patient is None else self._shown)
        self.table.show_rows(())
        self.agreement.show_rows(())
        self.chart.show_pair(None)
        self._words.setText("")
        if patient is not None:
            allowed = self.services.permits(Right.CHANGE_DATA)
            for widget in (self.form, self.free, self.import_button):
                widget.setEnabled(allowed)
            self.form.begin(date.today())
            self._read()

    def on_changes(self, changes: Changes) -> None:
        touched = self.patient is not None and (not changes.patients or self.patient.id in changes.patients)
        if touched and changes.what & (Change.DIARY | Change.SAMPLES | Change.ZONES):
            self._read()

    # -- reading -------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        patient, services = self.patient, self.services
        if patient is None:
            return
        for operation in (self._reading, self._comparing):
            if operation is not None:
                operation.cancel()
        self._reading = run_query(
            self,
            lambda: _Written(tuple(services.diary_nights(patient.id)), services.free_days(patient.id)),
            self._arrived,
        )
        self._comparing = run_query(
            self, lambda: services.sleep_methods(patient.id), self._show_agreement, self._not_compared
        )

    def _arrived(self, found: _Written) -> None:
        self._nights = tuple(reversed(found.nights))
        self.free.show_days(found.free)
        shown = self._nights[:_SHOWN]
        self.table.show_rows([night_cells(night) for night in shown], [_tip(night) for night in shown])
        count = len(self._nights)
        words = f"latest {_SHOWN} of {number(count)}" if count > _SHOWN else f"{number(count)} nights"
        self._nights_shown.set_title("Nights written", f"{words}, local clock" if count else "")
        self.table.setVisible(bool(count))
        self._empty.setVisible(not count)
        self.remove_button.setEnabled(self._chosen is not None and self.form.isEnabled())
        if count and not any(self.form.edits[name].text() for name in ("in_bed", "final_awakening")):
            self.form.edits["date"].setText((self._nights[0].date + timedelta(days=1)).isoformat())

    def _show_agreement(self, found: SleepMethods) -> None:
        rows = agreement_rows(found)
        self.agreement.show_rows(rows)
        self.agreement.setVisible(bool(rows))
        # The diary is what this page is about, so its pair is drawn where there is one.
        pair = next((one for one in found.pairs if one.other == "diary"), next(iter(found.pairs), None))
        names = ("", "") if pair is None else (METHOD_WORDS[pair.reference], METHOD_WORDS[pair.other])
        self.chart.show_pair(pair, names, simulated=found.simulated)
        self.chart.setVisible(pair is not None)
        there = ", ".join(f"{METHOD_WORDS[name]} {len(nights)}" for name, nights in found.nights.items() if nights)
        zone = zone_label(found.zone, found.span.start, found.span.stop)
        self._agreement.set_title("Agreement of accounts", f"last 28 days: {there or 'no nights'}, {zone}")
        scorer = f" Activity is scored by {found.scorer}." if found.scorer else ""
        self._words.setText(found.missing or _NOTE + scorer)

    def _not_compared(self, error: ClarityError) -> None:
        self.agreement.show_rows(())
        self.agreement.hide()
        self.chart.hide()
        self._words.setText(f"{error.message} {error.remedy}")

    # -- writing -------------------------------------------------------------------------------------------------

    def _open(self, row: int) -> None:
        self._chosen = self._nights[row]
        self.form.show_night(self._chosen)
        self.remove_button.setEnabled(self.form.isEnabled())

    def _store(self, night: DiaryNight) -> None:
        patient, services = self.patient, self.services
        if patient is None:
            return

        def stored(_: None) -> None:
            self._note(night.date, f"The night to {day_short(night.date)} is stored.")
            self.form.begin(night.date + timedelta(days=1))

        run_mutation(self, lambda: services.save_diary_night(patient.id, night), stored, self.form.show_refusal)

    def remove(self) -> None:
        """Remove the chosen night; Undo brings it back."""
        patient, services, night = self.patient, self.services, self._chosen
        if patient is None or night is None:
            return
        self._chosen = None
        run_mutation(
            self,
            lambda: services.remove_diary_night(patient.id, night.date),
            lambda _: self._note(night.date, f"The night to {day_short(night.date)} is removed."),
        )

    def undo(self) -> None:
        """Return the night that was changed last to its version before."""
        patient, services, last = self.patient, self.services, self._last
        if patient is not None and last is not None:
            run_mutation(
                self,
                lambda: services.undo_entry(patient.id, "night", last),
                lambda _: self.told.emit("The night is as before."),
            )

    def _note(self, day: date, words: str) -> None:
        self._last = day.isoformat()
        self.undo_button.setEnabled(True)
        self.told.emit(words)

    def _set_week(self, weekdays: frozenset[int] | None) -> None:
        patient, services = self.patient, self.services
        if patient is not None:
            run_mutation(self, lambda: services.set_free_weekdays(patient.id, weekdays))

    def _set_day(self, day: date, free: bool | None) -> None:
        patient, services = self.patient, self.services
        if patient is not None:
            run_mutation(self, lambda: services.set_free_dates(patient.id, {day: free}))

    # -- tables --------------------------------------------------------------------------------------------------

    def _choose_table(self, title: str, take: Callable[[Path], None]) -> None:
        dialog = QFileDialog(self, title, str(Path.home()), "Tables (*.csv *.tsv *.txt)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: take(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def import_diary(self, path: Path) -> None:
        """Import a table of nights; what cannot be read is said with row and column."""
        patient, services = self.patient, self.services
        if patient is not None:
            run_mutation(
                self,
                lambda: services.import_diary(patient.id, path),
                lambda count: self.told.emit(f"{count} nights are stored."),
            )

    def import_free_days(self, path: Path) -> None:
        """Import a table of free and work days; what cannot be read is said with row and column."""
        patient, services = self.patient, self.services
        if patient is not None:
            run_mutation(
                self,
                lambda: services.import_free_days(patient.id, path),
                lambda count: self.told.emit(f"{count} dates are stored."),
            )


def _tip(night: DiaryNight) -> str:
    parts = [
        night.comments,
        f"by {night.author}" if night.author else "",
        "" if night.source == "hand" else night.source,
    ]
    return ", ".join(part for part in parts if part)
