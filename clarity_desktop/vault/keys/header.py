"""The key file of a vault: slots that each wrap the one data key, under a MAC that only the data key can make."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from clarity_desktop.domain.errors import ClarityError, IntegrityError, LockedError, NotFoundError, UsageError
from clarity_desktop.vault.keys.kdf import KdfParameters, derive_key
from clarity_desktop.vault.records import Slot
from clarity_desktop.vault.store.layout import write_atomically

__all__ = ["KEYCHAIN", "PASSPHRASE", "KeyHeader", "KeySlot", "derived_key", "keychain_slot", "passphrase_slot"]

PASSPHRASE: Final = "passphrase"
KEYCHAIN: Final = "keychain"
_FORMAT: Final = 1
_NONCE_BYTES: Final = 12
_SALT_BYTES: Final = 16
_WRAPPING_KEY_BYTES: Final = 32
_MOST_MEMORY_KIB: Final = 4 * 1024 * 1024
_MOST_PASSES: Final = 1000


def derived_key(data_key: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose, by HKDF-SHA256 (RFC 5869) from the data key."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), 32, salt=None, info=f"clarity-desktop/{purpose}".encode()).derive(data_key)


@dataclass(frozen=True, slots=True)
class KeySlot:
    """One wrapping of the data key. The wrapped bytes are useless without the passphrase or keychain entry."""

    id: str
    kind: str
    label: str
    nonce: bytes
    wrapped: bytes
    salt: bytes = b""
    kdf: KdfParameters | None = None

    @property
    def shown(self) -> Slot:
        """The slot as lists show it."""
        return Slot(self.id, self.kind, self.label)

    def _bound(self, vault_id: str) -> bytes:
        """What the wrapping is bound to: a changed kind, cost, salt or vault makes it unreadable.

        The label is not bound: it may be edited, and the header's MAC covers it.
        """
        kdf = self.kdf
        cost = [kdf.time_cost, kdf.memory_kib, kdf.lanes] if kdf is not None else []
        return json.dumps([vault_id, self.id, self.kind, self.salt.hex(), cost]).encode()

    def wrap(self, vault_id: str, wrapping_key: bytes, data_key: bytes) -> KeySlot:
        """The slot holding ``data_key`` under ``wrapping_key`` (AES-256-GCM)."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(_NONCE_BYTES)
        return replace(self, nonce=nonce, wrapped=AESGCM(wrapping_key).encrypt(nonce, data_key, self._bound(vault_id)))

    def unwrap(self, vault_id: str, wrapping_key: bytes) -> bytes | None:
        """The data key, or ``None`` when the wrapping key does not fit."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            return AESGCM(wrapping_key).decrypt(self.nonce, self.wrapped, self._bound(vault_id))
        except InvalidTag:
            return None

    def as_document(self) -> dict[str, Any]:
        """The slot as the key file holds it."""
        document: dict[str, Any] = {
            "id": self.id,
            "kind": self.kind,
            "label": self.label,
            "nonce": _text(self.nonce),
            "wrapped": _text(self.wrapped),
        }
        if self.kdf is not None:
            document["kdf"] = {
                "algorithm": "argon2id",
                "time_cost": self.kdf.time_cost,
                "memory_kib": self.kdf.memory_kib,
                "lanes": self.kdf.lanes,
                "salt": _text(self.salt),
            }
        return document

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> KeySlot:
        """Read :meth:`as_document` back; raises ``KeyError``, ``TypeError`` or ``ValueError`` on other shapes."""
        kdf, salt = None, b""
        if "kdf" in document:
            cost = document["kdf"]
            if cost["algorithm"] != "argon2id":
                raise ValueError("unknown key derivation")
            kdf = KdfParameters(int(cost["time_cost"]), int(cost["memory_kib"]), int(cost["lanes"]))
            if not (1 <= kdf.time_cost <= _MOST_PASSES and 8 <= kdf.memory_kib <= _MOST_MEMORY_KIB):
                raise ValueError("key derivation cost out of range")
            if not 1 <= kdf.lanes <= 64:
                raise ValueError("key derivation lanes out of range")
            salt = _bytes(cost["salt"])
        return cls(
            id=str(document["id"]),
            kind=str(document["kind"]),
            label=str(document["label"]),
            nonce=_bytes(document["nonce"]),
            wrapped=_bytes(document["wrapped"]),
            salt=salt,
            kdf=kdf,
        )


def passphrase_slot(vault_id: str, label: str, passphrase: str, data_key: bytes, parameters: KdfParameters) -> KeySlot:
    """A new slot that wraps the data key with a passphrase."""
    slot = KeySlot(
        secrets.token_hex(8), PASSPHRASE, label, b"", b"", salt=secrets.token_bytes(_SALT_BYTES), kdf=parameters
    )
    return slot.wrap(vault_id, derive_key(passphrase, slot.salt, parameters), data_key)


def keychain_slot(vault_id: str, label: str, data_key: bytes) -> tuple[KeySlot, bytes]:
    """A new slot under a random wrapping key, and that key, which the operating system's keychain is to keep."""
    wrapping_key = secrets.token_bytes(_WRAPPING_KEY_BYTES)
    slot = KeySlot(secrets.token_hex(8), KEYCHAIN, label, b"", b"")
    return slot.wrap(vault_id, wrapping_key, data_key), wrapping_key


