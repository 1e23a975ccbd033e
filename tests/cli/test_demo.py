"""The demo draws every page in both themes and a report, and says where."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from clarity_desktop.cli.commands import doctor
from tests.cli.conftest import CommandLine

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_pages_and_report_are_drawn_without_a_display(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "clarity_desktop", "--json", "--home", str(tmp_path / "home"), "demo",
        "--screenshots", str(tmp_path / "shots"), "--report", str(tmp_path / "report.pdf"),
    ]  # fmt: skip
    surroundings = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    surroundings["QT_QPA_PLATFORM"] = "offscreen"
    for _ in range(2):
        ended = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    document = json.loads(ended.stdout)
    assert len(document["patients"]) == 5, "a second call adds nobody"
    assert all(one["simulated"] for one in document["patients"])
    pictures = [Path(path) for path in document["screenshots"]]
    assert {path.name.split("-")[0] for path in pictures} == {"light", "dark"}
    for page in ("unlock", "patients", "overview", "sleep", "circadian", "timeline", "import"):
        assert any(page in path.name for path in pictures), page
    assert all(path.read_bytes()[:8] == PNG for path in pictures)
    assert Path(document["report"]).read_bytes()[:5] == b"%PDF-"
    assert Path(document["vault"]).is_dir()


def test_doctor_says_what_is_there_and_what_mends_the_rest(clarity: CommandLine, tmp_path: Path) -> None:
    document = clarity("--home", tmp_path, "doctor", "--json").document
    checks = {check["name"]: check for check in document["checks"]}
    assert {"python", "encryption", "qt_libraries", "display", "gpu", "keychain", "model_files", "home"} <= set(checks)
    for check in checks.values():
        assert {"name", "ok", "detail", "remedy"} <= set(check)
        assert check["detail"]
        assert not (check["ok"] and check["remedy"])
    assert checks["python"]["ok"]
    assert "SQLCipher" in checks["encryption"]["detail"]
    assert document["ready"] is all(check["ok"] for check in checks.values() if check["required"])


@pytest.mark.slow
def test_doctor_names_the_remedy_of_a_missing_qt_library(
    clarity: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(doctor, "load_qt", _library_missing)
    monkeypatch.setattr(doctor, "_CHECKS", (doctor._qt_libraries,))
    document = clarity("--home", tmp_path, "doctor", "--json").document
    check = doctor.Check(**document["checks"][0])
    assert not check.ok
    assert check.detail.startswith("libGL.so.1")
    assert "libgl1" in check.remedy or not sys.platform.startswith("linux")
    assert document["ready"] is False
    assert "no  qt_libraries" in clarity("--home", tmp_path, "doctor").out


def test_qt_that_ends_its_process_does_not_end_this_one(
    clarity: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(doctor, "load_qt", _abort)
    monkeypatch.setattr(doctor, "_CHECKS", (doctor._qt_libraries,))
    check = clarity("--home", tmp_path, "doctor", "--json").document["checks"][0]
    assert (check["ok"], check["detail"]) == (False, "Qt ended the process that loaded it")


def _library_missing(pipe: Connection) -> None:
    pipe.send("libGL.so.1: cannot open shared object file")


def _abort(pipe: Connection) -> None:
    os._exit(134)
