"""Audit and backups in the window: filters, chain, sealed export, review; making, proving and restoring copies."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from clarity_desktop.app import Services
from clarity_desktop.domain.errors import IntegrityError
from clarity_desktop.ui.dialogs.form import FormSheet
from clarity_desktop.ui.jobs import JobState, board
from clarity_desktop.ui.pages.security.audit import AuditPage
from clarity_desktop.ui.pages.security.backups import BackupsPage
from clarity_desktop.ui.pages.security.state import SecurityPage
from clarity_desktop.ui.qt import QLineEdit
from clarity_desktop.ui.shell.window import Window
from clarity_desktop.vault import AuditQuery, KdfParameters, Vault
from tests.ui.security.team import CHEAP, OWNER, press, sheet_of


def _audit(window: Window, rest: Callable[[], None]) -> AuditPage:
    window.open_page("audit")
    rest()
    page = window.workspace.page("audit")
    assert isinstance(page, AuditPage)
    return page


def _backups(window: Window, rest: Callable[[], None]) -> BackupsPage:
    window.open_page("backups")
    rest()
    page = window.workspace.page("backups")
    assert isinstance(page, BackupsPage)
    return page


def test_the_audit_is_filtered_and_a_filter_to_nothing_is_named(
    window_of: Callable[[str], Window], rest: Callable[[], None]
) -> None:
    window = window_of("Ada")
    page = _audit(window, rest)
    assert "UTC" in page.table.records[0].cells[0]
    everything = len(page.table.records)
    page.what.set_value("people")
    rest()
    assert 0 < len(page.table.records) < everything
    assert {record.cells[2] for record in page.table.records} == {"Person added"}
    page.outcome.set_value("refused")
    rest()
    assert page.nothing.text() == "No entry fits: People and roles, refused. Clear shows all again."
    page.clear.click()
    rest()
    assert len(page.table.records) == everything
    patient = window.services.patients()[0]
    page.about.setText(patient.code)
    page._typing.stop()
    page.reload()
    rest()
    assert {record.cells[3] for record in page.table.records} == {patient.code}
    page.table.select(page.table.records[0].key)
    page.show_entry()
    assert sheet_of(window).title.text().startswith("Entry ")


def test_others_read_their_own_entries_only(window_of: Callable[[str], Window], rest: Callable[[], None]) -> None:
    page = _audit(window_of("Cleo"), rest)
    assert {record.cells[1] for record in page.table.records} == {"Cleo"}
    assert "your own" in page._card.subtitle_label.text()


def test_what_left_this_machine_is_one_click(
    window_of: Callable[[str], Window], rest: Callable[[], None], tmp_path: Path
) -> None:
    window = window_of("Ada")
    patient = window.services.patients()[0]
    window.services.note_export(patient.id, "export.table", "1 series")
    assert window.run_id("go.left_machine")
    rest()
    page = window.workspace.page("audit")
    assert isinstance(page, AuditPage)
    assert page.view.value() == "left"
    assert [record.cells[3] for record in page.table.records] == [patient.code]


def test_v30_the_state_of_the_chain_stands_in_the_head(
    window_of: Callable[[str], Window], rest: Callable[[], None]
) -> None:
    window = window_of("Ada")
    page = _audit(window, rest)
    assert page.chain.text() == "Chain not checked yet"
    page.verify.click()
    rest()
    assert "chain intact, checked " in page.chain.text()
    with window.services.vault._store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER IF EXISTS audit_no_update")
        connection.exec_driver_sql("UPDATE audit SET who = 'Nobody' WHERE seq = 2")
    page.verify.click()
    rest()
    assert page.chain.text() == "Chain differs from entry 2 on"


def test_an_exported_audit_is_signed_and_readable(
    window_of: Callable[[str], Window], rest: Callable[[], None], tmp_path: Path
) -> None:
    window = window_of("Ada")
    page = _audit(window, rest)
    number = len(page.table.records)
    page.export_to(tmp_path / "audit.json")
    rest()
    assert window.services.check_audit_export(tmp_path / "audit.json") == number
    assert window.services.search_audit(action="audit.export")[0].detail == f"{number} entries"
    document = json.loads((tmp_path / "audit.json").read_text("utf-8"))
    document["entries"][0]["who"] = "Nobody"
    (tmp_path / "audit.json").write_text(json.dumps(document), "utf-8")
    with pytest.raises(IntegrityError) as caught:
        window.services.check_audit_export(tmp_path / "audit.json")
    assert caught.value.code == "audit.export_altered"


def test_v14_emergency_uses_are_listed_and_reviewed(
    session: Callable[[str], Services], open_window: Callable[[Services], Window], rest: Callable[[], None]
) -> None:
    services = session("Ada")
    pending = services.new_emergency_code()
    groups = pending.text.split("-")
    services.keep_emergency_code(pending, {number: groups[number - 1] for number in pending.asked})
    with Vault.open_with_emergency_code(services.vault_directory, pending.text, "Night call, nobody here") as vault:
        vault.patients.open(vault.patients.list()[0].id)
    window = open_window(services)
    window.open_page("security")
    rest()
    state = window.workspace.page("security")
    assert isinstance(state, SecurityPage)
    assert state._state is not None
    assert "emergency.unreviewed" in {one.code for one in state._state.exceptions}
    page = _audit(window, rest)
    page.view.set_value("emergency")
    page.reload()
    rest()
    (use,) = page.emergencies.records
    assert use.cells[1:] == ("Night call, nobody here", "2", "1", "waits")
    page.emergencies.select(use.key)
    page.look.click()
    sheet = sheet_of(window)
    line = sheet.findChild(QLineEdit)
    assert line is not None
    line.setText("As agreed with the ward")
    press(window, "Keep review")
    rest()
    assert page.emergencies.records[0].cells[4].endswith("As agreed with the ward")
    assert page.emergencies.records[0].cells[4].startswith("Ada, ")
    assert not page.look.isEnabled()


def test_v14_the_window_of_an_emergency_says_so_all_the_time(
    session: Callable[[str], Services], open_window: Callable[[Services], Window], rest: Callable[[], None]
) -> None:
    services = session("Ada")
    pending = services.new_emergency_code()
    groups = pending.text.split("-")
    services.keep_emergency_code(pending, {number: groups[number - 1] for number in pending.asked})
    services.lock()
    services.unlock_with_emergency_code(pending.text, "Night call, nobody here")
    window = open_window(services)
    rest()
    assert "emergency.session" in window.workspace.notices.codes
    names = [one.accessibleName() for one in window.workspace.notices.findChildren(object) if hasattr(one, "text")]
    assert "Hide for an hour" not in names


def test_v49_v51_a_backup_is_made_checked_and_practised(
    window_of: Callable[[str], Window], rest: Callable[[], None]
) -> None:
    window = window_of("Ada")
    page = _backups(window, rest)
    assert page.state.text() == "No verified backup yet"
    assert page.drill.toolTip() == "There is no backup yet"
    assert window.run_id("vault.backup")
    rest()
    (record,) = page.table.records
    assert record.icon == "circle-check"
    assert page.state.text().startswith("Last verified backup ")
    page.table.select(record.key)
    page.check.click()
    page.drill.click()
    rest()
    assert [job.state for job in board().jobs] == [JobState.FINISHED] * 3
    assert sheet_of(window).title.text() == "The latest backup can be restored"


def test_v58_seven_days_without_a_backup_are_said_on_the_page(
    window_of: Callable[[str], Window], rest: Callable[[], None]
) -> None:
    window = window_of("Cleo")
    window.services.vault.backups._clock = lambda: time.time() + 8 * 86_400
    page = _backups(window, rest)
    assert page.state.text() == "There was no verified backup for 7 days."
    page.reload()
    rest()
    assert page.state.text() == "There was no verified backup for 7 days."
    assert page.over.toolTip() == "Restoring belongs to the role Admin"


@pytest.mark.slow
def test_v47_v52_restoring_over_the_vault_takes_two_admins(
    session: Callable[[str], Services], open_window: Callable[[Services], Window], rest: Callable[[], None]
) -> None:
    ada, ben = session("Ada"), session("Ben")
    ada.back_up()
    ada.add_patient("Added after the backup")
    window = open_window(ada)
    page = _backups(window, rest)
    page.table.select(page.table.records[0].key)
    _restore(window, page)
    rest()
    assert list(ada.restore_requests().values()) == ["Ada"]
    assert len(ada.patients()) == 2
    ada.lock()
    window.lock_at_once()
    rest()
    other = open_window(ben)
    page = _backups(other, rest)
    assert "restore asked by Ada" in page.table.records[0].cells[1]
    page.table.select(page.table.records[0].key)
    _restore(other, page)
    rest()
    assert other.is_locked
    with Vault.open(ben.vault_directory, OWNER, person="Ada", kdf_floor=CHEAP) as vault:
        assert len(vault.patients.list()) == 1
        assert vault.audit.find(AuditQuery(action="audit.gap"))[0].detail.endswith("confirmed by Ada.")


def _restore(window: Window, page: BackupsPage) -> None:
    page.over.click()
    sheet = sheet_of(window)
    assert isinstance(sheet, FormSheet)
    line = sheet.findChild(QLineEdit)
    assert line is not None
    assert not sheet.go.isEnabled()
    line.setText("restore")
    press(window, "Restore over this vault")


def test_v52_v55_a_backup_is_restored_to_a_new_place(
    empty_services: Services,
    open_window: Callable[[Services], Window],
    rest: Callable[[], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(KdfParameters, "calibrated", classmethod(lambda cls: cls.floor()))
    empty_services.create_vault(OWNER, person="Ada")
    empty_services.add_patient("Ida Falk")
    empty_services.back_up()
    window = open_window(empty_services)
    page = _backups(window, rest)
    page.table.select(page.table.records[0].key)
    page.restore_into(tmp_path / "elsewhere")
    sheet = sheet_of(window)
    assert isinstance(sheet, FormSheet)
    assert sheet.go.toolTip() == "Type the passphrase first"
    words = sheet.findChildren(QLineEdit)[1]
    words.setText("not the passphrase of then")
    press(window, "Restore")
    rest()
    assert sheet_of(window) is sheet
    assert not (tmp_path / "elsewhere").exists()
    words.setText(OWNER)
    press(window, "Restore")
    rest()
    assert sheet_of(window).title.text() == "The backup is restored"
    with Vault.open(tmp_path / "elsewhere", OWNER) as vault:
        assert [patient.name for patient in vault.patients.list()] == ["Ida Falk"]


def test_v52_one_patient_is_brought_back(window_of: Callable[[str], Window], rest: Callable[[], None]) -> None:
    window = window_of("Ada")
    window.services.back_up()
    page = _backups(window, rest)
    page.table.select(page.table.records[0].key)
    page.one.click()
    line = sheet_of(window).findChild(QLineEdit)
    assert line is not None
    line.setText(window.services.patients()[0].code)
    press(window, "Restore")
    rest()
    job = next(job for job in board().jobs if job.title == "Restoring one patient")
    assert job.state is JobState.FINISHED, job.error


def test_v31_a_difference_is_answered_for_with_a_reason(
    window_of: Callable[[str], Window], rest: Callable[[], None]
) -> None:
    window = window_of("Ada")
    window.open_page("security")
    rest()
    page = window.workspace.page("security")
    assert isinstance(page, SecurityPage)
    page.answer_for_difference()
    line = sheet_of(window).findChild(QLineEdit)
    assert line is not None
    line.setText("The folder was put back after a disk was changed")
    press(window, "Keep reason")
    rest()
    entry = window.services.search_audit(action="audit.gap")[0]
    assert entry.detail.endswith("Reason given: The folder was put back after a disk was changed")


def test_v83_the_security_page_tells_the_six_facts(
    window_of: Callable[[str], Window], rest: Callable[[], None]
) -> None:
    window = window_of("Ada")
    window.services.back_up()
    window.open_page("security")
    rest()
    page = window.workspace.page("security")
    assert isinstance(page, SecurityPage)
    facts = dict(page.facts())
    assert facts["Encryption"] == "On"
    assert facts["Ways in"] == "5 × passphrase"
    assert facts["Last verified backup"].endswith("within a day")
    assert facts["Audit chain"].endswith("chain intact")
    assert facts["Sending to outside services"] == "Switched off"
    assert page._state is not None
    assert {one.code for one in page._state.exceptions} == {"recovery.none"}
    window.services.change_setting("external.sending", True)
    window.services.change_setting("backup.automatic", False)
    page.reload()
    rest()
    assert dict(page.facts())["Sending to outside services"].startswith("Switched on")
    assert {"external.on", "backup.manual"} <= {one.code for one in page._state.exceptions}
