"""The compare page: events at the left, two windows, a table of differences, and both windows of a measure drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from clarity_desktop.app.comparisons import ComparedMeasure, Comparison
from clarity_desktop.domain.annotations import Annotation
from clarity_desktop.domain.changes import Change, Changes
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.people import Patient
from clarity_desktop.domain.time import Span, ZoneTimeline, date_of_day
from clarity_desktop.ui.charts import OverviewStrip
from clarity_desktop.ui.charts.compare import CompareChart, difference_words, measure_words
from clarity_desktop.ui.charts.wording import days_between, local_parts, number, zone_label
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.measure_table import MeasureTable
from clarity_desktop.ui.components.states import EmptyState, ErrorCard, Skeleton
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.jobs import Operation, run_query
from clarity_desktop.ui.pages.compare_parts import EventsCard, WindowsCard
from clarity_desktop.ui.pages.page import Page
from clarity_desktop.ui.pages.study_page import flags_of
from clarity_desktop.ui.qt import (
    QHBoxLayout,
    QScrollArea,
    QStackedLayout,
    Qt,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["ComparePage", "compared_rows"]

_NOTE: Final = (
    "Means of nights or days; B minus A. The 95 % interval draws blocks of successive values within each window. "
    "g is Hedges' g. A difference in time is no proof of a cause."
)
_STRIP_COLUMNS: Final = 1200


def compared_rows(comparison: Comparison) -> tuple[list[tuple[str, ...]], list[str]]:
    """Rows ``(measure, A, B, difference, interval, g, n)`` and a tool tip for each."""
    rows: list[tuple[str, ...]] = []
    tips: list[str] = []
    for one in comparison.measures:
        span = ""
        if one.interval is not None:
            span = " to ".join(_bare(one, end) for end in one.interval)
        effect = "–" if one.hedges_g is None else number(one.hedges_g, 2)
        difference = difference_words(one, one.difference)
        n = f"{number(one.n_a)}, {number(one.n_b)}"
        cells = (measure_words(one, one.a), measure_words(one, one.b), difference, span or "–", effect, n)
        rows.append((one.title, *cells))
        per = "one value a window, so no interval" if one.per == "window" else f"mean of {one.per}s"
        tips.append(f"{one.title}, {per}. {one.insufficient or ''}".strip())
    return rows, tips


def _bare(measure: ComparedMeasure, value: float) -> str:
    """An end of an interval without its unit."""
    factor, decimals = (60.0, 0) if measure.clock_hour else (1.0, 0 if measure.unit == "min" else measure.decimals)
    return number(value * factor, max(1, decimals) if not measure.clock_hour and measure.unit != "min" else 0)


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the page stands on before anything is compared."""

    whole: Span | None
    zone: ZoneTimeline
    annotations: tuple[Annotation, ...]
    signal: str


