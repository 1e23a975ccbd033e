"""What people write by hand: clock times become instants across clock changes, and what cannot be is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.annotations import Annotation, AnnotationKind, checked_annotation, touches
from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.free_days import FreeDays
from clarity_desktop.domain.sleep_diary import (
    DiaryNight,
    checked_night,
    clock_minutes,
    clock_text,
    instants_of,
    night_row,
)
from clarity_desktop.domain.time import Span, ZoneTimeline, day_of_date

BERLIN = ZoneTimeline.single("Europe/Berlin")
SPRING, AUTUMN = date(2025, 3, 30), date(2025, 10, 26)
H = 3600


def night(day: date, in_bed: str, tried: str, final: str, up: str, **more: object) -> DiaryNight:
    times = [clock_minutes(text) for text in (in_bed, tried, final, up)]
    return DiaryNight(day, *times[:3], times[3], **more)  # type: ignore[arg-type]


@given(st.integers(0, 1439))
def test_a_clock_time_is_read_back(minutes: int) -> None:
    assert clock_minutes(clock_text(minutes)) == minutes
    assert clock_minutes(clock_text(minutes).replace(":", "")) == minutes


@pytest.mark.parametrize("text", ["", "24:00", "7:5", "12:60", "noon", "-1:00", "７:00", "1234567"])
def test_what_is_no_clock_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="24-hour clock"):
        clock_minutes(text)


def test_a_plain_night_by_hand() -> None:
    at = instants_of(night(date(2025, 3, 12), "22:30", "22:45", "06:50", "07:10"), BERLIN)
    midnight = BERLIN.instant_of_local(day_of_date(date(2025, 3, 12)))
    assert (at.in_bed - midnight, at.tried - midnight) == (-90 * 60, -75 * 60)
    assert (at.final_awakening - midnight, at.out_of_bed - midnight) == (410 * 60, 430 * 60)


def test_a_day_sleeper_and_one_who_rises_after_midnight() -> None:
    shift = instants_of(night(date(2025, 3, 12), "08:00", "08:30", "15:00", "15:20"), BERLIN)
    assert shift.final_awakening - shift.in_bed == 7 * H
    late = instants_of(night(date(2025, 3, 12), "16:00", "16:10", "23:50", "00:10"), BERLIN)
    assert late.out_of_bed - late.in_bed == 8 * H + 600


def test_rh36_a_diary_night_of_a_clock_change_is_an_hour_shorter_or_longer() -> None:
    spring = instants_of(night(SPRING, "22:30", "22:30", "06:30", "06:30"), BERLIN)
    autumn = instants_of(night(AUTUMN, "22:30", "22:30", "06:30", "06:30"), BERLIN)
    assert spring.out_of_bed - spring.in_bed == 7 * H
    assert autumn.out_of_bed - autumn.in_bed == 9 * H


def test_a_repeated_hour_takes_the_pass_that_keeps_the_order() -> None:
    first = instants_of(night(AUTUMN, "22:00", "22:00", "02:30", "02:40"), BERLIN)
    assert first.final_awakening - first.tried == 4 * H + 1800
    # Into bed at 02:50 of the first pass, up at 02:10: that is the second pass.
    second = instants_of(night(AUTUMN, "02:40", "02:50", "02:55", "03:10"), BERLIN)
    assert second.out_of_bed - second.final_awakening == H + 15 * 60


def test_a_skipped_time_is_the_instant_of_the_change() -> None:
    at = instants_of(night(SPRING, "22:30", "22:30", "02:30", "03:30"), BERLIN)
    assert BERLIN.format(at.final_awakening) == "2025-03-30T03:00:00+02:00"


@given(
    st.dates(date(2024, 1, 1), date(2026, 12, 31)),
    st.tuples(*[st.integers(0, 1439)] * 4),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
)
def test_instants_are_in_order_whatever_the_zone(day: date, times: tuple[int, int, int, int], zone: str) -> None:
    found = DiaryNight(day, times[0], times[1], times[2], times[3])
    clock = ZoneTimeline.single(zone)
    at = instants_of(found, clock)
    assert at.in_bed <= at.tried <= at.final_awakening <= at.out_of_bed
    assert at.out_of_bed - at.in_bed <= 3 * 24 * H
    shown = clock.format(at.final_awakening)
    assert shown[:10] == day.isoformat()


@given(st.integers(-11, 13), st.tuples(*[st.integers(0, 1439)] * 4))
def test_a_shift_of_the_zone_moves_every_instant_alike(hours: int, times: tuple[int, int, int, int]) -> None:
    found = DiaryNight(date(2025, 5, 6), *times[:3], times[3])
    here = instants_of(found, ZoneTimeline.single("UTC+00:00"))
    sign = "-" if hours < 0 else "+"
    there = instants_of(found, ZoneTimeline.single(f"UTC{sign}{abs(hours):02d}:00"))
    for name in ("in_bed", "tried", "final_awakening", "out_of_bed"):
        assert getattr(here, name) - getattr(there, name) == hours * H


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"quality": 6}, "diary.quality"),
        ({"latency_min": -1.0}, "diary.amount"),
        ({"latency_min": 300.0, "waso_min": 300.0}, "diary.longer_than_bed"),
        ({"in_bed": 1500}, "diary.time"),
        ({"out_of_bed": 6 * 60 + 49, "in_bed": 23 * 60}, "diary.order"),
        ({"comments": "x" * 5000}, "diary.text"),
    ],
)
def test_answers_that_cannot_stand_together_are_refused(change: dict[str, object], code: str) -> None:
    plain = night(date(2025, 3, 12), "22:30", "22:45", "06:50", "07:10")
    with pytest.raises(InputError) as refused:
        checked_night(replace(plain, **change))  # type: ignore[arg-type]
    assert refused.value.code == code


def test_a_night_is_a_row_of_texts() -> None:
    row = night_row(night(date(2025, 3, 12), "22:30", "22:45", "06:50", "07:10", latency_min=15.0, quality=4))
    assert (row["in_bed"], row["latency_min"], row["quality"], row["naps"]) == ("22:30", "15", "4", "")


def annotation(kind: AnnotationKind, start: int, stop: int | None = None, **more: object) -> Annotation:
    return Annotation(kind, start, stop, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (annotation(AnnotationKind.REST, 100), "annotation.needs_end"),
        (annotation(AnnotationKind.LEAVE_OUT, 100, 100), "annotation.order"),
        (annotation(AnnotationKind.MEDICATION, 100, 50), "annotation.order"),
        (annotation(AnnotationKind.REST, 100, 900, asleep=50), "annotation.order"),
        (annotation(AnnotationKind.REST, 0, 40 * H), "annotation.too_long"),
        (annotation(AnnotationKind.NOTE, 100), "annotation.empty"),
        (annotation(AnnotationKind.THERAPY, 100, 900, wake=500), "annotation.asleep"),
        (annotation(AnnotationKind.OTHER, 100, title="x" * 5000), "annotation.text"),
    ],
)
def test_annotations_that_cannot_be_are_refused(made: Annotation, code: str) -> None:
    with pytest.raises(InputError) as refused:
        checked_annotation(made)
    assert refused.value.code == code


def test_two_rests_do_not_overlap_and_a_change_may_overlap_itself() -> None:
    stored = annotation(AnnotationKind.REST, 0, 8 * H, id="one")
    with pytest.raises(InputError, match="Another rest"):
        checked_annotation(annotation(AnnotationKind.NAP, 7 * H, 9 * H), [stored])
    assert checked_annotation(replace(stored, stop=9 * H), [stored]).stop == 9 * H


@given(st.sampled_from(list(AnnotationKind)), st.integers(0, 10**9), st.text(max_size=40))
def test_a_payload_is_read_back(kind: AnnotationKind, start: int, words: str) -> None:
    made = annotation(kind, start, start + 60, title=words, reason=words, asleep=start, wake=None)
    payload = made.as_payload()
    assert Annotation.from_payload(payload, id="a", revision=3, author="Ada", at=9) == replace(
        made, id="a", revision=3, author="Ada", at=9
    )


def test_a_point_on_the_edge_of_a_window_is_inside() -> None:
    assert touches(annotation(AnnotationKind.TRAVEL, 100), Span(100, 200))
    assert not touches(annotation(AnnotationKind.TRAVEL, 200), Span(100, 200))


def test_free_days_follow_the_week_and_its_exceptions() -> None:
    monday, saturday = date(2025, 3, 10), date(2025, 3, 15)
    assumed = FreeDays()
    assert (assumed.is_free(monday), assumed.is_free(saturday)) == (False, True)
    own = FreeDays(frozenset({0}), {saturday: False, date(2025, 3, 12): True}, stated=True)
    assert own.is_free(monday)
    assert not own.is_free(saturday)
    first = day_of_date(monday)
    assert own.free_between(first, first + 6) == (first, first + 2)
    assert own.work_days_a_week == 6
    assert own.words == "Monday (entered); 2 dates entered"
    assert assumed.words == "Saturday and Sunday (assumed)"
