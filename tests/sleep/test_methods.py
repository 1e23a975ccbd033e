"""Nights from a diary, agreement of accounts, and latency to persistent sleep (RH-36, RH-37, RH-44)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.sleep import Night, SleepSegment, Stage
from clarity_desktop.domain.sleep_diary import DiaryNight
from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.sleep.diary import nights_from_diary
from clarity_desktop.sleep.latency import first_of_ten_in_eleven, latency_10_of_11
from clarity_desktop.sleep.methods import LEAST_FOR_LIMITS, compare_methods, pairs_of_methods

BERLIN = ZoneTimeline.single("Europe/Berlin")


def diary(day: date, **more: object) -> DiaryNight:
    answers: dict[str, object] = {"latency_min": 20.0, "waso_min": 30.0, "awakenings": 2, **more}
    return DiaryNight(day, 22 * 60, 22 * 60 + 30, 6 * 60 + 30, 7 * 60, **answers)  # type: ignore[arg-type]


def shifted(night: Night, minutes: float, *, method: str = "stages") -> Night:
    by = round(60 * minutes)
    return replace(
        night,
        onset=night.onset + by,
        offset=night.offset + by,
        segments=tuple(replace(s, start=s.start + by, stop=s.stop + by) for s in night.segments),
        method=method,
    )


def test_rh36_a_diary_night_by_hand() -> None:
    (night,) = nights_from_diary([diary(date(2025, 3, 12))], BERLIN)
    assert night.tib_min == 540
    assert night.tst_min == 480 - 20 - 30
    assert (night.sol_min, night.waso_min, night.awakenings) == (20, 30, 2)
    assert night.se_pct == pytest.approx(100 * 430 / 540)
    assert night.awakenings_5min is None
    assert night.method == "diary"


def test_rh36_the_diary_night_of_a_clock_change_counts_elapsed_minutes() -> None:
    spring, autumn = (nights_from_diary([diary(day)], BERLIN)[0] for day in (date(2025, 3, 30), date(2025, 10, 26)))
    assert (spring.tib_min, autumn.tib_min) == (480, 600)
    assert (spring.tst_min, autumn.tst_min) == (370, 490)


def test_what_was_not_answered_stays_open() -> None:
    (night,) = nights_from_diary([diary(date(2025, 3, 12), latency_min=None, waso_min=None)], BERLIN)
    assert night.sol_min is None
    assert night.tst_min == 480


@given(st.permutations(range(8)))
def test_the_order_of_days_changes_no_diary_night(order: list[int]) -> None:
    days = [diary(date(2025, 3, 12) + timedelta(days=place), latency_min=float(place)) for place in range(8)]
    assert nights_from_diary([days[place] for place in order], BERLIN) == nights_from_diary(days, BERLIN)


def test_rh44_a_constant_shift_is_all_bias_and_no_spread() -> None:
    nights = nights_from_diary([diary(date(2025, 3, 1) + timedelta(days=n)) for n in range(8)], BERLIN)
    pair = compare_methods("a", "b", {"a": nights, "b": [shifted(night, 12) for night in nights]})
    onset = next(one for one in pair.biases if one.measure == "onset_min")
    assert (onset.n, onset.mean, onset.sd) == (8, 12, 0)
    assert (onset.low, onset.high) == (12, 12)
    asleep = next(one for one in pair.biases if one.measure == "tst_min")
    assert asleep.mean == 0


def test_rh44_limits_of_agreement_by_hand() -> None:
    nights = nights_from_diary([diary(date(2025, 3, 1) + timedelta(days=n)) for n in range(6)], BERLIN)
    shifts = [-10.0, 0.0, 5.0, 10.0, 20.0, 5.0]
    others = [shifted(night, by) for night, by in zip(nights, shifts, strict=True)]
    pair = compare_methods("a", "b", {"a": nights, "b": others})
    onset = next(one for one in pair.biases if one.measure == "onset_min")
    assert onset.mean == pytest.approx(np.mean(shifts))
    assert onset.high == pytest.approx(np.mean(shifts) + 1.96 * np.std(shifts, ddof=1))


def test_below_five_nights_there_are_no_limits() -> None:
    nights = nights_from_diary(
        [diary(date(2025, 3, 1) + timedelta(days=n)) for n in range(LEAST_FOR_LIMITS - 1)], BERLIN
    )
    pair = compare_methods("a", "b", {"a": nights, "b": nights})
    assert {(one.low, one.high) for one in pair.biases} == {(None, None)}
    assert pair.epochs.share == 1.0


def test_rh44_epochs_are_pooled_over_nights_and_kappa_is_cohens() -> None:
    nights = nights_from_diary([diary(date(2025, 3, 1)), diary(date(2025, 3, 2))], BERLIN)
    others = [shifted(night, 60) for night in nights]
    pair = compare_methods("a", "b", {"a": nights, "b": others})
    (first, second) = pair.nights
    assert pair.epochs.epochs == first.epochs.epochs + second.epochs.epochs
    # In bed 22:00–07:00; asleep 22:50–06:30 and 23:50–07:30, so the window reaches to 07:30.
    assert first.epochs.epochs == 570
    assert first.epochs.share == pytest.approx((570 - 120) / 570)
    chance = (460 * 460 + 110 * 110) / 570**2
    assert first.epochs.kappa == pytest.approx(((450 / 570) - chance) / (1 - chance))


def test_nights_of_one_account_alone_are_counted() -> None:
    nights = nights_from_diary([diary(date(2025, 3, 1) + timedelta(days=n)) for n in range(5)], BERLIN)
    pair = compare_methods("a", "b", {"a": nights[:4], "b": nights[2:]})
    assert (len(pair.nights), pair.only_reference, pair.only_other) == (2, 2, 1)


def test_pairs_are_of_accounts_that_have_nights() -> None:
    nights = nights_from_diary([diary(date(2025, 3, 1))], BERLIN)
    pairs = pairs_of_methods({"stages": nights, "scored": (), "diary": nights})
    assert [(one.reference, one.other) for one in pairs] == [("stages", "diary")]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("WWW" + "S" * 12, 3),
        ("SWW" + "S" * 12, 3),
        ("WSSSSSWSSSSSS" + "S" * 4, 1),
        ("SSSSSWWSSSSSSSSSSSS", 6 + 1),
        ("SSSSSWSSSSSS", 0),
        ("S" * 10, None),
        ("W" * 30, None),
        ("SSSSSNSSSSSS", 0),
    ],
)
def test_rh37_first_of_ten_sleep_minutes_in_eleven(text: str, first: int | None) -> None:
    states = np.array([{"S": 1, "W": 0, "N": -1}[letter] for letter in text], dtype=np.int8)
    assert first_of_ten_in_eleven(states) == first


@given(st.lists(st.sampled_from([0, 1, -1]), max_size=60))
def test_rh37_the_rule_is_that_of_a_plain_search(states: list[int]) -> None:
    found = None
    for place in range(len(states) - 10):
        window = states[place : place + 11]
        if states[place] == 1 and window.count(1) >= 10:
            found = place
            break
    assert first_of_ten_in_eleven(np.array(states, dtype=np.int8)) == found


def test_rh37_latency_to_persistent_sleep_of_a_night() -> None:
    (plain,) = nights_from_diary([diary(date(2025, 3, 12))], BERLIN)
    bed = plain.in_bed or 0
    pieces = [(10, 14, Stage.CORE), (14, 20, Stage.AWAKE), (20, 420, Stage.CORE)]
    segments = tuple(SleepSegment(bed + a * 60, bed + b * 60, stage, "Watch") for a, b, stage in pieces)
    night = replace(plain, onset=bed + 600, offset=bed + 420 * 60, sol_min=10.0, segments=segments)
    assert latency_10_of_11(night) == 20
    assert latency_10_of_11(replace(night, in_bed=None, sol_min=None)) is None
