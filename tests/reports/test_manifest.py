from __future__ import annotations

import json
from pathlib import Path

import pytest

from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.panel import Panel
from clarity_desktop.domain.people import Patient
from clarity_desktop.reports.manifest import check_manifest, manifest_id
from clarity_desktop.reports.pdf import write_report


@pytest.fixture
def written(tmp_path: Path, patient: Patient, panel: Panel) -> Path:
    report, manifest = write_report(tmp_path / "r.pdf", patient, panel, version="1.2.3", generated=1743925260)
    assert manifest.path.parent == report.path.parent
    return manifest.path


def test_the_manifest_says_what_the_report_was_made_from(written: Path, panel: Panel) -> None:
    document = json.loads(written.read_text())
    assert document["inputs"] == [panel.provenance.input_hash]
    assert document["program"]["version"] == "1.2.3"
    assert document["window"]["start"] == "2025-03-10T00:00:00+01:00"
    assert document["window"]["stop"] == "2025-04-07T00:00:00+02:00"
    assert document["simulated"] is True
    assert document["outputs"][0]["file"] == "r.pdf"
    assert document["id"] == manifest_id(document)
    assert {"numpy", "reportlab"} <= set(document["environment"]["packages"])
    assert "Regular sleeper" not in written.read_text()


def test_an_untouched_pair_checks_out(written: Path) -> None:
    assert check_manifest(written) == ()


def test_every_change_is_found(written: Path) -> None:
    report = written.parent / "r.pdf"
    content = report.read_bytes()
    report.write_bytes(content + b" ")
    assert check_manifest(written) == ("“r.pdf” was changed after it was written.",)
    report.unlink()
    assert check_manifest(written) == ("“r.pdf” is not beside the manifest.",)
    report.write_bytes(content)
    document = json.loads(written.read_text())
    document["window"]["epoch_s"] = 30
    written.write_text(json.dumps(document))
    assert check_manifest(written) == ("The manifest was changed after it was written.",)


def test_another_file_is_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[]")
    with pytest.raises(InputError) as caught:
        check_manifest(tmp_path / "x.json")
    assert caught.value.code == "manifest.not_readable"
