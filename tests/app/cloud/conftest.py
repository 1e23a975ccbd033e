"""Services signed in at a replica by its own sign-in, over a vault with one person and fourteen days of steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.cloud_sessions import CloudAccount
from clarity_desktop.demo.build import add_simulated_person, import_recording
from clarity_desktop.demo.people import DEMO_SEED, PEOPLE
from clarity_desktop.demo.signals import simulate
from clarity_desktop.domain.people import Patient
from clarity_desktop.vault import Vault
from tests.app.cloud.account import CHEAP, EMAIL, PASSWORD, WORDS
from tests.memory_keychain import MemoryKeychain
from tests.servers.replica import Replica, running_replica


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault with one person and fourteen days of steps."""
    home = tmp_path_factory.mktemp("live")
    with Vault.create(home / "vault", WORDS, kdf=CHEAP) as vault:
        person = add_simulated_person(vault, PEOPLE[0])
        import_recording(vault, person, simulate(PEOPLE[0], DEMO_SEED, 14), home / "files")
    return home


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    with running_replica(tmp_path / "replica.db") as running:
        yield running


@pytest.fixture
def services(home: Path, tmp_path: Path, replica: Replica, keychain: MemoryKeychain) -> Iterator[Services]:
    import shutil

    del keychain
    shutil.copytree(home / "vault", tmp_path / "vault")
    found = open_services(tmp_path)
    found._adopt(Vault.open(tmp_path / "vault", WORDS, kdf_floor=CHEAP))
    found.change_setting("external.sending", True)
    found.set_cloud_server(replica.url, login="server")
    assert isinstance(found.cloud_sign_in(replica.url, EMAIL, PASSWORD), CloudAccount)
    yield found
    found.close()


@pytest.fixture
def patient(services: Services) -> Patient:
    return services.patients()[0]
