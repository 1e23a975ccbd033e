"""Where a refresh token is kept: the system's keychain, in parts where one entry is too small, else memory alone."""

from __future__ import annotations

import hashlib
import json
from itertools import count
from typing import Final, Protocol

from clarity_desktop.cloud.auth.identity import RememberedDevice
from clarity_desktop.domain.errors import LockedError

__all__ = ["DeviceKeeper", "RefreshKeeper", "SecretStore"]

_PART: Final = 1000
"""Letters of one entry: Windows takes 2,560 bytes, two for each letter."""
_MARK: Final = "parts:"


class SecretStore(Protocol):
    """A keychain; ``keep`` and ``forget`` raise :class:`LockedError` (``keychain.unavailable``)."""

    def keep(self, purpose: str, secret: str) -> None:
        """Keep a secret in place of an earlier one."""

    def find(self, purpose: str) -> str | None:
        """The secret, or ``None``."""

    def forget(self, purpose: str) -> None:
        """Remove a secret."""


class RefreshKeeper:
    """Refresh tokens by account. A token never lies in the vault, in a file or in a setting (L-14)."""

    def __init__(self, secrets: SecretStore) -> None:
        self._secrets = secrets
        self._memory: dict[str, str] = {}

    def keep(self, account: str, token: str) -> bool:
        """Keep a token in place of an earlier one; answers whether it outlives the program.

        A longer token is written in parts under a name of their own, and one entry is switched over at the end: who
        dies in between leaves the old token or the new one, never a mixture (L-15).
        """
        self._memory[account] = token
        purpose = f"cloud/{account}"
        try:
            before = self._secrets.find(purpose) or ""
            if len(token) <= _PART:
                self._secrets.keep(purpose, token)
                self._drop_parts(purpose, "ab")
                return True
            turn = "b" if before.startswith(f"{_MARK}a:") else "a"
            parts = [token[at : at + _PART] for at in range(0, len(token), _PART)]
            for number, part in enumerate(parts):
                self._secrets.keep(f"{purpose}#{turn}{number}", part)
            self._secrets.keep(purpose, f"{_MARK}{turn}:{len(parts)}")
            self._drop_parts(purpose, "ab".replace(turn, ""))
        except LockedError:
            return False
        return True

    def find(self, account: str) -> str | None:
        """The token of an account, or ``None``."""
        if account in self._memory:
            return self._memory[account]
        purpose = f"cloud/{account}"
        found = self._secrets.find(purpose)
        if found is None or not found.startswith(_MARK):
            return found
        turn, count = _pointer(found)
        parts = [self._secrets.find(f"{purpose}#{turn}{number}") for number in range(count)]
        whole = [part for part in parts if part is not None]
        return "".join(whole) if whole and len(whole) == count else None

    def forget(self, account: str) -> None:
        """Remove a token; one that is gone already, or a keychain that is, is no error."""
        self._memory.pop(account, None)
        purpose = f"cloud/{account}"
        try:
            self._secrets.forget(purpose)
            self._drop_parts(purpose, "ab")
        except LockedError:
            # Without a keychain nothing was kept in it.
            return

    def close(self) -> None:
        """Forget what memory holds."""
        self._memory.clear()

    def _drop_parts(self, purpose: str, turns: str) -> None:
        """Remove all parts of some turns, those of a write that broke off included."""
        for turn in turns:
            for number in count():
                part = f"{purpose}#{turn}{number}"
                if self._secrets.find(part) is None:
                    break
                self._secrets.forget(part)


def _pointer(text: str) -> tuple[str, int]:
    turn, _, count = text.removeprefix(_MARK).partition(":")
    return turn, int(count) if count.isdecimal() else 0


class DeviceKeeper:
    """Names of this machine at pools that track machines, by server and e-mail; in the keychain, else in memory."""

    def __init__(self, secrets: SecretStore) -> None:
        self._secrets = secrets
        self._memory: dict[str, RememberedDevice] = {}

    def keep(self, server: str, email: str, device: RememberedDevice) -> bool:
        """Keep a machine's secrets; answers whether they outlive the program."""
        purpose = _device_purpose(server, email)
        self._memory[purpose] = device
        held = {"key": device.key, "group": device.group, "password": device.password, "remembered": device.remembered}
        try:
            self._secrets.keep(purpose, json.dumps(held))
        except LockedError:
            return False
        return True

    def find(self, server: str, email: str) -> RememberedDevice | None:
        """What names this machine at an account's pool, or ``None``."""
        purpose = _device_purpose(server, email)
        if purpose in self._memory:
            return self._memory[purpose]
        try:
            found = json.loads(self._secrets.find(purpose) or "null")
            return RememberedDevice(
                str(found["key"]), str(found["group"]), str(found["password"]), bool(found["remembered"])
            )
        except (ValueError, KeyError, TypeError):
            # Nothing there, or something that another program wrote under this name.
            return None

    def forget(self, server: str, email: str) -> None:
        """Remove a machine's secrets; where there are none, or no keychain, that is no error."""
        purpose = _device_purpose(server, email)
        self._memory.pop(purpose, None)
        try:
            self._secrets.forget(purpose)
        except LockedError:
            return

    def close(self) -> None:
        """Forget what memory holds."""
        self._memory.clear()


def _device_purpose(server: str, email: str) -> str:
    """An entry's name without the e-mail address, which others who list the keychain would see."""
    return f"cloud-device/{server}/{hashlib.sha256(email.strip().casefold().encode()).hexdigest()[:24]}"
