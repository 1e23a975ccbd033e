"""Slots: each wraps one user's own key with a passphrase, a code or an entry of the system's keychain."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, replace
from typing import Any, Final

from clarity_desktop.vault.keys.codes import code_from_text
from clarity_desktop.vault.keys.kdf import KdfParameters, derive_key
from clarity_desktop.vault.keys.wrapping import derived_key, new_key, unwrap, wrap
from clarity_desktop.vault.records import Slot

__all__ = [
    "EMERGENCY",
    "KEYCHAIN",
    "PASSPHRASE",
    "RECOVERY",
    "KeySlot",
    "bytes_of",
    "code_slot",
    "code_wrapping_key",
    "cost_document",
    "cost_from_document",
    "keychain_slot",
    "passphrase_slot",
    "text_of",
]

PASSPHRASE: Final = "passphrase"
KEYCHAIN: Final = "keychain"
RECOVERY: Final = "recovery"
EMERGENCY: Final = "emergency"
_SALT_BYTES: Final = 16
_MOST_MEMORY_KIB: Final = 4 * 1024 * 1024
_MOST_PASSES: Final = 1000
_MOST_LANES: Final = 64


@dataclass(frozen=True, slots=True)
class KeySlot:
    """One wrapping of a user's own key. The wrapped bytes are useless without passphrase, code or keychain entry."""

    id: str
    kind: str
    user: str
    """Id of the user whose key it wraps."""
    label: str
    wrapped: bytes
    salt: bytes = b""
    kdf: KdfParameters | None = None

    @property
    def shown(self) -> Slot:
        """The slot as lists show it."""
        return Slot(self.id, self.kind, self.label, self.user)

    def _bound(self, vault_id: str) -> tuple[Any, ...]:
        """What the wrapping is bound to: a changed kind, user, cost, salt or vault makes it unreadable.

        The label is not bound: it may be edited, and the header's MAC covers it.
        """
        return (vault_id, "slot", self.id, self.kind, self.user, self.salt.hex(), cost_document(self.kdf))

    def wrap(self, vault_id: str, wrapping_key: bytes, user_key: bytes) -> KeySlot:
        """The slot holding a user's key under ``wrapping_key``."""
        return replace(self, wrapped=wrap(wrapping_key, user_key, *self._bound(vault_id)))

    def unwrap(self, vault_id: str, wrapping_key: bytes) -> bytes | None:
        """The user's key, or ``None`` when the wrapping key does not fit."""
        return unwrap(wrapping_key, self.wrapped, *self._bound(vault_id))

    def as_document(self) -> dict[str, Any]:
        """The slot as the key file holds it."""
        document: dict[str, Any] = {
            "id": self.id,
            "kind": self.kind,
            "user": self.user,
            "label": self.label,
            "salt": text_of(self.salt),
            "wrapped": text_of(self.wrapped),
        }
        if self.kdf is not None:
            document["kdf"] = cost_document(self.kdf)
        return document

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> KeySlot:
        """Read :meth:`as_document` back; raises ``KeyError``, ``TypeError`` or ``ValueError`` on other shapes."""
        return cls(
            id=str(document["id"]),
            kind=str(document["kind"]),
            user=str(document["user"]),
            label=str(document["label"]),
            wrapped=bytes_of(document["wrapped"]),
            salt=bytes_of(document["salt"]),
            kdf=cost_from_document(document["kdf"]) if "kdf" in document else None,
        )


def passphrase_slot(
    vault_id: str,
    user: str,
    label: str,
    passphrase: str,
    user_key: bytes,
    parameters: KdfParameters,
    slot_id: str | None = None,
) -> KeySlot:
    """A new slot that wraps a user's key with a passphrase. Takes as long as the cost says."""
    salt = secrets.token_bytes(_SALT_BYTES)
    slot = KeySlot(slot_id or secrets.token_hex(8), PASSPHRASE, user, label, b"", salt, parameters)
    return slot.wrap(vault_id, derive_key(passphrase, salt, parameters), user_key)


def keychain_slot(vault_id: str, user: str, label: str, user_key: bytes) -> tuple[KeySlot, bytes]:
    """A new slot under a random wrapping key, and that key, which the operating system's keychain is to keep."""
    wrapping_key = new_key()
    slot = KeySlot(secrets.token_hex(8), KEYCHAIN, user, label, b"")
    return slot.wrap(vault_id, wrapping_key, user_key), wrapping_key


def code_slot(vault_id: str, kind: str, user: str, label: str, code: str, user_key: bytes) -> KeySlot:
    """A new slot of kind ``recovery`` or ``emergency`` that a printed code opens."""
    slot = KeySlot(secrets.token_hex(8), kind, user, label, b"", secrets.token_bytes(_SALT_BYTES))
    return slot.wrap(vault_id, code_wrapping_key(code, slot.salt), user_key)


def code_wrapping_key(code: str, salt: bytes) -> bytes:
    """The wrapping key of a code. With 135 random bits nothing is gained by a slow derivation.

    Raises
    ------
    InputError
        ``code.shape``, ``code.group`` for a typing error.
    """
    return derived_key(code_from_text(code).encode("ascii"), "code", salt)


def cost_document(kdf: KdfParameters | None) -> dict[str, Any]:
    """A cost as the key file holds it."""
    if kdf is None:
        return {}
    return {
        "algorithm": "argon2id",
        "time_cost": kdf.time_cost,
        "memory_kib": kdf.memory_kib,
        "lanes": kdf.lanes,
    }


def cost_from_document(cost: dict[str, Any]) -> KdfParameters:
    """Read :func:`cost_document` back; raises ``ValueError`` for what no program writes."""
    if cost["algorithm"] != "argon2id":
        raise ValueError("unknown key derivation")
    kdf = KdfParameters(int(cost["time_cost"]), int(cost["memory_kib"]), int(cost["lanes"]))
    if not (1 <= kdf.time_cost <= _MOST_PASSES and 8 <= kdf.memory_kib <= _MOST_MEMORY_KIB):
        raise ValueError("key derivation cost out of range")
    if not 1 <= kdf.lanes <= _MOST_LANES:
        raise ValueError("key derivation lanes out of range")
    return kdf


def text_of(value: bytes) -> str:
    """Bytes as the key file holds them."""
    return base64.b64encode(value).decode("ascii")


def bytes_of(value: str) -> bytes:
    """Read :func:`text_of` back; raises ``ValueError``."""
    return base64.b64decode(value, validate=True)
