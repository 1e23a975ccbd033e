"""The fragmentation index of a night: by hand, and equal to that of the epochs a night was scored from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.sleep import Night, SleepSegment, Stage
from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.sleep.diary import DIARY_METHOD
from clarity_desktop.sleep.fragmentation import fragmentation_index
from clarity_desktop.sleep.nights import nights_from_segments, nights_from_states, summarise_states
from clarity_desktop.sleep.states import SLEEP, UNKNOWN, WAKE

BERLIN = ZoneTimeline.single("Europe/Berlin")
MIDNIGHT = BERLIN.instant_of_local(19_800)


def staged(*minutes: tuple[Stage, float]) -> Night:
    """A night of stages one after another from midnight, each of so many minutes."""
    at, segments = float(MIDNIGHT), []
    for stage, length in minutes:
        segments.append(SleepSegment(int(at), int(at + 60 * length), stage, "watch"))
        at += 60 * length
    return nights_from_segments(segments, BERLIN).nights[0]


def test_rh40_wake_share_and_short_bouts_are_added() -> None:
    night = staged(
        (Stage.CORE, 60), (Stage.AWAKE, 9), (Stage.CORE, 1), (Stage.AWAKE, 10), (Stage.DEEP, 40), (Stage.REM, 80)
    )
    # 19 of 200 minutes are wake; of three bouts of sleep, one lasts a minute: deep and REM are one bout.
    assert fragmentation_index(night) == pytest.approx(9.5 + 100 / 3)


def test_rh40_sleep_in_one_piece_has_none() -> None:
    assert fragmentation_index(staged((Stage.CORE, 200), (Stage.DEEP, 100))) == 0.0


def test_rh40_a_gap_is_neither_sleep_nor_wake_and_ends_a_bout() -> None:
    at = MIDNIGHT
    night = nights_from_segments(
        [
            SleepSegment(at, at + 5940, Stage.CORE, "watch"),
            SleepSegment(at + 5940, at + 6000, Stage.AWAKE, "watch"),
            SleepSegment(at + 6000, at + 6060, Stage.CORE, "watch"),
            SleepSegment(at + 6660, at + 12_000, Stage.CORE, "watch"),
        ],
        BERLIN,
    ).nights[0]
    # One of 200 minutes is wake; of three bouts of sleep, one lasts a minute.
    assert fragmentation_index(night) == pytest.approx(0.5 + 100 / 3)


def test_rh40_a_night_that_was_stated_alone_has_none() -> None:
    night = staged((Stage.ASLEEP, 400))
    assert fragmentation_index(replace(night, method=DIARY_METHOD)) is None
    assert fragmentation_index(replace(night, segments=())) is None


@given(st.lists(st.tuples(st.sampled_from([SLEEP, WAKE, UNKNOWN]), st.integers(1, 40)), min_size=1, max_size=40))
def test_rh40_the_index_is_that_of_the_epochs(runs: list[tuple[int, int]]) -> None:
    states = np.concatenate([np.full(length, state, np.int8) for state, length in runs])
    scored = summarise_states(states, 0, states.size)
    found = nights_from_states(states, [(0, states.size)], MIDNIGHT, BERLIN, source="activity", method="scored")
    for night in (*found.nights, *found.naps):
        assert fragmentation_index(night) == pytest.approx(scored.fragmentation)
