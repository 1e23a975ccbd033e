"""Shift in time, clock changes, scale and order of days: what the families beyond rest and activity must keep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from clarity_desktop.circadian.cosinor import two_component_cosinor
from clarity_desktop.circadian.entropy import multiscale_entropy
from clarity_desktop.circadian.fractal import fluctuation
from clarity_desktop.circadian.light import light_days, light_rhythm
from clarity_desktop.circadian.periodogram import chi_square_periodogram, lomb_scargle
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.circadian.sigmoid_cosinor import sigmoid_cosinor
from clarity_desktop.circadian.transitions import transitions
from clarity_desktop.circadian.wear import choi, troiano
from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.signals.clock import LocalClock
from clarity_desktop.signals.epochs import epochs_of_counts
from clarity_desktop.sleep.regularity import sleep_regularity_index, vector_midpoint
from clarity_desktop.sleep.scoring import SCORERS, score_all

DAY = 1440
DAYS = 7
BERLIN_SPRING = 1_711_321_200
"""Monday before the clocks go forward in Berlin in 2024, 00:00 local."""
Floats = NDArray[np.float64]
seeds = st.integers(0, 999)


def counts(seed: int, days: int = DAYS) -> Floats:
    random = np.random.default_rng(seed)
    hours = np.arange(days * DAY) / 60
    drive = np.maximum(0.0, np.cos(2 * np.pi * (hours - 15) / 24) + 0.4)
    values = np.rint(random.gamma(0.8, 120.0, hours.size) * drive)
    values[3000:3130] = 0.0
    values[random.integers(0, values.size, 40)] = np.nan
    return values


def prepared(values: Floats, zone: str = "UTC", start: int = 0) -> PreparedRecording:
    return PreparedRecording(epochs_of_counts(start, values, ZoneTimeline.single(zone), unit="counts"))


def elapsed_values(one: PreparedRecording) -> dict[str, float]:
    """Metrics that rest on the order of epochs and not on the clock."""
    walk, chance = fluctuation(one), transitions(one)
    wave, chi = lomb_scargle(one), chi_square_periodogram(one)
    assert walk is not None
    assert wave is not None
    assert chi is not None
    return {
        "dfa": walk.alpha,
        "dfa_short": walk.alpha_10_90,
        "p_ra": chance.p_ra,
        "k_ar": chance.k_ar,
        "lomb": wave.period_h,
        "power": wave.power,
        "chi": chi.period_h,
        "choi": float(sum(b - a for a, b in choi(one.epochs))),
        "troiano": float(sum(b - a for a, b in troiano(one.epochs))),
    }  # type: ignore[dict-item]


@settings(max_examples=8, deadline=None)
@given(seeds, st.integers(-40_000, 40_000))
def test_a_shift_of_whole_hours_changes_no_elapsed_metric(seed: int, hours: int) -> None:
    values = counts(seed)
    assert elapsed_values(prepared(values, start=3600 * hours)) == pytest.approx(elapsed_values(prepared(values)))


@settings(max_examples=6, deadline=None)
@given(seeds)
def test_a_clock_change_changes_no_elapsed_metric(seed: int) -> None:
    values = counts(seed, 8)
    plain = elapsed_values(prepared(values, "UTC", BERLIN_SPRING))
    changed = elapsed_values(prepared(values, "Europe/Berlin", BERLIN_SPRING))
    assert changed == pytest.approx(plain, rel=1e-9)


@settings(max_examples=8, deadline=None)
@given(seeds, st.sampled_from([0.25, 2.0, 8.0]), st.sampled_from([0.0, 16.0]))
def test_scale_and_offset_leave_exponents_and_periods(seed: int, a: float, b: float) -> None:
    values = counts(seed)
    plain, changed = elapsed_values(prepared(values)), elapsed_values(prepared(a * values + b))
    for name in ("dfa", "dfa_short", "lomb", "power", "chi"):
        assert changed[name] == pytest.approx(plain[name], rel=1e-6), name
    # Thresholds in counts move with the counts.
    scaled = transitions(prepared(a * values), active_above=4 * a)
    assert scaled.p_ra == pytest.approx(plain["p_ra"])


@settings(max_examples=5, deadline=None)
@given(seeds, st.permutations(range(DAYS)))
def test_the_order_of_days_leaves_every_fit_to_the_day(seed: int, order: list[int]) -> None:
    values = counts(seed).reshape(DAYS, DAY)
    plain, shuffled = prepared(values.ravel()), prepared(values[order].ravel())
    double, other = two_component_cosinor(plain), two_component_cosinor(shuffled)
    assert double is not None
    assert other is not None
    assert other.coefficients == pytest.approx(double.coefficients, rel=1e-9)
    curve, again = sigmoid_cosinor(plain), sigmoid_cosinor(shuffled)
    assert curve is not None
    assert again is not None
    assert again.rss == pytest.approx(curve.rss, rel=1e-8)
    assert again.acrophase_h == pytest.approx(curve.acrophase_h, abs=1e-4)


@settings(max_examples=6, deadline=None)
@given(seeds, st.integers(-11, 12))
def test_another_zone_moves_the_hours_of_curves_and_nothing_else(seed: int, hours: int) -> None:
    values = counts(seed)
    zone = f"UTC{'-' if hours < 0 else '+'}{abs(hours):02d}:00"
    here, there = two_component_cosinor(prepared(values)), two_component_cosinor(prepared(values, zone))
    assert here is not None
    assert there is not None
    assert there.magnitude == pytest.approx(here.magnitude, rel=1e-9)
    assert (there.orthophase_h - here.orthophase_h - hours + 12) % 24 == pytest.approx(12, abs=1e-6)
    curve, moved = sigmoid_cosinor(prepared(values)), sigmoid_cosinor(prepared(values, zone))
    assert curve is not None
    assert moved is not None
    assert moved.rss == pytest.approx(curve.rss, rel=1e-6)
    assert (moved.acrophase_h - curve.acrophase_h - hours + 12) % 24 == pytest.approx(12, abs=1e-3)


def test_curves_follow_the_local_clock_over_a_clock_change() -> None:
    zone = ZoneTimeline.single("Europe/Berlin")
    minute = LocalClock(BERLIN_SPRING, 60, 10 * DAY - 60, zone).minute_of_day
    day = 100 * np.maximum(0, np.cos(2 * np.pi * (np.arange(DAY) - 900) / DAY) + 0.4)
    fit = sigmoid_cosinor(prepared(np.rint(day[minute]), "Europe/Berlin", BERLIN_SPRING))
    plain = sigmoid_cosinor(prepared(np.tile(np.rint(day), 10)))
    assert fit is not None
    assert plain is not None
    assert fit.acrophase_h == pytest.approx(plain.acrophase_h, abs=0.01)
    assert fit.width_ratio == pytest.approx(plain.width_ratio, abs=0.005)


@settings(max_examples=6, deadline=None)
@given(seeds, st.integers(1, 90))
def test_what_lies_far_away_changes_no_state(seed: int, lead: int) -> None:
    # Neighbours beyond the record count as 0, so minutes of 0 before it change nothing for scorers of neighbours.
    values = counts(seed, 3)
    longer = np.concatenate((np.zeros(lead), values))
    found, later = score_all(values), score_all(longer)
    for name in ("cole_kripke", "cole_kripke_actigraph", "scripps", "oakley_20", "oakley_40", "oakley_80"):
        assert np.array_equal(later[name][lead:], found[name]), name
    for name in ("sadeh", "sadeh_actigraph"):
        assert np.array_equal(later[name][lead + 5 :], found[name][5:]), name


@settings(max_examples=6, deadline=None)
@given(seeds, st.sampled_from([2.0, 4.0, 0.5]))
def test_scorers_of_relative_level_know_no_unit(seed: int, factor: float) -> None:
    values = counts(seed, 4)
    for name in ("roenneberg", "crespo"):
        score = SCORERS[name].score
        assert np.array_equal(score(values * factor), score(values)), name


@settings(max_examples=8, deadline=None)
@given(seeds, st.integers(-11, 12))
def test_regularity_knows_no_zone_and_not_which_state_is_sleep(seed: int, hours: int) -> None:
    random = np.random.default_rng(seed)
    states = (random.random(8 * DAY).reshape(-1, 30).mean(axis=1) > 0.5).repeat(30).astype(np.int8)
    clock = LocalClock(0, 60, states.size, ZoneTimeline.single("UTC"))
    moved = LocalClock(0, 60, states.size, ZoneTimeline.single(f"UTC{'-' if hours < 0 else '+'}{abs(hours):02d}:00"))
    index = sleep_regularity_index(states, clock.minute_of_day, clock.local_day)
    assert index == pytest.approx(sleep_regularity_index(states, moved.minute_of_day, moved.local_day))
    assert index == pytest.approx(sleep_regularity_index(1 - states, clock.minute_of_day, clock.local_day))
    here, there = vector_midpoint(states, clock.minute_of_day), vector_midpoint(states, moved.minute_of_day)
    assert here is not None
    assert there is not None
    assert there.concentration == pytest.approx(here.concentration, abs=1e-9)


@settings(max_examples=8, deadline=None)
@given(seeds, st.permutations(range(6)), st.sampled_from([0.5, 2.0, 10.0]))
def test_light_keeps_its_days_in_any_order_and_unit(seed: int, order: list[int], factor: float) -> None:
    random = np.random.default_rng(seed)
    hours = np.arange(DAY) / 60
    lux = np.where((hours > 7) & (hours < 22), random.gamma(0.5, 400, (6, DAY)), 0.0)
    utc = ZoneTimeline.single("UTC")
    plain = epochs_of_counts(0, lux.ravel(), utc, unit="lux")
    shuffled = epochs_of_counts(0, lux[order].ravel(), utc, unit="lux")
    for threshold in (10.0, 100.0):
        one, other = light_days(plain, threshold), light_days(shuffled, threshold)
        assert other.tat_min == pytest.approx(one.tat_min)
        assert other.mlit_h == pytest.approx(one.mlit_h)
        scaled = light_days(epochs_of_counts(0, np.float32(factor) * plain.values, utc, unit="lux"), factor * threshold)
        assert scaled.tat_min == pytest.approx(one.tat_min, abs=0.5)
    assert light_rhythm(shuffled).stability == pytest.approx(light_rhythm(plain).stability, rel=1e-9)


def test_light_follows_the_local_clock_over_a_clock_change() -> None:
    zone = ZoneTimeline.single("Europe/Berlin")
    clock = LocalClock(BERLIN_SPRING, 60, 9 * DAY - 60, zone)
    lux = np.where((clock.minute_of_day >= 480) & (clock.minute_of_day < 1080), 500.0, 1.0)
    days = light_days(epochs_of_counts(BERLIN_SPRING, lux, zone, unit="lux"), 100.0)
    assert days.day.size == 9
    np.testing.assert_allclose(days.minutes_above, 600)
    np.testing.assert_allclose(days.mean_time_h, (480 + 1079) / 2 / 60)


def test_entropy_knows_no_unit() -> None:
    values = np.nan_to_num(counts(5, 4))
    one, other = multiscale_entropy(prepared(values)), multiscale_entropy(prepared(4 * values))
    assert one is not None
    assert other is not None
    assert other.index == pytest.approx(one.index, rel=1e-3)
