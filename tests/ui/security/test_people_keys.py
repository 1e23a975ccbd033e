"""People and key slots in the window: added, changed, undone, removed; codes kept after two groups were typed back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from clarity_desktop.app import Services
from clarity_desktop.domain.users import Role
from clarity_desktop.ui.components.choice import Choice
from clarity_desktop.ui.components.field import PassphraseEdit
from clarity_desktop.ui.components.new_passphrase import NewPassphrase
from clarity_desktop.ui.dialogs.codes import CodeDialog
from clarity_desktop.ui.dialogs.form import FormSheet
from clarity_desktop.ui.jobs import JobState, board
from clarity_desktop.ui.pages.security.keys import KeysPage
from clarity_desktop.ui.pages.security.people import PeoplePage, RoleBoxes
from clarity_desktop.ui.qt import QGuiApplication, QLineEdit
from clarity_desktop.ui.shell.window import Window
from tests.ui.security.team import OWNER, press, sheet_of

NEW = "quiet otters by the weir"


@pytest.fixture
def people(window_of: Callable[[str], Window], rest: Callable[[], None]) -> tuple[Window, PeoplePage]:
    window = window_of("Ada")
    window.open_page("people")
    rest()
    page = window.workspace.page("people")
    assert isinstance(page, PeoplePage)
    return window, page


@pytest.fixture
def keys(window_of: Callable[[str], Window], rest: Callable[[], None]) -> tuple[Window, KeysPage]:
    window = window_of("Ada")
    window.open_page("keys")
    rest()
    page = window.workspace.page("keys")
    assert isinstance(page, KeysPage)
    return window, page


def _choose(page: PeoplePage, window: Window, name: str) -> str:
    user = window.services.find_user(name)
    page.table.select(user.id)
    return user.id


def test_v6_a_person_is_added_with_an_own_passphrase(
    people: tuple[Window, PeoplePage], rest: Callable[[], None]
) -> None:
    window, page = people
    page.add.click()
    sheet = sheet_of(window)
    assert isinstance(sheet, FormSheet)
    words = sheet.findChild(NewPassphrase)
    boxes = sheet.findChild(RoleBoxes)
    (name,) = [one for one in sheet.findChildren(QLineEdit) if not isinstance(one, PassphraseEdit)]
    assert words is not None
    assert boxes is not None
    assert sheet.go.toolTip() == "Type a name first"
    name.setText("Ada")
    words.passphrase.setText(NEW)
    words.repeat.setText(NEW)
    boxes.boxes[Role.CLINICIAN].setChecked(False)
    assert sheet.go.toolTip() == "Choose at least one role"
    boxes.boxes[Role.READ_ONLY].setChecked(True)
    press(window, "Add person")
    rest()
    assert sheet_of(window) is sheet, "a taken name is said in the dialog"
    name.setText("Emil")
    press(window, "Add person")
    rest()
    assert window.open_sheet() is None
    assert "Emil" in [record.cells[0] for record in page.table.records]
    assert window.services.find_user("Emil").roles == {Role.READ_ONLY}
    assert window.services.search_audit(action="people.add")[0].who == "Ada"


def test_u10_a_change_of_roles_is_undone_and_done_again(
    people: tuple[Window, PeoplePage], rest: Callable[[], None]
) -> None:
    window, page = people
    _choose(page, window, "Chen")
    page.roles.click()
    boxes = sheet_of(window).findChild(RoleBoxes)
    assert boxes is not None
    boxes.boxes[Role.CLINICIAN].setChecked(True)
    press(window, "Change roles")
    rest()
    assert window.services.find_user("Chen").roles == {Role.RESEARCHER, Role.CLINICIAN}
    assert window.steps.undo_name == "Change of roles"
    assert window.run_id("edit.undo")
    rest()
    assert window.services.find_user("Chen").roles == {Role.RESEARCHER}
    assert window.run_id("edit.redo")
    rest()
    assert window.services.find_user("Chen").roles == {Role.RESEARCHER, Role.CLINICIAN}
    assert not window.run_id("edit.redo")


def test_v10_restricted_patients_are_handed_over_before_a_person_goes(
    people: tuple[Window, PeoplePage], session: Callable[[str], Services], rest: Callable[[], None]
) -> None:
    window, page = people
    cleo = session("Cleo")
    patient = cleo.patients()[0]
    cleo.restrict_patient(patient.id)
    user_id = _choose(page, window, "Cleo")
    page.remove.click()
    rest()
    sheet = sheet_of(window)
    heir = sheet.findChild(Choice)
    (name,) = [one for one in sheet.findChildren(QLineEdit) if one.accessibleName().startswith("Type the name")]
    assert heir is not None
    assert [heir.itemText(at) for at in range(heir.count())] == ["Ada"]
    name.setText("Cleo")
    press(window, "Remove")
    rest()
    assert next(one for one in window.services.users() if one.id == user_id).removed is not None
    access = window.services.patient_access(patient.id)
    assert access.owner is not None
    assert access.owner.name == "Ada"
    removed = next(one for one in page.table.records if one.cells[0] == "Cleo")
    assert removed.muted


def test_v10_the_last_admin_cannot_be_removed(people: tuple[Window, PeoplePage], rest: Callable[[], None]) -> None:
    window, page = people
    window.services.remove_user(window.services.find_user("Ben").id)
    rest()
    _choose(page, window, "Ada")
    assert not page.remove.isEnabled()
    assert page.remove.toolTip().startswith("The last admin stays")


def test_v6_a_forgotten_passphrase_is_replaced_by_an_admin(
    people: tuple[Window, PeoplePage], rest: Callable[[], None]
) -> None:
    window, page = people
    _choose(page, window, "Rita")
    page.reset.click()
    words = sheet_of(window).findChild(NewPassphrase)
    assert words is not None
    words.passphrase.setText(NEW)
    words.repeat.setText(NEW)
    press(window, "Set new passphrase")
    rest()
    assert window.services.search_audit(action="passphrase.reset")[0].outcome == "ok"


def test_v12_a_recovery_code_is_kept_after_two_groups_were_typed_back(
    keys: tuple[Window, KeysPage], rest: Callable[[], None], tmp_path: Path
) -> None:
    window, page = keys
    page.recovery.click()
    rest()
    sheet = sheet_of(window)
    assert isinstance(sheet, CodeDialog)
    pending = sheet.view.pending
    assert pending is not None
    first, second = pending.asked
    groups = pending.text.split("-")
    sheet.view.first.setText(groups[first - 1])
    wrong = "3" if groups[second - 1][-1] != "3" else "4"
    sheet.view.second.setText(groups[second - 1][:-1] + wrong)
    assert not sheet.go.isEnabled()
    assert sheet.go.toolTip() == "Confirm both groups to go on"
    sheet.view.second.setText(groups[second - 1].lower())
    sheet.view.save_sheet(tmp_path / "code.pdf")
    assert (tmp_path / "code.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "code.pdf").stat().st_mode & 0o777 == 0o600
    sheet.view.copy_code()
    assert QGuiApplication.clipboard().text() == pending.text
    press(window, "Keep this code")
    rest()
    assert QGuiApplication.clipboard().text() == ""
    kinds = [slot.kind for slot in window.services.slots() if slot.user == window.services.user().id]
    assert sorted(kinds) == ["passphrase", "recovery"]
    assert page.recovery.text() == "Renew recovery code"


def test_a_sheet_that_cannot_be_saved_says_so(
    keys: tuple[Window, KeysPage], rest: Callable[[], None], tmp_path: Path
) -> None:
    window, page = keys
    page.recovery.click()
    rest()
    sheet = sheet_of(window)
    assert isinstance(sheet, CodeDialog)
    sheet.view.save_sheet(tmp_path / "no such folder" / "code.pdf")
    assert sheet.trouble.text().startswith("The sheet could not be saved there.")


def test_v6_the_own_passphrase_is_changed(keys: tuple[Window, KeysPage], rest: Callable[[], None]) -> None:
    window, page = keys
    page.change.click()
    sheet = sheet_of(window)
    words = sheet.findChild(NewPassphrase)
    assert words is not None
    (old,) = [one for one in sheet.findChildren(PassphraseEdit) if one.accessibleName() == "Present passphrase"]
    old.setText("another one entirely")
    words.passphrase.setText(NEW)
    words.repeat.setText(NEW)
    press(window, "Change passphrase")
    rest()
    assert sheet_of(window) is sheet
    assert old.accessibleDescription() == "The present passphrase is another one."
    old.setText(OWNER)
    press(window, "Change passphrase")
    rest()
    assert window.open_sheet() is None
    window.services.change_passphrase(NEW, OWNER)


def test_v10_a_passphrase_slot_says_why_it_stays(keys: tuple[Window, KeysPage], rest: Callable[[], None]) -> None:
    _, page = keys
    slot = next(slot for slot in page.services.slots() if slot.kind == "passphrase")
    page.table.select(slot.id)
    assert not page.remove.isEnabled()
    assert "passphrase stays" in page.remove.toolTip()


def test_new_keys_are_a_job_and_the_window_stays_open(keys: tuple[Window, KeysPage], rest: Callable[[], None]) -> None:
    window, page = keys
    before = window.services.vault.data_key()
    page.rekey.click()
    press(window, "Make new keys")
    rest()
    job = next(job for job in board().jobs if job.title == "New keys for the vault")
    assert job.state is JobState.FINISHED, job.error
    assert window.services.vault.data_key() != before
    assert not window.is_locked
    assert page.table.records
