"""Change over time: closed forms, known breaks, and what holds for any series."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.analysis.findings.trends import before_after, change_points, rolling_mean, trend_of


def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def test_rolling_means_leave_gaps_open() -> None:
    day = np.array([0, 1, 2, 3, 10, 11])
    found = rolling_mean(day, np.array([1.0, 2.0, 3.0, 4.0, 8.0, 8.0]), 4)
    assert found.day.tolist() == list(range(12))
    assert found.mean[3] == 2.5
    assert found.mean[1] == 1.5
    assert np.isnan(found.mean[0])
    assert np.isnan(found.mean[7])
    assert found.mean[11] == 8
    assert found.n.tolist() == [1, 2, 3, 4, 3, 2, 1, 0, 0, 0, 1, 2]
    assert rolling_mean(np.empty(0, np.int64), np.empty(0), 7).day.size == 0


def test_a_straight_line_has_its_slope() -> None:
    day = np.arange(30)
    value = 400 + 1.5 * day
    value[7] = 9000
    found = trend_of(day, value)
    assert found is not None
    assert found.slope_per_day == pytest.approx(1.5)
    assert found.p < 1e-6
    assert trend_of(day[:6], value[:6]) is None


def test_a_constant_has_no_trend() -> None:
    found = trend_of(np.arange(10), np.full(10, 3.0))
    assert found is not None
    assert (found.slope_per_day, found.p) == (0.0, 1.0)


@given(st.lists(st.floats(-1e3, 1e3), min_size=7, max_size=40))
def test_mirrored_time_mirrors_the_slope(values: list[float]) -> None:
    day, value = np.arange(len(values)), np.array(values)
    one, other = trend_of(day, value), trend_of(day, value[::-1])
    assert one is not None
    assert other is not None
    assert one.slope_per_day == pytest.approx(-other.slope_per_day, abs=1e-9)
    assert 0 <= one.p <= 1


def test_known_breaks_are_found() -> None:
    level = np.repeat([420.0, 360.0, 430.0], [30, 25, 40])
    found = change_points(level + rng().normal(0, 8, level.size))
    assert found == pytest.approx((30, 55), abs=1)


def test_noise_has_no_breaks() -> None:
    assert change_points(rng().normal(400, 30, 120)) == ()
    assert change_points(np.full(50, 7.0)) == ()
    assert change_points(np.arange(13.0)) == ()


def test_segments_keep_their_least_length() -> None:
    level = np.repeat([0.0, 50.0, 0.0], [20, 3, 20])
    places = (0, *change_points(level + rng().normal(0, 0.5, level.size)), level.size)
    assert min(np.diff(places)) >= 7


def test_before_and_after() -> None:
    day = np.arange(60)
    value = np.where(day < 30, 400.0, 430.0) + rng().normal(0, 15, 60)
    found = before_after(day, value, 30, rng(), washout_days=5)
    assert found is not None
    assert (found.n_before, found.n_after) == (30, 25)
    assert found.interval is not None
    assert found.interval[0] < found.difference < found.interval[1]
    assert found.interval[0] > 0
    assert found.hedges_g == pytest.approx(2, abs=0.8)


def test_too_few_days_on_a_side() -> None:
    found = before_after(np.arange(12), np.arange(12.0), 6, rng())
    assert found is not None
    assert found.insufficient == "Needs 7 valid days on each side, has 6 and 6."
    assert before_after(np.arange(12), np.arange(12.0), 50, rng()) is None


def autoregression(seed: int, n: int, rho: float) -> np.ndarray:
    random = np.random.default_rng(seed)
    values = random.normal(0, 30, n)
    for place in range(1, n):
        values[place] += rho * values[place - 1]
    return values


def test_a_slow_swing_is_seldom_taken_for_levels() -> None:
    assert sum(bool(change_points(autoregression(seed, 90, 0.5))) for seed in range(40)) <= 14
    assert sum(bool(change_points(autoregression(seed, 90, 0.0))) for seed in range(40)) <= 6


def test_a_great_break_is_found_beside_a_slow_swing() -> None:
    found = change_points(autoregression(2, 90, 0.4) + np.repeat([0.0, 250.0], 45))
    assert any(abs(place - 45) <= 1 for place in found)


@given(st.integers(0, 2**31))
def test_segments_are_the_best_of_all(seed: int) -> None:
    """Every way to cut 16 alternating values in two is tried by hand."""
    random = np.random.default_rng(seed)
    # A sign that alternates keeps the robust autocorrelation at 0, so the values themselves are segmented.
    value = np.tile([40.0, -40.0], 8) + np.repeat([0.0, random.uniform(200, 400)], 8) + random.normal(0, 1, 16)
    best = min(range(7, 10), key=lambda place: value[:place].var() * place + value[place:].var() * (16 - place))
    assert change_points(value) == (best,)


def test_p_is_widened_by_autocorrelation() -> None:
    day = np.arange(200)
    found = trend_of(day, autoregression(5, 200, 0.6))
    assert found is not None
    assert found.autocorrelation == pytest.approx(0.6, abs=0.15)
    assert found.p_adjusted >= found.p
    assert "correlate by 0." in found.remark
    assert found.interval is not None
    assert found.interval[0] <= found.slope_per_day <= found.interval[1]
    false = [trend_of(day[:60], autoregression(seed, 60, 0.5)) for seed in range(100)]
    plain = sum(one is not None and one.p < 0.05 for one in false)
    adjusted = sum(one is not None and one.p_adjusted < 0.05 for one in false)
    assert adjusted < plain
    assert adjusted <= 18


def test_every_other_day_has_no_autocorrelation() -> None:
    found = trend_of(2 * np.arange(20), rng().normal(0, 1, 20))
    assert found is not None
    assert found.autocorrelation is None
    assert found.p_adjusted == found.p


def test_the_interval_of_a_slope_holds_it() -> None:
    held = 0
    for seed in range(100):
        found = trend_of(np.arange(40), 0.8 * np.arange(40) + np.random.default_rng(seed).normal(0, 10, 40))
        assert found is not None
        assert found.interval is not None
        held += found.interval[0] <= 0.8 <= found.interval[1]
    assert held >= 88


def test_the_interval_of_a_difference_holds_it() -> None:
    held = 0
    for seed in range(100):
        random = np.random.default_rng(seed)
        value = random.normal(0, 10, 60) + np.repeat([0.0, 5.0], 30)
        found = before_after(np.arange(60), value, 30, random)
        assert found is not None
        assert found.interval is not None
        held += found.interval[0] <= 5 <= found.interval[1]
    assert held >= 84
