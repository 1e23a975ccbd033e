"""Intervals of the further metrics: closed forms, and that they hold the truth."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from clarity_desktop.analysis.findings.day_intervals import BOOTSTRAP_WORDS, detail_intervals, timing_intervals
from clarity_desktop.analysis.findings.uncertainty import day_weights, stability_intervals, stability_replicates
from clarity_desktop.circadian.cosinor import cosinor, two_component_cosinor
from clarity_desktop.circadian.nonparametric import interdaily_stability, intradaily_variability, mean_over_widths
from clarity_desktop.circadian.prepared import PreparedRecording
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
