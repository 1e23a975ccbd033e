"""The overview: six numbers, one week of linked lanes, the raster of nights, and where the data comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from clarity_desktop.domain.insights import Topic
from clarity_desktop.domain.kinds import HEART_RATE, LIGHT
from clarity_desktop.domain.time import DAY_S, Span, day_of_date
from clarity_desktop.ui.charts import LaneSpec, SleepBand, SleepRasterChart, TimeAsleepChart, TimelineChart
from clarity_desktop.ui.charts.epoch_columns import columns_of_epochs
from clarity_desktop.ui.charts.stage_key import StageKey
from clarity_desktop.ui.charts.wording import days_between, local_parts, number
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.metric_card import MetricCard
from clarity_desktop.ui.components.source_list import SourceList
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.pages.insights.beside import InsightBeside
from clarity_desktop.ui.pages.lane_specs import lane_of, signal_lane, stage_lane
from clarity_desktop.ui.pages.metric_views import CARD_METRICS, CARD_TITLES, age_words, first_range, metric_views
from clarity_desktop.ui.pages.study_page import Recording, StudyPage
from clarity_desktop.ui.qt import QGridLayout, QHBoxLayout, QResizeEvent, QSizePolicy, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["OverviewPage"]

_TARGETS = {
    "tst_min": ("trends", "tst_min"),
    "se_pct": ("trends", "se_pct"),
    "midsleep_h": ("trends", "midsleep_h"),
    "sri": ("circadian", "regularity"),
    "ra": ("circadian", "average_day"),
    "resting_hr": ("trends", "resting_hr"),
}
"""Page and chart that show what a card's number rests on."""
_NARROW = 1100
_HIGHEST_BELOW = 460
"""The lower cards grow no further in a high window: the linked lanes take the room."""


