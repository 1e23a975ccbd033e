"""Events on charts of time: flags at their instants, tints over stretches, words in read-outs and summaries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from clarity_desktop.app.rhythm import DailySeries
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.time import DAY_S, Span, ZoneTimeline, day_of_date
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts import ActogramChart, EventFlag, LaneSpec, OverviewStrip, TimelineChart
from clarity_desktop.ui.charts.epoch_columns import columns_of_epochs
from clarity_desktop.ui.charts.event_flags import day_position, event_words, row_pieces
from clarity_desktop.ui.charts.trend import TrendChart
from clarity_desktop.ui.qt import QImage, QPointF, QWidget

DAY = day_of_date(date(2025, 3, 20))
MakePanel = Callable[..., Panel]


def _accent_columns(image: QImage, top: int, bottom: int) -> set[int]:
    accent = theme.current().ui["accent"]
    return {x for x in range(image.width()) if any(image.pixelColor(x, y) == accent for y in range(top, bottom))}


def _picture(chart: QWidget, qtbot: QtBot) -> QImage:
    qtbot.addWidget(chart)
    chart.resize(800, 300)
    chart.show()
    qtbot.waitExposed(chart)
    return chart.grab().toImage()


def test_rh73_timeline_flags_an_event_at_its_instant(qtbot: QtBot, berlin: ZoneTimeline, make_panel: MakePanel) -> None:
    panel = make_panel(berlin, DAY, 14)
    at = panel.span.start + 5 * DAY_S
    chart = TimelineChart()
    chart.set_lanes([LaneSpec("a", "Activity", "counts/min", "bars", "activity")], berlin, panel.span)
    chart.set_window(panel.span)
    chart.set_events([(Span(at, at), "2 mg", "medication"), (Span(at + 3 * DAY_S, at + 5 * DAY_S), "Lisbon", "travel")])
    image = _picture(chart, qtbot)
    x = round(chart._scale.x(at))
    columns = _accent_columns(image, 60, 240)
    assert any(abs(column - x) <= 1 for column in columns)
    assert all(abs(column - x) <= 1 or abs(column - round(chart._scale.x(at + 3 * DAY_S))) <= 1 for column in columns)
    assert "medication: 2 mg" in chart.accessibleDescription()
    read = chart.read_out_at(QPointF(chart._scale.x(at) + 2, 100))
    assert read is not None
    assert read.rows[-1][0] == "medication: 2 mg"
    within = chart.read_out_at(QPointF(chart._scale.x(at + 4 * DAY_S), 100))
    assert within is not None
    assert within.rows[-1][0] == "travel: Lisbon"
    apart = chart.read_out_at(QPointF(chart._scale.x(at + 2 * DAY_S), 100))
    assert apart is not None
    assert all("travel" not in name for name, _ in apart.rows)


def test_rh65_actogram_flags_an_event_on_its_row(qtbot: QtBot, berlin: ZoneTimeline, make_panel: MakePanel) -> None:
    panel = make_panel(berlin, DAY, 14)
    at = berlin.instant_of_local(DAY + 4, 18 * 3600)
    chart = ActogramChart()
    chart.show_panel(panel)
    chart.set_events([EventFlag(Span(at, at), "Melatonin", "medication")])
    before = _accent_columns(_picture(chart, qtbot), 0, 300)
    assert before
    assert "medication: Melatonin" in chart.accessibleDescription()
    row = 4 + 1  # the first row begins at noon of the day before
    x = chart._area.left() + 0.25 / 2 * chart._area.width()
    y = chart._area.top() + (row + 0.5) * chart._row_height - chart._bar.value()
    read = chart.read_out_at(QPointF(x, y))
    assert read is not None
    assert read.rows[-1][0] == "medication: Melatonin"


def test_rh70_trend_and_strip_flag_events(qtbot: QtBot, berlin: ZoneTimeline, make_panel: MakePanel) -> None:
    panel = make_panel(berlin, DAY, 14)
    at = berlin.instant_of_local(DAY + 4, 18 * 3600)
    values = np.linspace(6.5, 7.5, 14)
    trend = TrendChart("Time asleep")
    trend.show_series(
        DailySeries("tst_min", "Time asleep", "h", 1, "night", DAY, values, values, None, "Too short.", ()),
        berlin,
        panel.span,
    )
    plain = _accent_columns(_picture(trend, qtbot), 0, 250)
    trend.set_events([(Span(at, at), "2 mg", "medication")])
    assert len(_accent_columns(trend.grab().toImage(), 0, 250)) > len(plain)
    read = trend.read_out_at(DAY + 4)
    assert read is not None
    assert read.rows[-1][0] == "medication: 2 mg"
    assert all("medication" not in name for name, _ in trend.read_out_at(DAY + 6).rows)  # type: ignore[union-attr]
    strip = OverviewStrip()
    strip.show_columns(columns_of_epochs(panel.epochs, panel.span, 400), berlin)
    strip.set_events([(Span(at, at), "2 mg", "medication")])
    assert "medication: 2 mg" in strip.accessibleDescription()


@pytest.mark.parametrize("origin_s", [0, DAY_S // 2])
def test_pieces_of_an_event_cover_its_local_time(berlin: ZoneTimeline, origin_s: int) -> None:
    # Over the night of 30 March the clock skips an hour: the pieces cover wall time, not elapsed time.
    start = berlin.instant_of_local(DAY + 9, 20 * 3600)
    stop = berlin.instant_of_local(DAY + 11, 8 * 3600)
    pieces = row_pieces(EventFlag(Span(start, stop), "", "travel"), berlin, DAY, origin_s, 30)
    assert sum(high - low for _, low, high in pieces) == pytest.approx(1.5)
    assert [row for row, _, _ in pieces] == sorted({row for row, _, _ in pieces})
    assert row_pieces(EventFlag(Span(start, start), "", "note"), berlin, DAY, origin_s, 5) == []


def test_a_day_reaches_half_to_either_side_of_its_place(berlin: ZoneTimeline) -> None:
    assert day_position(berlin, berlin.instant_of_local(DAY)) == DAY - 0.5
    assert day_position(berlin, berlin.instant_of_local(DAY, DAY_S // 2)) == DAY
    assert event_words(EventFlag(Span(0, 0), "Travel", "travel")) == "travel"
