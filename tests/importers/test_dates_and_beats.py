"""Dates and beat times in all their forms, one at a time and in columns."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.importers.clock_words import WORD_OFFSETS, seconds_of_words
from clarity_desktop.importers.healthkit.beats import beat_seconds, clock_seconds, without_beats
from clarity_desktop.importers.healthkit.dates import parse_date

DATA = Path(__file__).resolve().parent.parent / "data" / "healthkit"


def _instant(text: str) -> int | None:
    parsed = parse_date(text)
    return None if parsed is None else parsed.instant


def _columns(texts: list[str], offset_s: int = 0) -> tuple[list[int], list[bool]]:
    words = np.array(
        [[[int.from_bytes(text.encode()[at : at + 8], "little") for text in texts]] for at in WORD_OFFSETS], np.uint64
    )
    seconds, exists = seconds_of_words(words, np.array([[offset_s]], np.int64))
    return seconds[0].tolist(), exists[0].tolist()


@given(
    moment=st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(lambda value: value.replace(microsecond=0)),
    quarter=st.integers(-48, 56),
)
def test_dates_agree_with_the_calendar(moment: datetime, quarter: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=15 * quarter)))
    hours, minutes = divmod(abs(15 * quarter), 60)
    wall = f"{moment.year:04d}-{moment:%m-%d %H:%M:%S}"
    text = f"{wall} {'-' if quarter < 0 else '+'}{hours:02d}{minutes:02d}"
    want = round((aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    assert _instant(text) == want
    assert _columns([wall + " +0000"], 900 * quarter) == ([want], [True])


@given(text=st.from_regex(r"[0-9a:]{4}-[0-3][0-9;]-[0-9/]{2} [0-2][0-9]:[0-9]{2}:[0-9]{2} \+0000", fullmatch=True))
def test_columns_accept_what_the_parser_accepts(text: str) -> None:
    seconds, exists = _columns([text])
    one = _instant(text)
    assert exists == [one is not None]
    if one is not None:
        assert seconds == [one]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("2024-03-10 08:00:00 -0400", "2024-03-10T12:00:00"),
        ("2024-06-10 7:05:00\u202fAM +0200", "2024-06-10T05:05:00"),
        ("2024-06-10 7:06:00 PM +0200", "2024-06-10T17:06:00"),
        ("2024-06-10 12:00:00 a.m. +0000", "2024-06-10T00:00:00"),
        ("2024-06-10T08:00:00Z", "2024-06-10T08:00:00"),
        ("2024-06-10T08:00:00.250+02:00", "2024-06-10T06:00:00"),
        ("20150616071820-0700", "2015-06-16T14:18:20"),
        ("1969-12-31 23:59:50 -0000", "1969-12-31T23:59:50"),
    ],
)
def test_forms_of_dates(text: str, want: str) -> None:
    assert _instant(text) == round(datetime.fromisoformat(want).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    "text",
    [
        "", "yesterday", "2023-02-30 08:00:00 +0200", "2024-06-10 25:00:00 +0200", "2024-06-10 08:00:00",
        "2024-06-10 13:00:00 PM +0200", "2024-06-10 08:00:00 +2400", "２０２４-06-10 08:00:00 +0200",
    ],
)  # fmt: skip
def test_what_is_no_date(text: str) -> None:
    assert parse_date(text) is None


@given(st.text(max_size=40))
def test_no_text_makes_the_date_parser_fall(text: str) -> None:
    parse_date(text)
    clock_seconds(text)


def test_beat_times_of_the_sample(keeping_sink: Any) -> None:
    from clarity_desktop.importers.pipeline import import_file

    want = json.loads((DATA / "expected.json").read_text(encoding="utf-8"))["trap_beats.xml"]["beat_seconds_of_day"]
    import_file(DATA / "trap_beats.xml", lambda *_: keeping_sink)
    rows = keeping_sink.all_rows("HKQuantityTypeIdentifierHeartRateVariabilitySDNN")
    found = [beat_seconds(time for _, time in json.loads(row[6])["beats"]) for row in rows]
    for expected, times in zip(want, found, strict=True):
        assert times == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("12:05:01.07 AM", 301.07),
        ("12:00:00 PM", 43_200),
        ("午後6:14:48", 65_688),
        ("25:00:00", None),
        ("13:00:00 PM", None),
    ],
)
def test_beat_clocks(text: str, want: float | None) -> None:
    assert clock_seconds(text) == want


def test_an_unreadable_beat_does_not_break_the_list() -> None:
    assert beat_seconds(["23:59:59.40", "?", "00:00:00.25"]) == [86_399.4, None, 86_400.25]


@given(
    st.lists(
        st.tuples(
            st.integers(1, 300),
            st.from_regex(r"[0-2]?[0-9]:[0-6][0-9]:[0-6][0-9][.,][0-9]{2}( [AP]M)?", fullmatch=True),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_lists_read_apart_hold_only_readable_times(beats: list[tuple[int, str]]) -> None:
    inside = "".join(f'   <InstantaneousBeatsPerMinute bpm="{bpm}" time="{time}"/>\n' for bpm, time in beats)
    listed = f"  <HeartRateVariabilityMetadataList>\n{inside}  </HeartRateVariabilityMetadataList>\n"
    row = f'<Record a="b">\n{listed} </Record>\n'
    divided = without_beats(row.encode())
    readable = all(clock_seconds(time) is not None for _, time in beats)
    if divided is None:
        return
    assert readable
    text, found = divided
    assert text == b'<Record a="b">\n </Record>\n'
    assert json.loads(found.json) == [[bpm, time] for bpm, time in beats]
    assert (found.count, found.first) == (len(beats), beats[0][1])
