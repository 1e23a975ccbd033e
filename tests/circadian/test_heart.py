"""The rhythm of heart rate and its own clock: closed forms, known truth, and what holds for any recording."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.circadian.heart_clock import clock_of_window, daily_clocks
from clarity_desktop.circadian.heart_rhythm import HeartBins, heart_bins, heart_cosinor
from clarity_desktop.domain.epochs import Epochs, EpochState
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.time import ZoneTimeline, day_of_date

UTC = ZoneTimeline.single("UTC")


def epochs(values: np.ndarray, start: int = 0, step_s: int = 300, zone: ZoneTimeline = UTC) -> Epochs:
    state = np.where(np.isfinite(values), EpochState.WORN, EpochState.MISSING).astype(np.uint8)
    return Epochs(start, step_s, values.astype(np.float32), state, zone)


def hours(n: int) -> np.ndarray:
    return (np.arange(n) * 300 + 150) % 86_400 / 3600


def apart(one: float, other: float) -> float:
    return abs((one - other + 12) % 24 - 12)


def simulated(
    seed: int, days: int, *, lowest_h: float = 4.0, amplitude: float = 6.0, k: float = 0.7, missing: float = 0.3
) -> HeartBins:
    """The model itself, with steps in a third of the bins and some bins without a rate."""
    random = np.random.default_rng(seed)
    n = 288 * days
    noise = random.normal(0, 3, n)
    noise[0] /= math.sqrt(1 - k * k)
    for place in range(1, n):
        noise[place] += k * noise[place - 1]
    steps = np.where(random.random(n) < 0.3, random.integers(0, 500, n), 0)
    rate = 60 - amplitude * np.cos(2 * np.pi * (hours(n) - lowest_h) / 24) + 0.2 * steps / 5 + noise
    rate[random.random(n) < missing] = np.nan
    return heart_bins(epochs(rate), epochs(steps))


def test_a_cosine_is_found_exactly() -> None:
    rate = 65 + 7 * np.cos(2 * np.pi * (hours(288 * 3) - 16.25) / 24)
    found = heart_cosinor(heart_bins(epochs(rate)))
    assert found is not None
    assert found.mesor == pytest.approx(65, abs=1e-4)
    assert found.amplitude == pytest.approx(7, abs=1e-4)
    assert found.acrophase_h == pytest.approx(16.25, abs=1e-4)
    assert found.trough_h == pytest.approx(4.25, abs=1e-4)
    assert found.per_step is None
    assert found.n == 864


def test_steps_are_told_from_the_rhythm() -> None:
    hour = hours(288 * 3)
    steps = np.where((hour > 7) & (hour < 9), 400.0, 0.0)
    rate = 60 + 5 * np.cos(2 * np.pi * (hour - 16) / 24) + 0.3 * steps / 5
    bins = heart_bins(epochs(rate), epochs(steps))
    plain, adjusted = heart_cosinor(bins), heart_cosinor(bins, adjusted=True)
    assert plain is not None
    assert adjusted is not None
    assert apart(plain.acrophase_h, 16) > 1
    assert adjusted.acrophase_h == pytest.approx(16, abs=1e-3)
    assert adjusted.amplitude == pytest.approx(5, abs=1e-3)
    assert adjusted.per_step == pytest.approx(0.3, abs=1e-4)
    assert adjusted.mesor == pytest.approx(60, abs=1e-3)


def test_without_steps_or_variation_nothing_is_adjusted() -> None:
    rate = 60 + np.cos(2 * np.pi * hours(288) / 24)
    assert heart_cosinor(heart_bins(epochs(rate)), adjusted=True) is None
    assert heart_cosinor(heart_bins(epochs(rate), epochs(np.zeros(288))), adjusted=True) is None
    assert heart_cosinor(heart_bins(epochs(np.full(288, np.nan)))) is None
    night_only = np.where(hours(288) < 1, 50.0, np.nan)
    assert heart_cosinor(heart_bins(epochs(night_only))) is None


def test_the_rhythm_follows_the_local_clock() -> None:
    berlin = ZoneTimeline.single("Europe/Berlin")
    start = berlin.instant_of_local(day_of_date(date(2024, 3, 29)))
    n = 288 * 4
    local = berlin.local_seconds(start + 300 * np.arange(n) + 150) % 86_400 / 3600
    found = heart_cosinor(heart_bins(epochs(60 + 4 * np.cos(2 * np.pi * (local - 15) / 24), start, zone=berlin)))
    assert found is not None
    assert found.acrophase_h == pytest.approx(15, abs=1e-3)


@given(st.integers(0, 2**31), st.integers(1, 23), st.floats(0.2, 5), st.floats(-20, 20))
def test_shift_and_scale(seed: int, shift_h: int, scale: float, offset: float) -> None:
    random = np.random.default_rng(seed)
    rate = 60 + 5 * np.cos(2 * np.pi * (hours(288 * 2) - 15) / 24) + random.normal(0, 2, 576)
    one = heart_cosinor(heart_bins(epochs(rate)))
    other = heart_cosinor(heart_bins(epochs(scale * rate + offset, start=shift_h * 3600)))
    assert one is not None
    assert other is not None
    assert other.amplitude == pytest.approx(scale * one.amplitude, rel=1e-3)
    assert other.mesor == pytest.approx(scale * one.mesor + offset, rel=1e-4, abs=1e-3)
    assert apart(other.acrophase_h, one.acrophase_h + shift_h) < 1e-3


def test_grids_must_agree() -> None:
    with pytest.raises(UsageError, match="five minutes"):
        heart_bins(epochs(np.zeros(10), step_s=60))
    with pytest.raises(UsageError):
        heart_bins(epochs(np.zeros(10)), epochs(np.zeros(9)))


def test_days_need_all_quarters() -> None:
    rate = np.full(288 * 3, 60.0)
    rate[288 + 72 : 288 + 144] = np.nan
    assert heart_bins(epochs(rate)).days.tolist() == [0, 2]
    assert heart_bins(epochs(np.full(5, np.nan))).days.size == 0


def test_the_interval_of_the_clock_holds_the_truth_nineteen_times_in_twenty() -> None:
    inside = []
    for seed in range(80):
        found = clock_of_window(simulated(seed, 2), 0, 576)
        assert found is not None
        low, high = ((bound - 4 + 12) % 24 - 12 for bound in found.interval_h)
        inside.append(low <= 0 <= high)
    assert 0.88 <= np.mean(inside) <= 1


def test_all_six_parameters_are_found() -> None:
    found = clock_of_window(simulated(1, 60, lowest_h=23.6), 0, 288 * 60)
    assert found is not None
    assert found.base == pytest.approx(60, abs=0.5)
    assert found.amplitude == pytest.approx(6, abs=0.5)
    assert apart(found.lowest_h, 23.6) < 0.3
    assert found.per_step == pytest.approx(0.2, abs=0.01)
    assert found.autocorrelation == pytest.approx(0.7, abs=0.03)
    assert found.innovation == pytest.approx(3, abs=0.1)
    assert 0 < found.half_width_h < 0.5


def test_a_drifting_clock_is_followed_day_by_day() -> None:
    n = 288 * 12
    elapsed = (np.arange(n) * 300 + 150) / 3600
    random = np.random.default_rng(4)
    rate = 60 - 8 * np.cos(2 * np.pi * (elapsed - 3) / 25) + random.normal(0, 1, n)
    found = daily_clocks(heart_bins(epochs(rate)))
    assert [clock.day for clock in found] == list(range(1, 12))
    steps = np.diff(np.unwrap([clock.lowest_h for clock in found], period=24))
    assert np.mean(steps) == pytest.approx(1.0, abs=0.08)


def test_without_amplitude_there_is_no_phase() -> None:
    found = [clock_of_window(simulated(seed, 2, amplitude=0.0), 0, 576) for seed in range(40)]
    assert sum(one is None for one in found) >= 32


def test_too_few_bins_give_no_clock() -> None:
    assert clock_of_window(simulated(1, 2, missing=0.6), 0, 576) is None
    assert clock_of_window(simulated(1, 1), 0, 20) is None
    assert daily_clocks(heart_bins(epochs(np.empty(0)))) == ()
