"""``audit export``: filters, the proof of the chain, and what tells a file that is not as it was written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine


def test_l54_an_export_by_filters_carries_its_proof(in_vault: CommandLine, tmp_path: Path) -> None:
    first = in_vault("patient", "add", "A. Person").document["patients"][0]
    in_vault("patient", "add", "B. Person")
    in_vault("patient", "show", first["code"])
    path = tmp_path / "audit.json"
    answer = in_vault("audit", "export", path, "--patient", first["id"], "--action", "patient", "--outcome", "ok")
    document = json.loads(path.read_text("utf-8"))
    assert answer.document["entries"] == len(document["entries"]) >= 2
    assert {one["patient_id"] for one in document["entries"]} == {first["id"]}
    assert {one["action"].split(".")[0] for one in document["entries"]} == {"patient"}
    assert all(len(one["hash"]) == 64 for one in document["entries"])
    assert document["chain"]["whole"] is True
    assert document["chain"]["head"]["seq"] > max(one["seq"] for one in document["entries"])
    checked = in_vault("audit", "check-export", path).document
    assert (checked["entries"], checked["whole"]) == (len(document["entries"]), True)
    # By person and by time as well.
    nobody = in_vault("audit", "export", tmp_path / "none.json", "--who", "Nobody").document
    assert nobody["entries"] == 0
    past = in_vault("audit", "export", tmp_path / "past.json", "--to", "2001-01-01").document
    assert past["entries"] == 0
    entries = in_vault("audit", "list", "--action", "audit.export").document["entries"]
    assert len(entries) == 3


@pytest.mark.parametrize(("old", "new"), [('"who": "', '"who": "X'), ('"whole": true', '"whole": false')])
def test_l54_a_file_that_was_changed_is_told(in_vault: CommandLine, tmp_path: Path, old: str, new: str) -> None:
    in_vault("patient", "add", "A. Person")
    path = tmp_path / "audit.json"
    in_vault("audit", "export", path)
    path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    answer = in_vault("audit", "check-export", path)
    assert (answer.code, answer.document["error"]["code"]) == (9, "audit.export_altered")
