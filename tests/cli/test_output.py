"""Documents are valid JSON whatever is put in, and errors keep their shape."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.cli.output import Output, ProgressLine, as_json, table
from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.people import Sex
from clarity_desktop.domain.work import Progress

_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates()
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=20
)


@given(_VALUES)
def test_every_value_becomes_strict_json(value: object) -> None:
    text = json.dumps(as_json(value), allow_nan=False)
    assert json.loads(text) == as_json(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (math.nan, None),
        (-math.inf, None),
        (np.float32("nan"), None),
        (np.int64(3), 3),
        (np.array([1.0, math.nan]), [1.0, None]),
        (Sex.FEMALE, "female"),
        (date(2024, 3, 10), "2024-03-10"),
        (datetime(2024, 3, 10, 8, tzinfo=UTC), "2024-03-10T08:00:00+00:00"),
        (Path("a/b"), str(Path("a/b"))),
        ({date(2024, 3, 10): {"sum": math.inf}}, {"2024-03-10": {"sum": None}}),
        ((1, (2,)), [1, [2]]),
    ],
)
def test_values_keep_their_meaning(value: object, expected: object) -> None:
    assert as_json(value) == expected


def test_a_value_without_a_json_form_is_an_error() -> None:
    with pytest.raises(TypeError):
        as_json(object())


def test_an_error_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    error = InputError("import.empty_file", "The file is empty.", remedy="Export again.", detail="0 bytes")
    Output(as_document=True).error(error)
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {
        "ok": False,
        "error": {
            "code": "import.empty_file",
            "message": "The file is empty.",
            "remedy": "Export again.",
            "detail": "0 bytes",
            "reference": error.reference,
        },
    }
    assert captured.err == ""


def test_for_a_person_an_error_is_a_sentence_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_document=False).error(InputError("a.b", "The file is empty.", remedy="Export again."))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("The file is empty.\nExport again.\n(a.b, reference ")


def test_an_answer_that_is_also_an_error_has_both(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        Output(as_document=True).fail(InputError("a.b", "Cut."), {"ok": True, "types": {"T": 1}})
    assert ended.value.exit_code == 3
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is False
    assert document["types"] == {"T": 1}
    assert document["error"]["code"] == "a.b"


def test_progress_stays_off_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    line = ProgressLine()
    for done in range(5):
        line(Progress("Reading records", done, 5, "records"))
    line(Progress("Storing", 0))
    line.close()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "Reading records\nStoring\n"


def test_a_table_aligns_numbers_to_the_right() -> None:
    text = table([("steps", 12, None), ("heart rate", 1234, 0.5)], ("type", "n", "mean"))
    assert text.splitlines() == ["type           n  mean", "steps         12     –", "heart rate  1234  0.50"]
    assert table([], ("a",)) == ""
