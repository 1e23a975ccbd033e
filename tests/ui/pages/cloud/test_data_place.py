"""Marks on charts: shown where sync is on for the open person, told on hovering elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import pytest

from clarity_desktop.app import Services
from clarity_desktop.app.cloud_sessions import ACCOUNTS, CloudAccount
from clarity_desktop.cloud.sync.carriers import CARRIERS
from clarity_desktop.cloud.sync.metrics import carriers_for
from clarity_desktop.domain.sync import OperationState
from clarity_desktop.ui.charts.figure import Figure
from clarity_desktop.ui.components.card import Card
from clarity_desktop.ui.components.data_place import PlaceMark, data_place
from clarity_desktop.ui.shell.window import Window

S = OperationState
ACCOUNT = CloudAccount("https://a.invalid", "u", "a@clinic.example", "openapi")


def cards_with_charts(window: Window) -> list[Card]:
    page = window.workspace.current()
    assert page is not None
    cards = [one for one in page.findChildren(Card) if one.title_label.text()]
    return [one for one in cards if one.isVisible() and one.findChildren(Figure)]


@pytest.mark.parametrize(
    "page", ["overview", *(pytest.param(page, marks=pytest.mark.slow) for page in ("circadian", "timeline", "pat"))]
)
def test_y61_every_chart_says_where_its_data_are(
    window: Window, services: Services, rest: Callable[[], None], page: str
) -> None:
    patient = services.patients()[0].id
    window.open_patient(patient, page)
    rest()
    cards = cards_with_charts(window)
    assert cards
    for card in cards:
        mark = card.findChild(PlaceMark)
        assert mark is not None, card.title_label.text()
        assert not mark.isVisible(), "nothing of this person goes anywhere: no clutter"
        assert "This machine only" in card.title_label.toolTip()
    services.change_setting("external.sending", True)
    services.vault.outbox.remember(ACCOUNTS, [asdict(ACCOUNT)])
    services.vault.outbox.enable(patient, ACCOUNT.key, carriers_for(list(CARRIERS)))
    window.sync_care.look(may_sync=False)
    rest()
    for card in cards:
        mark = card.findChild(PlaceMark)
        assert mark is not None
        assert mark.isVisible()
        assert "Waiting to send" in mark.accessibleName()
    for one in services.vault.outbox.operations(ACCOUNT.key):
        for state in (S.BATCHED, S.SENDING, S.ACCEPTED, S.VERIFIED):
            services.vault.outbox.move([one.op_id], state)
    window.sync_care.look(may_sync=False)
    rest()
    assert all("Read back equal" in one.title_label.toolTip() for one in cards)
    assert window.workspace.header.data_place.text() == "Read back equal"
    window.sync_care.stop()
    assert data_place().told is None
