"""Weeks: elapsed minutes from local midnights, every gap counted and in its place, fills named and counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from clarity_desktop.domain.epochs import Epochs, EpochState
from clarity_desktop.domain.errors import InputError, NotFoundError, UsageError
from clarity_desktop.domain.pat import WINDOW_MIN, Fill, Recipe, WeekSignal
from clarity_desktop.domain.time import Certainty, ZonePeriod, ZoneTimeline, day_of_date
from clarity_desktop.pat.normalisation import CohortStatistics, OwnStatistics, fit_cohort, load_cohort, save_cohort
from clarity_desktop.pat.windows import own_profile, prepare, weeks_of, why_not

BERLIN = ZoneTimeline.single("Europe/Berlin")


def recording(
    start: int, values: NDArray[np.float32], state: NDArray[np.uint8] | None = None, zone: ZoneTimeline = BERLIN
) -> Epochs:
    if state is None:
        state = np.zeros(values.size, np.uint8)
    values = np.where(state == EpochState.MISSING, np.float32(np.nan), values.astype(np.float32))
    return Epochs(start, 60, values, state, zone, "counts", "ActivityCounts")


def midnight(year: int, month: int, day: int, zone: ZoneTimeline = BERLIN) -> int:
    from datetime import date

    return zone.instant_of_local(day_of_date(date(year, month, day)))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_r75_i25_the_builder_never_crosses_a_gap_in_silence(data: st.DataObject) -> None:
    """Whatever is missing: each minute stays in its place, and each that was not worn is counted and filled by name."""
    zone = ZoneTimeline.single(data.draw(st.sampled_from(["Europe/Berlin", "UTC", "Asia/Kolkata", "America/New_York"])))
    days = data.draw(st.integers(1, 12))
    n = days * 1440 + data.draw(st.integers(-700, 700))
    start = midnight(2025, 3, data.draw(st.integers(1, 30)), zone) + 60 * data.draw(st.integers(-900, 900))
    state = np.zeros(n, np.uint8)
    for _ in range(data.draw(st.integers(0, 6))):
        first = data.draw(st.integers(0, n - 1))
        state[first : first + data.draw(st.integers(1, 4000))] = data.draw(st.sampled_from([1, 2, 3]))
    # Each minute's value names its instant, so a minute that slid would be seen.
    source = (np.arange(n) % 30_011 + 1).astype(np.float32)
    epochs = recording(start, source, state, zone)
    weeks = weeks_of(epochs)
    everyone = np.arange(len(weeks), dtype=np.int64)
    unit = CohortStatistics("unit", 1, WeekSignal.COUNTS, 2, True, "", np.zeros(WINDOW_MIN), np.ones(WINDOW_MIN))
    profile = own_profile(weeks)
    for fill in Fill:
        made = prepare(weeks, everyone, unit, fill, profile)
        assert np.isfinite(made.values).all()
        for place in everyone.tolist():
            begin = int(weeks.start[place])
            assert int(zone.local_days(np.array([begin]))[0]) == weeks.day[place]
            instants = begin + 60 * np.arange(WINDOW_MIN)
            index = (instants - start) // 60
            inside = (index >= 0) & (index < n)
            worn = np.zeros(WINDOW_MIN, bool)
            worn[inside] = state[index[inside]] == EpochState.WORN
            minutes = weeks.minutes[place]
            assert minutes.worn == worn.sum()
            assert minutes.worn + minutes.not_worn + minutes.missing + minutes.excluded == WINDOW_MIN
            assert minutes.to_fill == (~worn).sum() == made.own_median[place] + made.average[place]
            assert np.array_equal(made.values[place][worn], source[index[worn]])
            if fill is Fill.AVERAGE:
                assert (made.values[place][~worn] == 0).all()
                assert made.own_median[place] == 0
            assert bool(weeks.ok[place]) == (minutes.worn >= 0.9 * WINDOW_MIN)
            assert (why_not(minutes, weeks.gate) == "") == bool(weeks.ok[place])


def test_windows_slide_by_days_within_the_recording() -> None:
    start = midnight(2025, 5, 5)
    weeks = weeks_of(recording(start, np.ones(10 * 1440, np.float32)))
    assert len(weeks) == 4
    assert np.diff(weeks.start).tolist() == [86_400] * 3
    assert weeks.ok.all()
    short = weeks_of(recording(start, np.ones(3 * 1440, np.float32)))
    assert len(short) == 1
    assert short.minutes[0].missing == 4 * 1440
    assert "5760 min without a sample" in why_not(short.minutes[0], 0.9)


def test_a_clock_change_is_flagged_and_minutes_go_on() -> None:
    start = midnight(2025, 3, 25)
    weeks = weeks_of(recording(start, np.arange(9 * 1440, dtype=np.float32)))
    change = weeks.changes[0][0]
    assert (change.shift_s, change.travel) == (3600, False)
    assert weeks.ok[0]
    places = weeks.places(np.array([0]))[0]
    assert np.array_equal(weeks.values[places], np.arange(WINDOW_MIN, dtype=np.float32))
    # After the skipped hour the clock is an hour ahead: elapsed minutes, not clock minutes, make the week.
    assert weeks.minute_of_day[places[6 * 1440]] == 60
    assert [len(one) for one in weeks.changes] == [1] * len(weeks)


def test_travel_is_flagged_with_the_new_zone() -> None:
    start = midnight(2025, 5, 5)
    zone = ZoneTimeline(
        (
            ZonePeriod(-(2**40), "Europe/Berlin", Certainty.STATED, "test"),
            ZonePeriod(start + 3 * 86_400 + 36_000, "Asia/Tokyo", Certainty.STATED, "test"),
        )
    )
    weeks = weeks_of(recording(start, np.ones(9 * 1440, np.float32), zone=zone))
    change = weeks.changes[0][0]
    assert (change.travel, change.zone, change.shift_s) == (True, "Asia/Tokyo", 7 * 3600)
    assert weeks.ok[0]


def test_the_gate_is_nine_tenths_or_the_whole() -> None:
    start = midnight(2025, 5, 5)
    state = np.zeros(7 * 1440, np.uint8)
    state[100:1108] = EpochState.NOT_WORN
    values = np.ones(7 * 1440, np.float32)
    assert weeks_of(recording(start, values, state)).ok.tolist() == [True]
    assert weeks_of(recording(start, values, state), gate=1.0).ok.tolist() == [False]
    state[1108] = EpochState.NOT_WORN
    assert weeks_of(recording(start, values, state)).ok.tolist() == [False]
    with pytest.raises(UsageError):
        weeks_of(recording(start, values), gate=0.0)


def test_the_own_median_is_that_of_the_minute_of_the_day() -> None:
    start = midnight(2025, 5, 5)
    minute = np.arange(7 * 1440) % 1440
    day = np.arange(7 * 1440) // 1440
    state = np.zeros(7 * 1440, np.uint8)
    state[:60] = EpochState.NOT_WORN
    state[minute == 700] = EpochState.MISSING
    weeks = weeks_of(recording(start, (minute * 10 + day).astype(np.float32), state))
    profile = own_profile(weeks)
    assert profile[0] == 3.5
    assert profile[100] == 1003
    assert np.isnan(profile[700])
    unit = CohortStatistics("unit", 1, WeekSignal.COUNTS, 2, True, "", np.full(WINDOW_MIN, 5.0), np.ones(WINDOW_MIN))
    made = prepare(weeks, np.array([0]), unit, Fill.OWN_MEDIAN)
    assert made.own_median.tolist() == [60]
    assert made.average.tolist() == [7]
    assert made.values[0, 0] == pytest.approx(3.5 - 5)
    assert (made.values[0, minute == 700] == 0).all()


def test_longer_epochs_are_not_taken_for_minutes() -> None:
    epochs = Epochs(0, 300, np.ones(100, np.float32), np.zeros(100, np.uint8), BERLIN)
    with pytest.raises(UsageError, match="300 s"):
        weeks_of(epochs)


def test_a_cohort_comes_back_from_its_file_and_standardises(tmp_path) -> None:  # type: ignore[no-untyped-def]
    random = np.random.default_rng(0)
    weeks = random.gamma(2, 50, (20, WINDOW_MIN)).astype(np.float32)
    weeks[3, 100:200] = np.nan
    weeks[:, 7] = 4.0
    cohort = fit_cohort(weeks, name="test", version=2, signal=WeekSignal.COUNTS, simulated=True, source="twenty")
    assert cohort.mean[100] == pytest.approx(np.nanmean(weeks[:, 100]), rel=1e-6)
    assert cohort.sd[100] == pytest.approx(np.nanstd(weeks[:, 100]), rel=1e-6)
    z = cohort.standardised(np.nan_to_num(weeks))
    assert np.isfinite(z).all()
    assert (z[:, 7] == 0).all()
    save_cohort(tmp_path / "c.npz", cohort)
    again = load_cohort(tmp_path / "c.npz")
    assert again.id == cohort.id
    assert again.id.startswith("test/v2/")
    with pytest.raises(NotFoundError):
        load_cohort(tmp_path / "none.npz")
    (tmp_path / "odd.npz").write_bytes(b"not an archive")
    with pytest.raises(InputError):
        load_cohort(tmp_path / "odd.npz")
    with pytest.raises(UsageError):
        fit_cohort(weeks[:1], name="one", version=1, signal=WeekSignal.COUNTS, simulated=True, source="one")


def test_the_own_standardisation_calls_itself_approximate() -> None:
    own = OwnStatistics.of(np.array([1, 3, np.nan], np.float32))
    assert own.approximate
    assert "pproximate" in own.words
    assert own.standardised(np.array([1, 3], np.float32)).tolist() == [-1, 1]
    with pytest.raises(InputError):
        OwnStatistics.of(np.array([np.nan], np.float32))


def test_recipes_differ_in_each_of_their_parts() -> None:
    base = Recipe("w", "PAT-S", WeekSignal.COUNTS, "n", Fill.AVERAGE)
    others = (
        Recipe("v", "PAT-S", WeekSignal.COUNTS, "n", Fill.AVERAGE),
        Recipe("w", "PAT-S", WeekSignal.STEPS, "n", Fill.AVERAGE),
        Recipe("w", "PAT-S", WeekSignal.COUNTS, "m", Fill.AVERAGE),
        Recipe("w", "PAT-S", WeekSignal.COUNTS, "n", Fill.OWN_MEDIAN),
    )
    assert len({base.key, *(one.key for one in others)}) == 5
