"""``sync`` on the command line: states, ages and next tries in one document, and what a cycle comes to (Y-15)."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from clarity_desktop.domain.sync import OperationState
from clarity_desktop.vault import Vault
from tests.cli.conftest import CommandLine
from tests.cloud.sync.conftest import HEART, MONTH, START, STEPS, fill
from tests.servers.replica import Replica, running_replica

EMAIL, PASSWORD = "ada@clinic.example", "Herons7-quiet"


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    with running_replica(tmp_path / "replica.db") as running:
        yield running


@pytest.fixture
def sync(in_vault: CommandLine, vault_folder: Path, replica: Replica, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """A vault with two months of one person, signed in, the person switched on with consent."""
    with Vault.open_with_keychain(vault_folder) as vault:
        vault.rules.set("external.sending", 1)
        patient = vault.patients.add("Ada Lovelace").id
        for month in range(2):
            fill(vault, HEART, START + month * MONTH, np.full(60, 64.0), patient)
        fill(vault, STEPS, START, np.full(60, 12.0), patient, "count")
    assert in_vault("cloud", "server", replica.url, "--login", "server").code == 0
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))
    assert in_vault("cloud", "sign-in", replica.url, "--email", EMAIL).code == 0
    given = in_vault(
        "consent",
        "give",
        patient,
        "--purpose",
        f"sync:{urlsplit(replica.url).netloc}",
        "--text-version",
        "1",
        "--language",
        "en",
        "--given-by",
        "Ada",
        "--method",
        "paper",
    )
    assert given.code == 0, given.out
    switched = in_vault("sync", "switch", "--patient", patient, "on")
    assert (switched.code, switched.document["stretches"]) == (0, 3)
    return lambda *arguments: in_vault("sync", *arguments)


def instant(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def test_y15_status_names_every_state_with_ages_and_next_tries(sync: CommandLine, replica: Replica) -> None:
    found = sync("status").document
    assert list(found["states"]) == [one.value for one in OperationState]
    assert found["states"]["new"] == 3
    assert sum(found["states"].values()) == 3
    assert abs(instant(found["oldest"]["new"]) - time.time()) < 60
    assert found["next_try"] == {}
    assert found["last"] is None
    assert instant(found["finish"]) - time.time() < 60, "within the limits of this hour"
    # The server is down for uploads: they wait for their next try.
    replica.state.uploads_per_hour = 0
    run = sync("run").document
    assert run["cycle"]["stopped"] is not None
    waiting = sync("status").document
    assert waiting["states"]["batched"] == 2
    assert set(waiting["oldest"]) == {"new", "batched"}
    assert instant(waiting["next_try"]["batched"]) > time.time()
    assert waiting["last"]["stopped"] == run["cycle"]["stopped"]
    assert waiting["last"]["waits_s"] is not None


@pytest.mark.slow
def test_y15_a_cycle_ends_verified_and_the_status_says_when(sync: CommandLine, replica: Replica) -> None:
    would = sync("run", "--dry-run").document["would_send"]
    assert len(would) == 3
    assert replica.state.calls["upload_metrics"] == 0
    found = sync("run").document
    assert (found["cycle"]["sent"], found["cycle"]["verified"], found["cycle"]["stopped"]) == (2, 3, None)
    assert found["states"]["verified"] == 3
    status = sync("status").document
    assert status["read_back"] == "full"
    assert status["uploads"] == {"used": 2, "limit": 90}, "a start of its own knows what was used"
    assert abs(instant(status["last"]["at"]) - time.time()) < 60
    assert set(status["oldest"]) == {"verified"}
    assert len(sync("log").document["operations"]) == 3
    assert sync("compare").document["equal"] == 3
