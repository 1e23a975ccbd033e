"""The zone timeline from evidence: names, beat offsets, gaps and the home zone."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.time import UNKNOWN_ZONE, Certainty, ZoneTimeline
from clarity_desktop.importers.healthkit.zones import Evidence, beat_offset, route_offset, zone_timeline
from clarity_desktop.importers.recorder_clock import fixed_zone_name, local_to_utc, naive_zones, offset_zones

DAY = 86_400
JUNE = 1_717_977_600


def _evidence(*points: tuple[str | int, int]) -> Evidence:
    evidence = Evidence()
    for what, at in points:
        if isinstance(what, str):
            evidence.named(what, np.array([at], np.int64))
        else:
            evidence.offset(what, np.array([at], np.int64))
    return evidence


def _timeline(evidence: Evidence, home: str | None = None) -> ZoneTimeline:
    return ZoneTimeline(tuple(found.period for found in zone_timeline(evidence, home)))


def test_no_evidence_and_no_home_is_no_timeline() -> None:
    assert zone_timeline(Evidence(), None) == ()


def test_the_home_zone_holds_where_nothing_else_is_known() -> None:
    (found,) = zone_timeline(Evidence(), "Europe/Berlin")
    assert (found.period.zone, found.period.certainty) == ("Europe/Berlin", Certainty.STATED)


def test_travel_puts_the_change_in_the_middle_of_an_uncertain_gap() -> None:
    evidence = _evidence(("Europe/Berlin", JUNE), ("Asia/Tokyo", JUNE + 10 * DAY), ("Asia/Tokyo", JUNE + 12 * DAY))
    timeline = _timeline(evidence, "Europe/Berlin")
    assert timeline.zone_at(JUNE - 100 * DAY).zone == "Europe/Berlin"
    before, behind = timeline.zone_at(JUNE + 5 * DAY - 1), timeline.zone_at(JUNE + 5 * DAY)
    assert (before.zone, before.certainty) == ("Europe/Berlin", Certainty.UNCERTAIN)
    assert (behind.zone, behind.certainty) == ("Asia/Tokyo", Certainty.UNCERTAIN)
    assert timeline.zone_at(JUNE + 11 * DAY).certainty is Certainty.STATED
    assert timeline.zone_at(JUNE + 13 * DAY).zone == "Europe/Berlin"


def test_an_offset_takes_the_name_that_yields_it() -> None:
    home = _timeline(_evidence((7200, JUNE)), "Europe/Berlin")
    assert {period.zone for period in home.periods} == {"Europe/Berlin"}
    named = _timeline(_evidence(("Asia/Tokyo", JUNE), (9 * 3600, JUNE + DAY)), "Europe/Berlin")
    assert named.zone_at(JUNE + DAY).zone == "Asia/Tokyo"
    neither = _timeline(_evidence((20_700, JUNE)), "Europe/Berlin")
    assert neither.zone_at(JUNE).zone == "UTC+05:45"


def test_without_a_home_the_zone_with_most_evidence_is_taken() -> None:
    points = [("Europe/Berlin", JUNE), *(("Asia/Tokyo", JUNE + day * DAY) for day in range(2, 9))]
    timeline = _timeline(_evidence(*points))
    assert timeline.zone_at(JUNE + 400 * DAY).zone == "Asia/Tokyo"
    assert timeline.zone_at(JUNE - DAY).zone == "Asia/Tokyo"
    assert timeline.zone_at(JUNE - DAY).certainty is Certainty.ASSUMED


def test_unknown_names_are_counted_and_not_used() -> None:
    evidence = _evidence(("Mars/Base", JUNE), ("Asia/Tokyo", JUNE))
    assert {period.zone for period in _timeline(evidence).periods} == {"Asia/Tokyo"}
    assert evidence.unknown_names == {"Mars/Base": 1}


@given(
    points=st.lists(
        st.tuples(
            st.sampled_from(["Europe/Berlin", "Asia/Tokyo", "America/New_York", 7200, 3600, -18_000, 20_700]),
            st.integers(JUNE, JUNE + 60 * DAY),
        ),
        max_size=30,
    ),
    home=st.sampled_from([None, "Europe/Berlin", "Asia/Kathmandu"]),
)
def test_any_evidence_makes_an_ordered_timeline(points: list[tuple[str | int, int]], home: str | None) -> None:
    found = zone_timeline(_evidence(*points), home)
    assert bool(found) is bool(points or home)
    if found:
        ZoneTimeline(tuple(entry.period for entry in found))


@given(offset=st.integers(-40, 55), start=st.integers(JUNE, JUNE + DAY), error=st.floats(-300, 300))
def test_beat_offsets_are_found_in_quarter_hours(offset: int, start: int, error: float) -> None:
    clock = (start + offset * 900 + error) % DAY
    assert beat_offset(clock, start) == offset * 900


@pytest.mark.parametrize(("offset", "name"), [(3600, "UTC+01:00"), (-12_600, "UTC-03:30"), (0, "UTC+00:00")])
def test_names_of_fixed_offsets(offset: int, name: str) -> None:
    assert fixed_zone_name(offset) == name


def test_offsets_beyond_the_usual_range_are_found_by_name() -> None:
    pago = _timeline(_evidence((beat_offset(1 * 3600, JUNE + 12 * 3600), JUNE + 12 * 3600)), "Pacific/Pago_Pago")
    assert {period.zone for period in pago.periods} == {"Pacific/Pago_Pago"}


def test_local_clock_to_utc() -> None:
    # 2024-03-31 01:59:59 exists in Berlin, 02:30 is skipped, 03:00 follows at once.
    local = np.array([1_711_850_399, 1_711_852_200, 1_711_854_000], np.int64)
    utc = local_to_utc(local, "Europe/Berlin")
    assert (utc[0], utc[2]) == (1_711_846_799, 1_711_846_800)
    assert local_to_utc(local, None) is local


def test_zones_of_naive_and_offset_tables() -> None:
    (unknown,) = naive_zones(None, 5)
    assert unknown.period.zone == UNKNOWN_ZONE
    (given_zone,) = naive_zones("Asia/Tokyo", 5)
    assert given_zone.period.zone == "Asia/Tokyo"
    summer, winter = (JUNE, 7200, 10), (JUNE + 180 * DAY, 3600, 10)
    (one,) = offset_zones([summer, winter], "Europe/Berlin")
    assert (one.period.zone, one.count) == ("Europe/Berlin", 20)
    assert [found.period.zone for found in offset_zones([summer, winter], None)] == ["UTC+02:00", "UTC+01:00"]


@pytest.mark.parametrize(
    ("name", "stop", "offset"),
    [
        ("route_2021-03-10_5.30pm.gpx", "2021-03-10T08:30:25", 9 * 3600),
        ("route_2021-02-06_10.51am.gpx", "2021-02-06T09:51:26", 3600),
        ("route_2021-02-06_12.10am.gpx", "2021-02-05T18:40:59", 19800),
        ("route_2021-02-06_22.51.gpx", "2021-02-06T22:51:00", 0),
        ("route_2021-02-06_10.51am.gpx", "2021-02-06T09:44:00", None),
        ("route_2021-02-31_10.51am.gpx", "2021-02-06T09:44:00", None),
        ("walk.gpx", "2021-02-06T09:44:00", None),
    ],
)
def test_the_name_of_a_route_tells_the_offset_at_its_end(name: str, stop: str, offset: int | None) -> None:
    assert route_offset(name, int(datetime.fromisoformat(stop + "+00:00").timestamp())) == offset
