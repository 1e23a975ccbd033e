"""Windows of single days and the binarized variant."""

from __future__ import annotations

import numpy as np
import pytest

from clarity_desktop.circadian.daily_windows import DailyWindow, DailyWindows, binarized, daily_windows
from clarity_desktop.circadian.nonparametric import interdaily_stability
from clarity_desktop.circadian.prepared import PreparedRecording
from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.signals.epochs import epochs_of_counts

DAY = 1440


def recording_of_nights(starts: list[int], zone: str = "UTC", start: int = 0) -> PreparedRecording:
    """Days with a still night of 5 h at a given minute and a busy stretch from 10:00 to 20:00."""
    values = np.full((len(starts), DAY), 50.0)
    values[:, 600:1200] = 120.0
    for row, begin in zip(values, starts, strict=True):
        row[begin : begin + 300] = 2.0
    return PreparedRecording(epochs_of_counts(start, values.ravel(), ZoneTimeline.single(zone)))


def test_each_day_has_its_own_windows() -> None:
    l5, m10 = daily_windows(recording_of_nights([60, 90, 120, 150]))
    assert [window.onset_h for window in l5.windows] == [1.5, 2.0, 2.5]
    assert [window.mean for window in l5.windows] == pytest.approx([2, 2, 2])
    assert [window.onset_h for window in m10.windows] == [10, 10, 10, 10]
    assert m10.mean == pytest.approx(120)
    assert l5.onset_h == pytest.approx(2.0, abs=1e-3)
    assert m10.onset_sd_h == pytest.approx(0, abs=1e-6)


def test_the_spread_is_circular() -> None:
    around_midnight = DailyWindows((DailyWindow(0, 1.0, 23.5), DailyWindow(1, 1.0, 0.5)))
    assert around_midnight.onset_h == pytest.approx(0, abs=1e-9) or around_midnight.onset_h == pytest.approx(24)
    assert around_midnight.onset_sd_h == pytest.approx(0.5, abs=0.01)
    assert DailyWindows(()).onset_sd_h is None


def test_a_day_without_enough_data_has_no_window() -> None:
    recording = recording_of_nights([60, 60, 60, 60])
    values = recording.epochs.values.copy()
    values[DAY + 800 : DAY + 1200] = np.nan
    l5, m10 = daily_windows(PreparedRecording(epochs_of_counts(0, values, ZoneTimeline.single("UTC"))))
    assert [window.day for window in m10.windows] == [0, 2, 3]
    assert [window.day for window in l5.windows] == [1, 3]


def test_a_clock_change_keeps_the_length_of_the_window() -> None:
    start = 1_710_046_800 - 86_400
    recording = recording_of_nights([120, 120, 60, 60], "America/New_York", start)
    l5, _ = daily_windows(recording)
    assert [window.mean for window in l5.windows] == pytest.approx([2, 2, 2])
    assert [window.onset_h for window in l5.windows] == [3, 2, 2]


def test_binarized_keeps_missing_and_changes_the_metric() -> None:
    recording = recording_of_nights([60, 300, 0, 60, 500])
    flat = binarized(recording.epochs)
    assert set(np.unique(flat.values).tolist()) == {0.0, 1.0}
    assert interdaily_stability(PreparedRecording(flat)) != pytest.approx(interdaily_stability(recording), abs=0.01)
    gap = epochs_of_counts(0, np.array([5.0, np.nan, 4.0]), ZoneTimeline.single("UTC"))
    np.testing.assert_array_equal(binarized(gap).values, np.array([1.0, np.nan, 0.0], np.float32))
