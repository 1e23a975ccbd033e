"""What a server refused, where a person sees it: at its field, with the id to hand on, and with the time to wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clarity_desktop.app import Services
from clarity_desktop.cloud.client import Call, CloudError
from clarity_desktop.cloud.client.failures import from_problem
from clarity_desktop.cloud.problem import read_problem
from clarity_desktop.ui.components.correlation import correlation_of
from clarity_desktop.ui.components.countdown import Countdown, left_words
from clarity_desktop.ui.components.field import Field
from clarity_desktop.ui.dialogs.error import show_error
from clarity_desktop.ui.dialogs.form import FormSheet
from clarity_desktop.ui.pages.cloud.account import AccountPage
from clarity_desktop.ui.qt import QGuiApplication, QLineEdit
from clarity_desktop.ui.shell.window import Window
from tests.servers.replica import Replica, running_replica


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    with running_replica(tmp_path / "replica.db") as running:
        yield running


def refused(status: int, body: bytes = b"", **headers: str) -> CloudError:
    """An error as the client makes it of an answer."""
    call = Call("POST", "/health-data/upload", "/health-data/upload")
    problem = read_problem(status, {"content-type": "application/json", **headers}, body)
    return from_problem(call, problem)


def test_l38_a_field_that_the_server_names_says_so_itself(
    window: Window, services: Services, replica: Replica, keychain: object, rest: Callable[[], None]
) -> None:
    services.change_setting("external.sending", True)
    services.set_cloud_server(replica.url, login="server")
    window.open_page("account")
    rest()
    page = window.workspace.page("account")
    assert isinstance(page, AccountPage)
    page.register.click()
    sheet = next(one for one in window.findChildren(FormSheet) if one.isVisible())
    fields = {one.control.accessibleName(): one for one in sheet.findChildren(Field)}
    typed = {"E-mail": "nobody", "Password": "Herons7-quiet"}
    for name, text in typed.items():
        control = fields[name].control
        assert isinstance(control, QLineEdit)
        control.setText(text)
    sheet.go.click()
    rest()
    assert sheet.isVisible()
    assert fields["E-mail"].control.property("state") == "error"
    assert fields["E-mail"].line_text().endswith(".")
    assert fields["Password"].control.property("state") != "error"
    assert not sheet.trouble.isVisible(), "said once, where it is"
    sheet.dismiss()
    rest()


def test_l39_l40_the_dialog_gives_the_ids_to_copy(window: Window, rest: Callable[[], None]) -> None:
    error = refused(500, b'{"detail": {"code": "X", "message": "m", "request_id": "req_77"}}')
    dialog = show_error(window, error)
    assert dialog.correlation.isVisible()
    assert error.correlation in dialog.correlation.text()
    assert dialog.correlation.text().endswith("server req_77")
    dialog.correlation.copy.click()
    assert QGuiApplication.clipboard().text() == correlation_of(error)
    assert not dialog.countdown.isVisible()
    dialog.dismiss()
    rest()


def test_l23_a_wait_is_counted_down(window: Window, rest: Callable[[], None]) -> None:
    dialog = show_error(window, refused(429, b"{}", **{"retry-after": "130"}))
    assert "in 2 min 10 s" in dialog.countdown.text()
    assert dialog.countdown.accessibleName().startswith("It can be tried again at ")
    dialog.dismiss()
    rest()


def test_y32_the_countdown_ends_and_says_so(qapp: object) -> None:
    clock = [1000.0]
    ended: list[bool] = []
    shown = Countdown(lambda: clock[0])
    shown.over.connect(lambda: ended.append(True))
    shown.count(1075.0, "Sending goes on")
    assert shown.text().endswith("in 1 min 15 s.")
    clock[0] = 1030.0
    shown.tick()
    assert shown.text().endswith("in 45 s.")
    clock[0] = 1075.5
    shown.tick()
    assert (ended, shown.isVisible(), shown.text()) == ([True], False, "")
    shown.count(1000.0)
    assert shown.text() == ""
    assert left_words(3900) == "1 h 5 min"
