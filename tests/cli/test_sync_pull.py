"""``sync remote``, ``direction``, ``link``, ``pull``, ``restore``, ``conflicts`` and ``resolve`` over a real socket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clarity_desktop.app import Services
from clarity_desktop.cli.session import Session
from clarity_desktop.vault import Vault
from tests.app.test_sync import SignedIn
from tests.app.test_sync_pull import Desk, desk, person, replica
from tests.cloud.sync.conftest import CHEAP, HEART, PASSPHRASE, START, fill
from tests.servers.replica import Replica

__all__ = ["desk", "replica"]


@pytest.mark.slow
def test_y66_y67_y48_a_second_computer_by_commands(
    desk: Desk, replica: Replica, tmp_path: Path, clarity: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = desk("here"), desk("there")
    mine = person(here, "Ada Lovelace", records=True)
    fill(here.vault, HEART, START, np.full(50, 61.0), mine)
    here.enable_sync(mine)
    here.sync_now()
    theirs = person(there, "Ada King", records=True)
    fill(there.vault, HEART, START, np.full(50, 61.0), theirs)
    there.close()

    def unlocked(self: Session) -> Services:
        if not isinstance(self._services, SignedIn):
            self._services = SignedIn(tmp_path / "there", tmp_path / "there" / "vault", "CLI")
            self._services.replica_url = replica.url
            self._services._adopt(Vault.open(tmp_path / "there" / "vault", PASSPHRASE, kdf_floor=CHEAP))
        return self._services

    monkeypatch.setattr(Session, "unlocked", unlocked)

    def ask(*arguments: str) -> Any:
        return clarity("--home", tmp_path / "there", "--json", "sync", *arguments)

    listed = ask("remote").document
    assert (listed["needs_direction"], listed["readable"], listed["direction"]) == (True, True, None)
    ((number, linked),) = [(one["remote_id"], one["linked_patient"]) for one in listed["people"]]
    assert linked is None
    assert ask("pull").code != 0, "nothing moves before somebody says which way"
    assert ask("direction", "sideways").code != 0
    assert ask("direction", "both").document["direction"] == "both"
    assert ask("pull").document["waiting_for_link"] == 1
    assert ask("restore").code != 0, "the vault is not empty"
    preview = ask("restore", "--dry-run").document
    assert preview["empty_here"] is False
    assert {one["what"] for one in preview["will_come"]} == {HEART, "records"}
    assert len(preview["cannot_come"]) >= 4
    assert ask("link", number, "--patient", "P-0001").document["patient"] == theirs
    pulled = ask("pull").document
    assert (pulled["new"] > 0, pulled["equal"] >= 50, pulled["conflicts"]) == (True, True, 1)
    (conflict,) = ask("conflicts").document["conflicts"]
    assert {conflict["here"]["value"], conflict["there"]["value"]} == {"Ada King", "Ada Lovelace"}
    assert ask("resolve", conflict["id"][:8]).code != 0, "a side must be named"
    assert ask("resolve", conflict["id"][:8], "--keep", "here").code == 0
    assert ask("conflicts").document["conflicts"][0]["resolved"] == "here"
    assert ask("resolve", conflict["id"], "--reopen").document["reopened"] is True
    assert ask("resolve", conflict["id"], "--keep", "there").code == 0
    with Vault.open(tmp_path / "there" / "vault", PASSPHRASE, kdf_floor=CHEAP) as vault:
        assert vault.patients.get(theirs).name == "Ada Lovelace"
        assert replace(vault.patients.get(theirs), name="").code == "P-0001"
        actions = [entry.action for entry in vault.audit.entries()]
    assert {"sync.link", "sync.pull", "sync.resolve", "sync.reopen"} <= set(actions)
