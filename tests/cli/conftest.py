"""Runs the real command line in this process, on real vaults with an in-memory keychain."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clarity_desktop.cli.main import run
from clarity_desktop.vault import KdfParameters, Vault
from tests.memory_keychain import MemoryKeychain

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


@pytest.fixture
def vault_folder(tmp_path: Path, keychain: MemoryKeychain) -> Path:
    """A vault that opens at once with the keychain of this test; its passphrase slot is too cheap to be accepted."""
    return _made(tmp_path / "vault", KdfParameters.for_tests())


@pytest.fixture
def passphrase_vault(tmp_path: Path, keychain: MemoryKeychain) -> Path:
    """A vault that opens with :data:`PASSPHRASE`, and with the keychain of this test."""
    return _made(tmp_path / "passphrase-vault", KdfParameters.floor())


def _made(folder: Path, kdf: KdfParameters) -> Path:
    with Vault.create(folder, PASSPHRASE, kdf=kdf) as vault:
        vault.add_keychain_slot("This computer")
    return folder


@pytest.fixture
def in_vault(clarity: CommandLine, vault_folder: Path) -> CommandLine:
    """Call the command line on that vault, with ``--json``."""
    return lambda *arguments: clarity("--json", "--vault", vault_folder, *arguments)
