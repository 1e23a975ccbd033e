"""What people write by hand under a panel: states, nights, free days, cache, comparison and accounts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vault_data import put, watch_days

from clarity_desktop.analysis.change import ChangeOverTime
from clarity_desktop.analysis.comparison import DayRange, around_event, compare_windows
from clarity_desktop.analysis.daily_values import DailyValues
from clarity_desktop.analysis.methods import sleep_methods
from clarity_desktop.analysis.study import Study
from clarity_desktop.domain.annotations import Annotation, AnnotationKind
from clarity_desktop.domain.epochs import EpochState
from clarity_desktop.domain.errors import NotFoundError, UsageError
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.sleep_diary import DiaryNight
from clarity_desktop.domain.time import Span, ZoneTimeline, day_of_date
from clarity_desktop.domain.work import Progress
from clarity_desktop.sleep.fragmentation import fragmentation_index
from clarity_desktop.vault import KdfParameters, Vault

BERLIN = ZoneTimeline.single("Europe/Berlin")
FIRST = day_of_date(date(2024, 5, 1))
DAYS = 16
H = 3600


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Vault, str]]:
    """A patient with 16 days of a watch; each test adds what it writes and takes it away again."""
    folder = tmp_path_factory.mktemp("by-hand") / "vault"
    with Vault.create(folder, "a passphrase for tests", kdf=KdfParameters.for_tests()) as vault:
        patient = vault.patients.add("A", home_zone="Europe/Berlin")
        put(vault, patient.id, *watch_days(BERLIN, FIRST, DAYS))
        yield vault, patient.id


@pytest.fixture
def watch(recorded: tuple[Vault, str]) -> Iterator[tuple[Vault, str]]:
    vault, patient = recorded
    yield vault, patient
    for one in vault.diary.annotations(patient):
        vault.diary.remove_annotation(patient, one.id)
    for night in vault.diary.nights(patient):
        vault.diary.remove_night(patient, night.date)
    for day in vault.diary.free_days(patient).exceptions:
        vault.diary.remove_day(patient, day)
    if vault.diary.free_days(patient).stated:
        vault.diary.forget_week(patient)


def number(panel: Panel, metric: str) -> float:
    found = panel.finding(metric)
    assert found is not None
    assert found.value is not None, found.insufficient
    return found.value


def write(vault: Vault, patient: str, kind: AnnotationKind, start: int, stop: int, **more: object) -> Annotation:
    made = Annotation(kind, start, stop, **more)  # type: ignore[arg-type]
    return vault.diary.save_annotation(patient, made)


def test_what_was_left_out_counts_in_no_state_and_not_in_the_medians(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    before = Study(vault).panel(patient, details=False)
    night = before.nights[5]
    write(vault, patient, AnnotationKind.LEAVE_OUT, night.onset - 600, night.offset + 600, reason="fever")
    panel = Study(vault).panel(patient, details=False)
    left = panel.epochs.state == EpochState.EXCLUDED
    assert int(left.sum()) == (night.offset - night.onset + 1200) // 60
    assert np.array_equal(panel.epochs.values, before.epochs.values, equal_nan=True), "no sample is changed"
    assert panel.nights[5].incomplete == "Left out by Owner: fever."
    assert panel.nights[5].onset == night.onset, "it stays visible"
    found, plain = panel.finding("tst_min"), before.finding("tst_min")
    assert found is not None
    assert plain is not None
    assert found.n == (plain.n or 0) - 1
    assert any("left out of medians by hand" in note for note in panel.notes)
    assert panel.coverage.epochs == before.coverage.epochs
    assert panel.coverage.worn < before.coverage.worn


def test_provenance_carries_what_was_written(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    before = Study(vault).panel(patient, details=False)
    night = before.nights[3]
    write(vault, patient, AnnotationKind.NOT_WORN, night.onset + H, night.onset + 3 * H)
    panel = Study(vault).panel(patient, details=False)
    told = dict(panel.provenance.parameters)
    assert told["by_hand"] == "1 × Not worn"
    assert panel.provenance.input_hash != before.provenance.input_hash
    assert panel.wear_rule.startswith("a person > ")
    assert any(bout.rule == "a person" for bout in panel.wear_bouts)
    assert panel.nights[3].tst_min < night.tst_min, "sleep in it does not count"
    assert any(note == "Edited by hand: 1 × Not worn." for note in panel.notes)


def test_a_panel_is_made_anew_only_when_something_that_matters_changed(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    study = Study(vault)
    study.panel(patient, details=False)
    steps: list[Progress] = []

    def computed() -> bool:
        steps.clear()
        study.panel(patient, details=False, progress=steps.append)
        return bool(steps)

    assert not computed()
    far = FIRST * 86_400 - 400 * 86_400
    write(vault, patient, AnnotationKind.NOTE, far, far + 60, title="years before")
    vault.diary.save_annotation(patient, Annotation(AnnotationKind.MEDICATION, (FIRST + 3) * 86_400, None, "tablet"))
    vault.diary.save_nights(patient, [DiaryNight(date(2024, 5, 4), 1350, 1350, 400, 420)])
    write(vault, patient, AnnotationKind.LEAVE_OUT, far, far + H)
    assert not computed(), "none of these is about a number of this window"
    left = write(vault, patient, AnnotationKind.LEAVE_OUT, (FIRST + 3) * 86_400, (FIRST + 3) * 86_400 + H)
    assert computed()
    assert not computed()
    vault.diary.undo(patient, "annotation", left.id)
    assert not computed(), "the result of before is kept"


def test_a_stated_rest_rules_and_the_computed_night_stays_at_hand(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    study = Study(vault)
    plain = study.panel(patient, details=False).nights[4]
    start, stop = plain.onset - H, plain.offset + H
    rest = write(vault, patient, AnnotationKind.REST, start, stop, asleep=plain.onset + 1200, wake=plain.offset - 600)
    edited = study.panel(patient, details=False).nights[4]
    assert (edited.edited, edited.onset, edited.out_of_bed) == (rest.id, plain.onset + 1200, stop)
    assert edited.sol_min == 80
    assert study.panel(patient, details=False, edited=False).nights[4] == plain
    again = study.panel(patient, details=False)
    assert again.nights[4] == edited, "the cache keeps who edited it"


def test_free_days_of_the_person_make_social_jetlag(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    study = Study(vault)
    assumed = study.panel(patient, details=False).finding("social_jetlag_h")
    assert assumed is not None
    assert dict(assumed.provenance.parameters)["free_days"] == "Saturday and Sunday (assumed)"
    vault.diary.save_week(patient, frozenset({2, 3, 4}))
    vault.diary.save_days(patient, {date(2024, 5, 13): True})
    own = study.panel(patient, details=False).finding("social_jetlag_h")
    assert own is not None
    assert dict(own.provenance.parameters)["free_days"] == ("Wednesday, Thursday and Friday (entered); 1 date entered")
    counts, before = dict(own.details), dict(assumed.details)
    assert counts["free_nights"] != before["free_nights"]
    assert sum(counts.values()) == sum(before.values())


def test_rh51_free_minus_work_nights_stand_in_the_panel_with_interval_and_free_days(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    vault.diary.save_week(patient, frozenset({2, 3, 4}))
    panel = Study(vault).panel(patient, details=True)
    nights = [night for night in panel.nights if not night.incomplete]
    free = [night.date.weekday() in (2, 3, 4) for night in nights]
    slept = {
        kind: [night.tst_min for night, is_free in zip(nights, free, strict=True) if is_free is kind]
        for kind in (True, False)
    }
    for metric in ("free_onset_later_min", "free_offset_later_min", "free_duration_longer_min"):
        found = panel.finding(metric)
        assert found is not None
        assert found.value is not None
        assert found.interval is not None
        assert found.interval[0] <= found.value <= found.interval[1]
        assert dict(found.details)["free_nights"] == sum(free)
        assert "(entered)" in dict(found.provenance.parameters)["free_days"]
    longer = panel.finding("free_duration_longer_min")
    assert longer is not None
    means = {kind: sum(values) / len(values) for kind, values in slept.items()}
    assert longer.value == pytest.approx(means[True] - means[False])
    vault.diary.save_week(patient, frozenset())
    none = Study(vault).panel(patient, details=False).finding("free_onset_later_min")
    assert none is not None
    assert none.insufficient is not None
    assert "Needs 2 nights before free days" in none.insufficient


def test_rh40_the_median_of_fragmentation_stands_in_the_panel(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    panel = Study(vault).panel(patient, details=False)
    found = panel.finding("fragmentation_pct")
    values = [
        value for night in panel.nights if not night.incomplete and (value := fragmentation_index(night)) is not None
    ]
    assert found is not None
    assert found.n == len(values)
    assert found.value == pytest.approx(float(np.median(values)))
    assert found.interval is not None


def test_without_a_night_before_a_free_day_the_reason_names_the_rule(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    vault.diary.save_week(patient, frozenset())
    found = Study(vault).panel(patient, details=False).finding("social_jetlag_h")
    assert found is not None
    assert found.value is None
    assert found.insufficient is not None
    assert "Free: no weekday (entered)." in found.insufficient


def test_rh37_latency_to_persistent_sleep_stands_beside_the_first_sleep(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    found = Study(vault).panel(patient, details=False).finding("sol_min")
    assert found is not None
    details = dict(found.details)
    assert details["first_10_of_11_min"] >= (found.value or 0)
    assert details["nights_10_of_11"] == found.n


def test_rh44_accounts_agree_per_night_and_in_sum(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    study = Study(vault)
    panel = study.panel(patient, details=False)
    written = []
    for night in panel.nights[:7]:
        bed = night.in_bed or night.onset
        clock = [
            int(BERLIN.local_seconds(np.array([at], dtype=np.int64))[0] // 60 % 1440)
            for at in (bed, bed, night.offset, night.out_of_bed or night.offset)
        ]
        latency = (night.onset - bed) / 60 + 10
        written.append(DiaryNight(night.date, *clock[:3], clock[3], latency_min=latency, waso_min=0.0))
    vault.diary.save_nights(patient, written)
    found = sleep_methods(vault, patient, panel)
    (pair,) = found.pairs
    assert (pair.reference, pair.other, len(pair.nights)) == ("stages", "diary", 7)
    onset = next(one for one in pair.biases if one.measure == "onset_min")
    assert (onset.n, onset.mean, onset.sd) == (7, 10, 0)
    assert pair.only_reference == len(panel.nights) - 7
    assert pair.epochs.epochs == sum(one.epochs.epochs for one in pair.nights)
    assert not found.missing


def test_without_a_second_account_the_answer_says_what_is_needed(watch: tuple[Vault, str]) -> None:
    vault, patient = watch
    found = sleep_methods(vault, patient, Study(vault).panel(patient, details=False))
    assert found.pairs == ()
    assert found.missing.startswith("There is one account of these nights: Stages. Two are needed")


def values(day: np.ndarray, value: np.ndarray, *, clock_hour: bool = False) -> ChangeOverTime:
    metric = "midsleep_h" if clock_hour else "tst_min"
    one = DailyValues(metric, "Time", "h" if clock_hour else "min", "night", day, value, clock_hour)
    return ChangeOverTime((one,), ())


def compared(day: np.ndarray, value: np.ndarray, a: DayRange, b: DayRange, **more: bool):  # type: ignore[no-untyped-def]
    return compare_windows(values(day, value, **more), a, b, BERLIN).measures[0]


def test_rh64_a_step_is_measured_with_washout_left_out() -> None:
    day = np.arange(100, 140, dtype=np.int64)
    random = np.random.default_rng(1)
    value = 400 + random.normal(0, 10, day.size)
    value[20:23] = 900.0
    value[23:] += 30
    a, b = around_event(120, 14, 3)
    assert (a, b) == (DayRange(106, 119), DayRange(123, 136))
    row = compared(day, value, a, b)
    assert (row.n_a, row.n_b) == (14, 14)
    assert row.difference == pytest.approx(float(value[23:37].mean() - value[6:20].mean()))
    assert row.interval is not None
    assert row.interval[0] < 30 < row.interval[1]
    assert (row.hedges_g or 0) > 1


def test_rh64_below_seven_values_a_side_the_reason_stands_in_place_of_a_difference() -> None:
    day = np.arange(100, 120, dtype=np.int64)
    row = compared(day, np.full(20, 400.0), DayRange(100, 105), DayRange(110, 119))
    assert (row.difference, row.interval, row.hedges_g) == (None, None, None)
    assert row.insufficient == "Needs 7 nights in each window, has 6 and 10."
    assert (row.a, row.b) == (400, 400)


def test_windows_that_share_days_or_end_before_they_start_are_refused() -> None:
    change = values(np.arange(20, dtype=np.int64), np.ones(20))
    for a, b, code in (
        (DayRange(0, 9), DayRange(9, 19), "compare.overlap"),
        (DayRange(9, 0), DayRange(10, 19), "compare.order"),
    ):
        with pytest.raises(UsageError) as refused:
            compare_windows(change, a, b, BERLIN)
        assert refused.value.code == code
    with pytest.raises(UsageError):
        around_event(10, 0)
    with pytest.raises(UsageError):
        around_event(10, 7, -1)


def test_clock_hours_around_midnight_differ_by_minutes() -> None:
    day = np.arange(20, dtype=np.int64)
    value = np.concatenate((np.full(10, 23.75), np.full(10, 0.25))) + np.tile([0.0, 0.01], 10)
    row = compared(day, value % 24, DayRange(0, 9), DayRange(10, 19), clock_hour=True)
    assert row.difference == pytest.approx(0.5)


@given(st.lists(st.floats(300, 500), min_size=20, max_size=20), st.floats(-100, 100))
def test_swapping_windows_turns_the_sign_and_a_shift_of_all_changes_nothing(found: list[float], by: float) -> None:
    day, value = np.arange(20, dtype=np.int64), np.array(found)
    a, b = DayRange(0, 9), DayRange(10, 19)
    one, other = compared(day, value, a, b), compared(day, value, b, a)
    assert one.difference == pytest.approx(-(other.difference or 0), abs=1e-9)
    moved = compared(day, value + by, a, b)
    assert moved.difference == pytest.approx(one.difference, abs=1e-6)
    later = compare_windows(values(day + 500, value), DayRange(500, 509), DayRange(510, 519), BERLIN).measures[0]
    assert later.difference == one.difference
    assert later.interval == one.interval


@given(st.permutations(range(10)), st.permutations(range(10)))
def test_the_order_of_days_within_a_window_changes_no_difference(first: list[int], second: list[int]) -> None:
    day, value = np.arange(20, dtype=np.int64), np.linspace(300, 500, 20) ** 1.1
    mixed = np.concatenate((value[:10][np.array(first)], value[10:][np.array(second)]))
    one, other = (compared(day, v, DayRange(0, 9), DayRange(10, 19)) for v in (value, mixed))
    assert other.difference == pytest.approx(one.difference)
    assert other.hedges_g == pytest.approx(one.hedges_g)


def test_a_person_with_a_diary_and_steps_alone_has_nights_from_the_diary(recorded: tuple[Vault, str]) -> None:
    vault, _ = recorded
    patient = vault.patients.add("B", home_zone="Europe/Berlin").id
    steps = [one for one in watch_days(BERLIN, FIRST, 10) if one.kind == "HKQuantityTypeIdentifierStepCount"]
    put(vault, patient, *steps)
    days = [date(2024, 5, 2) + timedelta(days=n) for n in range(6)]
    vault.diary.save_nights(patient, [DiaryNight(day, 1350, 1360, 400, 420, latency_min=10.0) for day in days])
    panel = Study(vault).panel(patient, details=False)
    assert [night.method for night in panel.nights] == ["diary"] * 6
    assert number(panel, "tst_min") == 470
    assert any("diary; nothing was recorded" in note for note in panel.notes)
    regularity = panel.finding("sri")
    assert regularity is not None
    assert regularity.value is None


def test_rh36_a_diary_fills_the_nights_that_nothing_recorded(recorded: tuple[Vault, str]) -> None:
    vault, _ = recorded
    patient = vault.patients.add("C", home_zone="Europe/Berlin").id
    put(vault, patient, *watch_days(BERLIN, FIRST, 5))
    before = Study(vault).panel(patient, details=False)
    last = before.nights[-1].date
    written = [last - timedelta(days=1), last, last + timedelta(days=1), last + timedelta(days=2)]
    vault.diary.save_nights(patient, [DiaryNight(day, 1350, 1360, 400, 420, latency_min=10.0) for day in written])
    span = Span(before.span.start, before.span.stop + 3 * 86_400)
    panel = Study(vault).panel(patient, span, details=False)
    assert panel.nights[: len(before.nights)] == before.nights, "what was recorded speaks for itself"
    assert [(night.date, night.method) for night in panel.nights[len(before.nights) :]] == [
        (day, "diary") for day in written[2:]
    ]
    assert not any(night.incomplete for night in panel.nights[-2:])
    asleep = panel.finding("tst_min")
    assert asleep is not None
    assert asleep.n == len(panel.nights)
    assert dict(asleep.provenance.parameters)["diary_nights"] == "2"
    assert any(note.startswith("2 nights are from the person's diary") for note in panel.notes)


def test_rh36_a_person_with_a_diary_alone_has_nights(recorded: tuple[Vault, str]) -> None:
    vault, _ = recorded
    patient = vault.patients.add("D", home_zone="Europe/Berlin").id
    with pytest.raises(NotFoundError):
        Study(vault).panel(patient, details=False)
    days = [date(2024, 5, 2) + timedelta(days=n) for n in range(6)]
    vault.diary.save_nights(patient, [DiaryNight(day, 1350, 1360, 400, 420, latency_min=10.0) for day in days])
    panel = Study(vault).panel(patient, details=False)
    assert [night.date for night in panel.nights] == days
    assert number(panel, "tst_min") == 470
    assert panel.coverage.worn == 0


def test_a_stated_rest_without_recorded_sleep_is_marked_and_in_no_median(recorded: tuple[Vault, str]) -> None:
    vault, _ = recorded
    patient = vault.patients.add("E", home_zone="Europe/Berlin").id
    put(vault, patient, *watch_days(BERLIN, FIRST, 5))
    before = Study(vault).panel(patient, details=False)
    start = before.nights[-1].offset + 15 * H
    write(vault, patient, AnnotationKind.REST, start, start + 8 * H)
    panel = Study(vault).panel(patient, Span(before.span.start, start + 24 * H), details=False)
    assert panel.nights[-1].method == "stated"
    assert panel.nights[-1].incomplete.startswith("Stated only")
    asleep, plain = panel.finding("tst_min"), before.finding("tst_min")
    assert asleep is not None
    assert plain is not None
    assert (asleep.n, asleep.value) == (plain.n, plain.value)
    assert any(note.startswith("1 night is stated only") for note in panel.notes)
