"""``analyze``, ``sleep nights`` and ``phase-model`` against the golden values, through the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.analysis.golden_data import FOLDER, RECORDINGS, failures, golden
from tests.cli.conftest import CommandLine

STEPS = "HKQuantityTypeIdentifierStepCount"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Fourteen days of one-minute counts with an offset, active from 08:00 to 23:00."""
    lines = ["timestamp,value"]
    for minute in range(14 * 1440):
        day, hour = minute // 1440 + 1, minute % 1440 // 60
        count = (37 * minute) % 200 + 50 if 8 <= hour < 23 else (minute % 29 == 0) * 5
        lines.append(f"2024-01-{day:02d}T{hour:02d}:{minute % 60:02d}:00+01:00,{count}")
    path = tmp_path / "recording.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _all(clarity: CommandLine, name: str, tmp_path: Path) -> dict[str, Any]:
    truth = golden()["recordings"][name]
    arguments: list[object] = [
        "analyze",
        FOLDER / f"{name}.csv.gz",
        "--all",
        "--zone",
        truth["zone"] or "none",
        "--json",
    ]
    if truth.get("nights"):
        nights = tmp_path / "nights.json"
        nights.write_text(json.dumps(truth["nights"]), encoding="utf-8")
        arguments += ["--nights", nights]
    answer = clarity(*arguments)
    assert answer.code == 0, answer.err
    metrics: dict[str, Any] = answer.document["metrics"]
    return metrics


@pytest.mark.slow
@pytest.mark.parametrize("name", RECORDINGS)
def test_every_metric_of_a_golden_recording(clarity: CommandLine, name: str, tmp_path: Path) -> None:
    checked, wrong = failures(golden()["recordings"][name]["ref"], _all(clarity, name, tmp_path))
    assert checked > 100
    assert not wrong


def test_nights_from_stage_records(clarity: CommandLine, tmp_path: Path) -> None:
    for number, case in enumerate(golden()["stages"]):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps({"segments": case["segments"], "priority": case["priority"]}), encoding="utf-8")
        nights = clarity("sleep", "nights", path, "--json").document["nights"]
        assert len(nights) == 1
        checked, wrong = failures(case["ref"], nights[0], "nights.")
        assert checked > 10
        assert not wrong


def test_model_phase_of_a_light_protocol(clarity: CommandLine, tmp_path: Path) -> None:
    case = golden()["phase_models"]["day"]
    path = tmp_path / "light.json"
    path.write_text(json.dumps({"blocks": case["blocks"]}), encoding="utf-8")
    document = clarity("phase-model", path, "--json").document
    checked, wrong = failures(case["ref"], document, "phase_models.")
    assert checked == 10
    assert not wrong


def test_the_panel_of_a_file(clarity: CommandLine, table: Path) -> None:
    answer = clarity("analyze", table, "--zone", "Europe/Berlin", "--json")
    assert answer.code == 0, answer.err
    document = answer.document
    assert {"zone", "coverage", "wear", "circadian", "sleep", "provenance"} <= set(document)
    assert document["zone"].startswith("Europe/Berlin")
    assert document["coverage"]["valid_days"] == 14
    assert document["from"] == "2024-01-01T00:00:00+01:00"
    circadian = document["circadian"]
    assert circadian["is"] > 0.8
    assert 7.5 <= circadian["m10_onset_h"] <= 13.5
    assert {"iv", "ra", "l5", "l5_onset_h", "m10"} <= set(circadian)
    nights = document["sleep"]["nights"]
    assert len(nights) >= 12
    assert {
        "date", "onset", "offset", "tib_min", "tst_min", "sol_min", "waso_min", "se_pct", "awakenings", "midsleep_h",
        "stages_min",
    } <= set(nights[0])  # fmt: skip
    assert "sri" in document["sleep"]


def test_a_period_and_a_choice_of_metrics(clarity: CommandLine, table: Path) -> None:
    document = clarity(
        "analyze", table, "--zone", "Europe/Berlin", "--from", "2024-01-03", "--to", "2024-01-05", "--metrics", "ra,is",
        "--json",
    ).document  # fmt: skip
    assert (document["from"], document["to"]) == ("2024-01-03T00:00:00+01:00", "2024-01-06T00:00:00+01:00")
    assert set(document["circadian"]) - {"insufficient"} == {"ra", "is"}


