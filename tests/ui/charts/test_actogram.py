"""The actogram: rows on the local clock, and a picture that shows what they hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarity_desktop.domain.epochs import Epochs, EpochState
from clarity_desktop.domain.free_days import FreeDays
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.time import DAY_S, Span, ZoneTimeline, date_of_day, day_of_date
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts import ActogramChart
from clarity_desktop.ui.charts.actogram import prepare
from clarity_desktop.ui.charts.actogram_rows import BINS, BinState, actogram_rows, lay, light_levels
from clarity_desktop.ui.charts.epoch_columns import EpochColumns
from clarity_desktop.ui.qt import QColor, QImage, QPointF, Qt

SPRING, AUTUMN = day_of_date(date(2025, 3, 30)), day_of_date(date(2025, 10, 26))
MakePanel = Callable[..., Panel]


def test_every_worn_minute_lies_in_one_bin(berlin: ZoneTimeline, make_panel: MakePanel) -> None:
    panel = make_panel(berlin, AUTUMN - 3, 6, not_worn=((600, 90),), missing=((3000, 45),))
    rows = actogram_rows(panel.epochs)
    total = np.nansum(rows.mean) + np.nansum(rows.second_mean)
    # Every bin holds five minutes of which all or none are worn here, so means times five give the sum of counts.
    assert total * 5 == pytest.approx(float(panel.epochs.values[panel.epochs.valid].sum()))
    assert (rows.state == BinState.NOT_WORN).sum() == 18
    assert (rows.state == BinState.MISSING).sum() == 9


def test_noon_rows_begin_at_noon(berlin: ZoneTimeline, make_panel: MakePanel) -> None:
    rows = actogram_rows(make_panel(berlin, SPRING + 5, 2).epochs)
    assert date_of_day(rows.first_day) == date_of_day(SPRING + 4)
    assert len(rows) == 3
    assert (rows.state[0, : BINS // 2] == BinState.OUTSIDE).all()
    assert (rows.state[0, BINS // 2 :] == BinState.WORN).all()
    assert rows.mean[1, 0] == 100  # noon
    assert rows.mean[0, BINS // 2] == 0  # midnight


def test_midnight_rows_are_calendar_days(berlin: ZoneTimeline, make_panel: MakePanel) -> None:
    rows = actogram_rows(make_panel(berlin, SPRING + 5, 2).epochs, origin_s=0)
    assert len(rows) == 2
    assert (rows.state == BinState.WORN).all()


def test_the_skipped_hour_is_marked_and_empty(berlin: ZoneTimeline, make_panel: MakePanel) -> None:
    rows = actogram_rows(make_panel(berlin, SPRING - 1, 3).epochs, origin_s=0)
    (jump,) = rows.jumps
    assert (jump.row, jump.first, jump.last, jump.skipped) == (1, 24, 36, True)
    assert (rows.state[1, 24:36] == BinState.OUTSIDE).all()


def test_the_doubled_hour_keeps_both_passes(berlin: ZoneTimeline) -> None:
    day = berlin.day_span(AUTUMN)
    values = np.arange(day.length_s // 60, dtype=np.float32)
    epochs = Epochs(day.start, 60, values, np.zeros(values.size, np.uint8), berlin, "counts", "ActivityCounts")
    rows = actogram_rows(epochs, origin_s=0)
    (jump,) = rows.jumps
    assert (jump.first, jump.last, jump.skipped) == (24, 36, False)
    assert rows.mean[0, 24] == 122  # minutes 120…124 of the day
    assert rows.second_mean[0, 24] == 182  # one hour later, the same clock
    assert (rows.second_state[0] != BinState.OUTSIDE).sum() == 12


def test_a_journey_east_skips_eight_hours(traveller: ZoneTimeline, make_panel: MakePanel) -> None:
    day = day_of_date(date(2025, 1, 9))
    rows = actogram_rows(make_panel(traveller, day, 4).epochs)
    assert sum(jump.last - jump.first for jump in rows.jumps) == 8 * 12
    assert all(jump.change.travel for jump in rows.jumps)


@settings(max_examples=60)
@given(
    start=st.lists(st.integers(0, 20 * DAY_S), min_size=1, max_size=30),
    length=st.lists(st.integers(60, DAY_S - 1), min_size=30, max_size=30),
    first=st.sampled_from([SPRING - 9, AUTUMN - 9]),
)
def test_laid_stretches_keep_their_length(start: list[int], length: list[int], first: int) -> None:
    berlin = ZoneTimeline.single("Europe/Berlin")
    span = Span(berlin.instant_of_local(first), berlin.instant_of_local(first + 21))
    n = span.length_s // 60
    epochs = Epochs(span.start, 60, np.zeros(n, np.float32), np.zeros(n, np.uint8), berlin)
    rows = actogram_rows(epochs)
    starts = span.start + np.array(start, dtype=np.int64)
    stops = starts + np.array(length[: starts.size], dtype=np.int64)
    lines = lay(rows, berlin, starts, stops)
    assert float((lines.high - lines.low).sum()) * DAY_S == pytest.approx(float((stops - starts).sum()))
    assert (lines.low >= 0).all()
    assert (lines.high <= 1 + 1e-12).all()
    assert (np.diff(lines.row) >= 0).all()


def test_no_epochs_is_said(qtbot: object, berlin: ZoneTimeline) -> None:
    chart = ActogramChart()
    chart.show_panel(None)
    assert "Import a recording" in chart.message()
    assert chart.accessibleDescription().startswith("No activity")
    empty = Epochs(0, 60, np.empty(0, np.float32), np.empty(0, np.uint8), berlin)
    with pytest.raises(ValueError, match="at least one epoch"):
        actogram_rows(empty)


def _picture(chart: ActogramChart) -> QImage:
    chart.resize(800, 420)
    chart.show()
    return chart.grab().toImage()


def _count(picture: QImage, colour: QColor) -> int:
    return sum(
        picture.pixelColor(x, y) == colour for x in range(0, picture.width(), 2) for y in range(0, picture.height(), 2)
    )


def test_picture_shows_bars_sleep_and_marks(
    qtbot: object, berlin: ZoneTimeline, make_panel: MakePanel, rhythm: dict[str, float]
) -> None:
    chart = ActogramChart()
    chart.show_panel(make_panel(berlin, SPRING - 4, 9, findings=rhythm))
    picture, now = _picture(chart), theme.current()
    for colour in (now.data["activity"], now.data["core"], now.data["l5"], now.data["m10"], now.ui["warn_bg"]):
        assert _count(picture, colour) > 20
    assert "full bar = 100 counts/min, 99th percentile" in chart.note()


def test_not_worn_is_hatched_not_blank(qtbot: object, berlin: ZoneTimeline, make_panel: MakePanel) -> None:
    chart = ActogramChart()
    chart.show_panel(make_panel(berlin, SPRING + 3, 5))
    without = _count(_picture(chart), theme.current().ui["sunken"])
    chart.show_panel(make_panel(berlin, SPRING + 3, 5, not_worn=((1440, 900),)))
    assert _count(_picture(chart), theme.current().ui["sunken"]) > without + 200


def test_theme_change_draws_anew(qtbot: object, berlin: ZoneTimeline, make_panel: MakePanel) -> None:
    chart = ActogramChart()
    chart.show_panel(make_panel(berlin, SPRING + 3, 5))
    light = _picture(chart)
    theme.set_theme("dark")
    dark = chart.grab().toImage()
    assert light != dark
    assert _count(dark, theme.current().data["activity"]) > 20


def test_read_out_gives_time_offset_value_and_wear(qtbot: object, berlin: ZoneTimeline, make_panel: MakePanel) -> None:
    chart = ActogramChart()
    chart.show_panel(make_panel(berlin, SPRING - 2, 6))
    chart.resize(800, 420)
    area = chart._area
    content = chart.read_out_at(QPointF(area.left() + area.width() * 0.1, area.top() + 8 + 2 * chart._row_height))
    assert content is not None
    assert (content.title, content.offset) == ("Sat 29 Mar 16:45", "UTC+1")
    assert dict(content.rows)["Activity, 5-min mean"] == "100 counts/min"
    assert dict(content.rows)["Wear"] == "worn"
    night = chart.read_out_at(QPointF(area.left() + area.width() * 0.27, area.top() + 8 + 2 * chart._row_height))
    assert night is not None
    assert dict(night.rows)["Sleep"] == "asleep"
    skipped = chart.read_out_at(
        QPointF(area.left() + area.width() * (14.5 / 48), area.top() + 8 + 2 * chart._row_height)
    )
    assert skipped is not None
    assert dict(skipped.rows)["Wear"] == "skipped by the clock"


def test_keys_choose_rows_and_open_the_night(qtbot: object, berlin: ZoneTimeline, make_panel: MakePanel) -> None:
    chart = ActogramChart()
    panel = make_panel(berlin, SPRING + 3, 40)
    chart.show_panel(panel)
    chart.resize(800, 420)
    chart.show()
    chosen: list[date] = []
    opened: list[date] = []
    chart.row_selected.connect(chosen.append)
    chart.night_opened.connect(opened.append)
    for _ in range(30):
        qtbot.keyClick(chart, Qt.Key.Key_Down)  # type: ignore[attr-defined]
    qtbot.keyClick(chart, Qt.Key.Key_Return)  # type: ignore[attr-defined]
    assert chosen[-1] == date_of_day(SPRING + 2 + 29)
    assert opened == [date_of_day(SPRING + 3 + 29)]
    assert chart._bar.value() > 0  # it scrolled to the row


def test_single_and_midnight(qtbot: object, berlin: ZoneTimeline, make_panel: MakePanel) -> None:
    chart = ActogramChart()
    chart.show_panel(make_panel(berlin, SPRING + 3, 5))
    double = _picture(chart)
    chart.set_double(False)
    assert chart.grab().toImage() != double
    chart.set_noon(False)
    assert chart.subtitle() == "5 rows; each starts at midnight of its date"


def test_exported_picture_says_simulated(qtbot: object, berlin: ZoneTimeline, make_panel: MakePanel) -> None:
    chart = ActogramChart()
    chart.show_panel(make_panel(berlin, SPRING + 3, 5))
    chart.resize(600, 300)
    shown = chart.image(1.0).toImage()
    head = shown.copy(0, 0, 600, 60)
    assert shown.height() > 360
    assert _count(head, theme.current().ui["sim"]) > 3
    chart.simulated = False
    assert _count(chart.image(1.0).toImage().copy(0, 0, 600, 60), theme.current().ui["sim"]) == 0
    assert chart.accessibleDescription().endswith("Simulated data.")


def test_three_years_draw_within_a_tenth_of_a_second(
    qtbot: object, berlin: ZoneTimeline, make_panel: MakePanel
) -> None:
    import time

    data = prepare(make_panel(berlin, SPRING, 1095))
    chart = ActogramChart()
    chart.resize(800, 700)
    chart.show()
    taken = []
    for _ in range(5):
        begin = time.perf_counter()
        chart.show_data(data)
        chart.grab()
        taken.append(time.perf_counter() - begin)
    assert min(taken) < 0.1


def test_both_passes_of_the_doubled_hour_can_be_read(
    qtbot: object, berlin: ZoneTimeline, make_panel: MakePanel
) -> None:
    chart = ActogramChart()
    chart.show_panel(make_panel(berlin, AUTUMN - 2, 5))
    chart.resize(800, 420)
    area, height = chart._area, chart._row_height
    x = area.left() + area.width() * 14.5 / 48
    upper = chart.read_out_at(QPointF(x, area.top() + 2 * height + 3))
    lower = chart.read_out_at(QPointF(x, area.top() + 3 * height - 3))
    assert upper is not None
    assert lower is not None
    assert (upper.title, upper.offset) == ("Sun 26 Oct 02:30", "UTC+2")
    assert (lower.title, lower.offset) == ("Sun 26 Oct 02:30", "UTC+1")


def test_light_lies_on_the_rows_in_three_strengths(qtbot: object, berlin: ZoneTimeline, make_panel: MakePanel) -> None:
    panel = make_panel(berlin, SPRING + 3, 3)
    bins = panel.span.length_s // 300
    lux = np.full(bins, 5.0, dtype=np.float32)
    lux[12:24], lux[24:36], lux[36:48], lux[60] = 50, 500, 5000, np.nan
    columns = EpochColumns(panel.span.start, panel.span.stop, lux, lux, lux, "lux")
    levels = light_levels(actogram_rows(panel.epochs, origin_s=0), berlin, columns)
    assert levels[0, :62].tolist() == [0] * 12 + [1] * 12 + [2] * 12 + [3] * 12 + [0] * 14
    chart = ActogramChart()
    chart.show_panel(panel)
    assert _count(_picture(chart), theme.current().data["lux"]) == 0
    chart.show_light(columns)
    assert _count(_picture(chart), theme.current().data["lux"]) > 5


def test_rh65_free_days_of_the_person_are_tinted(qtbot: object, berlin: ZoneTimeline, make_panel: MakePanel) -> None:
    chart = ActogramChart()
    qtbot.addWidget(chart)  # type: ignore[attr-defined]
    chart.resize(900, 480)
    chart.set_noon(False)
    chart.show_panel(make_panel(berlin, SPRING + 1, 7))  # a Monday to a Sunday

    def tinted() -> set[int]:
        picture, area = chart.grab().toImage(), chart._area
        found = set()
        for row in range(7):
            y = area.top() + (row + 0.3) * chart._row_height
            # Three in the morning of the left half, where no bar stands.
            at = picture.pixelColor(round(area.left() + area.width() / 16 + 3), round(y))
            if at == theme.current().ui["weekend"]:
                found.add(row)
        return found

    assert tinted() == {5, 6}
    chart.set_free_days(FreeDays(frozenset({2}), {date_of_day(SPRING + 2): True}, stated=True))
    assert tinted() == {1, 2}
    assert "Wednesday (entered)" in chart.summary()


def test_rh65_what_was_left_out_has_a_word(qtbot: object, berlin: ZoneTimeline, make_panel: MakePanel) -> None:
    chart = ActogramChart()
    qtbot.addWidget(chart)  # type: ignore[attr-defined]
    panel = make_panel(berlin, SPRING + 1, 4)
    chart.show_panel(panel)
    assert "Left out" not in [item.label for item in chart._legend_items]
    panel.epochs.state[600:900] = EpochState.EXCLUDED
    chart.show_panel(panel)
    assert "Left out" in [item.label for item in chart._legend_items]
