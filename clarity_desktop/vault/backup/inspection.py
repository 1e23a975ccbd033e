"""Looking at backups without a key: which there are, and whether one is whole, rightly named and of a known form."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from clarity_desktop.domain.errors import ConflictError, InputError, IntegrityError, NotFoundError
from clarity_desktop.domain.work import CancelToken, Progress, ProgressListener, ignore_progress
from clarity_desktop.vault.backup.failures import backup_failures
from clarity_desktop.vault.backup.manifest import MANIFEST, SUFFIX, Manifest, altered, hash_of, newer
from clarity_desktop.vault.backup.writer import PARTIAL
from clarity_desktop.vault.store import schema

__all__ = ["backups_in", "checked", "not_there"]

_BESIDES: Final = frozenset({MANIFEST, "patients.keys", "erased.ledger"})
"""Files that a backup may have beside those with a hash; what they wrap is sealed on its own."""


def backups_in(folder: Path) -> list[Manifest]:
    """The backups of a folder by their manifests, newest first; unfinished and unreadable ones are left out."""
    found = []
    for path in folder.glob(f"*{SUFFIX}"):
        try:
            manifest = Manifest.read(path)
        except (OSError, IntegrityError):
            continue
        if manifest.name == path.name:
            found.append(manifest)
    return sorted(found, key=lambda one: (one.created, one.name), reverse=True)


def checked(
    path: Path,
    *,
    vault_id: str | None = None,
    allow_older: bool = False,
    known: Sequence[str] = schema.KNOWN_REVISIONS,
    progress: ProgressListener = ignore_progress,
    cancel: CancelToken | None = None,
) -> Manifest:
    """The manifest of a backup whose files are all as they were written. Reads every byte; changes nothing.

    Parameters
    ----------
    vault_id:
        The vault it is to belong to; ``None`` takes one of any vault.
    allow_older:
        Take one in a form of an older program, which opening brings to the present one.

    Raises
    ------
    NotFoundError
        ``backup.absent``.
    InputError
        ``backup.not_one``; ``backup.unfinished`` for one whose writing was interrupted.
    IntegrityError
        ``backup.truncated``, ``backup.altered``, ``backup.renamed``, ``backup.newer``.
    ConflictError
        ``backup.foreign``, ``backup.older``.
    """
    with backup_failures():
        manifest = _read(path)
        if manifest.name != path.name:
            raise IntegrityError(
                "backup.renamed",
                "This backup bears another name than the one it was made under. Nothing was changed.",
                remedy=f"Make sure that it is the one you mean, and give it back its name: {manifest.name}",
            )
        if manifest.schema not in known:
            raise newer(f"schema {manifest.schema}")
        if vault_id is not None and manifest.vault_id != vault_id:
            raise ConflictError(
                "backup.foreign",
                "This backup is of another vault. Nothing was changed.",
                remedy="Restore it into a folder of its own, or choose a backup of this vault.",
            )
        _check_files(path, manifest, progress, cancel or CancelToken())
    if manifest.schema != known[-1] and not allow_older:
        raise ConflictError(
            "backup.older",
            "This backup was made by an older version, in an older form. Nothing was changed.",
            remedy="Ask for it to be brought to the present form while restoring (--upgrade).",
            detail=f"schema {manifest.schema}, written by {manifest.program}",
        )
    return manifest


def not_there() -> NotFoundError:
    """The error of a backup that does not exist."""
    return NotFoundError("backup.absent", "There is no such backup.", remedy="List the backups with: vault backups")


def _read(path: Path) -> Manifest:
    if not path.exists():
        raise not_there()
    if not path.is_dir():
        raise _not_one()
    try:
        return Manifest.read(path)
    except FileNotFoundError:
        if not (path / "vault.db").exists():
            raise _not_one() from None
        if path.name.startswith(PARTIAL) or path.name.endswith(SUFFIX):
            raise InputError(
                "backup.unfinished",
                "The writing of this backup was interrupted, so it cannot be restored. Nothing was changed.",
                remedy="Use an earlier backup.",
            ) from None
        raise _not_one() from None


def _not_one() -> InputError:
    return InputError(
        "backup.not_one",
        "This is no backup of Clarity Desktop. Nothing was changed.",
        remedy=f"Choose a folder whose name ends in {SUFFIX}",
    )


def _check_files(path: Path, manifest: Manifest, progress: ProgressListener, token: CancelToken) -> None:
    sizes = {name: (path / name).stat().st_size if (path / name).is_file() else -1 for name in manifest.files}
    for name, file in manifest.files.items():
        if sizes[name] < file.size:
            raise IntegrityError(
                "backup.truncated",
                "A part of this backup is missing. Nothing was changed.",
                remedy="Copy it again from where it was made, or use another backup.",
                detail=f"{name}: {max(sizes[name], 0)} of {file.size} bytes",
            )
    strange = {one.name for one in path.iterdir()} - set(manifest.files) - _BESIDES
    if strange:
        raise altered(f"{len(strange)} files that do not belong to it")
    total, done = sum(file.size for file in manifest.files.values()), 0

    def step(read: int) -> None:
        nonlocal done
        token.check()
        done += read
        progress(Progress("Checking the backup", done, total, "bytes"))

    for name, file in manifest.files.items():
        if hash_of(path / name, step) != file:
            raise altered(name)