def test_too_little_data_is_null_with_a_reason(clarity: CommandLine, table: Path) -> None:
    document = clarity(
        "analyze", table, "--zone", "Europe/Berlin", "--from", "2024-01-03", "--to", "2024-01-03", "--json"
    ).document
    assert document["circadian"]["is"] is None
    assert "days" in document["circadian"]["insufficient"]["is"]


def test_an_unknown_zone_is_said(clarity: CommandLine, tmp_path: Path, table: Path) -> None:
    naive = tmp_path / "naive.csv"
    naive.write_text(table.read_text(encoding="utf-8").replace("+01:00", ""), encoding="utf-8")
    document = clarity("analyze", naive, "--zone", "none", "--json").document
    assert document["zone"] == "unknown"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 2),
        (["FILE", "--patient", "P-0001"], 2),
        (["FILE", "--metrics", "is,charm"], 2),
        (["FILE", "--nights", "FILE"], 2),
        (["FILE", "--from", "yesterday"], 2),
        (["FILE", "--from", "2024-01-05", "--to", "2024-01-03"], 2),
        (["FILE", "--zone", "Middle/Earth"], 3),
        (["FILE", "--all", "--nights", "FILE"], 3),
    ],
)
def test_what_is_not_understood(clarity: CommandLine, table: Path, arguments: list[str], code: int) -> None:
    answer = clarity("analyze", *(table if part == "FILE" else part for part in arguments), "--json")
    assert answer.code == code
    assert answer.document["error"]["message"]


@pytest.mark.parametrize("text", ["[]", '{"segments": 3}', '{"segments": [[1, 2]]}', "not json"])
def test_records_of_another_form_are_refused(clarity: CommandLine, tmp_path: Path, text: str) -> None:
    path = tmp_path / "segments.json"
    path.write_text(text, encoding="utf-8")
    assert clarity("sleep", "nights", path, "--json").code == 3
    assert clarity("phase-model", path, "--json").code == 3
    assert clarity("phase-model", tmp_path / "absent.json", "--json").code == 5


def test_a_person_and_a_file_give_the_same(in_vault: CommandLine, clarity: CommandLine, table: Path) -> None:
    in_vault("import", table, "--new", "A. Person", "--zone", "Europe/Berlin")
    from_vault = in_vault("analyze", "--patient", "A. Person", "--from", "2024-01-01", "--to", "2024-01-14").document
    from_file = clarity("analyze", table, "--zone", "Europe/Berlin", "--json").document
    assert from_vault["circadian"] == from_file["circadian"]
    assert from_vault["sleep"]["nights"] == from_file["sleep"]["nights"]


def test_text_for_a_person(clarity: CommandLine, table: Path) -> None:
    text = clarity("analyze", table, "--zone", "Europe/Berlin").out
    assert "14 valid days of 14" in text
    assert "Zone: Europe/Berlin" in text
    assert "nights" in text


@pytest.mark.others_data
def test_a_recording_of_another_project_runs_through(clarity: CommandLine, others_data_dir: Path) -> None:
    document = clarity("analyze", others_data_dir / "example_01.AWD", "--all", "--zone", "none", "--json").document
    checked, wrong = failures(golden()["recordings"]["awd_example_01"]["ref"], document["metrics"])
    assert checked > 100
    assert not wrong


def test_beats_and_models_are_answered_when_asked_for(clarity: CommandLine, tmp_path: Path) -> None:
    from clarity_desktop.demo.export import write_export
    from clarity_desktop.demo.people import PEOPLE
    from clarity_desktop.demo.signals import simulate

    path = tmp_path / "export.zip"
    write_export(simulate(PEOPLE[0], 2, 9), path)
    answer = clarity("analyze", path, "--metrics", "hrv_rmssd_ms,hr_clock_h,pressure_wake,resting_hr", "--json")
    assert answer.code == 0, answer.err
    document = answer.document
    assert 20 < document["variability"]["hrv_rmssd_ms"] < 120
    assert 0 <= document["model"]["hr_clock_h"] < 24
    assert 0 < document["model"]["pressure_wake"] < 0.4
    assert document["heart"]["resting_hr"] > 40
    assert "hr_mesor" not in document["heart"]
    assert ["kind", "model estimate"] in [
        list(pair) for pair in document["findings"]["hr_clock_h"]["provenance"]["parameters"].items()
    ]
