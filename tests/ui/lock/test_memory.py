"""A dump of the window's memory five seconds after the lock holds no key and no passphrase (V-20)."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from clarity_desktop.domain.overwriting import overwrite
from clarity_desktop.vault import KdfParameters, Vault

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("window_of_secrets.py")
MASK = 0x5A


def found_in(pid: int, needles: Mapping[str, bytes]) -> dict[str, int]:
    """How often each secret lies in the readable memory of a process."""
    counts = dict.fromkeys(needles, 0)
    with Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            place, rights = line.split()[:2]
            if "r" not in rights or "[v" in line:
                continue
            low, high = (int(part, 16) for part in place.split("-"))
            memory.seek(low)
            try:
                content = memory.read(high - low)
            except OSError:
                continue
            for name, needle in needles.items():
                counts[name] += content.count(needle)
    return counts


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_v20_five_seconds_after_the_lock_no_key_and_no_passphrase_is_in_memory(tmp_path: Path) -> None:
    passphrase = f"quorum lantern {secrets.token_hex(4)} zebra"
    with Vault.create(tmp_path / "vault", passphrase, kdf=KdfParameters.for_tests()):
        pass
    child = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(tmp_path), "5"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write("".join(f"{byte ^ MASK:02x}" for byte in passphrase.encode()) + "\n")
        child.stdin.flush()
        told = json.loads(child.stdout.readline())
        keys = {name: bytes(byte ^ MASK for byte in bytes.fromhex(value)) for name, value in told.items()}
        assert set(keys) == {"data", "user", "identity", "admin", "wrapping", "audit", "patient"}
        needles = {
            **keys,
            **{f"{name} in hexadecimal": key.hex().encode() for name, key in keys.items()},
            "passphrase": passphrase.encode(),
            "passphrase in UTF-16": passphrase.encode("utf-16-le"),
        }
        counts = found_in(child.pid, needles)
    finally:
        child.communicate("\n", timeout=30)
    assert {name: count for name, count in counts.items() if count} == {}


def test_v20_the_scan_finds_what_is_there() -> None:
    held = secrets.token_bytes(32)
    assert found_in(os.getpid(), {"held": held})["held"] >= 1


def test_v20_overwriting_reaches_bytes_and_texts_of_every_width() -> None:
    key = secrets.token_bytes(32)
    held = bytearray(b"a secret of some length")
    texts = ["plain words only" + secrets.token_hex(2), "Wörter mit Umlaut" + "é" * 3, "слова другие", "𝔘nicode words"]
    sizes = [len(text) for text in texts]
    overwrite(key, held, None, *texts)
    assert key == bytes(32)
    assert held == bytes(len(held))
    assert [len(text) for text in texts] == sizes
    assert all(set(text) == {"\0"} for text in texts)
    short = b"a"
    overwrite(short)
    assert short == b"a"
