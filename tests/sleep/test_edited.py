"""Edits by hand of nights: stated times rule, what is left out is marked, and order or zone change nothing."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.annotations import Annotation, AnnotationKind
from clarity_desktop.domain.sleep import SleepSegment, Stage
from clarity_desktop.domain.time import Span, ZoneTimeline
from clarity_desktop.sleep.edited import night_of_rest, with_left_out, with_rests, without_spans
from clarity_desktop.sleep.nights import nights_from_segments
from clarity_desktop.sleep.stages import resolve_sources

ZONE = ZoneTimeline.single("UTC+00:00")
H, DAY = 3600, 86_400
BASE = 20_000 * DAY


def a_night(day: int, *, start_h: float = 23.0) -> list[SleepSegment]:
    """In bed at 23:00, asleep 23:30–03:00, awake to 03:20, asleep to 07:00, up at 07:15."""
    at = BASE + day * DAY + round(start_h * H)
    return [
        SleepSegment(at, at + 8 * H + 900, Stage.IN_BED, "Watch"),
        SleepSegment(at + 1800, at + 4 * H, Stage.CORE, "Watch"),
        SleepSegment(at + 4 * H, at + 4 * H + 1200, Stage.AWAKE, "Watch"),
        SleepSegment(at + 4 * H + 1200, at + 8 * H, Stage.DEEP, "Watch"),
    ]


def rest(start: int, stop: int, **more: object) -> Annotation:
    return Annotation(AnnotationKind.REST, start, stop, id="r", author="Ada", **more)  # type: ignore[arg-type]


def between(segments: list[SleepSegment]):  # type: ignore[no-untyped-def]
    return lambda low, high: resolve_sources([s for s in segments if s.start < high and s.stop > low])


def edited(segments: list[SleepSegment], *rests: Annotation):  # type: ignore[no-untyped-def]
    found = nights_from_segments(segments, ZONE)
    return with_rests(found, rests, between(segments), ZONE, source="recorded stages", method="stages")


def test_stated_times_take_the_place_of_computed_ones() -> None:
    segments = a_night(0)
    at = BASE + 23 * H
    found = edited(segments, rest(at - 600, at + 8 * H, asleep=at + 2400, wake=at + 7 * H))
    (night,) = found.nights
    assert (night.in_bed, night.onset, night.offset, night.out_of_bed) == (at - 600, at + 2400, at + 7 * H, at + 8 * H)
    assert night.sol_min == 50
    # Asleep from 23:40 to 06:00 less 20 minutes awake.
    assert night.tst_min == 7 * 60 - 40 - 20
    assert night.waso_min == 20
    assert night.se_pct == pytest.approx(100 * 360 / 490)
    assert (night.edited, night.method) == ("r", "stages")


def test_minutes_between_a_stated_onset_and_recorded_sleep_are_neither() -> None:
    segments = a_night(0)
    at = BASE + 23 * H
    night = night_of_rest(
        rest(at, at + 8 * H, asleep=at + 600), between(segments), ZONE, source="recorded stages", method="stages"
    )
    assert night is not None
    assert night.stages_min["gap"] == pytest.approx(20)
    assert night.tst_min + night.waso_min + night.stages_min["gap"] == pytest.approx((night.offset - night.onset) / 60)


def test_a_rest_without_recorded_sleep_takes_no_date_that_has_a_night() -> None:
    segments = a_night(0)
    (night,) = edited(segments).nights
    found = edited(segments, rest(night.offset + 2 * H, night.offset + 3 * H))
    assert found.nights == (night,)


def test_a_rest_without_recorded_sleep_is_a_night_stated_only() -> None:
    segments = a_night(0)
    at = BASE + 71 * H
    found = edited(segments, rest(at, at + 8 * H, asleep=at + 1800, wake=at + 7 * H))
    assert len(found.nights) == 2
    night = found.nights[1]
    assert (night.method, night.edited) == ("stated", "r")
    assert night.incomplete == "Stated only: no sleep was recorded in it."
    assert (night.onset, night.offset, night.tst_min) == (at + 1800, at + 7 * H, 390)
    assert (night.segments, night.sol_min, night.se_pct) == ((), None, None)


def test_a_stated_nap_is_a_nap() -> None:
    afternoon = [SleepSegment(BASE + 14 * H, BASE + 15 * H, Stage.CORE, "Watch")]
    nap = Annotation(AnnotationKind.NAP, BASE + 14 * H - 300, BASE + 15 * H + 300, id="n", author="Ada")
    found = edited([*a_night(0), *afternoon], nap)
    assert [one.edited for one in found.naps] == ["n"]
    assert found.naps[0].is_nap
    assert len(found.nights) == 1


def test_other_nights_stay_as_they_were() -> None:
    segments = [*a_night(0), *a_night(1), *a_night(2)]
    plain = nights_from_segments(segments, ZONE)
    at = BASE + DAY + 23 * H
    found = edited(segments, rest(at, at + 6 * H))
    assert found.nights[0] == plain.nights[0]
    assert found.nights[2] == plain.nights[2]
    assert found.nights[1].edited == "r"


@given(st.permutations(range(4)), st.integers(0, 3))
def test_the_order_of_days_changes_nothing(order: list[int], which: int) -> None:
    at = BASE + which * DAY + 23 * H
    one = rest(at + 300, at + 7 * H)
    plain = edited([s for day in range(4) for s in a_night(day)], one)
    mixed = edited([s for day in order for s in a_night(day)], one)
    assert plain == mixed


@given(st.integers(-200, 200))
def test_a_shift_in_time_moves_edits_along(days: int) -> None:
    at = BASE + 23 * H
    here = edited(a_night(0), rest(at, at + 7 * H)).nights[0]
    later = edited(a_night(days), rest(at + days * DAY, at + days * DAY + 7 * H)).nights[0]
    assert later.onset - here.onset == days * DAY
    assert (later.tst_min, later.waso_min, later.se_pct) == (here.tst_min, here.waso_min, here.se_pct)


def test_without_spans_cuts_sleep_and_leaves_time_in_bed() -> None:
    segments = a_night(0)
    at = BASE + 23 * H
    cut = without_spans(segments, [Span(at + 3 * H, at + 5 * H)])
    slept = sum(s.stop - s.start for s in cut if s.stage.is_sleep)
    assert slept == (2 * H + 1800) + 3 * H
    assert [s.stage for s in cut].count(Stage.IN_BED) == 1


def test_an_hour_left_out_of_the_sleep_period_marks_the_night() -> None:
    (night,) = nights_from_segments(a_night(0), ZONE).nights
    near = Annotation(AnnotationKind.LEAVE_OUT, night.onset - 9000, night.onset + 3500, author="Ada")
    over = Annotation(AnnotationKind.LEAVE_OUT, night.onset, night.onset + 3600, reason="fever", author="Ada")
    assert with_left_out([night], [near])[0].incomplete == ""
    assert with_left_out([night], [over])[0].incomplete == "Left out by Ada: fever."


def test_a_night_belongs_to_the_date_of_the_stated_wake() -> None:
    segments = a_night(0, start_h=16.0)
    at = BASE + 16 * H
    found = edited(segments, rest(at, at + 8 * H + 900, wake=at + 7 * H))
    assert found.nights[0].date == date.fromordinal(date(1970, 1, 1).toordinal() + 20_000)
