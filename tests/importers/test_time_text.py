"""Times of tables: in columns and one at a time give the same."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.importers import time_text
from clarity_desktop.importers.time_text import NAIVE, parse_times

_MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(lambda value: value.replace(microsecond=0))
_TAILS = st.sampled_from(["", "Z", "+01:00", "-0530", "+1400"])
_DIGIT_NOISE = st.sampled_from(
    ["2024-02-30T00:00:00", "2024-13-01T00:00:00", "2024-01-01T24:00:00", "0000-01-01T00:00:00"]
)


@given(st.lists(_MOMENTS, min_size=1, max_size=20), _TAILS, st.sampled_from("T "))
def test_columns_of_one_form(moments: list[datetime], tail: str, separator: str) -> None:
    cells = [moment.isoformat(separator) + tail for moment in moments]
    column = parse_times(cells)
    minutes = {"": None, "Z": 0, "+01:00": 60, "-0530": -330, "+1400": 840}[tail]
    zone = timezone(timedelta(minutes=minutes or 0))
    assert column.readable.all()
    assert column.seconds.tolist() == [round(moment.replace(tzinfo=zone).timestamp()) for moment in moments]
    assert set(column.offset_s.tolist()) == {NAIVE if minutes is None else minutes * 60}
    assert time_text._uniform(cells) is not None


@given(st.lists(st.one_of(_MOMENTS.map(datetime.isoformat), _DIGIT_NOISE), min_size=1, max_size=12))
def test_what_does_not_exist_is_told_one_by_one(cells: list[str]) -> None:
    column = parse_times(cells)
    for index, cell in enumerate(cells):
        one = parse_times([cell])
        assert column.readable[index] == one.readable[0]
        assert column.seconds[index] == one.seconds[0]


@given(st.lists(st.text(max_size=26), max_size=8))
def test_no_text_makes_the_parser_fall(cells: list[str]) -> None:
    assert parse_times(cells).seconds.size == len(cells)
