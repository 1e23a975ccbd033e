"""Embeddings as they are kept, the level of the distance to own first weeks, and labels as they are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarity_desktop.analysis.weeks.codec import decode_week, encode_week, window_key
from clarity_desktop.analysis.weeks.heads import read_labels
from clarity_desktop.analysis.weeks.signal import chosen_signal
from clarity_desktop.analysis.weeks.views import trajectory_of
from clarity_desktop.domain.errors import InputError, NotFoundError, UsageError
from clarity_desktop.domain.pat import (
    Checkpoint,
    ClockChange,
    Fill,
    Origin,
    Recipe,
    WeekEmbedding,
    WeekMinutes,
    WeekSignal,
)
from clarity_desktop.domain.pat_results import PatResult
from clarity_desktop.domain.time import ZoneTimeline

RECIPE = Recipe("w" * 64, "PAT-S", WeekSignal.COUNTS, "n/v1", Fill.OWN_MEDIAN)


def week(day: int, pooled: np.ndarray) -> WeekEmbedding:
    attention = np.full(560, 1 / 560, np.float32)
    minutes = WeekMinutes(10_080, 0, 0, 0)
    return WeekEmbedding(day * 86_400, day, minutes, 0, 0, (), pooled.astype(np.float32), attention, 0.0)


def result(weeks: list[WeekEmbedding]) -> PatResult:
    checkpoint = Checkpoint(
        "test", "s", "PAT-S", Origin.TRAINED, "w" * 64, "w" * 64, 0, 18, 560, 6, 1,
        True, "", False, True, "", "", None, None, {},
    )  # fmt: skip
    zone = ZoneTimeline.unknown()
    return PatResult(checkpoint, RECIPE, "", False, zone, 0.9, (), tuple(weeks), 0, 0.0, "cpu")


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([560, 1120]))
def test_a_week_comes_back_as_it_was_kept(seed: int, tokens: int) -> None:
    random = np.random.default_rng(seed)
    made = WeekEmbedding(
        int(random.integers(0, 2**40)),
        int(random.integers(-10, 40_000)),
        WeekMinutes(*random.integers(0, 5000, 4).tolist()),
        int(random.integers(0, 999)),
        int(random.integers(0, 999)),
        (ClockChange(5, -3600, "Europe/Berlin", True),),
        random.normal(size=96).astype(np.float32),
        random.random(tokens).astype(np.float32),
        float(random.random()),
    )
    kept = decode_week(encode_week(made, RECIPE))
    assert kept is not None
    assert kept.recipe == RECIPE.key
    again = kept.week
    assert np.array_equal(again.pooled, made.pooled)
    assert np.array_equal(again.attention, made.attention)
    assert (again.start, again.day, again.minutes, again.changes, again.sensitivity) == (
        made.start, made.day, made.minutes, made.changes, made.sensitivity,
    )  # fmt: skip


def test_the_key_changes_with_any_number_under_either_fill() -> None:
    fed, other = np.zeros(10_080, np.float32), np.ones(10_080, np.float32)
    key = window_key(RECIPE, fed, other)
    moved = fed.copy()
    moved[77] = 1e-6
    assert (
        len({key, window_key(RECIPE, moved, other), window_key(RECIPE, fed, moved), window_key(RECIPE, other, fed)})
        == 4
    )


def test_the_day_on_which_weeks_become_others_is_found() -> None:
    random = np.random.default_rng(0)
    weeks = []
    for day in range(120):
        pooled = random.normal(0, 0.05, 96)
        pooled[0] += 3.0 * (day >= 60)
        weeks.append(week(day, pooled))
    view = trajectory_of(result(weeks))
    assert len(view.change_days) == 1
    assert abs(view.change_days[0] - 60) <= 1
    assert view.distance[:50].max() < view.distance[70:].min()
    level = trajectory_of(result([week(day, random.normal(0, 0.05, 96)) for day in range(120)]))
    assert level.change_days == ()
    with pytest.raises(UsageError):
        trajectory_of(result(weeks[:2]))


def test_labels_are_yes_or_no_and_rows_are_named(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("\ufeffPerson,Label,From,To\nA,yes,2025-01-01,\nB,0,,2025-02-01\n", encoding="utf-8")
    rows = read_labels(path)
    assert [(row.person, row.positive, row.first, row.last) for row in rows] == [
        ("A", True, "2025-01-01", None),
        ("B", False, None, "2025-02-01"),
    ]
    for text, words in (
        ("name,label\nA,1\n", "person and label"),
        ("person,label\nA,perhaps\n", "Row 2"),
        ("person,label,from\nA,1,1.2.2025\n", "Row 2 holds a date"),
        ("person,label\n", "no label"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=words):
            read_labels(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read as text"):
        read_labels(path)
    with pytest.raises(NotFoundError):
        read_labels(tmp_path / "none.csv")


def test_a_recording_without_the_signal_says_so() -> None:
    with pytest.raises(NotFoundError, match="no activity counts or steps"):
        chosen_signal((), None)
    with pytest.raises(NotFoundError, match="heart rate"):
        chosen_signal((), WeekSignal.HEART_RATE)
