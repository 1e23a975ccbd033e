"""Plain tables: headers, times, zones, missing values, rows that cannot be read."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clarity_desktop.domain.errors import ClarityError, InputError
from clarity_desktop.domain.importing import ImportOutcome, ImportReport
from clarity_desktop.domain.kinds import ACTIVITY_COUNTS, HEART_RATE, LIGHT, STEPS
from clarity_desktop.domain.series import SampleFlag
from clarity_desktop.importers import pipeline, registry


@pytest.fixture
def read(tmp_path: Path, keeping_sink: Any) -> Any:
    def reading(text: str | bytes, name: str = "wrist.csv", **options: Any) -> ImportReport:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return pipeline.import_file(path, lambda *_: keeping_sink, **options)

    return reading


def _at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def _minutes(rows: list[str], header: str = "timestamp,counts") -> str:
    body = "".join(f"2024-01-08T00:{index:02d}:00+01:00,{row}\n" for index, row in enumerate(rows))
    return f"{header}\n{body}"


def test_a_table_of_counts(read: Any, keeping_sink: Any) -> None:
    report = read(_minutes(["2", "0", "", "17", "5"], "timestamp,counts") + "")
    rows = keeping_sink.series[ACTIVITY_COUNTS, "counts", "wrist"]
    assert [row[:3] for row in rows] == [
        (_at("2024-01-07T23:00:00"), 60, 2.0),
        (_at("2024-01-07T23:01:00"), 60, 0.0),
        (_at("2024-01-07T23:03:00"), 60, 17.0),
        (_at("2024-01-07T23:04:00"), 60, 5.0),
    ]
    assert report.outcome is ImportOutcome.OK
    assert {problem.code: problem.count for problem in report.problems} == {"row.missing": 1}
    assert report.zones[0].period.zone == "UTC+01:00"


def test_the_home_zone_is_used_where_it_yields_the_offset(read: Any) -> None:
    report = read(_minutes(["1", "2", "3"]), home_zone="Europe/Berlin")
    assert [found.period.zone for found in report.zones] == ["Europe/Berlin"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("counts", ACTIVITY_COUNTS), ("Activity", ACTIVITY_COUNTS), ("value", ACTIVITY_COUNTS), ("hr", HEART_RATE),
     ("Heart Rate", HEART_RATE), ("steps", STEPS), ("lux", LIGHT), ("light", LIGHT)],
)  # fmt: skip
def test_names_of_columns(name: str, kind: str, read: Any, keeping_sink: Any) -> None:
    read(_minutes(["60", "61", "62"], f"timestamp,{name}"))
    assert {key[0] for key in keeping_sink.series} == {kind}


def test_further_columns_are_named_as_ignored(read: Any) -> None:
    report = read(_minutes(["60,1,0", "61,1,0", "62,0,1"], "timestamp,counts,true_sleep,in_bed"))
    (problem,) = report.problems
    assert (problem.code, problem.count) == ("column.ignored", 2)
    assert "true_sleep, in_bed" in problem.message


def test_several_known_columns_are_read(read: Any, keeping_sink: Any) -> None:
    read(_minutes(["60,1", "61,2", ",3"], "timestamp,hr,steps"))
    assert len(keeping_sink.all_rows(HEART_RATE)) == 2
    assert len(keeping_sink.all_rows(STEPS)) == 3


def test_a_naive_clock_is_kept_as_it_stands_or_read_in_the_zone(tmp_path: Path) -> None:
    path = tmp_path / "naive.csv"
    path.write_text("timestamp,counts\n1918-01-23T13:58:00,0\n1918-01-23T13:59:00,3\n1918-01-23T14:00:00,5\n")
    report = pipeline.inspect_file(path)
    assert report.first == _at("1918-01-23T13:58:00")
    assert report.zones[0].period.zone == "unknown"
    assert "zone.none" in {problem.code for problem in report.problems}
    zoned = pipeline.inspect_file(path, home_zone="Asia/Tokyo")
    assert zoned.first == _at("1918-01-23T04:58:00")
    assert zoned.zones[0].period.zone == "Asia/Tokyo"


@pytest.mark.parametrize(
    "text",
    [
        "timestamp;counts\n2024-01-08T00:00:00Z;1,5\n2024-01-08T00:01:00Z;2,5\n",
        "timestamp\tcounts\n1704672000\t1.5\n1704672060\t2.5\n",
        "2024-01-08 00:00:00,1.5\n2024-01-08 00:01:00,2.5\n",
        "\ufefftimestamp,counts\r\n2024/01/08 00:00:00,1.5\r\n2024/01/08 00:01:00,2.5\r\n",
        '"timestamp","counts"\n"2024-01-08T00:00:00Z","1.5"\n"2024-01-08T00:01:00Z","2.5"\n',
        "counts,time\n1.5,2024-01-08T01:00:00+0100\n2.5,2024-01-08T01:01:00+0100\n",
        "timestamp,counts\n1704672000000,1.5\n1704672060000,2.5\n",
    ],
)
def test_manners_of_writing(text: str, read: Any, keeping_sink: Any) -> None:
    read(text)
    rows = keeping_sink.all_rows(ACTIVITY_COUNTS)
    assert [(row[0], row[2]) for row in rows] == [(_at("2024-01-08T00:00:00"), 1.5), (_at("2024-01-08T00:01:00"), 2.5)]


def test_packed_tables(read: Any, keeping_sink: Any) -> None:
    text = _minutes(["1", "2", "3"])
    read(gzip.compress(text.encode()), name="wrist.csv.gz")
    assert [row[2] for row in keeping_sink.series[ACTIVITY_COUNTS, "counts", "wrist"]] == [1, 2, 3]


def test_a_cut_packed_table_is_an_error(read: Any, keeping_sink: Any) -> None:
    packed = gzip.compress(_minutes([str(value) for value in range(50)]).encode() * 200)
    with pytest.raises(InputError) as caught:
        read(packed[: len(packed) // 2], name="wrist.csv.gz")
    assert caught.value.code in ("import.archive_damaged", "import.cannot_open")
    assert not keeping_sink.finished


def test_rows_that_cannot_be_read_are_set_aside_with_their_lines(read: Any, keeping_sink: Any) -> None:
    report = read(_minutes(["1", "abc", "3"]) + "soon,4\n2024-01-08T00:05:00+01:00,6\n2024-01-08T00:06:00+01:00\n")
    count = report.types[ACTIVITY_COUNTS]
    assert (count.records, count.rejected, count.unique) == (5, 2, 3)
    assert {(one.code, one.text) for one in keeping_sink.aside} == {
        ("value.not_a_number", "2024-01-08T00:01:00+01:00,abc"),
        ("row.unreadable", "soon,4"),
    }
    places = {problem.code: problem.first_at for problem in report.problems}
    assert places == {"value.not_a_number": "line 3", "row.unreadable": "line 5", "row.missing": "line 7"}
    assert report.outcome is ImportOutcome.RECOVERED


def test_implausible_values_are_kept_and_flagged(read: Any, keeping_sink: Any) -> None:
    read(_minutes(["60", "-4", "900"], "timestamp,hr"))
    flags = {row[2]: row[3] for row in keeping_sink.all_rows(HEART_RATE)}
    assert flags == {60: 0, -4: SampleFlag.IMPLAUSIBLE, 900: SampleFlag.IMPLAUSIBLE}


def test_irregular_times_are_points(read: Any, keeping_sink: Any) -> None:
    read(
        "timestamp,hr\n2024-01-08T00:00:00Z,60\n2024-01-08T00:00:07Z,61\n2024-01-08T00:03:00Z,62\n2024-01-08T00:03:09Z,62\n"
    )
    assert {row[1] for row in keeping_sink.all_rows(HEART_RATE)} == {0}


def test_winter_summer_winter(read: Any) -> None:
    rows = ["2024-01-08T00:00:00+01:00,1", "2024-06-08T00:00:00+02:00,1", "2024-12-08T00:00:00+01:00,1"]
    report = read("timestamp,counts\n" + "\n".join(rows) + "\n")
    assert [found.period.zone for found in report.zones] == ["UTC+01:00", "UTC+02:00", "UTC+01:00"]


@pytest.mark.parametrize("text", ["hello, this is no table\nat all\n", "a,b\n1,2\n", "\0\0\0,\0", "x" * 5000])
def test_what_is_no_table(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        registry.sniff(path)
    assert caught.value.code == "import.unknown_format"


def test_a_table_without_rows_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("timestamp,counts\n2024-01-08T00:00:00Z,\n")
    assert pipeline.inspect_file(path).outcome is ImportOutcome.EMPTY


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(text=st.text(alphabet=st.sampled_from('2024-01:T08+Z,;\n\r"abc.\t é')), head=st.booleans())
def test_no_text_makes_the_reader_fall(text: str, head: bool, tmp_path: Path) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes((("timestamp,counts\n2024-01-08T00:00:00Z,1\n" if head else "") + text).encode())
    try:
        report = pipeline.inspect_file(path, format="csv")
    except ClarityError:
        return
    for count in report.types.values():
        assert count.records == count.unique + count.duplicates + count.rejected


_CELL = st.text(alphabet="0123456789.-T:\"' x", max_size=6)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.lists(_CELL, min_size=1, max_size=4), max_size=8), delimiter=st.sampled_from([",", ";", "\t"]))
def test_splitting_at_once_and_by_line_agree(rows: list[list[str]], delimiter: str) -> None:
    from clarity_desktop.importers.csv_timeseries import cells_of

    lines = [delimiter.join(row) for row in rows]
    at_once = cells_of(lines, delimiter, (0, 1, 3))
    one_by_one = [cells_of([line], delimiter, (0, 1, 3)) for line in lines]
    # A quote anywhere sends all lines the slow way, so that the two ways meet in one comparison.
    quoted = cells_of([*lines, '"q"'], delimiter, (0, 1, 3))
    for index in (0, 1, 3):
        assert at_once[index] == [one[index][0] for one in one_by_one]
        assert at_once[index] == quoted[index][:-1]
