"""What a server told never looks newer than it is: its age, and that it was not reached since."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clarity_desktop.app import Services
from clarity_desktop.ui.components.freshness import OLD_S, Freshness
from clarity_desktop.ui.pages.cloud.server import ServerPage
from clarity_desktop.ui.shell.window import Window
from tests.servers.replica import Replica, running_replica


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    with running_replica(tmp_path / "replica.db") as running:
        yield running


def test_l33_the_line_ages_and_says_when_nobody_answered(qapp: object) -> None:
    clock = [1_800_000_000.0]
    line = Freshness(lambda: clock[0])
    line.not_told()
    assert line.text() == "", "there is nothing whose age could be told"
    line.told()
    assert line.text().endswith("0 s ago.")
    clock[0] += 90
    line.renew()
    assert line.text().endswith("1 min 30 s ago.")
    assert line._label.property("tone") == "muted"
    clock[0] += OLD_S
    line.renew()
    assert "Ask again" in line.text()
    assert line._label.property("tone") == "warn"
    line.told()
    line.not_told()
    assert line.text().startswith("Not told again at ")
    assert line.accessibleName() == line.text()
    line.told(clock[0] - 90_000)
    assert "2027-" in line.text(), "another day is named"
    line.deleteLater()


@pytest.mark.slow
def test_l33_what_a_server_told_is_not_taken_for_the_state_of_now(
    services: Services, replica: Replica, keychain: object, window: Window, rest: Callable[[], None]
) -> None:
    del keychain
    services.change_setting("external.sending", True)
    services.set_cloud_server(replica.url, login="server")
    services.cloud_sign_in(replica.url, "ada@clinic.example", "Herons7-quiet")
    window.open_page("server")
    rest()
    page = window.workspace.page("server")
    assert isinstance(page, ServerPage)
    age = page.ages[page.upload_state]
    assert age.text() == ""
    page.list_uploads.click()
    rest()
    assert age.text().startswith("As the server told it at ")
    assert page.ages[page.me].text() == "", "each card has its own age"
    replica.stop(at_once=True)
    page.list_uploads.click()
    rest()
    assert age.text().startswith("Not told again at ")
    assert "As the server told it at" in age.text()
    assert "could not be reached" in page.upload_state.text()
