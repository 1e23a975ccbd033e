"""The shape of the repository: names, sizes, first sentences, room borders, nothing of a machine."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = REPOSITORY / "clarity_desktop"
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "misc", "common", "manager", "stuff"}
LONG, TOO_LONG = 400, 600
# Written so that this file does not hold what it looks for.
MACHINE = re.compile("|".join(["/" + "work/", "/" + "root/", "/" + "home/[a-z]+/(?!user)", "/" + "farm/"]))
EXAMPLE_PATHS = {"tests/test_logs.py", "clarity_desktop/logs.py"}


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True).stdout
    names = [name for name in listed.decode().split("\0") if name]
    return [REPOSITORY / name for name in names if (REPOSITORY / name).is_file()]


TRACKED = _tracked()
MODULES = sorted(path for path in TRACKED if path.suffix == ".py" and path.is_relative_to(PACKAGE))


def _name(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def test_there_is_something_to_look_at() -> None:
    assert len(MODULES) > 20


def test_no_path_of_a_machine_is_written_down() -> None:
    found = []
    for path in TRACKED:
        if _name(path) in EXAMPLE_PATHS or path.suffix in (".png", ".otf", ".ttf", ".zip", ".gz", ".pdf"):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{_name(path)}: {match[0]}" for match in MACHINE.finditer(text)]
    assert not found


def test_names_say_what_a_file_is_for() -> None:
    vague = [_name(path) for path in TRACKED if {part.removesuffix(".py") for part in path.parts} & SAYS_NOTHING]
    assert not vague


def test_no_file_grows_past_two_ideas() -> None:
    too_long = []
    for path in TRACKED:
        if path.suffix != ".py":
            continue
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > TOO_LONG:
            too_long.append(f"{_name(path)}: {lines}")
        elif lines > LONG:
            warnings.warn(f"{_name(path)} has {lines} lines; a file past {LONG} is often two ideas", stacklevel=1)
    assert not too_long


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_every_module_opens_with_a_sentence(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring, "no docstring"
    first = docstring.split("\n\n")[0]
    assert first.rstrip().endswith((".", ":")), f"the opening is not a sentence: {first!r}"


def test_packaging_shadows_no_library() -> None:
    assert (REPOSITORY / "packaging").is_dir()
    assert not (REPOSITORY / "packaging" / "__init__.py").exists()


def test_room_borders_hold() -> None:
    command = [sys.executable, "-c", "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-4000:]


def test_set_up_and_doctor_name_the_same_system_packages() -> None:
    from clarity_desktop.cli.commands.doctor import QT_PACKAGES

    text = (REPOSITORY / "start.py").read_text(encoding="utf-8")
    block = text.split("QT_LIBRARIES = {")[1].split("}")[0]
    assert tuple(re.findall(r': "([^"]+)"', block)) == QT_PACKAGES


def test_each_package_that_is_declared_is_pinned() -> None:
    import tomllib

    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ]
    pinned = {
        re.sub(r"[-_.]+", "-", line.split("==")[0]).lower()
        for line in (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    }
    names = [re.sub(r"[-_.]+", "-", re.split(r"[><=;\[ ]", entry)[0]).lower() for entry in declared]
    assert [name for name in names if name not in pinned] == []


@pytest.mark.slow
def test_a_wheel_holds_all_that_the_program_reads(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(tmp_path),
        ".",
    ]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = [path for path in TRACKED if path.is_relative_to(PACKAGE)]
    assert [_name(path) for path in wanted if _name(path) not in held] == []
    resources = [path for path in TRACKED if path.is_relative_to(REPOSITORY / "resources")]
    assert resources
    assert [_name(path) for path in resources if f"clarity_desktop/{_name(path)}" not in held] == []
