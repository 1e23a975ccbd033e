"""The key file of the first format, whose slots wrap the data key itself; read once, to be written anew."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from typing import Any

from clarity_desktop.vault.keys.kdf import KdfParameters, derive_key
from clarity_desktop.vault.keys.slots import KEYCHAIN, PASSPHRASE, bytes_of, cost_from_document
from clarity_desktop.vault.keys.wrapping import derived_key

__all__ = ["FirstHeader", "FirstSlot"]


@dataclass(frozen=True, slots=True)
class FirstSlot:
    """A slot of the first format."""

    id: str
    kind: str
    label: str
    nonce: bytes
    wrapped: bytes
    salt: bytes
    kdf: KdfParameters | None

    def unwrap(self, vault_id: str, wrapping_key: bytes) -> bytes | None:
        """The data key, or ``None`` when the wrapping key does not fit."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        kdf = self.kdf
        cost = [kdf.time_cost, kdf.memory_kib, kdf.lanes] if kdf is not None else []
        bound = json.dumps([vault_id, self.id, self.kind, self.salt.hex(), cost]).encode()
        try:
            return AESGCM(wrapping_key).decrypt(self.nonce, self.wrapped, bound)
        except InvalidTag:
            return None


@dataclass(frozen=True, slots=True)
class FirstHeader:
    """All slots of a vault whose key file has the first format. Such a vault has one passphrase."""

    vault_id: str
    slots: tuple[FirstSlot, ...]
    document: dict[str, Any]

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> FirstHeader:
        """Read a key file; raises ``KeyError``, ``TypeError`` or ``ValueError`` on other shapes."""
        slots = []
        for slot in document["slots"]:
            cost = slot.get("kdf")
            slots.append(
                FirstSlot(
                    str(slot["id"]),
                    str(slot["kind"]),
                    str(slot["label"]),
                    bytes_of(slot["nonce"]),
                    bytes_of(slot["wrapped"]),
                    bytes_of(cost["salt"]) if cost else b"",
                    cost_from_document(cost) if cost else None,
                )
            )
        if not slots:
            raise ValueError("no slots")
        return cls(str(document["vault"]), tuple(slots), document)

    @property
    def passphrases(self) -> tuple[FirstSlot, ...]:
        """Its passphrase slots."""
        return tuple(slot for slot in self.slots if slot.kind == PASSPHRASE and slot.kdf is not None)

    @property
    def keychains(self) -> tuple[FirstSlot, ...]:
        """Its keychain slots."""
        return tuple(slot for slot in self.slots if slot.kind == KEYCHAIN)

    def unlock(self, passphrase: str) -> tuple[bytes, FirstSlot] | None:
        """The data key with the slot that gave it, or ``None``."""
        for slot in self.passphrases:
            if slot.kdf is None:
                continue
            data_key = slot.unwrap(self.vault_id, derive_key(passphrase, slot.salt, slot.kdf))
            if data_key is not None:
                return data_key, slot
        return None

    def is_genuine(self, data_key: bytes) -> bool:
        """Whether the holder of the data key wrote this file."""
        content = {"format": 1, "vault": self.vault_id, "slots": self.document["slots"]}
        body = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
        made = hmac.digest(derived_key(data_key, "key-header"), body, "sha256")
        return hmac.compare_digest(bytes_of(self.document["mac"]), made)
