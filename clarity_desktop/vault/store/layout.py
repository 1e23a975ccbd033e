"""Where the files of a vault lie, who may read them, and how small ones are replaced in one step."""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

__all__ = ["VaultLayout", "create_private_file", "sync_folder", "write_atomically"]


@dataclass(frozen=True, slots=True)
class VaultLayout:
    """Paths inside a vault's folder."""

    directory: Path

    @property
    def database(self) -> Path:
        """The SQLCipher file."""
        return self.directory / "vault.db"

    @property
    def keys(self) -> Path:
        """The key slots."""
        return self.directory / "vault.keys"

    @property
    def tries(self) -> Path:
        """The count of wrong passphrases."""
        return self.directory / "vault.tries"

    @property
    def owner(self) -> Path:
        """Held locked by the process that may write."""
        return self.directory / "owner.lock"

    @property
    def audit_head(self) -> Path:
        """The head of the audit chain, kept outside the database."""
        return self.directory / "audit.head"

    @property
    def patient_keys(self) -> Path:
        """The wrapped keys of the patients; every backup needs its own copy."""
        return self.directory / "patients.keys"

    @property
    def erased(self) -> Path:
        """The ledger of erased patients, kept outside the database so that no older copy brings them back."""
        return self.directory / "erased.ledger"

    @property
    def unfinished_database(self) -> Path:
        """The database while it is being made."""
        return self.directory / "vault.db.new"

    def import_lock(self, token: str) -> Path:
        """The file that a running import holds locked."""
        return self.directory / f"import-{token}.lock"

    def prepare(self) -> None:
        """Make the folder, readable by its owner only (V-44), and free the names of a vault that is no more.

        Files without their database are kept under another name, because the database may have been moved away; a
        left log must never be read into a new database.
        """
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.directory.chmod(0o700)
        mark = secrets.token_hex(4)
        for name in (
            "vault.keys",
            "vault.db-wal",
            "vault.db-shm",
            "vault.tries",
            "audit.head",
            "patients.keys",
            "erased.ledger",
        ):
            path = self.directory / name
            if path.exists():
                path.rename(self.directory / f"{name}.{mark}.old")
        for ending in ("", "-wal", "-shm"):
            self.unfinished_database.with_name(self.unfinished_database.name + ending).unlink(missing_ok=True)


def create_private_file(path: Path) -> None:
    """Make an empty file that only its owner may read; it must not exist yet."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def write_atomically(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Replace a file's content in one step, owner-only.

    Parameters
    ----------
    durable:
        Wait until the bytes are on the disk. Without it a power cut may bring the older content back, never a mix.
    """
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(content)
            handle.flush()
            if durable:
                os.fsync(handle.fileno())
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can do that."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
