"""``cloud pat`` with a person and a week: one document, consent first, and the server's numbers named as unverified."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from clarity_desktop.vault import Vault
from tests.cli.conftest import CommandLine
from tests.cloud.sync.conftest import START, STEPS, fill
from tests.servers.replica import Replica, running_replica

DAY_MIN = 1440


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    with running_replica(tmp_path / "replica.db") as running:
        yield running


@pytest.mark.slow
def test_a_week_of_steps_goes_with_consent_and_comes_back_unverified(
    in_vault: CommandLine, vault_folder: Path, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Vault.open_with_keychain(vault_folder) as vault:
        vault.rules.set("external.sending", 1)
        patient = vault.patients.add("Ada Lovelace", home_zone="UTC").id
        fill(vault, STEPS, START, np.arange(8.0 * DAY_MIN) % 90, patient, "count")
    in_vault("cloud", "server", replica.url, "--login", "server")
    monkeypatch.setattr(sys, "stdin", io.StringIO("Herons7-quiet\n"))
    assert in_vault("cloud", "sign-in", replica.url, "--email", "ada@clinic.example").code == 0
    ask = ("cloud", "pat", "--patient", patient, "--week", "2025-01-01")
    refused = in_vault(*ask)
    assert refused.code != 0
    assert refused.document["error"]["code"].startswith("consent")
    assert replica.state.calls["pat_steps"] == 0
    purpose = f"steps:{urlsplit(replica.url).netloc}"
    agreed = ("--text-version", "1", "--language", "en", "--given-by", "Ada", "--method", "paper")
    assert in_vault("consent", "give", patient, "--purpose", purpose, *agreed).code == 0
    found = in_vault(*ask)
    assert found.code == 0, found.out
    assert found.document["verified"] is False
    assert found.document["minutes_without_count"] == 0
    assert found.document["values"]["total_sleep_time"] == 7.0
    assert replica.state.calls["pat_steps"] == 1
    wrong = in_vault("cloud", "pat", "--patient", patient, "--week", "tomorrow")
    assert (wrong.code, wrong.document["error"]["code"]) == (2, "cloud.day")
    assert replica.state.calls["pat_steps"] == 1
