"""The page of the live channel over real sockets: notice, typing, what was not sent, counters, lock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clarity_desktop.app import Services
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.pages.cloud.live import LivePage
from clarity_desktop.ui.shell.window import Window
from tests.servers.replica import Replica, running_replica

PASSWORD, EMAIL = "Herons7-quiet", "ada@clinic.example"


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    with running_replica(tmp_path / "replica.db") as running:
        yield running


@pytest.fixture
def page(services: Services, replica: Replica, keychain: object, window: Window, rest: Callable[[], None]) -> LivePage:
    del keychain
    services.change_setting("external.sending", True)
    services.set_cloud_server(replica.url, login="server")
    services.cloud_sign_in(replica.url, EMAIL, PASSWORD)
    window.open_page("live")
    rest()
    found = window.workspace.page("live")
    assert isinstance(found, LivePage)
    return found


def press(window: Window, words: str) -> None:
    sheet = [one for one in window.findChildren(Sheet) if one.isVisible()][-1]
    [button] = [one for one in sheet.findChildren(Button) if one.text() == words]
    button.click()


def until(is_so: Callable[[], object], rest: Callable[[], None], most_s: float = 15.0) -> None:
    end = time.monotonic() + most_s
    while not is_so():
        assert time.monotonic() < end, "it did not come to pass"
        rest()
        time.sleep(0.02)


def connected(page: LivePage, window: Window, rest: Callable[[], None]) -> None:
    page.connect_.click()
    press(window, "Connect")
    until(lambda: page.badge.accessibleName() == "Connected", rest)


def states(page: LivePage) -> list[str]:
    assert page._view is not None
    return [one.state for one in page._view.messages]


def test_the_notice_is_read_before_a_byte_goes(
    page: LivePage, window: Window, rest: Callable[[], None], replica: Replica
) -> None:
    assert page.badge.accessibleName() == "Not connected"
    page.connect_.click()
    press(window, "Do not connect")
    rest()
    assert replica.state.calls["WS"] == 0
    connected(page, window, rest)
    # The second time the notice is known.
    page.close_.click()
    until(lambda: page.badge.accessibleName() == "Not connected", rest)
    page.connect_.click()
    until(lambda: page.badge.accessibleName() == "Connected", rest)


@pytest.mark.slow
def test_l67_what_is_typed_while_the_channel_is_away_waits_and_can_be_discarded(
    page: LivePage, window: Window, rest: Callable[[], None], replica: Replica
) -> None:
    connected(page, window, rest)
    page.line.setText("Is anybody there?")
    page.send_.click()
    until(lambda: states(page) == ["sent", "received"], rest)
    assert page.line.text() == ""
    replica.stop(at_once=True)
    until(lambda: page.badge.accessibleName() != "Connected", rest)
    for text in ("First", "Second"):
        page.line.setText(text)
        page.send_.click()
        rest()
    until(lambda: states(page)[2:] == ["unsent", "unsent"], rest)
    number = next(number for number, verb in page.talk.buttons if verb == "Discard")
    page.talk.buttons[number, "Discard"].click()
    until(lambda: states(page)[2:] == ["unsent"], rest)
    replica.start()
    until(lambda: states(page)[2:] == ["sent", "received"], rest, 30)
    assert "came back" in page.facts.text()


def test_a_refusal_stands_on_the_page_and_the_text_stays(
    page: LivePage, window: Window, rest: Callable[[], None], services: Services
) -> None:
    connected(page, window, rest)
    name = services.patients()[0].name
    page.line.setText(f"What about {name}?")
    page.send_.click()
    rest()
    assert "could name somebody" in page.trouble.text()
    assert name in page.line.text()
    page.line.setText("x" * 1000)
    assert not page.send_.isEnabled()
    assert "1024" in page.weight.text()


@pytest.mark.slow
def test_l63_and_jobs_stand_on_the_page(
    page: LivePage, window: Window, rest: Callable[[], None], replica: Replica, services: Services
) -> None:
    connected(page, window, rest)
    account = services.cloud_account()
    assert account is not None
    until(lambda: services.live_view().analyses == "live", rest)
    replica.state.push(account.user_id, "something_new")
    replica.state.push(account.user_id, "analysis_update", analysis_id="a1", progress=40, status="processing")
    until(lambda: page.jobs.records, rest)
    [row] = page.jobs.records
    assert row.cells[1:4] == ("a1", "processing", "40 %")
    until(lambda: "not known" in page.facts.text() or page.reload(), rest)


def test_sending_switched_off_says_why(page: LivePage, services: Services, rest: Callable[[], None]) -> None:
    services.change_setting("external.sending", False)
    rest()
    assert not page.connect_.isEnabled()
    assert "switched off" in page.connect_.toolTip()
    assert not page.line.isEnabled()