@dataclass(frozen=True, slots=True)
class KeyHeader:
    """All slots of one vault."""

    vault_id: str
    slots: tuple[KeySlot, ...]

    def _document(self) -> dict[str, Any]:
        return {"format": _FORMAT, "vault": self.vault_id, "slots": [slot.as_document() for slot in self.slots]}

    def _mac(self, data_key: bytes) -> bytes:
        body = json.dumps(self._document(), sort_keys=True, separators=(",", ":")).encode()
        return hmac.digest(derived_key(data_key, "key-header"), body, "sha256")

    def write(self, path: Path, data_key: bytes) -> None:
        """Replace the key file in one step; a crash leaves the old or the new one, whole."""
        document = {**self._document(), "mac": _text(self._mac(data_key))}
        write_atomically(path, json.dumps(document, indent=1, ensure_ascii=False).encode())

    @classmethod
    def read(cls, path: Path) -> tuple[KeyHeader, bytes]:
        """The header and its MAC, not yet checked (that takes the data key: :meth:`check`).

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
            if document["format"] != _FORMAT:
                raise ValueError("unknown format")
            slots = tuple(KeySlot.from_document(slot) for slot in document["slots"])
            if not slots:
                raise ValueError("no slots")
            return cls(str(document["vault"]), slots), _bytes(document["mac"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise IntegrityError(
                "vault.key_file",
                "The key file of the vault cannot be read.",
                remedy="Restore vault.keys from a backup of the vault folder.",
                detail=type(error).__name__,
            ) from None

    def check(self, mac: bytes, data_key: bytes) -> None:
        """Raise :class:`IntegrityError` (``vault.key_file_altered``) unless the data key made this header's MAC."""
        if not hmac.compare_digest(mac, self._mac(data_key)):
            raise IntegrityError(
                "vault.key_file_altered",
                "The key file of the vault was altered outside the program.",
                remedy="Restore vault.keys from a backup of the vault folder.",
            )

    def unlock(self, passphrase: str, floor: KdfParameters) -> tuple[bytes, KeySlot]:
        """The data key by a passphrase, with the slot that gave it.

        Raises
        ------
        IntegrityError
            ``vault.kdf_floor`` when a slot asks for less work than ``floor``: nobody but an attacker writes that.
        LockedError
            ``vault.wrong_passphrase`` when no slot opens.
        """
        for slot in self.slots:
            if slot.kind != PASSPHRASE or slot.kdf is None:
                continue
            if slot.kdf.is_below(floor):
                raise IntegrityError(
                    "vault.kdf_floor",
                    "The key file asks for a weaker protection than this program accepts.",
                    remedy="Restore vault.keys from a backup of the vault folder.",
                    detail=f"time_cost={slot.kdf.time_cost} memory_kib={slot.kdf.memory_kib}",
                )
            data_key = slot.unwrap(self.vault_id, derive_key(passphrase, slot.salt, slot.kdf))
            if data_key is not None:
                return data_key, slot
        raise LockedError(
            "vault.wrong_passphrase",
            "This passphrase does not open the vault.",
            remedy="Type it again; check the keyboard layout and the Caps Lock key.",
        )

    def with_slot(self, slot: KeySlot) -> KeyHeader:
        """The header with one slot more."""
        return replace(self, slots=(*self.slots, slot))

    def without_slot(self, slot_id: str) -> KeyHeader:
        """The header with one slot less.

        Raises
        ------
        NotFoundError
            ``vault.no_slot`` for an unknown id.
        UsageError
            ``vault.last_passphrase`` for the last passphrase slot (V-10, V-15): a keychain alone may be lost.
        """
        kept = tuple(slot for slot in self.slots if slot.id != slot_id)
        if len(kept) == len(self.slots):
            raise NotFoundError("vault.no_slot", "The vault has no such key slot.", remedy="List the slots first.")
        if not any(slot.kind == PASSPHRASE for slot in kept):
            raise UsageError(
                "vault.last_passphrase",
                "The last passphrase of a vault cannot be removed.",
                remedy="Add another passphrase first.",
            )
        return replace(self, slots=kept)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _bytes(value: str) -> bytes:
    return base64.b64decode(value, validate=True)
