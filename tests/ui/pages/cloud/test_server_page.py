"""The page of the server: what can be asked, an analysis from draft to result, and contradictions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clarity_desktop.app import Services
from clarity_desktop.domain.users import Right
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.sheet import Sheet
from clarity_desktop.ui.pages.cloud.server import ServerPage
from clarity_desktop.ui.shell.window import Window
from tests.servers.replica import Replica, running_replica

PASSWORD, EMAIL = "Herons7-quiet", "ada@clinic.example"


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    with running_replica(tmp_path / "replica.db") as running:
        yield running


@pytest.fixture
def page(
    services: Services, replica: Replica, keychain: object, window: Window, rest: Callable[[], None]
) -> ServerPage:
    del keychain
    services.change_setting("external.sending", True)
    services.set_cloud_server(replica.url, login="server")
    services.cloud_sign_in(replica.url, EMAIL, PASSWORD)
    window.open_page("server")
    rest()
    found = window.workspace.page("server")
    assert isinstance(found, ServerPage)
    return found


def until(is_so: Callable[[], object], rest: Callable[[], None], most_s: float = 15.0) -> None:
    end = time.monotonic() + most_s
    while not is_so():
        assert time.monotonic() < end, "it did not come to pass"
        rest()
        time.sleep(0.02)


def test_each_capability_has_its_button(
    page: ServerPage, services: Services, replica: Replica, rest: Callable[[], None]
) -> None:
    account = services.cloud_account()
    assert account is not None
    for button, label, words in (
        (page.ask_me, page.me, account.user_id),
        (page.model, page.me, "None of it is verified"),
        (page.list_uploads, page.upload_state, "0 uploads listed"),
        (page.list_texts, page.text, "0 texts listed"),
    ):
        button.click()
        rest()
        assert words in label.text()
    # L-52: what the server has no route for is off with the reason, before anybody presses it.
    assert not page.counts.isEnabled()
    assert page.counts.toolTip() == "The profile openapi has no such route."
    replica.state.keep_insight(
        account.user_id,
        {
            "narrative": "Rested.",
            "generated_at": "2026",
            "confidence_score": 0.5,
            "key_insights": [],
            "recommendations": [],
        },
    )
    page.list_texts.click()
    rest()
    page.texts.select(page.texts.records[0].key)
    page.one_text.click()
    rest()
    assert page.text.text() == "Not checked: Rested."
    page.upload_line.setText("b0a3bb9e-4c7e-4c5b-9f0d-1f1f1f1f1f1f")
    page.one_upload.click()
    rest()
    assert "knows no upload" in page.upload_state.text()


@pytest.mark.slow
def test_l76_l77_editable_until_it_starts_then_read_only_and_opened_by_id(
    page: ServerPage, services: Services, replica: Replica, window: Window, rest: Callable[[], None]
) -> None:
    from clarity_desktop.analysis.weeks.embedding import read_weeks
    from clarity_desktop.domain.pat import WeekSignal
    from clarity_desktop.domain.pat_results import PatRequest
    from clarity_desktop.domain.time import date_of_day

    patient = services.patients()[0]
    services.give_consent(
        patient.id, purpose=services.cloud_steps_purpose(), text_version="1", language="en", given_by=patient.name
    )
    weeks = read_weeks(services.vault, patient.id, PatRequest(signal=WeekSignal.STEPS)).weeks
    card = page.analyses
    controls = (card.person, card.signal, card.day)
    assert not card.start.isEnabled()
    assert "first day" in card.start.toolTip()
    card.person.set_value(patient.id)
    card.day.setText("soon")
    card.start.click()
    assert "YYYY-MM-DD" in card.day_field.line_text()
    assert all(one.isEnabled() for one in controls)
    card.day.setText(date_of_day(int(weeks.day[1])).isoformat())
    replica.state.pat_polls = 2
    card.start.click()
    assert not any(one.isEnabled() for one in controls)
    assert all("Read-only" in one.toolTip() for one in controls)
    assert "Read-only" in card.state.text()
    assert not card.start.isEnabled()
    until(lambda: card.table.records, rest)
    # Over, and still what the result was made of; another one begins with a press.
    assert not any(one.isEnabled() for one in controls)
    card.anew.click()
    assert all(one.isEnabled() for one in controls)
    [row] = card.table.records
    card.id_line.setText(row.key)
    card.open.click()
    rest()
    sheet = [one for one in window.findChildren(Sheet) if one.isVisible()][-1]
    texts = " ".join(one.text() for one in sheet.findChildren(Label))
    assert "not verified" in texts
    assert card.day.text() in texts
    sheet.dismiss()
    card.id_line.setText("nothing")
    card.open.click()
    rest()
    assert "no such result" in card.state.text()


@pytest.mark.slow
def test_without_consent_nothing_starts(
    page: ServerPage, services: Services, replica: Replica, rest: Callable[[], None]
) -> None:
    card = page.analyses
    card.day.setText("2026-01-05")
    card.start.click()
    until(lambda: card.anew.isEnabled(), rest)
    assert "consent" in card.state.text().lower()
    assert replica.state.calls["pat_steps"] == 0
    assert services.cloud_results(card.person.value()) == ()


@pytest.mark.slow
def test_l86_contradictions_stand_on_the_page(page: ServerPage, services: Services, rest: Callable[[], None]) -> None:
    page.ask_me.click()
    rest()
    until(lambda: services.contract_disagreements(), rest)
    page.reload()
    rest()
    assert any("auth_provider" in one.cells[1] for one in page.differs.records)


def test_roles_decide_what_is_offered(page: ServerPage) -> None:
    buttons = {
        "admin": (page.ask_me, page.rename, page.model, page.text_service),
        "clinician": (page.list_uploads, page.list_texts),
    }
    page.show_rights(frozenset({Right.OWN_ACCESS, Right.SET_POLICY}))
    assert all(one.isEnabled() for one in buttons["admin"])
    assert not any(one.isEnabled() for one in buttons["clinician"])
    page.show_rights(frozenset({Right.OWN_ACCESS, Right.READ_DATA, Right.SEND_INSIGHT}))
    assert all(one.isEnabled() for group in buttons.values() for one in group)
    page.show_rights(frozenset({Right.OWN_ACCESS, Right.READ_DATA}))
    assert not any(one.isEnabled() for group in buttons.values() for one in group)
    assert "role" in page.ask_me.toolTip()
