"""Packing of number columns: every column comes back bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.vault.chunks.numbers import Reader, pack_floats, pack_integers

lengths = st.integers(1, 50)
integers = st.one_of(
    hnp.arrays(np.int64, lengths),
    hnp.arrays(np.int64, lengths, elements=st.integers(-3, 3)),
    hnp.arrays(np.int64, lengths, elements=st.integers(10**9, 10**9 + 70_000)),
    hnp.arrays(np.int32, lengths),
    hnp.arrays(np.uint8, lengths),
)
decimals = st.tuples(st.integers(-(10**7), 10**7), st.integers(0, 6)).map(lambda pair: pair[0] / 10.0 ** pair[1])
floats = st.one_of(
    hnp.arrays(np.float64, lengths),
    hnp.arrays(np.float64, lengths, elements=decimals),
    hnp.arrays(np.float64, lengths, elements=st.sampled_from([0.0, -0.0, np.nan, np.inf, 70.0])),
)


@given(integers)
def test_integers_come_back(column: np.ndarray) -> None:
    back = Reader(pack_integers(column), column.size).integers()
    assert back.dtype == np.int64
    assert np.array_equal(back, column.astype(np.int64))


@given(floats)
def test_floats_come_back_bit_for_bit(column: np.ndarray) -> None:
    back = Reader(pack_floats(column), column.size).floats()
    absent = np.isnan(column)
    assert np.array_equal(absent, np.isnan(back))
    assert np.array_equal(back[~absent].view(np.int64), column[~absent].view(np.int64))


def test_whole_and_decimal_numbers_are_small() -> None:
    whole = np.round(np.random.default_rng(1).normal(70, 10, 10_000))
    assert len(pack_floats(whole)) < 10_100
    assert len(pack_floats(whole / 100)) < 10_100
    assert len(pack_floats(np.full(10_000, 36.6))) < 20


@given(integers, st.data())
def test_a_cut_column_is_an_integrity_error(column: np.ndarray, data: st.DataObject) -> None:
    packed = pack_integers(column)
    cut = packed[: data.draw(st.integers(0, len(packed) - 1))]
    with pytest.raises(IntegrityError):
        Reader(cut, column.size).integers()
