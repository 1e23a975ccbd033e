"""Network shares and sync folders are refused, with the reason (V-72)."""

from __future__ import annotations

from pathlib import Path

import pytest

from clarity_desktop.domain.errors import ConflictError
from clarity_desktop.vault import KdfParameters, Vault
from clarity_desktop.vault.store import place

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/export /mnt/share nfs4 rw 0 0
//nas/data /mnt/practice\\040data cifs rw 0 0
me@host:/ /mnt/ssh fuse.sshfs rw 0 0
/dev/sdb1 /mnt/share/local ext4 rw 0 0
"""


@pytest.mark.skipif(not Path("/proc/mounts").exists(), reason="the table of mounts is of Linux")
@pytest.mark.parametrize(
    ("folder", "kind"),
    [("/mnt/share/vault", "nfs4"), ("/mnt/practice data/v", "cifs"), ("/mnt/ssh/v", "fuse.sshfs"), ("/srv/v", "")],
)
def test_v72_the_kind_of_mount_is_found(folder: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", lambda self: True)
    assert place.network_filesystem(Path(folder), MOUNTS) == kind
    assert place.network_filesystem(Path("/mnt/share/local/vault"), MOUNTS) == ""


def test_this_disk_is_no_share(tmp_path: Path) -> None:
    assert place.network_filesystem(tmp_path / "not there yet") == ""
    place.require_own_disk(tmp_path)


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("Dropbox", "Dropbox"),
        ("Dropbox (Personal)", "Dropbox"),
        ("OneDrive - Practice", "OneDrive"),
        ("Nextcloud", "Nextcloud"),
        ("Google Drive", "Google Drive"),
        ("Mobile Documents", "iCloud Drive"),
        ("Dropboxes", ""),
        ("My patients", ""),
    ],
)
def test_v72_sync_folders_are_known_by_name(tmp_path: Path, name: str, program: str) -> None:
    assert place.sync_program(tmp_path / name / "clarity" / "vault") == program


def test_v72_sync_folders_are_known_by_their_mark(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / ".stfolder").mkdir()
    assert place.sync_program(tmp_path / "shared" / "vault") == "Syncthing"


def test_v72_no_vault_is_made_or_opened_in_a_sync_folder(tmp_path: Path, vault: Vault, passphrase: str) -> None:
    with pytest.raises(ConflictError) as caught:
        Vault.create(tmp_path / "Dropbox" / "v", passphrase, kdf=KdfParameters.for_tests())
    assert caught.value.code == "vault.sync_folder"
    assert "Dropbox" in caught.value.message
    assert not (tmp_path / "Dropbox").exists()
    key = vault.job_key()
    vault.close()
    moved = tmp_path / "OneDrive" / "v"
    moved.parent.mkdir()
    vault.directory.rename(moved)
    before = {path.name: path.read_bytes() for path in moved.iterdir()}
    with pytest.raises(ConflictError):
        Vault.open_with_key(moved, key)
    assert {path.name: path.read_bytes() for path in moved.iterdir()} == before


def test_v72_a_network_share_is_refused(tmp_path: Path, passphrase: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "network_filesystem", lambda _: "cifs")
    with pytest.raises(ConflictError) as caught:
        Vault.create(tmp_path / "v", passphrase, kdf=KdfParameters.for_tests())
    assert caught.value.code == "vault.network_share"
    assert not (tmp_path / "v").exists()
