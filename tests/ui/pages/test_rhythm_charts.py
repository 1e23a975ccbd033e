"""Overlays of the actogram, sleep pressure, rolling windows, and the commands of charts, on the real window."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from clarity_desktop.app import Services
from clarity_desktop.ui.charts.actogram_overlays import HEART, LIGHT, SLEEP
from clarity_desktop.ui.charts.figure import Figure
from clarity_desktop.ui.commands import COMMANDS
from clarity_desktop.ui.pages.circadian import CircadianPage
from clarity_desktop.ui.pages.metric_views import interval_words
from clarity_desktop.ui.pages.trends import TrendsPage
from clarity_desktop.ui.qt import QApplication, QGuiApplication, QPointF
from clarity_desktop.ui.shell.figure_actions import figure_of
from clarity_desktop.ui.shell.window import Window

pytestmark = pytest.mark.slow

Rest = Callable[[], None]
SLOW = {"lomb_scargle_period_h": "Period, Lomb–Scargle", "social_jetlag_h": "Social jetlag"}


@pytest.fixture
def circadian(window: Window, services: Services, rest: Rest) -> CircadianPage:
    window.resize(1440, 1400)
    window.open_patient(services.patients()[0].id, "circadian")
    rest()
    page = window.workspace.page("circadian")
    assert isinstance(page, CircadianPage)
    return page


def test_rh65_heart_rate_and_light_lie_over_the_actogram(circadian: CircadianPage, rest: Rest) -> None:
    assert circadian.overlays_there() == [SLEEP, LIGHT, HEART]
    assert circadian.overlays_button.text() == "Overlays 2"
    before = circadian.actogram.grab().toImage()
    circadian.switch_overlay(HEART, on=True)
    rest()
    assert circadian.overlays_button.text() == "Overlays 3"
    assert circadian.actogram.grab().toImage() != before
    area = circadian.actogram._area
    read = circadian.actogram.read_out_at(QPointF(area.left() + 0.3 * area.width(), area.top() + 5.5 * 16))
    assert read is not None
    rows = dict(read.rows)
    assert rows["Heart rate, 5-min mean"].endswith("bpm")
    assert rows["Light, 5-min mean"].endswith("lux")
    circadian.switch_overlay(HEART, on=False)
    circadian.switch_overlay(LIGHT, on=False)
    assert circadian.overlays_button.text() == "Overlays 1"
    assert "Heart" not in " ".join(item.label for item in circadian.actogram._legend_items)


def test_sleep_pressure_says_that_it_is_a_model(circadian: CircadianPage) -> None:
    chart = circadian.pressure
    assert "model, not measured" in chart.summary()
    assert "model, not measured" in chart.subtitle()
    table = chart.table()
    assert table is not None
    values = [float(value) for _, value in table.rows if value != "–"]
    assert 0 < min(values) < max(values) < 1
    night = circadian.recording.panel.nights[-3]  # type: ignore[union-attr]
    curve = chart._curve
    assert curve is not None
    at_onset, at_wake = curve.at(np.array([night.onset, night.offset]))
    assert at_onset > at_wake + 0.2


def test_trends_show_windows_without_a_slope_and_variability(window: Window, services: Services, rest: Rest) -> None:
    window.open_patient(services.patients()[0].id, "trends")
    rest()
    page = window.workspace.page("trends")
    assert isinstance(page, TrendsPage)
    found = {series.id: series for series in page._series}
    assert {"hrv_rmssd_ms", "hrv_sdnn_ms", "rolling_is", "rolling_iv", "rolling_ra", "rolling_sri"} <= set(found)
    rolling = found["rolling_is"]
    assert rolling.trend is None
    assert rolling.insufficient == "No trend: windows overlap."
    assert rolling.running_words == "window of 28 days"
    assert 0 < np.nanmin(rolling.values) <= np.nanmax(rolling.values) <= 1
    table = page.charts["rolling_is"].table()
    assert table is not None
    assert table.heads[2] == "Window of 28 days"


def test_commands_mean_the_chart_that_was_looked_at_last(
    window: Window, circadian: CircadianPage, services: Services, rest: Rest, qapp: QApplication
) -> None:
    assert isinstance(figure_of(window), Figure)
    circadian.average_day.setFocus()
    qapp.processEvents()
    assert figure_of(window) is circadian.average_day
    QGuiApplication.clipboard().clear()
    COMMANDS["figure.copy"].handler(window)
    rest()
    assert not QGuiApplication.clipboard().pixmap().isNull()
    assert any("figure.copy" in f"{one.action} {one.detail}" for one in services.vault.audit.entries(20))
    assert COMMANDS["figure.svg"].shortcut == "Ctrl+Shift+G"
    window.open_page("trends")
    rest()
    assert figure_of(window) is not circadian.average_day


def test_rh63_intervals_arrive_after_the_page_is_shown(circadian: CircadianPage, services: Services) -> None:
    panel = circadian.recording.panel  # type: ignore[union-attr]
    assert panel.finding("lomb_scargle_period_h") is None
    full = services.panel(services.patients()[0].id, details=True)
    expected = {title: interval_words(full.finding(metric)) for metric, title in SLOW.items()}  # type: ignore[arg-type]
    assert all(expected.values())
    shown = {row[0]: row[2] for row in circadian.table.rows()}
    assert {title: shown[title] for title in expected} == expected
