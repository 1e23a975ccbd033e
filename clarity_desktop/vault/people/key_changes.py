"""Changing the key file of an open vault, each time together with its audit entry or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from clarity_desktop.domain.errors import LockedError
from clarity_desktop.vault.keys import keychain
from clarity_desktop.vault.keys.header import KeyHeader
from clarity_desktop.vault.keys.slots import KeySlot
from clarity_desktop.vault.keys.unlocked import UnlockedKeys
from clarity_desktop.vault.store.transactions import Store, WriteTransaction

__all__ = ["KeyChange", "KeyChanges"]


@dataclass(slots=True)
class KeyChange:
    """A change of the key file under way."""

    header: KeyHeader
    write: WriteTransaction


class KeyChanges:
    """The key file and the keys of one session."""

    def __init__(self, store: Store, keys: UnlockedKeys) -> None:
        self._store = store
        self._keys = keys

    def _own_key(self) -> bytes:
        if not self._keys.user:
            raise LockedError(
                "people.no_own_key",
                "This needs your own way in.",
                remedy="Unlock with your passphrase and do it again.",
            )
        return bytes(self._keys.user)

    def admin_keys(self) -> UnlockedKeys:
        """The keys of this session; raises :class:`LockedError` (``people.no_admin_key``) unless an admin's."""
        if not self._keys.admin:
            raise LockedError(
                "people.no_admin_key",
                "This needs the key of an admin.",
                remedy="Let an admin unlock and do it. A new admin locks and unlocks once.",
            )
        return self._keys

    def header(self) -> KeyHeader:
        """The key file, checked; raises :class:`IntegrityError` (``vault.key_file_altered``)."""
        header, mac = KeyHeader.read(self._store.layout.keys)
        header.check(mac, bytes(self._keys.data))
        return header

    @contextmanager
    def _changing(self, action: str) -> Iterator[KeyChange]:
        """Change the key file with its audit entry, or not at all.

        The file is replaced inside the transaction: when the entry cannot be written the old file is put back.
        """
        path, before = self._store.layout.keys, None
        try:
            with self._store.writing(action) as write:
                change = KeyChange(self.header(), write)
                before = change.header
                yield change
                change.header.write(path, bytes(self._keys.data))
        except BaseException:
            if before is not None:
                before.write(path, bytes(self._keys.data))
            raise

    def _forget(self, vault_id: str, slot: KeySlot) -> None:
        # Without the slot the keychain's entry opens nothing, so one that cannot be reached now may stay behind.
        with contextlib.suppress(LockedError):
            keychain.forget(vault_id, slot.id)
