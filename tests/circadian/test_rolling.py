"""Rolling windows equal the recording cut to their days, whatever the clock and the gaps do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarity_desktop.circadian.cosinor import cosinor
from clarity_desktop.circadian.nonparametric import (
    interdaily_stability,
    intradaily_variability,
    least_active,
    most_active,
    relative_amplitude,
)
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.circadian.rolling import ROLLING_METRICS, rolling_rhythm
from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.time import ZoneTimeline, day_of_date
from clarity_desktop.signals.epochs import epochs_of_counts
from clarity_desktop.signals.presence import day_coverage


def valid_days(epochs: Epochs) -> np.ndarray:
    return np.array([day_of_date(day.date) for day in day_coverage(epochs) if day.valid], dtype=np.int64)


def directly(recording: PreparedRecording, first_day: int, last_day: int) -> dict[str, float]:
    """Metrics of the recording cut to local days ``[first_day, last_day]``."""
    epochs = recording.epochs
    begin = max(epochs.zone.instant_of_local(first_day), epochs.start)
    end = min(epochs.zone.instant_of_local(last_day + 1), epochs.span.stop)
    part = recording.part((begin - epochs.start) // 60, (end - epochs.start) // 60)
    l5, m10, wave = least_active(part), most_active(part), cosinor(part)
    assert l5 is not None
    assert m10 is not None
    assert wave is not None
    return {
        "is": interdaily_stability(part) or np.nan,
        "iv": intradaily_variability(part) or np.nan,
        "ra": relative_amplitude(l5, m10) or np.nan,
        "l5": l5.mean,
        "l5_onset_h": l5.onset_h,
        "m10": m10.mean,
        "m10_onset_h": m10.onset_h,
        "mesor": wave.mesor,
        "amplitude": wave.amplitude,
        "acrophase_h": wave.acrophase_h,
    }


@pytest.mark.parametrize("name", ["normal", "dst_spring", "gaps", "shift"])
def test_a_window_equals_the_recording_cut_to_its_days(
    name: str, golden_recording: Callable[[str], PreparedRecording]
) -> None:
    recording = golden_recording(name)
    for found in rolling_rhythm(recording, valid_days(recording.epochs), (7, 14)):
        compared = 0
        for place in range(0, found.day.size, 3):
            if not np.isfinite(found.values["is"][place]):
                continue
            last = int(found.day[place])
            want = directly(recording, max(last - found.window + 1, int(found.day[0])), last)
            for metric in ROLLING_METRICS:
                assert found.values[metric][place] == pytest.approx(want[metric], rel=1e-9, abs=1e-9), metric
            compared += 1
        assert compared >= 1


def test_windows_below_the_least_of_days_are_open(golden_recording: Callable[[str], PreparedRecording]) -> None:
    recording = golden_recording("normal")
    days = valid_days(recording.epochs)
    (found,) = rolling_rhythm(recording, days, (7,))
    assert found.valid_days[:8].tolist() == [1, 2, 3, 4, 5, 6, 7, 7]
    assert np.isnan(found.values["is"][:4]).all()
    assert np.isfinite(found.values["is"][4:]).all()
    assert np.isnan(found.values["l5"][:3]).all()
    assert np.isfinite(found.values["l5"][3:]).all()
    (none,) = rolling_rhythm(recording, np.empty(0, np.int64), (7,))
    assert all(np.isnan(column).all() for column in none.values.values())


@settings(max_examples=15)
@given(st.integers(0, 2**31), st.integers(1, 200))
def test_days_and_units_change_only_what_they_must(seed: int, weeks: int) -> None:
    random = np.random.default_rng(seed)
    clock = np.arange(10 * 1440) % 1440
    counts = random.poisson(np.where((clock > 420) & (clock < 1380), 80, 2)).astype(np.float32)
    zone = ZoneTimeline.single("UTC")
    start = zone.instant_of_local(day_of_date(date(2024, 1, 1)))

    def rolled(values: np.ndarray, at: int) -> dict[str, np.ndarray]:
        epochs = epochs_of_counts(at, values, zone, unit="counts", kind="ActivityCounts")
        return dict(rolling_rhythm(PreparedRecording(epochs), valid_days(epochs), (7,))[0].values)

    one = rolled(counts, start)
    moved, scaled = rolled(counts, start + weeks * 7 * 86_400), rolled(counts * 3, start)
    for metric in ROLLING_METRICS:
        assert moved[metric] == pytest.approx(one[metric], nan_ok=True)
        factor = 3 if metric in ("l5", "m10", "mesor", "amplitude") else 1
        assert scaled[metric] == pytest.approx(factor * one[metric], nan_ok=True)


def test_nothing_rolls_over_nothing() -> None:
    zone = ZoneTimeline.single("UTC")
    empty = epochs_of_counts(0, np.empty(0, np.float32), zone, unit="counts", kind="ActivityCounts")
    assert rolling_rhythm(PreparedRecording(empty), np.empty(0, np.int64)) == ()
    flat = epochs_of_counts(0, np.zeros(1440 * 9, np.float32), zone, unit="counts", kind="ActivityCounts")
    (found,) = rolling_rhythm(PreparedRecording(flat), valid_days(flat), (7,))
    assert np.isnan(found.values["is"]).all()
    assert np.isnan(found.values["ra"]).all()
    assert found.values["l5"][-1] == 0
