"""Passphrases, slots, the key file and the keychain."""

from __future__ import annotations

import json
import os
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backends import fail
from keyring.errors import KeyringLocked
from sqlalchemy.exc import DBAPIError

from clarity_desktop.domain.errors import (
    ClarityError,
    ConflictError,
    InputError,
    IntegrityError,
    LockedError,
    NotFoundError,
    UsageError,
)
from clarity_desktop.vault import KdfParameters, Vault
from clarity_desktop.vault.store import schema
from tests.memory_keychain import MemoryKeychain

CHEAP = KdfParameters.for_tests()


@pytest.fixture
def no_keychain() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())
    yield
    keyring.set_keyring(before)


def edit_header(directory: Path, change: object) -> None:
    path = directory / "vault.keys"
    document = json.loads(path.read_text("utf-8"))
    change(document)  # type: ignore[operator]
    path.write_text(json.dumps(document), "utf-8")


def test_opens_with_its_passphrase_and_holds_what_was_put_in(vault: Vault, passphrase: str) -> None:
    patient = vault.patients.add("Someone")
    vault.close()
    with Vault.open(vault.directory, passphrase, kdf_floor=CHEAP) as again:
        assert again.patients.list() == [patient]
        assert again.info().schema == schema.REVISION
        assert again.info().cipher.startswith("SQLCipher 4")
        assert [(slot.kind, slot.label) for slot in again.info().slots] == [("passphrase", "Owner")]


def test_wrong_passphrase_is_refused(vault: Vault, passphrase: str) -> None:
    vault.close()
    with pytest.raises(LockedError) as caught:
        Vault.open(vault.directory, passphrase + "x", kdf_floor=CHEAP)
    assert caught.value.code == "vault.wrong_passphrase"


def test_v9_composed_and_decomposed_typing_are_one_passphrase(tmp_path: Path) -> None:
    typed = "Zürich größer Ångström"
    Vault.create(tmp_path / "v", unicodedata.normalize("NFC", typed), kdf=CHEAP).close()
    Vault.open(tmp_path / "v", unicodedata.normalize("NFD", typed), kdf_floor=CHEAP).close()
    with pytest.raises(LockedError):
        Vault.open(tmp_path / "v", "Zurich grosser Angstrom", kdf_floor=CHEAP)


def test_v9_short_passphrases_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        Vault.create(tmp_path / "v", "elevenchars", kdf=CHEAP)
    assert caught.value.code == "vault.passphrase_short"
    assert not Vault.exists(tmp_path / "v")


def test_v7_header_below_the_floor_is_refused(vault: Vault, passphrase: str) -> None:
    vault.close()
    with pytest.raises(IntegrityError) as caught:
        Vault.open(vault.directory, passphrase)
    assert caught.value.code == "vault.kdf_floor"


def test_v7_new_slot_below_the_floor_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        Vault.create(tmp_path / "v", "a long passphrase", kdf=KdfParameters(2, 64 * 1024, 4))
    assert caught.value.code == "vault.kdf_floor"


def test_v7_floor_and_calibrated_cost(tmp_path: Path) -> None:
    floor = KdfParameters.floor()
    assert (floor.time_cost, floor.memory_kib) == (3, 65536)
    assert not KdfParameters.calibrated().is_below(floor)
    Vault.create(tmp_path / "v", "a long passphrase", kdf=floor).close()
    Vault.open(tmp_path / "v", "a long passphrase").close()


def test_lowered_cost_in_the_key_file_does_not_open(vault: Vault, passphrase: str) -> None:
    vault.close()

    def cheaper(document: dict[str, list[dict[str, dict[str, int]]]]) -> None:
        document["slots"][0]["kdf"]["memory_kib"] = 512

    edit_header(vault.directory, cheaper)
    with pytest.raises(LockedError):
        Vault.open(vault.directory, passphrase, kdf_floor=KdfParameters(1, 8, 1))


