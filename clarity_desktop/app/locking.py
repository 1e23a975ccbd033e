"""The services around the lock: what jobs do then, drafts, and lifting the protection of the screen."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from clarity_desktop.app.access import AccessServices
from clarity_desktop.app.permissions import needs
from clarity_desktop.app.settings_registry import Kind, SettingSpec, declare
from clarity_desktop.domain.drafts import Draft, UnsavedText
from clarity_desktop.domain.errors import InputError
from clarity_desktop.domain.users import Right

__all__ = ["CAPTURE", "JobsAtLock", "LockingServices"]

_LEAST_REASON: Final = 8


class JobsAtLock(StrEnum):
    """What long jobs do when the vault locks: the values of the setting ``lock.jobs`` (V-22)."""

    FINISH = "finish"
    """An import ends the file it reads, for the one person it reads it for; what waits goes on after unlocking."""
    STOP = "stop"
    """Everything stops at its next check."""


CAPTURE: Final = declare(
    SettingSpec(
        "screen.capture_excluded",
        "Locking",
        "Keep the window out of screen recordings",
        "Screenshots and screen sharing show an empty window; for 15 minutes it can be lifted with a reason.",
        Kind.SWITCH,
        True,
        right=Right.SET_POLICY,
        security=True,
        unavailable=(
            ""
            if sys.platform in ("win32", "darwin")
            else "Linux desktops have no way for a program to ask for it, so recordings show the window"
        ),
        words=("capture", "screenshot", "sharing"),
    )
)
"""Whether the window is kept out of captures, where the platform offers it (V-39)."""


class LockingServices(AccessServices):
    """Drafts, the daily backup's turn, screen capture. Part of ``Services``."""

    @needs(Right.OWN_ACCESS)
    def keep_drafts(self, texts: Sequence[UnsavedText]) -> int:
        """Seal unsaved texts for the user; answers how many. Raises as the vault's ``drafts.keep``."""
        return self.vault.drafts.keep(texts)

    @needs(Right.OWN_ACCESS)
    def drafts(self) -> list[Draft]:
        """The user's unsaved texts, newest first."""
        return self.vault.drafts.list()

    @needs(Right.OWN_ACCESS)
    def discard_drafts(self, ids: Sequence[str]) -> None:
        """Delete drafts of the user."""
        self.vault.drafts.discard(ids)

    @needs(Right.OWN_ACCESS)
    def backup_is_due(self) -> bool:
        """Whether a day has passed since the last verified backup, and this process may make one."""
        return not self.vault.is_read_only and self.vault.backups.is_due()

    @needs(Right.OWN_ACCESS)
    def note_capture_lifted(self, reason: str) -> None:
        """Record that the window can be captured for 15 minutes, and why. When it raises, nothing may be lifted.

        Raises
        ------
        InputError
            ``capture.reason`` for fewer than eight characters.
        """
        text = " ".join(reason.split())[:200]
        if len(text) < _LEAST_REASON:
            raise InputError(
                "capture.reason",
                "Lifting the protection needs a reason.",
                remedy="Say in a few words why, without naming a patient.",
            )
        self.vault.audit.append("capture.lifted", detail=text)
