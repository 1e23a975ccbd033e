"""Wear from several kinds of evidence, the valid day, and coverage."""

from __future__ import annotations

import numpy as np
import pytest

from clarity_desktop.domain.epochs import Epochs, EpochState
from clarity_desktop.domain.time import Span, ZoneTimeline
from clarity_desktop.signals.epochs import epochs_of_counts
from clarity_desktop.signals.presence import (
    ValidDayRule,
    combine_wear,
    coverage_of,
    day_coverage,
    fitting_gap_s,
    heart_rate_evidence,
    runs,
)

UTC = ZoneTimeline.single("UTC")


def day(n: int = 600, value: float = 0.0) -> Epochs:
    return epochs_of_counts(0, np.full(n, value, np.float32), UTC, unit="counts", kind="ActivityCounts")


def test_runs_of_a_mask() -> None:
    starts, stops = runs(np.array([1, 1, 0, 1, 0, 0, 1], dtype=bool))
    assert list(zip(starts.tolist(), stops.tolist(), strict=True)) == [(0, 2), (3, 4), (6, 7)]
    assert runs(np.zeros(0, dtype=bool))[0].size == 0
    assert runs(np.zeros(4, dtype=bool))[0].size == 0


def test_a_gap_in_heart_rate_is_not_worn_from_a_minute_after_the_last_beat() -> None:
    beats = np.concatenate((np.arange(0, 6000, 300), np.arange(12_000, 18_000, 300)))
    evidence = heart_rate_evidence(beats, day())
    last = 5700 // 60
    assert (evidence[: last + 1] == 1).all()
    assert (evidence[last + 1 : 200] == 0).all()
    assert (evidence[200 : 17_700 // 60] == 1).all()
    assert (evidence[17_700 // 60 + 1 :] == -1).all()


def test_a_gap_as_long_as_the_limit_is_worn() -> None:
    assert (heart_rate_evidence(np.array([0, 1800, 3600]), day(61)) == 1).all()
    assert (heart_rate_evidence(np.array([0, 1801]), day(30))[1:30] == 0).all()


def test_the_gap_fits_how_often_the_device_samples() -> None:
    every_minute = np.arange(0, 86_400, 60)
    background = np.concatenate((np.arange(0, 80_000, 300), np.arange(80_000, 86_400, 5)))
    assert fitting_gap_s(every_minute) == 5 * 60
    assert fitting_gap_s(background) == 30 * 60
    assert fitting_gap_s(np.array([5])) == 30 * 60


def test_one_beat_says_nothing() -> None:
    assert (heart_rate_evidence(np.array([600]), day()) == -1).all()


def test_device_flag_wins_over_heart_rate_over_choi() -> None:
    device = np.full(600, -1, np.int8)
    device[:50] = 0
    heart = np.full(600, -1, np.int8)
    heart[:100] = 1
    heart[100:200] = 0
    wear = combine_wear(day(), device=device, heart_rate=heart, choi=[(300, 450)])
    state = wear.epochs.state
    assert (state[:50] == EpochState.NOT_WORN).all()
    assert (state[50:100] == EpochState.WORN).all()
    assert (state[100:200] == EpochState.NOT_WORN).all()
    assert (state[300:450] == EpochState.NOT_WORN).all()
    assert [(bout.span, bout.rule) for bout in wear.bouts] == [
        (Span(0, 3000), "device flag"),
        (Span(6000, 12_000), "heart rate"),
        (Span(18_000, 27_000), "choi"),
    ]
    assert wear.summary == "device flag > heart rate (30 min) > choi"
    assert [int(wear.rule[at]) for at in (0, 60, 400)] == [1, 2, 3]


@pytest.mark.parametrize("evidence", ["stage", "heart"])
def test_a_still_sleeper_is_worn_when_stages_or_heart_rate_exist_in_the_run(evidence: str) -> None:
    asleep = np.zeros(600, dtype=bool)
    heart = np.full(600, -1, np.int8)
    if evidence == "stage":
        asleep[320] = True
    else:
        heart[320] = 1
    wear = combine_wear(day(), heart_rate=heart, asleep=asleep, choi=[(300, 450), (500, 600)])
    assert (wear.epochs.state[300:450] == EpochState.WORN).all()
    assert (wear.epochs.state[500:] == EpochState.NOT_WORN).all()


def test_missing_and_excluded_stay_what_they_are() -> None:
    epochs = day()
    epochs.state[10:20] = EpochState.MISSING
    epochs.state[20:30] = EpochState.EXCLUDED
    state = combine_wear(epochs, choi=[(0, 100)]).epochs.state
    assert (state[10:20] == EpochState.MISSING).all()
    assert (state[20:30] == EpochState.EXCLUDED).all()
    assert (state[:10] == EpochState.NOT_WORN).all()


def test_a_valid_day_has_sixteen_hours_with_one_in_each_quarter() -> None:
    epochs = day(3 * 1440, 5.0)
    epochs.state[16 * 60 : 1440] = EpochState.NOT_WORN
    epochs.state[1440 + 12 * 60 : 1440 + 18 * 60 + 1] = EpochState.MISSING
    epochs.state[2 * 1440 : 2 * 1440 + 5 * 60] = EpochState.NOT_WORN
    days = day_coverage(epochs)
    assert [found.valid for found in days] == [False, False, True]
    assert (days[0].worn_min, days[0].not_worn_min, days[0].missing_min) == (960.0, 480.0, 0.0)
    assert days[1].missing_min == 361.0
    assert [found.valid for found in day_coverage(epochs, ValidDayRule(hours=10, quarter_hours=0))] == [True] * 3
    coverage = coverage_of(epochs, days)
    assert (coverage.epochs, coverage.worn, coverage.not_worn, coverage.missing) == (4320, 3179, 780, 361)
    assert (coverage.days, coverage.valid_days) == (3, 1)


@pytest.mark.parametrize(
    ("zone", "start", "minutes"),
    [("America/New_York", 1_710_046_800, 23 * 60), ("Australia/Lord_Howe", 1_728_135_000, 23.5 * 60)],
)
def test_days_of_clock_changes_have_their_own_length(zone: str, start: int, minutes: float) -> None:
    epochs = epochs_of_counts(start, np.ones(2 * 1440, np.float32), ZoneTimeline.single(zone))
    days = day_coverage(epochs)
    assert days[0].worn_min == minutes
    assert days[0].valid
    assert sum(found.worn_min for found in days) == 2880
