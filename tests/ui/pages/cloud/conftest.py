"""Two computers of one account at a replica, each with services over a real vault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from clarity_desktop.app.cloud_sessions import ACCOUNTS, CloudAccount
from clarity_desktop.vault import Vault
from tests.app.test_sync import SignedIn
from tests.cloud.sync.conftest import CHEAP, HEART, MONTH, PASSPHRASE, START, STEPS, USER, fill
from tests.servers.replica import Replica, running_replica

Computer = Callable[..., SignedIn]


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    with running_replica(tmp_path / "replica.sqlite") as running:
        yield running


@pytest.fixture
def computer(tmp_path: Path, replica: Replica) -> Iterator[Computer]:
    """Makes a computer with these people; each of them has months of heart rate and steps."""
    made: list[SignedIn] = []

    def make(*people: str, months: int = 2) -> SignedIn:
        home = tmp_path / f"computer-{len(made)}"
        account = CloudAccount(replica.url, USER, "a@clinic.example", "openapi")
        with Vault.create(home / "vault", PASSPHRASE, kdf=CHEAP) as vault:
            for name in people:
                patient = vault.patients.add(name).id
                for month in range(months):
                    values = np.full(60, 61.0 + month)
                    values[7] = 304.0
                    fill(vault, HEART, START + month * MONTH, values, patient)
                    fill(vault, STEPS, START + month * MONTH, np.full(60, 5.0), patient, "count")
            vault.outbox.remember(ACCOUNTS, [asdict(account)])
        found = SignedIn(home, home / "vault")
        found.replica_url = replica.url
        found._adopt(Vault.open(home / "vault", PASSPHRASE, kdf_floor=CHEAP))
        found.settings.set("theme", "light")
        found.set_cloud_server(replica.url)
        found.change_setting("external.sending", True)
        made.append(found)
        return found

    yield make
    for one in made:
        one.close()


def enabled(services: SignedIn) -> str:
    """Let the first person's data go; answers the id."""
    patient = services.vault.patients.list()[0].id
    services.give_consent(
        patient, purpose=services.sync_purpose(), text_version="1", language="en", given_by="A", method="paper"
    )
    services.enable_sync(patient)
    return patient
