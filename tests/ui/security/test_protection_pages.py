"""Consent, retention and erasure in the window: one asks, another confirms, and the certificate is shown and saved."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from clarity_desktop.app import Services
from clarity_desktop.ui.components.choice import CheckBox, Choice
from clarity_desktop.ui.dialogs.form import FormSheet
from clarity_desktop.ui.jobs import board
from clarity_desktop.ui.pages.security.certificate import TextSheet
from clarity_desktop.ui.pages.security.consent import ConsentPage
from clarity_desktop.ui.pages.security.retention import RetentionPage, days_in_words
from clarity_desktop.ui.qt import QLineEdit
from clarity_desktop.ui.shell.window import Window
from tests.ui.security.team import press, sheet_of


def _consent(window: Window, rest: Callable[[], None]) -> ConsentPage:
    window.open_patient(window.services.patients()[0].id, "consent")
    rest()
    page = window.workspace.page("consent")
    assert isinstance(page, ConsentPage)
    return page


def _retention(window: Window, rest: Callable[[], None]) -> RetentionPage:
    window.open_page("retention")
    rest()
    page = window.workspace.page("retention")
    assert isinstance(page, RetentionPage)
    return page


def _line(window: Window, name: str) -> QLineEdit:
    (line,) = [one for one in sheet_of(window).findChildren(QLineEdit) if one.accessibleName().startswith(name)]
    return line


def test_v61_a_consent_is_recorded_and_its_withdrawal_holds_at_once(
    window_of: Callable[[str], Window], rest: Callable[[], None]
) -> None:
    window = window_of("Cleo")
    page = _consent(window, rest)
    assert not page.nothing.isHidden()
    page.give.click()
    sheet = sheet_of(window)
    assert isinstance(sheet, FormSheet)
    for name, text in (("Purpose", "research:STUDY-1"), ("Version", "3"), ("Given by", "Ida Falk")):
        _line(window, name).setText(text)
    _line(window, "Expires").setText("next spring")
    assert sheet.go.toolTip().startswith("Write the expiry as")
    _line(window, "Expires").setText("2001-01-01")
    press(window, "Record consent")
    rest()
    assert "do not fit together" in _line(window, "Expires").accessibleDescription()
    _line(window, "Expires").setText("")
    press(window, "Record consent")
    rest()
    patient = window.services.patients()[0]
    assert page.table.records[0].cells[:2] == ("research:STUDY-1", "in force")
    assert window.services.has_consent(patient.id, "research:STUDY-1")
    page.table.select(page.table.records[0].key)
    page.withdraw.click()
    press(window, "Record withdrawal")
    rest()
    assert page.table.records[0].cells[1].startswith("withdrawn ")
    assert page.withdraw.toolTip() == "Withdrawn already"
    assert not window.services.has_consent(patient.id, "research:STUDY-1")


def test_v60_a_legal_hold_is_visible_and_blocks_the_request(
    session: Callable[[str], Services], open_window: Callable[[Services], Window], rest: Callable[[], None]
) -> None:
    ada = session("Ada")
    ada.place_hold(ada.patients()[0].id, "Court order 12")
    window = open_window(ada)
    page = _consent(window, rest)
    assert page.held.text() == "Legal hold"
    assert "Court order 12" in page._holds.text()
    assert page.erase.toolTip() == "A legal hold is on this record; it has to be released first"


def test_v60_an_admin_places_and_releases_a_hold_by_code(
    window_of: Callable[[str], Window], rest: Callable[[], None]
) -> None:
    window = window_of("Ada")
    patient = window.services.patients()[0]
    page = _retention(window, rest)
    page.hold.click()
    _line(window, "Patient").setText("Nobody-1")
    _line(window, "Reason").setText("Court order 12")
    press(window, "Place hold")
    rest()
    assert _line(window, "Patient").accessibleDescription() == "The vault has no such patient."
    _line(window, "Patient").setText(patient.code)
    press(window, "Place hold")
    rest()
    assert [one.reason for one in window.services.holds(patient.id)] == ["Court order 12"]
    page.release.click()
    _line(window, "Patient").setText(patient.code)
    press(window, "Release")
    rest()
    assert window.services.holds(patient.id)[0].released is not None


def test_v45_a_record_is_restricted_shared_and_opened_again(
    session: Callable[[str], Services], open_window: Callable[[Services], Window], rest: Callable[[], None]
) -> None:
    ada, rita = session("Ada"), session("Rita")
    window = open_window(ada)
    page = _consent(window, rest)
    page.sharing.restrict.click()
    press(window, "Restrict")
    rest()
    assert "Ada (you) looks after it" in page.sharing.state.text()
    assert rita.patients() == []
    page.sharing.share.click()
    choice = sheet_of(window).findChild(Choice)
    assert choice is not None
    choice.set_value(rita.user().id)
    _line(window, "Last day").setText("2020-01-01")
    sheet = sheet_of(window)
    assert isinstance(sheet, FormSheet)
    assert sheet.go.toolTip() == "The last day is today or later"
    _line(window, "Last day").setText((date.today() + timedelta(days=30)).isoformat())
    press(window, "Share")
    rest()
    assert page.sharing.table.records[0].cells[0] == "Rita"
    assert len(rita.patients()) == 1
    page.sharing.table.select(page.sharing.table.records[0].key)
    page.sharing.end.click()
    rest()
    assert rita.patients() == []
    page.sharing.lift.click()
    rest()
    assert len(rita.patients()) == 1


@pytest.mark.slow
def test_v47_v65_one_asks_another_confirms_and_the_certificate_is_shown(
    session: Callable[[str], Services],
    open_window: Callable[[Services], Window],
    rest: Callable[[], None],
    tmp_path: Path,
) -> None:
    cleo, ben = session("Cleo"), session("Ben")
    window = open_window(cleo)
    page = _consent(window, rest)
    patient = cleo.patients()[0]
    page.erase.click()
    _line(window, "Type").setText(patient.code)
    press(window, "Ask for erasure")
    rest()
    assert page.erase.toolTip().startswith("You asked for it ")
    assert page.erase.text() == "Withdraw request"
    page.erase.click()
    press(window, "Withdraw")
    rest()
    assert page.erase.text() == "Ask for erasure"
    assert ben.erasure_requests() == {}
    page.erase.click()
    _line(window, "Type").setText(patient.code)
    press(window, "Ask for erasure")
    rest()
    window.lock_at_once()
    rest()
    other = open_window(ben)
    retention = _retention(other, rest)
    assert retention.erasures.table.records[0].cells == (patient.id, "Cleo")
    retention.erasures.table.select(patient.id)
    retention.erasures.erase.click()
    _line(other, "Type erase").setText("erase")
    press(other, "Erase")
    rest()
    shown = sheet_of(other)
    assert isinstance(shown, TextSheet)
    assert "Requested by         Cleo" in shown.text.toPlainText()
    assert "Confirmed by         Ben" in shown.text.toPlainText()
    assert "Ida" not in shown.text.toPlainText()
    shown.save(tmp_path / "certificate.txt")
    assert json.loads((tmp_path / "certificate.json").read_text("utf-8"))["pseudonym"] == patient.id
    shown.dismiss()
    rest()
    assert retention.certificates.table.records[0].cells[0] == patient.id
    assert retention.erasures.table.records == ()


def test_v47_an_admin_withdraws_a_request_on_the_page(
    session: Callable[[str], Services], open_window: Callable[[Services], Window], rest: Callable[[], None]
) -> None:
    cleo, window = session("Cleo"), open_window(session("Ben"))
    patient = cleo.patients()[0]
    cleo.request_erasure(patient.id)
    page = _retention(window, rest)
    assert page.erasures.withdraw.toolTip() == "Select a request first"
    page.erasures.table.select(patient.id)
    page.erasures.withdraw.click()
    press(window, "Withdraw")
    rest()
    assert page.erasures.table.records == ()
    assert page.erasures.withdraw.toolTip() == "No erasure waits"
    assert cleo.asked_to_erase(patient.id) is None


def test_v47_nobody_confirms_what_they_asked_for(window_of: Callable[[str], Window], rest: Callable[[], None]) -> None:
    window = window_of("Ada")
    patient = window.services.patients()[0]
    window.services.request_erasure(patient.id)
    page = _retention(window, rest)
    page.erasures.table.select(patient.id)
    assert page.erasures.erase.toolTip() == "You asked for it; another person confirms"


def test_v59_v35_a_shorter_time_waits_for_a_second_admin(
    session: Callable[[str], Services], open_window: Callable[[Services], Window], rest: Callable[[], None]
) -> None:
    ada, ben = session("Ada"), session("Ben")
    for services in (ada, ben):
        window = open_window(services)
        page = _retention(window, rest)
        page.policies.select("audit|")
        page.change.click()
        sheet = sheet_of(window)
        box = sheet.findChild(CheckBox)
        assert box is not None
        box.setChecked(False)
        _line(window, "Days").setText("400")
        press(window, "Change")
        rest()
        assert _line(window, "Reason").accessibleDescription() == "These records are kept for at least six years."
        _line(window, "Reason").setText("Agreed with the board")
        press(window, "Change")
        rest()
        kept = {one.data_class.value: one.keep_days for one in services.retention_policies() if not one.study}
        assert kept["audit"] == (None if services is ada else 400)
    assert next(one for one in page.policies.records if one.key == "audit|").cells[2] == "400 days"


def test_v59_a_time_for_a_study_and_an_empty_preview(
    window_of: Callable[[str], Window], rest: Callable[[], None]
) -> None:
    window = window_of("Ben")
    page = _retention(window, rest)
    assert page.nothing.text().startswith("Nothing is due.")
    assert page.execute.toolTip() == "Nothing is due"
    page.study.click()
    _line(window, "Study").setText("study-1")
    press(window, "Change")
    rest()
    assert "raw|study-1" in [one.key for one in page.policies.records]
    assert days_in_words(400) == "400 days"
    assert days_in_words(730) == "730 days (2 years)"
    assert days_in_words(3653) == "3653 days (10 years)"


def test_v67_v68_what_a_person_may_have(
    window_of: Callable[[str], Window], rest: Callable[[], None], tmp_path: Path
) -> None:
    window = window_of("Cleo")
    page = _consent(window, rest)
    page.export_to(tmp_path / "export.zip")
    rest()
    assert [job.error for job in board().jobs] == [None]
    assert any(name.endswith(".json") for name in zipfile.ZipFile(tmp_path / "export.zip").namelist())
    page.report.click()
    rest()
    shown = sheet_of(window)
    assert isinstance(shown, TextSheet)
    assert "export.person  by Cleo" in shown.text.toPlainText()


@pytest.mark.parametrize("name", ["Rita"])
def test_v41_those_who_only_read_see_why_nothing_can_be_changed(
    window_of: Callable[[str], Window], rest: Callable[[], None], name: str
) -> None:
    page = _consent(window_of(name), rest)
    for button in (page.give, page.withdraw, page.export, page.report, page.erase, page.sharing.restrict):
        assert not button.isEnabled()
        assert "role Clinician" in button.toolTip()