class OverviewPage(StudyPage):
    """A person at a glance."""

    id: ClassVar[str] = "overview"
    title: ClassVar[str] = "Overview"
    icon: ClassVar[str] = "layout-dashboard"

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(services, parent)
        column = QVBoxLayout(self.content)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        self._cards = {metric: MetricCard(CARD_TITLES[metric]) for metric in CARD_METRICS}
        self._grid = QGridLayout()
        self._grid.setSpacing(12)
        self._columns = 0
        column.addLayout(self._grid)
        for metric, card in self._cards.items():
            card.opened.connect(lambda metric=metric: self.open_metric(metric))

        self._week_card = Card("One week, linked")
        self._week_card.add_action(StageKey())
        self._week = TimelineChart(pannable=False, height=224)
        self._week.setMinimumHeight(220)
        self._week.window_changed.connect(self._read_week)
        self._week.period_chosen.connect(self.show_period)
        self._week_card.body.setContentsMargins(0, 0, 0, 8)
        self._week_card.body.addWidget(self._week, 1)
        self._sources_card = Card("Data and sources")
        self._sources = SourceList()
        self._sources_note = Label("", "small", "muted", wrap=True)
        self._sources_card.body.setContentsMargins(0, 0, 0, 12)
        self._sources_card.body.addWidget(self._sources)
        self._sources_card.body.addStretch(1)
        inset = QHBoxLayout()
        inset.setContentsMargins(12, 0, 12, 0)
        inset.addWidget(self._sources_note)
        self._sources_card.body.addLayout(inset)
        self._sources_card.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        middle = QHBoxLayout()
        middle.setSpacing(12)
        middle.addWidget(self._week_card, 7)
        middle.addWidget(self._sources_card, 3)
        column.addLayout(middle, 1)

        self._raster_card = Card("Sleep raster", "newest at the bottom")
        self._raster = SleepRasterChart()
        self._raster_card.body.setContentsMargins(0, 0, 0, 8)
        self._raster_card.body.addWidget(self._raster)
        self._asleep_card = Card("Time asleep", "hours per night")
        self._asleep = TimeAsleepChart()
        self._asleep_card.body.setContentsMargins(0, 0, 0, 8)
        self._asleep_card.body.addWidget(self._asleep)
        for chart in (self._raster, self._asleep):
            chart.setMinimumHeight(150)
            chart.night_chosen.connect(lambda day: self.go.emit("sleep", {"night": day.isoformat()}))
        below = QHBoxLayout()
        below.setSpacing(12)
        below.addWidget(self._raster_card, 1)
        below.addWidget(self._asleep_card, 1)
        self.insights = InsightBeside(self, Topic.OVERVIEW)
        below.addWidget(self.insights, 1)
        for lower in (self._raster_card, self._asleep_card, self.insights):
            lower.setMaximumHeight(_HIGHEST_BELOW)
        column.addLayout(below, 1)
        self._arrange()

    def open_metric(self, metric: str) -> None:
        """Show the chart and window that a card's number rests on; Back returns."""
        page, chart = _TARGETS[metric]
        self.go.emit(page, self.link_place(chart))

    def _arrange(self) -> None:
        columns = 6 if self.width() >= _NARROW else 3
        if columns == self._columns:
            return
        self._columns = columns
        for index, card in enumerate(self._cards.values()):
            self._grid.addWidget(card, index // columns, index % columns)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def present(self, recording: Recording) -> None:
        panel, zone = recording.panel, recording.zone
        last = local_parts(zone, max(panel.span.start, panel.span.stop - 1))[0]
        age = self.patient.age_on(last) if self.patient is not None else None
        for metric, view in metric_views(panel, age).items():
            self._cards[metric].show_view(view)
        self._present_week(recording)
        self.insights.show_for(self.patient)
        for chart in (self._week, self._raster, self._asleep):
            chart.simulated = panel.simulated
        self._raster.show_nights(panel.nights, panel.naps, zone, simulated=panel.simulated)
        found = first_range("tst_min", age, panel.nights[0].method) if panel.nights else None
        band = None
        if found is not None and found.low is not None and found.high is not None:
            low, high = found.low / 60, found.high / 60
            paper = found.citation.split(",")[0]
            words = f"Shaded band {number(low)}–{number(high)} h: {found.population}, {age_words(found)}, {paper}"
            band = SleepBand(low, high, words)
        self._asleep.show_nights(panel.nights, zone, band=band, simulated=panel.simulated)
        self._sources.show_series(recording.series)
        days = panel.coverage
        self._sources_note.setText(
            " ".join(
                [
                    f"{number(days.valid_days)} of {number(days.days)} days valid (at least 16 h worn).",
                    f"Worn {number(100 * days.worn_share, 1)}\u00a0%.",
                    panel.signal_note,
                    *panel.notes,
                ]
            )
        )

    def _present_week(self, recording: Recording) -> None:
        panel, zone = recording.panel, recording.zone
        stop = panel.span.stop
        last_day = day_of_date(local_parts(zone, stop - 1)[0])
        start = max(panel.span.start, zone.instant_of_local(last_day - 7, DAY_S // 2))
        week = Span(start, max(start + 3600, stop))
        lanes: list[LaneSpec] = [signal_lane(panel, weight=1.3), stage_lane(weight=0.95)]
        lanes += [lane_of(kind) for kind in (HEART_RATE, LIGHT) if recording.has(kind)]
        first, final = (local_parts(zone, at)[0] for at in (week.start, week.stop - 1))
        self._week_card.set_title("One week, linked", days_between(first, final))
        self._week.set_lanes(lanes, zone, week)
        asleep = [segment for sleep in (*panel.nights, *panel.naps) for segment in sleep.segments]
        self._week.set_segments("stages", asleep)
        self._week.set_not_worn([bout.span for bout in panel.wear_bouts], ["signal"])
        self._week.set_window(week)

    def _read_week(self, span: Span, columns: int) -> None:
        recording = self.recording
        if recording is None:
            return
        self._week.set_columns("signal", columns_of_epochs(recording.panel.epochs, span, columns))
        for kind in (HEART_RATE, LIGHT):
            if recording.has(kind):
                self.read_columns(self._week, kind, kind, span, columns)
