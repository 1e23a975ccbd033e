"""Actiwatch recordings: own small files of every shape, and the public ones read in place."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clarity_desktop.domain.importing import ImportOutcome
from clarity_desktop.domain.kinds import ACTIVITY_COUNTS, LIGHT
from clarity_desktop.domain.time import format_instant
from clarity_desktop.importers import pipeline, registry


def _awd(
    rows: list[str], *, clock: str = "13:58", code: str = " 4 ", serial: str = "V664055", day: str = "23-Jan-2018"
) -> str:
    return "\r\n".join(["somebody", day, clock, code, "00", serial, "X", *rows]) + "\r\n"


def _read(tmp_path: Path, sink: Any, text: str, **options: Any) -> Any:
    path = tmp_path / "recording.dat"
    path.write_text(text, newline="")
    return pipeline.import_file(path, lambda *_: sink, **options)


def test_a_recording(tmp_path: Path, keeping_sink: Any) -> None:
    report = _read(tmp_path, keeping_sink, _awd(["0", "149", "12"]))
    assert report.format == "actiwatch-awd"
    ((key, rows),) = keeping_sink.series.items()
    assert key == (ACTIVITY_COUNTS, "counts", "Actiwatch 4 V664055")
    begin = round(datetime(2018, 1, 23, 13, 58, tzinfo=UTC).timestamp())
    assert [row[:3] for row in rows] == [(begin, 60, 0.0), (begin + 60, 60, 149.0), (begin + 120, 60, 12.0)]
    assert report.zones[0].period.zone == "unknown"


@pytest.mark.parametrize(
    ("code", "seconds"),
    [("1", 15), ("2", 30), ("4", 60), ("8", 120), ("20", 300), ("81", 2), ("C1", 5), (" c2 ", 10)],
)
def test_epoch_codes(code: str, seconds: int, tmp_path: Path, keeping_sink: Any) -> None:
    _read(tmp_path, keeping_sink, _awd(["1", "2"], code=code))
    rows = keeping_sink.all_rows(ACTIVITY_COUNTS)
    assert rows[1][0] - rows[0][0] == seconds
    assert rows[0][1] == seconds


@pytest.mark.parametrize(
    ("clock", "want"),
    [("09:38:00 AM ", "09:38:00"), ("09:38:10 PM", "21:38:10"), ("18:11:00 ", "18:11:00"), ("12:00 AM", "00:00:00"),
     ("14:20:00 PM", "14:20:00")],
)  # fmt: skip
def test_clocks(clock: str, want: str, tmp_path: Path, keeping_sink: Any) -> None:
    _read(tmp_path, keeping_sink, _awd(["1", "2"], clock=clock))
    assert format_instant(keeping_sink.all_rows(ACTIVITY_COUNTS)[0][0]) == f"2018-01-23T{want}+00:00"


def test_second_channels_and_markers(tmp_path: Path, keeping_sink: Any) -> None:
    _read(tmp_path, keeping_sink, _awd(["0 , 0.00", "224 , 12.50 M", "99 , 3.00"], serial="L11FFFF220"))
    light = keeping_sink.series[LIGHT, "lux", "Actiwatch-L L11FFFF220"]
    assert [row[2] for row in light] == [0, 12.5, 3]
    counts = keeping_sink.series[ACTIVITY_COUNTS, "counts", "Actiwatch-L L11FFFF220"]
    assert [row[6] for row in counts] == ["", '{"marker":true}', ""]


def test_the_zone_given_at_import(tmp_path: Path, keeping_sink: Any) -> None:
    report = _read(tmp_path, keeping_sink, _awd(["1", "2"]), home_zone="Europe/Berlin")
    assert format_instant(keeping_sink.all_rows(ACTIVITY_COUNTS)[0][0]) == "2018-01-23T12:58:00+00:00"
    assert report.zones[0].period.zone == "Europe/Berlin"


def test_a_line_that_cannot_be_read_keeps_its_place(tmp_path: Path, keeping_sink: Any) -> None:
    report = _read(tmp_path, keeping_sink, _awd(["1", "?", "3", "", ""]))
    rows = keeping_sink.all_rows(ACTIVITY_COUNTS)
    assert [row[2] for row in rows] == [1, 3]
    assert rows[1][0] - rows[0][0] == 120
    count = report.types[ACTIVITY_COUNTS]
    assert (count.records, count.rejected) == (3, 1)
    assert report.outcome is ImportOutcome.RECOVERED
    assert (report.problems[0].code, report.problems[0].first_at) == ("row.unreadable", "line 9")


def test_a_recording_without_epochs_is_empty(tmp_path: Path, keeping_sink: Any) -> None:
    assert _read(tmp_path, keeping_sink, _awd([])).outcome is ImportOutcome.EMPTY


@pytest.mark.parametrize("text", [_awd(["1"], code="99"), _awd(["1"], day="soon"), _awd(["text"])])
def test_other_text_is_not_claimed(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.awd"
    path.write_text(text)
    assert not any(form.id == "actiwatch-awd" and form.claims(_head(path)) for form in registry.FORMATS)


def _head(path: Path) -> Any:
    from clarity_desktop.importers.format import read_head

    return read_head(path)


@pytest.mark.others_data
def test_public_recordings(others_data_dir: Path, keeping_sink: Any) -> None:
    golden = json.loads((others_data_dir / "raw_golden.json").read_text(encoding="utf-8"))
    files = sorted(others_data_dir.glob("*.AWD"))
    assert len(files) > 8
    for file in files:
        keeping_sink.series.clear()
        pipeline.import_file(file, lambda *_: keeping_sink)
        want = golden[file.name]
        rows = keeping_sink.all_rows(ACTIVITY_COUNTS)
        values = np.array([row[2] for row in rows])
        assert len(rows) == want["activity"]["n"], file.name
        assert values.sum() == want["activity"]["sum"]
        assert values[:6].tolist() == want["activity"]["first"]
        assert values[-6:].tolist() == want["activity"]["last"]
        assert rows[0][1] == want["frequency_s"]
        assert format_instant(rows[0][0])[:19].replace("T", " ") == want["start"]
