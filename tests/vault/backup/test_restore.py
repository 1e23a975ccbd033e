"""Restoring: into a new place, over a vault that is kept, six messages for what is no sound backup of this vault."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from clarity_desktop.domain.errors import ClarityError, ConflictError, LockedError
from clarity_desktop.domain.importing import SampleBatch
from clarity_desktop.vault import Circumstances, KdfParameters, Vault
from clarity_desktop.vault.backup.inspection import checked
from clarity_desktop.vault.backup.manifest import Manifest
from clarity_desktop.vault.backup.restore import restore_backup, undo_interrupted
from clarity_desktop.vault.store import schema

BASE = 1_700_000_000
CHEAP = KdfParameters.for_tests()


@pytest.fixture
def opener(passphrase: str) -> Callable[[Path, Circumstances], Vault]:
    def opened(folder: Path, circumstances: Circumstances) -> Vault:
        return Vault.open(folder, passphrase, kdf_floor=CHEAP, circumstances=circumstances)

    return opened


@pytest.fixture
def backup(vault: Vault, batch_of: Callable[..., SampleBatch], bring_in: Callable[..., object]) -> Path:
    """A backup of a vault with one person and samples; the vault has moved on, and is closed."""
    patient = vault.patients.add("Ada")
    bring_in(vault, patient.id, batch_of([(BASE + 60 * i, 0, float(60 + i % 40), None) for i in range(3000)]))
    made = vault.backups.make()
    vault.patients.add("Grace")
    vault.close()
    return vault.backups.folder / made.name


Opening = Callable[[Path, Circumstances], Vault]


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_v52_a_new_place_gets_what_was_backed_up(vault: Vault, backup: Path, opener: Opening, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere" / "vault"
    done = restore_backup(backup, place, opener)
    assert done.kept is None
    with opener(place, Circumstances()) as restored:
        (patient,) = restored.patients.list()
        assert patient.name == "Ada"
        (series,) = restored.series.list(patient.id)
        assert len(restored.series.read(series.id)) == 3000
        assert restored.verify().ok
        assert "vault.restore" in [entry.action for entry in restored.audit.entries()]
    assert not [path.name for path in place.parent.iterdir() if path.name != "vault"]


def test_v55_another_machine_needs_the_passphrase_and_the_backup_alone(
    backup: Path, opener: Opening, tmp_path: Path, passphrase: str
) -> None:
    """The backup is carried away; vault, home and keychain are gone."""
    carried = tmp_path / "stick" / backup.name
    shutil.copytree(backup, carried)
    for left in (backup.parent, tmp_path / "vault"):
        shutil.rmtree(left)
    restore_backup(carried, tmp_path / "new machine" / "vault", opener)
    with opener(tmp_path / "new machine" / "vault", Circumstances()) as restored:
        assert [patient.name for patient in restored.patients.list()] == ["Ada"]


def test_v55_another_passphrase_restores_nothing(backup: Path, tmp_path: Path) -> None:
    def opened(folder: Path, circumstances: Circumstances) -> Vault:
        return Vault.open(folder, "not the passphrase", kdf_floor=CHEAP, circumstances=circumstances)

    with pytest.raises(LockedError):
        restore_backup(backup, tmp_path / "new", opened)
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob(".new*"))


def test_v52_restoring_over_keeps_what_was_there(vault: Vault, backup: Path, opener: Opening, tmp_path: Path) -> None:
    state = tmp_path / "state"
    opener(vault.directory, Circumstances(state=state)).close()
    before = bytes_of(vault.directory)
    done = restore_backup(backup, vault.directory, opener, over=True)
    assert done.kept is not None
    assert bytes_of(done.kept) == before
    with opener(vault.directory, Circumstances(state=state)) as restored:
        assert [patient.name for patient in restored.patients.list()] == ["Ada"]
        # V-56: the audit says that later entries are not in it, until somebody answers for that.
        assert restored.gap
        restored.audit.accept_gap(f"Restored from {backup.name}.")
        assert restored.verify().ok
    with opener(done.kept, Circumstances()) as kept:
        assert [patient.name for patient in kept.patients.list()] == ["Ada", "Grace"]


def test_the_present_passphrase_stays_in_force(vault: Vault, backup: Path, opener: Opening) -> None:
    """A slot that was added since the backup still opens the vault after it; nobody gets an older one back."""
    keys = (vault.directory / "vault.keys").read_bytes()
    restore_backup(backup, vault.directory, opener, over=True)
    assert json.loads(keys)["vault"] == json.loads((vault.directory / "vault.keys").read_bytes())["vault"]
    opener(vault.directory, Circumstances()).close()


def test_v52_something_at_the_place_is_left_alone(backup: Path, opener: Opening, tmp_path: Path) -> None:
    place = tmp_path / "taken"
    place.mkdir()
    (place / "letter.txt").write_text("hers")
    with pytest.raises(ConflictError) as caught:
        restore_backup(backup, place, opener)
    assert caught.value.code == "backup.occupied"
    assert bytes_of(place) == {"letter.txt": b"hers"}


def truncated(backup: Path, tmp_path: Path) -> Path:
    database = backup / "vault.db"
    database.write_bytes(database.read_bytes()[:-4096])
    return backup


def changed(backup: Path, tmp_path: Path) -> Path:
    database = backup / "vault.db"
    raw = bytearray(database.read_bytes())
    raw[len(raw) // 2] ^= 1
    database.write_bytes(raw)
    return backup


def renamed(backup: Path, tmp_path: Path) -> Path:
    return backup.rename(backup.with_name("clarity-20300101T000000Z.claritybackup"))


def of_newer_program(backup: Path, tmp_path: Path) -> Path:
    manifest = backup / "manifest.json"
    document = json.loads(manifest.read_text("utf-8"))
    manifest.write_text(json.dumps({**document, "schema": "9999"}), "utf-8")
    return backup


def of_older_program(backup: Path, tmp_path: Path) -> Path:
    manifest = backup / "manifest.json"
    document = json.loads(manifest.read_text("utf-8"))
    manifest.write_text(json.dumps({**document, "schema": schema.KNOWN_REVISIONS[0]}), "utf-8")
    return backup


def of_another_vault(backup: Path, tmp_path: Path) -> Path:
    with Vault.create(tmp_path / "other", "another passphrase", kdf=CHEAP) as other:
        return other.backups.folder / other.backups.make().name


def unfinished(backup: Path, tmp_path: Path) -> Path:
    (backup / "manifest.json").unlink()
    return backup


def no_backup(backup: Path, tmp_path: Path) -> Path:
    place = tmp_path / "holiday pictures"
    place.mkdir()
    return place


def absent(backup: Path, tmp_path: Path) -> Path:
    return tmp_path / "nowhere"


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (truncated, "backup.truncated"),
        (changed, "backup.altered"),
        (renamed, "backup.renamed"),
        (of_older_program, "backup.older"),
        (of_newer_program, "backup.newer"),
        (of_another_vault, "backup.foreign"),
        (unfinished, "backup.unfinished"),
        (no_backup, "backup.not_one"),
        (absent, "backup.absent"),
    ],
)
def test_v53_each_has_its_message_and_changes_nothing(
    vault: Vault,
    backup: Path,
    opener: Opening,
    tmp_path: Path,
    spoil: Callable[[Path, Path], Path],
    code: str,
) -> None:
    path = spoil(backup, tmp_path)
    before = bytes_of(vault.directory), sorted(one.name for one in tmp_path.iterdir())
    with pytest.raises(ClarityError) as caught:
        restore_backup(path, vault.directory, opener, over=True)
    assert caught.value.code == code
    assert caught.value.message
    assert caught.value.remedy
    assert (bytes_of(vault.directory), sorted(one.name for one in tmp_path.iterdir())) == before


def test_v53_the_messages_are_all_different(backup: Path, tmp_path: Path) -> None:
    vault_id = Manifest.read(backup).vault_id
    sound = tmp_path / "sound"
    shutil.copytree(backup.parent, sound)
    messages = set()
    kinds = (truncated, changed, renamed, of_older_program, of_newer_program, of_another_vault)
    for number, spoil in enumerate(kinds):
        place = tmp_path / f"work-{number}"
        shutil.copytree(sound, place)
        folder = tmp_path / f"others-{number}"
        folder.mkdir()
        with pytest.raises(ClarityError) as caught:
            checked(spoil(place / backup.name, folder), vault_id=vault_id)
        messages.add(caught.value.message)
    assert len(messages) == 6


def test_a_backup_of_an_older_form_is_restored_when_asked(opener: Opening, tmp_path: Path) -> None:
    """The stored vault of the first revision, as migrating it leaves a backup of it."""
    stored = Path(__file__).resolve().parents[2] / "data" / "vault" / "revision-0001"
    folder = tmp_path / "vault"
    shutil.copytree(stored, folder)
    with opener(folder, Circumstances()) as migrated:
        people = migrated.patients.list()
        (older,) = migrated.backups.list()
        source = migrated.backups.path_of(older)
    assert older.schema == "0001"
    assert older.kind == "migration"
    with pytest.raises(ConflictError) as caught:
        restore_backup(source, tmp_path / "new", opener)
    assert caught.value.code == "backup.older"
    restore_backup(source, tmp_path / "new", opener, allow_older=True)
    with opener(tmp_path / "new", Circumstances()) as restored:
        assert restored.patients.list() == people
        assert restored.info().schema == schema.REVISION
    assert not (tmp_path / "new-backups").exists()


def test_a_restore_that_was_killed_between_its_last_steps_is_undone(vault: Vault, backup: Path) -> None:
    before = bytes_of(vault.directory)
    kept = vault.directory.with_name("vault.before-restore-20260101T000000Z")
    vault.directory.rename(kept)
    vault.directory.with_name(".vault.restoring-0011").mkdir()
    assert undo_interrupted(vault.directory)
    assert bytes_of(vault.directory) == before
    assert not kept.exists()
    assert not undo_interrupted(vault.directory)


def test_v54_a_drill_restores_compares_and_leaves_nothing(vault: Vault, backup: Path, opener: Opening) -> None:
    with opener(vault.directory, Circumstances(origin="CLI")) as again:
        report = again.backups.drill(opener)
        assert report.ok, report.problems
        assert report.name == backup.name
        assert report.patients == 1
        actions = [entry.action for entry in again.audit.entries(limit=2)]
        assert "vault.drill" in actions
    assert sorted(path.name for path in backup.parent.iterdir()) == [backup.name]


def test_v54_a_drill_tells_of_a_damaged_backup(vault: Vault, backup: Path, opener: Opening, tmp_path: Path) -> None:
    changed(backup, tmp_path)
    with opener(vault.directory, Circumstances()) as again, pytest.raises(ClarityError) as caught:
        again.backups.drill(opener)
    assert caught.value.code == "backup.altered"


def test_v55_the_recovery_code_is_enough_on_another_machine(vault: Vault, tmp_path: Path) -> None:
    vault.patients.add("Ada")
    pending = vault.new_code()
    groups = pending.text.split("-")
    vault.people.keep_recovery_code(pending, {number: groups[number - 1] for number in pending.asked})
    backup = vault.backups.path_of(vault.backups.make())
    done = restore_backup(
        backup,
        tmp_path / "other machine" / "vault",
        lambda folder, copy: Vault.open_with_recovery_code(
            folder, pending.text, "new words for it", kdf=KdfParameters.for_tests(), circumstances=copy
        ),
    )
    with Vault.open(done.vault, "new words for it", kdf_floor=KdfParameters.for_tests()) as restored:
        assert [one.name for one in restored.patients.list()] == ["Ada"]