def test_key_file_edited_by_hand_is_noticed(vault: Vault, passphrase: str) -> None:
    vault.close()

    def relabel(document: dict[str, list[dict[str, str]]]) -> None:
        document["slots"][0]["label"] = "Somebody else"

    edit_header(vault.directory, relabel)
    with pytest.raises(IntegrityError) as caught:
        Vault.open(vault.directory, passphrase, kdf_floor=CHEAP)
    assert caught.value.code == "vault.key_file_altered"


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"format": 2}', b'{"format": 1, "slots": []}', b"\xff\xfe"])
def test_unreadable_key_file_is_an_integrity_error(vault: Vault, passphrase: str, content: bytes) -> None:
    vault.close()
    (vault.directory / "vault.keys").write_bytes(content)
    with pytest.raises(IntegrityError) as caught:
        Vault.open(vault.directory, passphrase, kdf_floor=CHEAP)
    assert caught.value.code == "vault.key_file"


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ClarityError) as caught:
        Vault.create(tmp_path / "file" / "v", "a long passphrase", kdf=CHEAP)
    assert caught.value.code == "vault.folder"


def test_no_vault_here(tmp_path: Path) -> None:
    assert not Vault.exists(tmp_path)
    with pytest.raises(NotFoundError):
        Vault.open(tmp_path, "a long passphrase")
    with pytest.raises(NotFoundError):
        Vault.open_with_key(tmp_path, bytes(32))


def test_database_gone_is_said_and_nothing_is_made(vault: Vault, passphrase: str) -> None:
    vault.close()
    (vault.directory / "vault.db").unlink()
    with pytest.raises(IntegrityError) as caught:
        Vault.open(vault.directory, passphrase, kdf_floor=CHEAP)
    assert caught.value.code == "vault.database_missing"
    assert not (vault.directory / "vault.db").exists()


def test_an_existing_vault_is_never_overwritten(vault: Vault) -> None:
    with pytest.raises(ConflictError) as caught:
        Vault.create(vault.directory, "another passphrase", kdf=CHEAP)
    assert caught.value.code == "vault.exists"
    assert vault.verify().ok


def test_data_key_opens_and_another_does_not(vault: Vault) -> None:
    key = vault.data_key()
    vault.close()
    Vault.open_with_key(vault.directory, key).close()
    for wrong in (bytes(32), key[:-1], b""):
        with pytest.raises(LockedError):
            Vault.open_with_key(vault.directory, wrong)


def test_the_key_shows_nowhere(vault: Vault, caplog: pytest.LogCaptureFixture) -> None:
    key = vault.data_key()
    texts = [repr(vault), repr(vault.info()), repr(vault.__dict__), caplog.text]
    vault.close()
    with pytest.raises(LockedError) as caught:
        Vault.open_with_key(vault.directory, key[::-1])
    texts += [repr(caught.value), str(caught.value.as_document()), repr(caught.value.__cause__)]
    for text in texts:
        assert key.hex() not in text
        assert repr(key)[2:-1] not in text or "bytearray" in text
    assert repr(vault) == "<Vault closed>"
    for ask in (vault.patients.list, vault.audit.verify, lambda: vault.patients.add("Somebody")):
        with pytest.raises(LockedError) as refused:
            ask()
        assert refused.value.code == "vault.closed"
    with pytest.raises(LockedError):
        vault.data_key()


@pytest.mark.skipif(os.name != "posix", reason="file modes are a POSIX matter")
def test_v44_files_are_for_their_owner_only(vault: Vault) -> None:
    vault.patients.add("Someone")
    assert stat.S_IMODE(vault.directory.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in vault.directory.iterdir()}
    assert {"vault.db", "vault.db-wal", "vault.db-shm", "vault.keys", "audit.head"} <= set(modes)
    assert set(modes.values()) == {0o600}


