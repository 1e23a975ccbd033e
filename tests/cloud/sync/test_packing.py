"""Packed series come back bit for bit, in parts that fit, and damage is named."""

from __future__ import annotations

import json
import random
import uuid
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarity_desktop.cloud.sync.carriers import CARRIERS, METRIC_TYPES, carrier_of, typed_block
from clarity_desktop.cloud.sync.metrics import packed_metrics, request_body
from clarity_desktop.cloud.sync.packing import MOST_ITEM_BYTES, Channel, PackedPart, pack, unpack
from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.domain.kinds import known_kinds
from clarity_desktop.domain.series import Samples
from clarity_desktop.domain.time import Span
from tests.servers.replica.validation import problems_of


def channel(samples: Samples, kind: str = "HKQuantityTypeIdentifierHeartRate") -> Channel:
    return Channel(kind, samples.unit, "Europe/Berlin", "s0123abcd", "raw/1", samples)


def same(first: Channel, second: Channel) -> bool:
    mine, other = first.samples, second.samples
    return (
        (first.kind, first.unit, first.zone, first.source, first.method)
        == (second.kind, second.unit, second.zone, second.source, second.method)
        and mine.start.tobytes() == other.start.tobytes()
        and mine.length_s.tobytes() == other.length_s.tobytes()
        and mine.value.tobytes() == other.value.tobytes()
        and mine.flags.tobytes() == other.flags.tobytes()
        and mine.labels == other.labels
    )


@st.composite
def series(draw: st.DrawFn) -> Samples:
    size = draw(st.integers(0, 60))
    start = draw(st.lists(st.integers(-(2**40), 2**40), min_size=size, max_size=size))
    return Samples(
        np.array(sorted(start), dtype=np.int64),
        np.array(draw(st.lists(st.integers(0, 2**31 - 1), min_size=size, max_size=size)), dtype=np.int32),
        np.array(draw(st.lists(st.floats(width=64, allow_nan=True), min_size=size, max_size=size)), dtype=np.float64),
        np.array(draw(st.lists(st.integers(0, 255), min_size=size, max_size=size)), dtype=np.uint8),
        draw(st.sampled_from(["count/min", "", "µg"])),
        tuple(draw(st.lists(st.text(max_size=5), max_size=3))),
    )


@settings(max_examples=150, deadline=None)
@given(found=st.lists(series(), max_size=3))
def test_y20_what_is_unpacked_is_what_was_packed_bit_for_bit(found: list[Samples]) -> None:
    channels = [channel(one, f"kind{number}") for number, one in enumerate(found)]
    parts = pack(channels)
    travelled = [PackedPart.from_document(json.loads(json.dumps(part.document()))) for part in parts]
    back = unpack(travelled)
    assert len(back) == len(channels)
    assert all(same(one, two) for one, two in zip(back, channels, strict=True))
    assert parts == pack(channels)


def test_y20_gaps_nan_and_the_doubled_hour_come_back() -> None:
    # 2024-11-03 06:00 UTC is the second 01:00 in New York.
    start = np.array([1730613600, 1730613600, 1730617200, 1730790000], dtype=np.int64)
    value = np.array([60.0, np.nan, np.frombuffer(np.uint64(0x7FF8000000000123).tobytes(), np.float64)[0], -0.0])
    samples = Samples(start, np.zeros(4, np.int32), value, np.array([0, 2, 4, 8], np.uint8), "count/min")
    (back,) = unpack(pack([channel(samples)]))
    assert back.samples.value.tobytes() == value.tobytes()
    assert back.samples.start.tolist() == start.tolist()


def big() -> list[PackedPart]:
    """Thirty days of one value a second."""
    count = 30 * 86_400
    values = np.random.default_rng(7).normal(70, 9, count)
    samples = Samples(
        np.arange(count, dtype=np.int64) + 1_700_000_000,
        np.ones(count, np.int32),
        values,
        np.zeros(count, np.uint8),
        "count/min",
    )
    return pack([channel(samples)])


@pytest.mark.slow
def test_y21_y22_long_series_are_cut_into_parts_that_fit_in_any_order() -> None:
    parts = big()
    assert len(parts) > 1
    assert all(len(json.dumps(part.document())) <= MOST_ITEM_BYTES for part in parts)
    shuffled = list(parts)
    random.Random(3).shuffle(shuffled)
    assert len(unpack(shuffled)[0].samples) == 30 * 86_400
    with pytest.raises(IntegrityError) as caught:
        unpack([part for part in parts if part.part != 2])
    assert "missing part 2 of" in caught.value.detail


def test_damage_is_named() -> None:
    samples = Samples(np.arange(5), np.zeros(5, np.int32), np.ones(5), np.zeros(5, np.uint8), "count")
    (part,) = pack([channel(samples)])
    document = part.document()
    for change in ({"data": document["data"][:-4] + "AAAA"}, {"clarity_pack": "9"}, {"part": "x"}, {"sha256": "0"}):
        with pytest.raises(IntegrityError):
            PackedPart.from_document(document | change)
    with pytest.raises(IntegrityError):
        PackedPart.from_document({})
    with pytest.raises(IntegrityError):
        unpack([])
    other = pack([channel(replace(samples, value=np.zeros(5)))])[0]
    with pytest.raises(IntegrityError):
        unpack([replace(part, parts=2), replace(other, part=2, parts=2)])


def test_y18_every_type_has_a_block_inside_the_servers_range() -> None:
    assert len(METRIC_TYPES) == 13
    for carrier in METRIC_TYPES.values():
        for summary in (-1e9, 0.0, 71.4, 1e9):
            value = typed_block(carrier, summary)[carrier.field]
            assert carrier.least <= value <= carrier.most
            assert isinstance(value, int) is carrier.is_whole


def test_y70_y74_kinds_ride_on_what_the_server_takes() -> None:
    assert set(CARRIERS.values()) <= set(METRIC_TYPES)
    assert set(CARRIERS) <= {kind.id for kind in known_kinds()}, "a name that no series bears never travels"
    sleep = "HKCategoryTypeIdentifierSleepAnalysis"
    assert carrier_of(sleep) == METRIC_TYPES["sleep_analysis"]
    assert carrier_of(sleep, frozenset({"heart_rate", "activity_level"})) == METRIC_TYPES["activity_level"]
    assert carrier_of(sleep, frozenset({"heart_rate"})) == METRIC_TYPES["heart_rate"]
    assert carrier_of(sleep, frozenset()) is None
    assert carrier_of("HKQuantityTypeIdentifierNobodyKnows") is None


def test_y18_every_packed_metric_passes_the_servers_schema() -> None:
    empty = channel(Samples(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0), np.empty(0, np.uint8), ""))
    for name in METRIC_TYPES:
        ((metric, _),) = packed_metrics(name, [empty], Span(0, 86_400))
        body = request_body(str(uuid.uuid4()), [{"metric_id": str(uuid.uuid4()), **metric}], str(uuid.uuid4()), 1e9)
        assert problems_of("HealthDataUpload", json.loads(body)) == [], name
