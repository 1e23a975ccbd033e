"""Wrapping one key with another: AES-256-GCM, bound to where the wrapping stands; and keys for one purpose each."""

from __future__ import annotations

import json
import secrets
from typing import Any, Final

__all__ = ["KEY_BYTES", "derived_key", "new_key", "unwrap", "wrap"]

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


def new_key() -> bytes:
    """A random 256-bit key."""
    return secrets.token_bytes(KEY_BYTES)


def derived_key(key: bytes, purpose: str, salt: bytes | None = None) -> bytes:
    """A 32-byte key for one purpose, by HKDF-SHA256 (RFC 5869)."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), KEY_BYTES, salt=salt, info=f"clarity-desktop/{purpose}".encode()).derive(key)


def wrap(key: bytes, secret: bytes, *bound: Any) -> bytes:
    """Nonce and sealed secret. Moved to another place, with other ``bound`` values, it does not open."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, secret, json.dumps(bound).encode())


def unwrap(key: bytes, sealed: bytes, *bound: Any) -> bytes | None:
    """The secret, or ``None`` when the key does not fit or the place is another."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if len(sealed) < _NONCE_BYTES + 16:
        return None
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], json.dumps(bound).encode())
    except InvalidTag:
        return None
