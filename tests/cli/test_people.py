"""People, slots, passphrases and codes on the command line."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from clarity_desktop.domain.users import Role
from clarity_desktop.vault import KdfParameters, Vault
from tests.cli.conftest import PASSPHRASE, CommandLine

ANNA = "grey otters sing at noon"


@pytest.fixture
def new_file(tmp_path: Path) -> Path:
    path = tmp_path / "new"
    path.write_text(ANNA + "\n", encoding="utf-8")
    path.chmod(0o600)
    return path


class TypedBack(io.StringIO):
    """Somebody who reads the code off the screen and types the groups that are asked for, or something else."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *, rightly: bool = True) -> None:
        super().__init__()
        self.capsys, self.rightly, self.seen, self.code = capsys, rightly, "", ""

    def readline(self, size: int = -1, /) -> str:
        self.seen += self.capsys.readouterr().err
        self.code = re.findall(r"(?:[0-9A-Z]{6}-){5}[0-9A-Z]{6}", self.seen)[-1]
        number = int(re.findall(r"Group (\d)", self.seen)[-1])
        return (self.code.split("-")[number - 1] if self.rightly else "AAAAAA") + "\n"


def test_people_are_added_listed_given_roles_and_removed(in_vault: CommandLine, new_file: Path) -> None:
    added = in_vault("people", "add", "Anna", "--role", "clinician", "--new-passphrase-file", new_file)
    assert added.code == 0
    assert added.document["people"][0]["roles"] == ["clinician"]
    listed = in_vault("people", "list").document["people"]
    assert [(one["name"], one["roles"]) for one in listed] == [
        ("Anna", ["clinician"]),
        ("Owner", ["admin", "clinician"]),
    ]
    changed = in_vault("people", "role", "anna", "--role", "researcher", "--role", "read_only")
    assert changed.document["people"][0]["roles"] == ["read_only", "researcher"]
    assert in_vault("people", "rename", "Anna", "Anna B.").document["people"][0]["name"] == "Anna B."
    assert in_vault("people", "remove", "Anna B.").code == 0
    assert in_vault("people", "list").document["people"][1]["removed"] is not None
    assert in_vault("people", "remove", "Owner").code == 2
    assert in_vault("people", "remove", "Nobody").code == 5
    assert ANNA not in added.out + added.err


@pytest.mark.slow
def test_v41_a_clinician_manages_nobody(clarity: CommandLine, tmp_path: Path, new_file: Path) -> None:
    with Vault.create(tmp_path / "v", PASSPHRASE, kdf=KdfParameters.floor()) as vault:
        vault.people.add("Anna", ANNA, {Role.CLINICIAN})
    begin = ("--json", "--vault", tmp_path / "v", "--person", "Anna", "--passphrase-file", new_file)
    refused = clarity(*begin, "people", "list")
    assert refused.code == 4
    assert refused.document["error"]["code"] == "rights.missing"
    assert clarity(*begin, "patient", "list").code == 0
    unknown = clarity(*begin[:3], "--person", "Zoe", *begin[5:], "patient", "list")
    wrong = clarity(*begin[:3], "--person", "Owner", *begin[5:], "patient", "list")
    for answer in (unknown, wrong):
        assert answer.code == 4
        assert answer.document["error"]["code"] == "vault.wrong_passphrase"
    assert unknown.document["error"]["message"] == wrong.document["error"]["message"]
    nameless = clarity(*begin[:3], *begin[5:], "patient", "list")
    assert (nameless.code, nameless.document["error"]["code"]) == (2, "vault.whose")
    status = clarity(*begin[:3], "vault", "lock-status").document
    assert status["people"] == ["Owner", "Anna"]
    assert status["wait_s"] == 0


def test_slots_are_listed_added_and_removed(in_vault: CommandLine) -> None:
    added = in_vault("vault", "slots", "add", "--label", "Laptop").document["slot"]
    assert added["kind"] == "keychain"
    slots = in_vault("vault", "slots", "list").document["slots"]
    assert added in slots
    assert in_vault("vault", "slots").document["slots"] == slots
    assert in_vault("vault", "slots", "remove", added["id"]).code == 0
    assert added not in in_vault("vault", "slots", "list").document["slots"]
    own = next(slot["id"] for slot in slots if slot["kind"] == "passphrase")
    assert in_vault("vault", "slots", "remove", own).document["error"]["code"] == "vault.last_passphrase"


