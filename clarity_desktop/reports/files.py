"""Files that a report wrote, and writing them so that a reader never meets half of one."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from clarity_desktop.domain.errors import InputError

__all__ = ["ReportFile", "sha256_of", "write_whole"]

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class ReportFile:
    """One written file."""

    path: Path
    sha256: str
    """SHA-256 of its bytes, hexadecimal."""


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def write_whole(path: Path, content: bytes) -> ReportFile:
    """Write a file so that it appears under its name only when it is whole.

    Raises
    ------
    InputError
        ``report.not_writable`` when the folder does not take the file.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        partial.replace(path)
    except OSError as error:
        if partial.exists():
            partial.unlink()
        raise InputError(
            "report.not_writable",
            f"“{path.name}” could not be written. Nothing was changed.",
            remedy="Choose a folder with free space that you may write to.",
            detail=type(error).__name__,
        ) from error
    return ReportFile(path, hashlib.sha256(content).hexdigest())
