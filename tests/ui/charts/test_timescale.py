"""Ticks of the local clock: on the clock, not too close, right over clock changes and journeys."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.time import DAY_S, Span, ZoneTimeline, day_of_date
from clarity_desktop.ui.charts.timescale import TimeScale, clock_changes, clock_ticks

SPRING = day_of_date(date(2025, 3, 30))
AUTUMN = day_of_date(date(2025, 10, 26))


def test_spring_day_skips_the_hour_that_never_was(berlin: ZoneTimeline) -> None:
    day = berlin.day_span(SPRING)
    assert day.length_s == 23 * 3600
    labels = [tick.label for tick in clock_ticks(berlin, day, 2400)]
    assert "01:00" in labels
    assert "03:00" in labels
    assert "02:00" not in labels


def test_autumn_day_shows_the_doubled_hour_twice(berlin: ZoneTimeline) -> None:
    labels = [tick.label for tick in clock_ticks(berlin, berlin.day_span(AUTUMN), 2400)]
    assert labels.count("02:00") == 2


def test_midnight_is_strong_and_carries_the_date(berlin: ZoneTimeline) -> None:
    ticks = clock_ticks(
        berlin, Span(berlin.instant_of_local(SPRING, 3600 * 20), berlin.instant_of_local(SPRING + 1, 9000)), 600
    )
    strong = [tick for tick in ticks if tick.strong]
    assert [tick.label for tick in strong] == ["Mon 31 Mar"]
    assert strong[0].instant == berlin.instant_of_local(SPRING + 1)


@pytest.mark.parametrize(("days", "wanted"), [(14, "Mon"), (120, "Mar"), (900, "2025")])
def test_long_windows_get_days_weeks_months(berlin: ZoneTimeline, days: int, wanted: str) -> None:
    start = berlin.instant_of_local(day_of_date(date(2024, 12, 20)))
    ticks = clock_ticks(berlin, Span(start, start + days * DAY_S), 1000)
    assert any(wanted in tick.label for tick in ticks)


@given(
    zone=st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "UTC", "Australia/Lord_Howe"]
    ),
    start=st.integers(1_262_304_000, 1_767_225_600),
    length=st.integers(600, 900 * DAY_S),
    width=st.integers(120, 2000),
)
def test_ticks_are_in_order_inside_and_on_the_clock(zone: str, start: int, length: int, width: int) -> None:
    timeline = ZoneTimeline.single(zone)
    span = Span(start, start + length)
    ticks = clock_ticks(timeline, span, width)
    instants = [tick.instant for tick in ticks]
    assert instants == sorted(set(instants))
    assert all(span.start <= instant <= span.stop for instant in instants)
    local = timeline.local_seconds(np.array(instants, dtype=np.int64)) if instants else np.empty(0, np.int64)
    assert all(second % 900 == 0 for second in local.tolist())
    scale = TimeScale(span, 0, width)
    steps = [scale.x(after) - scale.x(before) for before, after in pairwise(instants)]
    assert float(np.median(steps or [1e9])) >= 35


def test_changes_name_clock_change_and_journey(berlin: ZoneTimeline, traveller: ZoneTimeline) -> None:
    (change,) = clock_changes(berlin, berlin.day_span(SPRING))
    assert (change.label, change.travel) == ("+1 h clock change", False)
    assert datetime.fromtimestamp(change.instant, UTC) == datetime(2025, 3, 30, 1, tzinfo=UTC)
    (journey,) = clock_changes(traveller, Span(1_736_500_000, 1_736_600_000))
    assert (journey.label, journey.travel) == ("Asia/Tokyo, +8 h", True)


@given(st.floats(0, 1), st.integers(60, 10**8))
def test_scale_maps_there_and_back(share: float, length: int) -> None:
    scale = TimeScale(Span(1_700_000_000, 1_700_000_000 + length), 100, 800)
    instant = 1_700_000_000 + share * length
    assert abs(scale.instant(scale.x(instant)) - instant) <= 1.01