def test_the_passphrase_is_changed(
    clarity: CommandLine, passphrase_vault: Path, passphrase_file: Path, new_file: Path
) -> None:
    begin = ("--json", "--vault", passphrase_vault, "--passphrase-file")
    changed = clarity(*begin, passphrase_file, "vault", "change-passphrase", "--new-passphrase-file", new_file)
    assert changed.code == 0
    assert changed.document["strength"] == "strong"
    assert clarity(*begin, passphrase_file, "vault", "info").code == 4
    assert clarity(*begin, new_file, "vault", "info").code == 0


def test_v12_a_recovery_code_is_kept_after_two_groups_were_typed_back(
    in_vault: CommandLine, vault_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", TypedBack(capsys, rightly=False))
    assert in_vault("vault", "recovery", "new").document["error"]["code"] == "code.not_typed_back"
    assert "recovery" not in [slot["kind"] for slot in in_vault("vault", "slots").document["slots"]]
    typed = TypedBack(capsys)
    monkeypatch.setattr(sys, "stdin", typed)
    assert in_vault("vault", "recovery", "new").code == 0
    with Vault.open_with_recovery_code(vault_folder, typed.code, ANNA, kdf=KdfParameters.for_tests()) as opened:
        assert opened.who == "Owner"


def test_v13_the_recovery_code_sets_a_passphrase_and_gives_a_new_code(
    clarity: CommandLine,
    in_vault: CommandLine,
    vault_folder: Path,
    tmp_path: Path,
    new_file: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    typed = TypedBack(capsys)
    monkeypatch.setattr(sys, "stdin", typed)
    assert in_vault("vault", "recovery", "new").code == 0
    code_file = tmp_path / "code"
    code_file.write_text(typed.code, "utf-8")
    code_file.chmod(0o600)
    again = TypedBack(capsys)
    monkeypatch.setattr(sys, "stdin", again)
    use = ("vault", "recovery", "use", "--code-file", code_file, "--new-passphrase-file", new_file)
    used = clarity("--json", "--vault", vault_folder, *use)
    assert used.document["person"] == "Owner"
    assert again.code != typed.code
    assert clarity("--json", "--vault", vault_folder, *use).document["error"]["code"] == "vault.wrong_code"
    Vault.open(vault_folder, ANNA, kdf_floor=KdfParameters.for_tests()).close()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="the list of processes is read from /proc")
def test_v16_no_passphrase_shows_in_the_list_of_processes(
    tmp_path: Path, passphrase_file: Path, new_file: Path
) -> None:
    folder = tmp_path / "v"
    Vault.create(folder, PASSPHRASE, kdf=KdfParameters.floor()).close()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "clarity_desktop", "--json", "--vault", str(folder)),
            *("--passphrase-file", str(passphrase_file), "vault", "change-passphrase"),
            *("--new-passphrase-file", str(new_file)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "CLARITY_DESKTOP_HOME": str(tmp_path / "home")},
    )
    seen, looks = b"", 0
    while process.poll() is None:
        for entry in Path("/proc").glob("[0-9]*"):
            for name in ("cmdline", "environ"):
                try:
                    seen += (entry / name).read_bytes() if int(entry.name) == process.pid else b""
                except OSError:
                    continue
        looks += 1
    out, _ = process.communicate()
    assert process.returncode == 0, out
    assert looks > 2
    assert b"change-passphrase" in seen
    assert PASSPHRASE.encode() not in seen
    assert ANNA.encode() not in seen


def test_the_vault_gets_new_keys(in_vault: CommandLine, vault_folder: Path) -> None:
    in_vault("patient", "add", "A. Person")
    before = (vault_folder / "vault.db").read_bytes()
    answer = in_vault("vault", "rekey")
    assert answer.code == 0
    assert (vault_folder / "vault.db").read_bytes() != before
    assert [one["name"] for one in in_vault("patient", "list").document["patients"]] == ["A. Person"]
    assert in_vault("vault", "verify").code == 0
