"""The vault's commands, and the ways a passphrase reaches them."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from clarity_desktop.vault import Vault
from tests.cli.conftest import PASSPHRASE, CommandLine
from tests.memory_keychain import MemoryKeychain


def test_a_vault_is_made_once(
    clarity: CommandLine, tmp_path: Path, passphrase_file: Path, keychain: MemoryKeychain
) -> None:
    begin = ("--json", "--home", tmp_path / "home", "--passphrase-file", passphrase_file, "vault", "create")
    made = clarity(*begin)
    assert made.code == 0
    assert made.document["ok"] is True
    assert Path(made.document["vault"]) == tmp_path / "home" / "vault"
    assert "SQLCipher" in made.document["cipher"]
    assert [slot["kind"] for slot in made.document["slots"]] == ["passphrase"]
    assert made.document["audit"]["chain_ok"] is True
    assert PASSPHRASE not in made.out + made.err
    again = clarity(*begin)
    assert again.code == 6
    assert again.document["error"]["code"] == "vault.exists"


def test_info_and_slots_say_what_the_contract_names(in_vault: CommandLine) -> None:
    document = in_vault("vault", "info").document
    assert {"vault", "cipher", "schema", "slots", "integrity", "audit"} <= set(document)
    assert [set(slot) for slot in document["slots"]] == [{"id", "kind", "label"}] * 2
    assert document["integrity"] is None
    assert "integrity" in document["insufficient"]
    assert [slot["kind"] for slot in in_vault("vault", "slots").document["slots"]] == ["passphrase", "keychain"]


def test_a_whole_vault_verifies(in_vault: CommandLine) -> None:
    in_vault("patient", "add", "A. Person")
    answer = in_vault("vault", "verify")
    assert answer.code == 0
    assert answer.document["integrity"] == "ok"
    assert answer.document["problems"] == []
    assert answer.document["audit"]["entries"] >= 3


@pytest.mark.slow
def test_a_damaged_vault_does_not_verify(in_vault: CommandLine, vault_folder: Path) -> None:
    for number in range(40):
        in_vault("patient", "add", f"Person {number}")
    database = max(vault_folder.rglob("*"), key=lambda path: path.stat().st_size if path.is_file() else 0)
    damaged = bytearray(database.read_bytes())
    damaged[len(damaged) // 2] ^= 0x10
    database.write_bytes(damaged)
    answer = in_vault("vault", "verify")
    assert answer.code == 9
    assert answer.document["ok"] is False
    assert answer.document["error"]["message"]


def test_the_passphrase_comes_from_a_file_or_stdin(
    clarity: CommandLine,
    passphrase_vault: Path,
    passphrase_file: Path,
    keychain: MemoryKeychain,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keychain.kept.clear()
    begin = ("--json", "--vault", passphrase_vault)
    assert clarity(*begin, "--passphrase-file", passphrase_file, "vault", "info").code == 0
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSPHRASE + "\n"))
    assert clarity("--json", "--vault", passphrase_vault, "--passphrase-stdin", "vault", "info").code == 0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("not the passphrase at all\n", "vault.wrong_passphrase"),
        ("", "vault.no_passphrase"),
        ("\n", "vault.no_passphrase"),
    ],
)
def test_what_does_not_open_it_ends_with_4(
    clarity: CommandLine, passphrase_vault: Path, monkeypatch: pytest.MonkeyPatch, text: str, code: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    answer = clarity("--json", "--vault", passphrase_vault, "--passphrase-stdin", "patient", "list")
    assert answer.code == 4
    assert answer.document["error"]["code"] == code


def test_without_terminal_file_or_keychain_the_way_is_named(
    clarity: CommandLine, vault_folder: Path, keychain: MemoryKeychain, monkeypatch: pytest.MonkeyPatch
) -> None:
    keychain.kept.clear()
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    answer = clarity("--json", "--vault", vault_folder, "patient", "list")
    assert answer.code == 4
    assert "--passphrase-file" in answer.document["error"]["remedy"]


def test_a_passphrase_from_two_places_is_a_usage_error(clarity: CommandLine, passphrase_file: Path) -> None:
    answer = clarity("--json", "--passphrase-stdin", "--passphrase-file", passphrase_file, "vault", "info")
    assert answer.code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are of POSIX")
def test_an_open_passphrase_file_is_remarked_on(
    clarity: CommandLine, passphrase_vault: Path, passphrase_file: Path
) -> None:
    passphrase_file.chmod(0o644)
    answer = clarity("--json", "--vault", passphrase_vault, "--passphrase-file", passphrase_file, "patient", "list")
    assert answer.code == 0
    assert "chmod 600" in answer.err
    assert answer.document["ok"] is True


def test_a_missing_vault_or_file_ends_with_5(clarity: CommandLine, tmp_path: Path, passphrase_vault: Path) -> None:
    answer = clarity("--json", "--vault", tmp_path / "nowhere", "patient", "list")
    assert (answer.code, answer.document["error"]["code"]) == (5, "vault.missing")
    answer = clarity("--json", "--vault", passphrase_vault, "--passphrase-file", tmp_path / "none", "patient", "list")
    assert (answer.code, answer.document["error"]["code"]) == (5, "vault.passphrase_file")


def test_lock_status_needs_no_passphrase(
    clarity: CommandLine, tmp_path: Path, vault_folder: Path, keychain: MemoryKeychain
) -> None:
    status = clarity("--json", "--vault", vault_folder, "vault", "lock-status").document
    assert (status["exists"], status["opens_with_keychain"]) == (True, True)
    keychain.kept.clear()
    status = clarity("--json", "--vault", vault_folder, "vault", "lock-status").document
    assert (status["exists"], status["opens_with_keychain"]) == (True, False)
    status = clarity("--json", "--vault", tmp_path / "nowhere", "vault", "lock-status").document
    assert (status["exists"], status["opens_with_keychain"]) == (False, False)


def test_the_audit_is_told_and_checked(in_vault: CommandLine, vault_folder: Path) -> None:
    patient = in_vault("patient", "add", "A. Person").document["patients"][0]
    in_vault("patient", "show", patient["code"])
    entries = in_vault("audit", "list", "--patient", patient["id"]).document["entries"]
    assert {"patient.add", "patient.open"} <= {entry["action"] for entry in entries}
    assert all(entry["patient"] == patient["id"] for entry in entries)
    verdict = in_vault("audit", "verify").document
    assert verdict["chain_ok"] is True
    assert verdict["entries"] >= 4
    assert len(in_vault("audit", "list", "--limit", 1).document["entries"]) == 1


def test_a_changed_audit_ends_with_9(in_vault: CommandLine, vault_folder: Path) -> None:
    import sqlcipher3.dbapi2 as sqlcipher

    in_vault("patient", "add", "A. Person")
    with Vault.open_with_keychain(vault_folder) as vault:
        key = vault.data_key()
    database = max(vault_folder.rglob("*.db*"), key=lambda path: path.stat().st_size)
    connection = sqlcipher.connect(str(database))
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    table = next(
        name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'") if name == "audit"
    )
    triggers = connection.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall()
    for (name,) in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(f"UPDATE {table} SET action = 'patient.none' WHERE seq = 2")
    connection.commit()
    connection.close()
    answer = in_vault("audit", "verify")
    assert answer.code == 9
    assert answer.document["first_bad"] == 2
    assert answer.document["error"]["code"] == "audit.changed"
