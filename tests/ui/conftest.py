"""Real services over a real vault with simulated people; windows close and threads join after each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.demo.build import add_simulated_person, import_recording
from clarity_desktop.demo.people import DEMO_DAYS, DEMO_SEED, PEOPLE
from clarity_desktop.demo.signals import simulate
from clarity_desktop.ui.application import make_application, make_window
from clarity_desktop.ui.jobs import shut_down
from clarity_desktop.ui.qt import QApplication, QEvent
from clarity_desktop.ui.screenshots import settle
from clarity_desktop.ui.shell.window import Window
from clarity_desktop.vault import KdfParameters, Vault

PASSPHRASE = "seven quiet herons"


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A home with a vault of two simulated people, and the vault's data key."""
    home = tmp_path_factory.mktemp("demo")
    with Vault.create(home / "vault", PASSPHRASE, kdf=KdfParameters.for_tests()) as vault:
        for person in PEOPLE[:2]:
            patient = add_simulated_person(vault, person)
            import_recording(vault, patient, simulate(person, DEMO_SEED, DEMO_DAYS), home / "files")
        return home, vault.job_key()


@pytest.fixture
def services(demo_home: tuple[Path, bytes], tmp_path: Path) -> Iterator[Services]:
    """Unlocked services over a copy of the demo vault."""
    home, _ = demo_home
    shutil.copytree(home / "vault", tmp_path / "home" / "vault")
    opened = open_services(tmp_path / "home")
    opened._adopt(Vault.open(opened.vault_directory, PASSPHRASE, kdf_floor=KdfParameters.for_tests()))
    opened.settings.set("theme", "light")
    yield opened
    opened.close()


@pytest.fixture
def empty_services(tmp_path: Path) -> Iterator[Services]:
    """Services of a home without a vault."""
    opened = open_services(tmp_path / "home")
    opened.settings.set("theme", "light")
    yield opened
    opened.close()


@pytest.fixture
def open_window(qapp: QApplication) -> Iterator[Callable[[Services], Window]]:
    """Opens windows that are closed afterwards, with their threads joined."""
    windows: list[Window] = []

    def make(services: Services) -> Window:
        make_application(services)
        window = make_window(services)
        windows.append(window)
        window.show()
        window.activateWindow()
        if services.unlocked:
            window.start_at(None, None)
        settle(qapp)
        return window

    yield make
    for window in windows:
        window._closing = True
        window.close()
        window.deleteLater()
    shut_down()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def window(services: Services, open_window: Callable[[Services], Window]) -> Window:
    """The window on the list of two simulated people."""
    return open_window(services)


@pytest.fixture
def rest(qapp: QApplication) -> Callable[[], None]:
    """Wait until no query, mutation or job is under way."""
    return lambda: settle(qapp)
