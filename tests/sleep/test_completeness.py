"""Nights that the device saw only in part."""

from __future__ import annotations

from datetime import date

import pytest

from clarity_desktop.domain.panel import WearBout
from clarity_desktop.domain.sleep import Night, SleepSegment, Stage
from clarity_desktop.domain.time import Span, ZoneTimeline, day_of_date
from clarity_desktop.sleep.completeness import with_completeness
from clarity_desktop.sleep.nights import nights_from_segments

BERLIN = ZoneTimeline.single("Europe/Berlin")
MARCH = date(2024, 3, 14)


def at(hour: float) -> int:
    return BERLIN.instant_of_local(day_of_date(MARCH) + int(hour // 24), round(hour % 24 * 3600))


def night(begin_h: float, end_h: float, *, in_bed: tuple[float, float] | None) -> Night:
    segments = [SleepSegment(at(begin_h), at(end_h), Stage.ASLEEP, "watch")]
    if in_bed is not None:
        segments.append(SleepSegment(at(in_bed[0]), at(in_bed[1]), Stage.IN_BED, "phone"))
    return nights_from_segments(segments, BERLIN).nights[0]


def bout(begin_h: float, end_h: float) -> WearBout:
    return WearBout(Span(at(begin_h), at(end_h)), "heart rate")


@pytest.mark.parametrize(
    ("in_bed", "off", "reason"),
    [
        ((-1, 7), (-6, 3), "Not worn for 4 h 00 min of the time in bed."),
        ((-1, 7), (-3, -0.6), ""),
        ((-1, 7.5), (6.5, 9), "Not worn for 1 h 00 min of the time in bed."),
        ((-1, 7), (6.5, 9), ""),
        ((-1, 7), (8, 12), ""),
        (None, (-6, 3), "Not worn for 9 h 00 min right before it."),
        (None, (7.2, 9.2), "Not worn for 2 h 00 min right after it."),
        (None, (1.5, 3), ""),
        (None, (-6, 2), ""),
    ],
)
def test_a_night_is_incomplete_by_the_stated_limits(
    in_bed: tuple[float, float] | None, off: tuple[float, float], reason: str
) -> None:
    (found,) = with_completeness([night(3.1, 7, in_bed=in_bed)], [bout(*off)])
    assert found.incomplete == reason


def test_a_night_without_bouts_is_whole() -> None:
    one = night(0, 7, in_bed=(-0.5, 7.2))
    assert with_completeness([one], []) == (one,)
