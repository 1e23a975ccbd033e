"""Tables that people typed: what is understood, and errors that name row and column and repeat nothing."""

from __future__ import annotations

import contextlib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clarity_desktop.domain.annotations import AnnotationKind
from clarity_desktop.domain.errors import ClarityError, InputError
from clarity_desktop.domain.sleep_diary import NIGHT_COLUMNS, DiaryNight, night_row
from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.importers.diary_csv import read_diary_csv, read_events_csv, read_free_days_csv

BERLIN = ZoneTimeline.single("Europe/Berlin")
HEAD = "date,in_bed,tried,latency_min,awakenings,waso_min,final_awakening,out_of_bed,quality,comments\n"


def written(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode(encoding, "surrogatepass"))
    return path


def test_a_diary_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + '2025-03-13,22:30,22:45,15,1,10,6:50,07:10,4,"slept, well"\n')
    (night,) = read_diary_csv(path)
    assert (night.date, night.in_bed, night.tried, night.final_awakening) == (date(2025, 3, 13), 1350, 1365, 410)
    assert (night.latency_min, night.awakenings, night.quality, night.naps) == (15, 1, 4, None)
    assert (night.comments, night.source) == ("slept, well", "table.csv")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_other_names_delimiters_and_encodings_are_understood(tmp_path: Path, encoding: str) -> None:
    text = "Wake date;Bedtime;Sleep latency;Wake time;Got up\r\n2025-03-13;22.30;7,5;0650;7:10\r\n"
    (night,) = read_diary_csv(written(tmp_path, text, encoding))
    assert (night.in_bed, night.tried, night.latency_min, night.final_awakening) == (1350, 1350, 7.5, 410)


