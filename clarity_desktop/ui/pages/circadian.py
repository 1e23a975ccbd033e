"""The circadian page: actogram, average day, rhythm measures with what they rest on, and the phase dial."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, ClassVar

from clarity_desktop.app.rhythm import RhythmDetail, TwoProcess
from clarity_desktop.domain.findings import METRICS, Finding
from clarity_desktop.domain.insights import Topic
from clarity_desktop.domain.kinds import HEART_RATE, LIGHT
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.time import Span
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts import ActogramChart, AverageDayChart, PhaseDial
from clarity_desktop.ui.charts.actogram import ActogramData, prepare
from clarity_desktop.ui.charts.actogram_overlays import HEART, OVERLAYS, SLEEP
from clarity_desktop.ui.charts.actogram_overlays import LIGHT as LIGHT_OVERLAY
from clarity_desktop.ui.charts.actogram_rows import BIN_S
from clarity_desktop.ui.charts.epoch_columns import joined_columns
from clarity_desktop.ui.charts.lanes import Columns
from clarity_desktop.ui.charts.periodogram import PeriodogramChart
from clarity_desktop.ui.charts.pressure import PressureChart
from clarity_desktop.ui.charts.regularity import RegularityChart
from clarity_desktop.ui.charts.wording import number
from clarity_desktop.ui.components.buttons import Button, SegmentedSwitch
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.measure_table import MeasureTable
from clarity_desktop.ui.components.period_bar import period_of_days
from clarity_desktop.ui.components.text import ElidedLabel, Label
from clarity_desktop.ui.jobs import Operation, run_query
from clarity_desktop.ui.pages.insights.beside import InsightBeside
from clarity_desktop.ui.pages.metric_views import declared_metric, finding_words, interval_words
from clarity_desktop.ui.pages.study_page import Recording, StudyPage
from clarity_desktop.ui.qt import QHBoxLayout, QMenu, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["CircadianPage", "period_row", "rhythm_metrics", "rhythm_rows"]

_MOST_COLUMNS = 20_000
"""Overlays are read this many bins of five minutes at once, about ten weeks."""
_OVERLAY_WORDS = {SLEEP: "Sleep", LIGHT_OVERLAY: "Light", HEART: "Heart rate"}
_MEASURES = (
    ("is", "Interdaily stability, IS"),
    ("iv", "Intradaily variability, IV"),
    ("ra", "Relative amplitude, RA"),
    ("l5_onset_h", "L5 onset, local"),
    ("m10_onset_h", "M10 onset, local"),
    ("acrophase_h", "Acrophase, model"),
    ("sri", "Sleep regularity, SRI"),
    ("social_jetlag_h", "Social jetlag"),
    ("free_onset_later_min", "Onset, free − work"),
    ("free_offset_later_min", "Final wake, free − work"),
    ("free_duration_longer_min", "Asleep, free − work"),
)
_CHARTS = {
    "is": "actogram",
    "iv": "actogram",
    "ra": "average_day",
    "l5_onset_h": "average_day",
    "m10_onset_h": "average_day",
    "acrophase_h": "average_day",
    "sri": "regularity",
    "lomb_scargle_period_h": "period",
}
"""The chart of this page that a measure rests on; other measures open their trend."""
_LETTERS = {"days": "d", "nights": "n", "pairs": "p"}


def _rests(finding: Finding) -> str:
    if finding.n is None:
        return ""
    kind = METRICS[finding.metric].rests_on if finding.metric in METRICS else "days"
    return f"{number(finding.n)} {_LETTERS.get(kind, kind)}"


def rhythm_metrics(panel: Panel) -> list[str]:
    """Metric of each row of :func:`rhythm_rows`."""
    return [metric for metric, _ in _MEASURES if panel.finding(metric) is not None]


def _free_words(finding: Finding) -> str:
    """Which days were taken as free; empty for measures that do not ask."""
    free = dict(finding.provenance.parameters).get("free_days", "")
    return f"Free days: {free}" if free else ""


def rhythm_rows(panel: Panel) -> tuple[list[tuple[str, str, str, str]], list[str]]:
    """Rows ``(measure, value, 95 % interval, rests on)`` of a panel and a tool tip for each."""
    rows: list[tuple[str, str, str, str]] = []
    tips: list[str] = []
    for metric, title in _MEASURES:
        finding = panel.finding(metric)
        if finding is None:
            continue
        declared = declared_metric(metric)
        if finding.value is None:
            rows.append((title, "", "", f"!{finding.insufficient or 'Not computed.'}"))
            tips.append(finding.insufficient or "")
            continue
        if metric == "social_jetlag_h":
            shown = f"{number(finding.value, 2)} h"
        elif metric.startswith("free_"):
            shown = f"{'+' if finding.value >= 0.5 else ''}{number(finding.value)} min"
        else:
            shown = finding_words(metric, finding.value)[0]
        rows.append((title, shown, interval_words(finding) or "–", _rests(finding)))
        method = dict(finding.provenance.parameters).get("bootstrap", "")
        tips.append(
            ". ".join(
                part
                for part in (
                    f"{declared.title}: {declared.reference}" if declared is not None else title,
                    f"95 % interval by bootstrap over {method}" if method and finding.interval is not None else "",
                    _free_words(finding),
                    "No published range fits; compare with the person's own past",
                )
                if part
            )
        )
    return rows, tips


def period_row(detail: RhythmDetail, panel: Panel) -> tuple[tuple[str, str, str, str], str]:
    """The period's row of the table with its tool tip; it is asked for apart from the panel."""
    title, found = "Period, Lomb–Scargle", detail.period
    if found is None:
        return (title, "", "", f"!{detail.why_no_period}"), detail.why_no_period
    low, high = (number(end, 2) for end in found.half_power_h)
    tip = f"{title}: Zechmeister 2009. Width at half power {low}–{high} h. No published range fits."
    finding = panel.finding("lomb_scargle_period_h")
    drawn = interval_words(finding) if finding is not None else ""
    if drawn:
        tip += " 95 % interval by bootstrap over whole local days at their places in time."
    return (title, f"{number(found.period_h, 2)} h", drawn or "–", f"{number(panel.coverage.valid_days)} d"), tip


