"""Health, readiness, version, diagnosis and the file for support, on the real command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clarity_desktop.app import flags, identity, machine, open_services
from clarity_desktop.cli.main import run
from clarity_desktop.cli.reference import commands
from clarity_desktop.logs import MOST_LOG_BYTES, log_files, start_logging, stop_logging
from clarity_desktop.vault import KdfParameters, Vault
from tests.cli.conftest import PASSPHRASE, CommandLine
from tests.memory_keychain import MemoryKeychain
from tests.servers.replica import running_replica

CHEAP = KdfParameters.for_tests()
NAME = "Zuleika Quantock-Plumridge"
CANARIES = (NAME, "Zuleika", "Quantock", "zq@clinic.example", "7f3c1e55-aaaa-4bbb-8ccc-0123456789ab")


@pytest.fixture
def home(tmp_path: Path, keychain: MemoryKeychain) -> Path:
    """A home whose vault the keychain of this test opens."""
    del keychain
    with Vault.create(tmp_path / "home" / "vault", PASSPHRASE, kdf=CHEAP) as vault:
        vault.add_keychain_slot("This computer")
        vault.patients.add(NAME)
    return tmp_path / "home"


def test_l48_healthz_reads_the_vault_without_a_passphrase(clarity: CommandLine, home: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in (home / "vault").iterdir()}
    answer = clarity("--home", home, "healthz", "--json")
    assert (answer.code, answer.document["ok"]) == (0, True)
    assert {path.name: path.stat().st_mtime_ns for path in (home / "vault").iterdir()} == before


def test_l48_healthz_without_a_vault_or_with_a_broken_one(clarity: CommandLine, home: Path, tmp_path: Path) -> None:
    none = clarity("--home", tmp_path / "empty", "healthz", "--json")
    assert (none.code, none.document["error"]["code"]) == (5, "vault.absent")
    database = home / "vault" / "vault.db"
    whole = database.read_bytes()
    for broken, code in (
        (whole[:-100], "vault.not_a_database"),
        (b"SQLite format 3\x00" + whole[16:], "vault.not_a_database"),
        (b"", "vault.not_a_database"),
    ):
        database.write_bytes(broken)
        answer = clarity("--home", home, "healthz", "--json")
        assert (answer.code, answer.document["error"]["code"]) == (9, code)
    database.unlink()
    assert clarity("--home", home, "healthz", "--json").document["error"]["code"] == "vault.database_missing"
    (home / "vault" / "vault.keys").write_text("{}")
    assert clarity("--home", home, "healthz", "--json").document["error"]["code"] == "vault.key_file"


def checks_of(document: Any) -> dict[str, Any]:
    return {one["name"]: one for one in document["checks"]}


def test_l49_readyz_lists_everything_with_its_state(
    clarity: CommandLine, home: Path, passphrase_file: Path, passphrase_vault: Path
) -> None:
    locked = clarity("--home", home, "readyz", "--json")
    assert locked.code == 0
    found = checks_of(locked.document)
    assert {"vault", "schema", "disk", "models", "keychain", "servers"} <= set(found)
    assert {one["state"] for one in found.values()} <= {"ok", "warn", "fail"}
    assert (found["vault"]["state"], found["schema"]["state"], found["servers"]["state"]) == ("ok", "warn", "warn")
    opened = clarity(
        "--home", home, "--vault", passphrase_vault, "--passphrase-file", passphrase_file, "readyz", "--json"
    )
    found = checks_of(opened.document)
    assert (opened.code, found["schema"]["state"], found["servers"]["state"]) == (0, "ok", "ok")
    for one in machine.models(home):
        assert one.stored_sha256[:16] in found["models"]["detail"]


def test_l49_readyz_fails_by_its_exit_code(
    clarity: CommandLine, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    none = clarity("--home", tmp_path / "empty", "readyz", "--json")
    assert (none.code, none.document["ok"], none.document["ready"]) == (1, False, False)
    assert checks_of(none.document)["vault"]["state"] == "fail"
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 50_000_000})())
    full = clarity("--home", home, "readyz", "--json")
    assert (full.code, checks_of(full.document)["disk"]["state"]) == (1, "fail")
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1_000_000_000})())
    tight = clarity("--home", home, "readyz", "--json")
    assert (tight.code, checks_of(tight.document)["disk"]["state"]) == (0, "warn")


def test_l50_version_names_every_part(clarity: CommandLine, home: Path) -> None:
    document = clarity("--home", home, "version", "--json").document
    assert set(document) == {"ok", "app", "schema", "api_contract", "models", "build"}
    assert len(document["api_contract"]["sha256"]) == 64
    assert document["models"]
    assert all(len(one["sha256"]) == 64 for one in document["models"])
    assert len(document["build"]["source_sha256"]) == 64
    services = open_services(home)
    assert services.identity().schema == document["schema"]
    services.close()


def test_the_source_hash_follows_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "package" / "module.py"
    module.parent.mkdir()
    module.write_text("one = 1\n")
    monkeypatch.setattr(identity, "_PACKAGE", module.parent)
    first = identity._source_hash()
    module.write_text("one = 2\n")
    assert identity._source_hash() != first
    commit = "0123456789abcdef0123456789abcdef01234567"
    git = tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    assert identity._commit(git) == ""
    (git / "packed-refs").write_text(f"# pack-refs\n{commit} refs/heads/main\n")
    assert identity._commit(git) == commit
    (git / "refs" / "heads" / "main").write_text(commit[::-1] + "\n")
    assert identity._commit(git) == commit[::-1]


def test_l47_diag_tells_everything_and_no_canary(clarity: CommandLine, home: Path, tmp_path: Path) -> None:
    locked = clarity("--home", tmp_path / "empty", "diag", "--json").document
    assert (locked["locked"], locked["services"]) == (True, [])
    answer = clarity("--home", home, "diag", "--json")
    document = answer.document
    assert document["locked"] is False
    assert {
        "version", "flags", "checks", "services", "channels", "disagreements", "cached", "log", "telemetry"
    } <= set(document)  # fmt: skip
    assert {one["name"] for one in document["flags"]} == {one.name for one in flags.FLAGS}
    assert document["log"]["most_bytes"] == MOST_LOG_BYTES
    assert not any(canary in answer.out for canary in CANARIES)


def test_l58_a_file_for_support_holds_flags_and_no_canary(clarity: CommandLine, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "support.json"
    # A log line that names somebody, as a mistake elsewhere would write it.
    start_logging(home)
    stop_logging()
    with log_files(home)[0].open("a", encoding="utf-8") as stream:
        stream.write(f"2026-11-21T10:00:00+0000 INFO clarity_desktop.x {NAME} wrote to {CANARIES[3]}\n")
        stream.write(f"2026-11-21T10:00:00+0000 INFO clarity_desktop.x {CANARIES[4]} in {home}\n")
    answer = clarity("--home", home, "diag", "--save", path, "--json")
    assert answer.document["saved"] == str(path)
    raw = path.read_bytes()
    document = json.loads(raw)
    assert {one["name"] for one in document["flags"]} == {one.name for one in flags.FLAGS}
    assert document["log_end"]
    for canary in (*CANARIES, str(home), str(Path.home())):
        assert canary.encode() not in raw, canary
    entries = clarity("--home", home, "audit", "list", "--json").document
    assert any(one["action"] == "diagnostics.save" for one in entries["entries"])


def test_l56_a_verb_of_a_feature_that_is_off_is_not_there(clarity: CommandLine, home: Path) -> None:
    off = clarity("--home", home, "cloud", "test-routes", "http://127.0.0.1:1", "--json")
    assert (off.code, off.document["error"]["code"]) == (2, "usage")
    assert "Did you mean" not in off.document["error"]["message"]
    assert "test-routes" not in clarity("--home", home, "cloud", "--help").out
    (home / "settings.json").write_text(json.dumps({flags.DEVELOPER_ROUTES.setting: True}))
    assert "test-routes" in clarity("--home", home, "cloud", "--help").out
    on = clarity("--home", home, "cloud", "test-routes", "http://127.0.0.1:1", "--json")
    assert on.document["error"]["code"] == "cloud.sending_off"


def test_l75_the_developer_flag_is_impossible_in_the_packaged_program(
    clarity: CommandLine, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "settings.json").write_text(json.dumps({flags.DEVELOPER_ROUTES.setting: True}))
    monkeypatch.setattr("sys.frozen", True, raising=False)
    off = clarity("--home", home, "cloud", "test-routes", "http://127.0.0.1:1", "--json")
    assert off.document["error"]["code"] == "usage"
    services = open_services(home)
    assert {one.flag.name: one.because for one in services.flags()}["developer.routes"] == "packaged program"
    services.close()


def test_new_commands_are_in_the_reference() -> None:
    assert {"healthz", "readyz", "version", "diag"} <= {name for name, _ in commands()}
    assert run(["healthz", "--help"]) == 0


def test_l26_l47_servers_are_asked_and_a_pause_is_ended_by_command(
    clarity: CommandLine, home: Path, tmp_path: Path
) -> None:
    with running_replica(tmp_path / "replica.db") as replica:
        services = open_services(home)
        services.unlock_with_keychain()
        services.change_setting("external.sending", True)
        services.set_cloud_server(replica.url)
        services.close()
        (asked,) = clarity("--home", home, "diag", "--probe", "--json").document["services"]
        assert (asked["service"], asked["profile"]) == (replica.url, "openapi")
        assert {one["part"]: one["outcome"] for one in asked["probes"]}["root"] == "answers"
        assert asked["figures"]["calls"] >= 4
        assert asked["figures"]["p95_ms"] >= asked["figures"]["p50_ms"] > 0
        assert asked["figures"]["error_rate"] == 0
        ready = clarity("--home", home, "readyz", "--json")
        assert ready.code == 0
        text = clarity("--home", home, "diag").out
        assert "of 7" in text
        assert clarity("--home", home, "diag", "--reset", replica.url, "--json").code == 0
        assert clarity("--home", home, "diag", "--reset", "https://nobody.example", "--json").code == 5
    entries = clarity("--home", home, "audit", "list", "--action", "cloud.breaker_reset", "--json").document["entries"]
    assert len(entries) == 1
