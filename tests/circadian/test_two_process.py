"""The two-process model: closed forms, bounds, and the gate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.circadian.two_process import KNOWN_WITHIN, two_process


def regular(days: int, asleep_h: int = 8) -> np.ndarray:
    """Minutes of days that begin at waking."""
    return np.tile(np.repeat([0, 1], [(24 - asleep_h) * 60, asleep_h * 60]), days).astype(np.int8)


def test_regular_days_settle_on_the_closed_form() -> None:
    found = two_process(regular(8), 0, 60)
    rise, fall = math.exp(-16 / 18.2), math.exp(-8 / 4.2)
    lowest = (1 - rise) * fall / (1 - rise * fall)
    assert found.pressure[-1] == pytest.approx(lowest, abs=1e-6)
    assert found.pressure[-1 - 8 * 60] == pytest.approx(1 - (1 - lowest) * rise, abs=1e-6)
    assert found.upper is None


def test_awake_and_asleep_follow_their_exponentials() -> None:
    awake = two_process(np.zeros(1000, np.int8), 0, 60)
    assert awake.least[-1] == pytest.approx(1 - math.exp(-1000 / 60 / 18.2))
    assert awake.most.tolist() == [1.0] * 1001
    asleep = two_process(np.ones(300, np.int8), 0, 60)
    assert asleep.most[-1] == pytest.approx(math.exp(-5 / 4.2))
    assert asleep.least.tolist() == [0.0] * 301


def test_the_start_is_forgotten_after_two_nights() -> None:
    found = two_process(regular(4), 0, 60)
    known = np.isfinite(found.pressure)
    assert not known[0]
    assert known[48 * 60 :].all()


def test_an_unknown_day_opens_the_bounds_and_sleep_closes_them() -> None:
    states = regular(9)
    states[4 * 1440 : 5 * 1440] = -1
    found = two_process(states, 0, 60)
    assert np.isfinite(found.pressure[4 * 1440 - 1])
    assert np.isnan(found.pressure[5 * 1440])
    assert np.isfinite(found.pressure[-1])
    whole = two_process(regular(9), 0, 60)
    assert np.all(found.least <= whole.most + 1e-12)
    assert np.all(found.most >= whole.least - 1e-12)


def test_a_charging_watch_leaves_the_curve_as_it_is() -> None:
    states, whole = regular(5), two_process(regular(5), 0, 60)
    for day in range(5):
        states[day * 1440 + 300 : day * 1440 + 360] = -1
    assert two_process(states, 0, 60).pressure == pytest.approx(whole.pressure, nan_ok=True)
    states[300 : 300 + 121] = -1
    assert two_process(states, 0, 60).least[421] < whole.least[421]
    edge = regular(1)
    edge[:30] = -1
    assert two_process(edge, 0, 60).least[30] == 0


@given(st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=300), st.integers(-(10**9), 10**9))
def test_bounds_hold_and_time_of_day_changes_nothing(states: list[int], start: int) -> None:
    array = np.array(states, dtype=np.int8)
    found, moved = two_process(array, 0, 600), two_process(array, start, 600)
    assert np.all((found.least >= 0) & (found.most <= 1) & (found.least <= found.most + 1e-12))
    assert np.array_equal(found.pressure, moved.pressure, equal_nan=True)
    assert np.array_equal(moved.times - start, found.times)
    known = np.isfinite(found.pressure)
    assert np.all((found.most - found.least)[known] <= KNOWN_WITHIN)


@pytest.mark.parametrize("factor", [2, 6, 60])
def test_finer_epochs_give_the_same_curve(factor: int) -> None:
    states = regular(2)[::60]
    coarse, fine = two_process(states, 0, 3600), two_process(np.repeat(states, factor), 0, 3600 // factor)
    assert fine.least[::factor] == pytest.approx(coarse.least)
    assert fine.most[::factor] == pytest.approx(coarse.most)


def test_the_gate_is_lowest_at_the_minimum_and_turns_once_between_two() -> None:
    minima = np.array([4 * 3600, 29 * 3600], dtype=np.int64)
    found = two_process(regular(3), 0, 60, cbtmin=minima)
    assert found.upper is not None
    assert found.lower is not None
    assert found.upper[4 * 60] == pytest.approx(0.57)
    assert found.upper[29 * 60] == pytest.approx(0.57)
    assert found.upper[16 * 60 + 30] == pytest.approx(0.77)
    assert found.upper[(29 + 12) * 60] == pytest.approx(0.77)
    assert found.upper - found.lower == pytest.approx(np.full(found.times.size, 0.5))
    with pytest.raises(ValueError, match="rise"):
        two_process(regular(1), 0, 60, cbtmin=minima[::-1].copy())


def test_pressure_at_instants() -> None:
    found = two_process(regular(4), 1000, 60)
    wanted = np.array([1000 + 80 * 3600, 999 - 60, 1000 + 97 * 3600, 1000])
    answered = found.at(wanted)
    assert answered[0] == found.pressure[80 * 60]
    assert np.isnan(answered[1:]).all()
    assert np.isnan(two_process(np.empty(0, np.int8), 0, 60).at(wanted)).all()
