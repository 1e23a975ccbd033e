"""Files of the app Health Auto Export: metrics, sleep, workouts, other parts, tables, damage."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.importing import ImportOutcome
from clarity_desktop.domain.kinds import HEART_RATE, SLEEP, STEPS
from clarity_desktop.importers import pipeline, registry

DATA = Path(__file__).resolve().parent.parent / "data" / "health_auto_export"
_Q = "HKQuantityTypeIdentifier"


def _at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp())


def test_metrics_become_samples(keeping_sink: Any) -> None:
    report = pipeline.import_file(DATA / "export.json", lambda *_: keeping_sink, home_zone="Europe/Berlin")
    assert report.format == "health-auto-export"
    assert report.outcome is ImportOutcome.RECOVERED
    assert [row[:3] for row in keeping_sink.series[STEPS, "count", "Sam’s iPhone"]] == [
        (_at("2024-02-06T08:00:00+01:00"), 0, 120.0),
        (_at("2024-02-06T08:01:00+01:00"), 0, 80.5),
    ]
    (rate,) = keeping_sink.series[HEART_RATE, "count/min", "Watch"]
    assert rate[2] == 72.5
    assert json.loads(rate[6]) == {"attributes": {"Max": 81, "Min": 60}}
    (oxygen,) = keeping_sink.series[_Q + "OxygenSaturation", "%", "Watch"]
    assert oxygen[2] == pytest.approx(0.97)
    assert keeping_sink.all_rows(_Q + "BloodPressureDiastolic")[0][2] == 79
    assert keeping_sink.all_rows("dietary_caffeine")[0][2] == 95
    for count in report.types.values():
        assert count.records == count.unique + count.duplicates + count.rejected
    assert report.types[STEPS].rejected == 1
    assert report.types[HEART_RATE].rejected == 1
    assert report.zones[0].period.zone == "Europe/Berlin"


def test_sleep_is_stages_where_told_and_totals_else(keeping_sink: Any) -> None:
    report = pipeline.import_file(DATA / "export.json", lambda *_: keeping_sink)
    assert [(row[1], row[2]) for row in keeping_sink.all_rows(SLEEP)] == [
        (5400, "HKCategoryValueSleepAnalysisAsleepCore"),
        (1800, "HKCategoryValueSleepAnalysisAsleepREM"),
    ]
    (night,) = [element for element in keeping_sink.elements if element.kind == "SleepTotals"]
    assert json.loads(night.payload)["attributes"]["deep"] == 1.1
    assert {problem.code for problem in report.problems} >= {"sleep.totals_only", "unit.percent", "element.unlisted"}


def test_workouts_routes_and_other_parts(keeping_sink: Any) -> None:
    pipeline.import_file(DATA / "export.json", lambda *_: keeping_sink)
    kinds = {element.kind: element for element in keeping_sink.elements}
    assert set(kinds) == {"Workout", "WorkoutRoute", "StateOfMind", "Medication", "SleepTotals"}
    totals = json.loads(kinds["Workout"].payload)["totals"]
    assert totals["energy"] == 350
    assert totals["distance_unit"] == "km"
    assert totals["hr_avg"] == 141
    route = json.loads(kinds["WorkoutRoute"].payload)
    assert route["workout"] == kinds["Workout"].key
    assert route["columns"]["lat"] == [47.4, 47.401]
    assert route["columns"]["time"] == [_at("2024-02-06T07:00:00+01:00"), _at("2024-02-06T07:00:01+01:00")]


def test_a_table_of_days(keeping_sink: Any) -> None:
    report = pipeline.import_file(DATA / "metrics.csv", lambda *_: keeping_sink, home_zone="Europe/Berlin")
    assert report.format == "health-auto-export-csv"
    steps = keeping_sink.all_rows(STEPS)
    assert next(row[:3] for row in steps) == (_at("2024-02-05T00:00:00+01:00"), 86_400, 8120.0)
    assert [row[2] for row in keeping_sink.all_rows(HEART_RATE)] == [66.2, 64.0]
    assert [row[2] for row in keeping_sink.all_rows(_Q + "OxygenSaturation")] == pytest.approx([0.965, 0.97])
    assert report.types[_Q + "ActiveEnergyBurned"].rejected == 1
    assert len(keeping_sink.all_rows("dietary_caffeine")) == 2
    (left_out,) = [problem for problem in report.problems if problem.code == "column.ignored"]
    assert left_out.count == 3


def test_a_cut_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "cut.json"
    path.write_bytes((DATA / "export.json").read_bytes()[:900])
    with pytest.raises(InputError) as caught:
        pipeline.inspect_file(path)
    assert caught.value.code == "import.json_damaged"


def test_depth_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_bytes(b'{"data":{"metrics":[' + b"[" * 200_000)
    with pytest.raises(InputError) as caught:
        pipeline.inspect_file(path)
    assert caught.value.code == "import.json_damaged"


def test_other_tables_stay_plain_tables(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("Date,counts\n2024-02-06 08:00:00,5\n2024-02-06 08:01:00,6\n")
    assert registry.sniff(path).id == "csv"
