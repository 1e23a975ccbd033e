"""The contract that every command shares: exit codes, one document, no secrets in arguments."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from clarity_desktop import __version__
from clarity_desktop.cli import main
from clarity_desktop.cli.commands import doctor
from clarity_desktop.domain import errors
from tests.cli.conftest import CommandLine


def test_version(clarity: CommandLine) -> None:
    assert clarity("--version", "--json").document == {"ok": True, "version": __version__}


def test_help_names_every_noun(clarity: CommandLine) -> None:
    answer = clarity("--help")
    assert answer.code == 0
    for noun in ("doctor", "demo", "vault", "patient", "import", "inspect", "series", "days", "analyze", "audit"):
        assert noun in answer.out


@pytest.mark.parametrize(
    "arguments",
    [["nothing"], ["vault", "nothing"], ["import"], ["days", "--patient"], ["analyze", "--epoch", "x", "f"]],
)
def test_usage_errors_are_documents_too(clarity: CommandLine, arguments: list[str]) -> None:
    answer = clarity(*arguments, "--json")
    assert answer.code == 2
    assert answer.document["ok"] is False
    assert answer.document["error"]["code"] == "usage"
    assert answer.document["error"]["message"]


def test_json_may_stand_anywhere_but_not_behind_two_dashes(clarity: CommandLine) -> None:
    assert clarity("--json", "vault", "nothing").document["ok"] is False
    assert clarity("vault", "--json", "nothing").document["ok"] is False
    answer = clarity("inspect", "--", "--json")
    assert answer.out == ""
    assert "--json" in answer.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ClarityError("a.b", "Something."), 1),
        (errors.UsageError("a.b", "Something."), 2),
        (errors.InputError("a.b", "Something."), 3),
        (errors.LockedError("a.b", "Something."), 4),
        (errors.NotFoundError("a.b", "Something."), 5),
        (errors.ConflictError("a.b", "Something."), 6),
        (errors.NetworkError("a.b", "Something."), 7),
        (errors.CancelledError(), 8),
        (KeyboardInterrupt(), 8),
        (errors.IntegrityError("a.b", "Something."), 9),
    ],
)
def test_each_kind_of_error_has_its_exit_code(
    clarity: CommandLine, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    def fail() -> doctor.Check:
        raise error

    monkeypatch.setattr(doctor, "_CHECKS", (fail,))
    answer = clarity("doctor", "--json")
    assert answer.code == code
    assert answer.document["ok"] is False
    assert set(answer.document["error"]) == {"code", "message", "remedy", "detail", "reference"}


def test_an_error_of_the_program_tells_nothing_of_the_data(
    clarity: CommandLine, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None], tmp_path: Path
) -> None:
    def fail() -> doctor.Check:
        raise ValueError("could not read heart rate of Martha Quest")

    expect_log("command ended by an error of the program")
    monkeypatch.setattr(doctor, "_CHECKS", (fail,))
    answer = clarity("--home", tmp_path, "doctor", "--json")
    assert answer.code == 1
    assert answer.document["error"]["code"] == "internal"
    assert answer.document["error"]["detail"] == "ValueError"
    log = (tmp_path / "logs" / "clarity-desktop.log").read_text(encoding="utf-8")
    assert answer.document["error"]["reference"] in log
    assert "Martha" not in answer.out + answer.err + log
    assert "ValueError" in log
    assert "doctor.py" in log


@pytest.mark.skipif(sys.platform == "win32", reason="signals are of POSIX")
def test_ctrl_c_ends_with_8(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys\n"
        # Started in the background of a shell, a process ignores the key and so do its children.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from clarity_desktop.cli.commands import doctor\n"
        "from clarity_desktop.cli.main import run\n"
        "doctor._CHECKS = (lambda: os.kill(os.getpid(), signal.SIGINT),)\n"
        "sys.exit(run(['doctor', '--json']))\n"
    )
    surroundings = {**os.environ, "CLARITY_DESKTOP_HOME": str(tmp_path)}
    before = signal.getsignal(signal.SIGINT)
    ended = subprocess.run(
        [sys.executable, "-c", program], env=surroundings, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 8, ended.stderr
    assert '"code": "work.cancelled"' in ended.stdout
    assert signal.getsignal(signal.SIGINT) is before


def test_the_program_starts_without_heavy_libraries() -> None:
    program = (
        "import sys, clarity_desktop.cli.main\n"
        "heavy = {'torch', 'scipy', 'polars', 'reportlab', 'PySide6', 'pyqtgraph', 'sqlalchemy', 'httpx'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_both_ways_to_start_the_program_answer() -> None:
    script = Path(sys.executable).with_name("clarity-desktop.exe" if sys.platform == "win32" else "clarity-desktop")
    for command in ([sys.executable, "-m", "clarity_desktop"], [str(script)]):
        ended = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
        assert ended.stdout.strip() == f"Clarity Desktop {__version__}"


def test_no_option_takes_a_passphrase() -> None:
    """V-16: a passphrase comes from a file, from stdin or is typed."""
    import typer.main

    group = typer.main.get_command(main.app)
    names: list[str] = []
    waiting = [group]
    while waiting:
        command = waiting.pop()
        waiting.extend(getattr(command, "commands", {}).values())
        names += [option for parameter in command.params for option in parameter.opts if "pass" in option]
    assert sorted(set(names)) == ["--new-passphrase-file", "--passphrase-file", "--passphrase-stdin"]
