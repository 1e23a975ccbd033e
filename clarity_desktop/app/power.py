"""Whether this machine runs on its battery, and how full that is."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Power", "power_of_folder", "power_of_words", "power_now"]

_SUPPLIES: Final = Path("/sys/class/power_supply")
_UNKNOWN_PERCENT: Final = 255


@dataclass(frozen=True, slots=True)
class Power:
    """Where the machine's power comes from."""

    on_battery: bool
    percent: int | None = None
    """Charge of the emptiest battery, 0 to 100; ``None`` where none is told."""


def power_now() -> Power:
    """How it stands now; a machine that tells nothing counts as plugged in. Takes a few milliseconds."""
    if sys.platform == "win32":
        return _power_of_windows()
    if sys.platform == "darwin":
        try:
            told = subprocess.run(
                ["/usr/bin/pmset", "-g", "batt"], capture_output=True, text=True, timeout=5, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return Power(on_battery=False)
        return power_of_words(told.stdout)
    return power_of_folder(_SUPPLIES)


def power_of_folder(folder: Path) -> Power:
    """As the kernel of Linux tells it: one folder a supply, one value a file.

    A supply of a device such as a mouse (``scope`` is ``Device``) says nothing of the machine.
    """
    plugged, batteries, discharging = False, list[int](), False
    for supply in sorted(folder.glob("*")):
        if _said(supply, "scope") == "Device":
            continue
        if _said(supply, "type") == "Battery":
            charge = _said(supply, "capacity")
            if charge.isdigit():
                batteries.append(int(charge))
            discharging |= _said(supply, "status") == "Discharging"
        else:
            plugged |= _said(supply, "online") == "1"
    return Power(discharging and not plugged, min(batteries, default=None))


def _said(supply: Path, name: str) -> str:
    try:
        return (supply / name).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        # Not every supply has every file, and one may go while it is read.
        return ""


def power_of_words(text: str) -> Power:
    """As ``pmset -g batt`` of macOS tells it: the source in the first line, a battery in each further one."""
    first, _, rest = text.partition("\n")
    charges = [int(word[:-1]) for word in rest.replace(";", " ").split() if word[:-1].isdigit() and word.endswith("%")]
    return Power("'Battery Power'" in first, min(charges, default=None))


def _power_of_windows() -> Power:
    import ctypes

    class Status(ctypes.Structure):
        """``SYSTEM_POWER_STATUS`` of Windows."""

        _fields_ = (
            ("line", ctypes.c_ubyte),
            ("flag", ctypes.c_ubyte),
            ("percent", ctypes.c_ubyte),
            ("saver", ctypes.c_ubyte),
            ("life", ctypes.c_ulong),
            ("full_life", ctypes.c_ulong),
        )

    found = Status()
    if not ctypes.windll.kernel32.GetSystemPowerStatus(ctypes.byref(found)):  # type: ignore[attr-defined, unused-ignore]
        return Power(on_battery=False)
    percent = None if found.percent == _UNKNOWN_PERCENT else int(found.percent)
    return Power(found.line == 0, percent)
