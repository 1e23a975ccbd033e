"""Overwriting secrets in memory, also those that Python calls immutable."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

__all__ = ["overwrite"]

_BYTES_HEAD: Final = bytes.__basicsize__ - 1
_ASCII_HEAD: Final = sys.getsizeof("") - 1
_WIDE_HEAD: Final = str.__basicsize__ - ctypes.sizeof(ctypes.c_void_p)
_LEAST: Final = 8
"""Shorter objects may be shared with the rest of the program; none of them is a secret."""


def overwrite(*secrets: bytes | bytearray | str | None) -> None:
    """Fill what these objects hold with zeros, in place.

    Only for objects that the caller made and nobody else needs: every other reference to them sees zeros too. What
    libraries have copied, and what Python moved before, is out of reach; see the page on locking for users.
    """
    for secret in secrets:
        if isinstance(secret, bytearray):
            secret[:] = bytes(len(secret))
        elif secret is not None and len(secret) >= _LEAST and sys.implementation.name == "cpython":
            if isinstance(secret, bytes):
                head, size = _BYTES_HEAD, len(secret)
            else:
                widest = ord(max(secret))
                width = 1 if widest < 0x100 else 2 if widest < 0x10000 else 4
                head, size = (_ASCII_HEAD if widest < 0x80 else _WIDE_HEAD), len(secret) * width
            ctypes.memset(id(secret) + head, 0, size)
