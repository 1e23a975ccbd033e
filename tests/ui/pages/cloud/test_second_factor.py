"""The second factor on the account page: a code by message, a remembered computer, an app's picture, a clinic's end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from clarity_desktop.app import Services
from clarity_desktop.app.cloud_devices import TotpEnrolment
from clarity_desktop.app.cloud_sessions import CloudAccount, CloudChallenge, CloudStatus
from clarity_desktop.ui.components.choice import CheckBox
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.components.qr_code import QrCode
from clarity_desktop.ui.dialogs.form import FormSheet
from clarity_desktop.ui.pages.cloud.account import AccountPage
from clarity_desktop.ui.pages.cloud.account_factor import ask_app
from clarity_desktop.ui.qt import QColor, QImage, QLineEdit
from clarity_desktop.ui.shell.window import Window
from tests.servers.identity_devices import SMS_CODE, DeviceIdentity, device_identity
from tests.servers.pool_tokens import PoolTokens
from tests.servers.replica import Replica, running_replica

PASSWORD, EMAIL = "Herons7-quiet", "ada@clinic.example"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(scope="module")
def identity() -> Iterator[DeviceIdentity]:
    with device_identity() as running:
        running.add(EMAIL, PASSWORD)
        yield running


@pytest.fixture(scope="module")
def replica(identity: DeviceIdentity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    path = tmp_path_factory.mktemp("replica") / "replica.db"
    with running_replica(path, tokens=PoolTokens(identity.pool, identity.keys)) as running:
        yield running


@pytest.fixture
def page(
    services: Services,
    replica: Replica,
    identity: DeviceIdentity,
    keychain: object,
    window: Window,
    rest: Callable[[], None],
) -> AccountPage:
    del keychain
    pool = identity.pool
    services.change_setting("external.sending", True)
    services.set_cloud_server(
        replica.url,
        region=pool.region,
        pool_id=pool.pool_id,
        client_id=pool.client_id,
        endpoint=str(pool.endpoint),
    )
    window.open_page("account")
    rest()
    found = window.workspace.page("account")
    assert isinstance(found, AccountPage)
    return found


def sheet_of(window: Window) -> FormSheet:
    return [one for one in window.findChildren(FormSheet) if one.isVisible()][-1]


def lines_of(sheet: FormSheet) -> dict[str, QLineEdit]:
    found = {one.control.accessibleName(): one.control for one in sheet.findChildren(Field)}
    return {name: one for name, one in found.items() if isinstance(one, QLineEdit)}


def test_l10_a_code_by_message_and_a_computer_that_is_remembered(
    page: AccountPage, window: Window, rest: Callable[[], None], services: Services
) -> None:
    page.sign_in.click()
    sheet = sheet_of(window)
    lines_of(sheet)["E-mail"].setText(EMAIL)
    lines_of(sheet)["Password"].setText(PASSWORD)
    remember = sheet.findChild(CheckBox)
    assert isinstance(remember, CheckBox)
    remember.setChecked(True)
    sheet.go.click()
    rest()
    asked = sheet_of(window)
    lines = lines_of(asked)
    lines["Code from the text message"].setText("000000")
    asked.go.click()
    rest()
    [field] = asked.findChildren(Field)
    assert "does not fit" in field.line_text()
    lines["Code from the text message"].setText(SMS_CODE)
    asked.go.click()
    rest()
    assert page.badge.accessibleName() == "Signed in"
    assert page.factor.computer.text().startswith("Remembered")
    assert page.factor.forget.isEnabled()
    page.factor.forget.click()
    rest()
    assert page.factor.computer.text().startswith("Not remembered")
    assert not page.factor.forget.isEnabled()
    assert "not remembered" in page.factor.forget.toolTip()
    assert not services.cloud_status().remembers


def test_the_picture_of_an_app_is_the_address_and_nothing_keeps_it(
    page: AccountPage, window: Window, rest: Callable[[], None], services: Services
) -> None:
    import segno

    enrolment = TotpEnrolment(EMAIL, SECRET)
    sheet = ask_app(window, services, enrolment, lambda _: None)
    rest()
    code = sheet.findChild(QrCode)
    assert isinstance(code, QrCode)
    wanted = [bytes(row) for row in segno.make(enrolment.address, error="m", micro=False).matrix]
    assert list(code.modules) == wanted
    # Black on white whatever the theme, with whole pixels and a quiet edge.
    picture = code.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    colours = {QColor(picture.pixel(x, x)).name() for x in range(picture.width())}
    assert colours == {"#000000", "#ffffff"}
    assert QColor(picture.pixel(2, 2)).name() == "#ffffff"
    texts = [one.text() for one in sheet.findChildren(QLineEdit)]
    assert " ".join(SECRET[at : at + 4] for at in range(0, len(SECRET), 4)) in texts
    assert not sheet.go.isEnabled()
    sheet.dismiss()
    rest()
    held = b"".join(one.read_bytes() for one in Path(services.home).rglob("*") if one.is_file())
    assert SECRET.encode() not in held
    del page


def test_l81_the_end_of_a_sign_in_stands_on_the_page(page: AccountPage, services: Services) -> None:
    account = CloudAccount("https://clinic.example", "u1", EMAIL, "")
    servers = services.cloud_servers()
    soon, later = int(time.time()) + 3600, int(time.time()) + 5 * 86_400
    page.show_data(CloudStatus(True, servers, (account,), account, True, True, False, soon))
    assert page.badge.accessibleName().startswith("Sign-in ends")
    assert "nothing renews it" in page.values["Sign-in"].text()
    page.show_data(CloudStatus(True, servers, (account,), account, True, True, False, later))
    assert page.badge.accessibleName() == "Signed in"


@pytest.mark.slow
def test_l81_the_header_announces_the_end_a_day_ahead(
    page: AccountPage, services: Services, window: Window, rest: Callable[[], None], replica: Replica
) -> None:
    services.set_cloud_server(replica.url, login="clinic")
    account = CloudAccount(replica.url, "u1", EMAIL, "")
    services.vault.outbox.remember("cloud.accounts", [asdict(account)])
    services._tokens_kept().keep(account.key, f"{int(time.time()) + 3600}|opaque")
    window.sync_care.look(may_sync=False)
    rest()
    assert window.workspace.header.sync.accessibleName().startswith("Sign-in ends")
    services._tokens_kept().keep(account.key, f"{int(time.time()) + 3 * 86_400}|opaque")
    window.sync_care.look(may_sync=False)
    rest()
    assert not window.workspace.header.sync.accessibleName().startswith("Sign-in ends")
    del page


@pytest.mark.slow
def test_the_server_has_no_factor_of_its_own(
    page: AccountPage, services: Services, replica: Replica, rest: Callable[[], None]
) -> None:
    asked = services.cloud_sign_in(replica.url, EMAIL, PASSWORD)
    assert isinstance(asked, CloudChallenge)
    services.cloud_answer(asked, SMS_CODE)
    services.set_cloud_server(replica.url, login="server")
    page.reload()
    rest()
    assert not page.factor.app.isEnabled()
    assert "no second factor" in page.factor.app.toolTip()