class CircadianPage(StudyPage):
    """The rhythm of rest and activity over the period."""

    id: ClassVar[str] = "circadian"
    title: ClassVar[str] = "Circadian"
    icon: ClassVar[str] = "orbit"

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(services, parent)
        self._detail: Operation[RhythmDetail] | None = None
        self._detailed: Operation[Panel] | None = None
        self._intervals: Panel | None = None
        """The same panel with the intervals that take longer; ``None`` until they arrive."""
        self._period: RhythmDetail | None = None
        self.double = SegmentedSwitch("Width of a row", (("single", "Single"), ("double", "Double 48 h")), "double")
        self.origin = SegmentedSwitch("Start of a row", (("noon", "Noon"), ("midnight", "Midnight")), "noon")
        self.double.chosen.connect(self._set_width)
        self.origin.chosen.connect(lambda _: self._lay_actogram())
        self.overlays_button = Button("Overlays", icon="layers")
        self.overlays_button.clicked.connect(lambda _=False: self._overlay_menu())
        row = QHBoxLayout(self.content)
        row.setContentsMargins(16, 16, 16, 16)
        row.setSpacing(12)
        self._actogram_card = Card("Actogram")
        self._scale_note = ElidedLabel("", "small", "muted")
        self._actogram_card.add_action(self._scale_note)
        self.actogram = ActogramChart()
        self.actogram.night_opened.connect(lambda day: self.go.emit("sleep", {"night": day.isoformat()}))
        self._actogram_card.body.setContentsMargins(0, 0, 4, 8)
        self._actogram_card.body.addWidget(self.actogram, 1)
        self.actogram.days_chosen.connect(self._choose_days)
        self._map_card = Card("Regularity")
        self.regularity = RegularityChart()
        self.map_switch = SegmentedSwitch(
            "What the map shows", (("same", "Like next day"), ("asleep", "Asleep")), "same"
        )
        self.map_switch.chosen.connect(lambda value: self.regularity.show_states(value == "asleep"))
        self._map_card.add_action(self.map_switch)
        self.regularity.setMinimumHeight(210)
        self._map_card.body.setContentsMargins(0, 0, 0, 6)
        self._map_card.body.addWidget(self.regularity)
        main = QVBoxLayout()
        main.setSpacing(12)
        main.addWidget(self._actogram_card)
        self._pressure_card = Card("Sleep pressure", "model, not measured")
        self.pressure = PressureChart()
        self._pressure_card.body.setContentsMargins(0, 0, 0, 6)
        self._pressure_card.body.addWidget(self.pressure)
        main.addWidget(self._map_card, 1)
        main.addWidget(self._pressure_card)
        row.addLayout(main, 2)

        side = QVBoxLayout()
        side.setSpacing(12)
        self._day_card = Card("Average day")
        self.average_day = AverageDayChart()
        self.average_day.setMinimumHeight(154)
        self._day_card.body.setContentsMargins(0, 0, 0, 6)
        self._day_card.body.addWidget(self.average_day)
        self._table_card = Card("Rhythm measures")
        self._table_card.add_action(Label("day-block bootstrap", "small", "muted"))
        self.table = MeasureTable("Rhythm measures", ("Measure", "Value", "95 % interval", "Rests on"), opens=True)
        self.table.row_opened.connect(self._open_measure)
        self._table_card.body.setContentsMargins(0, 0, 0, 4)
        self._table_card.body.addWidget(self.table)
        self._dial_card = Card("Phase", "24 h dial")
        self.dial = PhaseDial()
        self.dial.setMinimumHeight(240)
        self._dial_card.body.setContentsMargins(0, 0, 0, 6)
        self._dial_card.body.addWidget(self.dial)
        self._period_card = Card("Period")
        self.periodogram = PeriodogramChart()
        self.periodogram.setMinimumHeight(240)
        self._period_card.body.setContentsMargins(0, 0, 0, 6)
        self._period_card.body.addWidget(self.periodogram)
        for card in (self._day_card, self._table_card):
            card.setMinimumWidth(388)
            side.addWidget(card)
        pair = QHBoxLayout()
        pair.setSpacing(12)
        pair.addWidget(self._dial_card, 1)
        pair.addWidget(self._period_card, 1)
        side.addLayout(pair)
        self.insights = InsightBeside(self, Topic.REGULARITY)
        side.addWidget(self.insights)
        side.addStretch(1)
        self.targets = {
            "actogram": self._actogram_card,
            "average_day": self._day_card,
            "regularity": self._map_card,
            "period": self._period_card,
            "phase": self._dial_card,
            "pressure": self._pressure_card,
        }
        row.addLayout(side, 1)

    def _open_measure(self, row: int) -> None:
        """Show what a measure of the table rests on: a chart of this page, or its trend."""
        if self.recording is None:
            return
        metric = (*rhythm_metrics(self.recording.panel), "lomb_scargle_period_h")[row]
        if metric in _CHARTS:
            self.open_chart(_CHARTS[metric])
        else:
            self.go.emit("trends", self.link_place("tst_min" if "duration" in metric else "midsleep_h"))

    def _choose_days(self, first: date, last: date) -> None:
        recording = self.recording
        if recording is not None:
            self.show_period(period_of_days(recording.zone, recording.whole, first, last))

    def _set_width(self, value: str) -> None:
        self.actogram.set_double(value == "double")

    def toolbar_widgets(self) -> list[QWidget]:
        return [self.double, self.origin, self.overlays_button]

    def overlays_there(self) -> list[str]:
        """Overlays that this recording has something for."""
        recording = self.recording
        if recording is None:
            return []
        wanted = {
            SLEEP: bool(recording.panel.nights),
            LIGHT_OVERLAY: recording.has(LIGHT),
            HEART: recording.has(HEART_RATE),
        }
        return [name for name in OVERLAYS if wanted[name]]

    def _overlay_menu(self) -> None:
        menu = QMenu(self)
        menu.setFont(theme.font("body"))
        for name in self.overlays_there():
            action = menu.addAction(_OVERLAY_WORDS[name])
            action.setCheckable(True)
            action.setChecked(name in self.actogram.overlays.shown)
            action.toggled.connect(lambda on, name=name: self.switch_overlay(name, on=on))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.overlays_button.mapToGlobal(self.overlays_button.rect().bottomLeft()))

    def switch_overlay(self, name: str, *, on: bool) -> None:
        """Show an overlay on the actogram or take it off."""
        shown = self.actogram.overlays.shown
        self.actogram.set_overlays(shown | {name} if on else shown - {name})
        self._count_overlays()
        self._fit_actogram()
        if on:
            self._read_overlays()

    def _fit_actogram(self) -> None:
        """Give the actogram the height of its rows and legend."""
        self.actogram.setFixedHeight(self.actogram.natural_height())

    def _count_overlays(self) -> None:
        number_shown = len([name for name in self.overlays_there() if name in self.actogram.overlays.shown])
        self.overlays_button.setText(f"Overlays {number_shown}")

    def present(self, recording: Recording) -> None:
        panel = recording.panel
        self.insights.show_for(self.patient)
        self._lay_actogram()
        self.average_day.show_panel(panel)
        self._day_card.set_title("Average day", self.average_day.subtitle())
        self.dial.show_panel(panel)
        self._intervals = self._period = None
        self._show_measures()
        patient, wanted, services, edited = self.patient, self.wanted, self.services, self.edited
        if patient is not None:
            for running in (self._detail, self._detailed):
                if running is not None:
                    running.cancel()
            self._detail = run_query(self, lambda: services.rhythm_detail(patient.id, wanted), self._show_detail)
            # Intervals of the period and of social jetlag take longer than the page may wait for.
            self._detailed = run_query(
                self,
                lambda: services.panel(patient.id, wanted, details=True, edited=edited),
                lambda found: self._show_intervals(found, panel),
            )
            run_query(self, lambda: services.sleep_pressure(patient.id, wanted), self._show_pressure)

    def _show_pressure(self, curve: TwoProcess) -> None:
        recording = self.recording
        if recording is None:
            return
        panel = recording.panel
        self.pressure.show_curve(curve, panel.zone, (*panel.nights, *panel.naps), simulated=panel.simulated)
        self._pressure_card.set_title("Sleep pressure", self.pressure.subtitle())
        self.caption_figures(recording)

    def _show_intervals(self, found: Panel, asked_for: Panel) -> None:
        """Fill in the intervals that were computed after the page was shown."""
        if self.recording is not None and self.recording.panel is asked_for:
            self._intervals = found
            self._show_measures()

    def _show_measures(self) -> None:
        """The table from the most that has arrived."""
        if self.recording is None:
            return
        panel = self.recording.panel if self._intervals is None else self._intervals
        rows, tips = rhythm_rows(panel)
        if self._period is not None:
            row, tip = period_row(self._period, panel)
            rows, tips = [*rows, row], [*tips, tip]
        self.table.show_rows(rows, tips)

    def _show_detail(self, detail: RhythmDetail) -> None:
        self.periodogram.show_spectrum(detail.period, detail.why_no_period, simulated=detail.simulated)
        self._period_card.set_title("Period", self.periodogram.verdict())
        self._period = detail
        self._show_measures()
        found = self.recording.panel.finding("sri") if self.recording is not None else None
        why = found.insufficient if found is not None and found.insufficient is not None else ""
        self.regularity.show_map(detail.regularity, why, simulated=detail.simulated)
        self._map_card.set_title("Regularity", self.regularity.subtitle())

    def _lay_actogram(self) -> None:
        recording = self.recording
        if recording is None:
            return
        panel, noon = recording.panel, self.origin.value() == "noon"
        run_query(self, lambda: prepare(panel, noon=noon), self._show_actogram)

    def _show_actogram(self, data: ActogramData | None) -> None:
        self.actogram.show_data(data)
        self._actogram_card.set_title("Actogram", self.actogram.subtitle())
        self._scale_note.set_text(self.actogram.note())
        self._fit_actogram()
        self._count_overlays()
        self._read_overlays()

    def _read_overlays(self) -> None:
        recording = self.recording
        if recording is None:
            return
        shown = self.actogram.overlays.shown
        if LIGHT_OVERLAY in shown and recording.has(LIGHT):
            self._read_bins(LIGHT, self.actogram.show_light)
        if HEART in shown and recording.has(HEART_RATE):
            self._read_bins(HEART_RATE, self.actogram.show_heart_rate)

    def _read_bins(self, kind: str, show: Callable[[Columns], None]) -> None:
        """Ask for means of five minutes over the period, some weeks at a time."""
        patient, recording, services = self.patient, self.recording, self.services
        if patient is None or recording is None or recording.panel.span.length_s < BIN_S:
            return
        span = recording.panel.span

        def read() -> Columns:
            most = _MOST_COLUMNS * BIN_S
            starts = range(span.start, span.stop - BIN_S + 1, most)
            pieces = [Span(start, start + min(most, (span.stop - start) // BIN_S * BIN_S)) for start in starts]
            found = [services.timeline(patient.id, kind, piece, piece.length_s // BIN_S) for piece in pieces]
            return joined_columns(found)

        def arrived(columns: Columns) -> None:
            show(columns)
            self._fit_actogram()

        run_query(self, read, arrived)
