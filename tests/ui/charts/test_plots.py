"""Periodogram, trend panel and regularity map: what they draw is what they were given, in every theme."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from clarity_desktop.app.rhythm import DailySeries, PowerSpectrum, RegularityMap, SeriesTrend
from clarity_desktop.domain.time import DAY_S, Span, ZoneTimeline
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.figure_export import save_png, save_svg
from clarity_desktop.ui.charts.periodogram import PeriodogramChart
from clarity_desktop.ui.charts.plotting import PlotFigure
from clarity_desktop.ui.charts.regularity import RegularityChart
from clarity_desktop.ui.charts.trend import TrendChart, slope_words, trend_words
from clarity_desktop.ui.qt import QColor, QImage, QPoint, QPointF, Qt

DAY = 20_160


@pytest.fixture
def spectrum() -> PowerSpectrum:
    periods = 16 + 0.02 * np.arange(801)
    powers = 0.4 * np.exp(-(((periods - 24.2) / 0.3) ** 2))
    return PowerSpectrum(periods, powers, 24.2, 0.4, (23.94, 24.46), 0.05, 1e-9, 600)


@pytest.fixture
def series() -> DailySeries:
    values = 7 + 0.01 * np.arange(28) + 0.3 * np.sin(np.arange(28))
    values[10:12] = np.nan
    trend = SeriesTrend(0.01, (0.002, 0.018), 7.0, 0.03, 0.041, 26, 0.32)
    return DailySeries("tst_min", "Time asleep", "h", 1, "night", DAY, values, values, trend, None, (DAY + 14,))


def _shown(chart: PlotFigure | RegularityChart, qtbot: QtBot) -> QImage:
    qtbot.addWidget(chart)
    chart.resize(420, 200)
    chart.show()
    qtbot.waitExposed(chart)
    return chart.grab().toImage()


def _near(image: QImage, colour: QColor, within: int = 24) -> int:
    found = 0
    for x in range(image.width()):
        for y in range(image.height()):
            pixel = image.pixelColor(x, y)
            apart = abs(pixel.red() - colour.red()) + abs(pixel.green() - colour.green())
            found += apart + abs(pixel.blue() - colour.blue()) <= within
    return found


@pytest.mark.parametrize("name", ["light", "dark", "high_contrast"])
def test_plots_take_the_colours_of_the_theme(
    qtbot: QtBot, spectrum: PowerSpectrum, series: DailySeries, berlin: ZoneTimeline, name: str
) -> None:
    chart, trend = PeriodogramChart(), TrendChart("Time asleep")
    chart.show_spectrum(spectrum)
    trend.show_series(series, berlin, Span(DAY * DAY_S, (DAY + 28) * DAY_S), band=(7, 9), band_words="adults")
    theme.set_theme(name)
    now = theme.current()
    for figure, ink in ((chart, now.data["activity"]), (trend, now.data["asleep"])):
        image = _shown(figure, qtbot)
        paper = _near(image, now.ui["surface"], 6) + _near(image, now.ui["band"], 6)
        assert paper > 0.8 * image.width() * image.height()
        assert _near(image, ink) > 20
    assert _near(trend.grab().toImage(), now.ui["band"], 6) > 500


def test_the_periodogram_says_what_it_found(spectrum: PowerSpectrum, qtbot: QtBot) -> None:
    chart = PeriodogramChart()
    qtbot.addWidget(chart)
    assert chart.message()
    chart.show_spectrum(spectrum, simulated=True)
    assert chart.verdict() == "24 h within width"
    assert "24.20 hours" in chart.accessibleDescription()
    assert chart.accessibleDescription().endswith("Simulated data.")
    content = chart.read_out_at(24.2001)
    assert content is not None
    assert content.title == "24.20 h"
    assert dict(content.rows)["Power"] == "0.400"
    table = chart.table()
    assert table is not None
    assert len(table.rows) == 801
    chart.show_spectrum(replace(spectrum, half_power_h=(24.05, 24.46)))
    assert chart.verdict() == "24 h outside width"
    chart.show_spectrum(None, "Needs 10 valid days, has 4.")
    assert chart.message() == "Needs 10 valid days, has 4."
    assert chart.table() is None


def test_keys_zoom_pan_and_fit_within_the_extent(spectrum: PowerSpectrum, qtbot: QtBot) -> None:
    chart = PeriodogramChart()
    chart.show_spectrum(spectrum)
    _shown(chart, qtbot)
    assert chart.shown_range() == pytest.approx((16, 32))
    qtbot.keyClick(chart, Qt.Key.Key_Plus)
    low, high = chart.shown_range()
    assert high - low == pytest.approx(0.7 * 16)
    for _ in range(30):
        qtbot.keyClick(chart, Qt.Key.Key_Right)
    assert chart.shown_range()[1] == pytest.approx(32)
    qtbot.keyClick(chart, Qt.Key.Key_0)
    assert chart.shown_range() == pytest.approx((16, 32))
    qtbot.keyClick(chart, Qt.Key.Key_C)
    assert chart._cursor is not None
    qtbot.keyClick(chart, Qt.Key.Key_Escape)
    assert chart._cursor is None


def test_a_trend_reads_values_gaps_and_slope(series: DailySeries, berlin: ZoneTimeline, qtbot: QtBot) -> None:
    chart = TrendChart("Time asleep")
    qtbot.addWidget(chart)
    window = Span(berlin.instant_of_local(DAY - 1), berlin.instant_of_local(DAY + 28))
    chart.show_series(series, berlin, window)
    assert slope_words(series) == "+4 min a week"
    assert "p 0.041" in trend_words(series)
    assert "0.32" in trend_words(series)
    content = chart.read_out_at(DAY + 0.2)
    assert content is not None
    assert dict(content.rows)["Time asleep"] == "7 h 00"
    gap = chart.read_out_at(DAY + 10)
    assert gap is not None
    assert dict(gap.rows)["Time asleep"] == "–"
    table = chart.table()
    assert table is not None
    assert table.rows[14][3] == "level changes"
    assert "level changes on" in chart.accessibleDescription()
    # Drawn with Shift: whole local days.
    with qtbot.waitSignal(chart.period_chosen) as chosen:
        chart.stretch_chosen.emit(DAY + 2.2, DAY + 4.9)
    assert chosen.args == [Span(berlin.instant_of_local(DAY + 2), berlin.instant_of_local(DAY + 6))]


def test_shift_and_drag_draws_a_period(series: DailySeries, berlin: ZoneTimeline, qtbot: QtBot) -> None:
    chart = TrendChart("Time asleep")
    chart.show_series(series, berlin, Span(berlin.instant_of_local(DAY), berlin.instant_of_local(DAY + 28)))
    _shown(chart, qtbot)
    seen: list[Span] = []
    chart.period_chosen.connect(seen.append)
    viewport, shift = chart.surface.viewport(), Qt.KeyboardModifier.ShiftModifier
    before = chart.shown_range()
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, shift, QPoint(120, 60))
    for x in (140, 180, 240):
        qtbot.mouseMove(viewport, QPoint(x, 60))
        qtbot.wait(20)
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, shift, QPoint(240, 60))
    assert len(seen) == 1
    assert DAY_S * 3 < seen[0].length_s < DAY_S * 20
    assert chart.shown_range() == before


def test_the_map_draws_ink_paper_and_hatch(qtbot: QtBot) -> None:
    asleep = np.zeros((8, 1440), np.int8)
    asleep[:, :420] = 1
    asleep[3, :] = -1
    same = np.ones((7, 1440), np.int8)
    same[5, 600:700] = 0
    same[2:4] = -1
    chart = RegularityChart()
    chart.show_map(RegularityMap(DAY, asleep, same, 93.0, 5, None, (DAY + 3,)), simulated=True)
    image = _shown(chart, qtbot)
    assert _near(image, theme.current().data["activity"]) > 5000
    assert chart.subtitle() == "SRI 93 of −100 to 100, 5 pairs of days"
    table = chart.table()
    assert table is not None
    assert table.rows[0][1:] == ("420", "0", "100.0 %")
    assert table.rows[3][2:] == ("1\u202f440", "–")
    area = chart._area
    content = chart.read_out_at(QPointF(area.left() + area.width() * 0.75, area.top() + 1))
    assert content is not None
    assert content.title == "06:00"
    assert [words for _, words in content.rows] == ["asleep", "asleep"]
    before = _near(image, theme.current().data["core"])
    chart.show_states(True)
    assert _near(chart.grab().toImage(), theme.current().data["core"]) > before
    chart.show_map(None, "Needs 5 pairs of days, has 2.")
    assert chart.message().startswith("Needs")


def test_plots_are_saved_sharp(spectrum: PowerSpectrum, qtbot: QtBot, tmp_path: Path) -> None:
    chart = PeriodogramChart()
    chart.show_spectrum(spectrum, simulated=True)
    _shown(chart, qtbot)
    save_png(chart, tmp_path / "p.png", width_mm=180, dpi=300)
    image = QImage(str(tmp_path / "p.png"))
    assert image.width() == 2126
    # A line of the curve is several pixels wide at this size, not one.
    assert _near(image.scaledToWidth(700), theme.current().data["activity"], 60) > 100
    save_svg(chart, tmp_path / "p.svg", width_mm=180)
    svg = (tmp_path / "p.svg").read_text("utf-8")
    assert "24.20 h" in svg
    assert "<path" in svg or "<polyline" in svg


def test_rh70_neither_grid_nor_words_of_marks_hide_a_dot(
    qtbot: QtBot, series: DailySeries, berlin: ZoneTimeline
) -> None:
    days = np.arange(28)
    # Every dot on a line of the grid, the greatest on the day of a mark.
    flat = replace(series, values=np.where(days % 2, 8.0, 6.0), running=np.full(28, np.nan), changes=(DAY + 13,))
    chart = TrendChart("Time asleep")
    chart.show_series(flat, berlin, Span(DAY * DAY_S, (DAY + 28) * DAY_S))
    image = _shown(chart, qtbot)
    ratio = image.width() / chart.width()
    ink, box = theme.current().data["asleep"], chart.view.sceneBoundingRect()
    top = chart.view.mapViewToScene(QPointF(0, 8.0)).y()
    assert top - box.top() > 20 * ratio / 2, "the words have room above the greatest dot"
    low, high = (float(end) for end in chart.view.viewRange()[1])
    ((_, ticks),) = chart.surface.getAxis("left").tickValues(low, high, 200)
    assert 8.0 in ticks
    assert max(ticks) < high - 0.1 * (high - low), "no tick stands among the words"
    for day, value in zip((DAY + days).tolist(), flat.values.tolist(), strict=True):
        at = chart.view.mapViewToScene(QPointF(day, value))
        place = QPoint(round((at.x() + chart.surface.x()) * ratio), round((at.y() + chart.surface.y()) * ratio))
        pixel = image.pixelColor(place)
        apart = abs(pixel.red() - ink.red()) + abs(pixel.green() - ink.green()) + abs(pixel.blue() - ink.blue())
        assert apart < 60, (day, value, pixel.name())


def test_hatched_gaps_are_pixels_wide_in_a_file_of_lines(
    series: DailySeries, berlin: ZoneTimeline, qtbot: QtBot, tmp_path: Path
) -> None:
    chart = TrendChart("Time asleep")
    chart.show_series(series, berlin, Span(DAY * DAY_S, (DAY + 28) * DAY_S))
    _shown(chart, qtbot)
    save_svg(chart, tmp_path / "trend.svg", width_mm=120)
    text = (tmp_path / "trend.svg").read_text("utf-8")
    filled = re.findall(r'fill="url\(#texpattern[^"]*\)"[^>]*transform="matrix\(([^)]*)\)"', text)
    assert filled
    for matrix in filled:
        across, _, _, up, *_ = (float(one) for one in re.split(r"[, ]+", matrix.strip()))
        assert abs(across) == pytest.approx(1, abs=0.01)
        assert abs(up) == pytest.approx(1, abs=0.01)
