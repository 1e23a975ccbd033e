from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarity_desktop.demo.hypnogram import AWAKE_ASLEEP, OUT_OF_SLEEP
from clarity_desktop.demo.people import DEMO_DAYS, PEOPLE, SimulatedPerson
from clarity_desktop.demo.signals import SimulatedRecording, simulate
from clarity_desktop.domain.time import zone_of_name

CODES = [person.code for person in PEOPLE]
RecordingOf = Callable[[str], SimulatedRecording]


def test_people_are_five_with_own_codes_names_and_known_zones() -> None:
    assert len({person.code for person in PEOPLE}) == len({person.name for person in PEOPLE}) == 5
    for person in PEOPLE:
        assert person.name.startswith("Demo · ")
        for name in (person.home_zone, *(stay.zone for stay in person.stays)):
            zone_of_name(name)


def test_equal_arguments_give_equal_arrays_and_other_seeds_do_not(recording_of: RecordingOf) -> None:
    first = recording_of("D-0002")
    again = simulate(first.person, first.seed, DEMO_DAYS)
    for name in ("counts", "steps", "heart_rate", "light", "worn", "stages"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert first.nights == again.nights
    other = simulate(first.person, first.seed + 1, DEMO_DAYS)
    assert np.mean(other.counts != first.counts) > 0.3


def test_each_person_has_a_stream_of_their_own(recording_of: RecordingOf) -> None:
    regular, traveller = recording_of("D-0001"), recording_of("D-0005")
    assert np.corrcoef(regular.light, traveller.light)[0, 1] < 0.9


@pytest.mark.parametrize("code", CODES)
def test_the_grid_covers_the_local_days_across_the_clock_change(recording_of: RecordingOf, code: str) -> None:
    recording = recording_of(code)
    local_days = recording.local_days
    assert recording.days == tuple(np.unique(local_days).tolist())
    assert len(recording.days) == DEMO_DAYS
    minutes = np.unique(local_days, return_counts=True)[1]
    if code in ("D-0001", "D-0002", "D-0004"):
        assert sorted(set(minutes.tolist())) == [1380, 1440]  # 30 March has 23 hours in Europe
    if code == "D-0003":
        assert set(minutes.tolist()) == {1440}  # New York changed on 9 March, before the recording
    if code == "D-0005":
        assert minutes.sum() * 60 == recording.span.length_s
        assert minutes.min() == 1440 - 8 * 60  # to Tokyo


@pytest.mark.parametrize("code", CODES)
def test_nights_add_up_and_follow_each_other(recording_of: RecordingOf, code: str) -> None:
    recording = recording_of(code)
    nights = recording.nights
    assert len(nights) >= DEMO_DAYS - 1
    for night in nights:
        assert night.in_bed <= night.onset < night.offset <= night.out_of_bed
        assert night.tst_min + night.waso_min == pytest.approx((night.offset - night.onset) / 60)
        assert night.tst_min == pytest.approx(sum(night.stages_min.values()))
    for before, after in pairwise(nights):
        assert before.out_of_bed < after.in_bed


def test_the_named_disturbed_nights_are_disturbed(recording_of: RecordingOf) -> None:
    by_date = {night.date: night for night in recording_of("D-0001").nights if not night.is_nap}
    for day, wished in ((19, 117.0), (20, 154.0), (21, 100.0)):
        assert by_date[date(2025, 3, day)].waso_min == pytest.approx(wished, abs=25)
    others = [night.waso_min for one, night in by_date.items() if one.day not in (19, 20, 21)]
    assert np.median(others) < 40


def test_people_differ_in_the_way_their_names_say(recording_of: RecordingOf) -> None:
    def hours(code: str) -> np.ndarray:
        recording = recording_of(code)
        nights = [night for night in recording.nights if not night.is_nap]
        middle = np.array([(night.onset + night.offset) // 2 for night in nights])
        return (recording.zone.local_seconds(middle) / 3600 + 12) % 24 - 12

    def wake(code: str) -> float:
        return float(np.median([night.waso_min for night in recording_of(code).nights if not night.is_nap]))

    assert 2.5 < np.median(hours("D-0001")) < 4.5
    assert np.std(hours("D-0001")) < 0.7
    assert np.median(hours("D-0003")) > 6
    assert np.std(hours("D-0002")) > 2
    assert wake("D-0004") > 3 * wake("D-0001")
    assert [period.zone for period in recording_of("D-0005").zone.periods] == [
        "Europe/Berlin",
        "Asia/Tokyo",
        "Asia/Kolkata",
        "Europe/Berlin",
    ]


def test_the_shift_worker_never_sleeps_at_work(recording_of: RecordingOf) -> None:
    from clarity_desktop.demo.sleep_timing import work_intervals

    recording = recording_of("D-0002")
    work = work_intervals(recording.person, recording.zone, recording.days[0], recording.days[-1])
    asleep = (recording.stages != OUT_OF_SLEEP).reshape(-1, 2).all(axis=1)
    for start, stop in work.tolist():
        inside = (recording.minutes >= start) & (recording.minutes < stop)
        assert not asleep[inside].any()


def test_the_circadian_minimum_keeps_the_true_period() -> None:
    person = replace(PEOPLE[0], period_h=24.7)
    recording = simulate(person, 3, 30)
    np.testing.assert_allclose(np.diff(recording.circadian_minima), 24.7 * 3600, atol=1)


def test_the_phase_moves_to_a_new_zone_by_days_not_at_once(recording_of: RecordingOf) -> None:
    recording = recording_of("D-0005")
    clock = recording.zone.local_seconds(recording.circadian_minima) / 3600 % 24
    local_day = recording.zone.local_days(recording.circadian_minima)
    arrival = clock[np.searchsorted(local_day, recording.days[0] + 5)]
    settled = clock[np.searchsorted(local_day, recording.days[0] + 13)]
    assert abs((arrival - settled + 12) % 24 - 12) > 3
    assert np.abs(np.diff(recording.circadian_minima) / 3600 - 24).max() <= 1.5 + 1e-6


def test_signals_are_plausible_and_movement_stops_at_night(recording_of: RecordingOf) -> None:
    recording = recording_of("D-0001")
    asleep = (recording.stages != OUT_OF_SLEEP).reshape(-1, 2).all(axis=1)
    assert recording.steps[asleep].sum() == 0
    assert recording.counts[asleep].mean() < 0.1 * recording.counts[~asleep].mean()
    assert recording.heart_rate[asleep].mean() + 8 < recording.heart_rate[~asleep].mean()
    assert np.median(recording.light[asleep]) < 1 < np.median(recording.light[~asleep])
    assert recording.heart_rate.min() >= 38
    assert recording.heart_rate.max() <= 196
    assert 5000 < np.mean(list(recording.steps_by_day().values())) < 11000
    assert 0.9 < recording.worn.mean() < 0.99
    assert (recording.stages == AWAKE_ASLEEP).any()


def test_a_simulation_needs_two_days() -> None:
    with pytest.raises(ValueError, match="at least 2 days"):
        simulate(PEOPLE[0], 1, 1)


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    midsleep=st.floats(1.0, 9.0),
    wakes=st.floats(0.0, 6.0),
    nap_share=st.floats(0.0, 1.0),
    pattern=st.text("D-", min_size=1, max_size=9),
)
def test_any_parameters_give_a_consistent_life(
    seed: int, midsleep: float, wakes: float, nap_share: float, pattern: str
) -> None:
    person: SimulatedPerson = replace(
        PEOPLE[0], free_midsleep_h=midsleep, wakes_per_h=wakes, nap_share=nap_share, work_pattern=pattern
    )
    recording = simulate(person, seed, 9)
    assert recording.counts.size * 60 == recording.span.length_s == recording.stages.size * 30
    assert np.isfinite(recording.counts).all()
    assert np.isfinite(recording.heart_rate).all()
    for night in recording.nights:
        assert night.tst_min + night.waso_min == pytest.approx((night.offset - night.onset) / 60)
