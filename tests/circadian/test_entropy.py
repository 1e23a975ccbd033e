"""Multiscale entropy against closed forms and a count by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarity_desktop.circadian.entropy import SCALES, matches, multiscale_entropy
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.signals.epochs import epochs_of_counts

UTC = ZoneTimeline.single("UTC")


def of(values: np.ndarray) -> PreparedRecording:
    epochs = epochs_of_counts(0, values.astype(np.float32), UTC, unit="counts", kind="ActivityCounts")
    return PreparedRecording(epochs)


def by_hand(values: list[float], tolerance: float) -> tuple[int, int]:
    two = three = 0
    for i in range(len(values) - 2):
        for j in range(i + 1, len(values) - 2):
            if all(abs(values[i + k] - values[j + k]) <= tolerance for k in range(2)):
                two += 1
                three += abs(values[i + 2] - values[j + 2]) <= tolerance
    return two, three


@settings(max_examples=60)
@given(st.lists(st.integers(0, 6), max_size=25), st.integers(0, 3))
def test_matches_are_those_counted_by_hand(values: list[int], tolerance: int) -> None:
    floats = [float(value) for value in values]
    assert matches(np.array(floats), tolerance) == by_hand(floats, tolerance)


def test_white_noise_has_its_closed_form_at_every_scale() -> None:
    noise = np.random.default_rng(1).normal(1000, 100, 4 * 1440)
    found = multiscale_entropy(of(noise))
    assert found is not None
    want = [-math.log(math.erf(0.1 * math.sqrt(scale))) for scale in SCALES]
    assert found.entropy[:5] == pytest.approx(want[:5], abs=0.06)
    assert found.entropy == pytest.approx(want, abs=0.35)
    assert found.index == pytest.approx(float(found.entropy.sum()))
    assert found.stretches == 1


def test_a_repeated_pattern_is_predictable() -> None:
    found = multiscale_entropy(of(np.tile(np.arange(60.0), 96)))
    assert found is not None
    assert found.entropy[3] == 0
    assert found.entropy.max() < 0.35


def test_missing_and_short_records_have_no_entropy() -> None:
    noise = np.random.default_rng(1).normal(1000, 100, 4 * 1440)
    assert multiscale_entropy(of(noise[:-1])) is None
    assert multiscale_entropy(of(np.full(4 * 1440, 7.0))) is None
    noise[:600] = np.nan
    assert multiscale_entropy(of(noise)) is None
