"""Which chart shows what a fact is about, and the charts that a text cites, framed at the window of a fact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from clarity_desktop.app.rhythm import DailySeries, RhythmDetail
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.time import Span, day_of_date
from clarity_desktop.ui.charts.trend import TrendChart
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.qt import QVBoxLayout, QWidget

__all__ = ["OTHER_PAGES", "SERIES_OF", "CitedCharts", "wear_series"]

SERIES_OF: Final[Mapping[str, str]] = {
    **dict.fromkeys(("tst", "tib", "deep", "rem", "core", "debt"), "tst_min"),
    "se": "se_pct",
    **dict.fromkeys(("waso", "waso_first", "waso_second", "awakenings"), "waso_min"),
    "sol": "sol_min",
    **dict.fromkeys(("midsleep", "midsleep_sd", "onset", "offset", "sjl", "cpd"), "midsleep_h"),
    "sri": "rolling_sri",
    "is": "rolling_is",
    "iv": "rolling_iv",
    "ra": "rolling_ra",
    **dict.fromkeys(("rhr", "hr_nadir"), "resting_hr"),
    "hr_dip": "hr_dip_pct",
    "rmssd": "hrv_rmssd_ms",
    **dict.fromkeys(("l5", "l5_onset"), "l5_onset_h"),
    **dict.fromkeys(("m10", "m10_onset"), "m10_onset_h"),
    **dict.fromkeys(("steps", "mesor", "amplitude", "acrophase"), "activity_mean"),
    **dict.fromkeys(("coverage", "wear", "nonwear", "valid_days"), "wear"),
}
"""Daily series by metric; the metrics of one night share the chart that shows their nights."""
OTHER_PAGES: Final[Mapping[str, tuple[str, str]]] = {
    "period": ("circadian", "period"),
    "dfa": ("circadian", "actogram"),
    "cbtmin": ("circadian", "phase"),
    "light": ("timeline", "light"),
    "pat": ("pat", "weeks"),
}
"""Page and chart for metrics that have no value a day."""
_HEIGHT: Final = 190


def wear_series(panel: Panel) -> DailySeries:
    """Hours worn by local day, as the charts of daily values take it; days without any record have none."""
    days = [day_of_date(day.date) for day in panel.days]
    first = min(days, default=0)
    values = np.full((max(days, default=0) - first + 1) if days else 0, np.nan)
    for number, day in zip(days, panel.days, strict=True):
        values[number - first] = day.worn_min / 60
    return DailySeries(
        "wear", "Worn", "h", 1, "day", first, values, np.full(values.size, np.nan), None, "No trend of wear.", ()
    )


class CitedCharts(QWidget):
    """One chart for each series that the sentences cite, in the order in which they do."""

    def __init__(self) -> None:
        super().__init__()
        self.charts: dict[str, TrendChart] = {}
        self.cards: dict[str, Card] = {}
        self._cited: dict[str, list[int]] = {}
        self._filled: set[str] = set()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(12)
        self._none = Label("The sentences cite no chart in this window.", "body", "muted", wrap=True)
        self._column.addWidget(self._none)
        self._column.addStretch(1)

    def show_cited(self, numbers: Mapping[str, int], metrics: Mapping[str, str]) -> None:
        """Keep the charts of the cited facts, in order.

        Parameters
        ----------
        numbers, metrics:
            Number and metric of each cited fact.
        """
        self._cited = {}
        for fact, number in sorted(numbers.items(), key=lambda pair: pair[1]):
            series = SERIES_OF.get(metrics.get(fact, ""))
            if series is not None:
                self._cited.setdefault(series, []).append(number)
        for name in self._cited:
            if name not in self.charts:
                self._add(name)
        for place, name in enumerate(self._cited):
            self._column.removeWidget(self.cards[name])
            self._column.insertWidget(place, self.cards[name])
        self._show_titles()

    def _add(self, name: str) -> None:
        chart = self.charts[name] = TrendChart(name)
        chart.setFixedHeight(_HEIGHT)
        card = self.cards[name] = Card(name, " ")
        card.body.setContentsMargins(0, 0, 0, 6)
        card.body.addWidget(chart)
        self._column.insertWidget(0, card)

    def show_detail(self, panel: Panel, detail: RhythmDetail) -> None:
        """Fill the charts from the daily values of the window."""
        series = {one.id: one for one in (*detail.series, wear_series(panel))}
        for name, chart in self.charts.items():
            found = series.get(name)
            chart.show_series(found, panel.zone, panel.span, simulated=panel.simulated)
            if found is not None:
                unit = "local clock" if found.clock_hour else found.unit
                self.cards[name].title_label.setText(found.title)
                self.cards[name].setAccessibleName(found.title)
                self.cards[name].subtitle_label.setText(", ".join(p for p in (unit, f"one value a {found.per}") if p))
        self._filled = set(series)
        self._show_titles()

    def _show_titles(self) -> None:
        shown = [name for name in self._cited if not self._filled or name in self._filled]
        for name, card in self.cards.items():
            card.setVisible(name in shown)
        for name, numbers in self._cited.items():
            self.cards[name].setToolTip("Cited by sources " + ", ".join(str(number) for number in numbers))
        self._none.setVisible(not shown)

    def frame_fact(self, metric: str | None, span: Span | None, words: str) -> Card | None:
        """Frame the chart of a metric and tint the window of a fact in it; answers its card."""
        name = SERIES_OF.get(metric or "")
        for one, chart in self.charts.items():
            chosen = one == name and span is not None
            chart.frame_span(span if chosen else None, words if chosen else "")
            self.cards[one].set_framed(chosen)
        return self.cards.get(name or "")
