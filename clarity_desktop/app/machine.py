"""What this machine has and lacks for the program: cipher, keychain, model files, a home that can be written, space."""

from __future__ import annotations

import importlib.util
import os
import shutil
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from clarity_desktop.domain.pat import Checkpoint

__all__ = [
    "LEAST_FREE",
    "SET_UP",
    "Check",
    "disk_space",
    "encryption",
    "home_folder",
    "keychain",
    "model_files",
    "models",
    "pat_parts",
]

SET_UP: Final = "python3 start.py setup"
LEAST_FREE: Final = 2_000_000_000
"""Bytes below which somebody should make room."""
_NO_ROOM: Final = 100_000_000
"""Bytes below which an import or a backup would not end."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    required: bool = True
    """Whether the program cannot work without it."""


def encryption() -> Check:
    """Whether the SQLite in use can encrypt."""
    if importlib.util.find_spec("sqlcipher3") is None:
        return Check("encryption", False, "SQLCipher is missing", SET_UP)
    from sqlcipher3 import dbapi2

    connection = dbapi2.connect(":memory:")
    try:
        row = connection.execute("PRAGMA cipher_version").fetchone()
    finally:
        connection.close()
    if row is None:
        return Check("encryption", False, "The SQLite in use cannot encrypt", SET_UP)
    return Check("encryption", True, f"SQLCipher {row[0]}")


def keychain() -> Check:
    """Whether the system's keychain answers."""
    from clarity_desktop.vault.keys.keychain import is_available

    if is_available():
        return Check("keychain", True, "The system's keychain answers", required=False)
    remedy = "Unlock with the passphrase, or install a secret service such as gnome-keyring"
    return Check("keychain", False, "No keychain: the passphrase is asked each time", remedy, required=False)


def pat_parts() -> Check:
    """Whether the libraries of the transformer are installed."""
    missing = [name for name in ("torch", "safetensors", "h5py") if importlib.util.find_spec(name) is None]
    if missing:
        detail = f"PAT is not installed ({', '.join(missing)} missing); every other page works without it"
        return Check("pat", False, detail, SET_UP, required=False)
    return Check("pat", True, f"PyTorch {metadata.version('torch')}", required=False)


def models(home: Path) -> tuple[Checkpoint, ...]:
    """The checkpoints by their cards, hashed; none where PAT is not installed. No self-test runs."""
    if not pat_parts().ok:
        return ()
    from clarity_desktop.pat.registry import Registry

    return Registry(home).all()


def model_files(home: Path, known: tuple[Checkpoint, ...] | None = None) -> Check:
    """The checkpoints by their cards; weights are hashed, and no self-test runs.

    Parameters
    ----------
    known:
        As :func:`models` answered, where that was asked already.
    """
    if not pat_parts().ok:
        return Check("model_files", False, "Not looked at: PAT is not installed", SET_UP, required=False)
    found = models(home) if known is None else known
    if not found:
        remedy = "clarity-desktop pat install FILE"
        return Check("model_files", False, "No PAT weights are installed", remedy, required=False)
    words = [f"{one.id} ({one.origin.value}, {'verified' if one.verified else one.problem})" for one in found]
    broken = [one for one in found if "self-test has not run" not in one.problem and one.problem]
    remedy = f"clarity-desktop pat verify {broken[0].id}" if broken else ""
    return Check("model_files", not broken, "; ".join(words), remedy, required=False)


def home_folder(home: Path) -> Check:
    """Whether the home folder, or the one it will be made in, can be written."""
    writable = os.access(_existing(home), os.W_OK)
    return Check("home", writable, f"{home} {'can' if writable else 'cannot'} be written", "Choose one with --home DIR")


def disk_space(home: Path) -> Check:
    """Free space where the home folder lies; ``required`` turns true where there is too little for a backup."""
    free = shutil.disk_usage(_existing(home)).free
    return Check("disk", free >= LEAST_FREE, f"{free / 1e9:.1f} GB free", "Free some space", required=free < _NO_ROOM)


def _existing(home: Path) -> Path:
    probe = home
    while not probe.exists() and probe != probe.parent:
        probe = probe.parent
    return probe
