"""Sorting and removing repeats, against a plain model; the chunk codec; hourly rollups against brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.domain.importing import NO_INSTANT
from clarity_desktop.vault.chunks.codec import decode_chunk, decode_core, digest_of, pack_chunk
from clarity_desktop.vault.chunks.columns import PERIOD_S, Columns, joined, sorted_unique, split_by_period
from clarity_desktop.vault.chunks.rollup import decode_rollup, encode_rollup, joined_rollups, rollup_of

Row = tuple[int, int, float, int, int, int, str | None]
BASE = 1_700_000_000

rows = st.lists(
    st.tuples(
        st.one_of(st.integers(BASE, BASE + 40), st.integers(BASE - 2 * PERIOD_S, BASE + 2 * PERIOD_S)),
        st.one_of(st.sampled_from([0, 60]), st.integers(-5, 90_000)),
        st.one_of(st.sampled_from([0.0, -0.0, 70.0, math.nan]), st.floats(allow_infinity=False)),
        st.integers(0, 31),
        st.one_of(st.just(NO_INSTANT), st.integers(BASE - 10**6, BASE + 10**6)),
        st.integers(0, 2),
        st.sampled_from([None, "a", "bb", "ccc"]),
    ),
    min_size=1,
    max_size=40,
)


def columns_of(given_rows: list[Row]) -> Columns:
    texts = ("bb", "unused", "a", "ccc")
    start, length, value, flags, created, origin, extra = zip(*given_rows, strict=True)
    return Columns(
        np.array(start, np.int64),
        np.array(length, np.int32),
        np.array(value, np.float64),
        np.array(flags, np.uint8),
        np.array(created, np.int64),
        np.array(origin, np.int32),
        np.array([-1 if text is None else texts.index(text) for text in extra], np.int32),
        (11, 22, 33),
        texts,
    )


def rows_of(columns: Columns) -> list[tuple[object, ...]]:
    texts = [None if code < 0 else columns.extras[code] for code in columns.extra.tolist()]
    origins = [columns.origins[code] for code in columns.origin.tolist()]
    numbers = (columns.start, columns.length_s, columns.value, columns.flags, columns.created)
    return [
        (*(repr(number) for number in row), origin, text)
        for *row, origin, text in zip(*(column.tolist() for column in numbers), origins, texts, strict=True)
    ]


def plain_unique(given_rows: list[Row]) -> list[Row]:
    """What the rule says, row by row."""
    kept: dict[tuple[int, int, object], Row] = {}
    for row in given_rows:
        key = (row[0], row[1], "absent" if math.isnan(row[2]) else row[2])
        held = kept.get(key)
        if held is None or len(row[6] or "") > len(held[6] or ""):
            kept[key] = row
    return sorted(kept.values(), key=lambda row: (row[0], row[1], math.inf if math.isnan(row[2]) else row[2]))


@given(rows)
def test_repeats_leave_the_longest_extra_else_the_first(given_rows: list[Row]) -> None:
    assert rows_of(sorted_unique(columns_of(given_rows))) == rows_of(columns_of(plain_unique(given_rows)))


@given(rows, st.integers(1, 5))
def test_joining_parts_is_joining_their_rows(given_rows: list[Row], size: int) -> None:
    parts = [columns_of(given_rows[at : at + size]) for at in range(0, len(given_rows), size)]
    assert rows_of(joined(parts)) == rows_of(columns_of(given_rows))


@given(rows)
def test_a_chunk_comes_back_whole(given_rows: list[Row]) -> None:
    total = 0
    for period, columns in split_by_period(sorted_unique(columns_of(given_rows))):
        packed = pack_chunk(columns)
        back = decode_chunk(*packed.compressed())
        assert rows_of(back) == rows_of(columns)
        assert set((back.start // PERIOD_S).tolist()) == {period}
        assert digest_of(back) == packed.digest
        assert np.array_equal(decode_core(packed.compressed()[0]).start, columns.start)
        total += len(columns)
    assert total == len(sorted_unique(columns_of(given_rows)))


def test_the_digest_tells_every_part_of_a_sample() -> None:
    row: Row = (BASE, 60, 70.0, 0, NO_INSTANT, 0, None)
    changed: list[Row] = [
        (BASE + 1, *row[1:]),
        (BASE, 61, *row[2:]),
        (BASE, 60, 71.0, *row[3:]),
        (BASE, 60, 70.0, 1, *row[4:]),
        (*row[:6], "a"),
    ]
    digests = {digest_of(columns_of([one])) for one in (row, *changed)}
    assert len(digests) == 6
    unseen: Row = (*row[:4], BASE, 1, None)
    assert digest_of(columns_of([unseen])) == digest_of(columns_of([row]))


def test_no_flipped_byte_changes_a_chunk_unnoticed() -> None:
    columns = sorted_unique(columns_of([(BASE + 7 * i, i % 3, 60.0 + i % 9, 0, NO_INSTANT, 0, "a") for i in range(60)]))
    core, rest = pack_chunk(columns).compressed()
    digest, noticed = digest_of(columns), 0
    for at in range(len(core)):
        try:
            back = decode_chunk(core[:at] + bytes([core[at] ^ 0x10]) + core[at + 1 :], rest)
        except IntegrityError:
            noticed += 1
            continue
        # The start of the first row lies outside the checksum; the digest covers it. The rest is padding.
        assert digest_of(back) != digest or rows_of(back) == rows_of(columns)
    assert noticed > len(core) - 16


@given(rows)
def test_rollups_agree_with_counting_by_hand(given_rows: list[Row]) -> None:
    finite = [(*row[:2], float(round(row[2], 2) % 1000) if abs(row[2]) < 1e9 else 5.0, *row[3:]) for row in given_rows]
    columns = sorted_unique(columns_of(finite))
    rollup = decode_rollup(encode_rollup(rollup_of(columns, spread=False)))
    hours = {int(start) // 3600 * 3600 for start in columns.start}
    assert rollup.hour.tolist() == sorted(hours)
    for at, hour in enumerate(rollup.hour.tolist()):
        value = columns.value[columns.start // 3600 * 3600 == hour]
        assert rollup.n[at] == value.size
        present = value[~np.isnan(value)]
        if present.size == 0:
            assert np.isnan(rollup.minimum[at])
            continue
        assert rollup.minimum[at] == present.min()
        assert rollup.maximum[at] == present.max()
        assert rollup.mean[at] == pytest.approx(present.mean(), rel=1e-6)
        assert rollup.total[at] == pytest.approx(present.sum(), rel=1e-6)


@given(rows)
def test_amounts_are_spread_over_the_hours_they_cover(given_rows: list[Row]) -> None:
    amounts = [(*row[:2], (row[0] + 7 * row[1]) % 1000 / 8, *row[3:]) for row in given_rows]
    columns = sorted_unique(columns_of(amounts))
    rollup = decode_rollup(encode_rollup(rollup_of(columns, spread=True)))
    expected: dict[int, float] = {}
    for start, length, value in zip(
        columns.start.tolist(), columns.length_s.tolist(), columns.value.tolist(), strict=True
    ):
        if length <= 0:
            expected[start // 3600] = expected.get(start // 3600, 0.0) + value
            continue
        for hour in range(start // 3600, (start + length - 1) // 3600 + 1):
            covered = min(start + length, (hour + 1) * 3600) - max(start, hour * 3600)
            expected[hour] = expected.get(hour, 0.0) + value * covered / length
    assert (rollup.hour // 3600).tolist() == sorted(expected)
    assert rollup.total.tolist() == pytest.approx([expected[hour] for hour in sorted(expected)], rel=1e-5, abs=1e-4)
    assert rollup.n.sum() == len(columns)


def test_a_rollup_in_two_parts_is_the_rollup_of_the_whole() -> None:
    random = np.random.default_rng(3)
    rows_in: list[Row] = [
        (BASE + int(at), 0, float(value), 0, NO_INSTANT, 0, None)
        for at, value in zip(random.integers(0, 40_000, 300), random.integers(0, 90, 300), strict=True)
    ]
    whole = rollup_of(sorted_unique(columns_of(rows_in)), spread=False)
    unique = sorted_unique(columns_of(rows_in))
    odd, even = unique.take(slice(0, None, 2)), unique.take(slice(1, None, 2))
    both = joined_rollups([rollup_of(odd, spread=False), rollup_of(even, spread=False)])
    assert np.array_equal(both.hour, whole.hour)
    assert np.array_equal(both.n, whole.n)
    assert np.array_equal(both.minimum, whole.minimum)
    assert np.allclose(both.mean, whole.mean)
    assert np.allclose(both.total, whole.total)
