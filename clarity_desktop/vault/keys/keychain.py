"""The keychain of the operating system: one random wrapping key a slot, opt-in, never the only way in."""

from __future__ import annotations

import base64
from typing import Final

from clarity_desktop.domain.errors import LockedError

__all__ = ["forget", "is_available", "keep", "wrapping_key"]

_SERVICE: Final = "Clarity Desktop vault"


def is_available() -> bool:
    """Whether this session has a keychain that can keep a secret."""
    import keyring
    from keyring.backends import fail, null
    from keyring.errors import KeyringError

    try:
        backend = keyring.get_keyring()
        return not isinstance(backend, fail.Keyring | null.Keyring) and float(backend.priority) > 0
    except (KeyringError, RuntimeError):
        return False


def keep(vault_id: str, account: str, key: bytes) -> None:
    """Keep a wrapping key under the vault's id and an account name.

    Raises
    ------
    LockedError
        ``keychain.unavailable`` when the keychain is absent, locked or refuses.
    """
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(_SERVICE, f"{vault_id}/{account}", base64.b64encode(key).decode("ascii"))
    except (KeyringError, RuntimeError) as error:
        raise _unavailable(error) from None


def wrapping_key(vault_id: str, account: str) -> bytes | None:
    """The key kept by :func:`keep`, or ``None`` when the keychain has lost it.

    Raises
    ------
    LockedError
        ``keychain.unavailable`` when the keychain is absent, locked or refuses.
    """
    import keyring
    from keyring.errors import KeyringError

    try:
        text = keyring.get_password(_SERVICE, f"{vault_id}/{account}")
    except (KeyringError, RuntimeError) as error:
        raise _unavailable(error) from None
    if text is None:
        return None
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return key if len(key) == 32 else None


def forget(vault_id: str, account: str) -> None:
    """Remove a key from the keychain; one that is gone already is no error.

    Raises
    ------
    LockedError
        ``keychain.unavailable`` when the keychain is absent, locked or refuses.
    """
    import keyring
    from keyring.errors import KeyringError, PasswordDeleteError

    try:
        keyring.delete_password(_SERVICE, f"{vault_id}/{account}")
    except PasswordDeleteError:
        return
    except (KeyringError, RuntimeError) as error:
        raise _unavailable(error) from None


def _unavailable(error: Exception) -> LockedError:
    return LockedError(
        "keychain.unavailable",
        "The keychain of this computer is not available.",
        remedy="Open the vault with its passphrase.",
        detail=type(error).__name__,
    )
