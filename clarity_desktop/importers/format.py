"""What a file format is to the registry, and what an opened file offers to the pipeline."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from clarity_desktop.domain.errors import InputError

if TYPE_CHECKING:
    from clarity_desktop.importers.reading import Reading

__all__ = ["HEAD_BYTES", "Format", "Head", "Source", "is_gzipped", "open_bytes", "read_head"]

HEAD_BYTES = 65_536
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Head:
    """What a format may look at to claim a file: its first bytes, unpacked when gzipped. Never its name."""

    path: Path
    is_folder: bool
    start: bytes
    """Up to :data:`HEAD_BYTES` bytes; empty for a folder."""


class Source(Protocol):
    """An opened file, known to be of its format, not yet read."""

    @property
    def format_version(self) -> str:
        """Version the file states for its format, ``""`` when it states none."""

    @property
    def total_bytes(self) -> int | None:
        """Unpacked bytes that :meth:`read` will go through, ``None`` when unknown."""

    @property
    def hashed(self) -> tuple[Path, ...]:
        """The files whose bytes identify this import."""

    def read(self, reading: Reading) -> None:
        """Read everything into ``reading.sink`` and count it in ``reading.tally``."""


@dataclass(frozen=True, slots=True)
class Format:
    """A file format, declared once in the module that reads it."""

    id: str
    """Stable name: ``healthkit``, ``csv``, ``actiwatch-awd``."""
    title: str
    suffixes: tuple[str, ...]
    """For file dialogs only; recognition looks at the content."""
    claims: Callable[[Head], bool]
    open: Callable[[Path], AbstractContextManager[Source]]


def is_gzipped(path: Path) -> bool:
    """Whether a file is packed with gzip."""
    with path.open("rb") as handle:
        return handle.read(2) == _GZIP


def open_bytes(path: Path) -> BinaryIO:
    """Open a file for reading, unpacking gzip on the way.

    Raises
    ------
    InputError
        ``import.cannot_open`` when the system does not let us read it.
    """
    try:
        handle = path.open("rb")
    except OSError as error:
        raise _cannot_open(path, error) from error
    magic = handle.read(2)
    handle.seek(0)
    if magic != _GZIP:
        return handle
    return io.BufferedReader(_OwningGzip(handle))


class _OwningGzip(gzip.GzipFile):
    """A gzip reader that closes the file it was given."""

    def __init__(self, handle: BinaryIO) -> None:
        super().__init__(fileobj=handle, mode="rb")
        self._handle = handle

    def close(self) -> None:
        super().close()
        self._handle.close()


def read_head(path: Path) -> Head:
    """Look at the start of a file.

    Raises
    ------
    InputError
        ``import.not_found``, ``import.cannot_open`` or ``import.empty_file``.
    """
    if not path.exists():
        raise InputError(
            "import.not_found", f"There is no file “{path.name}” here.", remedy="Check the name and the folder."
        )
    if path.is_dir():
        return Head(path, True, b"")
    try:
        with open_bytes(path) as handle:
            start = handle.read(HEAD_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise _cannot_open(path, error) from error
    if not start:
        raise InputError(
            "import.empty_file",
            f"The file “{path.name}” is empty.",
            remedy="Export the data again, and check that the copy has the same size as the original.",
        )
    return Head(path, False, start)


def _cannot_open(path: Path, error: Exception) -> InputError:
    return InputError(
        "import.cannot_open",
        f"The file “{path.name}” cannot be opened.",
        remedy="Check that it is still there and that this account may read it.",
        detail=type(error).__name__,
    )
