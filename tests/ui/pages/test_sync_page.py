"""The sync panel: words that never promise more than is known, and actions that do what they say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.cloud_sessions import ACCOUNTS, CloudAccount
from clarity_desktop.app.sync_status import SyncStatus
from clarity_desktop.cloud.sync.carriers import CARRIERS
from clarity_desktop.cloud.sync.metrics import carriers_for
from clarity_desktop.domain.sync import OperationState, StateCount
from clarity_desktop.ui.pages.cloud.sync import SyncPage
from clarity_desktop.ui.pages.cloud.sync_words import answers, overall
from clarity_desktop.ui.screenshots import settle
from clarity_desktop.ui.shell.window import Window
from clarity_desktop.vault import Vault
from tests.cloud.sync.conftest import CHEAP, HEART, MONTH, PASSPHRASE, START, USER, fill

S = OperationState
NOW = 1_800_000_000
DONE = {"at": NOW - 60, "sent": 1, "accepted": 1, "verified": 1, "unverified": 0, "rejected": 0, "stopped": ""}


def status(last: dict[str, object] | None = None, **counts: int) -> SyncStatus:
    states = tuple(StateCount(S(name), count, NOW - 500, None) for name, count in counts.items())
    return SyncStatus("https://a.invalid/u", states, DONE if last is None else last, False, 1, 3, 90)


def test_y60_states_differ_by_icon_and_by_words() -> None:
    from dataclasses import replace

    shown = [
        overall(status(verified=3), NOW),
        overall(status(DONE | {"stopped": "cloud.unreachable"}, verified=3), NOW),
        overall(status(DONE | {"at": NOW - 200_000}, verified=3), NOW),
        overall(status(verified=3, new=2), NOW),
        overall(replace(status(verified=3), rejected_or_given_up=1), NOW),
    ]
    assert len({one.icon for one in shown}) == 5
    assert len({one.words for one in shown}) == 5
    assert [one.words for one in shown if "Up to date" in one.words] == ["Up to date"]


@pytest.mark.parametrize("code", ["cloud.unreachable", "cloud.portal", "cloud.signed_out", "sync.epoch"])
def test_y60_up_to_date_is_never_said_when_the_server_was_not_reached(code: str) -> None:
    found = status(DONE | {"stopped": code}, verified=3)
    assert overall(found, NOW).words != "Up to date"
    assert overall(found, NOW).icon != "circle-check"


def test_y75_received_never_carries_the_verified_mark() -> None:
    found = status(unverified=4)
    assert overall(found, NOW).icon == "eye-off"
    told = answers(found, NOW)[1]
    assert (told.icon, told.words.startswith("Received")) == ("eye-off", True)


def test_y59_the_five_questions_are_answered_in_every_state() -> None:
    for name in S:
        told = answers(status(**{name.value: 2}), NOW)
        assert [one.question for one in told] == [
            "Is everything saved here?",
            "Is everything on the server?",
            "What is waiting?",
            "What needs me?",
            "When was it last read back?",
        ]
        assert all(one.words for one in told)
    assert answers(status(new=2), NOW)[1].icon == "hourglass"


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    home = tmp_path / "home"
    account = CloudAccount("https://a.invalid", USER, "a@clinic.example", "openapi")
    with Vault.create(home / "vault", PASSPHRASE, kdf=CHEAP) as vault:
        for name in ("Ada Lovelace", "Grace Hopper"):
            patient = vault.patients.add(name).id
            for month in range(2):
                fill(vault, HEART, START + month * MONTH, np.full(50, 70.0), patient)
        first = vault.patients.list()[0].id
        vault.outbox.enable(first, account.key, carriers_for(list(CARRIERS)))
        one = vault.outbox.operations(account.key)[0]
        for state in (S.BATCHED, S.SENDING):
            vault.outbox.move([one.op_id], state)
        vault.outbox.move([one.op_id], S.REJECTED, reason="server_refused")
        vault.outbox.remember(ACCOUNTS, [asdict(account)])
        vault.outbox.tell(account.key, "server.empty_list", {"ability": "none"})
    found = open_services(home, origin="UI")
    found._adopt(Vault.open(home / "vault", PASSPHRASE, kdf_floor=CHEAP))
    yield found
    found.close()


def test_y30_y62_rows_have_their_actions_and_the_log_is_written(
    services: Services, open_window: Callable[[Services], Window], qapp: object, tmp_path: Path
) -> None:
    window = open_window(services)
    window.open_page("sync")
    settle(qapp)  # type: ignore[arg-type]
    page = window.workspace.current()
    assert isinstance(page, SyncPage)
    assert page.state.text().startswith("Needs attention")
    rows = page.needs.rows()
    assert [[name for name, _ in row.actions] for row in rows] == [
        ["Understood"],
        ["Retry", "Leave out", "Keep here only", "Details"],
    ]
    assert "refused" in rows[1].second
    dict(rows[0].actions)["Understood"]()
    settle(qapp)  # type: ignore[arg-type]
    dict(page.needs.rows()[0].actions)["Retry"]()
    settle(qapp)  # type: ignore[arg-type]
    assert page.needs.rows() == ()
    assert services.sync_status().needs_person == 0
    page.write_log(tmp_path / "log.json")
    settle(qapp)  # type: ignore[arg-type]
    written = json.loads((tmp_path / "log.json").read_text("utf-8"))
    assert {one["state"] for one in written} == {"new"}
    assert "Ada" not in json.dumps(written)
    assert not page.now.isEnabled(), "an admin has not switched sending on"
    assert page.now.toolTip()


def test_y34_y61_pause_stays_and_people_show_where_their_data_are(
    services: Services, open_window: Callable[[Services], Window], qapp: object
) -> None:
    window = open_window(services)
    window.open_page("sync")
    settle(qapp)  # type: ignore[arg-type]
    page = window.workspace.current()
    assert isinstance(page, SyncPage)
    assert sorted(one.cells[1] for one in page.table.records) == ["This machine only", "Waiting to send"]
    page.switch_pause()
    settle(qapp)  # type: ignore[arg-type]
    assert services.sync_status().paused
    assert page.pause.text() == "Resume"
