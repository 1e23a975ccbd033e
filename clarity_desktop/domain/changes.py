"""What a mutation did, broadcast once so that views refresh by it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

from clarity_desktop.domain.people import PatientId

__all__ = ["Change", "Changes"]


class Change(IntFlag):
    """Kinds of change."""

    NONE = 0
    PATIENTS = 1
    SAMPLES = 2
    ZONES = 4
    FINDINGS = 8
    IMPORTS = 16
    SLOTS = 32
    SETTINGS = 64
    DIARY = 128
    """Annotations, sleep diary or free days."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Flags, the patients touched, and a handle for undo where there is one."""

    what: Change
    patients: tuple[PatientId, ...] = ()
    undo: str | None = None