def test_v15_keychain_slot_opens_and_can_be_removed(vault: Vault, keychain: MemoryKeychain) -> None:
    assert vault.keychain_available()
    slot = vault.add_keychain_slot("This computer")
    assert len(keychain.kept) == 1
    assert vault.data_key().hex() not in str(keychain.kept)
    vault.close()
    with Vault.open_with_keychain(vault.directory) as again:
        assert [s.kind for s in again.info().slots] == ["passphrase", "keychain"]
        again.remove_slot(slot.id)
        assert not [account for _, account in keychain.kept if account.endswith(slot.id)]
        assert next(e.action for e in again.audit.entries()) == "slot.remove"
    with pytest.raises(LockedError) as caught:
        Vault.open_with_keychain(vault.directory)
    assert caught.value.code == "keychain.no_slot"


def test_v15_a_lost_keychain_leads_back_to_the_passphrase(
    vault: Vault, keychain: MemoryKeychain, passphrase: str
) -> None:
    vault.add_keychain_slot("This computer")
    patient = vault.patients.add("Someone")
    vault.close()
    keychain.kept.clear()
    with pytest.raises(LockedError) as caught:
        Vault.open_with_keychain(vault.directory)
    assert caught.value.code == "keychain.lost"
    with Vault.open(vault.directory, passphrase, kdf_floor=CHEAP) as again:
        assert again.patients.list() == [patient]


def test_v15_a_changed_keychain_entry_does_not_open(vault: Vault, keychain: MemoryKeychain) -> None:
    vault.add_keychain_slot("This computer")
    vault.close()
    for entry in list(keychain.kept):
        keychain.kept[entry] = "AAAA"
    with pytest.raises(LockedError) as caught:
        Vault.open_with_keychain(vault.directory)
    assert caught.value.code == "keychain.lost"


@pytest.mark.usefixtures("no_keychain")
def test_no_keychain_on_this_machine(vault: Vault) -> None:
    assert not vault.keychain_available()
    with pytest.raises(LockedError) as caught:
        vault.add_keychain_slot("This computer")
    assert caught.value.code == "keychain.unavailable"
    assert len(vault.info().slots) == 1
    assert "slot.add" not in [entry.action for entry in vault.audit.entries()]


def test_v15_a_locked_keychain_leads_to_the_passphrase(
    vault: Vault, keychain: MemoryKeychain, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = vault.add_keychain_slot("This computer")

    def locked(*_: object) -> None:
        raise KeyringLocked("locked")

    for name in ("get_password", "set_password", "delete_password"):
        monkeypatch.setattr(keychain, name, locked)
    with pytest.raises(LockedError) as caught:
        vault.add_keychain_slot("Another")
    assert caught.value.code == "keychain.unavailable"
    vault.remove_slot(slot.id)
    assert len(vault.info().slots) == 1
    vault.close()
    with pytest.raises(LockedError) as caught:
        Vault.open_with_keychain(vault.directory)
    assert caught.value.code == "keychain.no_slot"


def test_the_last_passphrase_stays(vault: Vault, keychain: MemoryKeychain) -> None:
    vault.add_keychain_slot("This computer")
    (own, _) = vault.info().slots
    with pytest.raises(UsageError) as caught:
        vault.remove_slot(own.id)
    assert caught.value.code == "vault.last_passphrase"
    with pytest.raises(NotFoundError):
        vault.remove_slot("none")
    assert len(vault.info().slots) == 2


def test_v32_a_slot_without_its_audit_entry_is_not_added(vault: Vault, keychain: MemoryKeychain) -> None:
    before = (vault.directory / "vault.keys").read_bytes()
    with vault._store.staging() as connection:
        connection.exec_driver_sql("DROP TABLE audit")
    with pytest.raises(DBAPIError):
        vault.add_keychain_slot("This computer")
    assert (vault.directory / "vault.keys").read_bytes() == before
    assert not keychain.kept
