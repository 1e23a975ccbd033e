"""Overlapping sources, and nightly values of resolved stages."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.sleep import SleepSegment, Stage
from clarity_desktop.sleep.stages import resolve_sources, source_order, summarise_stages

M = 60


def segment(start: int, stop: int, stage: Stage, source: str = "watch") -> SleepSegment:
    return SleepSegment(start * M, stop * M, stage, source)


records = st.lists(
    st.builds(
        lambda start, length, stage, source: SleepSegment(start, start + length, stage, source),
        st.integers(0, 500),
        st.integers(0, 200),
        st.sampled_from(list(Stage)),
        st.sampled_from(["watch", "app", "phone"]),
    ),
    max_size=12,
)


@given(records)
def test_resolution_is_the_rule_second_by_second(found: list[SleepSegment]) -> None:
    order = ["watch", "app", "phone"]
    resolved = resolve_sources(found, order)
    for before, after in pairwise(resolved):
        assert before.stop <= after.start
        joined = before.stop == after.start and (before.stage, before.source) == (after.stage, after.source)
        assert not joined
    for second in range(0, 700, 7):
        mine = [s for s in resolved if s.start <= second < s.stop]
        holders = [s for s in found if s.start <= second < s.stop and s.stage is not Stage.IN_BED]
        assert len(mine) == bool(holders)
        if holders:
            best = min(order.index(s.source) for s in holders)
            assert mine[0].source == order[best]
            latest = max(s.start for s in holders if s.source == order[best])
            assert mine[0].stage in {s.stage for s in holders if s.source == order[best] and s.start == latest}


def test_in_bed_never_becomes_sleep() -> None:
    assert resolve_sources([segment(0, 480, Stage.IN_BED, "phone")]) == ()


def test_sources_that_stage_go_first() -> None:
    found = [
        segment(0, 500, Stage.ASLEEP, "app"),
        segment(0, 400, Stage.IN_BED, "phone"),
        segment(10, 60, Stage.DEEP, "watch"),
    ]
    assert source_order(found) == ("watch", "app", "phone")


def test_a_night_by_hand() -> None:
    stages = resolve_sources(
        [
            segment(20, 30, Stage.AWAKE),
            segment(30, 60, Stage.CORE),
            segment(60, 90, Stage.DEEP),
            segment(90, 94, Stage.AWAKE),
            segment(94, 124, Stage.REM),
            segment(130, 160, Stage.CORE),
            segment(160, 166, Stage.AWAKE),
            segment(166, 200, Stage.CORE),
            segment(200, 210, Stage.AWAKE),
        ]
    )
    night = summarise_stages(stages, [segment(0, 220, Stage.IN_BED, "phone")])
    assert night is not None
    assert (night.onset, night.offset) == (30 * M, 200 * M)
    assert night.tib_min == 220
    assert night.sol_min == 30
    assert night.tst_min == 154
    assert night.waso_min == 10
    assert night.gap_min == 6
    assert night.se_pct == pytest.approx(70)
    assert (night.awakenings, night.awakenings_5min) == (2, 1)
    assert night.rem_latency_min == 64
    assert night.stages_min == {"awake": 10, "core": 94, "deep": 30, "rem": 30}
    assert sum(night.stages_pct.values()) == pytest.approx(100)


def test_without_in_bed_evidence_latency_and_efficiency_are_open() -> None:
    night = summarise_stages([segment(0, 60, Stage.ASLEEP)])
    assert night is not None
    assert night.tib_min is None
    assert night.sol_min is None
    assert night.se_pct is None
    assert night.maintenance_pct == 100


def test_an_in_bed_record_that_begins_after_sleep_gives_no_latency() -> None:
    night = summarise_stages([segment(0, 60, Stage.ASLEEP)], [segment(10, 70, Stage.IN_BED)])
    assert night is not None
    assert night.sol_min is None
    assert night.tib_min == 60


def test_no_sleep_is_no_night() -> None:
    assert summarise_stages([segment(0, 60, Stage.AWAKE)]) is None


def test_many_segments_resolve_quickly() -> None:
    start = np.arange(30_000) * 1800
    found = [SleepSegment(int(at), int(at) + 1800, Stage.CORE, "watch") for at in start]
    assert len(resolve_sources(found)) == 1
