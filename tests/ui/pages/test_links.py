"""From a number to its chart and back; periods drawn by hand; what leaves is noted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from clarity_desktop.app import Services, open_services
from clarity_desktop.demo.build import add_simulated_person, import_recording
from clarity_desktop.demo.people import DEMO_SEED, PEOPLE
from clarity_desktop.demo.signals import simulate
from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.time import DAY_S, Span, ZoneTimeline, date_of_day
from clarity_desktop.ui.application import make_application, make_window
from clarity_desktop.ui.charts import LaneSpec, OverviewStrip, TimelineChart
from clarity_desktop.ui.charts.epoch_columns import EpochColumns, columns_of_epochs
from clarity_desktop.ui.charts.wording import local_parts
from clarity_desktop.ui.jobs import shut_down
from clarity_desktop.ui.pages.circadian import CircadianPage, rhythm_metrics
from clarity_desktop.ui.pages.overview import OverviewPage
from clarity_desktop.ui.pages.sleep import SleepPage
from clarity_desktop.ui.pages.study_page import StudyPage
from clarity_desktop.ui.pages.trends import TrendsPage
from clarity_desktop.ui.qt import QApplication, QEvent, QPoint, Qt
from clarity_desktop.ui.screenshots import settle
from clarity_desktop.ui.shell.window import Window

DAYS = 16


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("links")
    opened = open_services(home=folder)
    opened.create_vault("a passphrase for tests only")
    patient = add_simulated_person(opened.vault, PEOPLE[0])
    import_recording(opened.vault, patient, simulate(PEOPLE[0], DEMO_SEED, DAYS), folder / "work")
    yield opened
    opened.close()


@pytest.fixture
def window(qapp: QApplication, services: Services) -> Iterator[Window]:
    make_application(services)
    made = make_window(services)
    made.resize(1440, 900)
    made.show()
    made.start_at(services.patients()[0].id, "overview")
    settle(qapp)
    yield made
    made._closing = True
    made.close()
    made.deleteLater()
    shut_down()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def page_of(qapp: QApplication, window: Window) -> Callable[[], StudyPage]:
    """The page that is shown, once it has come to rest."""

    def page() -> StudyPage:
        settle(qapp)
        found = window.workspace.current()
        assert isinstance(found, StudyPage)
        return found

    return page


PageOf = Callable[[], StudyPage]


def _framed(page: StudyPage) -> list[str]:
    return [name for name, card in page.targets.items() if card._framed]


@pytest.mark.slow
def test_a_card_opens_chart_and_window_and_back_returns(window: Window, page_of: PageOf) -> None:
    overview = page_of()
    assert isinstance(overview, OverviewPage)
    assert overview.recording is not None
    whole = overview.recording.whole
    week = Span(whole.start, whole.start + 9 * DAY_S)
    overview.show_period(week)
    page_of()
    overview._cards["midsleep_h"].opened.emit()
    trends = page_of()
    assert isinstance(trends, TrendsPage)
    assert trends.recording is not None
    assert trends.recording.panel.span == week
    assert _framed(trends) == ["midsleep_h"]
    assert not trends.charts["midsleep_h"].message()
    window.go_back()
    assert page_of() is overview
    assert overview.wanted == week
    overview._cards["sri"].opened.emit()
    circadian = page_of()
    assert isinstance(circadian, CircadianPage)
    assert _framed(circadian) == ["regularity"]
    assert circadian.regularity.subtitle().startswith("SRI")


def test_a_measure_frames_its_chart_and_back_takes_the_frame_off(window: Window, page_of: PageOf) -> None:
    window.open_page("circadian")
    page = page_of()
    assert isinstance(page, CircadianPage)
    assert page.recording is not None
    metrics = [*rhythm_metrics(page.recording.panel), "lomb_scargle_period_h"]
    assert len(metrics) == len(page.table.rows())
    for metric, chart in (("sri", "regularity"), ("lomb_scargle_period_h", "period"), ("is", "actogram")):
        page.table.open_row(metrics.index(metric))
        assert _framed(page_of()) == [chart]
    assert "hours" in page.periodogram.accessibleDescription()
    window.go_back()
    assert _framed(page_of()) == ["period"]
    window.go_back()
    window.go_back()
    assert _framed(page_of()) == []


def test_rh51_a_difference_of_free_and_work_nights_opens_the_nights_it_rests_on(
    window: Window, page_of: PageOf
) -> None:
    window.open_page("circadian")
    page = page_of()
    assert isinstance(page, CircadianPage)
    assert page.recording is not None
    metrics = rhythm_metrics(page.recording.panel)
    for metric, trend in (("free_onset_later_min", "midsleep_h"), ("free_duration_longer_min", "tst_min")):
        page.table.open_row(metrics.index(metric))
        trends = page_of()
        assert isinstance(trends, TrendsPage)
        assert _framed(trends) == [trend]
        assert page.table.rows()[metrics.index(metric)][1].endswith("min")


def test_a_row_of_the_actogram_opens_its_night(window: Window, page_of: PageOf, qtbot: QtBot) -> None:
    window.open_page("circadian")
    page = page_of()
    assert isinstance(page, CircadianPage)
    chart, data = page.actogram, page.actogram._data
    assert data is not None
    y = chart._area.top() + 5.5 * chart._row_height
    qtbot.mouseClick(chart, Qt.MouseButton.LeftButton, pos=QPoint(300, round(y)))
    night = page_of()
    assert isinstance(night, SleepPage)
    assert night._date == date_of_day(data.rows.first_day + 5) + timedelta(days=1)


def test_dragging_over_rows_chooses_their_days(window: Window, page_of: PageOf, qtbot: QtBot) -> None:
    window.open_page("circadian")
    page = page_of()
    assert isinstance(page, CircadianPage)
    chart, data = page.actogram, page.actogram._data
    assert data is not None
    top, height = chart._area.top(), chart._row_height
    qtbot.mousePress(chart, Qt.MouseButton.LeftButton, pos=QPoint(300, round(top + 3.5 * height)))
    qtbot.mouseRelease(chart, Qt.MouseButton.LeftButton, pos=QPoint(300, round(top + 9.5 * height)))
    assert page_of() is page
    assert page.recording is not None
    span, zone = page.recording.panel.span, page.recording.zone
    assert local_parts(zone, span.start)[0] == date_of_day(data.rows.first_day + 3)
    assert local_parts(zone, span.stop - 1)[0] == date_of_day(data.rows.first_day + 9)
    assert page.periodogram.message().startswith("Needs 10")
    window.go_back()
    assert page_of() is page
    assert page.wanted is None


def test_the_strip_draws_a_period_for_the_page(window: Window, page_of: PageOf, qtbot: QtBot) -> None:
    window.open_page("trends")
    page = page_of()
    strip = page.strip
    area = strip._area
    start, stop = (QPoint(round(area.left() + share * area.width()), 18) for share in (0.25, 0.75))
    qtbot.mousePress(strip, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, start)
    qtbot.mouseMove(strip, stop)
    qtbot.mouseRelease(strip, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, stop)
    page_of()
    assert page.recording is not None
    found, zone = page.recording.panel.span, page.recording.zone
    assert abs(found.length_s - DAYS * DAY_S / 2) <= 2 * DAY_S
    assert local_parts(zone, found.start)[1] == 0


def test_figures_know_their_window_and_are_noted(
    window: Window, page_of: PageOf, services: Services, qapp: QApplication, tmp_path: Path
) -> None:
    window.open_page("circadian")
    page = page_of()
    assert isinstance(page, CircadianPage)
    caption = page.periodogram.caption
    assert "2025" in caption.window
    assert "Europe/" in caption.zone
    assert caption.version == services.version
    page.periodogram.write(tmp_path / "period.png")
    settle(qapp)
    assert (tmp_path / "period.png").stat().st_size > 5000
    assert "figure.png" in [entry.action for entry in services.vault.audit.entries(limit=5)]


def _columns(start: int, days: int) -> EpochColumns:
    epochs = Epochs(
        start, 60, np.ones(days * 1440, np.float32), np.zeros(days * 1440, np.uint8),
        ZoneTimeline.single("UTC"), "counts", "ActivityCounts",
    )  # fmt: skip
    return columns_of_epochs(epochs, Span(start, start + days * DAY_S), 400)


def test_a_frame_around_everything_is_drawn_anew_and_its_ends_can_be_dragged(qtbot: QtBot) -> None:
    strip = OverviewStrip()
    qtbot.addWidget(strip)
    strip.resize(900, 48)
    strip.show()
    strip.show_columns(_columns(0, 40), ZoneTimeline.single("UTC"))
    strip.set_window(Span(0, 40 * DAY_S))
    chosen: list[Span] = []
    strip.period_chosen.connect(chosen.append)

    def drag(first: float, last: float) -> None:
        area = strip._area
        ends = [QPoint(round(area.left() + share * area.width()), 18) for share in (first, last)]
        qtbot.mousePress(strip, Qt.MouseButton.LeftButton, pos=ends[0])
        qtbot.mouseMove(strip, ends[1])
        qtbot.mouseRelease(strip, Qt.MouseButton.LeftButton, pos=ends[1])

    drag(0.25, 0.5)
    assert chosen == [Span(10 * DAY_S, 20 * DAY_S)]
    strip.set_window(chosen[0])
    drag(0.5, 0.75)
    assert chosen[-1] == Span(10 * DAY_S, 30 * DAY_S)


def test_shift_and_drag_on_lanes_chooses_instead_of_panning(qtbot: QtBot) -> None:
    chart = TimelineChart()
    qtbot.addWidget(chart)
    chart.resize(722, 300)
    chart.show()
    chart.set_lanes(
        [LaneSpec("a", "Activity", "counts", "bars", "activity")], ZoneTimeline.single("UTC"), Span(0, DAY_S)
    )
    chart.set_window(Span(0, DAY_S))
    chosen: list[Span] = []
    chart.period_chosen.connect(chosen.append)
    left, width = chart._plot.left(), chart._plot.width()
    shift = Qt.KeyboardModifier.ShiftModifier
    qtbot.mousePress(chart, Qt.MouseButton.LeftButton, shift, QPoint(round(left + width / 4), 100))
    qtbot.mouseMove(chart, QPoint(round(left + width / 2), 100))
    qtbot.mouseRelease(chart, Qt.MouseButton.LeftButton, shift, QPoint(round(left + width / 2), 100))
    assert len(chosen) == 1
    assert abs(chosen[0].start - 6 * 3600) < 300
    assert abs(chosen[0].stop - 12 * 3600) < 300
    assert chart.shown_span == Span(0, DAY_S)
