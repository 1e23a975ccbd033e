"""Samples on the regular grid: totals kept, levels averaged, missing never zero."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.epochs import EpochState
from clarity_desktop.domain.errors import InputError, UsageError
from clarity_desktop.domain.kinds import HEART_RATE, SLEEP, STEPS, kind_of
from clarity_desktop.domain.series import Accumulation, Samples
from clarity_desktop.domain.time import Span, ZoneTimeline
from clarity_desktop.signals.epochs import epochs_of_counts, grid_of, resampled, spread_amounts, to_epochs

UTC = ZoneTimeline.single("UTC")


def samples(rows: list[tuple[int, int, float]], unit: str) -> Samples:
    ordered = sorted(rows)
    return Samples(
        np.array([row[0] for row in ordered], np.int64),
        np.array([row[1] for row in ordered], np.int32),
        np.array([row[2] for row in ordered], np.float64),
        np.zeros(len(ordered), np.uint8),
        unit,
    )


@given(
    st.lists(
        st.tuples(st.integers(0, 50_000), st.integers(0, 20_000), st.floats(0, 1e6, allow_nan=False)),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from([15, 30, 60, 300]),
)
def test_the_total_is_kept(rows: list[tuple[int, int, float]], step_s: int) -> None:
    found = samples(rows, "count")
    start, n = grid_of(Span(0, 70_000), step_s)
    total, present = spread_amounts(found.start, found.length_s, found.value, start, n, step_s)
    assert total.sum() == pytest.approx(found.value.sum(), rel=1e-9, abs=1e-9)
    assert not total[~present].any()


@given(st.integers(0, 600), st.integers(1, 600), st.integers(1, 5000))
def test_an_interval_is_spread_in_proportion_to_overlap(start: int, length: int, amount: int) -> None:
    epochs = to_epochs([(samples([(start, length, float(amount))], "count"), kind_of(STEPS))], Span(0, 1200), UTC)
    seconds = np.zeros(1200)
    seconds[start : start + length] = amount / length
    expected = seconds.reshape(20, 60).sum(axis=1)
    touched = seconds.reshape(20, 60).any(axis=1)
    np.testing.assert_allclose(epochs.values[touched], expected[touched], rtol=1e-6)
    assert np.isnan(epochs.values[~touched]).all()
    np.testing.assert_array_equal(epochs.state == EpochState.MISSING, ~touched)


def test_levels_are_averaged_and_gaps_stay_missing() -> None:
    beats = samples([(0, 0, 60.0), (30, 0, 80.0), (130, 0, 50.0)], "count/min")
    epochs = to_epochs([(beats, kind_of(HEART_RATE))], Span(0, 180), UTC)
    assert epochs.values[0] == 70.0
    assert np.isnan(epochs.values[1])
    assert epochs.values[2] == 50.0
    assert epochs.unit == "1/min"


def test_a_level_over_an_interval_weighs_its_seconds() -> None:
    light = samples([(0, 45, 100.0), (45, 75, 20.0)], "lux")
    epochs = to_epochs([(light, kind_of("Illuminance"))], Span(0, 120), UTC)
    np.testing.assert_allclose(epochs.values, [(45 * 100 + 15 * 20) / 60, 20.0])


def test_absence_means_zero_only_where_the_source_says_so() -> None:
    worn = np.array([True, True, False])
    epochs = to_epochs([(samples([(0, 60, 12.0)], "count"), kind_of(STEPS))], Span(0, 180), UTC, absent_is_zero=worn)
    np.testing.assert_array_equal(epochs.values, np.array([12.0, 0.0, np.nan], np.float32))


def test_units_are_converted() -> None:
    kind = kind_of("HKQuantityTypeIdentifierDistanceCycling")
    epochs = to_epochs([(samples([(0, 60, 0.5)], "km"), kind)], Span(0, 60), UTC)
    assert epochs.values.tolist() == [500.0]
    with pytest.raises(InputError) as caught:
        to_epochs([(samples([(0, 60, 0.5)], "kg"), kind)], Span(0, 60), UTC)
    assert caught.value.code == "signals.unit_mismatch"


def test_several_series_add_up_and_other_kinds_are_refused() -> None:
    one = (samples([(0, 60, 5.0)], "count"), kind_of(STEPS))
    two = (samples([(0, 60, 7.0)], "count"), kind_of(STEPS))
    assert to_epochs([one, two], Span(0, 60), UTC).values.tolist() == [12.0]
    with pytest.raises(ValueError, match="exactly one kind"):
        to_epochs([one, (samples([(0, 0, 60.0)], "bpm"), kind_of(HEART_RATE))], Span(0, 60), UTC)
    with pytest.raises(ValueError, match="categories"):
        to_epochs([(samples([(0, 60, 0.0)], ""), kind_of(SLEEP))], Span(0, 60), UTC)


def test_a_very_long_interval_keeps_its_total() -> None:
    year = 365 * 86_400
    epochs = to_epochs([(samples([(17, year, 1e6)] * 9, "count"), kind_of(STEPS))], Span(0, year + 60), UTC)
    assert epochs.values.sum(dtype=np.float64) == pytest.approx(9e6, rel=1e-6)


def test_longer_epochs_sum_amounts_and_average_levels() -> None:
    halves = epochs_of_counts(30, np.array([1, 2, 3, np.nan, np.nan, np.nan], np.float32), UTC, step_s=30)
    minutes = resampled(halves, 60, Accumulation.SUM)
    assert minutes.start == 0
    np.testing.assert_array_equal(minutes.values, np.array([2, 5, np.nan, np.nan], np.float32))
    assert resampled(halves, 60, Accumulation.MEAN).values[1] == 2.5
    with pytest.raises(UsageError):
        resampled(halves, 45, Accumulation.SUM)
