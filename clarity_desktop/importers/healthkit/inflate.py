"""Unpacks a zip member in a thread of its own, so that unpacking and parsing overlap; checks length and CRC."""

from __future__ import annotations

import queue
import threading
import zlib
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from types import ModuleType
from typing import BinaryIO, Protocol, cast

from clarity_desktop.domain.errors import ClarityError, InputError

_deflate: ModuleType = zlib
_ERRORS: tuple[type[Exception], ...] = (zlib.error,)
if find_spec("isal") is not None:
    from isal import isal_zlib

    _deflate = isal_zlib
    _ERRORS = (zlib.error, cast(type[Exception], isal_zlib.error))

__all__ = ["CHUNK_BYTES", "archive_damaged", "inflated", "threaded"]

CHUNK_BYTES = 4 << 20
"""Unpacked bytes in one chunk."""
_PACKED_BYTES = 1 << 18
_AHEAD = 2


class _Decompressor(Protocol):
    eof: bool
    unconsumed_tail: bytes

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def archive_damaged(name: str, detail: str) -> InputError:
    """The error for an archive whose data is not what was packed."""
    return InputError(
        "import.archive_damaged",
        f"The archive “{name}” is damaged; nothing of it was stored.",
        remedy="Copy the archive again from where it came, or export it again.",
        detail=detail,
    )


def inflated(
    handle: BinaryIO, packed: int, size: int, crc: int, name: str, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[bytes]:
    """Chunks of a deflated member whose packed bytes begin at the handle's position.

    Raises
    ------
    InputError
        ``import.archive_damaged`` when the stream breaks off, does not decode, or differs in length or CRC-32.
    """
    decompressor: _Decompressor = _deflate.decompressobj(-15)
    checked = 0
    total = 0
    waiting = b""
    while not decompressor.eof:
        parts: list[bytes] = []
        missing = chunk_bytes
        while missing > 0 and not decompressor.eof:
            if not waiting and packed > 0:
                waiting = handle.read(min(_PACKED_BYTES, packed))
                packed = packed - len(waiting) if waiting else 0
            try:
                part = decompressor.decompress(waiting, missing)
            except _ERRORS as error:
                raise archive_damaged(name, f"deflate stream breaks near byte {total}") from error
            waiting = decompressor.unconsumed_tail
            # Without input the decompressor may still hold output back; when it holds none, the stream is cut.
            if not part and not waiting and packed == 0 and not decompressor.eof:
                raise archive_damaged(name, f"stream ends after {total} of {size} bytes")
            parts.append(part)
            missing -= len(part)
        chunk = b"".join(parts) if len(parts) != 1 else parts[0]
        checked = _deflate.crc32(chunk, checked)
        total += len(chunk)
        if total > size and size < 0xFFFFFFFF:
            raise archive_damaged(name, f"more than the {size} bytes that the directory states")
        if chunk:
            yield chunk
    if total != size or checked != crc:
        raise archive_damaged(name, f"CRC or length differs after {total} bytes")


_Item = bytes | ClarityError | OSError | None


def threaded(make: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
    """Run an iterator of chunks in a thread, a few chunks ahead. Its errors are raised here."""
    items: queue.Queue[_Item] = queue.Queue(_AHEAD)
    stopped = threading.Event()

    def put(item: _Item) -> bool:
        while not stopped.is_set():
            try:
                items.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for chunk in make():
                if not put(chunk):
                    return
        except (ClarityError, OSError) as error:
            put(error)
            return
        put(None)

    thread = threading.Thread(target=work, name="import-inflate", daemon=True)
    thread.start()
    try:
        while True:
            item = items.get()
            if item is None:
                return
            if isinstance(item, bytes):
                yield item
            else:
                raise item
    finally:
        stopped.set()
        thread.join()
