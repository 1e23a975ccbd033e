"""A vault with one user for each role and a patient without recordings; each test works on a copy of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.ui.shell.window import Window
from clarity_desktop.vault import Vault
from tests.ui.security.team import CHEAP, OWNER, PEOPLE


@pytest.fixture(scope="session")
def team_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The vault that tests copy."""
    home = tmp_path_factory.mktemp("team")
    with Vault.create(home / "vault", OWNER, label="Ada", kdf=CHEAP) as vault:
        for name, (words, roles) in PEOPLE.items():
            if name != "Ada":
                vault.people.add(name, words, roles)
        vault.patients.add("Ida Falk", birth_date=date(1980, 2, 3), tags=("study-1",))
    return home


@pytest.fixture
def session(team_home: Path, tmp_path: Path) -> Iterator[Callable[[str], Services]]:
    """Opens the test's copy of the vault as one of its people."""
    home = tmp_path / "home"
    shutil.copytree(team_home, home)
    with ExitStack() as stack:

        def make(name: str) -> Services:
            services = open_services(home, origin="UI")
            vault = Vault.open(home / "vault", PEOPLE[name][0], person=name, kdf_floor=CHEAP)
            services._adopt(vault)
            services.settings.set("theme", "light")
            stack.callback(services.close)
            return services

        yield make


@pytest.fixture
def window_of(session: Callable[[str], Services], open_window: Callable[[Services], Window]) -> Callable[[str], Window]:
    """The window of one of the people."""
    return lambda name: open_window(session(name))