class ComparePage(Page):
    """Two windows of days, or the days before and after an event."""

    id: ClassVar[str] = "compare"
    title: ClassVar[str] = "Compare"
    icon: ClassVar[str] = "columns-3"

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(services, parent)
        self._ground: _Ground | None = None
        self._comparison: Comparison | None = None
        self._reading: Operation[Comparison] | None = None
        self._metric = "tst_min"
        self._stack = QStackedLayout(self)
        self._nobody = EmptyState(
            "users", "No one is open", "Open the patient list", lambda: self.go.emit("patients", None)
        )
        self._empty = EmptyState(
            "import", "No recording yet", "Import a recording", lambda: self.go.emit("import", None)
        )
        self._skeleton = Skeleton(((0.012, 0.02, 0.22, 0.96), (0.24, 0.02, 0.748, 0.5), (0.24, 0.54, 0.748, 0.44)))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        content = QWidget()
        area.setWidget(content)
        self._shown = area
        self._error = QWidget()
        self._error_column = QVBoxLayout(self._error)
        self._error_column.setContentsMargins(16, 16, 16, 16)
        for widget in (self._nobody, self._empty, self._skeleton, area, self._error):
            self._stack.addWidget(widget)
        self.strip = OverviewStrip()
        self.strip.period_chosen.connect(self._strip_chosen)

        row = QHBoxLayout(content)
        row.setContentsMargins(16, 16, 16, 16)
        row.setSpacing(12)
        self.events = EventsCard(self, services)
        self.events.used.connect(self.use_event)
        self.events.stored.connect(self._stored)
        self.events.told.connect(self.told)
        row.addWidget(self.events, 0, Qt.AlignmentFlag.AlignTop)
        main = QVBoxLayout()
        main.setSpacing(12)
        self.choice = WindowsCard()
        self.choice.asked.connect(self.compare)
        main.addWidget(self.choice)
        main.addWidget(self._table_card())
        main.addWidget(self._chart_card())
        main.addStretch(1)
        row.addLayout(main, 1)

    # -- building ------------------------------------------------------------------------------------------------

    def _table_card(self) -> Card:
        self._result = Card("Differences", " ")
        self.table = MeasureTable(
            "Differences of the two windows",
            ("Measure", "A", "B", "B − A", "95 % interval", "g", "n"),
            strong=3,
            opens=True,
        )
        self.table.row_opened.connect(self._open)
        self._words = Label("", "small", "muted", wrap=True)
        self._result.body.setContentsMargins(0, 0, 0, 8)
        self._result.body.addWidget(self.table)
        inset = QVBoxLayout()
        inset.setContentsMargins(12, 0, 12, 0)
        inset.addWidget(self._words)
        self._result.body.addLayout(inset)
        return self._result

    def _chart_card(self) -> Card:
        self._drawn = Card("Both windows", " ")
        self.chart = CompareChart()
        self._drawn.body.setContentsMargins(0, 0, 0, 6)
        self._drawn.body.addWidget(self.chart)
        return self._drawn

    # -- what the shell asks -------------------------------------------------------------------------------------

    def footer(self) -> QWidget | None:
        return self.strip

    def show_patient(self, patient: Patient | None) -> None:
        if patient is not None and self.patient is not None and patient.id == self.patient.id and self._ground:
            self.patient = patient
            return
        super().show_patient(patient)
        self._ground, self._comparison = None, None
        self.chart.show_measure(None, None)
        self.table.show_rows(())
        self.strip.show_columns(None, ZoneTimeline.unknown())
        self._stack.setCurrentWidget(self._nobody if patient is None else self._skeleton)
        if patient is not None:
            self._skeleton.start()
            self._read()

    def on_changes(self, changes: Changes) -> None:
        touched = self.patient is not None and (not changes.patients or self.patient.id in changes.patients)
        if touched and changes.what & (Change.DIARY | Change.SAMPLES | Change.ZONES):
            self._read()

    def place(self) -> dict[str, Any]:
        return {"windows": self.choice.texts()}

    def restore(self, place: dict[str, Any]) -> None:
        self.choice.set_texts(place.get("windows", {}))
        if self._ground is not None:
            self.compare()

    # -- reading -------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        patient, services = self.patient, self.services
        if patient is None:
            return

        def read() -> _Ground:
            series = services.series(patient.id)
            firsts = [one.first for one in series if one.first is not None]
            lasts = [one.last for one in series if one.last is not None]
            whole = Span(min(firsts), max(lasts)) if firsts and lasts else None
            kinds = {one.kind for one in series}
            signal = next(
                (kind for kind in ("ActivityCounts", "HKQuantityTypeIdentifierStepCount") if kind in kinds), ""
            )
            return _Ground(whole, services.zone_timeline(patient.id), tuple(services.annotations(patient.id)), signal)

        run_query(self, read, self._arrived, self._refused)

    def _arrived(self, ground: _Ground) -> None:
        first = self._ground is None or self._ground.whole != ground.whole
        self._ground = ground
        if ground.whole is None:
            self._stack.setCurrentWidget(self._empty)
            return
        self._stack.setCurrentWidget(self._shown)
        self.events.show_events(self.patient, ground.whole, ground.zone, ground.annotations)
        self.strip.set_events(flags_of(ground.annotations))
        if first:
            self._suggest(ground, ground.whole)
            self._read_strip(ground, ground.whole)
        self.compare()

    def _suggest(self, ground: _Ground, whole: Span) -> None:
        """Begin with the event that has most recording on both sides, else with the two halves of the recording."""
        first, last = (local_parts(ground.zone, at)[0] for at in (whole.start, max(whole.start, whole.stop - 1)))
        inside = [one for one in ground.annotations if one.kind.is_event and whole.start < one.start < whole.stop]
        self.choice.suggest(first, last)
        chosen = max(inside, key=lambda one: _room(one, whole), default=None)
        if chosen is not None:
            self.choice.set_event(local_parts(ground.zone, chosen.start)[0])

    def _read_strip(self, ground: _Ground, whole: Span) -> None:
        patient, services = self.patient, self.services
        if patient is not None and ground.signal:
            run_query(
                self,
                lambda: services.timeline(patient.id, ground.signal, whole, _STRIP_COLUMNS),
                lambda columns: self.strip.show_columns(columns, ground.zone, not_worn=[], note=""),
            )

    # -- comparing -----------------------------------------------------------------------------------------------

    def use_event(self, event: Annotation) -> None:
        """Compare the days before and after an event."""
        if self._ground is not None:
            self.choice.set_event(local_parts(self._ground.zone, event.start)[0])
            self.compare()
            self.moved.emit()

    def compare(self) -> None:
        """Compare what the fields say."""
        patient, services, windows = self.patient, self.services, self.choice.windows()
        if patient is None or self._ground is None or windows is None:
            return
        a, b, washout = windows
        if self._reading is not None:
            self._reading.cancel()
        self.choice.run_button.setEnabled(False)
        self._words.setText("Comparing …")
        self._reading = run_query(
            self,
            lambda: services.compare_windows(patient.id, a, b, washout_days=washout),
            self._show,
            self._not_compared,
        )

    def _not_compared(self, error: ClarityError) -> None:
        self.choice.run_button.setEnabled(True)
        self.table.show_rows(())
        self.chart.show_measure(None, None)
        self._words.setText(f"{error.message} {error.remedy}")

    def _show(self, found: Comparison) -> None:
        self.choice.run_button.setEnabled(True)
        self._comparison = found
        rows, tips = compared_rows(found)
        self.table.show_rows(rows, tips)
        spans = [(date_of_day(one.first), date_of_day(one.last)) for one in (found.a, found.b)]
        words = " · ".join(f"{name} {days_between(*span)}" for name, span in zip(("A", "B"), spans, strict=True))
        washout = f", {found.washout_days} days washout" if found.washout_days else ""
        start = found.zone.instant_of_local(found.a.first)
        stop = found.zone.instant_of_local(found.b.last + 1)
        zone = zone_label(found.zone, min(start, stop), max(start, stop))
        self._result.set_title("Differences", f"{words}{washout}, {zone}")
        short = [one for one in found.measures if one.insufficient]
        why = f" {short[0].insufficient}" if short else ""
        self._words.setText(_NOTE + why)
        ids = [one.metric for one in found.measures]
        if self._metric not in ids and ids:
            self._metric = ids[0]
        if ids:
            self.table.choose(ids.index(self._metric))
        self._draw()

    def _open(self, row: int) -> None:
        if self._comparison is not None:
            self._metric = self._comparison.measures[row].metric
            self._draw()
            self._shown.ensureWidgetVisible(self._drawn, 16, 16)

    def _draw(self) -> None:
        found = self._comparison
        measure = found.measure(self._metric) if found is not None else None
        self.chart.show_measure(found, measure)
        if measure is not None:
            unit = "local clock" if measure.clock_hour else measure.unit
            per = "" if measure.per == "window" else f"one value a {measure.per}"
            self._drawn.set_title(measure.title, ", ".join(part for part in (unit, per) if part))

    def _strip_chosen(self, span: Span) -> None:
        self.events.add(span)

    def _stored(self, one: Annotation) -> None:
        self.told.emit("The event is stored.")
        self.use_event(one)

    def _refused(self, error: ClarityError) -> None:
        while (item := self._error_column.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.deleteLater()
        self._error_column.addWidget(ErrorCard(error, self._read))
        self._error_column.addStretch(1)
        self._stack.setCurrentWidget(self._error)


def _room(event: Annotation, whole: Span) -> int:
    """Seconds of recording on the shorter side of an event."""
    return min(event.start - whole.start, whole.stop - event.start)
