"""Small secrets of a vault in the system's keychain, such as a provider's key: never in the vault, a file or a log."""

from __future__ import annotations

from typing import Final

from clarity_desktop.domain.errors import LockedError
from clarity_desktop.vault.keys import keychain

__all__ = ["KeptSecrets"]

_SERVICE: Final = "clarity-desktop"


class KeptSecrets:
    """Secrets by purpose, under the vault's id; other vaults do not see them."""

    def __init__(self, vault_id: str) -> None:
        self._vault_id = vault_id

    def _account(self, purpose: str) -> str:
        return f"{self._vault_id}/{purpose}"

    def keep(self, purpose: str, secret: str) -> None:
        """Keep a secret in place of an earlier one; raises :class:`LockedError` (``keychain.unavailable``)."""
        import keyring
        from keyring.errors import KeyringError

        if not keychain.is_available():
            raise _unavailable()
        try:
            keyring.set_password(_SERVICE, self._account(purpose), secret)
        except (KeyringError, RuntimeError):
            raise _unavailable() from None

    def find(self, purpose: str) -> str | None:
        """The secret, or ``None`` when there is none or no keychain to ask."""
        import keyring
        from keyring.errors import KeyringError

        try:
            return keyring.get_password(_SERVICE, self._account(purpose))
        except (KeyringError, RuntimeError):
            return None

    def forget(self, purpose: str) -> None:
        """Remove a secret; one that is gone already is no error."""
        import keyring
        from keyring.errors import KeyringError, PasswordDeleteError

        try:
            keyring.delete_password(_SERVICE, self._account(purpose))
        except PasswordDeleteError:
            return
        except (KeyringError, RuntimeError):
            raise _unavailable() from None


def _unavailable() -> LockedError:
    return LockedError(
        "keychain.unavailable",
        "The system's keychain could not be used.",
        remedy="Unlock the keychain of your account, or go on without what it keeps.",
    )
