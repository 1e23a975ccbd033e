"""The state of an interrupted import as bytes: a JSON document in which arrays of numbers stand as they are."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.vault.chunks.codec import compress, decompress

__all__ = ["pack_state", "unpack_state"]

_HEAD: Final = struct.Struct("<2sI")
_MAGIC: Final = b"C1"
_ARRAY: Final = "$array"
_DTYPES: Final = frozenset({"<i8", "<i4", "<f8", "|u1", "<u8"})


def pack_state(document: Mapping[str, Any]) -> bytes:
    """The bytes of a document of mappings, lists, texts, numbers and one-dimensional arrays of numbers.

    Raises
    ------
    TypeError
        For anything else in it.
    """
    arrays: list[bytes] = []

    def plain(value: object) -> object:
        if isinstance(value, np.ndarray):
            if value.ndim != 1 or value.dtype.str not in _DTYPES:
                raise TypeError(f"an array of {value.dtype} with {value.ndim} dimensions")
            arrays.append(value.tobytes())
            return {_ARRAY: [value.dtype.str, len(arrays[-1])]}
        raise TypeError(f"a {type(value).__name__}")

    text = json.dumps(document, default=plain, ensure_ascii=True, separators=(",", ":")).encode()
    return _HEAD.pack(_MAGIC, len(text)) + compress(text + b"".join(arrays))


def unpack_state(raw: bytes) -> dict[str, Any]:
    """The reverse of :func:`pack_state`; tuples have become lists.

    Raises
    ------
    IntegrityError
        ``import.state`` when the bytes are no such document.
    """
    if len(raw) < _HEAD.size:
        raise _damaged()
    magic, size = _HEAD.unpack_from(raw)
    if magic != _MAGIC:
        raise _damaged()
    payload = decompress(memoryview(raw)[_HEAD.size :])
    at = size

    def given(value: dict[str, Any]) -> object:
        nonlocal at
        if list(value) != [_ARRAY]:
            return value
        dtype, length = value[_ARRAY]
        if dtype not in _DTYPES or at + length > len(payload):
            raise _damaged()
        array: NDArray[np.generic] = np.frombuffer(payload, dtype, length // np.dtype(dtype).itemsize, at).copy()
        at += length
        return array

    try:
        document = json.loads(payload[:size], object_hook=given)
    except (ValueError, TypeError) as error:
        raise _damaged() from error
    if not isinstance(document, dict):
        raise _damaged()
    return document


def _damaged() -> IntegrityError:
    return IntegrityError(
        "import.state",
        "What an interrupted import had noted cannot be read.",
        remedy="Import the file again; it is then read from its beginning.",
    )
