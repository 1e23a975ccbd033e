"""The panel's lower half: probes, the breaker ended by hand, limits, what was learned, and what stays here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.cloud_sessions import ACCOUNTS, CloudAccount
from clarity_desktop.app.sync_status import SyncStatus
from clarity_desktop.cloud.auth import TokenSet
from clarity_desktop.cloud.client import CloudError
from clarity_desktop.domain.conditions import BreakerCondition, CloudCondition, LimitUse
from clarity_desktop.domain.sync import OperationState
from clarity_desktop.ui.components.choice import CheckBox
from clarity_desktop.ui.components.entry_list import EntryList
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.form import FormSheet
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.pages.cloud.sync import SyncPage
from clarity_desktop.ui.pages.cloud.sync_words import stopped_words, waits_until
from clarity_desktop.ui.shell.window import Window
from clarity_desktop.vault import Vault
from tests.app.test_sync import SignedIn
from tests.cloud.sync.conftest import CHEAP, HEART, PASSPHRASE, USER
from tests.servers.replica import Replica
from tests.servers.replica.accounts import stub_token
from tests.ui.pages.cloud.conftest import Computer, enabled

S = OperationState
Open = Callable[[Services], Window]
Rest = Callable[[], None]


def sync_page(window: Window, rest: Rest) -> SyncPage:
    window.open_page("sync")
    rest()
    page = window.workspace.current()
    assert isinstance(page, SyncPage)
    return page


@pytest.fixture
def live(tmp_path: Path, replica: Replica, keychain: object) -> Iterator[Services]:
    """Services whose account is in use, by a token that the replica takes."""
    del keychain
    found = open_services(tmp_path / "home")
    found._adopt(Vault.create(tmp_path / "home" / "vault", PASSPHRASE, kdf=CHEAP))
    found.settings.set("theme", "light")
    found.change_setting("external.sending", True)
    found.set_cloud_server(replica.url)
    now = time.time()
    tokens = TokenSet(stub_token(USER), "", "kept", USER, "a@clinic.example", "", now, now + 3600)
    account = CloudAccount(replica.url, USER, "a@clinic.example", "openapi")
    found._tokens_kept().keep(account.key, "kept")
    found.vault.outbox.remember(ACCOUNTS, [asdict(account)])
    found._go_live(found.cloud_servers()[0], account, tokens)
    yield found
    found.close()


@pytest.mark.slow
def test_l26_l51_l84_probes_breaker_and_abilities_are_in_the_panel(
    live: Services, replica: Replica, open_window: Open, rest: Rest
) -> None:
    page = sync_page(open_window(live), rest)
    assert page.answers.unasked.isVisible()
    assert page.server.reached.text() == "Not asked yet"
    assert {one.cells[3] for one in page.learned.table.records if one.key in ("cursor", "etag")} == {"not asked"}
    page.answers.ask.click()
    rest()
    told = {one.key: one.cells for one in page.answers.probes.records}
    assert {"root", "auth", "health-data", "pat", "insights"} <= set(told)
    assert told["root"][1] == "Answers"
    assert page.server.reached.text().startswith("Reached ")
    assert page.server.reached.text().endswith(" s ago")
    assert page.server.facts["Contract"].text().startswith("Profile openapi")
    assert told["root"][2].startswith(time.strftime("%Y-%m-%d"))
    learned = {one.key: one.cells for one in page.learned.table.records}
    assert learned["route:upload_metrics"][:2] == ("Sending measurements", "Yes")
    assert learned["cursor"][3] != "not asked"
    assert page.answers.limits.records[0].cells[0] == "Uploads"
    replica.stop(at_once=True)
    account = live.cloud_account()
    assert account is not None
    for _ in range(2):
        with pytest.raises(CloudError):
            live._net.run(live._cloud_api(account).me())
    page.reload()
    rest()
    assert page.answers.breaker.text().startswith("Paused until ")
    assert "5 failures in a row" in page.answers.breaker.text()
    assert page.answers.countdown.isVisible()
    assert page.answers.reset.isVisible()
    page.answers.reset.click()
    rest()
    assert page.answers.breaker.text() == "Calls pass."
    assert not page.answers.reset.isVisible()
    assert "cloud.breaker_reset" in {one.action for one in live.audit_entries(50)}


def status(**last: object) -> SyncStatus:
    return SyncStatus("https://a.invalid/u", (), dict(last) if last else None, False, 1, 3, 90)


def test_y32_the_latest_wait_is_the_one_that_is_shown() -> None:
    now = 1_800_000_000
    calm = CloudCondition(
        "s", "h", "openapi", True, (), BreakerCondition("closed", 0), (LimitUse("upload", 3, 90, 3600, 0.0),),
        None, (), 0, True, (),
    )  # fmt: skip
    assert waits_until(status(), calm, now) == (None, "")
    full = replace(calm, limits=(LimitUse("upload", 90, 90, 3600, 120.0),))
    until, words = waits_until(status(), full, now)
    assert (until, words) == (now + 120, "90 of 90 uploads used. It goes on")
    asked = replace(calm, limits=(LimitUse("upload", 3, 90, 3600, 700.0),))
    assert waits_until(status(), asked, now)[1].startswith("The server asks to wait")
    paused = replace(full, breaker=BreakerCondition("open", 5, now + 300))
    assert waits_until(status(), paused, now)[0] == now + 300
    assert waits_until(status(at=now - 10, stopped="cloud.limit", waits_s=60.0), calm, now)[0] == now + 50
    assert waits_until(status(at=now - 90, stopped="cloud.limit", waits_s=60.0), None, now)[0] is None
    assert stopped_words("sync.direction") != "sync.direction"


@pytest.fixture
def refused(computer: Computer, replica: Replica) -> SignedIn:
    """A computer with one operation that the server refused."""
    found = computer("Ada Lovelace")
    enabled(found)
    bad = next(one for one in found.sync_operations() if one.metric_type == "heart_rate")
    replica.state.refuse_metric_ids.add(bad.op_id)
    found.sync_now()
    return found


def test_y30_y13_a_kind_is_left_out_in_the_window_and_taken_back(
    refused: SignedIn, replica: Replica, open_window: Open, rest: Rest
) -> None:
    window = open_window(refused)
    page = sync_page(window, rest)
    row = next(one for one in page.needs.rows() if "Leave out" in dict(one.actions))
    dict(row.actions)["Details"]()
    rest()
    note = next(one for one in window.findChildren(Sheet) if one.isVisible())
    told = "\n".join(one.text() for one in note.findChildren(Label))
    (one,) = refused.sync_for_person()
    assert "Heart rate: 59 values, 1 outside the server's range stay here" in told
    assert one.correlation in told
    assert "First sent 2" in told
    assert "the server refused it" in told
    note.dismiss()
    rest()
    dict(row.actions)["Leave out"]()
    rest()
    form = next(one for one in window.findChildren(FormSheet) if one.isVisible())
    assert not form.go.isEnabled()
    (box,) = form.findChildren(CheckBox)
    box.setChecked(True)
    form.go.click()
    rest()
    assert refused.sync_for_person() == []
    patient = refused.patients()[0].id
    assert [(one.kind, one.reason) for one in refused.stays_here(patient)] == [(HEART, "left_out")]
    assert window.steps.undo_name == "leaving kinds out of sync"
    window.steps.undo()
    rest()
    assert [one.reason for one in refused.stays_here(patient)] == ["out_of_range"]
    window.steps.redo()
    rest()
    page.people.table.selectRow(0)
    page.people.stays.click()
    rest()
    sheet = next(one for one in window.findChildren(Sheet) if one.isVisible())
    rows = sheet.findChildren(EntryList)[0].rows()
    assert [one.words for one in rows] == ["Heart rate: 120 values"]
    assert "left out by a person" in rows[0].second
    dict(rows[0].actions)["Send again"]()
    rest()
    assert [one.reason for one in refused.stays_here(patient)] == ["out_of_range"]


def test_y25_values_outside_the_range_are_listed_with_the_reason(
    computer: Computer, open_window: Open, rest: Rest
) -> None:
    services = computer("Ada Lovelace")
    window = open_window(services)
    page = sync_page(window, rest)
    assert not page.people.stays.isEnabled()
    page.people.table.selectRow(0)
    page.people.stays.click()
    rest()
    sheet = next(one for one in window.findChildren(Sheet) if one.isVisible())
    (row,) = sheet.findChildren(EntryList)[0].rows()
    assert row.words == "Heart rate: 2 values"
    assert row.second.startswith("outside what the server takes (30\u2009–\u2009300 1/min); 2025-")
    sheet.dismiss()
    rest()


def test_y15_each_state_shows_its_oldest_and_the_next_try(refused: SignedIn, open_window: Open, rest: Rest) -> None:
    page = sync_page(open_window(refused), rest)
    told = page.way.accessibleDescription()
    assert "Refused 1, oldest" in told
    assert "Verified 3, oldest" in told
    assert "New 0;" in told


@pytest.mark.slow
def test_every_step_of_sync_has_a_command(computer: Computer, open_window: Open, rest: Rest) -> None:
    from clarity_desktop.ui.commands import COMMANDS
    from clarity_desktop.ui.pages.cloud.restore import RestoreSheet

    services = computer()
    window = open_window(services)
    COMMANDS["sync.pause"].handler(window)
    rest()
    assert services.sync_status().paused
    COMMANDS["sync.pause"].handler(window)
    rest()
    assert not services.sync_status().paused
    COMMANDS["sync.restore"].handler(window)
    rest()
    (sheet,) = window.findChildren(RestoreSheet)
    assert sheet.isVisible()
    assert not sheet.verb.isEnabled()
    assert "nothing" in sheet.head.text()
    sheet.dismiss()
    rest()
