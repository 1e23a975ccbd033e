"""Where a vault may lie: on a disk of this computer, outside folders that a program copies to and fro."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from clarity_desktop.domain.errors import ConflictError

__all__ = ["network_filesystem", "require_own_disk", "sync_program"]

_SHARES: Final = """
nfs nfs4 cifs smb smb2 smb3 smbfs ncpfs afs afpfs coda ceph glusterfs lustre beegfs davfs webdav ftp
fuse.sshfs fuse.rclone fuse.davfs2 fuse.glusterfs fuse.ceph fuse.s3fs fuse.gvfsd-fuse fuse.smbnetfs
fuse.curlftpfs fuse.google-drive-ocamlfuse fuse.onedriver
"""
_NETWORK: Final = frozenset(_SHARES.split())
_BY_NAME: Final = {
    "dropbox": "Dropbox",
    "onedrive": "OneDrive",
    "google drive": "Google Drive",
    "googledrive": "Google Drive",
    "my drive": "Google Drive",
    "icloud drive": "iCloud Drive",
    "iclouddrive": "iCloud Drive",
    "mobile documents": "iCloud Drive",
    "cloudstorage": "a cloud drive",
    "nextcloud": "Nextcloud",
    "owncloud": "ownCloud",
    "box sync": "Box",
    "pclouddrive": "pCloud",
    "pcloud drive": "pCloud",
    "megasync": "MEGA",
    "seafile": "Seafile",
    "tresorit": "Tresorit",
    "synologydrive": "Synology Drive",
    "syncthing": "Syncthing",
}
_BY_MARK: Final = {
    ".dropbox": "Dropbox",
    ".stfolder": "Syncthing",
    ".nextcloudsync.log": "Nextcloud",
    ".owncloudsync.log": "ownCloud",
    ".tresorit": "Tresorit",
}
_REMOTE_DRIVE: Final = 4


def require_own_disk(directory: Path) -> None:
    """Raise :class:`ConflictError` (``vault.network_share``, ``vault.sync_folder``) for a place that is not safe.

    On a network share two computers may write at once without seeing each other's locks; a sync program copies the
    database in the middle of a change, and puts older states back.
    """
    share = network_filesystem(directory)
    if share:
        raise ConflictError(
            "vault.network_share",
            "The vault's folder lies on a network share, where two computers could write to it at once.",
            remedy="Put the vault's folder on a disk of this computer. Backups may go to the share.",
            detail=share,
        )
    program = sync_program(directory)
    if program:
        raise ConflictError(
            "vault.sync_folder",
            f"The vault's folder is kept in step by {program}, which would copy it in the middle of a change.",
            remedy="Put the vault's folder elsewhere on this computer. Backups may go to that folder.",
            detail=program,
        )


def sync_program(directory: Path) -> str:
    """The name of the program that keeps a folder in step with other computers, or ``""``."""
    whole = directory.absolute()
    for folder in (whole, *whole.parents):
        name = folder.name.casefold()
        # "OneDrive - Company" and "Dropbox (Personal)" are such folders too.
        for word, program in _BY_NAME.items():
            if name == word or name.startswith((f"{word} - ", f"{word} (")):
                return program
        for mark, program in _BY_MARK.items():
            if (folder / mark).exists():
                return program
    return ""


def network_filesystem(directory: Path, mounts: str | None = None) -> str:
    """The kind of network file system that a folder lies on, or ``""``.

    Parameters
    ----------
    mounts:
        On Linux the table of mounts; ``None`` reads ``/proc/mounts``.
    """
    place = directory.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    place = place.resolve()
    if sys.platform == "win32":
        return _on_windows(place)
    if sys.platform == "darwin":
        return _on_mac(place)
    if mounts is None:
        try:
            mounts = Path("/proc/mounts").read_text("utf-8", "replace")
        except OSError:
            return ""
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        point = Path(fields[1].encode().decode("unicode_escape"))
        # Of mounts at the same point the last one is seen.
        if place.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), fields[2]
    return kind if kind in _NETWORK else ""


def _on_windows(place: Path) -> str:
    drive = place.drive
    if drive.startswith("\\\\"):
        return "network path"
    import ctypes

    kernel = getattr(ctypes, "windll", None)
    kind = 0 if kernel is None else int(kernel.kernel32.GetDriveTypeW(drive + "\\"))
    return "network drive" if kind == _REMOTE_DRIVE else ""


def _on_mac(place: Path) -> str:
    listed = subprocess.run(["/sbin/mount"], capture_output=True, text=True, timeout=10, check=False).stdout
    best, kind = -1, ""
    for line in listed.splitlines():
        # //user@server/share on /Volumes/share (smbfs, nodev, …)
        before, _, options = line.rpartition(" (")
        _, _, point = before.partition(" on ")
        if point and place.is_relative_to(point) and len(os.fspath(point)) >= best:
            best, kind = len(point), options.split(",")[0].rstrip(")")
    return kind if kind in _NETWORK else ""
