"""A chunk as bytes: a core that charts read, a rest that explains it, and a digest of what it says.

Layout of both blobs: magic, version, number of rows, CRC-32 of the payload; then the payload under zstd. The core holds
start (deltas), length, value and flags; the rest holds origin, lag of creation, extra codes, origin ids and the extra
texts as a JSON list.
"""

from __future__ import annotations

import hashlib
import json
import struct
import threading
import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
import zstandard
from numpy.typing import NDArray

from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.domain.importing import NO_INSTANT
from clarity_desktop.vault.chunks.columns import Columns
from clarity_desktop.vault.chunks.numbers import Reader, pack_floats, pack_integers

__all__ = [
    "Core",
    "compress",
    "decode_chunk",
    "decode_core",
    "decompress",
    "digest_of",
    "pack_chunk",
]

_HEAD: Final = struct.Struct("<2sBxIIq")
"""Magic, version, rows, CRC-32 of the payload, start of the first row."""
_MAGIC: Final = b"CC"
_VERSION: Final = 1
_LEVEL: Final = 3
_MOST_BYTES: Final = 1 << 30
_DIGEST_BYTES: Final = 16
_FEW: Final = 8
_thread = threading.local()


@dataclass(frozen=True, slots=True)
class Core:
    """What charts and analyses read of a chunk. All arrays have shape (N,), sorted by start, length, value."""

    start: NDArray[np.int64]
    length_s: NDArray[np.int32]
    value: NDArray[np.float64]
    flags: NDArray[np.uint8]


def compress(payload: bytes) -> bytes:
    """Zstd with a compressor of this thread."""
    compressor = getattr(_thread, "compressor", None)
    if compressor is None:
        compressor = _thread.compressor = zstandard.ZstdCompressor(level=_LEVEL)
    packed: bytes = compressor.compress(payload)
    return packed


def decompress(packed: bytes | memoryview) -> bytes:
    """The reverse of :func:`compress`; raises :class:`IntegrityError` (``vault.chunk``) on other bytes."""
    decompressor = getattr(_thread, "decompressor", None)
    if decompressor is None:
        decompressor = _thread.decompressor = zstandard.ZstdDecompressor()
    try:
        payload: bytes = decompressor.decompress(packed, max_output_size=_MOST_BYTES)
    except zstandard.ZstdError:
        raise _damaged("compression") from None
    return payload


@dataclass(frozen=True, slots=True)
class PackedChunk:
    """Columns packed and not yet compressed."""

    n: int
    first: int
    core: bytes
    rest: bytes
    digest: bytes
    """16 bytes that change when any sample or extra changes, whatever their creation times and origins."""

    def compressed(self) -> tuple[bytes, bytes]:
        """``(core, rest)`` as they are stored."""
        return _framed(self.core, self.n, self.first), _framed(self.rest, self.n, self.first)


def pack_chunk(columns: Columns) -> PackedChunk:
    """Pack sorted columns of one period; N ≥ 1."""
    n, first = len(columns), int(columns.start[0])
    delta = np.empty(n, np.int64)
    delta[0] = 0
    np.subtract(columns.start[1:], columns.start[:-1], out=delta[1:])
    core = b"".join(
        (
            pack_integers(delta),
            pack_integers(columns.length_s),
            pack_floats(columns.value),
            pack_integers(columns.flags),
        )
    )
    origins, origin = _in_order_of_use(columns.origin, len(columns.origins))
    extras, extra = _in_order_of_use(columns.extra, len(columns.extras))
    extra_codes = pack_integers(extra)
    texts = json.dumps([columns.extras[code] for code in extras], separators=(",", ":")).encode() if extras else b""
    rest = b"".join(
        (
            *_creation(columns),
            pack_integers(origin),
            extra_codes,
            struct.pack(f"<I{len(origins)}q", len(origins), *(columns.origins[code] for code in origins)),
            texts,
        )
    )
    return PackedChunk(n, first, core, rest, _digest(n, first, core, extra_codes, texts))


