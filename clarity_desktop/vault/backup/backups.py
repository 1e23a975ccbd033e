"""The backups of an open vault: making, listing, rotating them, and practising the restore."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.domain.time import Instant
from clarity_desktop.domain.work import CancelToken, ProgressListener, ignore_progress
from clarity_desktop.vault.backup import rotation
from clarity_desktop.vault.backup.failures import backup_failures
from clarity_desktop.vault.backup.inspection import backups_in, checked, not_there
from clarity_desktop.vault.backup.manifest import Manifest
from clarity_desktop.vault.backup.restore import Opener, unpacked
from clarity_desktop.vault.backup.writer import PARTIAL, alone, write_backup
from clarity_desktop.vault.erasure.copies import BackupPlace
from clarity_desktop.vault.keys.header import KeyHeader
from clarity_desktop.vault.store import schema
from clarity_desktop.vault.store.circumstances import Circumstances
from clarity_desktop.vault.store.layout import VaultLayout
from clarity_desktop.vault.store.transactions import Store

__all__ = ["Backups", "DrillReport", "folder_beside"]


_GROWS: Final = frozenset({"audit", "people"})
"""Tables to which opening adds rows."""


@dataclass(frozen=True, slots=True)
class DrillReport:
    """What practising a restore came to."""

    name: str
    ok: bool
    problems: tuple[str, ...]
    seconds: float
    patients: int
    audit_entries: int


def folder_beside(directory: Path) -> Path:
    """The default folder for the backups of a vault: beside its folder, so that losing the one leaves the other."""
    return directory.with_name(f"{directory.name}-backups")


class Backups:
    """The backups of one vault in one folder.

    Attributes
    ----------
    folder:
        Where they lie; made with the first one.
    """

    def __init__(
        self, store: Store, data_key: Callable[[], bytes], folder: Path, clock: Callable[[], float] = time.time
    ) -> None:
        self.folder = folder
        self._store = store
        self._data_key = data_key
        self._clock = clock

    def make(
        self,
        kind: str = "manual",
        *,
        folder: Path | None = None,
        rotates: bool = True,
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> Manifest:
        """Make a verified backup and let those go that rotation no longer keeps; raises as :func:`write_backup` does.

        Parameters
        ----------
        folder:
            Another place, such as an external disk; nothing is rotated there.
        rotates:
            False lets all earlier ones stay, because one of them is about to be restored.
        """
        with self._store.noting("vault.backup") as write:
            write.outcome = "begun"
            write.detail = kind
        try:
            manifest = write_backup(
                self._store.layout,
                self._store.engine,
                self._data_key(),
                folder or self.folder,
                kind=kind,
                now=self._now(),
                progress=progress,
                cancel=cancel,
            )
        except ClarityError as error:
            # Where the pages of the audit itself are damaged, what is said is why there is no backup.
            with contextlib.suppress(ClarityError), self._store.noting("vault.backup") as write:
                write.outcome = "failed"
                write.detail = error.code
            raise
        with self._store.noting("vault.backup") as write:
            write.detail = f"{manifest.name}, verified"
        if folder is None and rotates:
            self.rotate()
        return manifest

    def make_if_due(
        self, *, progress: ProgressListener = ignore_progress, cancel: CancelToken | None = None
    ) -> Manifest | None:
        """The daily backup, where a day has passed since the last; else ``None``."""
        if not self.is_due():
            return None
        return self.make("scheduled", progress=progress, cancel=cancel)

    def is_due(self) -> bool:
        """Whether a day has passed since the last verified backup."""
        return rotation.is_due(self.list(), self._now())

    def list(self) -> list[Manifest]:
        """The backups of this vault, newest first."""
        vault_id = KeyHeader.read(self._store.layout.keys)[0].vault_id
        return [one for one in backups_in(self.folder) if one.vault_id == vault_id]

    def path_of(self, manifest: Manifest) -> Path:
        """Where a backup lies."""
        return self.folder / manifest.name

    def places(self) -> tuple[BackupPlace, ...]:
        """Where an erasure has to look."""
        return (BackupPlace(self.folder),) if self.folder.is_dir() else ()

    def last_verified(self) -> Manifest | None:
        """The latest backup that was found whole when it was made."""
        return rotation.last_verified(self.list())

    def is_overdue(self) -> bool:
        """Whether there was no verified backup for 7 days, which a notice has to say (V-58)."""
        with self._store.reading() as connection:
            since = connection.execute(select(func.min(schema.audit.c.at))).scalar_one_or_none()
        now = self._now()
        return rotation.is_overdue(self.list(), now if since is None else int(since), now)

    def rotate(self) -> tuple[str, ...]:
        """Remove the backups that are no longer kept; answers their names."""
        gone = []
        for one in rotation.expendable(self.list(), self._now()):
            with self._store.noting("vault.backup_expired") as write:
                write.detail = one.name
            # The name goes first, so that half a backup is never listed.
            leaving = self.folder / f"{PARTIAL}{secrets.token_hex(6)}"
            with backup_failures():
                self.path_of(one).rename(leaving)
                shutil.rmtree(leaving, ignore_errors=True)
            gone.append(one.name)
        return tuple(gone)

    def check(self, name: str, *, progress: ProgressListener = ignore_progress) -> Manifest:
        """Read every byte of a backup of this vault again; raises as :func:`checked` does."""
        vault_id = KeyHeader.read(self._store.layout.keys)[0].vault_id
        manifest = checked(self.folder / name, vault_id=vault_id, allow_older=True, progress=progress)
        manifest.opened(self._data_key())
        return manifest

    def drill(
        self,
        opener: Opener,
        *,
        progress: ProgressListener = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> DrillReport:
        """Restore the latest backup to a place that is removed again, encrypted all the while, and compare (V-54).

        Raises
        ------
        NotFoundError
            ``backup.absent`` when there is none.
        """
        token = cancel or CancelToken()
        latest = self.last_verified()
        if latest is None:
            raise not_there()
        began = time.monotonic()
        with self._store.noting("vault.drill") as write:
            write.detail = latest.name
        manifest = checked(self.path_of(latest), allow_older=True, progress=progress, cancel=token)
        contents = manifest.opened(self._data_key())
        with backup_failures(), alone(self.folder):
            work = self.folder / f"{PARTIAL}drill-{secrets.token_hex(6)}"
            try:
                unpacked(self.path_of(latest), work, manifest, progress, token)
                with opener(work, self._as_copy()) as vault:
                    report = vault.verify()
                    found = vault.row_counts()
                    as_copied = manifest.schema == schema.REVISION and not VaultLayout(work).erased.exists()
            finally:
                shutil.rmtree(work, ignore_errors=True)
        problems = list(report.problems)
        problems += [
            f"Rows of {name} differ."
            for name, count in contents.rows.items()
            if as_copied and name not in _GROWS and found.get(name) != count
        ]
        problems += self._compared_with_audit(contents.audit_entries, contents.audit_hash)
        seconds = time.monotonic() - began
        return DrillReport(
            latest.name,
            not problems,
            tuple(problems),
            seconds,
            contents.rows.get("patients", 0),
            contents.audit_entries,
        )

    def _compared_with_audit(self, entries: int, digest: str) -> tuple[str, ...]:
        query = select(schema.audit.c.hash).where(schema.audit.c.seq == entries)
        with self._store.reading() as connection:
            here = connection.execute(query).scalar_one_or_none()
        if here is None or bytes(here).hex() != digest:
            return ("The audit of the backup is not the beginning of the vault's audit.",)
        return ()

    def _as_copy(self) -> Circumstances:
        here = self._store.circumstances
        return Circumstances(origin=here.origin, correlation=here.correlation, is_copy=True)

    def _now(self) -> Instant:
        return int(self._clock())
