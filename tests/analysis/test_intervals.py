"""Intervals of the further metrics: closed forms, and that they hold the truth."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from clarity_desktop.analysis.findings.day_intervals import BOOTSTRAP_WORDS, detail_intervals, timing_intervals
from clarity_desktop.analysis.findings.shape_intervals import fluctuation_intervals, period_intervals, sigmoid_intervals
from clarity_desktop.analysis.findings.uncertainty import day_weights, stability_intervals, stability_replicates
from clarity_desktop.circadian.cosinor import cosinor, two_component_cosinor
from clarity_desktop.circadian.fractal import fluctuation, redrawn
from clarity_desktop.circadian.nonparametric import interdaily_stability, intradaily_variability, mean_over_widths
from clarity_desktop.circadian.period_replicates import chi_square_replicates, lomb_scargle_replicates
from clarity_desktop.circadian.periodogram import chi_square_periodogram, lomb_scargle
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.circadian.sigmoid_cosinor import sigmoid_cosinor
from clarity_desktop.circadian.transitions import transitions
from clarity_desktop.domain.time import ZoneTimeline, day_of_date
from clarity_desktop.signals.epochs import epochs_of_counts
from clarity_desktop.sleep.timing import TimedNights, timing_of

BERLIN = ZoneTimeline.single("Europe/Berlin")


def rng() -> np.random.Generator:
    return np.random.default_rng(8)


def recording(days: int, noise: float, first: date = date(2024, 3, 25)) -> PreparedRecording:
    """Days with a rhythm that differ by noise; the clock changes on the seventh."""
    start = BERLIN.instant_of_local(day_of_date(first))
    stop = BERLIN.instant_of_local(day_of_date(first) + days)
    minute = BERLIN.local_seconds(np.arange(start, stop, 60)) % 86_400 // 60
    day = BERLIN.local_days(np.arange(start, stop, 60)) - day_of_date(first)
    level = np.maximum(0, 100 * np.cos(2 * np.pi * (minute - 900) / 1440) + 40)
    factor = np.maximum(0.2, 1 + noise * rng().standard_normal(days))
    values = (level * factor[day]).astype(np.float32)
    return PreparedRecording(epochs_of_counts(start, values, BERLIN, unit="counts", kind="ActivityCounts"))


def values_of(one: PreparedRecording) -> dict[str, float | None]:
    single, double, chance = cosinor(one), two_component_cosinor(one), transitions(one)
    assert single is not None
    assert double is not None
    stability, variability = mean_over_widths(one)
    return {
        "ism": stability,
        "ivm": variability,
        "bathyphase_h": single.bathyphase_h,
        "percent_rhythm": single.percent_rhythm,
        "cosinor2_magnitude": double.magnitude,
        "cosinor2_orthophase_h": double.orthophase_h,
        "cosinor2_bathyphase_h": double.bathyphase_h,
        "p_ra": chance.p_ra,
        "p_ar": chance.p_ar,
    }


def test_each_day_drawn_once_gives_the_value_itself() -> None:
    one = recording(14, 0.3)
    weight = np.ones((1, 14))
    stability, variability = stability_replicates(one, weight)
    assert stability[0] == pytest.approx(interdaily_stability(one))
    assert variability[0] == pytest.approx(intradaily_variability(one))


def test_intervals_lie_around_the_values() -> None:
    one = recording(14, 0.3)
    values = values_of(one)
    found = detail_intervals(one, tuple(BOOTSTRAP_WORDS), values, rng())
    for metric, value in values.items():
        interval = found[metric]
        assert interval is not None, metric
        assert value is not None
        width = (interval[1] - interval[0]) % 24 if metric.endswith("_h") else interval[1] - interval[0]
        assert interval[0] - 1.01 * width - 0.02 <= value <= interval[1] + 1.01 * width + 0.02, metric
    assert detail_intervals(one, tuple(BOOTSTRAP_WORDS), values, rng()) == found
    assert set(detail_intervals(one, ("p_ra",), values, rng())) == {"p_ra"}


def test_equal_days_leave_nothing_to_draw() -> None:
    one = recording(5, 0.0, date(2024, 5, 6))
    values = values_of(one)
    found = detail_intervals(one, tuple(BOOTSTRAP_WORDS), values, rng())
    for metric in ("cosinor2_magnitude", "percent_rhythm", "bathyphase_h"):
        interval = found[metric]
        assert interval is not None
        assert interval[0] == pytest.approx(values[metric], abs=0.02)
        assert interval[1] == pytest.approx(values[metric], abs=0.02)
    spread = found["m10_onset_sd_h"]
    assert spread is not None
    assert spread[1] == pytest.approx(0, abs=1e-6)


def test_two_days_are_too_few_to_draw() -> None:
    one = recording(2, 0.1)
    assert day_weights(one, rng()) is None
    assert stability_intervals(one, rng()) == (None, None)
    assert detail_intervals(one, tuple(BOOTSTRAP_WORDS), values_of(one), rng()) == {}


def nights(seed: int, count: int = 28, later: float = 1.5) -> TimedNights:
    random = np.random.default_rng(seed)
    day = 4 + np.arange(count)
    free = np.isin((day + 3) % 7, (5, 6))
    middle = 3 + later * free + random.normal(0, 0.5, count)
    length = 7.5 + random.normal(0, 0.4, count)
    return TimedNights(day, middle - length / 2, middle + length / 2, length, free)


def test_the_interval_of_social_jetlag_holds_the_truth() -> None:
    held = 0
    for seed in range(30):
        interval = timing_intervals(nights(seed), np.random.default_rng(seed))["social_jetlag_h"]
        assert interval is not None
        held += interval[0] <= 1.5 <= interval[1]
    assert held >= 24


def test_intervals_of_timing_lie_around_the_values() -> None:
    some = nights(1)
    timing, found = timing_of(some), timing_intervals(some, rng())
    for metric in ("social_jetlag_h", "msfsc_h", "cpd_h", "midpoint_sd_h"):
        interval = found[metric]
        assert interval is not None
        assert interval[0] <= getattr(timing, metric) <= interval[1]
    assert timing_intervals(nights(1, 2), rng()) == {}


def test_steps_between_blocks_do_not_count() -> None:
    day = np.arange(30)
    steady = np.repeat([1.0, 9.0], 15)
    some = TimedNights(day, steady - 4, steady + 4, np.full(30, 8.0), np.zeros(30, np.bool_))
    interval = timing_intervals(some, rng())["cpd_h"]
    assert interval is not None
    # Distance to the mean is 4 h on every night; only the one true step of 8 h may add to it.
    assert interval[0] <= 4.01
    assert interval[1] < 6


def ragged(days: int, seed: int = 3) -> PreparedRecording:
    """A record with bursts and gaps over a clock change, so that nothing is regular."""
    one = recording(days, 0.3)
    random = np.random.default_rng(seed)
    values = one.epochs.values * random.gamma(0.7, 1.4, len(one.epochs)).astype(np.float32)
    values[random.integers(0, values.size, 60)[:, None] + np.arange(40)[None, :].clip(max=0)] = np.nan
    return PreparedRecording(
        epochs_of_counts(one.epochs.start, np.rint(values), BERLIN, unit="counts", kind="ActivityCounts")
    )


def test_each_day_drawn_once_gives_periods_curve_and_exponents_themselves() -> None:
    one = ragged(14)
    once = np.ones((1, 14))
    wave, chi = lomb_scargle(one), chi_square_periodogram(one)
    assert wave is not None
    assert chi is not None
    replicates = lomb_scargle_replicates(one, once)
    assert replicates is not None
    assert replicates[0][0] == wave.period_h
    assert replicates[1][0] == pytest.approx(wave.power, rel=1e-6)
    found = chi_square_replicates(one, once)
    assert found is not None
    assert found[0] == chi.period_h
    walk = fluctuation(one)
    assert walk is not None
    again = redrawn(one, 1440, np.ones((1, len(one.epochs) // 1440)))
    # The clock change makes the record an hour short of 14 days: its last block is not drawn.
    assert again[0].alpha == pytest.approx(walk.alpha, abs=0.02)
    curve, refit = sigmoid_cosinor(one), sigmoid_intervals(one, np.ones((20, 14)))
    assert curve is not None
    for name in ("mesor", "amplitude", "width_ratio"):
        interval = refit[f"sigmoid_{name}"]
        assert interval is not None
        assert interval[0] == pytest.approx(getattr(curve, name), rel=0.02)
        assert interval[1] == pytest.approx(interval[0], rel=1e-9)


def test_days_keep_their_places_so_that_another_period_is_found() -> None:
    # A rhythm of 25 h: were days put behind one another, every replicate would say 24 h.
    hours = np.arange(0, 30 * 24 * 60) / 60
    values = np.maximum(0, 100 * np.cos(2 * np.pi * hours / 25) + rng().normal(0, 20, hours.size) + 40)
    utc = ZoneTimeline.single("UTC")
    one = PreparedRecording(epochs_of_counts(0, np.rint(values), utc, unit="counts", kind="ActivityCounts"))
    weight = day_weights(one, rng())
    assert weight is not None
    found = period_intervals(one, weight)
    for metric in ("lomb_scargle_period_h", "chi_square_period_h"):
        interval = found[metric]
        assert interval is not None
        assert 24.7 < interval[0] <= 25.0 + 0.17
        assert 25.0 - 0.17 <= interval[1] < 25.3


def test_the_interval_of_the_exponent_holds_that_of_white_noise() -> None:
    held = 0
    for seed in range(10):
        values = np.random.default_rng(seed).normal(500, 40, 21 * 1440)
        utc = ZoneTimeline.single("UTC")
        one = PreparedRecording(epochs_of_counts(0, values, utc, unit="counts", kind="ActivityCounts"))
        interval = fluctuation_intervals(one, np.random.default_rng(seed))["dfa_alpha_10_90"]
        assert interval is not None
        held += interval[0] - 0.01 <= 0.5 <= interval[1] + 0.01
    assert held >= 8
    assert fluctuation_intervals(recording(8, 0.2), rng()) == {}