def digest_of(columns: Columns) -> bytes:
    """The digest that :func:`pack_chunk` gives these columns."""
    return pack_chunk(columns).digest


def _digest(n: int, first: int, *parts: bytes) -> bytes:
    state = hashlib.blake2b(struct.pack("<Iq", n, first), digest_size=_DIGEST_BYTES)
    for part in parts:
        state.update(part)
    return state.digest()


def decode_core(core: bytes) -> Core:
    """The core columns of a chunk; raises :class:`IntegrityError` (``vault.chunk``) when damaged."""
    payload, n, first = _unframed(core)
    reader = Reader(payload, n)
    start = reader.integers()
    np.cumsum(start, out=start)
    start += first
    return Core(start, reader.integers().astype(np.int32), reader.floats(), reader.integers().astype(np.uint8))


def decode_chunk(core: bytes, rest: bytes) -> Columns:
    """All columns of a chunk; raises :class:`IntegrityError` (``vault.chunk``) when damaged."""
    columns = decode_core(core)
    payload, n, _ = _unframed(rest)
    if n != columns.start.size:
        raise _damaged("row counts")
    reader = Reader(payload, n)
    stated, lag = reader.integers(), reader.integers()
    origin, extra = reader.integers(), reader.integers()
    origins, extras = _texts(reader.rest())
    created = np.where(stated != 0, columns.start + columns.length_s + lag, NO_INSTANT)
    return Columns(
        columns.start,
        columns.length_s,
        columns.value,
        columns.flags,
        created,
        origin.astype(np.int32),
        extra.astype(np.int32),
        origins,
        extras,
    )


def _creation(columns: Columns) -> tuple[bytes, bytes]:
    """Whether the creation time is stated, and by how many seconds it lags the sample's end."""
    stated = columns.created != NO_INSTANT
    lag = np.where(stated, columns.created - columns.start - columns.length_s, 0)
    return pack_integers(stated.view(np.uint8)), pack_integers(lag)


def _in_order_of_use(codes: NDArray[np.int32], size: int) -> tuple[list[int], NDArray[np.int32]]:
    """The codes in use by first use, and the column renumbered so (-1 stays): equal content, equal bytes."""
    if size == 0 or (size == 1 and codes.min() >= 0):
        return list(range(size)), codes
    if size <= _FEW:
        first_of = [(int((codes == code).argmax()), code) for code in range(size)]
        in_order = [code for at, code in sorted(first_of) if codes[at] == code]
    else:
        used, first_use = np.unique(codes, return_index=True)
        in_order = [code for code in used[np.argsort(first_use)].tolist() if code >= 0]
    place = np.full(size + 1, -1, np.int32)
    place[in_order] = np.arange(len(in_order), dtype=np.int32)
    return in_order, place[codes]


def _texts(raw: bytes) -> tuple[tuple[int, ...], tuple[str, ...]]:
    try:
        (count,) = struct.unpack_from("<I", raw)
        origins = struct.unpack_from(f"<{count}q", raw, 4)
        texts = raw[4 + 8 * count :]
        return origins, tuple(json.loads(texts)) if texts else ()
    except (struct.error, ValueError):
        raise _damaged("text tables") from None


def _framed(payload: bytes, n: int, first: int) -> bytes:
    return _HEAD.pack(_MAGIC, _VERSION, n, zlib.crc32(payload), first) + compress(payload)


def _unframed(blob: bytes) -> tuple[bytes, int, int]:
    if len(blob) < _HEAD.size:
        raise _damaged("head")
    magic, version, n, crc, first = _HEAD.unpack_from(blob)
    if magic != _MAGIC or version != _VERSION or n == 0:
        raise _damaged("head")
    payload = decompress(memoryview(blob)[_HEAD.size :])
    if zlib.crc32(payload) != crc:
        raise _damaged("checksum")
    return payload, n, first


def _damaged(detail: str) -> IntegrityError:
    return IntegrityError(
        "vault.chunk",
        "A stretch of stored samples is damaged.",
        remedy="Restore the vault from a backup, or import the file again.",
        detail=detail,
    )
