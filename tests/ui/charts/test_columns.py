"""Columns and their ink: extremes are never lost, gaps stay gaps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.sleep import SleepSegment, Stage
from clarity_desktop.domain.time import Span, ZoneTimeline
from clarity_desktop.ui import theme
from clarity_desktop.ui.charts.column_ink import Ink, joined_runs, stroke_of
from clarity_desktop.ui.charts.curves import stretches
from clarity_desktop.ui.charts.epoch_columns import columns_of_epochs
from clarity_desktop.ui.charts.lanes import LaneContent, LaneSpec, gap_stretches, value_words
from clarity_desktop.ui.charts.sleep_hours import paint_sleep_hours, sleep_hours
from clarity_desktop.ui.charts.time_asleep import running_median
from clarity_desktop.ui.charts.timescale import TimeScale
from clarity_desktop.ui.qt import QColor, QImage, QPainter, QRectF

ZONE = ZoneTimeline.single("UTC")


def _epochs(values: np.ndarray) -> Epochs:
    return Epochs(
        6000, 60, values.astype(np.float32), np.zeros(values.size, np.uint8), ZONE, "counts", "ActivityCounts"
    )


@settings(max_examples=80)
@given(
    seed=st.integers(0, 2**31),
    n=st.integers(1, 400),
    columns=st.integers(1, 300),
    before=st.integers(-40, 40),
    after=st.integers(-40, 40),
)
def test_columns_keep_extremes_and_means(seed: int, n: int, columns: int, before: int, after: int) -> None:
    random = np.random.default_rng(seed)
    values = random.gamma(1, 100, n)
    values[random.random(n) < 0.2] = np.nan
    start, stop = 6000 + 60 * before, 6000 + 60 * (n + after)
    if stop - start < 60:
        return
    span = Span(start, stop)
    found = columns_of_epochs(_epochs(values), span, columns)
    first, last = max(0, before), max(0, min(n, n + after))
    inside = values[first:last].astype(np.float32)
    inside = inside[np.isfinite(inside)]
    if not inside.size:
        assert not np.isfinite(found.mean).any()
        return
    assert np.nanmin(found.minimum) == inside.min()
    assert np.nanmax(found.maximum) == inside.max()
    known = np.isfinite(found.mean)
    assert (found.minimum[known] <= found.mean[known] * (1 + 1e-5)).all()
    assert (found.mean[known] <= found.maximum[known] * (1 + 1e-5)).all()


@settings(max_examples=60)
@given(seed=st.integers(0, 2**31), n=st.integers(1, 500), width=st.integers(20, 300))
def test_pixels_keep_the_greatest_of_the_columns_they_share(seed: int, n: int, width: int) -> None:
    values = np.random.default_rng(seed).random(n)
    ink = Ink(QRectF(10, 0, width, 50), 1.0)
    step = width / n
    laid = ink.lay(10 + (np.arange(n) + 0.5) * step, step, values, greatest=True)
    assert np.nanmax(laid) == values.max()
    assert np.isfinite(laid).all()


def test_ink_sets_exactly_the_pixels_between() -> None:
    ink = Ink(QRectF(0, 0, 4, 10), 1.0)
    top = np.array([2.0, np.nan, 9.8, 0.0])
    ink.fill(top, np.array([5.0, 5.0, 10.0, 10.0]), QColor(255, 0, 0))
    picture = QImage(4, 10, QImage.Format.Format_ARGB32)
    picture.fill(QColor(255, 255, 255))
    painter = QPainter(picture)
    ink.paint(painter)
    painter.end()
    red = [[picture.pixelColor(x, y) == QColor(255, 0, 0) for y in range(10)] for x in range(4)]
    assert red[0] == [False] * 2 + [True] * 3 + [False] * 5
    assert not any(red[1])
    assert sum(red[2]) <= 1
    assert all(red[3])


def test_lines_break_at_gaps_longer_than_two_steps() -> None:
    known = np.array([0, 2, 4, 6, 12, 14])
    assert joined_runs(known) == [(0, 4), (4, 6)]
    x = np.arange(15.0)
    y = np.where(np.isin(np.arange(15), known), 5.0, np.nan)
    top, bottom = stroke_of(x, x, y, known, 2.0)
    assert np.isnan(top[8:11]).all()
    assert top[3] == 4
    assert bottom[3] == 6


@pytest.mark.slow
@given(st.lists(st.booleans(), max_size=60))
def test_stretches_cover_what_is_true(flags: list[bool]) -> None:
    covered = np.zeros(len(flags), dtype=bool)
    for first, last in stretches(np.array(flags, dtype=bool)):
        assert not covered[first:last].any()
        covered[first:last] = True
    assert covered.tolist() == flags


def test_gaps_are_stretches_without_samples() -> None:
    values = np.full(600, 70.0)
    values[100:300] = np.nan
    spec = LaneSpec("h", "Heart rate", "bpm", "line", "hr", gap_s=2700)
    content = LaneContent(spec)
    epochs = _epochs(values)
    content.take(columns_of_epochs(epochs, epochs.span, 600))
    assert gap_stretches(content, epochs.span) == [Span(6000 + 6000, 6000 + 18_000)]
    assert value_words(content, 6000 + 60 * 50) == "70 bpm"
    assert value_words(content, 6000 + 60 * 200) == "no sample"


def test_light_stands_on_a_log_scale() -> None:
    content = LaneContent(LaneSpec("l", "Light", "lux, log", "area", "lux"))
    values = np.concatenate([np.zeros(50), np.full(50, 10_000.0)])
    epochs = _epochs(values)
    content.take(columns_of_epochs(epochs, epochs.span, 100))
    assert content.label(3.0) == "1\u202f000"
    assert content.scale.low == 0
    assert content.scale.share(float(content.shown(np.array([9999.0]))[0])) > 0.75


def test_running_median_needs_four_of_seven() -> None:
    values = np.array([1.0, 2, 3, 4, np.nan, 6, 7])
    found = running_median(values)
    assert np.isnan(found[:3]).all()
    assert found[3] == 2.5
    assert np.isnan(found[4])
    assert found[6] == 3.5


def test_nights_over_years_lie_between_noon_and_noon() -> None:
    berlin = ZoneTimeline.single("Europe/Berlin")
    onset = berlin.instant_of_local(20_000, 23 * 3600)
    long_sleep = berlin.instant_of_local(20_001, 10 * 3600)
    hours = sleep_hours(
        [
            SleepSegment(onset, onset + 7200, Stage.DEEP, "Watch"),
            SleepSegment(onset, onset + 9000, Stage.IN_BED, "Watch"),
            SleepSegment(long_sleep, long_sleep + 4 * 3600, Stage.CORE, "Watch"),
        ],
        berlin,
    )
    assert hours.low.tolist() == [11 / 24, 22 / 24, 0.0]
    assert np.allclose(hours.high, [13 / 24, 1.0, 2 / 24])
    area = QRectF(0, 0, 100, 48)
    picture = QImage(100, 48, QImage.Format.Format_ARGB32)
    picture.fill(QColor(255, 255, 255))
    painter = QPainter(picture)
    start = berlin.instant_of_local(20_000, 12 * 3600)
    paint_sleep_hours(painter, area, TimeScale(Span(start, start + 100 * 86_400), 0, 100), hours)
    painter.end()
    deep, core = theme.current().data["deep"], theme.current().data["core"]
    column = [picture.pixelColor(0, y) for y in range(48)]
    assert [y for y in range(48) if column[y] == deep] == [22, 23, 24, 25]
    assert [y for y in range(48) if column[y] == core] == [44, 45, 46, 47]
    assert picture.pixelColor(1, 2) == core
