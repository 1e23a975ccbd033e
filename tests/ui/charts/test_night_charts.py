"""Hypnogram, raster, time asleep, night strip and dial: pictures with known content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.sleep import Night, SleepSegment, Stage
from clarity_desktop.domain.time import Span, ZoneTimeline, date_of_day, day_of_date
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts import (
    AverageDayChart,
    Chart,
    HypnogramChart,
    NightStrip,
    PhaseDial,
    SleepBand,
    SleepRasterChart,
    TimeAsleepChart,
)
from clarity_desktop.ui.charts.hypnogram import gaps_within
from clarity_desktop.ui.charts.night_chart import NightChart
from clarity_desktop.ui.charts.night_sources import source_bars
from clarity_desktop.ui.charts.stage_key import StageKey
from clarity_desktop.ui.charts.wording import day_short
from clarity_desktop.ui.pages.lane_specs import stage_lane
from clarity_desktop.ui.qt import QColor, QImage, QPoint, QPointF, Qt

DAY = day_of_date(date(2025, 3, 20))
MakeNight = Callable[..., Night]
MakePanel = Callable[..., Panel]


def _picture(chart: Chart, width: int = 700, height: int = 260) -> QImage:
    chart.resize(width, height)
    chart.show()
    return chart.grab().toImage()


def _has(picture: QImage, colour: QColor, at_least: int = 10) -> bool:
    found = 0
    for x in range(picture.width()):
        for y in range(picture.height()):
            if picture.pixelColor(x, y) == colour:
                found += 1
                if found >= at_least:
                    return True
    return False


def test_stages_lie_in_their_lanes(qtbot: object, berlin: ZoneTimeline, make_night: MakeNight) -> None:
    chart = HypnogramChart()
    night = make_night(berlin, DAY)
    chart.show_night(night, berlin)
    picture = _picture(chart)
    area, scale = chart._area, chart._scale
    for segment in night.segments:
        lane = {"awake": 0, "rem": 1, "core": 2, "deep": 3}[segment.stage.value]
        x = round(scale.x((segment.start + segment.stop) / 2))
        y = round(area.top() + (lane + 0.5) * area.height() / 4)
        assert picture.pixelColor(x, y) == theme.current().data[segment.stage.value]
    assert "asleep 23:30" in chart.accessibleDescription()


def test_unspecified_sleep_lies_across_the_core_lane(
    qtbot: object, berlin: ZoneTimeline, make_night: MakeNight
) -> None:
    night = make_night(berlin, DAY)
    plain = (SleepSegment(night.onset, night.offset, Stage.ASLEEP, "App"),)
    chart = HypnogramChart()
    chart.show_night(replace(night, segments=plain, stages_min={"asleep": 360.0}), berlin)
    picture = _picture(chart)
    x, y = (
        round(chart._scale.x((night.onset + night.offset) / 2)),
        round(chart._area.top() + 2.5 * chart._area.height() / 4),
    )
    assert picture.pixelColor(x, y) == theme.current().data["asleep"]


def test_gaps_between_segments_are_found(berlin: ZoneTimeline, make_night: MakeNight) -> None:
    night = make_night(berlin, DAY)
    assert gaps_within(night) == []
    without_deep = tuple(s for s in night.segments if s.stage is not Stage.DEEP)
    assert gaps_within(replace(night, segments=without_deep)) == [(night.onset + 5400, night.onset + 10_800)]


def test_night_without_stages_says_so(qtbot: object, berlin: ZoneTimeline, make_night: MakeNight) -> None:
    chart = HypnogramChart()
    chart.show_night(replace(make_night(berlin, DAY), segments=()), berlin)
    assert "No stages were recorded" in chart.message()
    assert not _picture(chart).isNull()


def test_hypnogram_reads_out_stage_source_and_offset(
    qtbot: object, berlin: ZoneTimeline, make_night: MakeNight
) -> None:
    chart = HypnogramChart()
    night = make_night(berlin, DAY)
    chart.show_night(night, berlin)
    chart.resize(700, 260)
    content = chart.read_out_at(QPointF(chart._scale.x(night.onset + 6000), 100))
    assert content is not None
    assert (content.title, content.offset) == ("Fri 21 Mar 01:10", "UTC+1")
    assert content.rows == (("Stage", "Deep"), ("Lasts", "1 h 30"), ("Source", "Watch"))


def test_raster_and_time_asleep_choose_nights_and_hatch_missing(
    qtbot: object, berlin: ZoneTimeline, make_night: MakeNight
) -> None:
    nights = [make_night(berlin, DAY + k) for k in range(10) if k != 4]
    nap = make_night(berlin, DAY + 2, start_s=14 * 3600, nap=True)
    raster, asleep = SleepRasterChart(), TimeAsleepChart()
    raster.show_nights(nights, [nap], berlin)
    asleep.show_nights(nights, berlin, band=SleepBand(7, 9, "Shaded band 7–9 h: adults, Hirshkowitz 2015"))
    picture = _picture(raster, 480, 240)
    for name in ("core", "deep", "rem", "awake"):
        assert _has(picture, theme.current().data[name])
    bars = _picture(asleep, 480, 240)
    assert _has(bars, theme.current().data["asleep"], 500)
    assert _has(bars, theme.current().ui["band"], 100)
    chosen: list[date] = []
    asleep.night_chosen.connect(chosen.append)
    area = asleep._area
    for k in (3, 4):
        qtbot.mouseClick(
            asleep, Qt.MouseButton.LeftButton, pos=QPoint(round(area.left() + (k + 0.5) * area.width() / 10), 90)
        )  # type: ignore[attr-defined]
    assert chosen == [date_of_day(DAY + 4)]  # the fifth has no night
    missing = asleep.read_out_at(QPointF(area.left() + 4.5 * area.width() / 10, 90))
    assert missing is not None
    assert missing.rows == (("Sleep", "no night recorded"),)


def test_bars_are_as_tall_as_the_hours(qtbot: object, berlin: ZoneTimeline, make_night: MakeNight) -> None:
    chart = TimeAsleepChart()
    chart.show_nights([make_night(berlin, DAY + k) for k in range(3)], berlin)
    picture = _picture(chart, 400, 240)
    area = chart._area
    x = round(area.left() + area.width() / 6)
    colour = theme.current().data["asleep"]
    tall = sum(picture.pixelColor(x, y) == colour for y in range(picture.height()))
    assert abs(tall - 4.5 / chart._scale.high * area.height()) <= 3
    assert chart._scale.low == 0


def test_strip_goes_to_neighbours_over_missing_dates(
    qtbot: object, berlin: ZoneTimeline, make_night: MakeNight
) -> None:
    strip = NightStrip()
    strip.show_nights([make_night(berlin, DAY + k) for k in (0, 1, 4)], date_of_day(DAY + 2))
    strip.resize(600, 58)
    strip.show()
    chosen: list[date] = []
    strip.night_chosen.connect(chosen.append)
    qtbot.keyClick(strip, Qt.Key.Key_Period)  # type: ignore[attr-defined]
    qtbot.keyClick(strip, Qt.Key.Key_Comma)  # type: ignore[attr-defined]
    assert chosen == [date_of_day(DAY + 5), date_of_day(DAY + 1)]
    strip.choose(date_of_day(DAY + 5))
    assert strip.neighbour(1) is None


def test_average_day_names_the_model(
    qtbot: object, berlin: ZoneTimeline, make_panel: MakePanel, rhythm: dict[str, float]
) -> None:
    chart = AverageDayChart()
    chart.show_panel(make_panel(berlin, DAY, 7, findings=rhythm))
    picture = _picture(chart, 400, 220)
    assert _has(picture, theme.current().data["l5"])
    assert _has(picture, theme.current().data["m10"])
    assert "model" in chart.accessibleDescription()
    content = chart.read_out_at(QPointF(chart._x(12.05), chart._area.center().y()))
    assert content is not None
    assert dict(content.rows)["Median"] == "100.0 counts/min"
    assert dict(content.rows)["Days"] == "7"
    chart.show_panel(make_panel(berlin, DAY, 7))
    assert "model" not in chart.accessibleDescription()


def test_average_day_without_days_gives_the_reason(qtbot: object, berlin: ZoneTimeline, make_panel: MakePanel) -> None:
    panel = make_panel(berlin, DAY, 2, findings={"l5": 1.0})
    finding = replace(panel.findings[0], value=None, insufficient="Needs 3 valid days, has 2.")
    chart = AverageDayChart()
    chart.show_panel(replace(panel, average_day=None, findings=(finding,)))
    assert chart.message() == "Needs 3 valid days, has 2."


def test_dial_has_midnight_at_the_top_and_runs_clockwise(
    qtbot: object, berlin: ZoneTimeline, make_panel: MakePanel, rhythm: dict[str, float]
) -> None:
    dial = PhaseDial()
    dial.show_panel(make_panel(berlin, DAY, 7, findings=rhythm))
    picture = _picture(dial, 420, 200)
    radius = dial._radius
    assert dial._at(0, radius).y() < dial._centre.y()
    assert dial._at(6, radius).x() > dial._centre.x()
    middle_of_l5 = dial._at(rhythm["l5_onset_h"] + 2.5, radius - 6)
    assert picture.pixelColor(middle_of_l5.toPoint()) == theme.current().data["l5"]
    content = dial.read_out_at(dial._at(6, radius * 0.4))
    assert content is not None
    assert dict(content.rows)["Acrophase, model"] == "15:00"


@pytest.mark.parametrize("name", ["light", "dark", "high_contrast"])
def test_every_chart_draws_in_every_theme_with_and_without_data(
    qtbot: object, berlin: ZoneTimeline, make_panel: MakePanel, rhythm: dict[str, float], name: str
) -> None:
    theme.set_theme(name)
    panel = make_panel(berlin, DAY, 9, findings=rhythm)
    night, average, dial = HypnogramChart(), AverageDayChart(), PhaseDial()
    raster, asleep = SleepRasterChart(), TimeAsleepChart()
    charts: list[Chart] = [night, average, dial, raster, asleep]
    for filled in (False, True):
        night.show_night(panel.nights[0] if filled else None, berlin)
        average.show_panel(panel if filled else None)
        dial.show_panel(panel if filled else None)
        raster.show_nights(panel.nights if filled else (), (), berlin)
        asleep.show_nights(panel.nights if filled else (), berlin)
        for chart in charts:
            assert not _picture(chart, 420, 220).isNull()
            assert chart.accessibleName()
            assert len(chart.accessibleDescription()) > 10
            assert bool(chart.message()) is not filled


def test_rh69_nights_wind_outward(qtbot: object, berlin: ZoneTimeline, make_panel: Callable[..., Panel]) -> None:
    panel = make_panel(berlin, 20_160, 10, findings={"midsleep_h": 2.5, "l5_onset_h": 0.5, "m10_onset_h": 10.0})
    dial = PhaseDial()
    dial.resize(300, 300)
    dial.show_panel(panel)
    shares = [share for _, share in dial._nights_out(panel)]
    assert shares == sorted(shares)
    assert shares[0] < shares[-1] < 0.9
    night, share = dial._nights_out(panel)[4]
    read = dial.read_out_at(dial._at(night.midsleep_h, dial._radius * share))
    assert read is not None
    assert read.rows[0][0] == f"Night to {day_short(night.date)}"


def test_rh66_a_strip_shows_the_days_of_each_bin(
    qtbot: object, berlin: ZoneTimeline, make_panel: MakePanel, rhythm: dict[str, float]
) -> None:
    chart = AverageDayChart()
    qtbot.addWidget(chart)  # type: ignore[attr-defined]
    chart.resize(480, 240)
    panel = make_panel(berlin, 20_000, 6, findings=rhythm)
    assert panel.average_day is not None
    days = panel.average_day.n.copy()
    days[:720] = 2
    chart.show_panel(replace(panel, average_day=replace(panel.average_day, n=days)))
    picture, area, ink = chart.grab().toImage(), chart._area, theme.current().ui["border_strong"]

    def height(hour: float) -> int:
        x = round(chart._x(hour))
        return sum(picture.pixelColor(x, y) == ink for y in range(round(area.bottom()) + 40, chart.height()))

    assert height(18.3) == 11  # with the base line
    assert height(6.3) == 4
    assert "days a bin" in chart.summary()


def test_sources_lie_under_the_lanes_of_a_night(qtbot: object, berlin: ZoneTimeline, make_panel: MakePanel) -> None:
    a_night = make_panel(berlin, 20_000, 3).nights[0]
    start, stop = a_night.in_bed or 0, a_night.out_of_bed or 0
    bed = SleepSegment(start - 600, stop + 900, Stage.IN_BED, "Bed sensor")
    other = SleepSegment(stop + 9000, stop + 9600, Stage.ASLEEP, "Other night")
    diary = replace(a_night, in_bed=start - 1200, source="Sleep diary")
    bars = source_bars((*a_night.segments, bed, other), a_night, diary)
    assert [bar.name for bar in bars] == ["Bed sensor", "Watch", "Diary"]
    assert bars[0].span == Span(start - 600, stop + 900)
    assert bars[2].span == Span(start - 1200, stop)
    chart = NightChart()
    qtbot.addWidget(chart)  # type: ignore[attr-defined]
    chart.resize(900, 420)
    chart.set_lanes([stage_lane()], berlin, Span(start - 7200, stop + 7200))
    chart.set_window(Span(start - 7200, stop + 7200))
    (before,) = chart._areas()
    plain = chart.grab().toImage()
    chart.set_sources(bars)
    (after,) = chart._areas()
    assert after.bottom() <= before.bottom() - 3 * 18
    assert "Bed sensor" in chart.summary()
    read = chart.read_out_at(QPointF(chart._scale.x(start - 300), after.center().y()))
    assert read is not None
    assert dict(read.rows)["Sources"] == "Bed sensor, Diary"
    assert chart.grab().toImage() != plain
    chart.set_sources(())
    assert chart.grab().toImage() == plain


@pytest.mark.parametrize("name", ["light", "dark", "high_contrast"])
def test_the_key_to_stages_shows_each_in_its_colour(qtbot: object, name: str) -> None:
    theme.set_theme(name)
    key = StageKey()
    qtbot.addWidget(key)  # type: ignore[attr-defined]
    key.resize(key.sizeHint())
    picture = key.grab().toImage()
    seen = {picture.pixelColor(x, y).name() for x in range(picture.width()) for y in range(picture.height())}
    assert {theme.current().data[token].name() for token in ("awake", "rem", "core", "deep")} <= seen
    assert "awake, REM, core, deep" in key.accessibleName()
