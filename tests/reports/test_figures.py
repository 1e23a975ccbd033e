from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.time import Certainty, Span, ZonePeriod, ZoneTimeline, date_of_day
from clarity_desktop.reports.figures.actogram import actogram_bins, row_days
from clarity_desktop.reports.figures.average_day import cosinor_curve, shows_mean, smoothed
from clarity_desktop.reports.figures.axes import nice_top
from clarity_desktop.reports.figures.local_time import clock_changes, local_stretches, offset_text
from clarity_desktop.reports.figures.time_asleep import running_median
from clarity_desktop.reports.palette import colour, lighter

PanelOf = Callable[..., Panel]
BERLIN = ZoneTimeline.single("Europe/Berlin")


@given(st.integers(1_600_000_000, 1_760_000_000), st.integers(1, 400 * 86_400))
def test_local_stretches_cover_the_span_once_in_utc(start: int, length: int) -> None:
    span = Span(start, start + length)
    zone = ZoneTimeline(
        (
            ZonePeriod(-(2**40), "Europe/Berlin", Certainty.STATED, ""),
            ZonePeriod(1_700_000_000, "Asia/Kolkata", Certainty.STATED, ""),
        )
    )
    stretches = local_stretches(zone, span)
    at = span.start
    for stretch in stretches:
        assert stretch.start - stretch.offset_s == at
        at = stretch.stop - stretch.offset_s
    assert at == span.stop
    assert len(stretches) == 1 + sum(change.jump_s != 0 for change in clock_changes(zone, span))


def test_clock_changes_name_travel_and_daylight_time() -> None:
    zone = ZoneTimeline(
        (
            ZonePeriod(-(2**40), "Europe/Berlin", Certainty.STATED, ""),
            ZonePeriod(1_741_958_430, "Asia/Tokyo", Certainty.STATED, ""),
        )
    )
    travel = clock_changes(zone, Span(1_741_561_200, 1_743_976_800))
    assert [(one.is_travel, one.jump_s) for one in travel] == [(True, 8 * 3600)]
    spring = clock_changes(BERLIN, Span(1_741_561_200, 1_743_976_800))
    assert [(one.is_travel, one.jump_s, one.at) for one in spring] == [(False, 3600, 1_743_296_400)]
    assert [offset_text(s) for s in (3600, 19800, -12600, 0)] == ["UTC+1", "UTC+5:30", "UTC−3:30", "UTC+0"]


def test_actogram_bins_keep_the_amount_and_the_clock(panel: Panel) -> None:
    bins = actogram_bins(panel)
    known = np.isfinite(bins.per_minute)
    worn = panel.epochs.valid
    days = np.unique(bins.local // 86_400)
    assert [date_of_day(day) for day in days.tolist()] == [date(2025, 3, 10 + n) for n in range(22)] + [
        date(2025, 4, n) for n in range(1, 7)
    ]
    # 30 March skips 02:00 to 03:00 local.
    spring = bins.local[bins.local // 86_400 == days[20]] % 86_400
    assert not np.any((spring >= 7200) & (spring < 10_800))
    assert bins.per_minute[known].mean() == pytest.approx(panel.epochs.values[worn].mean(), rel=0.02)
    assert bins.full == pytest.approx(np.percentile(bins.per_minute[known], 99))
    assert not bins.lane.any()


def test_a_repeated_hour_has_two_lanes(make_panel: PanelOf) -> None:
    panel = make_panel(days=12, last_day=date(2025, 10, 30))
    bins = actogram_bins(panel)
    for lane in (1, 2):
        local = bins.local[bins.lane == lane] % 86_400
        assert (local.min(), local.max(), local.size) == (7200, 10_500, 12)


def test_rows_begin_at_noon_and_cover_every_day_twice_but_the_ends(panel: Panel) -> None:
    days = [date_of_day(day) for day in row_days(panel)]
    assert days[0] == date(2025, 3, 9)
    assert days[-1] == date(2025, 4, 5)
    assert len(days) == 28


@given(st.floats(1e-3, 1e6))
def test_an_axis_ends_at_a_round_value_above_the_data(highest: float) -> None:
    top, step = nice_top(highest)
    assert top >= highest * (1 - 1e-9)
    assert top <= 2.2 * highest
    assert 2 <= round(top / step) <= 6


def test_profiles_are_smoothed_over_known_minutes() -> None:
    values = np.arange(1440, dtype=np.float64)
    values[:10] = np.nan
    values[15:30] = np.nan
    smooth = smoothed(values)
    assert smooth[0] == 12
    assert np.isnan(smooth[1])
    assert smooth.shape == (96,)


def test_the_cosinor_is_drawn_from_the_findings(panel: Panel) -> None:
    acrophase = panel.finding("acrophase_h")
    mesor, amplitude = panel.finding("mesor"), panel.finding("amplitude")
    assert acrophase is not None
    assert mesor is not None
    assert amplitude is not None
    curve = cosinor_curve(panel, np.array([acrophase.value, acrophase.value + 12]))
    np.testing.assert_allclose(curve, [mesor.value + amplitude.value, mesor.value - amplitude.value])
    assert cosinor_curve(replace(panel, findings=()), np.zeros(3)) is None


def test_sparse_signals_show_the_mean(panel: Panel) -> None:
    assert not shows_mean(panel)
    day = panel.average_day
    assert day is not None
    assert shows_mean(replace(panel, average_day=replace(day, median=np.zeros(1440))))


def test_the_running_median_needs_three_nights() -> None:
    day = np.array([1, 2, 3, 9, 20], dtype=np.int64)
    hours = np.array([6.0, 8.0, 7.0, 5.0, 5.0])
    np.testing.assert_array_equal(running_median(day, hours), [7.0, 7.0, 7.0, np.nan, np.nan])


def test_colours_come_from_the_tokens_alone() -> None:
    assert colour("text") == pytest.approx((0x16 / 255, 0x20 / 255, 0x2B / 255))
    assert lighter("text", 0.0) == (1.0, 1.0, 1.0)
    assert lighter("text", 1.0) == pytest.approx(colour("text"))
    folder = Path(__file__).parents[2] / "clarity_desktop" / "reports"
    for source in folder.rglob("*.py"):
        text = source.read_text(encoding="utf-8")
        assert '"#' not in text.replace('removeprefix("#")', ""), source
