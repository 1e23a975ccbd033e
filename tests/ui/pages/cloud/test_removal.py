"""Removing at the server from the window: counted first, stopped by the breaker, confirmed by the typed number."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clarity_desktop.app import Services
from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.components.choice import Choice
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.form import FormSheet
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.pages.cloud.sync import SyncPage
from clarity_desktop.ui.qt import QLineEdit
from clarity_desktop.ui.shell.window import Window
from tests.cloud.sync.conftest import USER
from tests.servers.replica import Replica
from tests.ui.pages.cloud.conftest import Computer, enabled

Open = Callable[[Services], Window]
Rest = Callable[[], None]


def shown(window: Window, kind: type[Sheet] = Sheet) -> Sheet:
    return next(one for one in window.findChildren(kind) if one.isVisible())


def words(sheet: Sheet) -> str:
    return "\n".join(one.text() for one in sheet.findChildren(Label))


def press(sheet: Sheet, name: str) -> None:
    next(one for one in sheet.findChildren(Button) if one.text() == name).click()


def sync_page(window: Window, rest: Rest) -> SyncPage:
    window.open_page("sync")
    rest()
    page = window.workspace.current()
    assert isinstance(page, SyncPage)
    return page


def test_y40_much_is_removed_only_after_the_typed_number(
    computer: Computer, replica: Replica, open_window: Open, rest: Rest
) -> None:
    services = computer("Ada Lovelace", months=3)
    enabled(services)
    services.sync_now()
    window = open_window(services)
    page = sync_page(window, rest)
    page.table.selectRow(0)
    page.people.remove.click()
    rest()
    ask = shown(window)
    assert "Heart rate: 3 records" in words(ask)
    press(ask, "Remove at the server")
    rest()
    form = shown(window, FormSheet)
    assert isinstance(form, FormSheet)
    assert "a backup was made" in words(form)
    assert len(replica.state.metrics(USER)) == 6, "nothing is gone yet"
    assert not form.go.isEnabled()
    form.safe.click()
    rest()
    row = next(one for one in page.needs.rows() if "removal at the server" in one.words)
    assert [name for name, _ in row.actions] == ["Type the number", "Leave everything"]
    dict(row.actions)["Type the number"]()
    rest()
    form = shown(window, FormSheet)
    assert isinstance(form, FormSheet)
    (line,) = form.findChildren(QLineEdit)
    line.setText("5")
    assert not form.go.isEnabled()
    line.setText("6")
    form.go.click()
    rest()
    told = words(shown(window))
    assert "shown to be gone" in told
    assert replica.state.metrics(USER) == []
    assert services.sync_status().notices == ()
    assert sum(one.n for one in services.vault.series.list(services.patients()[0].id)) == 360, "all stays here"


@pytest.mark.slow
def test_y40_leaving_everything_lets_sync_go_on(
    computer: Computer, replica: Replica, open_window: Open, rest: Rest
) -> None:
    services = computer("Ada Lovelace", months=3)
    patient = enabled(services)
    services.sync_now()
    services.vault.outbox.tell(f"{replica.url}/{USER}", "breaker", {"count": 6}, patient)
    page = sync_page(open_window(services), rest)
    row = next(one for one in page.needs.rows() if "removal at the server" in one.words)
    dict(row.actions)["Leave everything"]()
    rest()
    assert services.sync_status().notices == ()
    assert len(replica.state.metrics(USER)) == 6
    assert services.sync_now().stopped == ""


@pytest.mark.slow
def test_y76_what_a_server_did_not_prove_stays_in_the_list(
    computer: Computer, replica: Replica, open_window: Open, rest: Rest
) -> None:
    services = computer("Ada Lovelace")
    key = f"{replica.url}/{USER}"
    pending = {"gone": {key: {"confirmed": 1, "open": ["a", "b"], "at": 1_800_000_000}}}
    services.vault.outbox.remember("server-erasures", pending)
    page = sync_page(open_window(services), rest)
    row = next(one for one in page.needs.rows() if one.words.startswith("Erasure"))
    assert row.words == "Erasure: 2 uploads requested, not confirmed"
    assert "2027-01-15" in row.second
    assert row.actions == ()


def test_y34_hours_are_chosen_in_the_window(computer: Computer, open_window: Open, rest: Rest) -> None:
    services = computer("Ada Lovelace")
    window = open_window(services)
    page = sync_page(window, rest)
    page.server.mode.chosen.emit("hours")
    rest()
    form = shown(window, FormSheet)
    assert isinstance(form, FormSheet)
    first, stop = form.findChildren(Choice)
    first.set_value("6")
    stop.set_value("6")
    assert not form.go.isEnabled()
    first.set_value("22")
    form.go.click()
    rest()
    status = services.sync_status()
    assert (status.mode, status.hours) == ("hours", (22, 6))
    assert page.server.mode.value() == "hours"
    assert page.server.when.text() == "When, 22–06 h"
    page.server.mode.chosen.emit("hours")
    rest()
    shown(window, FormSheet).dismiss()
    rest()
    page.server.mode.chosen.emit("on_demand")
    rest()
    assert services.sync_status().mode == "on_demand"
