"""The set-up script: its decisions one by one, and once for real in a fresh clone."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def start() -> ModuleType:
    spec = importlib.util.spec_from_file_location("start", REPOSITORY / "start.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(start: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The script pointed at an empty checkout in a folder with a space in its name."""
    root = tmp_path / "a folder"
    root.mkdir()
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(REPOSITORY / name, root / name)
    venv = root / ".venv"
    for name, value in {
        "ROOT": root,
        "VENV": venv,
        "STAMP": venv / "clarity-stamp.json",
        "LOG": venv / "clarity-install.log",
    }.items():
        monkeypatch.setattr(start, name, value)
    monkeypatch.setattr(start.venv_python, "__defaults__", (venv, sys.platform))
    monkeypatch.setattr(start.fingerprint, "__defaults__", (root,))
    monkeypatch.setattr(start.read_stamp, "__defaults__", (venv / "clarity-stamp.json",))
    return root


@pytest.mark.parametrize(
    ("version", "recent"),
    [((3, 6, 15), False), ((3, 10, 13), False), ((3, 11, 0), True), ((3, 13, 1), True), ((4, 0, 0), True)],
)
def test_python_3_11_is_the_oldest(start: ModuleType, version: tuple[int, ...], recent: bool) -> None:
    assert start.is_recent(version) is recent


def test_names_that_are_no_python_are_not_taken(start: ModuleType, tmp_path: Path) -> None:
    pretender = tmp_path / "python3.12"
    pretender.write_text("#!/bin/sh\nexit 127\n")
    pretender.chmod(0o755)
    assert not start.answers(pretender)
    assert not start.answers(tmp_path / "absent")
    assert start.answers(sys.executable)


