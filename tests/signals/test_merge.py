"""Merging by source priority and totals by local day, after the example of an export with a watch and a phone."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.kinds import HEART_RATE, STEPS, kind_of
from clarity_desktop.domain.series import Samples
from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.signals.days import day_statistics, day_totals
from clarity_desktop.signals.merge import SourceSamples, default_priority, merge_sources

WATCH, PHONE, APP = "Robin’s Apple\u00a0Watch", "Robin’s iPhone", "StepBuddy"
BERLIN = ZoneTimeline.single("Europe/Berlin")


def samples(rows: list[tuple[int, int, float]], unit: str = "count") -> Samples:
    ordered = sorted(rows)
    return Samples(
        np.array([row[0] for row in ordered], np.int64),
        np.array([row[1] for row in ordered], np.int32),
        np.array([row[2] for row in ordered], np.float64),
        np.zeros(len(ordered), np.uint8),
        unit,
    )


def at(hour: int, minute: int = 0, day: int = 10) -> int:
    return int(datetime(2024, 6, day, hour, minute, tzinfo=UTC).timestamp()) - 7200


def overlapping_steps() -> list[SourceSamples]:
    watch = samples([(at(10), 600, 1000.0), (at(23, 50), 1200, 200.0)])
    phone = samples([(at(10, 5), 600, 900.0), (at(12), 600, 600.0)])
    return [SourceSamples(PHONE, phone), SourceSamples(WATCH, watch, "model:Watch")]


def test_watch_comes_before_phone_before_app() -> None:
    assert default_priority([(APP, ""), (PHONE, ""), (WATCH, ""), ("Band", "model:Watch")]) == (
        WATCH,
        "Band",
        PHONE,
        APP,
    )


def test_the_phone_keeps_what_the_watch_leaves_open() -> None:
    merged = merge_sources(overlapping_steps(), kind_of(STEPS))
    assert merged.sources == (WATCH, PHONE)
    assert merged.offered == (1200.0, 1500.0)
    assert merged.kept == (1200.0, 1050.0)
    part = merged.samples.value[(merged.source == 1) & (merged.samples.start == at(10, 10))]
    assert part.tolist() == [450.0]


def test_midnight_splits_in_proportion() -> None:
    days = day_statistics(overlapping_steps(), kind_of(STEPS), BERLIN)
    assert {day: found.sum for day, found in days.items()} == {date(2024, 6, 10): 2150.0, date(2024, 6, 11): 100.0}
    assert days[date(2024, 6, 10)].by_source == {WATCH: 1100.0, PHONE: 1500.0}
    plain = day_statistics(overlapping_steps(), kind_of(STEPS), BERLIN, merged=False)
    assert plain[date(2024, 6, 10)].sum == 2600.0


def test_an_interval_around_a_covered_one_keeps_both_ends() -> None:
    merged = merge_sources(
        [SourceSamples(WATCH, samples([(1000, 100, 10.0)])), SourceSamples(APP, samples([(900, 300, 30.0)]))],
        kind_of(STEPS),
    )
    kept = [
        (int(s), int(n), float(v))
        for s, n, v in zip(merged.samples.start, merged.samples.length_s, merged.samples.value, strict=True)
    ]
    assert kept == [(900, 100, 10.0), (1000, 100, 10.0), (1100, 100, 10.0)]
    assert merged.source.tolist() == [1, 0, 1]


def test_a_point_counts_whole_unless_it_is_covered() -> None:
    merged = merge_sources(
        [
            SourceSamples(WATCH, samples([(1000, 100, 10.0), (5000, 0, 3.0)])),
            SourceSamples(PHONE, samples([(1000, 0, 1.0), (1099, 0, 2.0), (1100, 0, 4.0), (5000, 0, 8.0)])),
        ],
        kind_of(STEPS),
    )
    assert merged.kept == (13.0, 12.0)


def test_units_are_converted_before_merging() -> None:
    kind = kind_of("HKQuantityTypeIdentifierDistanceWalkingRunning")
    merged = merge_sources(
        [SourceSamples(WATCH, samples([(0, 60, 1.0)], "km")), SourceSamples(WATCH, samples([(60, 60, 1.0)], "mi"))],
        kind,
    )
    assert merged.kept == (pytest.approx(2609.344),)
    assert merged.samples.unit == "m"


def test_levels_are_never_merged() -> None:
    with pytest.raises(ValueError, match="levels keep their sources"):
        merge_sources([SourceSamples(WATCH, samples([(0, 0, 60.0)], "count/min"))], kind_of(HEART_RATE))


def test_levels_take_the_richest_source_of_the_day_or_all() -> None:
    watch = SourceSamples(WATCH, samples([(at(8), 0, 60.0), (at(9), 0, 80.0)], "count/min"))
    app = SourceSamples(APP, samples([(at(8, 30), 0, 100.0)], "count/min"))
    best = day_statistics([app, watch], kind_of(HEART_RATE), BERLIN)[date(2024, 6, 10)]
    assert (best.n, best.mean, best.min, best.max, best.sum) == (2, 70.0, 60.0, 80.0, None)
    every = day_statistics([app, watch], kind_of(HEART_RATE), BERLIN, merged=False)[date(2024, 6, 10)]
    assert (every.n, every.mean, every.max) == (3, 80.0, 100.0)
    assert every.by_source == {WATCH: 70.0, APP: 100.0}


def test_a_day_of_25_hours_takes_its_share() -> None:
    start = int(datetime(2024, 10, 26, 22, tzinfo=UTC).timestamp())
    totals = day_totals(samples([(start, 26 * 3600, 26.0)]), BERLIN)
    assert list(totals.values()) == [25.0, 1.0]


intervals = st.lists(
    st.tuples(st.integers(0, 2000), st.integers(0, 400), st.integers(0, 1000).map(float)), min_size=1, max_size=25
)


@given(intervals, intervals, intervals)
def test_merging_agrees_with_counting_second_by_second(
    first: list[tuple[int, int, float]], second: list[tuple[int, int, float]], third: list[tuple[int, int, float]]
) -> None:
    parts = [SourceSamples(name, samples(rows)) for name, rows in ((WATCH, first), (PHONE, second), (APP, third))]
    merged = merge_sources(parts, kind_of(STEPS))
    covered = np.zeros(2500, dtype=bool)
    expected = []
    for rows in (first, second, third):
        total = 0.0
        for start, length, value in rows:
            if length == 0:
                total += 0.0 if covered[start] else value
            else:
                total += value * float((~covered[start : start + length]).mean())
        for start, length, _ in rows:
            covered[start : start + length] = True
        expected.append(total)
    assert merged.kept == pytest.approx(tuple(expected), abs=1e-9)
    assert float(merged.samples.value.sum()) == pytest.approx(sum(expected), abs=1e-9)


@given(intervals)
def test_days_keep_the_total(rows: list[tuple[int, int, float]]) -> None:
    shifted = [(1711839600 - 1000 + start * 90, length * 400, value) for start, length, value in rows]
    found = samples(shifted)
    total = sum(day_totals(found, ZoneTimeline.single("Australia/Lord_Howe")).values())
    assert total == pytest.approx(float(found.value.sum()), rel=1e-9)
