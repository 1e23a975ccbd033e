"""The key file of a vault: users with the keys granted to them, and slots that each open one user's own key.

::

    passphrase · keychain entry · code  ──opens──▶  a user's own key  ──opens──▶  data key      every user
                                                                      ──opens──▶  identity key  who may see names
                                                                      ──opens──▶  admin key     admins
                                        admin key   ──opens──▶  every user's own key (escrow)

So a slot is added, changed or removed without touching data or other users; and admins can grant and take away keys,
and give all users new ones, without knowing their passphrases. A MAC by the data key covers all of it.
"""

from __future__ import annotations

import hmac
import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from clarity_desktop.domain.errors import ClarityError, IntegrityError, NotFoundError, UsageError
from clarity_desktop.domain.overwriting import overwrite
from clarity_desktop.vault.keys.header_v1 import FirstHeader
from clarity_desktop.vault.keys.kdf import KdfParameters
from clarity_desktop.vault.keys.slots import (
    KEYCHAIN,
    PASSPHRASE,
    KeySlot,
    bytes_of,
    cost_document,
    cost_from_document,
    text_of,
)
from clarity_desktop.vault.keys.unlocked import UnlockedKeys
from clarity_desktop.vault.keys.wrapping import derived_key, unwrap, wrap
from clarity_desktop.vault.store.layout import write_atomically

__all__ = ["KEYCHAIN", "PASSPHRASE", "Holder", "KeyHeader", "KeySlot", "altered", "derived_key", "plain_name"]

_FORMAT: Final = 2


