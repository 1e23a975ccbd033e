"""Regularity of states and timing of nights, in closed form and against their invariants."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.time import ZoneTimeline, day_of_date
from clarity_desktop.signals.clock import LocalClock
from clarity_desktop.sleep.heart_rate import heart_rate_dip, night_heart_rate
from clarity_desktop.sleep.regularity import (
    day_matrix,
    pairs_of_days,
    sleep_regularity_elapsed,
    sleep_regularity_index,
    vector_midpoint,
)
from clarity_desktop.sleep.states import SLEEP, UNKNOWN, WAKE
from clarity_desktop.sleep.timing import TimedNights, timing_of

BERLIN = ZoneTimeline.single("Europe/Berlin")


def clock_of(first: date, days: int, zone: ZoneTimeline = BERLIN) -> LocalClock:
    start = zone.instant_of_local(day_of_date(first))
    stop = zone.instant_of_local(day_of_date(first) + days)
    return LocalClock(start, 60, (stop - start) // 60, zone)


def night_states(clock: LocalClock) -> np.ndarray:
    minute = clock.minute_of_day
    return np.where((minute >= 23 * 60) | (minute < 7 * 60), SLEEP, WAKE).astype(np.int8)


def test_equal_days_have_an_index_of_100_across_a_clock_change() -> None:
    clock = clock_of(date(2024, 3, 25), 14)
    states = night_states(clock)
    assert sleep_regularity_index(states, clock.minute_of_day, clock.local_day) == 100
    elapsed = sleep_regularity_elapsed(states)
    assert elapsed is not None
    assert elapsed < 100


def test_opposite_days_have_an_index_of_minus_100() -> None:
    clock = clock_of(date(2024, 1, 1), 6)
    states = (clock.local_day % 2).astype(np.int8)
    assert sleep_regularity_index(states, clock.minute_of_day, clock.local_day) == -100


@given(st.integers(0, 2**32 - 1))
def test_chance_is_about_0(seed: int) -> None:
    clock = clock_of(date(2024, 1, 1), 15)
    states = np.random.default_rng(seed).integers(0, 2, clock.n).astype(np.int8)
    index = sleep_regularity_index(states, clock.minute_of_day, clock.local_day)
    assert index == pytest.approx(0, abs=5)


def test_dates_with_more_than_six_hours_unknown_are_left_out() -> None:
    clock = clock_of(date(2024, 1, 1), 8)
    states = night_states(clock)
    states[3 * 1440 : 3 * 1440 + 361] = UNKNOWN
    pairs = pairs_of_days(*day_matrix(states, clock.minute_of_day, clock.local_day), most_unknown_min=360)
    assert pairs.known.tolist() == [1440, 1440, 0, 0, 1440, 1440, 1440]
    arguments = (states, clock.minute_of_day, clock.local_day)
    assert sleep_regularity_index(*arguments, most_unknown_min=360, least_pairs=5) == 100
    assert sleep_regularity_index(*arguments, most_unknown_min=360, least_pairs=6) is None


def test_a_repeated_minute_keeps_its_first_state() -> None:
    clock = clock_of(date(2024, 10, 27), 1)
    states = np.zeros(clock.n, np.int8)
    repeated = np.flatnonzero(clock.minute_of_day == 150)
    states[repeated[1]] = SLEEP
    matrix, first = day_matrix(states, clock.minute_of_day, clock.local_day)
    assert matrix[0, 150] == WAKE
    assert first == day_of_date(date(2024, 10, 27))


def test_the_vector_midpoint_crosses_midnight() -> None:
    clock = clock_of(date(2024, 1, 1), 3)
    found = vector_midpoint(night_states(clock), clock.minute_of_day)
    assert found is not None
    assert found.hour == pytest.approx(3 - 0.5 / 60, abs=1e-6)
    assert 0 < found.concentration < 1
    assert vector_midpoint(np.zeros(clock.n, np.int8), clock.minute_of_day) is None


def nights(middle: list[float], duration: list[float], free: list[bool], day: list[int] | None = None) -> TimedNights:
    m, d = np.array(middle), np.array(duration)
    days = np.arange(len(middle)) if day is None else np.array(day)
    return TimedNights(days, m - d / 2, m + d / 2, d, np.array(free))


def test_timing_by_hand() -> None:
    found = timing_of(nights([3, 3, 3, 3, 3, 5, 5], [7, 7, 7, 7, 7, 9, 9], [False] * 5 + [True] * 2))
    assert found.msw_h == 3
    assert found.msf_h == 5
    assert found.social_jetlag_h == 2
    assert found.sd_week_h == pytest.approx((35 + 18) / 7)
    assert found.msfsc_h == pytest.approx(5 - (9 - 53 / 7) / 2)
    assert found.social_jetlag_sc_h == pytest.approx(1)
    assert found.sleep_debt_h_14d == 5
    assert (found.free_onset_later_min, found.free_offset_later_min) == pytest.approx((60, 180))
    assert found.free_duration_longer_min == pytest.approx(120)
    assert found.midpoint_rmssd_h == pytest.approx(np.sqrt(4 / 6))
    away = 3 - found.msfsc_h
    rest = [abs(away)] * 4 + [np.hypot(5 - found.msfsc_h, 2), abs(5 - found.msfsc_h)]
    assert found.cpd_h == pytest.approx(np.mean(rest))


def test_no_correction_when_free_nights_are_shorter() -> None:
    found = timing_of(nights([3, 3, 5, 5], [8, 8, 7, 7], [False, False, True, True]))
    assert found.msfsc_h == 5


def test_only_successive_dates_make_steps() -> None:
    found = timing_of(nights([3, 9, 3], [7, 7, 7], [False] * 3, [0, 2, 4]))
    assert found.midpoint_rmssd_h is None
    assert found.cpd_h is None
    assert found.social_jetlag_h is None
    assert not found.deviation_is_sufficient


@given(st.lists(st.floats(-6, 12), min_size=8, max_size=8), st.floats(-3, 3))
def test_shifting_every_night_changes_no_difference(middle: list[float], shift: float) -> None:
    free = [False] * 5 + [True] * 3
    one = timing_of(nights(middle, [7.5] * 8, free))
    other = timing_of(nights([m + shift for m in middle], [7.5] * 8, free))
    assert one.social_jetlag_h == pytest.approx(other.social_jetlag_h, abs=1e-9)
    assert one.cpd_h == pytest.approx(other.cpd_h, abs=1e-9)
    assert one.midpoint_sd_h == pytest.approx(other.midpoint_sd_h, abs=1e-9)


def test_heart_rate_of_a_night() -> None:
    at = np.arange(0, 8 * 3600, 60)
    rate = 60 + 8 * np.cos(2 * np.pi * (at - 4 * 3600) / (16 * 3600) + np.pi)
    found = night_heart_rate(at, rate, 0, 8 * 3600)
    assert found is not None
    assert found.blocks == 96
    assert found.resting == pytest.approx(52, abs=0.3)
    assert found.nadir_at == pytest.approx(4 * 3600, abs=600)
    assert night_heart_rate(at[:50], rate[:50], 0, 8 * 3600) is None


def test_heart_rate_dip_leaves_out_moving_minutes() -> None:
    at = np.arange(0, 1000 * 60, 60)
    asleep = at >= 500 * 60
    rate = np.where(asleep, 54.0, 60.0)
    rate[:100] = 140
    assert heart_rate_dip(at, rate, at[:100], asleep) == pytest.approx(10)
    assert heart_rate_dip(at, rate, at[:0], asleep & False) is None
