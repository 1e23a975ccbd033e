"""Putting the files of a re-keyed vault in place: several files change as one, however the program ends."""

from __future__ import annotations

import shutil
from typing import Final

from clarity_desktop.domain.errors import ConflictError
from clarity_desktop.vault.store.failures import file_failures
from clarity_desktop.vault.store.filelock import FileLock
from clarity_desktop.vault.store.layout import VaultLayout, sync_folder, write_atomically

__all__ = ["commit_swap", "finish_swap", "swap_lock", "work_layout"]

_FOLDER: Final = "rekey"
_MARK: Final = "complete"
_NAMES: Final = ("patients.keys", "erased.ledger", "audit.head", "vault.keys", "vault.db")


def work_layout(layout: VaultLayout) -> VaultLayout:
    """Where the re-keyed files are prepared, inside the vault's folder."""
    return VaultLayout(layout.directory / _FOLDER)


def swap_lock(layout: VaultLayout) -> FileLock:
    """The right to re-key; raises :class:`ConflictError` (``vault.busy``) while another process does it."""
    lock = FileLock.take(layout.directory / "rekey.lock")
    if lock is None:
        raise ConflictError(
            "vault.busy", "The vault is given new keys by another process.", remedy="Wait a moment and open it again."
        )
    return lock


def commit_swap(layout: VaultLayout) -> None:
    """Say that all files are prepared, and put them in place. After the first step nothing but that can happen."""
    work = work_layout(layout)
    for path in work.directory.iterdir():
        if path.name not in _NAMES:
            path.unlink()
    write_atomically(work.directory / _MARK, b"")
    _move(layout)


def finish_swap(layout: VaultLayout) -> None:
    """On opening: finish what an earlier run has committed, or remove what it has only prepared."""
    work = work_layout(layout)
    if not work.directory.is_dir():
        return
    with file_failures():
        lock = swap_lock(layout)
        try:
            if (work.directory / _MARK).exists():
                _move(layout)
            else:
                shutil.rmtree(work.directory)
        finally:
            lock.release()


def _move(layout: VaultLayout) -> None:
    work = work_layout(layout).directory
    if (work / "vault.db").exists():
        # A log of the old database must never be read into the new one.
        for ending in ("-wal", "-shm"):
            layout.database.with_name(layout.database.name + ending).unlink(missing_ok=True)
    for name in _NAMES:
        if (work / name).exists():
            (work / name).replace(layout.directory / name)
    sync_folder(layout.directory)
    shutil.rmtree(work)
