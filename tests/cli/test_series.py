"""What is stored, read back through the command line."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine
from tests.cli.test_importing import DATA

STEPS = "HKQuantityTypeIdentifierStepCount"


@pytest.fixture
def person(in_vault: CommandLine) -> str:
    """Somebody with the file in which Watch and iPhone counted the same steps."""
    in_vault("import", DATA / "trap_steps.xml", "--new", "A. Person", "--zone", "UTC")
    found: str = in_vault("patient", "list").document["patients"][0]["id"]
    return found


def test_series_are_listed_as_the_contract_says(in_vault: CommandLine, person: str) -> None:
    series = in_vault("series", "list", "--patient", person).document["series"]
    assert len(series) >= 2
    for one in series:
        assert {"type", "unit", "source", "n", "first", "last"} <= set(one)
        assert one["first"] <= one["last"]
    assert in_vault("series", "list", "--patient", person, "--type", "Other").document["series"] == []


def test_raw_is_kept_per_source_and_merging_is_a_view(in_vault: CommandLine, person: str) -> None:
    raw = in_vault("series", "read", "--patient", person, "--type", STEPS).document["series"]
    assert sum(sum(one["value"]) for one in raw) == pytest.approx(2700)
    merged = in_vault("series", "read", "--patient", person, "--type", STEPS, "--merged").document["series"]
    assert len(merged) == 1
    total = sum(merged[0]["value"])
    assert total == pytest.approx(1000 + 450 + 600 + 200), "the Watch covers half of the first interval of the phone"
    days = in_vault("days", "--patient", person, "--type", STEPS, "--merged").document["days"]
    assert sum(day["sum"] for day in days.values()) == pytest.approx(total)
    plain = in_vault("days", "--patient", person, "--type", STEPS).document["days"]
    assert sum(day["sum"] for day in plain.values()) == pytest.approx(2700)
    for day in plain.values():
        assert sum(day["by_source"].values()) == pytest.approx(day["sum"])
        assert {"n", "sum", "mean", "min", "max", "by_source"} <= set(day)


def test_a_table_file_holds_the_same_samples(in_vault: CommandLine, person: str, tmp_path: Path) -> None:
    import polars

    document = in_vault("series", "read", "--patient", person, "--type", STEPS).document
    flat = [
        (start, value) for one in document["series"] for start, value in zip(one["start"], one["value"], strict=True)
    ]
    written = in_vault(
        "series", "read", "--patient", person, "--type", STEPS, "--csv", tmp_path / "steps.csv", "--parquet",
        tmp_path / "steps.parquet",
    )  # fmt: skip
    assert written.code == 0
    assert [Path(path).name for path in written.document["files"]] == ["steps.csv", "steps.parquet"]
    with (tmp_path / "steps.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [(row["start"], float(row["value"])) for row in rows] == flat
    frame = polars.read_parquet(tmp_path / "steps.parquet")
    assert frame["value"].to_list() == [value for _, value in flat]
    assert frame["start_utc"].dtype == polars.Datetime("us")
    actions = [entry["action"] for entry in in_vault("audit", "list").document["entries"]]
    assert actions.count("series.export") == 2


def test_a_period_limits_what_is_read(in_vault: CommandLine, person: str) -> None:
    asked = ("series", "read", "--patient", person, "--type", STEPS)
    from_noon = in_vault(*asked, "--from", "2024-06-10T12:00:00+02:00").document["series"]
    assert sum(sum(one["value"]) for one in from_noon) == pytest.approx(800)
    before_noon = in_vault(*asked, "--to", "2024-06-10T12:00:00+02:00").document["series"]
    assert sum(sum(one["value"]) for one in before_noon) == pytest.approx(1900)
    assert in_vault(*asked, "--to", "2024-06-09", "--from", "2024-06-01").document["series"][0]["n"] == 0


def test_categories_are_read_by_name(in_vault: CommandLine) -> None:
    in_vault("import", DATA / "trap_sleep.xml", "--new", "B. Person")
    kind = "HKCategoryTypeIdentifierSleepAnalysis"
    series = in_vault("series", "read", "--patient", "B. Person", "--type", kind).document["series"]
    assert {label for one in series for label in one["label"]} >= {"HKCategoryValueSleepAnalysisInBed"}
    assert in_vault("days", "--patient", "B. Person", "--type", kind).code == 2
    assert in_vault("series", "read", "--patient", "B. Person", "--type", kind, "--merged").code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["series", "read", "--patient", "A. Person", "--type", "Other"],
        ["days", "--patient", "A. Person", "--type", "Other"],
    ],
)
def test_what_is_not_there_ends_with_5(in_vault: CommandLine, person: str, arguments: list[str]) -> None:
    assert in_vault(*arguments).code == 5
