"""Conflict cards between two workstations: both versions, who, when, where; an answer that can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtTest import QTest

from clarity_desktop.app import Services
from clarity_desktop.domain.exchange import Conflict, RecordClass, Side
from clarity_desktop.ui.components.text import Label
from clarity_desktop.ui.dialogs.form import FormSheet
from clarity_desktop.ui.pages.cloud.conflict_card import ConflictCard, merge_proposal
from clarity_desktop.ui.pages.cloud.conflicts import ConflictsPage
from clarity_desktop.ui.pages.cloud.sync import SyncPage
from clarity_desktop.ui.qt import QLineEdit, Qt
from clarity_desktop.ui.shell.window import Window
from tests.app.test_sync_classes import Pair, desk, edit, note, replica

__all__ = ["desk", "replica"]
Open = Callable[[Services], Window]
Rest = Callable[[], None]


@pytest.fixture
def pair(desk: object) -> Pair:
    """Two workstations that have both changed one note."""
    found = Pair(desk)  # type: ignore[arg-type]
    name = note(found.here, found.mine, "Slept badly", "Travel")
    found.settle()
    edit(found.here, found.mine, name, title="Slept well")
    edit(found.there, found.theirs, name, title="Did not sleep")
    found.settle()
    return found


def conflicts_page(window: Window, rest: Rest) -> ConflictsPage:
    window.open_page("conflicts")
    rest()
    page = window.workspace.current()
    assert isinstance(page, ConflictsPage)
    return page


def titles(pair: Pair) -> set[str]:
    return {title for _, title, _ in pair.notes()[0]}


@pytest.mark.slow
def test_y48_a_card_shows_both_and_its_answer_is_taken_back(pair: Pair, open_window: Open, rest: Rest) -> None:
    window = open_window(pair.here)
    window.open_page("sync")
    rest()
    sync = window.workspace.current()
    assert isinstance(sync, SyncPage)
    assert "names, notes and diaries of 1 person" in sync.server.facts["Leaves the machine"].text()
    row = next(one for one in sync.needs.rows() if "two devices" in one.words)
    dict(row.actions)["Look at both"]()
    rest()
    page = window.workspace.current()
    assert isinstance(page, ConflictsPage)
    (card,) = page.cards
    shown = " ".join(one.text() for one in card.findChildren(Label))
    assert "Slept well" in shown
    assert "Did not sleep" in shown
    assert "this computer" in shown
    assert "by " in shown
    assert "Before, on both" in shown
    assert page.badge.text() == "1 entry to decide"
    for key, button in card.buttons.items():
        assert "Ada Lovelace" in button.accessibleName(), key
        assert button.toolTip()
    card.buttons["there"].click()
    rest()
    assert titles(pair) == {"Did not sleep"}
    (card,) = page.cards
    assert card.badge.text() == "Took what is there"
    assert page.badge.text() == "Nothing to decide"
    card.buttons["reopen"].click()
    rest()
    assert titles(pair) == {"Slept well", "Did not sleep"}
    (card,) = page.cards
    card.buttons["here"].click()
    rest()
    assert titles(pair) == {"Slept well"}
    assert window.steps.undo_name.startswith("answer to a conflict")
    window.steps.undo()
    rest()
    assert titles(pair) == {"Slept well", "Did not sleep"}
    window.steps.redo()
    rest()
    assert titles(pair) == {"Slept well"}
    pair.settle()
    page.reload()
    rest()
    assert page.cards == [], "the next sync has made it final"
    assert pair.notes()[0] == pair.notes()[1]


@pytest.mark.slow
def test_y48_two_notes_become_one_text(pair: Pair, open_window: Open, rest: Rest) -> None:
    window = open_window(pair.here)
    page = conflicts_page(window, rest)
    page.cards[0].buttons["edit"].click()
    rest()
    sheet = next(one for one in window.findChildren(FormSheet) if one.isVisible())
    (text,) = sheet.findChildren(QLineEdit)
    assert text.text() == "Slept well; Did not sleep"
    text.setText("")
    assert not sheet.go.isEnabled()
    text.setText("Slept well, then did not sleep")
    sheet.go.click()
    rest()
    assert titles(pair) == {"Slept well, then did not sleep"}
    pair.settle()
    assert pair.notes()[0] == pair.notes()[1]


@pytest.mark.slow
def test_y48_the_keyboard_reaches_every_card(pair: Pair, open_window: Open, rest: Rest) -> None:
    window = open_window(pair.here)
    page = conflicts_page(window, rest)
    page.setFocus()
    QTest.keyClick(page, Qt.Key.Key_J)
    focused = window.focusWidget()
    assert focused is page.cards[0].buttons["here"]
    QTest.keyClick(focused, Qt.Key.Key_Space)
    rest()
    assert titles(pair) == {"Slept well"}


def test_nothing_to_decide_says_what_would_be_here(services: Services, window: Window, rest: Rest) -> None:
    page = conflicts_page(window, rest)
    assert page.cards == []
    assert page.badge.text() == "Nothing to decide"
    assert page._empty.isVisible()


def test_y48_a_removal_and_a_refused_right_are_told(qapp: object) -> None:
    here = Side("1987-03-02", "Dr Weber", 1_700_000_000, "here")
    gone = replace(here, value="", where="laptop", is_removal=True)
    one = Conflict("1", "p", RecordClass.DEMOGRAPHICS, "birth", "Date of birth", here, gone, choices=("here", "there"))
    card = ConflictCard(one, "Ada", lambda _: None, lambda: None, lambda: None, "Not this role")
    assert set(card.buttons) == {"here", "there"}
    assert not card.buttons["here"].isEnabled()
    assert card.buttons["here"].toolTip() == "Not this role"
    assert "deleted on laptop" in card.accessibleName()
    assert merge_proposal(one) == "1987-03-02"
    card.deleteLater()
