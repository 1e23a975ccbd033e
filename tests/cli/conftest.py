"""Runs the real command line in this process, on real vaults with an in-memory keychain."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clarity_desktop.cli.main import run

PASSPHRASE = "seven quiet herons"


@dataclass(frozen=True)
class Answer:
    """What one command line came to."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        lines = self.out.splitlines()
        assert len(lines) == 1, f"not exactly one document: {self.out!r}"
        return json.loads(lines[0], parse_constant=_no_constant)


def _no_constant(name: str) -> float:
    raise AssertionError(f"{name} in the document")


CommandLine = Callable[..., Answer]


@pytest.fixture
def clarity(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Call the command line with its arguments."""

    def call(*arguments: object) -> Answer:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return call


@pytest.fixture
def passphrase_file(tmp_path: Path) -> Path:
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\n", encoding="utf-8")
    path.chmod(0o600)
    return path
