"""Sealing the bytes of one patient: AES-256-GCM, bound to the patient, the table and the row they belong to."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Final

from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.domain.people import PatientId

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["PatientSeal"]

_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12
_LEAST: Final = len(_VERSION) + _NONCE_BYTES + 16


class PatientSeal:
    """Seals and opens what belongs to one patient. May be used from any thread.

    Each sealing takes a random nonce of 96 bits, which is safe for 2³² sealings under one key (NIST SP 800-38D §8.3);
    a patient of forty years of data has some ten thousand. The key itself is not kept: the cipher has it in memory of
    its own, which OpenSSL clears at the end.
    """

    __slots__ = ("_cipher", "patient_id")

    def __init__(self, patient_id: PatientId, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self.patient_id = patient_id
        self._cipher: AESGCM = AESGCM(key)

    def seal(self, plain: bytes, table: str, *row: str | int) -> bytes:
        """The sealed bytes: version, nonce, ciphertext and tag.

        Parameters
        ----------
        table, row:
            What the bytes are bound to: they open nowhere else. ``row`` is whatever identifies the row for good.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, self._bound(table, row))

    def open(self, sealed: bytes, table: str, *row: str | int) -> bytes:
        """The reverse of :meth:`seal`.

        Raises
        ------
        IntegrityError
            ``vault.seal`` when the bytes were altered, or belong to another row or patient.
        """
        from cryptography.exceptions import InvalidTag

        if len(sealed) < _LEAST or sealed[:1] != _VERSION:
            raise _broken(table)
        body = memoryview(sealed)
        try:
            return self._cipher.decrypt(sealed[1 : 1 + _NONCE_BYTES], body[1 + _NONCE_BYTES :], self._bound(table, row))
        except InvalidTag:
            raise _broken(table) from None

    def _bound(self, table: str, row: tuple[str | int, ...]) -> bytes:
        return json.dumps([self.patient_id, table, *row], separators=(",", ":")).encode()


def _broken(table: str) -> IntegrityError:
    return IntegrityError(
        "vault.seal",
        "A stored piece of this person's data is not as it was written.",
        remedy="Restore the vault from a backup.",
        detail=table,
    )
