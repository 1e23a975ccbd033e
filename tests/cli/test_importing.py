"""``import`` and ``inspect`` on every Apple Health file with a known truth, through the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clarity_desktop.demo.large import write_large_export
from tests.cli.conftest import CommandLine

DATA = Path(__file__).resolve().parent.parent / "data" / "healthkit"
EXPECTED: dict[str, dict[str, Any]] = json.loads((DATA / "expected.json").read_text(encoding="utf-8"))

# Where the truth leaves a choice, what this program chose.
CHOSEN = {"bad_two_exports.zip": {"ask", "ok", "recovered"}, "bad_utf16.xml": {"error", "ok"}}
SALVAGED = {"bad_zip_cut.zip", "bad_zip_crc.zip"}


def _outcomes(name: str) -> set[str]:
    allowed = CHOSEN.get(name, {EXPECTED[name]["outcome"]})
    return allowed | {"incomplete"} if name in SALVAGED else allowed


def _check(name: str, code: int, document: dict[str, Any], *, stored: bool) -> None:
    expected = EXPECTED[name]
    if code != 0 and "types" not in document:
        assert _outcomes(name) & {"error", "ask"}
        assert code in (2, 3, 6)
        error = document["error"]
        assert error["message"]
        assert error["remedy"]
        assert "Traceback" not in error["message"] + error["detail"]
        return
    assert document["outcome"] in _outcomes(name)
    assert document["complete"] is (document["outcome"] != "incomplete")
    assert document["ok"] is (document["outcome"] != "incomplete")
    assert code == (3 if document["outcome"] == "incomplete" else 0)
    if name not in SALVAGED:
        counts = {kind: (one["records"], one["unique"]) for kind, one in document["types"].items() if one["records"]}
        truth = {kind: (one["records"], one["unique"]) for kind, one in expected.get("types", {}).items()}
        if "types" in expected:
            assert counts == truth
    for kind, one in document["types"].items():
        assert one["records"] == one["unique"] + one["duplicates"] + one["rejected"], kind
        assert ("stored_new" in one) is stored
    if document["outcome"] in ("recovered", "incomplete"):
        assert sum(problem["count"] for problem in document["problems"]) > 0
        assert all(problem["message"] and problem["count"] for problem in document["problems"])
    if "quarantined" in expected:
        assert sum(one["rejected"] for one in document["types"].values()) == expected["quarantined"]


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_inspect_tells_the_truth(clarity: CommandLine, name: str) -> None:
    answer = clarity("inspect", DATA / name, "--json")
    _check(name, answer.code, answer.document, stored=False)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_import_tells_the_truth_and_twice_changes_nothing(in_vault: CommandLine, name: str) -> None:
    first = in_vault("import", DATA / name, "--new", "A. Person")
    _check(name, first.code, first.document, stored=True)
    people = in_vault("patient", "list").document["patients"]
    if "types" not in first.document:
        assert people == [], "an unreadable file leaves nobody behind"
        return
    stored = in_vault("series", "list", "--patient", people[0]["id"]).document["series"]
    assert sum(one["n"] for one in stored) == sum(one["unique"] for one in first.document["types"].values())
    again = in_vault("import", DATA / name, "--patient", people[0]["id"])
    assert again.code == first.code
    assert [one["stored_new"] or 0 for one in again.document["types"].values()] == [0] * len(first.document["types"])
    assert in_vault("series", "list", "--patient", people[0]["id"]).document["series"] == stored


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 2),
        (["--new", "A", "--patient", "B"], 2),
        (["--patient", "Nobody"], 5),
        (["--new", "A", "--format", "none"], 2),
        (["--new", "A", "--zone", "Middle/Earth"], 3),
    ],
)
def test_what_is_not_understood_stores_nothing(in_vault: CommandLine, arguments: list[str], code: int) -> None:
    answer = in_vault("import", DATA / "trap_steps.xml", *arguments)
    assert answer.code == code
    assert answer.document["ok"] is False
    assert in_vault("patient", "list").document["patients"] == []


def test_several_files_answer_with_one_document(in_vault: CommandLine) -> None:
    answer = in_vault(
        "import", DATA / "trap_steps.xml", DATA / "bad_empty.xml", DATA / "trap_beats.xml", "--new", "A. Person"
    )
    assert answer.code == 3
    assert [one["ok"] for one in answer.document["imports"]] == [True, False, True]
    assert answer.document["error"]["code"] == answer.document["imports"][1]["error"]["code"]
    people = in_vault("patient", "list").document["patients"]
    assert len(people) == 1
    assert {one["type"] for one in in_vault("series", "list", "--patient", people[0]["id"]).document["series"]} >= {
        "HKQuantityTypeIdentifierStepCount"
    }


def test_a_missing_file_is_named(clarity: CommandLine, tmp_path: Path) -> None:
    answer = clarity("inspect", tmp_path / "gone.zip", "--json")
    assert answer.code == 3
    assert "gone.zip" in answer.document["error"]["message"]


@pytest.mark.skipif(sys.platform == "win32" or os.name != "posix", reason="a terminal of POSIX")
def test_text_for_a_person(clarity: CommandLine, vault_folder: Path) -> None:
    answer = clarity("--vault", vault_folder, "import", DATA / "bad_dates.xml", "--new", "A. Person")
    assert answer.code == 0
    assert "Imported, with repairs" in answer.out
    assert "HKQuantityTypeIdentifierHeartRate" in answer.out
    answer = clarity("--vault", vault_folder, "import", DATA / "bad_trunc_clean.xml", "--new", "B. Person")
    assert answer.code == 3
    assert "Incomplete" in answer.out
    assert "Export the data again" in answer.err


def test_the_sample_export_agrees_with_its_truth(in_vault: CommandLine) -> None:
    truth = json.loads((DATA / "sample_small.truth.json").read_text(encoding="utf-8"))
    document = in_vault("import", DATA / "sample_small.zip", "--new", "Traveller").document
    assert {kind: (one["records"], one["unique"]) for kind, one in document["types"].items()} == {
        kind: (one["records"], one["unique"]) for kind, one in truth["types"].items()
    }
    assert document["zones"], "eleven days in Tokyo leave evidence"
    person = in_vault("patient", "list").document["patients"][0]["id"]
    basis = {"utc": "UTC", "home": "Europe/Berlin"}
    for name, zone in basis.items():
        steps = in_vault(
            "days", "--patient", person, "--type", "HKQuantityTypeIdentifierStepCount", "--merged", "--zone", zone
        ).document["days"]
        for day, expected in truth["days"][name].items():
            if "steps" in expected:
                assert steps[day]["sum"] == pytest.approx(expected["steps"]["merged"], abs=0.5, rel=5e-4), day
        heart = in_vault(
            "days", "--patient", person, "--type", "HKQuantityTypeIdentifierHeartRate", "--zone", zone
        ).document["days"]
        for day, expected in truth["days"][name].items():
            if "hr" in expected:
                assert heart[day]["n"] == expected["hr"]["n"], day
                assert heart[day]["mean"] == pytest.approx(expected["hr"]["mean"], abs=0.01), day


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are of POSIX")
def test_ctrl_c_during_an_import_leaves_the_vault_as_it_was(
    clarity: CommandLine, passphrase_vault: Path, passphrase_file: Path, tmp_path: Path
) -> None:
    export = tmp_path / "export.zip"
    write_large_export(export, days=150)
    begin = ["--json", "--vault", str(passphrase_vault), "--passphrase-file", str(passphrase_file)]
    process = subprocess.Popen(
        [sys.executable, "-m", "clarity_desktop", *begin, "import", str(export), "--new", "A. Person"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "Reading records" in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 8, err
    assert json.loads(out)["error"]["code"] == "work.cancelled"
    assert "Traceback" not in err
    assert clarity(*begin, "patient", "list").document["patients"] == []
    assert clarity(*begin, "vault", "verify").code == 0
