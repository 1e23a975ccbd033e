"""``sync content``, ``leave-out``, ``take-in`` and ``stays``: one document each, over a real vault without a server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clarity_desktop.app.cloud_sessions import ACCOUNTS, CloudAccount
from clarity_desktop.cloud.sync.carriers import CARRIERS
from clarity_desktop.cloud.sync.metrics import carriers_for
from clarity_desktop.domain.sync import OperationState as S
from clarity_desktop.vault import Vault
from tests.cloud.sync.conftest import CHEAP, HEART, PASSPHRASE, START, USER, fill

ACCOUNT = CloudAccount("https://a.invalid", USER, "a@clinic.example", "openapi")
RESTING = "HKQuantityTypeIdentifierRestingHeartRate"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with Vault.create(tmp_path / "home" / "vault", PASSPHRASE, kdf=CHEAP) as vault:
        patient = vault.patients.add("Ada").id
        fill(vault, HEART, START, np.array([70.0, 310.0, 71.0]), patient)
        fill(vault, RESTING, START, np.full(4, 58.0), patient)
        vault.outbox.enable(patient, ACCOUNT.key, carriers_for(list(CARRIERS)))
        vault.outbox.remember(ACCOUNTS, [asdict(ACCOUNT)])
        (one,) = vault.outbox.operations(ACCOUNT.key)
        for state in (S.BATCHED, S.SENDING, S.REJECTED):
            vault.outbox.move([one.op_id], state, reason="server_refused")
    return tmp_path / "home"


def test_y30_y25_what_stays_is_chosen_and_told(
    home: Path, clarity: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from clarity_desktop.app import Services
    from clarity_desktop.cli.session import Session

    def unlocked(self: Session) -> Services:
        services = self.services
        if not services.unlocked:
            services._adopt(Vault.open(services.vault_directory, PASSPHRASE, kdf_floor=CHEAP))
        return services

    monkeypatch.setattr(Session, "unlocked", unlocked)

    def ask(*arguments: str) -> Any:
        return clarity("--home", home, "--json", "sync", *arguments)

    (one,) = ask("log").document["operations"]
    kinds = ask("content", one["op_id"]).document["kinds"]
    assert [(kind["kind"], kind["count"], kind["outside"]) for kind in kinds] == [(HEART, 2, 1), (RESTING, 4, 0)]
    left = ask("leave-out", one["op_id"], "--kind", RESTING)
    assert (left.code, left.document["stretches"]) == (0, 1)
    stays = {row["kind"]: row for row in ask("stays", "--patient", "P-0001").document["stays"]}
    assert (stays[RESTING]["reason"], stays[RESTING]["count"]) == ("left_out", 4)
    assert (stays[HEART]["reason"], stays[HEART]["count"]) == ("out_of_range", 1)
    assert stays[HEART]["range"].startswith("30")
    assert ask("leave-out", one["op_id"], "--kind", RESTING).code == 6, "it has not stopped any more"
    assert ask("take-in", "--patient", "P-0001", "--kind", RESTING).code == 0
    assert RESTING not in {row["kind"] for row in ask("stays", "--patient", "P-0001").document["stays"]}
