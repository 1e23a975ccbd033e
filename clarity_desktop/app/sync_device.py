"""The part of the services that keeps a vault at one workstation: copies of it elsewhere only look (Y-43, Y-44)."""

from __future__ import annotations

import hashlib
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from clarity_desktop.app.cloud_sessions import CloudSessionServices
from clarity_desktop.app.permissions import needs
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ConflictError
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.cloud.sync.origin import Origin

__all__ = ["SyncDeviceServices", "machine_mark"]

_DEVICE: Final = "device"
_SESSIONS: Final = "sync_sessions"
_MARKS: Final = "sync_session_marks"
_MOST_MARKS: Final = 400
_MARK_S: Final = 86_400
"""A program that runs for days begins a session a day."""
_MACHINE_ID: Final = Path("/etc/machine-id")


def machine_mark() -> str:
    """Hash of the operating system's own number of this installation; empty where it tells none."""
    found = ""
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography") as key:
                found = str(winreg.QueryValueEx(key, "MachineGuid")[0])
        except OSError:
            return ""
    elif _MACHINE_ID.is_file():
        found = _MACHINE_ID.read_text(encoding="ascii", errors="replace").strip()
    return hashlib.sha256(f"clarity/{found}".encode()).hexdigest()[:16] if found else ""


class SyncDeviceServices(CloudSessionServices):
    """Part of ``Services``. The device's id and its sessions are kept in the settings, outside the vault."""

    # One session a process and day, whatever vault it syncs.
    _session_mark: ClassVar[tuple[str, int]] = ("", 0)
    _looked: ClassVar[str] = ""
    """The session that has seen that no twin was at work."""

    def _device_id(self) -> str:
        found = self.settings.get(_DEVICE)
        if not isinstance(found, str):
            found = str(uuid.uuid4())
            self.settings.set(_DEVICE, found)
        return found

    @needs(Right.OWN_ACCESS)
    def sync_is_foreign(self) -> bool:
        """Whether this vault syncs from another machine, so that this copy may only look (Y-44).

        That is so when the vault was last synced under another device's id or on another installation of the operating
        system, or when the server was seen to hold uploads of a twin of this device.
        """
        held = self.vault.outbox.recall(_DEVICE)
        if held is None:
            return False
        here, there = machine_mark(), str(held.get("machine", ""))
        elsewhere = bool(here and there and here != there)
        return held["id"] != self._device_id() or elsewhere or bool(held.get("doubled"))

    @needs(Right.SEND_INSIGHT)
    def sync_from_here(self) -> None:
        """Give this copy of the vault an own id: it syncs from now on, and looks first at what the server holds."""
        held = self.vault.outbox.recall(_DEVICE) or {}
        if held.get("id") == self._device_id():
            # The twin goes on under the old one.
            self.settings.set(_DEVICE, str(uuid.uuid4()))
        self._keep_device(0, True)
        self._announce(Change.SETTINGS)

    def _keep_device(self, session: int, reconcile: bool) -> None:
        document = {"id": self._device_id(), "session": session, "reconcile": reconcile, "machine": machine_mark()}
        self.vault.outbox.remember(_DEVICE, document)

    def _doubled(self) -> None:
        """A twin of this device was seen: this copy only looks from now on."""
        held: dict[str, Any] = self.vault.outbox.recall(_DEVICE) or {"id": self._device_id(), "session": 0}
        self.vault.outbox.remember(_DEVICE, held | {"doubled": True})

    def _origin(self) -> Origin:
        """The session that runs, and those that this device had; what a twin of it did is in none of them."""
        from clarity_desktop.cloud.sync.origin import Origin

        kind, now = SyncDeviceServices, int(time.time())
        marks = [(str(mark), int(began)) for mark, began in self.settings.get(_MARKS) or []]
        mark, began = kind._session_mark
        if not mark or not 0 <= now - began < _MARK_S:
            mark, began = kind._session_mark = (uuid.uuid4().hex[:12], now)
        if (mark, began) not in marks:
            marks = [*marks, (mark, began)][-_MOST_MARKS:]
            # Kept before anything is sent under it.
            self.settings.set(_MARKS, [list(one) for one in marks])
        known = frozenset(name for name, _ in marks)
        return Origin(self._device_id(), mark, began, known, marks[0][1], is_new=kind._looked != mark)

    @staticmethod
    def _has_looked() -> None:
        SyncDeviceServices._looked = SyncDeviceServices._session_mark[0]

    def _begin_session(self) -> bool:
        """Count a session of sync; answers whether an older copy was restored, so that the server must be asked first.

        Raises
        ------
        ConflictError
            ``sync.clone`` for a copy that belongs to another machine.
        """
        outbox = self.vault.outbox
        vault_id = hashlib.sha256(str(self.vault_directory.resolve()).encode()).hexdigest()[:16]
        if self.sync_is_foreign():
            raise ConflictError(
                "sync.clone",
                "This vault syncs from another machine, so this copy of it only looks.",
                remedy="Let it sync from here in the sync panel if the other copy is no longer used.",
            )
        held = outbox.recall(_DEVICE) or {"session": 0, "reconcile": False}
        sessions = dict(self.settings.get(_SESSIONS) or {})
        older = int(held["session"]) < int(sessions.get(vault_id, 0)) or bool(held.get("reconcile"))
        count = max(int(held["session"]), int(sessions.get(vault_id, 0))) + 1
        # The vault first: where only that was written, the machine's own count is behind, which means nothing.
        self._keep_device(count, older)
        self.settings.set(_SESSIONS, sessions | {vault_id: count})
        return older

    def _reconciled(self) -> None:
        held = self.vault.outbox.recall(_DEVICE)
        if held and held.get("reconcile"):
            self.vault.outbox.remember(_DEVICE, held | {"reconcile": False})
