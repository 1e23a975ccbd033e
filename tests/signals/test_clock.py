"""The local clock: bins on the clock hour, days of 23, 23.5 and 25 hours, travel."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarity_desktop.domain.time import Certainty, ZonePeriod, ZoneTimeline, day_of_date
from clarity_desktop.signals.clock import LocalClock, average_day, day_boundaries
from clarity_desktop.signals.epochs import epochs_of_counts


def instant(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())  # type: ignore[misc, arg-type]


TRAVEL = ZoneTimeline(
    (
        ZonePeriod(0, "Europe/Berlin", Certainty.STATED, "test"),
        ZonePeriod(instant(2024, 3, 2, 12), "Asia/Tokyo", Certainty.STATED, "test"),
        ZonePeriod(instant(2024, 3, 20, 4), "Pacific/Auckland", Certainty.STATED, "test"),
        ZonePeriod(instant(2024, 3, 25, 11), "Pacific/Honolulu", Certainty.STATED, "test"),
    )
)
ZONES = {
    "Berlin": ZoneTimeline.single("Europe/Berlin"),
    "Lord Howe": ZoneTimeline.single("Australia/Lord_Howe"),
    "Kathmandu": ZoneTimeline.single("Asia/Kathmandu"),
    "New York": ZoneTimeline.single("America/New_York"),
    "travel": TRAVEL,
}


@pytest.mark.parametrize("name", list(ZONES))
def test_minutes_and_days_follow_the_zone(name: str) -> None:
    zone = ZONES[name]
    clock = LocalClock(instant(2024, 3, 1, 7, 13), 60, 60 * 1440, zone)
    times = clock.start + 60 * np.arange(clock.n)
    local = zone.local_seconds(times)
    np.testing.assert_array_equal(clock.minute_of_day, local % 86400 // 60)
    np.testing.assert_array_equal(clock.local_day, local // 86400)


@settings(max_examples=40)
@given(
    st.sampled_from(list(ZONES)),
    st.sampled_from([1, 5, 7 * 2, 30, 60, 240]),
    st.integers(0, 3000),
    st.integers(1, 9000),
    st.sampled_from([30, 60, 120]),
)
def test_bins_are_maximal_runs_of_day_offset_and_clock_bin(
    name: str, width: int, shift: int, n: int, step_s: int
) -> None:
    if 1440 % width:
        width = 15
    zone = ZONES[name]
    start = instant(2024, 3, 30, 0) + 60 * shift
    clock = LocalClock(start, step_s, n, zone)
    bins = clock.bins(width)
    times = start + step_s * np.arange(n)
    offset = zone.offsets_s(times)
    key = np.stack((clock.local_day, offset, clock.minute_of_day // width))
    change = np.flatnonzero(np.any(key[:, 1:] != key[:, :-1], axis=0)) + 1
    np.testing.assert_array_equal(bins.first, np.concatenate(([0], change)))
    np.testing.assert_array_equal(bins.stop, np.concatenate((change, [n])))
    np.testing.assert_array_equal(bins.minute, key[2, bins.first] * width)
    np.testing.assert_array_equal(bins.day, key[0, bins.first])
    assert (bins.start <= times[bins.first]).all()


def test_the_days_of_clock_changes_have_23_25_and_half_hours() -> None:
    def hours(zone: str, year: int, month: int, day: int) -> float:
        number = day_of_date(datetime(year, month, day, tzinfo=UTC).date())
        clock = LocalClock(instant(year, month, day) - 2 * 86400, 60, 5 * 1440, ZoneTimeline.single(zone))
        return float(np.count_nonzero(clock.local_day == number)) / 60

    assert hours("America/New_York", 2024, 3, 10) == 23
    assert hours("America/New_York", 2024, 11, 3) == 25
    assert hours("Australia/Lord_Howe", 2024, 4, 7) == 24.5
    assert hours("Australia/Lord_Howe", 2024, 10, 6) == 23.5


def test_a_repeated_hour_makes_two_bins_and_a_skipped_one_none() -> None:
    zone = ZoneTimeline.single("America/New_York")
    autumn = LocalClock(instant(2024, 11, 3, 4), 60, 25 * 60, zone).bins(60)
    assert autumn.minute[:4].tolist() == [0, 60, 60, 120]
    assert autumn.minute.size == 25
    spring = LocalClock(instant(2024, 3, 10, 5), 60, 23 * 60, zone).bins(60)
    assert spring.minute[:4].tolist() == [0, 60, 180, 240]


def test_a_bin_with_less_than_half_its_width_is_missing() -> None:
    clock = LocalClock(0, 60, 120, ZoneTimeline.single("UTC"))
    valid = np.ones(120, dtype=bool)
    valid[:30] = False
    valid[60:91] = False
    means = clock.bins(60).means(np.arange(120, dtype=np.float32), valid, 60)
    assert means[0] == 44.5
    assert np.isnan(means[1])


def test_the_average_day_counts_each_minute_by_its_days() -> None:
    values = np.tile(np.arange(1440, dtype=np.float32), 3)
    values[1440:1500] = np.nan
    values[2880:] += 30
    day = average_day(epochs_of_counts(0, values, ZoneTimeline.single("UTC")))
    assert day.n[0] == 2
    assert day.n[100] == 3
    assert day.mean[100] == 110
    assert day.median[100] == 100
    assert (day.lower[0], day.median[0], day.upper[0]) == (7.5, 15.0, 22.5)
    rows = np.stack([values[:1440], values[1440:2880], values[2880:]])
    np.testing.assert_allclose(day.upper, np.nanpercentile(rows, 75, axis=0))


def test_a_repeated_minute_counts_twice_in_the_average_day() -> None:
    epochs = epochs_of_counts(instant(2024, 11, 3, 4), np.ones(25 * 60), ZoneTimeline.single("America/New_York"))
    assert average_day(epochs).n[60:120].tolist() == [2] * 60


@pytest.mark.parametrize("name", list(ZONES))
def test_boundaries_cut_time_into_local_days(name: str) -> None:
    zone = ZONES[name]
    start, stop = instant(2024, 2, 27, 5), instant(2024, 4, 20, 9)
    cuts, day = day_boundaries(zone, start, stop)
    assert cuts[0] == start
    assert (np.diff(cuts) > 0).all()
    times = np.arange(start, stop, 900)
    found = day[np.searchsorted(cuts, times, side="right") - 1]
    np.testing.assert_array_equal(found, zone.local_days(times))


def test_rows_hold_every_value_once() -> None:
    values = np.arange(4 * 1440, dtype=np.float32)
    clock = LocalClock(instant(2024, 3, 30, 9, 17), 60, values.size, ZONES["Berlin"])
    rows, day = clock.rows(values)
    assert np.sort(rows[np.isfinite(rows)]).tolist() == values.tolist()
    assert day.tolist() == sorted(day.tolist())
    assert rows.shape == (day.size, 1440)
