"""Whether the files of a vault can be read as one, without any key: for health checks that ask nobody for anything."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from clarity_desktop.domain.errors import ClarityError, IntegrityError
from clarity_desktop.vault.keys.header import KeyHeader
from clarity_desktop.vault.store.layout import VaultLayout

__all__ = ["check_at_rest"]

_PAGE: Final = 4096
"""Bytes; every page size in use is a multiple of it."""
_PLAIN: Final = b"SQLite format 3\x00"


def check_at_rest(directory: Path) -> None:
    """Read the key file and look at the database's first page and size; changes nothing, and opens nothing.

    What lies within the pages is checked with the key alone, by ``vault verify``.

    Raises
    ------
    NotFoundError
        ``vault.absent``.
    IntegrityError
        ``vault.key_file``, ``vault.database_missing``, ``vault.not_a_database``.
    ClarityError
        ``vault.folder`` when the system does not let it be read.
    """
    layout = VaultLayout(directory)
    KeyHeader.read_any(layout.keys)
    try:
        size = layout.database.stat().st_size
        with layout.database.open("rb") as stream:
            head = stream.read(_PAGE)
    except FileNotFoundError:
        raise IntegrityError(
            "vault.database_missing",
            "The vault's key file is here, but its database is not.",
            remedy="Bring vault.db back into the folder, from where it was moved or from a backup.",
        ) from None
    except OSError as error:
        raise ClarityError(
            "vault.folder",
            "The vault's folder cannot be used.",
            remedy="Check its permissions, or choose another folder.",
            detail=type(error).__name__,
        ) from None
    if len(head) < _PAGE or size % _PAGE or head.startswith(_PLAIN) or not any(head):
        raise IntegrityError(
            "vault.not_a_database",
            "The vault's database is not an encrypted one, or a part of it is missing.",
            remedy="Restore vault.db from a backup of the vault folder.",
            detail=f"{size} bytes",
        )