def test_an_old_python_is_told_what_is_needed(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(start.sys, "version_info", (3, 8, 1, "final", 0))
    monkeypatch.setattr(start, "recent_python", lambda: None)
    assert start.main(["test"]) == 1
    assert "needs Python 3.11 or newer; this is Python 3.8.1" in capsys.readouterr().err


def test_an_old_python_hands_over_to_a_recent_one(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[list[str]] = []
    monkeypatch.setattr(start.sys, "version_info", (3, 8, 1, "final", 0))
    monkeypatch.setattr(start, "recent_python", lambda: "python3.12")
    monkeypatch.setattr(start.subprocess, "call", lambda command: calls.append(command) or 0)
    assert start.main(["test", "--all"]) == 0
    assert calls[0][0] == "python3.12"
    assert calls[0][2:] == ["test", "--all"]


def test_screen_libraries_are_wanted_only_with_a_screen(start: ModuleType) -> None:
    assert set(start.wanted_libraries({}).values()) == {
        "libegl1", "libgl1", "libxkbcommon0", "libdbus-1-3", "libfontconfig1", "libglib2.0-0", "libx11-6",
    }  # fmt: skip
    assert "libxcb-cursor0" in start.wanted_libraries({"DISPLAY": ":0"}).values()
    assert "libwayland-cursor0" in start.wanted_libraries({"WAYLAND_DISPLAY": "wayland-0"}).values()


def test_a_missing_library_is_noticed(start: ModuleType) -> None:
    assert not start.loads("libclarity-does-not-exist.so.7")


@pytest.mark.skipif(sys.platform == "win32", reason="Debian packages exist on Linux only")
def test_without_the_right_to_install_the_exact_command_is_named(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(start.shutil, "which", lambda name: "/usr/bin/" + name if name == "apt-get" else None)
    with pytest.raises(start.Stop) as stop:
        start.install_debian(["libegl1", "libgl1"], "Qt needs them.")
    assert "sudo apt-get install -y --no-install-recommends libegl1 libgl1" in str(stop.value)


def test_a_system_without_apt_is_told_the_names(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start.shutil, "which", lambda name: None)
    with pytest.raises(start.Stop, match="libegl1"):
        start.install_debian(["libegl1"], "Qt needs it.")


def test_the_fingerprint_follows_what_decides_packages(start: ModuleType, checkout: Path) -> None:
    before = start.fingerprint(checkout)
    project = checkout / "pyproject.toml"
    project.write_text(project.read_text(encoding="utf-8") + "\n[tool.somebody]\nline = 1\n", encoding="utf-8")
    assert start.fingerprint(checkout) == before
    constraints = checkout / "constraints.txt"
    constraints.write_text(constraints.read_text(encoding="utf-8") + "somebody==1\n", encoding="utf-8")
    assert start.fingerprint(checkout) != before


@pytest.mark.parametrize(
    ("stamp", "wanted", "missing"),
    [
        ({}, "run", True),
        ({"run": "now"}, "run", False),
        ({"run": "now"}, "dev", True),
        ({"dev": "now"}, "run", False),
        ({"dev": "now"}, "dev", False),
        ({"dev": "before"}, "run", True),
    ],
)
def test_packages_are_installed_when_the_stamp_asks(
    start: ModuleType, stamp: dict[str, str], wanted: str, missing: bool
) -> None:
    assert start.extras_missing(stamp, wanted, "now") is missing


@pytest.mark.parametrize("text", ["", "not json", "[1, 2]", '{"run": '])
def test_a_damaged_stamp_counts_as_none(start: ModuleType, tmp_path: Path, text: str) -> None:
    path = tmp_path / "stamp.json"
    path.write_text(text)
    assert start.read_stamp(path) == {}
    assert start.read_stamp(tmp_path / "absent") == {}


@pytest.mark.slow
def test_a_half_made_environment_is_made_again(start: ModuleType, checkout: Path) -> None:
    venv = checkout / ".venv"
    venv.mkdir()
    (venv / "pyvenv.cfg").write_text("home = elsewhere\n")
    assert not start.venv_is_whole({})
    start.make_venv()
    assert start.venv_is_whole({})
    assert not start.venv_is_whole({"root": str(checkout / "moved")})


def test_a_lost_network_is_named(start: ModuleType) -> None:
    said = start.explain_pip("WARNING: Retrying after NewConnectionError\nERROR: No matching distribution found")
    assert "index was not reached" in said
    assert "No matching distribution" in said
    assert "could not install" in start.explain_pip("error: metadata-generation-failed")


@pytest.mark.parametrize(
    ("platform", "environment", "display"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"DISPLAY": ""}, False),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_a_display_is_recognised(start: ModuleType, platform: str, environment: dict[str, str], display: bool) -> None:
    assert start.has_display(platform, environment) is display


def test_without_a_display_pages_and_report_are_drawn(
    start: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(start, "ensure_environment", lambda wanted: None)
    monkeypatch.setattr(start, "has_display", lambda platform, environment: False)
    monkeypatch.setattr(start, "OUT", checkout / "out")
    monkeypatch.setattr(start, "call", lambda arguments, **extra: asked.append((arguments, extra)) or 0)
    assert start.open_program([]) == 0
    arguments, extra = asked[0]
    assert arguments[:3] == ["-m", "clarity_desktop", "demo"]
    assert arguments[arguments.index("--report") + 1].endswith("report.pdf")
    assert extra["QT_QPA_PLATFORM"] == "offscreen"
    assert "no display" in capsys.readouterr().out


def test_pytest_is_asked_for_the_fast_tests(start: ModuleType) -> None:
    assert start.pytest_arguments(False, [], 2) == ["-m", "pytest", "-m", "not slow", "-n", "2"]
    assert start.pytest_arguments(True, [], 1) == ["-m", "pytest"]
    assert start.pytest_arguments(False, ["-s", "-k", "x"], 8) == ["-m", "pytest", "-m", "not slow", "-s", "-k", "x"]


def test_an_unknown_verb_is_refused(start: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert start.main(["tset"]) == 1
    assert "not a verb" in capsys.readouterr().err


def test_no_package_brings_cuda() -> None:
    pinned = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").lower()
    assert "nvidia" not in pinned
    assert "triton" not in pinned


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_fresh_clone_sets_itself_up(tmp_path: Path) -> None:
    clone = tmp_path / "fresh clone"
    subprocess.run(["git", "clone", "-q", str(REPOSITORY), str(clone)], check=True)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "VIRTUAL_ENV"))}
    command = [sys.executable, "start.py", "test", "-k", "test_python_3_11_is_the_oldest", "-n0"]
    first = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)
    assert first.returncode == 0, first.stdout[-3000:] + first.stderr[-3000:]
    assert "5 passed" in first.stdout
    began = time.monotonic()
    second = subprocess.run(
        [sys.executable, "start.py", "setup", "dev"], cwd=clone, env=environment, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert time.monotonic() - began < 1.5
    assert "Installing" not in second.stdout
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        environment.pop(name, None)
    environment["CLARITY_DESKTOP_HOME"] = str(tmp_path / "home")
    opened = subprocess.run(
        [sys.executable, "start.py"], cwd=clone, env=environment, capture_output=True, text=True, check=False
    )
    assert opened.returncode == 0, opened.stdout[-3000:] + opened.stderr[-3000:]
    if sys.platform.startswith("linux"):
        assert "There is no display here" in opened.stdout
        assert len(list((clone / "out" / "screenshots").glob("*.png"))) > 10
        assert (clone / "out" / "report.pdf").read_bytes()[:5] == b"%PDF-"
