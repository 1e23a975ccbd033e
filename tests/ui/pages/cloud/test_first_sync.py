"""The first sync of an account, and bringing data back: asked before a byte moves, with what both sides hold."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from clarity_desktop.domain.exchange import RemotePerson, RemoteSummary, RestorePreview
from clarity_desktop.ui.components.choice import Choice
from clarity_desktop.ui.pages.cloud.direction import DirectionSheet
from clarity_desktop.ui.pages.cloud.restore import RestoreSheet
from clarity_desktop.ui.pages.cloud.sync import SyncPage
from clarity_desktop.ui.shell.window import Window
from tests.app.test_sync import SignedIn
from tests.servers.replica import Replica
from tests.ui.pages.cloud.conftest import Computer, enabled

Open = Callable[[SignedIn], Window]
Rest = Callable[[], None]


def sync_page(window: Window, rest: Callable[[], None]) -> SyncPage:
    window.open_page("sync")
    rest()
    page = window.workspace.current()
    assert isinstance(page, SyncPage)
    return page


def open_sheet(window: Window, kind: type) -> object:
    return next(one for one in window.findChildren(kind) if one.isVisible())


@pytest.fixture
def sent(computer: Computer) -> SignedIn:
    """A computer that has sent its one person."""
    first = computer("Ada Lovelace")
    enabled(first)
    first.sync_now()
    return first


def test_y66_the_first_sync_asks_before_anything_moves(
    sent: SignedIn, computer: Computer, replica: Replica, open_window: Open, rest: Callable[[], None]
) -> None:
    other = computer("Grace Hopper")
    enabled(other)
    before = dict(replica.state.calls)
    window = open_window(other)
    page = sync_page(window, rest)
    page.now.click()
    rest()
    sheet = open_sheet(window, DirectionSheet)
    assert isinstance(sheet, DirectionSheet)
    assert replica.state.calls["upload_metrics"] == before["upload_metrics"], "not a byte of anyone has moved"
    assert [one.text() for one in sheet.sides] == ["1 person", "1 person, 4 pieces"]
    assert not sheet.verb.isEnabled()
    assert "direction" in sheet.verb.toolTip()
    sheet.choose("both")
    (choice,) = sheet.links.values()
    assert isinstance(choice, Choice)
    choice.set_value("new")
    sheet.verb.click()
    rest()
    assert other.sync_direction() == "both"
    assert len(other.patients()) == 2
    assert page.remote.badge.text() == "Both ways"
    page.remote.read.click()
    rest()
    assert "4 pieces read" in page.remote.report.text()
    page.now.click()
    rest()
    assert replica.state.calls["upload_metrics"] > before["upload_metrics"]


@pytest.mark.slow
def test_y66_what_stopped_by_itself_asks_in_the_list(
    sent: SignedIn, computer: Computer, open_window: Open, rest: Rest
) -> None:
    other = computer("Grace Hopper")
    enabled(other)
    assert other.sync_in_background()
    until = time.monotonic() + 20
    while not other.sync_status().asks_direction:
        assert time.monotonic() < until
        time.sleep(0.02)
    window = open_window(other)
    page = sync_page(window, rest)
    assert page.state.text().startswith("Needs attention")
    assert page.remote.badge.text() == "Choose a direction"
    dict(page.needs.rows()[0].actions)["Choose"]()
    rest()
    sheet = open_sheet(window, DirectionSheet)
    assert isinstance(sheet, DirectionSheet)
    sheet.choose("pull")
    sheet.verb.click()
    rest()
    assert not other.sync_status().asks_direction
    assert page.remote.badge.text() == "Only down"


@pytest.mark.slow
def test_y66_keeping_apart_moves_nothing(
    sent: SignedIn, computer: Computer, replica: Replica, open_window: Open, rest: Callable[[], None]
) -> None:
    other = computer("Grace Hopper")
    enabled(other)
    before = replica.state.calls["upload_metrics"]
    page = sync_page(open_window(other), rest)
    page.remote.show_summary(other.remote_summary())
    sheet = open_sheet(page.window(), DirectionSheet)  # type: ignore[arg-type]
    assert isinstance(sheet, DirectionSheet)
    sheet.choose("apart")
    sheet.verb.click()
    rest()
    assert other.sync_direction() == "apart"
    assert not page.remote.read.isEnabled()
    assert len(other.patients()) == 1
    assert replica.state.calls["upload_metrics"] == before


@pytest.mark.slow
def test_two_remote_people_cannot_be_one_here(computer: Computer, open_window: Open, rest: Callable[[], None]) -> None:
    other = computer("Grace Hopper")
    window = open_window(other)
    people = tuple(RemotePerson(f"{n}abcdef", 3, "2025-01-01", "2025-01-30", (), 900, None) for n in range(2))
    chosen: list[object] = []
    summary = RemoteSummary(people, True, 1, True, "both")
    sheet = DirectionSheet(window, summary, "", other.patients(), lambda *found: chosen.append(found))
    sheet.open()
    patient = other.patients()[0].id
    for choice in sheet.links.values():
        choice.set_value(patient)
    assert not sheet.verb.isEnabled()
    next(iter(sheet.links.values())).set_value("")
    assert sheet.verb.isEnabled()
    sheet.verb.click()
    assert chosen == [(None, {"1abcdef": patient})]
    rest()


def test_y67_a_restore_says_what_will_not_come_back_first(
    sent: SignedIn, computer: Computer, open_window: Open, rest: Callable[[], None]
) -> None:
    empty = computer()
    window = open_window(empty)
    page = sync_page(window, rest)
    page.remote.restore.click()
    rest()
    sheet = open_sheet(window, RestoreSheet)
    assert isinstance(sheet, RestoreSheet)
    assert empty.patients() == []
    assert {one.cells[0] for one in sheet.coming.records} >= {"Heart rate", "Steps"}
    told = " ".join(f"{row.words} {row.second}" for row in sheet.lost.rows())
    assert "Documents" in told
    assert "30 to 90 days" in told
    assert sheet.verb.isEnabled()
    sheet.verb.click()
    rest()
    assert "4 pieces read" in sheet.told.text()
    assert len(empty.patients()) == 1
    assert sum(one.n for one in empty.vault.series.list(empty.patients()[0].id)) == 2 * 60 + 2 * 59
    sheet.safe.click()
    rest()
    assert not page.remote.restore.isEnabled(), "the vault holds somebody now"


def test_y67_a_vault_with_people_is_not_restored_into(
    computer: Computer, open_window: Open, rest: Callable[[], None]
) -> None:
    full = computer("Ada Lovelace")
    window = open_window(full)
    sheet = RestoreSheet(window, full, lambda: None)
    sheet.open()
    rest()
    sheet.show_preview(RestorePreview((), ("Documents: they stay.",), 1, False))
    assert not sheet.verb.isEnabled()
    assert "people already" in sheet.head.text()
    sheet.dismiss()
    rest()
