"""The account of a day: its kept amounts are those of the merged view, and every interval says why."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.kinds import HEART_RATE, STEPS, kind_of
from clarity_desktop.domain.merge_account import Reason
from clarity_desktop.domain.series import Samples
from clarity_desktop.domain.time import Span
from clarity_desktop.signals.merge import SourceSamples, merge_sources, uncovered_parts
from clarity_desktop.signals.merge_account import day_account

DAY = Span(86_400, 172_800)
ROWS = st.lists(
    st.tuples(st.integers(80_000, 180_000), st.sampled_from([0, 1, 60, 600, 7200]), st.integers(0, 900)), max_size=12
)


def of(source: str, *rows: tuple[int, int, float]) -> SourceSamples:
    ordered = sorted(set(rows))
    columns = [np.array([row[i] for row in ordered], kind) for i, kind in enumerate((np.int64, np.int32, np.float64))]
    return SourceSamples(source, Samples(*columns, np.zeros(len(ordered), np.uint8), "count"))


def test_the_example_of_the_reference_is_explained() -> None:
    """Watch 1000 in 10:00-10:10, phone 900 in 10:05-10:15: the phone keeps 450, because the watch covers half."""
    start = DAY.start + 36_000
    parts = [of("Phone", (start + 300, 600, 900.0), (start + 7200, 600, 600.0)), of("Watch", (start, 600, 1000.0))]
    account = day_account(parts, kind_of(STEPS), ["Watch", "Phone"], DAY)
    assert [(one.source, one.kept, one.reason, one.by) for one in account.intervals] == [
        ("Watch", 1000.0, Reason.FIRST, ()),
        ("Phone", 450.0, Reason.PARTLY, ("Watch",)),
        ("Phone", 600.0, Reason.ALONE, ()),
    ]
    assert (account.total, account.plain_sum) == (2050.0, 2500.0)
    other = day_account(parts, kind_of(STEPS), ["Phone", "Watch"], DAY)
    assert [(one.source, one.offered, one.kept) for one in other.shares] == [
        ("Phone", 1500.0, 1500.0),
        ("Watch", 1000.0, 500.0),
    ]


@given(watch=ROWS, phone=ROWS, app=ROWS)
def test_the_account_adds_up_to_the_merged_view(
    watch: list[tuple[int, int, float]], phone: list[tuple[int, int, float]], app: list[tuple[int, int, float]]
) -> None:
    parts = [of("Watch", *watch), of("Phone", *phone), of("App", *app)]
    order = ["Phone", "App", "Watch"]
    merged = merge_sources(parts, kind_of(STEPS), order).samples
    edges = (np.array([-(2**61), DAY.stop]), np.array([DAY.start, 2**61]))
    inside, _ = uncovered_parts(merged, *edges)
    account = day_account(parts, kind_of(STEPS), order, DAY)
    assert account.total == pytest.approx(float(inside.value.sum()), abs=1e-6)
    assert sum(one.kept for one in account.intervals) == pytest.approx(account.total, abs=1e-6)
    for one in account.intervals:
        assert DAY.start <= one.start <= one.stop <= DAY.stop
        assert -1e-9 <= one.kept <= one.offered + 1e-9
        if one.reason in (Reason.FIRST, Reason.ALONE):
            assert one.kept == pytest.approx(one.offered)
        if one.reason is Reason.COVERED:
            assert one.by
            assert one.kept == 0


def test_levels_have_no_account() -> None:
    with pytest.raises(ValueError, match="amounts"):
        day_account([], kind_of(HEART_RATE), None, DAY)
