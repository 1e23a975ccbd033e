"""Zone timelines: clock changes, travel, skipped and repeated hours."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.time import (
    DAY_S,
    UNKNOWN_ZONE,
    Certainty,
    Span,
    ZonePeriod,
    ZoneTimeline,
    date_of_day,
    day_of_date,
    format_instant,
    zone_of_name,
)

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo", "Asia/Kathmandu", "UTC-03:30")


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", date(2024, 3, 10), 23),
        ("America/New_York", date(2024, 11, 3), 25),
        ("Europe/Berlin", date(2025, 3, 30), 23),
        ("Australia/Lord_Howe", date(2024, 10, 6), 23.5),
        ("Australia/Lord_Howe", date(2024, 4, 7), 24.5),
        ("Asia/Tokyo", date(2024, 3, 10), 24),
        (UNKNOWN_ZONE, date(2024, 3, 10), 24),
    ],
)
def test_a_local_day_has_the_hours_its_clock_change_gives(zone: str, day: date, hours: float) -> None:
    assert ZoneTimeline.single(zone).day_span(day_of_date(day)).length_s == hours * 3600


@given(st.sampled_from(ZONES), st.integers(instant("1990-01-01T00:00+00:00"), instant("2035-01-01T00:00+00:00")))
def test_offsets_equal_those_of_the_standard_library(zone: str, at: int) -> None:
    expected = datetime.fromtimestamp(at, tz=UTC).astimezone(zone_of_name(zone)).utcoffset()
    assert expected is not None
    timeline = ZoneTimeline.single(zone)
    instants = np.array([at, at + 200 * DAY_S], dtype=np.int64)
    assert timeline.offsets_s(instants)[0] == expected.total_seconds()


@given(st.sampled_from(ZONES), st.integers(7000, 22000))
def test_consecutive_local_days_touch_and_hold_their_own_midnight(zone: str, day: int) -> None:
    timeline = ZoneTimeline.single(zone)
    today, tomorrow = timeline.day_span(day), timeline.day_span(day + 1)
    assert today.stop == tomorrow.start
    seconds = np.array([today.start, today.stop - 1], dtype=np.int64)
    assert timeline.local_days(seconds).tolist() == [day, day]


def test_travel_makes_a_short_day_and_changes_the_offset_at_the_instant() -> None:
    flight = instant("2024-03-09T12:00:00+00:00")
    timeline = ZoneTimeline(
        (
            ZonePeriod(0, "Europe/Berlin", Certainty.STATED, "test"),
            ZonePeriod(flight, "Asia/Tokyo", Certainty.STATED, "test"),
        )
    )
    assert timeline.day_span(day_of_date(date(2024, 3, 9))).length_s == 16 * 3600
    assert timeline.zone_at(flight - 1).zone == "Europe/Berlin"
    assert timeline.zone_at(flight).zone == "Asia/Tokyo"
    assert timeline.offsets_s(np.array([flight - 1, flight])).tolist() == [3600, 9 * 3600]


def test_a_skipped_local_time_maps_to_the_instant_of_the_skip() -> None:
    timeline = ZoneTimeline.single("Europe/Berlin")
    day = day_of_date(date(2025, 3, 30))
    assert timeline.instant_of_local(day, 2 * 3600 + 1800) == instant("2025-03-30T01:00:00+00:00")


def test_a_repeated_local_time_maps_to_its_first_instant() -> None:
    timeline = ZoneTimeline.single("Europe/Berlin")
    day = day_of_date(date(2025, 10, 26))
    assert timeline.instant_of_local(day, 2 * 3600 + 1800) == instant("2025-10-26T00:30:00+00:00")


def test_the_two_half_past_twos_print_different_offsets() -> None:
    timeline = ZoneTimeline.single("Europe/Berlin")
    assert timeline.format(instant("2025-10-26T00:30:00+00:00")) == "2025-10-26T02:30:00+02:00"
    assert timeline.format(instant("2025-10-26T01:30:00+00:00")) == "2025-10-26T02:30:00+01:00"


@given(st.integers(-40_000, 40_000))
def test_day_numbers_and_dates_round_trip(day: int) -> None:
    assert day_of_date(date_of_day(day)) == day


def test_an_unknown_zone_is_named_in_the_error() -> None:
    with pytest.raises(InputError) as caught:
        ZoneTimeline.single("Mars/Olympus")
    assert caught.value.code == "time.unknown_zone"
    assert "Mars/Olympus" in caught.value.message


@pytest.mark.parametrize("periods", [(), ("unordered",), ("twice",)])
def test_a_timeline_refuses_periods_without_order(periods: tuple[str, ...]) -> None:
    first = ZonePeriod(10, "Asia/Tokyo", Certainty.STATED, "")
    second = ZonePeriod(5 if periods == ("unordered",) else 10, "Europe/Berlin", Certainty.STATED, "")
    with pytest.raises(ValueError, match="period"):
        ZoneTimeline((first, second) if periods else ())


def test_spans_are_half_open() -> None:
    assert not Span(0, 10).intersects(Span(10, 20))
    assert Span(0, 11).intersects(Span(10, 20))
    with pytest.raises(ValueError, match="stops"):
        Span(2, 1)


def test_format_of_negative_and_early_instants() -> None:
    assert format_instant(-1, 0) == "1969-12-31T23:59:59+00:00"
