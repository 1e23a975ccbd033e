"""Finds what is whole in an archive whose end is missing, by the headers that stand before each member."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from clarity_desktop.importers.healthkit.inflate import CHUNK_BYTES, archive_damaged

__all__ = ["CutMember", "first_cut_member"]

_HEADER = struct.Struct("<4sHHHHHIIIHH")
_DEFLATED = 8
_ENCRYPTED, _SIZES_FOLLOW = 0x1, 0x8
_PACKED_BYTES = 1 << 18
_MEMBERS = 20_000
_UNKNOWN = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class CutMember:
    """A member of an archive without directory."""

    name: str
    start: bytes
    chunks: Callable[[], Iterator[bytes]]
    """Its unpacked bytes up to the cut. They are the right ones when the file was cut and nothing else; a check sum
    that still stands behind the member is tested."""


def first_cut_member(
    handle: BinaryIO, name: str, wanted: Callable[[bytes], bool], start_bytes: int
) -> CutMember | None:
    """The first member whose beginning is wanted, ``None`` when there is none before the cut."""
    position = 0
    for _ in range(_MEMBERS):
        handle.seek(position)
        raw = handle.read(_HEADER.size)
        if len(raw) < _HEADER.size or raw[:4] != b"PK\x03\x04":
            return None
        _, _, flags, method, _, _, crc, packed, _, name_bytes, extra_bytes = _HEADER.unpack(raw)
        member = handle.read(name_bytes).decode("utf-8", "replace")
        begin = position + _HEADER.size + name_bytes + extra_bytes
        if flags & _ENCRYPTED or method != _DEFLATED:
            return None
        follows = bool(flags & _SIZES_FOLLOW)
        if member.lower().endswith(".xml"):
            start = next(_inflated(handle, begin, None, name, start_bytes), b"")
            if wanted(start):
                return CutMember(member, start, partial(_inflated, handle, begin, None if follows else crc, name))
        if follows or packed in (0, _UNKNOWN):
            return None
        position = begin + packed
    return None


def _inflated(
    handle: BinaryIO, begin: int, crc: int | None, name: str, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[bytes]:
    """Unpacked chunks up to the end of the stream or of the file.

    Raises
    ------
    InputError
        ``import.archive_damaged`` when the stream does not decode, or is whole and its check sum differs.
    """
    handle.seek(begin)
    decompressor = zlib.decompressobj(-15)
    checked = 0
    waiting = b""
    while not decompressor.eof:
        waiting = waiting or handle.read(_PACKED_BYTES)
        if not waiting:
            return
        try:
            chunk = decompressor.decompress(waiting, chunk_bytes)
        except zlib.error as error:
            raise archive_damaged(name, "deflate stream breaks in an archive without directory") from error
        waiting = decompressor.unconsumed_tail
        checked = zlib.crc32(chunk, checked)
        if chunk:
            yield chunk
    if crc is None:
        behind = decompressor.unused_data[:8] + handle.read(8)
        if behind[:4] == b"PK\x07\x08" and len(behind) >= 8:
            crc = int.from_bytes(behind[4:8], "little")
    if crc is not None and checked != crc:
        raise archive_damaged(name, "CRC differs in an archive without directory")
