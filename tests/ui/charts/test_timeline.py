"""The timeline and the overview strip: pan, zoom, keys, and data that stays while newer is read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from clarity_desktop.domain.free_days import FreeDays
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.time import DAY_S, Span, ZoneTimeline, day_of_date
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts import LaneSpec, OverviewStrip, TimelineChart
from clarity_desktop.ui.charts.epoch_columns import columns_of_epochs
from clarity_desktop.ui.qt import QPoint, QPointF, Qt

DAY = day_of_date(date(2025, 3, 20))
MakePanel = Callable[..., Panel]
LANES = (
    LaneSpec("a", "Activity", "counts/min", "bars", "activity"),
    LaneSpec("stages", "Sleep", "stage", "stages", "asleep"),
)


@pytest.fixture
def shown(qtbot: object, berlin: ZoneTimeline, make_panel: MakePanel) -> tuple[TimelineChart, Panel]:
    panel = make_panel(berlin, DAY, 30)
    chart = TimelineChart()
    chart.resize(800, 300)
    chart.set_lanes(LANES, berlin, panel.span)
    chart.set_window(Span(panel.span.start + 10 * DAY_S, panel.span.start + 17 * DAY_S))
    chart.set_columns("a", columns_of_epochs(panel.epochs, chart.shown_span, chart.columns_wanted))
    chart.set_segments("stages", [segment for night in panel.nights for segment in night.segments])
    chart.show()
    return chart, panel


def test_window_is_announced_with_columns(qtbot: object, shown: tuple[TimelineChart, Panel]) -> None:
    chart, panel = shown
    with qtbot.waitSignal(chart.window_changed, timeout=2000) as heard:  # type: ignore[attr-defined]
        chart.fit(None)
    assert heard.args[0] == panel.span
    assert heard.args[1] == round(chart._plot.width())


def test_data_stays_while_newer_is_read(shown: tuple[TimelineChart, Panel]) -> None:
    chart, _ = shown
    chart.zoom(1.5)
    picture, colour = chart.grab().toImage(), theme.current().data["activity"]
    assert any(
        picture.pixelColor(x, y) == colour for x in range(picture.width()) for y in range(0, picture.height(), 3)
    )


def test_panning_stops_at_the_ends(shown: tuple[TimelineChart, Panel]) -> None:
    chart, panel = shown
    for _ in range(10):
        chart.pan(1.0)
    assert chart.shown_span == Span(panel.span.stop - 7 * DAY_S, panel.span.stop)
    for _ in range(40):
        chart.zoom(0.5)
    assert chart.shown_span.length_s == 600
    for _ in range(40):
        chart.zoom(2.0)
    assert chart.shown_span == panel.span


def test_zoom_keeps_the_instant_under_the_cursor(shown: tuple[TimelineChart, Panel]) -> None:
    chart, _ = shown
    at = chart._scale.instant(300)
    chart.zoom(0.5, at)
    assert abs(chart._scale.x(at) - 300) < 0.1


def test_keys(qtbot: object, shown: tuple[TimelineChart, Panel]) -> None:
    chart, panel = shown
    before = chart.shown_span
    qtbot.keyClick(chart, Qt.Key.Key_Right)  # type: ignore[attr-defined]
    assert chart.shown_span.start - before.start == int(0.1 * before.length_s)
    qtbot.keyClick(chart, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)  # type: ignore[attr-defined]
    assert before.start - chart.shown_span.start == before.length_s - int(0.1 * before.length_s)
    qtbot.keyClick(chart, Qt.Key.Key_D)  # type: ignore[attr-defined]
    assert chart.shown_span.length_s in (23 * 3600, DAY_S)
    assert panel.zone.local_seconds(panel.epochs.times[:1])[0] % DAY_S == 0
    qtbot.keyClick(chart, Qt.Key.Key_W)  # type: ignore[attr-defined]
    assert chart.shown_span.length_s == 7 * DAY_S
    qtbot.keyClick(chart, Qt.Key.Key_0)  # type: ignore[attr-defined]
    assert chart.shown_span == panel.span
    qtbot.keyClick(chart, Qt.Key.Key_C)  # type: ignore[attr-defined]
    first = chart._cursor
    qtbot.keyClick(chart, Qt.Key.Key_Right)  # type: ignore[attr-defined]
    assert first is not None
    assert chart._cursor is not None
    assert chart._cursor.x() == first.x() + 1
    qtbot.keyClick(chart, Qt.Key.Key_Escape)  # type: ignore[attr-defined]
    assert chart._cursor is None


def test_dragging_pans(qtbot: object, shown: tuple[TimelineChart, Panel]) -> None:
    chart, _ = shown
    before = chart.shown_span
    qtbot.mousePress(chart, Qt.MouseButton.LeftButton, pos=QPoint(500, 100))  # type: ignore[attr-defined]
    qtbot.mouseMove(chart, QPoint(400, 100))  # type: ignore[attr-defined]
    qtbot.mouseRelease(chart, Qt.MouseButton.LeftButton, pos=QPoint(400, 100))  # type: ignore[attr-defined]
    assert chart.shown_span.start - before.start == int(100 / chart._plot.width() * before.length_s)


def test_read_out_speaks_for_every_lane(shown: tuple[TimelineChart, Panel]) -> None:
    chart, panel = shown
    noon = panel.zone.instant_of_local(DAY + 12, 12 * 3600)
    content = chart.read_out_at(QPointF(chart._scale.x(noon), 100))
    assert content is not None
    assert content.offset == "UTC+2"
    assert content.rows == (("Activity", "100 counts/min"), ("Sleep", "none recorded"))
    chart.set_not_worn([Span(noon - 600, noon + 600)], ["a"])
    worn = chart.read_out_at(QPointF(chart._scale.x(noon), 100))
    assert worn is not None
    assert worn.rows[0][1].endswith("not worn")


def test_lanes_that_stay_keep_their_data(shown: tuple[TimelineChart, Panel], berlin: ZoneTimeline) -> None:
    chart, panel = shown
    chart.set_lanes((*LANES, LaneSpec("h", "Heart rate", "bpm", "line", "hr")), berlin, panel.span)
    assert chart._lanes[0].columns is not None
    assert chart._lanes[2].columns is None
    assert "Heart rate" in chart.accessibleDescription()
    chart.clear("Nothing here.")
    assert chart.message() == "Nothing here."


def test_strip_moves_the_window_and_stays_inside(qtbot: object, berlin: ZoneTimeline, make_panel: MakePanel) -> None:
    panel = make_panel(berlin, DAY, 30, missing=((14_400, 2880),))
    strip = OverviewStrip()
    strip.resize(900, 48)
    strip.show_columns(columns_of_epochs(panel.epochs, panel.span, 700), berlin, note=strip.note_of(30, 0.93))
    strip.set_window(Span(panel.span.start, panel.span.start + 7 * DAY_S))
    strip.show()
    moved: list[Span] = []
    strip.window_changed.connect(moved.append)
    area = strip._area
    start = QPoint(round(area.left() + 40), 18)
    qtbot.mousePress(strip, Qt.MouseButton.LeftButton, pos=start)  # type: ignore[attr-defined]
    qtbot.mouseMove(strip, QPoint(start.x() + 100, 18))  # type: ignore[attr-defined]
    qtbot.mouseRelease(strip, Qt.MouseButton.LeftButton, pos=QPoint(start.x() + 100, 18))  # type: ignore[attr-defined]
    assert len(moved) == 1
    assert moved[0].length_s == 7 * DAY_S
    assert abs((moved[0].start - panel.span.start) - 100 / area.width() * panel.span.length_s) < 3600
    qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=QPoint(round(area.right()), 18))  # type: ignore[attr-defined]
    assert moved[-1].stop == panel.span.stop
    qtbot.keyClick(strip, Qt.Key.Key_Left)  # type: ignore[attr-defined]
    assert moved[-1].stop < panel.span.stop
    assert "93.0 % worn" in strip.accessibleDescription()


def test_rh65_lanes_tint_the_days_that_are_free_for_the_person(
    qtbot: object, shown: tuple[TimelineChart, Panel]
) -> None:
    del qtbot
    chart, panel = shown
    weekend = theme.current().ui["weekend"]
    assert "Saturday and Sunday (assumed)" in chart.summary()

    def tinted() -> set[int]:
        """Weekdays, 0 Monday, at whose noon the ground between the lanes is tinted."""
        picture = chart.grab().toImage()
        ratio = picture.width() / chart.width()
        days = set()
        for day in panel.days:
            at = panel.zone.instant_of_local(day_of_date(day.date), 12 * 3600)
            share = (at - chart.shown_span.start) / chart.shown_span.length_s
            if 0 < share < 1:
                x = chart._plot.left() + share * chart._plot.width()
                y = chart._areas()[0].bottom() + 6
                if picture.pixelColor(round(x * ratio), round(y * ratio)) == weekend:
                    days.add(day.date.weekday())
        return days

    chart.set_window(panel.span)
    assert tinted() == {5, 6}
    chart.set_free_days(FreeDays(frozenset({0, 2}), stated=True))
    assert tinted() == {0, 2}
    assert "Monday and Wednesday (entered)" in chart.summary()
