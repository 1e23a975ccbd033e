"""``imports``, ``zones``, ``sources`` and ``import --batch`` through the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import CommandLine

DATA = Path(__file__).resolve().parent.parent / "data" / "healthkit"
STEPS = "HKQuantityTypeIdentifierStepCount"
TRUTH: dict[str, Any] = json.loads((DATA / "sample_later.truth.json").read_text(encoding="utf-8"))


@pytest.fixture
def at(in_vault: CommandLine) -> Any:
    def call(*arguments: object) -> Any:
        answer = in_vault(*arguments)
        return answer.code, answer.document

    return call


@pytest.mark.slow
def test_a_later_export_is_listed_undone_and_brought_back(at: Any) -> None:
    assert at("import", DATA / "sample_small.zip", "--new", "Robin")[0] == 0
    code, later = at("import", DATA / "sample_later.zip", "--patient", "Robin")
    assert code == 0
    removed = {kind: one["removed"] for kind, one in TRUTH["vs_base"].items() if one["removed"]}
    assert later["vanished"] == removed
    _, listed = at("imports", "vanished", "--patient", "Robin")
    assert len(listed["vanished"]) == sum(removed.values())
    assert {one["kept"] for one in listed["vanished"]} == {False}
    _, past = at("imports", "list", "--patient", "Robin")
    (first, second) = past["imports"]
    assert first["undo_until"] is None
    assert second["undo_until"]
    assert at("imports", "undo", first["import"])[0] == 6
    assert at("imports", "bring-back", second["import"])[1]["brought_back"] == sum(removed.values())
    assert at("imports", "undo", second["import"])[0] == 0
    assert at("imports", "vanished", "--patient", "Robin")[1]["vanished"] == []
    assert at("imports", "unfinished")[1]["unfinished"] == []
    assert at("imports", "discard", "0123456789abcdef")[0] == 5


@pytest.mark.slow
def test_merged_days_follow_the_order_of_sources_and_are_explained(at: Any) -> None:
    at("import", DATA / "trap_steps.xml", "--new", "Ada", "--zone", "Europe/Berlin")
    _, listed = at("sources", "list", "--patient", "Ada", "--type", STEPS)
    watch, phone = listed["order"]
    _, days = at("days", "--patient", "Ada", "--type", STEPS, "--merged")
    day, total = next((day, one["sum"]) for day, one in days["days"].items() if len(one["by_source"]) == 2)
    _, told = at("sources", "explain", "--patient", "Ada", "--type", STEPS, "--day", day)
    assert told["merged"] == pytest.approx(total)
    assert sum(one["counts"] for one in told["intervals"]) == pytest.approx(total)
    assert {one["reason"] for one in told["intervals"]} >= {"first", "partly"}
    assert at("sources", "order", "--patient", "Ada", "--type", STEPS, phone, watch)[0] == 0
    _, after = at("days", "--patient", "Ada", "--type", STEPS, "--merged")
    _, told = at("sources", "explain", "--patient", "Ada", "--type", STEPS, "--day", day)
    assert after["days"][day]["sum"] == pytest.approx(told["merged"])
    assert told["by_source"][phone]["counts"] == told["by_source"][phone]["recorded"]
    assert at("sources", "order", "--patient", "Ada", "--type", STEPS, "Nobody")[0] == 5
    at("sources", "order", "--patient", "Ada", "--type", STEPS)
    assert at("days", "--patient", "Ada", "--type", STEPS, "--merged")[1]["days"] == days["days"]


def test_a_zone_set_by_hand_moves_the_days_without_importing_again(at: Any) -> None:
    at("import", DATA / "sample_small.zip", "--new", "Robin")
    _, before = at("days", "--patient", "Robin", "--type", STEPS, "--merged")
    _, zones = at("zones", "list", "--patient", "Robin")
    assert {"Europe/Berlin", "Asia/Tokyo"} <= {one["zone"] for one in zones["zones"]}
    assert all(one["times"] for one in zones["zones"] if one["evidence"] not in ("home", "gap"))
    arguments = ("--patient", "Robin", "--zone", "America/New_York", "--from", "2021-02-20", "--until", "2021-02-28")
    assert at("zones", "set", *arguments)[0] == 0
    _, moved = at("days", "--patient", "Robin", "--type", STEPS, "--merged")
    changed = {day for day in before["days"] if before["days"][day] != moved["days"].get(day)}
    assert changed
    assert min(changed) >= "2021-02-19"
    assert max(changed) <= "2021-02-28"
    _, zones = at("zones", "list", "--patient", "Robin")
    assert [one["zone"] for one in zones["by_hand"]] == ["America/New_York"]
    assert at("zones", "reset", "--patient", "Robin")[1]["by_hand"] == 0
    assert at("days", "--patient", "Robin", "--type", STEPS, "--merged")[1]["days"] == before["days"]
    assert at("zones", "set", "--patient", "Robin", "--zone", "Middle/Earth")[0] == 3


def test_a_folder_of_many_people_is_one_job_that_goes_on(at: Any, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    for name, file in (("Ada", "trap_steps.xml"), ("Grace", "trap_sleep.xml"), ("Kim", "bad_text.xml")):
        (folder / name).mkdir(parents=True)
        shutil.copy(DATA / file, folder / name / file)
    shutil.copy(DATA / "sample_small.zip", folder / "early.zip")
    shutil.copy(DATA / "sample_later.zip", folder / "late.zip")
    code, document = at("import", "--batch", folder)
    assert code == 3
    states = {one["file"]: (one["person"], one["by"], one["state"]) for one in document["imports"]}
    assert states == {
        "Ada/trap_steps.xml": ("Ada", "folder", "done"),
        "Grace/trap_sleep.xml": ("Grace", "folder", "done"),
        "Kim/bad_text.xml": ("Kim", "folder", "not_done"),
        "early.zip": ("early", "me", "done"),
        "late.zip": ("early", "me", "done"),
    }
    assert {one["name"] for one in at("patient", "list")[1]["patients"]} == {"Ada", "Grace", "early"}
    shutil.copy(DATA / "trap_beats.xml", folder / "Kim" / "bad_text.xml")
    code, again = at("import", "--batch", folder)
    assert code == 0
    assert [one["state"] for one in again["imports"]] == ["already", "already", "done", "already", "already"]


def test_a_manifest_says_whose_each_file_is(at: Any, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    shutil.copy(DATA / "trap_steps.xml", folder / "1.xml")
    shutil.copy(DATA / "trap_sleep.xml", folder / "2.xml")
    manifest = folder / "manifest.csv"
    manifest.write_text("path,person,zone\n1.xml,P-7,Europe/Berlin\n2.xml,P-7,\n", encoding="utf-8")
    code, document = at("import", "--batch", folder)
    assert (code, document["people"]) == (0, 1)
    manifest.write_text("path,person\n../../etc/hosts,P-7\n", encoding="utf-8")
    code, document = at("import", "--batch", folder)
    assert (code, document["error"]["code"]) == (3, "batch.manifest")
    assert at("import", "--batch", folder, "--new", "Ada")[1]["error"]["code"] == "batch.one_folder"
