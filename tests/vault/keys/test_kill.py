"""Killing the program while a passphrase changes: the old or the new one opens, always."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clarity_desktop.domain.errors import LockedError
from clarity_desktop.vault import KdfParameters, Vault

FIRST, SECOND = "a passphrase for tests", "wholly other words now"

_CHANGE = """
import sys
from pathlib import Path
from clarity_desktop.vault import KdfParameters, Vault
cheap = KdfParameters.for_tests()
vault = Vault.open(Path(sys.argv[1]), sys.argv[2], kdf_floor=cheap)
old, new = sys.argv[2], sys.argv[3]
print("ready", flush=True)
while True:
    vault.people.change_passphrase(old, new)
    old, new = new, old
"""


def killed_rounds(directory: Path, rounds: int, seed: int) -> None:
    draw = random.Random(seed)
    opens = FIRST
    Vault.create(directory, FIRST, kdf=KdfParameters.for_tests()).close()
    for number in range(rounds):
        # The words of this test are no secret; people's passphrases never stand in arguments (V-16).
        other = SECOND if opens == FIRST else FIRST
        process = subprocess.Popen(
            [sys.executable, "-c", _CHANGE, str(directory), opens, other],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(draw.uniform(0, 0.06))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        opens = opening(directory, number)


def opening(directory: Path, number: int) -> str:
    for passphrase in (FIRST, SECOND):
        (directory / "vault.tries").unlink(missing_ok=True)
        try:
            with Vault.open(directory, passphrase, kdf_floor=KdfParameters.for_tests()) as vault:
                assert vault.audit.verify().chain_ok
                return passphrase
        except LockedError:
            continue
    raise AssertionError(f"neither passphrase opens after kill {number}")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX matter")
def test_v11_no_kill_leaves_a_vault_that_neither_passphrase_opens(tmp_path: Path) -> None:
    killed_rounds(tmp_path / "v", 8, 1)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX matter")
def test_v11_200_kills(tmp_path: Path) -> None:
    killed_rounds(tmp_path / "v", 200, 2)
