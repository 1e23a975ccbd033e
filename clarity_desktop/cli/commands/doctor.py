"""``doctor``: what this machine has and lacks, with the command that mends each."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Final

import typer

from clarity_desktop import __version__
from clarity_desktop.app.machine import (
    SET_UP,
    Check,
    disk_space,
    encryption,
    home_folder,
    keychain,
    model_files,
    pat_parts,
)
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
_LONGEST_WAIT_S = 60.0


def doctor(context: typer.Context) -> None:
    """Say what this machine has and lacks, with the command that mends each."""
    session = session_of(context)
    home = session.services.home
    checks = [check() for check in _CHECKS]
    checks += [model_files(home), home_folder(home), disk_space(home)]
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
    remedy = SET_UP
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


def _resources() -> Check:
    try:
        asset("resources/fonts/Inter-Regular.otf")
        asset("resources/tokens.json")
    except NotFoundError as error:
        return Check("resources", False, f"{error.detail} is missing", SET_UP)
    return Check("resources", True, "Fonts and colours are in place")


_CHECKS: tuple[Callable[[], Check], ...] = (
    _python,
    encryption,
    _qt_libraries,
    _display,
    _gpu,
    keychain,
    pat_parts,
    _resources,
)
