"""Variability from beats: closed forms, artefacts, and what holds for any list."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.circadian.hrv import (
    SpectralMethod,
    beat_intervals,
    frequency_domain,
    spectral_windows,
    time_domain,
)


def beats_of(intervals: np.ndarray, start: float = 0.0) -> np.ndarray:
    return start + np.concatenate(([0.0], np.cumsum(intervals)))


def modulated(seconds: float, *waves: tuple[float, float], mean: float = 0.9) -> np.ndarray:
    """Beats whose intervals swing about the mean by (amplitude in s, frequency in Hz)."""
    beats = [0.0]
    while beats[-1] < seconds:
        swing = sum(amplitude * np.sin(2 * np.pi * frequency * beats[-1]) for amplitude, frequency in waves)
        beats.append(beats[-1] + mean + swing)
    return np.array(beats)


def test_alternating_intervals_by_hand() -> None:
    found = time_domain(beat_intervals(beats_of(np.tile([0.80, 0.86], 20))))
    assert found is not None
    assert found.rmssd_ms == pytest.approx(60)
    assert found.sdnn_ms == pytest.approx(30 * np.sqrt(40 / 39))
    assert found.pnn50_pct == 100
    assert found.mean_rate == pytest.approx(60 / 0.83)
    assert (found.intervals, found.pairs, found.usable_share) == (40, 39, 1.0)


def test_fifty_milliseconds_are_not_more_than_fifty() -> None:
    found = time_domain(beat_intervals(beats_of(np.tile([0.80, 0.85], 20))))
    assert found is not None
    assert found.pnn50_pct == 0


def test_a_missed_beat_is_no_interval_and_ends_the_run() -> None:
    beats = np.delete(beats_of(np.tile([0.80, 0.82], 30)), 21)
    intervals = beat_intervals(beats)
    assert np.flatnonzero(~intervals.usable).tolist() == [20]
    assert np.flatnonzero(~intervals.unbroken).tolist() == [0, 20, 21]
    found = time_domain(intervals)
    assert found is not None
    assert found.rmssd_ms == pytest.approx(20)
    assert found.pairs == 56


def test_a_gap_an_extra_beat_and_an_unread_time() -> None:
    lengths = np.full(60, 0.9)
    lengths[10] = 2.6
    beats = beats_of(lengths)
    beats = np.insert(beats, 31, beats[30] + 0.3)
    beats[50] = np.nan
    intervals = beat_intervals(beats)
    assert np.flatnonzero(~intervals.usable).tolist() == [10, 30, 31, 49, 50]
    found = time_domain(intervals)
    assert found is not None
    assert found.rmssd_ms == pytest.approx(0, abs=1e-9)


def test_too_short_or_too_broken_lists_have_no_value() -> None:
    assert time_domain(beat_intervals(beats_of(np.full(19, 0.9)))) is None
    assert time_domain(beat_intervals(np.array([]))) is None
    assert time_domain(beat_intervals(np.array([1.0]))) is None
    assert time_domain(beat_intervals(beats_of(np.tile([0.9, 2.5], 30)))) is None


@given(st.integers(0, 2**31), st.floats(-1e5, 1e5))
def test_time_of_day_changes_nothing(seed: int, shift: float) -> None:
    lengths = np.random.default_rng(seed).uniform(0.75, 0.95, 60)
    one, other = time_domain(beat_intervals(beats_of(lengths))), time_domain(beat_intervals(beats_of(lengths, shift)))
    assert one is not None
    assert other is not None
    assert other.rmssd_ms == pytest.approx(one.rmssd_ms, abs=1e-4)
    assert other.sdnn_ms == pytest.approx(one.sdnn_ms, abs=1e-4)


@given(st.integers(0, 2**31), st.floats(0.5, 1.9))
def test_scaled_intervals_scale_the_milliseconds(seed: int, scale: float) -> None:
    lengths = np.random.default_rng(seed).uniform(0.85, 0.95, 60)
    one, other = time_domain(beat_intervals(beats_of(lengths))), time_domain(beat_intervals(beats_of(scale * lengths)))
    assert one is not None
    assert other is not None
    assert other.rmssd_ms == pytest.approx(scale * one.rmssd_ms)
    assert other.sdnn_ms == pytest.approx(scale * one.sdnn_ms)


@given(st.integers(0, 2**31))
def test_reversed_beats_have_the_same_values(seed: int) -> None:
    lengths = np.random.default_rng(seed).uniform(0.85, 0.95, 40)
    one, other = time_domain(beat_intervals(beats_of(lengths))), time_domain(beat_intervals(beats_of(lengths[::-1])))
    assert one is not None
    assert other is not None
    assert other.rmssd_ms == pytest.approx(one.rmssd_ms)
    assert other.pnn50_pct == pytest.approx(one.pnn50_pct)


@given(st.lists(st.one_of(st.floats(-10, 1e5), st.just(float("nan"))), max_size=40))
def test_any_list_is_answered(beats: list[float]) -> None:
    intervals = beat_intervals(np.array(beats))
    assert intervals.usable.shape == intervals.unbroken.shape == (max(len(beats) - 1, 0),)
    assert not np.any(intervals.unbroken & ~intervals.usable)
    time_domain(intervals)


@pytest.mark.parametrize("method", list(SpectralMethod))
def test_power_of_two_sines(method: SpectralMethod) -> None:
    found = frequency_domain(beat_intervals(modulated(302, (0.03, 0.25), (0.02, 0.1))), method)
    assert found is not None
    assert found.hf_ms2 == pytest.approx(450, rel=0.03)
    assert found.lf_ms2 == pytest.approx(200, rel=0.03)
    assert found.lf_over_hf == pytest.approx(200 / 450, rel=0.05)


@pytest.mark.parametrize("method", list(SpectralMethod))
def test_missed_beats_take_little_power(method: SpectralMethod) -> None:
    beats = np.delete(modulated(302, (0.03, 0.25)), np.arange(20, 320, 30))
    found = frequency_domain(beat_intervals(beats), method)
    assert found is not None
    assert found.hf_ms2 == pytest.approx(450, rel=0.12)
    assert 0.8 <= found.usable_share < 1


def test_both_methods_agree_on_noise() -> None:
    lengths = np.random.default_rng(3).normal(0.9, 0.03, 400)
    intervals = beat_intervals(spectral_windows(beats_of(lengths))[0])
    one = frequency_domain(intervals)
    other = frequency_domain(intervals, SpectralMethod.WELCH)
    assert one is not None
    assert other is not None
    # White noise of variance 900 ms² sampled at 1.1 Hz has 0.25 / 0.55 of it between 0.15 and 0.40 Hz.
    assert one.hf_ms2 == pytest.approx(900 * 0.25 / 0.556, rel=0.3)
    assert other.hf_ms2 == pytest.approx(one.hf_ms2, rel=0.3)


def test_a_minute_of_beats_has_no_spectrum() -> None:
    beats = modulated(62, (0.03, 0.25))
    assert spectral_windows(beats) == []
    assert frequency_domain(beat_intervals(beats)) is None


def test_windows_of_five_minutes_are_cut_from_the_first_beat() -> None:
    windows = spectral_windows(modulated(700, (0.03, 0.25)) + 1000)
    assert len(windows) == 2
    assert windows[0][0] == 1000
    assert all(296 < window[-1] - window[0] < 303 for window in windows)
    assert windows[0][-1] == windows[1][0]