@pytest.mark.parametrize(
    ("row", "where"),
    [
        ("2025-03-12,22:30,,x,,,06:50,07:10,,", "row 3, column latency_min"),
        ("2025-03-12,25:30,,,,,06:50,07:10,,", "row 3, column in_bed"),
        ("12.03.2025,22:30,,,,,06:50,07:10,,", "row 3, column date"),
        ("2025-03-12,22:30,,,1.5,,06:50,07:10,,", "row 3, column awakenings"),
        ("2025-03-12,22:30,,,,,06:50,07:10,9,", "row 3, column quality"),
        ("2025-03-12,22:30,,,,,06:50,,,", "row 3, column out_of_bed"),
        ("2025-03-12,22:30,,400,,300,06:50,07:10,,", "row 3, column waso_min"),
        ("2025-03-11,22:30,,,,,06:50,07:10,,", "row 3, column date"),
        ("2025-03-12,22:30,,-5,,,06:50,07:10,,", "row 3, column latency_min"),
    ],
)
def test_an_error_names_row_and_column_and_repeats_nothing(tmp_path: Path, row: str, where: str) -> None:
    first = "2025-03-11,22:30,,,,,06:50,07:10,,canary\n"
    with pytest.raises(InputError) as refused:
        read_diary_csv(written(tmp_path, HEAD + first + row + "\n"))
    error = refused.value
    assert (error.code, error.detail) == ("table.cell", where)
    number, column = where.split(", column ")
    assert error.message.startswith(f"{number.capitalize()}, column “{column}”: ")
    cells = [cell for cell in row.split(",") if len(cell) > 4]
    assert not [cell for cell in [*cells, "canary"] if cell in error.message + error.remedy]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "table.empty"),
        (HEAD, "table.empty"),
        ("date,in_bed\n2025-03-12,22:30\n", "table.column"),
        ("date,date\n1,2\n", "table.column"),
        (HEAD.replace("quality", "mood") + "2025-03-12,22:30,,,,,06:50,07:10,,\n", "table.column"),
        (HEAD + "2025-03-12,22:30,,,,,06:50,07:10,,a,b\n", "table.row"),
    ],
)
def test_a_table_of_another_form_is_refused(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(InputError) as refused:
        read_diary_csv(written(tmp_path, text))
    assert refused.value.code == code


def test_a_missing_or_foreign_file_is_refused(tmp_path: Path) -> None:
    foreign = tmp_path / "x.csv"
    foreign.write_bytes(b"\x89PNG\xff\xfe\x00")
    for path in (tmp_path / "none.csv", foreign):
        with pytest.raises(InputError) as refused:
            read_diary_csv(path)
        assert refused.value.code == "table.unreadable"


def test_events_take_dates_local_times_and_offsets(tmp_path: Path) -> None:
    text = (
        "start,stop,kind,title,reason\n"
        "2025-03-30,,Medication,Tablet,plan\n"
        "2025-04-01,2025-04-03,travel,Lisbon,\n"
        "2025-04-05T22:30,,note,Noise,\n"
        "2025-04-06T22:30:00+00:00,2025-04-07T06:00:00+00:00,leave out,,fever\n"
    )
    day, journey, note, left = read_events_csv(written(tmp_path, text), BERLIN)
    assert BERLIN.format(day.start) == "2025-03-30T00:00:00+01:00"
    assert (day.kind, day.stop) == (AnnotationKind.MEDICATION, None)
    assert BERLIN.format(journey.stop or 0) == "2025-04-04T00:00:00+02:00"
    assert BERLIN.format(note.start) == "2025-04-05T22:30:00+02:00"
    assert (left.kind, left.reason) == (AnnotationKind.LEAVE_OUT, "fever")


@pytest.mark.parametrize(
    ("row", "where"),
    [
        ("2025-03-12,,pill,x,", "column kind"),
        ("yesterday,,note,x,", "column start"),
        ("2025-03-12,2025-13-01,travel,x,", "column stop"),
        ("2025-03-12,2025-03-01,travel,x,", "column stop"),
        ("2025-03-12,,note,,", "column title"),
        ("2025-03-12,,rest,x,", "column stop"),
    ],
)
def test_an_event_that_cannot_be_names_its_column(tmp_path: Path, row: str, where: str) -> None:
    with pytest.raises(InputError) as refused:
        read_events_csv(written(tmp_path, f"start,stop,kind,title,reason\n{row}\n"), BERLIN)
    assert where in refused.value.detail


def test_two_rows_of_rest_must_not_overlap(tmp_path: Path) -> None:
    rows = "2025-03-12T22:00,2025-03-13T06:00,rest\n2025-03-13T05:00,2025-03-13T07:00,nap\n"
    with pytest.raises(InputError, match="Another rest"):
        read_events_csv(written(tmp_path, "start,stop,kind\n" + rows), BERLIN)


def test_free_days_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, "date,free\n2025-03-12,free\n2025-03-15,Work\n2025-03-16,0\n")
    assert list(read_free_days_csv(path).values()) == [True, False, False]
    with pytest.raises(InputError) as refused:
        read_free_days_csv(written(tmp_path, "date,free\n2025-03-12,maybe\n"))
    assert refused.value.detail == "row 2, column free"


@given(
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.integers(0, 60),
    st.integers(0, 60),
    st.one_of(st.none(), st.integers(1, 5)),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_a_diary_written_as_a_table_is_read_back(
    tmp_path: Path, day: date, latency: int, waso: int, quality: int | None
) -> None:
    night = DiaryNight(day, 1350, 1365, 410, 430, float(latency), 2, float(waso), quality, source="table.csv")
    row = night_row(night)
    text = ",".join(NIGHT_COLUMNS) + "\n" + ",".join(row[name] for name in NIGHT_COLUMNS) + "\n"
    assert read_diary_csv(written(tmp_path, text)) == (night,)


@given(st.text(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_no_text_makes_a_reader_fall_over(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, HEAD + text, "utf-8")
    for read in (read_diary_csv, read_free_days_csv, lambda one: read_events_csv(one, BERLIN)):
        with contextlib.suppress(ClarityError):
            read(path)
