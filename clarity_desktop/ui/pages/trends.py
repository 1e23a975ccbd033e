"""The trends page: how nightly and daily values went over the period, on one linked axis of dates."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from clarity_desktop.app.rhythm import DailySeries, RhythmDetail
from clarity_desktop.ui.charts.trend import TrendChart, chance_words, slope_words, trend_words
from clarity_desktop.ui.charts.wording import local_parts, number
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.measure_table import MeasureTable
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.jobs import Operation, run_query
from clarity_desktop.ui.pages.metric_views import age_words, first_range
from clarity_desktop.ui.pages.study_page import Recording, StudyPage
from clarity_desktop.ui.qt import QGridLayout, QHBoxLayout, QResizeEvent, QSizePolicy, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from clarity_desktop.app import Services

__all__ = ["TrendsPage", "trend_rows"]

_NARROW = 1080
Band = tuple[float | None, float | None]
"""Least and greatest value of a published range, ``None`` for an open end."""
_NOTE = (
    "Dots are nights or days, the line their median over seven days, dashed the Theil–Sen slope. "
    "p allows for the likeness of successive days. Gaps are hatched. Beside windows of 7 days the line is of 28 days."
)


def trend_rows(series: tuple[DailySeries, ...]) -> tuple[list[tuple[str, str, str, str]], list[str]]:
    """Rows ``(measure, slope, p, n)`` and a tool tip for each."""
    rows, tips = [], []
    for one in series:
        if one.trend is None:
            rows.append((one.title, "", "", f"!{one.insufficient or 'Not computed.'}"))
        else:
            rows.append((one.title, slope_words(one), chance_words(one.trend.p_adjusted), number(one.n)))
        tips.append(trend_words(one))
    return rows, tips


class TrendsPage(StudyPage):
    """One panel a measure; panning one pans all."""

    id: ClassVar[str] = "trends"
    title: ClassVar[str] = "Trends"
    icon: ClassVar[str] = "chart-line"

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(services, parent)
        self._detail: Operation[RhythmDetail] | None = None
        self._series: tuple[DailySeries, ...] = ()
        self.charts: dict[str, TrendChart] = {}
        self._columns = 0
        row = QHBoxLayout(self.content)
        row.setContentsMargins(16, 16, 16, 16)
        row.setSpacing(12)
        self._grid = QGridLayout()
        self._grid.setSpacing(12)
        main = QVBoxLayout()
        main.addLayout(self._grid)
        main.addStretch(1)
        row.addLayout(main, 1)
        self._table_card = Card("Change over the period")
        self.table = MeasureTable("Change over the period", ("Measure", "Slope", "p", "n"), opens=True)
        self.table.row_opened.connect(lambda index: self.open_chart(self._series[index].id))
        self._table_card.body.setContentsMargins(0, 0, 0, 12)
        self._table_card.body.addWidget(self.table)
        self._bands = Label("", "small", "muted", wrap=True)
        inset = QVBoxLayout()
        inset.setContentsMargins(12, 0, 12, 0)
        inset.setSpacing(8)
        inset.addWidget(Label(_NOTE, "small", "muted", wrap=True))
        inset.addWidget(self._bands)
        self._table_card.body.addLayout(inset)
        self._table_card.setFixedWidth(388)
        side = QVBoxLayout()
        side.addWidget(self._table_card)
        side.addStretch(1)
        row.addLayout(side)

    def present(self, recording: Recording) -> None:
        patient, wanted, services = self.patient, self.wanted, self.services
        if patient is None:
            return
        if self._detail is not None:
            self._detail.cancel()
        self._detail = run_query(
            self, lambda: services.rhythm_detail(patient.id, wanted), lambda found: self._show(recording, found)
        )

    def _show(self, recording: Recording, detail: RhythmDetail) -> None:
        self._series = detail.series
        for series in detail.series:
            if series.id not in self.charts:
                self._add(series)
        panel, zone = recording.panel, recording.zone
        last = local_parts(zone, max(panel.span.start, panel.span.stop - 1))[0]
        age = self.patient.age_on(last) if self.patient is not None else None
        shown = {series.id for series in detail.series}
        for metric, card in self.targets.items():
            card.setVisible(metric in shown)
        bands: list[str] = []
        for series in detail.series:
            band, limits, whom = _band(series, age, detail.method)
            words = f"{limits}: {whom}" if band is not None else ""
            if band is not None:
                bands.append(f"{series.title}: {whom}.")
            self.charts[series.id].show_series(
                series, zone, panel.span, band=band, band_words=words, simulated=detail.simulated
            )
            n = f"{number(series.n)} {series.per}s"
            unit = "local clock" if series.clock_hour else series.unit
            self.targets[series.id].set_title(series.title, ", ".join(part for part in (unit, n, limits) if part))
            self.targets[series.id].setToolTip(f"{trend_words(series)}. {words}".strip())
        self._bands.setText(" ".join(["Bands are published ranges.", *bands]) if bands else "No published range fits.")
        self.table.show_rows(*trend_rows(detail.series))
        ids = [series.id for series in detail.series]
        self.table.choose(ids.index(self._linked) if self._linked in ids else None)
        self._columns = 0
        self._arrange()
        self.caption_figures(recording)
        self.flag_figures(recording)
        self._show_linked()

    def _add(self, series: DailySeries) -> None:
        chart = self.charts[series.id] = TrendChart(series.title)
        chart.setFixedHeight(168)
        chart.period_chosen.connect(self.show_period)
        first = next(iter(self.charts.values()))
        if chart is not first:
            chart.view.setXLink(first.view)
        card = self.targets[series.id] = Card(series.title, " ")
        card.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        card.body.setContentsMargins(0, 0, 0, 6)
        card.body.addWidget(chart)
        card.set_framed(series.id == self._linked)

    def frame_chart(self, name: str | None) -> None:
        super().frame_chart(name)
        ids = [series.id for series in self._series]
        self.table.choose(ids.index(name) if name in ids else None)

    def _arrange(self) -> None:
        columns = 2 if self.width() >= _NARROW else 1
        if columns == self._columns:
            return
        self._columns = columns
        for card in self.targets.values():
            self._grid.removeWidget(card)
        for column in range(2):
            self._grid.setColumnStretch(column, int(column < columns))
        for place, series in enumerate(self._series):
            self._grid.addWidget(self.targets[series.id], place // columns, place % columns)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()


def _band(series: DailySeries, age: int | None, method: str) -> tuple[Band | None, str, str]:
    """The published range of a series in its own unit, its limits in words, and to whom it applies.

    ``(None, "", "")`` where none fits.
    """
    found = first_range(series.id, age, method)
    if found is None or series.per != "night":
        return None, "", ""
    factor = 1 / 60 if found.unit == "min" and series.unit == "h" else 1.0
    low, high = (None if end is None else factor * end for end in (found.low, found.high))
    if low is not None and high is not None:
        limits = f"band {number(low)}–{number(high)} {series.unit}"
    else:
        limits = f"band ≥ {number(low)}" if low is not None else f"band ≤ {number(high or 0.0)}"
        limits += f" {series.unit}"
    return (low, high), limits, f"{found.population}, {age_words(found)}, {found.citation.split(',')[0]}"
