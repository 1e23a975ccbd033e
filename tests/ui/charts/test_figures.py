"""Figures that leave the window carry what they are about; their data can be read as a table."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.kinds import STEPS
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.sleep import Night
from clarity_desktop.domain.time import Span, ZoneTimeline
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts import ActogramChart, AverageDayChart, HypnogramChart, PhaseDial, SleepRasterChart
from clarity_desktop.ui.charts.axis import zone_stretches
from clarity_desktop.ui.charts.day_profile import profile_of
from clarity_desktop.ui.charts.figure import Caption, Figure
from clarity_desktop.ui.charts.figure_export import file_stem, picture, save_png, save_svg
from clarity_desktop.ui.charts.paint import text_width
from clarity_desktop.ui.dialogs.chart_table import ChartTableSheet
from clarity_desktop.ui.qt import QGuiApplication, QImage, Qt, QWidget

MakePanel = Callable[..., Panel]
DAY = 20_160


@pytest.fixture
def chart(qtbot: QtBot, berlin: ZoneTimeline, make_panel: MakePanel, rhythm: dict[str, float]) -> AverageDayChart:
    made = AverageDayChart()
    qtbot.addWidget(made)
    made.resize(420, 220)
    made.caption = Caption("10 Mar – 16 Mar 2025", "Europe/Berlin · UTC+1", "9.8.7")
    made.show_panel(make_panel(berlin, DAY, 7, findings=rhythm))
    return made


def test_a_png_has_the_width_asked_for_at_300_dpi(chart: AverageDayChart, tmp_path: Path) -> None:
    for width_mm, asked in ((90, 300), (180, 72), (50.8, 600)):
        path = tmp_path / "figure.png"
        save_png(chart, path, width_mm=width_mm, dpi=asked)
        image, dpi = QImage(str(path)), max(300, asked)
        assert abs(image.width() - width_mm / 25.4 * dpi) <= 1
        assert abs(image.dotsPerMeterX() * 0.0254 - dpi) < 0.5
        assert image.text("Software") == "Clarity Desktop 9.8.7"
        assert "Average day · 10 Mar" in image.text("Title")


def test_an_svg_says_what_it_shows_in_letters(chart: AverageDayChart, tmp_path: Path) -> None:
    path = tmp_path / "figure.svg"
    save_svg(chart, path, width_mm=180)
    words = " ".join(re.findall(r">([^<>\n]+)<", path.read_text("utf-8")))
    for expected in ("Average day", "10 Mar – 16 Mar 2025", "Europe/Berlin", "counts/min", "9.8.7", "Simulated data"):
        assert expected in words


def test_the_simulated_line_is_there_for_simulated_people_only(chart: AverageDayChart) -> None:
    sim = theme.current().ui["sim"].rgb()

    def marked(image: QImage) -> int:
        return sum(image.pixel(x, y) == sim for x in range(image.width()) for y in range(60))

    assert marked(picture(chart, 1.0)) > 5
    chart.simulated = False
    assert marked(picture(chart, 1.0)) == 0


def test_a_figure_that_cannot_be_written_says_so(chart: AverageDayChart, tmp_path: Path) -> None:
    for save in (lambda path: save_png(chart, path, width_mm=90, dpi=300), lambda p: save_svg(chart, p, width_mm=90)):
        with pytest.raises(ClarityError) as refused:
            save(tmp_path / "nowhere" / "figure")
        assert refused.value.code == "figure.not_written"


def test_nothing_leaves_before_the_gate_opens(chart: AverageDayChart, tmp_path: Path) -> None:
    asked: list[tuple[str, Callable[[], None]]] = []
    chart.gate = lambda what, proceed: asked.append((what, proceed))
    path = tmp_path / f"{file_stem(chart)}.svg"
    chart.write(path)
    assert not path.exists()
    assert asked[0][0] == "figure.svg"
    asked[0][1]()
    assert path.stat().st_size > 500


def test_keys_copy_the_picture_and_open_the_table(chart: AverageDayChart, qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(800, 600)
    chart.setParent(window)
    window.show()
    QGuiApplication.clipboard().clear()
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(chart, Qt.Key.Key_C, both)
    assert QGuiApplication.clipboard().image().width() == 840
    qtbot.keyClick(chart, Qt.Key.Key_A)
    sheet = window.findChild(ChartTableSheet)
    assert sheet is not None
    assert sheet.summary.text() == chart.accessibleDescription()
    table, view = chart.table(), sheet.view
    assert table is not None
    assert view is not None
    assert view.model().rowCount() == len(table.rows) == 144
    assert view.model().index(80, 1).data() == table.rows[80][1] == "100.0"
    actions = [action.text() for action in chart.figure_menu().actions()]
    assert any(text.startswith("Copy image") for text in actions)


def test_tables_hold_what_is_drawn(
    qtbot: QtBot,
    berlin: ZoneTimeline,
    make_panel: MakePanel,
    make_night: Callable[..., Night],
    rhythm: dict[str, float],
) -> None:
    panel = make_panel(berlin, DAY, 7, findings=rhythm)
    actogram, raster, dial, hypnogram = ActogramChart(), SleepRasterChart(), PhaseDial(), HypnogramChart()
    actogram.show_panel(panel)
    raster.show_nights(panel.nights, (), berlin)
    dial.show_panel(panel)
    hypnogram.show_night(make_night(berlin, DAY), berlin)
    charts: tuple[tuple[Figure, int], ...] = ((actogram, 7), (raster, 6), (dial, 10), (hypnogram, 5))
    for figure, rows in charts:
        table = figure.table()
        assert table is not None
        assert len(table.rows) == rows
        assert {len(row) for row in table.rows} == {len(table.heads)}
        assert len(table.text().splitlines()) == rows + 1
    days = actogram.table()
    assert days is not None
    # 16 of 24 hours at 100 counts a minute.
    assert days.rows[0][1:3] == ("66.7", "1\u202f440")


def test_steps_are_averaged_over_half_hours(berlin: ZoneTimeline, make_panel: MakePanel) -> None:
    panel = make_panel(berlin, DAY, 7)
    values = panel.epochs.values.copy()
    values[1::2] = 0.0
    values[::2] *= 2
    steps = replace(panel, epochs=replace(panel.epochs, values=values, kind=STEPS), signal=STEPS)
    profile = profile_of(steps)
    assert profile is not None
    assert profile.bin_min == 30
    assert profile.median.tolist() == [100.0 if 14 <= index < 46 else 0.0 for index in range(48)]
    assert set(profile.days.tolist()) == {7}
    assert "30-min" in profile.words
    counts = profile_of(panel)
    assert counts is not None
    assert counts.bin_min == 10


def test_the_axis_is_banded_by_zone(traveller: ZoneTimeline) -> None:
    flight = 1_736_510_400
    span = Span(flight - 86_400, flight + 3600)
    assert zone_stretches(traveller, span) == [
        (flight - 86_400, flight, "Europe/Berlin"),
        (flight, flight + 3600, "Asia/Tokyo"),
    ]
    assert [name for _, _, name in zone_stretches(traveller, Span(flight, flight + 60))] == ["Asia/Tokyo"]


def test_rh73_dashed_lines_are_as_wide_in_a_finer_picture(chart: AverageDayChart) -> None:
    model = theme.current().data["model"]

    def share(ratio: float) -> float:
        """Share of the pixels near the colour of the dashes above the axis at the left, where nothing else is."""
        whole = picture(chart, ratio)
        width, height = whole.width(), whole.height()
        image = whole.copy(width // 10, round(0.64 * height), width // 5, round(0.065 * height))
        near = sum(
            abs(pixel.red() - model.red()) + abs(pixel.green() - model.green()) + abs(pixel.blue() - model.blue()) < 90
            for x in range(image.width())
            for y in range(image.height())
            if (pixel := image.pixelColor(x, y)) is not None
        )
        return near / (image.width() * image.height())

    assert share(3.0) > 0.6 * share(1.0) > 0


def test_rh73_no_words_around_a_narrow_figure_are_cut(
    qtbot: QtBot, berlin: ZoneTimeline, make_panel: MakePanel, rhythm: dict[str, float], tmp_path: Path
) -> None:
    dial = PhaseDial()
    qtbot.addWidget(dial)
    dial.caption = Caption("10 Mar – 16 Mar 2025", "America/Argentina/ComodRivadavia · UTC−3 → UTC−4", "9.8.7")
    dial.show_panel(make_panel(berlin, DAY, 7, findings=rhythm))
    dial.resize(170, 240)
    widest = text_width("small", dial.caption.zone)
    assert widest > dial.width()
    save_svg(dial, tmp_path / "dial.svg", width_mm=90)
    found = re.search(r'viewBox="0 0 (\d+)', (tmp_path / "dial.svg").read_text("utf-8"))
    assert found is not None
    assert int(found[1]) >= widest + 20
    save_png(dial, tmp_path / "dial.png", width_mm=90, dpi=300)
    assert abs(QImage(str(tmp_path / "dial.png")).width() - 90 / 25.4 * 300) <= 1
