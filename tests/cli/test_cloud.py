"""``cloud`` on the command line: passwords from stdin, one document each, against a replica's own sign-in."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clarity_desktop.vault import Vault
from tests.cli.conftest import Answer, CommandLine
from tests.servers.replica import Replica, running_replica

PASSWORD = "Herons7-quiet"
EMAIL = "ada@clinic.example"


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    with running_replica(tmp_path / "replica.db") as running:
        yield running


@pytest.fixture
def cloud(in_vault: CommandLine, vault_folder: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Call ``cloud`` on a vault that may send, with lines on stdin."""
    with Vault.open_with_keychain(vault_folder) as vault:
        vault.rules.set("external.sending", 1)

    def call(*arguments: object, stdin: str = "") -> Answer:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        return in_vault("cloud", *arguments)

    return call


def test_l9_from_server_to_sign_out(cloud: CommandLine, replica: Replica) -> None:
    added = cloud("server", replica.url, "--login", "server")
    assert added.code == 0, added.out
    assert added.document["login"] == "server"
    assert "log" in added.err
    found = cloud("sign-in", replica.url, "--email", EMAIL, stdin=f"{PASSWORD}\n")
    assert found.code == 0, found.err
    assert (found.document["email"], found.document["profile"], found.document["kept"]) == (EMAIL, "openapi", True)
    assert PASSWORD not in found.out + found.err
    status = cloud("status").document
    assert (status["signed_in"], status["account"]["email"], len(status["servers"])) == (True, EMAIL, 1)
    assert cloud("probe").document["probes"]["data_health"] is True
    assert cloud("pat").document["verified"] is False
    assert cloud("insights").document["insights"] == []
    assert cloud("sign-out").document["confirmed"] is True
    assert cloud("status").document["signed_in"] is False


def test_l18_another_account_is_stopped_with_a_choice(cloud: CommandLine, replica: Replica) -> None:
    cloud("server", replica.url, "--login", "server")
    cloud("sign-in", replica.url, "--email", EMAIL, stdin=f"{PASSWORD}\n")
    other = cloud("sign-in", replica.url, "--email", "bob@clinic.example", stdin=f"{PASSWORD}\n")
    assert (other.code, other.document["error"]["code"]) == (6, "cloud.other_user")
    added = cloud("sign-in", replica.url, "--email", "bob@clinic.example", "--another", stdin=f"{PASSWORD}\n")
    assert added.code == 0
    assert len(cloud("status").document["accounts"]) == 2


def test_register_confirm_and_reset(cloud: CommandLine, replica: Replica) -> None:
    cloud("server", replica.url, "--login", "server")
    made = cloud("register", replica.url, "--email", EMAIL, stdin=f"{PASSWORD}\n")
    assert made.document["confirmed"] is True
    weak = cloud("register", replica.url, "--email", EMAIL, stdin="short\n")
    assert (weak.code, weak.document["error"]["code"]) == (2, "cloud.password_rule")
    assert cloud("confirm", replica.url, "--email", EMAIL, stdin="123456\n").document["confirmed"] is True
    assert cloud("confirm", replica.url, "--email", EMAIL, "--again").document["sent"] is True
    assert cloud("reset", replica.url, "--email", EMAIL).document["sent"] is True
    lines = f"654321\n{PASSWORD}\n"
    assert cloud("reset", replica.url, "--email", EMAIL, "--with-code", stdin=lines).document["reset"] is True


@pytest.mark.slow
def test_each_capability_has_a_command(cloud: CommandLine, replica: Replica) -> None:
    cloud("server", replica.url, "--login", "server")
    cloud("sign-in", replica.url, "--email", EMAIL, stdin=f"{PASSWORD}\n")
    user = cloud("me").document["user_id"]
    renamed = cloud("me", "--name", "Ada at work").document
    assert (renamed["user_id"], renamed["renamed"]) == (user, True)
    off = cloud("me", "--counts")
    assert (off.code, off.document["error"]["code"]) == (7, "cloud.capability")
    assert cloud("uploads").document["uploads"] == []
    missing = cloud("uploads", "b0a3bb9e-4c7e-4c5b-9f0d-1f1f1f1f1f1f")
    assert missing.document["error"]["code"] == "cloud.upload"
    text = replica.state.keep_insight(
        user,
        {"narrative": "Rested.", "generated_at": "", "confidence_score": 0, "key_insights": [], "recommendations": []},
    )
    assert cloud("insights", text).document["narrative"] == "Rested."
    assert len(cloud("insights").document["insights"]) == 1
    found = cloud("contradictions").document["contradictions"]
    assert {"capability": "me", "told": "auth_provider is missing"}.items() <= found[0].items() or len(found) > 0
    assert cloud("contradictions", "--forget").document["forgotten"] == len(found)
    assert cloud("results", "no-such").document["error"]["code"] == "cloud.result"
    assert cloud("results").document["error"]["code"] == "cloud.result"
    assert cloud("factor").document["error"]["code"] == "cloud.no_factor"
    assert cloud("forget-computer").document["confirmed"] is False
    status = cloud("status").document
    assert (status["remembered"], status["ends"], status["ending_soon"]) == (False, None, [])


def test_lines_go_over_the_live_channel_once_it_is_agreed(cloud: CommandLine, replica: Replica) -> None:
    cloud("server", replica.url, "--login", "server")
    cloud("sign-in", replica.url, "--email", EMAIL, stdin=f"{PASSWORD}\n")
    assert cloud("live", stdin="Hello\n").document["error"]["code"] == "cloud.live_notice"
    assert replica.state.calls["WS"] == 0
    found = cloud("live", "--agree", stdin="Hello\n\nAnd again\n").document
    assert [(one["who"], one["state"], one["text"]) for one in found["messages"]] == [
        ("you", "sent", "Hello"),
        ("server", "received", "Heard: Hello"),
        ("you", "sent", "And again"),
        ("server", "received", "Heard: And again"),
    ]
    assert not any(one["checked"] for one in found["messages"])


def test_no_password_is_an_argument(cloud: CommandLine, replica: Replica) -> None:
    assert cloud("server", replica.url, "--proxy", "http://a:b@127.0.0.1:1").document["error"]["code"] == "cloud.proxy"
    cloud("server", replica.url, "--login", "server")
    empty = cloud("sign-in", replica.url, "--email", EMAIL)
    assert empty.document["error"]["code"] == "cloud.no_password"
