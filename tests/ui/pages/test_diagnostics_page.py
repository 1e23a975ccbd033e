"""The diagnostics page, the file for support and About, over a replica of the API."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from clarity_desktop.app import Services
from clarity_desktop.app.cloud_sessions import ACCOUNTS, CloudAccount
from clarity_desktop.app.flags import DEVELOPER_ROUTES, FLAGS
from clarity_desktop.cloud.auth import TokenSet
from clarity_desktop.cloud.client import CloudError
from clarity_desktop.ui.commands import COMMANDS
from clarity_desktop.ui.components.record_table import RecordTable
from clarity_desktop.ui.dialogs.about import AboutSheet
from clarity_desktop.ui.dialogs.keys import KeysSheet
from clarity_desktop.ui.pages.cloud.server import ServerPage
from clarity_desktop.ui.pages.diagnostics.page import DiagnosticsPage
from clarity_desktop.ui.pages.diagnostics.support import SupportSheet
from clarity_desktop.ui.qt import QGuiApplication, QLabel, QMenu
from clarity_desktop.ui.shell.menus import window_menu
from clarity_desktop.ui.shell.palette import find_rows
from clarity_desktop.ui.shell.window import Window
from tests.servers.replica import Replica, running_replica
from tests.servers.replica.accounts import stub_token

USER = "11111111-2222-4333-8444-555555555555"
EMAIL = "ada@clinic.example"


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    with running_replica(tmp_path / "replica.db") as running:
        yield running


@pytest.fixture
def page(
    services: Services, replica: Replica, keychain: object, window: Window, rest: Callable[[], None]
) -> DiagnosticsPage:
    del keychain
    services.change_setting("external.sending", True)
    services.set_cloud_server(replica.url)
    now = time.time()
    tokens = TokenSet(stub_token(USER), "", "kept", USER, EMAIL, "", now, now + 3600)
    services._tokens_kept().keep(f"{replica.url}/{USER}", "kept")
    account = CloudAccount(replica.url, USER, EMAIL, "openapi")
    services.vault.outbox.remember(ACCOUNTS, [asdict(account)])
    services._go_live(services.cloud_servers()[0], account, tokens)
    return opened(window, rest)


def opened(window: Window, rest: Callable[[], None]) -> DiagnosticsPage:
    window.open_page("diagnostics")
    rest()
    found = window.workspace.page("diagnostics")
    assert isinstance(found, DiagnosticsPage)
    return found


def cells(table: RecordTable) -> dict[str, tuple[str, ...]]:
    return {one.cells[0]: one.cells[1:] for one in table.records}


@pytest.mark.slow
def test_l47_times_errors_and_pauses_are_on_the_page(
    page: DiagnosticsPage, rest: Callable[[], None], replica: Replica, services: Services
) -> None:
    assert page.badge.accessibleName() in ("Ready", "Ready, with notes")
    assert set(cells(page.checks)) == {"Vault", "Schema", "Home folder", "Disk", "Models", "Keychain", "Servers"}
    assert not page.parts.records
    page.ask.click()
    rest()
    time.sleep(0.05)
    page.reload()
    rest()
    host = replica.url.removeprefix("http://")
    told = cells(page.services_table)[host]
    assert told[0] == "Pass"
    assert int(told[1]) >= 7
    assert float(told[3]) <= float(told[4])
    assert cells(page.parts)["Health data"][0] == "Answers"
    assert cells(page.learned)["Sending measurements"][0] == "Yes"
    assert not page.reset.isEnabled()
    replica.stop(at_once=True)
    for _ in range(2):
        with pytest.raises(CloudError):
            services._net.run(services._cloud_api(services._account(None)).me())
    page.reload()
    rest()
    assert cells(page.services_table)[host][0].startswith("Paused until ")
    page.reset.click()
    rest()
    assert cells(page.services_table)[host][0] == "Pass"


def test_without_a_server_the_page_says_so(window: Window, rest: Callable[[], None]) -> None:
    page = opened(window, rest)
    assert page.no_server.isVisible()
    assert not page.services_table.isVisible()
    assert page.ask.toolTip() == "No server is set"
    assert page.clear.toolTip() == "No answer is kept"
    assert "Telemetry: None." in page.lines.text()


def test_l58_the_file_for_support_is_shown_whole_and_holds_nobody(
    page: DiagnosticsPage, rest: Callable[[], None], window: Window, services: Services, tmp_path: Path
) -> None:
    page.ask.click()
    rest()
    page.support.click()
    rest()
    (sheet,) = [one for one in window.findChildren(SupportSheet) if one.isVisible()]
    shown = sheet.text.toPlainText()
    assert {one["name"] for one in json.loads(shown)["flags"]} == {one.name for one in FLAGS}
    path = tmp_path / "support.json"
    sheet.write(path)
    rest()
    raw = path.read_bytes()
    assert raw.decode("utf-8") == shown
    people = [word for one in services.patients() for word in (one.name, one.code, one.id)]
    for canary in (*people, EMAIL, USER, str(services.home)):
        assert canary.encode() not in raw, canary
    page.copy.click()
    rest()
    assert json.loads(QGuiApplication.clipboard().text())["services"][0]["service"].startswith("127.0.0.1")


def test_l50_about_says_what_version_says(window: Window, rest: Callable[[], None], services: Services) -> None:
    window.show_about()
    rest()
    (sheet,) = [one for one in window.findChildren(AboutSheet) if one.isVisible()]
    text = sheet.as_text()
    identity = services.identity()
    assert f"Version: {identity.app}" in text
    assert f"Schema: {identity.schema}" in text
    assert identity.api_contract["sha256"][:16] in text
    assert all(one.sha256[:16] in text for one in identity.models)
    assert identity.build["source_sha256"][:16] in text
    # L-58: what is on trial here stands in it.
    assert "cloud.server_login is on" in text
    assert "developer.routes" not in text
    services.change_setting(DEVELOPER_ROUTES.setting, True)
    window.show_about()
    rest()
    assert "developer.routes is on by this workstation" in window.findChildren(AboutSheet)[-1].as_text()


def titles(menu: QMenu) -> list[str]:
    found = []
    for action in menu.actions():
        inner = action.menu()
        found += titles(inner) if isinstance(inner, QMenu) else [action.text().split("\t")[0].split(" · ")[0]]
    return found


def test_l56_a_feature_that_is_off_is_nowhere(window: Window, rest: Callable[[], None], services: Services) -> None:
    one = COMMANDS["developer.test_routes"]

    def places() -> list[bool]:
        menu = window_menu(window, window.state(), window.run)
        in_menu = one.title in titles(menu)
        menu.deleteLater()
        rows = find_rows("", window.state(), [], [], COMMANDS.offered(window.state()))
        sheet = KeysSheet(window, window.state())
        in_sheet = any(label.text() == one.title for label in sheet.findChildren(QLabel))
        sheet.deleteLater()
        return [in_menu, any(row.title == one.title for row in rows), in_sheet]

    assert places() == [False, False, False]
    assert not window.run_by_key(one)
    services.change_setting(DEVELOPER_ROUTES.setting, True)
    rest()
    assert places() == [True, True, True]
    assert window.run_by_key(one)
    rest()
    # L-57: a rule that travels with the vault switches off, and nothing it says switches on.
    services.switch_flag_off_everywhere(DEVELOPER_ROUTES.name)
    rest()
    assert places() == [False, False, False]


def test_l52_what_the_description_lacks_is_off_before_the_first_click(
    page: DiagnosticsPage, window: Window, rest: Callable[[], None], services: Services, replica: Replica
) -> None:
    """A server that no longer describes two routes: their buttons are off with the reason, and nothing is asked."""
    page.ask.click()
    rest()
    server = services.cloud_servers()[0]
    lacking = tuple(one for one in server.served if "models/info" not in one and "step-analysis" not in one)
    services._keep_servers([replace(server, served=lacking)])
    calls = sum(replica.state.calls.values())
    window.open_page("server")
    rest()
    found = window.workspace.page("server")
    assert isinstance(found, ServerPage)
    assert not found.model.isEnabled()
    assert found.model.toolTip() == "The server's description names no GET /api/v1/pat/models/info."
    assert found.analyses.start.toolTip() == "The server's description names no POST /api/v1/pat/step-analysis."
    assert not found.counts.isEnabled()
    assert found.ask_me.isEnabled()
    assert sum(replica.state.calls.values()) == calls
