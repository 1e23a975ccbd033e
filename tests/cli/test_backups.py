"""``vault backup``, ``backups``, ``restore``, ``drill`` and the filters of ``audit list``."""

from __future__ import annotations

import shutil
from pathlib import Path

from clarity_desktop.vault import Vault
from tests.cli.conftest import CommandLine
from tests.memory_keychain import MemoryKeychain


def code_file(vault_folder: Path) -> Path:
    """A recovery code of the vault's only user, in a file beside it."""
    with Vault.open_with_keychain(vault_folder) as vault:
        pending = vault.new_code()
        groups = pending.text.split("-")
        vault.people.keep_recovery_code(pending, {number: groups[number - 1] for number in pending.asked})
    path = vault_folder.with_name("printed-code")
    path.write_text(pending.text + "\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def test_v52_v54_a_backup_is_made_listed_practised_and_restored_over(in_vault: CommandLine, vault_folder: Path) -> None:
    in_vault("patient", "add", "A. Person")
    made = in_vault("vault", "backup").document["backup"]
    assert made["verified"] is not None
    listed = in_vault("vault", "backups").document
    assert [one["name"] for one in listed["backups"]] == [made["name"]]
    assert listed["notices"] == []
    drill = in_vault("vault", "drill").document
    assert (drill["ok"], drill["patients"], drill["problems"]) == (True, 1, [])
    in_vault("patient", "add", "B. Person")
    alone = in_vault("vault", "restore", made["path"], "--over")
    assert (alone.code, alone.document["error"]["code"]) == (2, "restore.needs_code")
    code = code_file(vault_folder)
    restored = in_vault("vault", "restore", made["path"], "--over", "--recovery-code-file", code).document
    assert Path(restored["kept"]).is_dir()
    assert [one["name"] for one in in_vault("patient", "list").document["patients"]] == ["A. Person"]
    assert in_vault("audit", "verify").document["chain_ok"] is True
    actions = [entry["action"] for entry in in_vault("audit", "list").document["entries"]]
    assert {"vault.restore", "audit.gap"} <= set(actions)


def test_v55_into_a_new_folder_with_the_passphrase_alone(
    clarity: CommandLine, passphrase_vault: Path, passphrase_file: Path, keychain: MemoryKeychain, tmp_path: Path
) -> None:
    ways = ("--json", "--home", tmp_path / "home", "--passphrase-file", passphrase_file)
    keychain.kept.clear()
    made = clarity(*ways, "--vault", passphrase_vault, "vault", "backup").document["backup"]
    shutil.rmtree(passphrase_vault)
    answer = clarity(*ways, "vault", "restore", made["path"], "--into", tmp_path / "new")
    assert answer.code == 0, answer.err
    assert clarity(*ways, "--vault", tmp_path / "new", "vault", "verify").document["integrity"] == "ok"


def test_v53_the_message_reaches_the_command_line(in_vault: CommandLine, vault_folder: Path) -> None:
    made = Path(in_vault("vault", "backup").document["backup"]["path"])
    (made / "vault.db").write_bytes((made / "vault.db").read_bytes()[:-1])
    answer = in_vault("vault", "restore", made, "--over", "--recovery-code-file", code_file(vault_folder))
    assert (answer.code, answer.document["error"]["code"]) == (9, "backup.truncated")
    assert in_vault("vault", "verify").code == 0
    assert in_vault("vault", "restore", made).code == 2


def test_v29_entries_are_filtered_and_say_from_where(in_vault: CommandLine) -> None:
    in_vault("patient", "add", "A. Person")
    entries = in_vault("audit", "list", "--action", "patient").document["entries"]
    assert [entry["action"] for entry in entries] == ["patient.add"]
    assert entries[0]["origin"] == "CLI"
    assert entries[0]["role"]
    assert entries[0]["monotonic_ms"] > 0
    same = in_vault("audit", "list", "--correlation", entries[0]["correlation"]).document["entries"]
    assert {"vault.open", "patient.add"} <= {entry["action"] for entry in same}
    assert in_vault("audit", "list", "--outcome", "refused").document["entries"] == []
    assert in_vault("audit", "list", "--to", "2000-01-01").document["entries"] == []
    assert in_vault("audit", "list", "--origin", "UI").document["entries"] == []


def test_v31_an_older_folder_is_told_and_answered_for(clarity: CommandLine, vault_folder: Path, tmp_path: Path) -> None:
    ways = ("--json", "--home", tmp_path / "home", "--vault", vault_folder)
    clarity(*ways, "vault", "info")
    shutil.copytree(vault_folder, tmp_path / "copy")
    clarity(*ways, "patient", "add", "A. Person")
    shutil.rmtree(vault_folder)
    shutil.copytree(tmp_path / "copy", vault_folder)
    assert clarity(*ways, "audit", "verify").code == 9
    notices = clarity(*ways, "vault", "backups").document["notices"]
    assert [notice["code"] for notice in notices] == ["audit.mismatch"]
    assert clarity(*ways, "audit", "accept", "--reason", " ").code == 2
    assert clarity(*ways, "audit", "accept", "--reason", "The disk was replaced.").document["chain_ok"] is True
    assert clarity(*ways, "audit", "verify").code == 0
    with Vault.open_with_keychain(vault_folder) as vault:
        assert vault.gap == ""


def test_v52_one_person_comes_back(in_vault: CommandLine) -> None:
    person = in_vault("patient", "add", "A. Person").document["patients"][0]
    made = in_vault("vault", "backup").document["backup"]["path"]
    done = in_vault("vault", "restore-patient", made, person["code"])
    assert done.code == 0, done.err
    assert (done.document["was_absent"], done.document["samples"]) == (False, 0)
    answer = in_vault("vault", "restore-patient", made, "somebody-else")
    assert (answer.code, answer.document["error"]["code"]) == (5, "backup.no_patient")


def test_v34_nothing_of_a_young_audit_expires(in_vault: CommandLine) -> None:
    for ways in (("--preview",), ()):
        answer = in_vault("audit", "expire", *ways)
        assert (answer.code, answer.document["segments"]) == (0, [])


def test_v47_who_works_alone_erases_with_the_printed_code(in_vault: CommandLine, vault_folder: Path) -> None:
    person = in_vault("patient", "add", "A. Person").document["patients"][0]
    in_vault("patient", "erase", person["code"], "--request")
    refused = in_vault("patient", "erase", person["code"], "--confirm")
    assert refused.document["error"]["code"] == "erase.two_people"
    code = code_file(vault_folder)
    done = in_vault("patient", "erase", person["code"], "--confirm", "--recovery-code-file", code)
    assert done.code == 0, done.err
    assert done.document["certificate"]["confirmed_by"] == "Owner by recovery code"


def test_v78_what_is_no_notice_is_refused(in_vault: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "notice"
    path.write_text("{}")
    answer = in_vault("vault", "check-update", path)
    assert answer.code != 0
    assert answer.document["error"]["code"] in ("update.no_key", "update.shape")
