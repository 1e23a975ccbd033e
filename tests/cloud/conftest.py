"""One emulator of the identity service for all tests of a run that need it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clarity_desktop.cloud.auth import Pool
from tests.servers.identity import IdentityEmulator, identity_emulator


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityEmulator]:
    with identity_emulator(tmp_path_factory.mktemp("identity") / "emulator.log") as running:
        yield running


@pytest.fixture(scope="session")
def pool(identity: IdentityEmulator) -> Pool:
    return identity.make_pool()
