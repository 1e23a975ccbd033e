from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.domain.epochs import Epochs, EpochState
from clarity_desktop.domain.errors import UsageError
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.series import SampleFlag, Samples, Series
from clarity_desktop.domain.time import ZoneTimeline
from clarity_desktop.reports.files import sha256_of
from clarity_desktop.reports.table import (
    epochs_columns,
    findings_columns,
    neutralise,
    samples_columns,
    write_csv,
    write_table,
)

KATHMANDU = ZoneTimeline.single("Asia/Kathmandu")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.parametrize("text", ["=1+1", "+49 30", "-5", "@cmd", "\tx", "\rx", "\nx"])
def test_texts_that_would_be_formulas_are_neutralised(text: str, tmp_path: Path) -> None:
    assert neutralise(text) == f"'{text}"
    file = write_csv(tmp_path / "t.csv", {"source": [text, "Watch"], "value": [-1.5, 2.0]})
    rows = _rows(file.path)
    assert rows[0]["source"] == f"'{text}"
    assert rows[1]["source"] == "Watch"
    assert rows[0]["value"] == "-1.5"  # a number stays a number


@given(st.text(max_size=20))
def test_no_text_can_begin_a_formula(text: str) -> None:
    assert not neutralise(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_samples_carry_times_labels_flags_and_source(tmp_path: Path) -> None:
    start = np.array([1_743_292_800, 1_743_292_860], dtype=np.int64)
    flags = np.array([0, int(SampleFlag.USER_ENTERED | SampleFlag.REPAIRED)], dtype=np.uint8)
    samples = Samples(start, np.array([60, 0], np.int32), np.array([1.0, 0.0]), flags, "", ("Awake", "=Deep"))
    series = Series(1, "p", "HKCategoryTypeIdentifierSleepAnalysis", "", "@Watch", ("Awake", "=Deep"))
    columns = samples_columns(series, samples, KATHMANDU)
    assert columns["start_local"][0] == "2025-03-30T05:45:00+05:45"
    rows = _rows(write_table(tmp_path / "s.csv", columns).path)
    assert rows[0]["start"] == "2025-03-30T00:00:00Z"
    assert rows[0]["stop"] == "2025-03-30T00:01:00Z"
    assert [row["value"] for row in rows] == ["'=Deep", "Awake"]
    assert rows[0]["source"] == "'@Watch"
    assert [row["flags"] for row in rows] == ["", "user_entered+repaired"]
    assert datetime.fromisoformat(rows[1]["start"]) == datetime(2025, 3, 30, 0, 1, tzinfo=UTC)


def test_missing_epochs_are_empty_cells_never_zero(tmp_path: Path) -> None:
    values = np.array([3.0, np.nan, 0.0], dtype=np.float32)
    state = np.array([EpochState.WORN, EpochState.MISSING, EpochState.NOT_WORN], dtype=np.uint8)
    epochs = Epochs(0, 60, values, state, KATHMANDU, "counts", "ActivityCounts")
    rows = _rows(write_csv(tmp_path / "e.csv", epochs_columns(epochs)).path)
    assert [row["value"] for row in rows] == ["3.0", "", "0.0"]
    assert [row["state"] for row in rows] == ["worn", "missing", "not_worn"]


def test_csv_and_parquet_hold_the_same_findings(tmp_path: Path, panel: Panel) -> None:
    import polars as pl

    columns = findings_columns(panel.findings, panel.zone)
    parquet = pl.read_parquet(write_table(tmp_path / "f.parquet", columns).path)
    rows = _rows(write_table(tmp_path / "f.csv", columns).path)
    assert parquet["metric"].to_list() == [row["metric"] for row in rows] == [one.metric for one in panel.findings]
    for row, value, finding in zip(rows, parquet["value"].to_list(), panel.findings, strict=True):
        assert value == finding.value
        assert (float(row["value"]) if row["value"] else None) == finding.value
        assert row["insufficient"].lstrip("'") == (finding.insufficient or "")


def test_the_hash_is_that_of_the_file_and_unknown_endings_are_refused(tmp_path: Path) -> None:
    file = write_table(tmp_path / "a.csv", {"a": [1, 2]})
    assert file.sha256 == sha256_of(file.path)
    with pytest.raises(UsageError) as caught:
        write_table(tmp_path / "a.xlsx", {"a": [1]})
    assert caught.value.code == "table.unknown_ending"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv"]
