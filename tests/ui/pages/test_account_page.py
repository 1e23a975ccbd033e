"""The account page and the server check over a replica's own sign-in: states, field errors, challenges, the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clarity_desktop.app import Services
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.dialogs.form import FormSheet
from clarity_desktop.ui.pages.cloud.account import AccountPage
from clarity_desktop.ui.pages.cloud.server_check import ServerCheckPage
from clarity_desktop.ui.qt import QLineEdit
from clarity_desktop.ui.shell.window import Window
from tests.servers.replica import Replica, running_replica

PASSWORD = "Herons7-quiet"
EMAIL = "ada@clinic.example"


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    with running_replica(tmp_path / "replica.db") as running:
        yield running


@pytest.fixture
def page(
    services: Services, replica: Replica, keychain: object, window: Window, rest: Callable[[], None]
) -> AccountPage:
    del keychain
    services.change_setting("external.sending", True)
    services.set_cloud_server(replica.url, login="server")
    window.open_page("account")
    rest()
    found = window.workspace.page("account")
    assert isinstance(found, AccountPage)
    return found


def sheet_of(window: Window) -> FormSheet:
    found = [one for one in window.findChildren(FormSheet) if one.isVisible()]
    assert found, "no form is open"
    return found[-1]


def fill(sheet: FormSheet, **texts: str) -> None:
    for field in sheet.findChildren(Field):
        name = field.control.accessibleName().split(",")[0].replace(" ", "_").replace("-", "_").lower()
        if name in texts and isinstance(field.control, QLineEdit):
            field.control.setText(texts[name])


def test_l9_sign_in_with_a_field_error_and_out(
    page: AccountPage, window: Window, rest: Callable[[], None], services: Services
) -> None:
    assert page.badge.accessibleName() == "Not signed in"
    page.sign_in.click()
    sheet = sheet_of(window)
    assert not sheet.go.isEnabled()
    fill(sheet, e_mail=EMAIL, password="wrong-Words7")
    sheet.go.click()
    rest()
    lines = {one.control.accessibleName(): one.line_text() for one in sheet.findChildren(Field)}
    assert "Invalid" in lines["Password"] or "accept" in lines["Password"], lines
    fill(sheet, e_mail=EMAIL, password=PASSWORD)
    sheet.go.click()
    rest()
    assert page.badge.accessibleName() == "Signed in"
    assert page.values["Account"].text() == EMAIL
    assert "keychain" in page.values["Sign-in"].text()
    page.probe.click()
    rest()
    assert "probes answered" in page.values["Reachable"].text()
    page.sign_out.click()
    rest()
    assert page.badge.accessibleName() == "Not signed in"
    assert services.cloud_account() is not None


def test_l17_switched_off_says_why_and_locks_nothing_local(
    page: AccountPage, services: Services, rest: Callable[[], None]
) -> None:
    services.change_setting("external.sending", False)
    rest()
    assert page.badge.accessibleName() == "Sending switched off"
    assert not page.sign_in.isEnabled()
    assert "switched off" in page.sign_in.toolTip()


def test_l18_another_user_is_named_and_can_be_added(
    page: AccountPage, window: Window, rest: Callable[[], None], services: Services, replica: Replica
) -> None:
    services.cloud_sign_in(replica.url, EMAIL, PASSWORD)
    page.reload()
    rest()
    page.sign_in.click()
    sheet = sheet_of(window)
    fill(sheet, e_mail="bob@clinic.example", password=PASSWORD)
    sheet.go.click()
    rest()
    assert "another account" in sheet.trouble.text()
    sheet.safe.click()
    rest()
    page.another.click()
    sheet = sheet_of(window)
    fill(sheet, e_mail="bob@clinic.example", password=PASSWORD)
    sheet.go.click()
    rest()
    assert len(page.accounts.records) == 2


def test_the_server_check_shows_every_endpoint(
    page: AccountPage, window: Window, rest: Callable[[], None], replica: Replica
) -> None:
    page.open_check()
    rest()
    check = window.workspace.page("server-check")
    assert isinstance(check, ServerCheckPage)
    assert check.address.text() == replica.url
    check.button.click()
    rest()
    assert check.badge.accessibleName() == "Profile openapi"
    states = {one.cells[0] for one in check.table.records}
    assert {"used", "unused"} <= states
    assert all(one.cells[3] for one in check.table.records)
    assert "Profile openapi" in check.report_text()


def test_a_server_that_is_not_there_is_said(window: Window, rest: Callable[[], None]) -> None:
    window.open_page("server-check")
    rest()
    check = window.workspace.page("server-check")
    assert isinstance(check, ServerCheckPage)
    check.address.setText("http://server.example")
    check.button.click()
    rest()
    assert "not encrypted" in check.trouble.text()
    assert check.badge.accessibleName() == "Not reached"