def plain_name(name: str) -> str:
    """A user's name as it is compared: composed, without case and outer spaces."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


@dataclass(frozen=True, slots=True)
class Holder:
    """A user as the key file knows them: name and granted keys, each wrapped by the user's own key."""

    id: str
    name: str
    data: bytes
    identity: bytes = b""
    admin: bytes = b""
    escrow: bytes = b""
    """The user's own key, wrapped by the admin key."""
    emergency: bool = False

    def granted(self, vault_id: str, user_key: bytes, keys: UnlockedKeys, *, identity: bool, admin: bool) -> Holder:
        """Hand the user the keys that an admin holds, as far as they are to have them."""

        def grant(purpose: str, key: bytearray) -> bytes:
            return wrap(user_key, bytes(key), vault_id, "grant", self.id, purpose)

        return replace(
            self,
            data=grant("data", keys.data),
            identity=grant("identity", keys.identity) if identity else b"",
            admin=grant("admin", keys.admin) if admin else b"",
            escrow=wrap(bytes(keys.admin), user_key, vault_id, "escrow", self.id),
        )

    def user_key(self, vault_id: str, admin_key: bytes) -> bytes:
        """The user's own key, out of escrow; raises :class:`IntegrityError` (``vault.key_file_altered``)."""
        found = unwrap(admin_key, self.escrow, vault_id, "escrow", self.id)
        if found is None:
            raise altered()
        return found

    def keys(self, vault_id: str, user_key: bytes, how: str, slot_id: str) -> UnlockedKeys:
        """All keys granted to this user; raises :class:`IntegrityError` (``vault.key_file_altered``)."""

        def granted(purpose: str, sealed: bytes) -> bytearray:
            if not sealed:
                return bytearray()
            key = unwrap(user_key, sealed, vault_id, "grant", self.id, purpose)
            if key is None:
                raise altered()
            kept = bytearray(key)
            overwrite(key)
            return kept

        return UnlockedKeys(
            self.id,
            self.name,
            how,
            granted("data", self.data),
            bytearray(user_key),
            granted("identity", self.identity),
            granted("admin", self.admin),
            slot_id,
        )

    def as_document(self) -> dict[str, Any]:
        """The user as the key file holds them."""
        sealed = {"data": self.data, "identity": self.identity, "admin": self.admin, "escrow": self.escrow}
        return {
            "id": self.id,
            "name": self.name,
            "emergency": self.emergency,
            **{name: text_of(value) for name, value in sealed.items() if value},
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Holder:
        """Read :meth:`as_document` back; raises ``KeyError``, ``TypeError`` or ``ValueError`` on other shapes."""
        return cls(
            str(document["id"]),
            str(document["name"]),
            bytes_of(document["data"]),
            bytes_of(document.get("identity", "")),
            bytes_of(document.get("admin", "")),
            bytes_of(document["escrow"]),
            bool(document["emergency"]),
        )


@dataclass(frozen=True, slots=True)
class KeyHeader:
    """All users and slots of one vault."""

    vault_id: str
    users: tuple[Holder, ...]
    slots: tuple[KeySlot, ...]
    cost: KdfParameters
    """What passphrase slots should cost; cheaper ones are renewed at their next unlock (V-8)."""

    def _document(self) -> dict[str, Any]:
        return {
            "format": _FORMAT,
            "vault": self.vault_id,
            "cost": cost_document(self.cost),
            "users": [user.as_document() for user in self.users],
            "slots": [slot.as_document() for slot in self.slots],
        }

    def _mac(self, data_key: bytes) -> bytes:
        body = json.dumps(self._document(), sort_keys=True, separators=(",", ":")).encode()
        return hmac.digest(derived_key(data_key, "key-header"), body, "sha256")

    def write(self, path: Path, data_key: bytes) -> None:
        """Replace the key file in one step; a crash leaves the old or the new one, whole."""
        document = {**self._document(), "mac": text_of(self._mac(data_key))}
        write_atomically(path, json.dumps(document, indent=1, ensure_ascii=False).encode())

    @classmethod
    def read_any(cls, path: Path) -> tuple[KeyHeader, bytes] | FirstHeader:
        """The header with its MAC, not yet checked, or the header of the first format.

        Raises
        ------
        NotFoundError
            ``vault.absent`` when there is no key file.
        IntegrityError
            ``vault.key_file`` when it is not one this program reads.
        ClarityError
            ``vault.folder`` when the system does not let it be read.
        """
        try:
            raw = path.read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError(
                "vault.absent",
                "There is no vault here.",
                remedy="Create one, or choose the folder of an existing vault.",
            ) from error
        except OSError as error:
            raise ClarityError(
                "vault.folder",
                "The vault's folder cannot be used.",
                remedy="Check its permissions, or choose another folder.",
                detail=type(error).__name__,
            ) from None
        try:
            document = json.loads(raw)
            if document["format"] == 1:
                return FirstHeader.from_document(document)
            if document["format"] != _FORMAT:
                raise ValueError("unknown format")
            users = tuple(Holder.from_document(user) for user in document["users"])
            slots = tuple(KeySlot.from_document(slot) for slot in document["slots"])
            if not slots or not users or {slot.user for slot in slots} - {user.id for user in users}:
                raise ValueError("slots without users")
            header = cls(str(document["vault"]), users, slots, cost_from_document(document["cost"]))
            return header, bytes_of(document["mac"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise IntegrityError(
                "vault.key_file",
                "The key file of the vault cannot be read.",
                remedy="Restore vault.keys from a backup of the vault folder.",
                detail=type(error).__name__,
            ) from None

    @classmethod
    def read(cls, path: Path) -> tuple[KeyHeader, bytes]:
        """As :meth:`read_any`, for a vault that was opened with its passphrase since the format changed.

        Raises
        ------
        ClarityError
            As :meth:`read_any`; ``vault.key_file_first`` for the first format.
        """
        found = cls.read_any(path)
        if isinstance(found, FirstHeader):
            raise ClarityError(
                "vault.key_file_first",
                "This vault has not been opened with its passphrase since the program was updated.",
                remedy="Open it once with the passphrase.",
            )
        return found

    def check(self, mac: bytes, data_key: bytes) -> None:
        """Raise :class:`IntegrityError` (``vault.key_file_altered``) unless the data key made this header's MAC."""
        if not hmac.compare_digest(mac, self._mac(data_key)):
            raise altered()

    def user(self, user_id: str) -> Holder:
        """The user of an id; raises :class:`NotFoundError` (``people.unknown``)."""
        for user in self.users:
            if user.id == user_id:
                return user
        raise NotFoundError(
            "people.unknown", "Nobody of this name opens the vault.", remedy="List the people and choose one of them."
        )

    def named(self, name: str) -> Holder | None:
        """The user of a name, in any case; the emergency access has none."""
        wanted = plain_name(name)
        return next((one for one in self.users if not one.emergency and plain_name(one.name) == wanted), None)

    def slots_of(self, user_id: str, kind: str) -> tuple[KeySlot, ...]:
        """A user's slots of one kind."""
        return tuple(slot for slot in self.slots if slot.user == user_id and slot.kind == kind)

    def with_user(self, user: Holder) -> KeyHeader:
        """The header with one user more, or with that user's new grants."""
        others = [user if one.id == user.id else one for one in self.users]
        return replace(self, users=tuple(others) if user.id in {one.id for one in self.users} else (*others, user))

    def without_user(self, user_id: str) -> KeyHeader:
        """The header without a user and their slots."""
        users = tuple(user for user in self.users if user.id != user_id)
        return replace(self, users=users, slots=tuple(slot for slot in self.slots if slot.user != user_id))

    def regranted(self, old_admin: bytes, new: UnlockedKeys) -> KeyHeader:
        """The header in which everybody has the new keys in place of those they had; slots stay as they are."""
        users = []
        for user in self.users:
            user_key = user.user_key(self.vault_id, old_admin)
            identity, admin = bool(user.identity), bool(user.admin)
            users.append(user.granted(self.vault_id, user_key, new, identity=identity, admin=admin))
        return replace(self, users=tuple(users))

    def with_slot(self, slot: KeySlot, *, instead: Callable[[KeySlot], bool] = lambda _: False) -> KeyHeader:
        """The header with one slot more, in place of those that ``instead`` names."""
        return replace(self, slots=(*(one for one in self.slots if not instead(one)), slot))

    def slot(self, slot_id: str) -> KeySlot:
        """The slot of an id; raises :class:`NotFoundError` (``vault.no_slot``)."""
        for slot in self.slots:
            if slot.id == slot_id:
                return slot
        raise NotFoundError("vault.no_slot", "The vault has no such key slot.", remedy="List the slots first.")

    def without_slot(self, slot_id: str) -> KeyHeader:
        """The header with one slot less.

        Raises
        ------
        NotFoundError
            ``vault.no_slot`` for an unknown id.
        UsageError
            ``vault.last_passphrase`` for a user's last passphrase slot (V-10, V-15): a keychain alone may be lost.
        """
        gone = self.slot(slot_id)
        if gone.kind == PASSPHRASE and len(self.slots_of(gone.user, PASSPHRASE)) == 1:
            raise UsageError(
                "vault.last_passphrase",
                "The last passphrase of a person cannot be removed.",
                remedy="Change the passphrase, or let an admin remove the person.",
            )
        return replace(self, slots=tuple(slot for slot in self.slots if slot.id != slot_id))


def altered() -> IntegrityError:
    """What is said of a key file that the vault's keys did not make."""
    return IntegrityError(
        "vault.key_file_altered",
        "The key file of the vault was altered outside the program.",
        remedy="Restore vault.keys from a backup of the vault folder.",
    )
