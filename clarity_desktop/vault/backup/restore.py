"""Restoring a backup into a new place, or over a vault that is kept aside."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clarity_desktop.domain.errors import ConflictError, IntegrityError, LockedError
from clarity_desktop.domain.work import CancelToken, Progress, ProgressListener, ignore_progress
from clarity_desktop.vault.backup.failures import backup_failures, no_room, unsound
from clarity_desktop.vault.backup.inspection import checked
from clarity_desktop.vault.backup.manifest import MANIFEST, Manifest, altered, hash_of
from clarity_desktop.vault.keys.header import KeyHeader
from clarity_desktop.vault.store.circumstances import API, Circumstances
from clarity_desktop.vault.store.layout import VaultLayout, create_private_file, sync_folder

if TYPE_CHECKING:
    from clarity_desktop.vault.vault import Vault

__all__ = ["Opener", "Restored", "restore_backup", "undo_interrupted", "unpacked"]

Opener = Callable[[Path, Circumstances], "Vault"]
"""Opens the vault in a folder: with a passphrase, with the keychain or with the data key."""

_KEPT: Final = ".before-restore-"
_WORK: Final = ".restoring-"
_SPARE_BYTES: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore came to."""

    manifest: Manifest
    vault: Path
    kept: Path | None
    """Where the vault that was there before lies now."""
    audit_entries: int
    """Entries of the audit at the time of the backup; later ones are in the kept vault only."""


def restore_backup(
    backup: Path,
    target: Path,
    opener: Opener,
    *,
    over: bool = False,
    allow_older: bool = False,
    origin: str = API,
    progress: ProgressListener = ignore_progress,
    cancel: CancelToken | None = None,
) -> Restored:
    """Restore a backup. The target is not open anywhere, and changes only when everything was found whole.

    The files are copied beside the target, compared with the manifest, opened with ``opener`` and verified; then the
    folder gets its name. With ``over`` the vault that was there is kept under another name; its key slots stay in
    force where they open the backup, so that nobody gets back in who was removed since.

    Parameters
    ----------
    over:
        Put it in place of a vault. Without it the target must not exist, or be empty.
    allow_older:
        Bring a backup of an older form to the present one.
    origin:
        From where it was asked for, as the audit says it.

    Raises
    ------
    ConflictError
        ``backup.occupied`` when there is something at the target, ``backup.foreign`` and ``backup.older``.
    NotFoundError
        ``vault.absent`` with ``over`` and no vault; ``backup.absent``.
    InputError, IntegrityError
        As :func:`checked` says, and ``backup.unsound`` when the restored copy does not verify.
    LockedError
        When ``opener`` does not open it.
    ClarityError
        ``backup.no_room``, ``backup.place``.
    """
    token = cancel or CancelToken()
    current = VaultLayout(target)
    if over:
        vault_id = KeyHeader.read(current.keys)[0].vault_id
    else:
        vault_id = None
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise ConflictError(
                "backup.occupied",
                "There is something at this place already. Nothing was changed.",
                remedy="Choose a new folder, or ask to restore over the vault, which keeps the old one.",
            )
    manifest = checked(backup, vault_id=vault_id, allow_older=allow_older, progress=progress, cancel=token)
    with backup_failures():
        target.parent.mkdir(parents=True, exist_ok=True)
        work = target.parent / f".{target.name}{_WORK}{secrets.token_hex(6)}"
        try:
            entries = _unpack_and_check(
                backup, work, manifest, opener, current if over else None, origin, progress, token
            )
            token.check()
            kept = _swap(work, target, over=over)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
    return Restored(manifest, target, kept, entries)


def _unpack_and_check(
    backup: Path,
    work: Path,
    manifest: Manifest,
    opener: Opener,
    current: VaultLayout | None,
    origin: str,
    progress: ProgressListener,
    token: CancelToken,
) -> int:
    unpacked(backup, work, manifest, progress, token)
    layout = VaultLayout(work)
    own_keys = layout.keys.read_bytes()
    if current is not None:
        layout.keys.write_bytes(current.keys.read_bytes())
    as_copy = Circumstances(origin=origin, is_copy=True)
    try:
        vault = opener(work, as_copy)
    except (LockedError, IntegrityError):
        if current is None:
            raise
        # The vault's keys were renewed since: those of the backup are the ones that open it.
        layout.keys.write_bytes(own_keys)
        vault = opener(work, as_copy)
    with vault:
        contents = manifest.opened(vault.data_key())
        if current is not None:
            # Whoever was erased since the backup stays erased (V-56).
            vault.erasures.settle(current.erased)
        progress(Progress("Checking what was restored", 0))
        report = vault.verify()
        if not report.ok:
            raise unsound("; ".join(report.problems))
        vault.audit.append("vault.restore", detail=f"{manifest.name}, {contents.audit_entries} entries")
    return contents.audit_entries


def unpacked(backup: Path, work: Path, manifest: Manifest, progress: ProgressListener, token: CancelToken) -> None:
    """Copy a backup's files into a new folder, owner-only, and compare the written copies with the manifest."""
    total = sum(file.size for file in manifest.files.values())
    free = shutil.disk_usage(work.parent).free
    if free < total + _SPARE_BYTES:
        raise no_room(f"{free} bytes free, {total + _SPARE_BYTES} needed")
    work.mkdir(mode=0o700)
    done = 0
    for path in sorted(backup.iterdir()):
        if path.name == MANIFEST:
            continue
        token.check()
        create_private_file(work / path.name)
        shutil.copyfile(path, work / path.name)
        if path.name in manifest.files:
            if hash_of(work / path.name, lambda _: token.check()) != manifest.files[path.name]:
                raise altered(path.name)
            done += manifest.files[path.name].size
            progress(Progress("Restoring", done, total, "bytes"))


def _swap(work: Path, target: Path, *, over: bool) -> Path | None:
    """Give the restored folder its name; answers where the old one lies."""
    kept: Path | None = None
    if over:
        kept = target.with_name(f"{target.name}{_KEPT}{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
        number = 1
        while kept.exists():
            number += 1
            kept = kept.with_name(f"{kept.name}-{number}")
        target.rename(kept)
    elif target.exists():
        target.rmdir()
    try:
        work.rename(target)
    except OSError:
        if kept is not None:
            with contextlib.suppress(OSError):
                kept.rename(target)
        raise
    sync_folder(target.parent)
    return kept


def undo_interrupted(target: Path) -> bool:
    """Bring back the vault of a restore that was killed between its two last steps; answers whether it did."""
    if target.exists() or not target.parent.is_dir():
        return False
    unfinished = list(target.parent.glob(f".{target.name}{_WORK}*"))
    kept = sorted(target.parent.glob(f"{target.name}{_KEPT}*"))
    if not unfinished or not kept:
        return False
    kept[-1].rename(target)
    for left in unfinished:
        shutil.rmtree(left, ignore_errors=True)
    return True
