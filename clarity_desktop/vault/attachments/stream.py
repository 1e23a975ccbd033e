"""A stream in authenticated segments: the STREAM construction over AES-256-GCM (Hoang et al., CRYPTO 2015).

Each segment's nonce holds a prefix of the stream, the segment's number and whether it is the last one. So a segment
that is missing, repeated, reordered or taken from another stream, and a stream cut at its end, do not decrypt.
"""

from __future__ import annotations

import secrets
import struct
from dataclasses import dataclass
from typing import Final

from clarity_desktop.domain.errors import IntegrityError

__all__ = ["SEGMENT_BYTES", "SegmentCipher", "segments_of"]

SEGMENT_BYTES: Final = 64 * 1024
"""Plain bytes of every segment but the last one."""
_PREFIX_BYTES: Final = 7
_NONCE: Final = struct.Struct(">7sIB")


def segments_of(size: int) -> int:
    """How many segments a stream of ``size`` bytes has; an empty one has one, so that its end is authentic too."""
    return max(1, -(-size // SEGMENT_BYTES))


@dataclass(frozen=True, slots=True)
class SegmentCipher:
    """Seals and opens the segments of one stream. The key is never used for another one."""

    key: bytes
    prefix: bytes
    bound: bytes
    """What the stream belongs to."""

    @classmethod
    def new(cls, bound: bytes) -> SegmentCipher:
        """The cipher of a new stream, with a random key."""
        return cls(secrets.token_bytes(32), secrets.token_bytes(_PREFIX_BYTES), bound)

    def seal(self, number: int, plain: bytes, *, last: bool) -> bytes:
        """Segment ``number``, counted from 0, as it is stored."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self.key).encrypt(_NONCE.pack(self.prefix, number, last), plain, self.bound)

    def open(self, number: int, sealed: bytes, *, last: bool) -> bytes:
        """The reverse of :meth:`seal`; raises :class:`IntegrityError` (``attachment.damaged``)."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            return AESGCM(self.key).decrypt(_NONCE.pack(self.prefix, number, last), sealed, self.bound)
        except InvalidTag:
            raise damaged(f"segment {number}") from None


def damaged(detail: str) -> IntegrityError:
    """The error of a document whose bytes are not as they were written."""
    return IntegrityError(
        "attachment.damaged",
        "This document is not as it was stored.",
        remedy="Restore the vault from a backup, or add the document again.",
        detail=detail,
    )
