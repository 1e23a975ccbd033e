"""``doctor``: what this machine has and lacks, with the command that mends each."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from importlib import import_module, metadata
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import typer

from clarity_desktop import __version__
from clarity_desktop.assets import asset
from clarity_desktop.cli.session import session_of
from clarity_desktop.domain.errors import NotFoundError

QT_PACKAGES: Final = (
    "libegl1",
    "libgl1",
    "libxkbcommon0",
    "libdbus-1-3",
    "libfontconfig1",
    "libglib2.0-0",
    "libx11-6",
)
_SET_UP = "python3 start.py setup"
_LEAST_FREE = 2_000_000_000
_LONGEST_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    required: bool = True
    """Whether the program cannot work without it."""


def doctor(context: typer.Context) -> None:
    """Say what this machine has and lacks, with the command that mends each."""
    session = session_of(context)
    home = session.services.home
    checks = [check() for check in _CHECKS]
    checks += [_model_files(home), _home(home), _space(home)]
    checks = [replace(check, remedy="") if check.ok else check for check in checks]
    ready = all(check.ok for check in checks if check.required)
    lines = []
    for check in checks:
        mark = "ok " if check.ok else ("no " if check.required else "–  ")
        lines.append(f"{mark} {check.name}: {check.detail}")
        if check.remedy:
            lines.append(f"     {check.remedy}")
    lines.append("\nEverything needed is here." if ready else "\nSomething needed is missing; see the lines with “no”.")
    session.output.answer(
        {"version": __version__, "ready": ready, "checks": [asdict(check) for check in checks]}, "\n".join(lines)
    )


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("python", sys.version_info >= (3, 11), f"Python {version} on {sys.platform}", "Install Python 3.11.")


def _encryption() -> Check:
    if importlib.util.find_spec("sqlcipher3") is None:
        return Check("encryption", False, "SQLCipher is missing", _SET_UP)
    from sqlcipher3 import dbapi2

    connection = dbapi2.connect(":memory:")
    try:
        row = connection.execute("PRAGMA cipher_version").fetchone()
    finally:
        connection.close()
    if row is None:
        return Check("encryption", False, "The SQLite in use cannot encrypt", _SET_UP)
    return Check("encryption", True, f"SQLCipher {row[0]}")


def load_qt(pipe: Connection) -> None:
    """Load Qt and say through the pipe what came of it; runs in a process of its own."""
    try:
        import_module("clarity_desktop.ui.qt")
    except ImportError as error:
        pipe.send(str(error))
    else:
        pipe.send("")
    pipe.close()


def _qt_libraries() -> Check:
    """Qt is loaded in a process of its own: a missing system library must not end this one."""
    remedy = _SET_UP
    if sys.platform.startswith("linux"):
        remedy = "sudo apt-get install -y --no-install-recommends " + " ".join(QT_PACKAGES)
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    probe = context.Process(target=load_qt, args=(there,), name="clarity-doctor-qt", daemon=True)
    probe.start()
    there.close()
    try:
        reason = str(here.recv()) if here.poll(_LONGEST_WAIT_S) else "Qt does not answer"
    except EOFError:
        reason = "Qt ended the process that loaded it"
    finally:
        here.close()
        probe.terminate()
        probe.join()
    return Check("qt_libraries", not reason, reason or "Qt loads", remedy)


def _display() -> Check:
    if not sys.platform.startswith("linux"):
        return Check("display", True, "The system's own window server", required=False)
    for variable in ("WAYLAND_DISPLAY", "DISPLAY"):
        if os.environ.get(variable):
            return Check("display", True, f"{variable} is set", required=False)
    remedy = "clarity-desktop demo --screenshots out draws every page without a display"
    return Check("display", False, "No display: the window cannot open", remedy, required=False)


def _gpu() -> Check:
    if shutil.which("nvidia-smi") is None:
        return Check("gpu", False, "No NVIDIA GPU; nothing here needs one", required=False)
    probe = subprocess.run(
        ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    names = ", ".join(probe.stdout.split("\n")).strip(", ")
    return Check("gpu", probe.returncode == 0, names or "nvidia-smi does not answer", required=False)


def _keychain() -> Check:
    from clarity_desktop.vault.keys.keychain import is_available

    if is_available():
        return Check("keychain", True, "The system's keychain answers", required=False)
    remedy = "Unlock with the passphrase, or install a secret service such as gnome-keyring"
    return Check("keychain", False, "No keychain: the passphrase is asked each time", remedy, required=False)


def _pat_parts() -> Check:
    missing = [name for name in ("torch", "safetensors", "h5py") if importlib.util.find_spec(name) is None]
    if missing:
        detail = f"PAT is not installed ({', '.join(missing)} missing); every other page works without it"
        return Check("pat", False, detail, _SET_UP, required=False)
    return Check("pat", True, f"PyTorch {metadata.version('torch')}", required=False)


def _model_files(home: Path) -> Check:
    """The checkpoints by their cards; weights are hashed, and no self-test runs."""
    if not _pat_parts().ok:
        return Check("model_files", False, "Not looked at: PAT is not installed", _SET_UP, required=False)
    from clarity_desktop.pat.registry import Registry

    found = Registry(home).all()
    if not found:
        remedy = "clarity-desktop pat install FILE"
        return Check("model_files", False, "No PAT weights are installed", remedy, required=False)
    words = [f"{one.id} ({one.origin.value}, {'verified' if one.verified else one.problem})" for one in found]
    broken = [one for one in found if "self-test has not run" not in one.problem and one.problem]
    remedy = f"clarity-desktop pat verify {broken[0].id}" if broken else ""
    return Check("model_files", not broken, "; ".join(words), remedy, required=False)


def _resources() -> Check:
    try:
        asset("resources/fonts/Inter-Regular.otf")
        asset("resources/tokens.json")
    except NotFoundError as error:
        return Check("resources", False, f"{error.detail} is missing", _SET_UP)
    return Check("resources", True, "Fonts and colours are in place")


def _home(home: Path) -> Check:
    probe = home
    while not probe.exists() and probe != probe.parent:
        probe = probe.parent
    writable = os.access(probe, os.W_OK)
    return Check("home", writable, f"{home} {'can' if writable else 'cannot'} be written", "Choose one with --home DIR")


def _space(home: Path) -> Check:
    probe = home
    while not probe.exists() and probe != probe.parent:
        probe = probe.parent
    free = shutil.disk_usage(probe).free
    return Check("disk", free >= _LEAST_FREE, f"{free / 1e9:.1f} GB free", "Free some space", required=False)


_CHECKS: tuple[Callable[[], Check], ...] = (
    _python,
    _encryption,
    _qt_libraries,
    _display,
    _gpu,
    _keychain,
    _pat_parts,
    _resources,
)
