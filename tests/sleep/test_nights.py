"""Which sleep is the night of a date, and what a night comes to."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from clarity_desktop.domain.sleep import SleepSegment, Stage
from clarity_desktop.domain.time import Certainty, ZonePeriod, ZoneTimeline, day_of_date
from clarity_desktop.sleep.episodes import group_episodes
from clarity_desktop.sleep.nights import nights_from_segments, nights_from_states, summarise_states
from clarity_desktop.sleep.states import decode_states

BERLIN = ZoneTimeline.single("Europe/Berlin")
MARCH = date(2024, 3, 14)


def sleep(day: date, begin_h: float, end_h: float, zone: ZoneTimeline = BERLIN, source: str = "watch") -> SleepSegment:
    """Sleep between clock hours relative to midnight of a day; negative hours lie on the day before."""

    def at(hour: float) -> int:
        return zone.instant_of_local(day_of_date(day) + int(hour // 24), round(hour % 24 * 3600))

    return SleepSegment(at(begin_h), at(end_h), Stage.ASLEEP, source)


def test_a_night_belongs_to_the_date_of_waking() -> None:
    found = nights_from_segments([sleep(MARCH, -1, 7), sleep(MARCH, 23.5, 31)], BERLIN)
    assert [night.date for night in found.nights] == [MARCH, date(2024, 3, 15)]
    assert found.nights[0].midsleep_h == pytest.approx(3)


def test_the_longest_around_midnight_is_the_night_and_others_are_naps() -> None:
    found = nights_from_segments([sleep(MARCH, -1, 6), sleep(MARCH, 13, 14), sleep(MARCH, 8, 9.5)], BERLIN)
    assert [night.tst_min for night in found.nights] == [420]
    assert sorted(nap.tst_min for nap in found.naps) == [60, 90]
    assert all(nap.is_nap for nap in found.naps)


def test_sleep_less_than_an_hour_apart_is_one_episode() -> None:
    joined = nights_from_segments([sleep(MARCH, -1, 3), sleep(MARCH, 3.9, 7)], BERLIN)
    assert len(joined.nights) == 1
    assert joined.nights[0].stages_min["gap"] == pytest.approx(54)
    apart = nights_from_segments([sleep(MARCH, -1, 3), sleep(MARCH, 4, 7)], BERLIN)
    assert (len(apart.nights), len(apart.naps)) == (1, 1)


def test_day_sleep_after_a_night_shift_is_the_main_sleep() -> None:
    found = nights_from_segments([sleep(MARCH, 9.5, 16.5)], BERLIN)
    assert [night.date for night in found.nights] == [MARCH]
    nap = nights_from_segments([sleep(MARCH, 13, 14.5)], BERLIN)
    assert nap.nights == ()
    assert len(nap.naps) == 1


def test_the_night_of_a_clock_change_counts_elapsed_minutes() -> None:
    spring = date(2024, 3, 31)
    night = nights_from_segments([sleep(spring, -1, 7)], BERLIN).nights[0]
    assert night.tst_min == 7 * 60
    autumn = date(2024, 10, 27)
    assert nights_from_segments([sleep(autumn, -1, 7)], BERLIN).nights[0].tst_min == 9 * 60


def test_travel_moves_the_date_and_the_clock() -> None:
    midnight = BERLIN.instant_of_local(day_of_date(MARCH))
    zone = ZoneTimeline(
        (
            ZonePeriod(0, "Europe/Berlin", Certainty.STATED, ""),
            ZonePeriod(midnight, "America/New_York", Certainty.STATED, ""),
        )
    )
    night = nights_from_segments([SleepSegment(midnight, midnight + 4 * 3600, Stage.ASLEEP, "watch")], zone).nights
    assert [one.date for one in night] == [date(2024, 3, 13)]
    assert night[0].midsleep_h == pytest.approx(21)


def test_a_forgotten_in_bed_record_joins_nothing() -> None:
    first, second = sleep(MARCH, -1, 7), sleep(MARCH, 23, 31)
    forgotten = SleepSegment(first.start, second.stop, Stage.IN_BED, "phone")
    assert len(group_episodes([first, second, forgotten])) == 2


def test_in_bed_gives_latency_and_efficiency() -> None:
    asleep = sleep(MARCH, 0, 7)
    bed = SleepSegment(asleep.start - 1200, asleep.stop + 600, Stage.IN_BED, "phone")
    night = nights_from_segments([asleep, bed], BERLIN).nights[0]
    assert night.sol_min == 20
    assert night.tib_min == 450
    assert night.se_pct == pytest.approx(100 * 420 / 450)
    assert night.source == "watch"


def test_scored_night_by_hand() -> None:
    night = summarise_states(decode_states("W10S5W6S1W2S10W4N3"), 0, 41)
    assert (night.onset, night.offset) == (10, 34)
    assert (night.tst_min, night.sol_min, night.waso_min, night.snooze_min) == (16, 10, 8, 7)
    assert (night.awakenings, night.awakenings_5) == (2, 1)
    assert night.fragmentation == pytest.approx(100 * 8 / 24 + 100 / 3)


def test_a_bed_without_sleep_has_no_latency() -> None:
    night = summarise_states(decode_states("W60"), 10, 50)
    assert night.tst_min == 0
    assert night.sol_min is None
    assert night.fragmentation is None


def test_nights_from_states_leave_bed_open() -> None:
    states = decode_states("W60S120W10S110N20S30W700")
    start = BERLIN.instant_of_local(day_of_date(MARCH), 0)
    found = nights_from_states(states, [(60, 190), (200, 350)], start, BERLIN, source="activity", method="scored:x")
    assert len(found.nights) == 1
    night = found.nights[0]
    assert (night.tib_min, night.sol_min, night.se_pct) == (None, None, None)
    assert night.tst_min == 260
    assert night.stages_min == {"asleep": 260, "awake": 10, "gap": 20}
    assert night.onset == start + 3600
    assert np.isclose(night.midsleep_h, (60 + 350) / 120)
