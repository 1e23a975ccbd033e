"""The window over a real vault: unlocking, people, pages, history, lock, names for assistive technology."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from clarity_desktop.app import PatientSummary, Services
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import InputError, IntegrityError, LockedError
from clarity_desktop.domain.work import CancelToken
from clarity_desktop.ui import theme
from clarity_desktop.ui.commands import COMMANDS
from clarity_desktop.ui.dialogs.codes import CodeDialog
from clarity_desktop.ui.dialogs.emergency import EmergencyDialog
from clarity_desktop.ui.dialogs.error import ErrorDialog
from clarity_desktop.ui.dialogs.new_patient import NewPatientDialog
from clarity_desktop.ui.dialogs.recovery import RecoveryDialog
from clarity_desktop.ui.jobs import JobState, board, start_job
from clarity_desktop.ui.pages.jobs import JobsPage, job_words
from clarity_desktop.ui.pages.patients import PatientsPage
from clarity_desktop.ui.qt import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QDateEdit,
    QGuiApplication,
    QLineEdit,
    QProgressBar,
    Qt,
    QTabBar,
    QWidget,
)
from clarity_desktop.ui.shell.page_list import PAGES
from clarity_desktop.ui.shell.palette import Palette
from clarity_desktop.ui.shell.window import Window
from tests.memory_keychain import MemoryKeychain

NEW_PASSPHRASE = "seven quiet herons by the lake"
INTERACTIVE = (QAbstractButton, QLineEdit, QComboBox, QDateEdit, QAbstractItemView, QProgressBar, QTabBar)


def _people(window: Window) -> PatientsPage:
    page = window.workspace.page("patients")
    assert isinstance(page, PatientsPage)
    return page


def _open(window: Window, code: str, rest: Callable[[], None], page: str = "overview") -> None:
    window.open_patient(window.services.patient(code).id, page)
    rest()


def test_a_vault_is_created_locked_and_opened_again(
    empty_services: Services, open_window: Callable[[Services], Window], rest: Callable[[], None]
) -> None:
    window = open_window(empty_services)
    unlock = window.unlock_page
    assert window.is_locked
    assert unlock.creating
    wizard = unlock.wizard
    assert wizard is not None
    wizard.show_step(2)
    words = wizard.passphrase.passphrase
    words.passphrase.setText("too short")
    words.repeat.setText("too short")
    assert not wizard.next.isEnabled()
    words.passphrase.setText(NEW_PASSPHRASE)
    words.repeat.setText(NEW_PASSPHRASE + "x")
    assert not wizard.next.isEnabled()
    assert "same passphrase" in words.second.line_text()
    words.repeat.setText(NEW_PASSPHRASE)
    wizard.go_on()
    code = wizard.code.view.pending
    assert code is not None
    groups = code.text.split("-")
    for line, number in zip((wizard.code.view.first, wizard.code.view.second), code.asked, strict=True):
        line.setText(groups[number - 1])
    wizard.go_on()
    rest()
    wizard.person.name.setText("Dr Ada Byron")
    for _ in range(3):
        wizard.go_on()
        rest()
    wizard.demo.demo.setChecked(False)
    wizard.go_on()
    rest()
    assert not window.is_locked
    assert empty_services.unlocked
    assert unlock.passphrase.text() == ""

    assert window.run_id("vault.lock")
    rest()
    assert window.is_locked
    assert not empty_services.unlocked
    assert not unlock.creating
    unlock.passphrase.setText("not the passphrase at all")
    unlock.submit()
    rest()
    assert window.is_locked
    assert unlock.first.line_text() == "This passphrase does not open the vault."
    unlock.passphrase.setText(NEW_PASSPHRASE)
    unlock.submit()
    rest()
    assert not window.is_locked


def test_the_list_shows_people_with_what_the_vault_says(window: Window) -> None:
    page = _people(window)
    assert page.filtered.rowCount() == 2
    words = {
        page.filtered.index(row, column).data() for row in range(2) for column in range(page.filtered.columnCount())
    }
    assert {"Demo · Regular sleeper", "D-0001", "Simulated"} <= words
    page.search.setText("shift")
    assert [page.filtered.patient_at(row).code for row in range(page.filtered.rowCount())] == ["D-0002"]
    page.search.setText("nobody of this name")
    assert page.filtered.rowCount() == 0
    assert page._none.isVisible()
    assert page._clear.isVisible()
    page._clear.click()
    assert page.filtered.rowCount() == 2


def test_data_of_one_person_that_cannot_be_read_leaves_the_others_alone(
    services: Services, open_window: Callable[[Services], Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = services.patient("D-0001").id
    whole = Services.summary

    def summary(self: Services, patient_id: str) -> PatientSummary:
        if patient_id == damaged:
            raise IntegrityError("vault.chunk", "A stored chunk is not what was written.", remedy="Check the vault.")
        return whole(self, patient_id)

    monkeypatch.setattr(Services, "summary", summary)
    page = _people(open_window(services))
    assert page.rows.error(damaged) is not None
    assert page.rows.summary(services.patient("D-0002").id) is not None
    page.table.select(damaged)
    assert page.preview._caption.text().startswith("A stored chunk is not what was written. Check the vault. Reference")
    assert not [dialog for dialog in page.window().findChildren(ErrorDialog) if dialog.isVisible()]


def test_an_empty_vault_says_what_would_be_here(
    empty_services: Services, open_window: Callable[[Services], Window], rest: Callable[[], None]
) -> None:
    empty_services.create_vault(NEW_PASSPHRASE)
    window = open_window(empty_services)
    assert _people(window)._stack.currentWidget() is _people(window)._empty
    window.new_patient()
    dialog = window.findChild(NewPatientDialog)
    assert dialog is not None
    assert not dialog.add.isEnabled()
    dialog.name.setText("Case 7")
    dialog.born.setText("1987-13-01")
    dialog._add()
    assert "1987-04-23" in dialog._born.line_text()
    dialog.born.setText("1987-04-23")
    dialog._add()
    rest()
    assert [patient.name for patient in empty_services.patients()] == ["Case 7"]
    assert _people(window).filtered.rowCount() == 1


@pytest.mark.slow
def test_every_page_opens_for_a_person_and_back_returns(window: Window, rest: Callable[[], None]) -> None:
    _open(window, "D-0001", rest)
    for page in PAGES:
        assert window.run_id(f"go.{page.id}"), page.id
        rest()
        current = window.workspace.current()
        assert current is not None
        assert current.id == page.id
    for page in reversed(PAGES[:-1]):
        assert window.run_id("go.back")
        rest()
        current = window.workspace.current()
        assert current is not None
        assert current.id == page.id
    assert window.run_id("go.forward")
    current = window.workspace.current()
    assert current is not None
    assert current.id == PAGES[1].id


@pytest.mark.slow
def test_the_header_says_whose_data_is_open_and_back_changes_it_too(window: Window, rest: Callable[[], None]) -> None:
    _open(window, "D-0001", rest)
    assert window.windowTitle() == "D-0001 · Clarity Desktop"
    _open(window, "D-0002", rest, "sleep")
    assert window.workspace.header._name.text() == "Demo · Shift worker"
    assert window.workspace.header._simulated.isVisible()
    window.go_back()
    rest()
    assert window.workspace.header._name.text() == "Demo · Regular sleeper"
    actions = [entry.action for entry in window.services.vault.audit.entries(limit=20)]
    assert actions.count("patient.open") >= 3


@pytest.mark.slow
def test_locking_leaves_nothing_of_anyone_in_the_window(
    window: Window, rest: Callable[[], None], qapp: QApplication
) -> None:
    _open(window, "D-0001", rest)
    window.run_id("vault.lock")
    rest()
    assert window.is_locked
    assert window.windowTitle() == "Clarity Desktop"
    names = [widget.accessibleName() + widget.toolTip() for widget in window.findChildren(QWidget)]
    assert not any("Regular sleeper" in name for name in names)
    assert not window.run_id("go.overview")
    assert not window.run_id("data.import")


def test_keys_run_commands_unless_a_dialog_is_open(window: Window, qtbot: QtBot, rest: Callable[[], None]) -> None:
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_6, Qt.KeyboardModifier.ControlModifier)
    rest()
    current = window.workspace.current()
    assert current is not None
    assert current.id == "import"
    window.show_keys()
    assert window.open_sheet() is not None
    assert not window.run_by_key(COMMANDS["go.patients"])
    qtbot.keyClick(window.open_sheet(), Qt.Key.Key_Escape)
    assert window.open_sheet() is None
    assert window.run_by_key(COMMANDS["go.patients"])


def test_the_palette_opens_a_person(window: Window, qtbot: QtBot, rest: Callable[[], None]) -> None:
    window.run_id("help.palette")
    palette = window.findChild(Palette)
    assert palette is not None
    palette.input.setText("shift w")
    qtbot.keyClick(palette.input, Qt.Key.Key_Return)
    rest()
    assert window.patient is not None
    assert window.patient.code == "D-0002"


def test_the_theme_changes_live_and_is_kept(window: Window, rest: Callable[[], None]) -> None:
    for name in ("dark", "high_contrast", "light"):
        assert window.run_id(f"view.{name}")
        rest()
        assert theme.current().name == name
        assert window.services.settings.get("theme") == name
        image = window.grab().toImage()
        ground = image.pixelColor(image.width() - 40, image.height() - 60)
        assert ground == theme.current().ui["app"]


def test_errors_are_shown_once_a_cause_with_a_reference_to_copy(window: Window, rest: Callable[[], None]) -> None:
    error = InputError("x.y", "This file holds an image.", remedy="Choose another file.", detail="byte 0")
    for _ in range(100):
        window.report_error(error)
    dialogs = [dialog for dialog in window.findChildren(ErrorDialog) if dialog.isVisible()]
    assert len(dialogs) == 1
    assert dialogs[0].count == 100
    dialogs[0]._fold()
    assert dialogs[0].details.isVisible()
    copy = next(button for button in dialogs[0].findChildren(QAbstractButton) if button.text() == "Copy details")
    copy.click()
    assert error.reference in QGuiApplication.clipboard().text()
    dialogs[0].dismiss()
    rest()


def test_a_change_by_others_reaches_the_list(window: Window, rest: Callable[[], None], qtbot: QtBot) -> None:
    heard: list[Change] = []
    window.services.subscribe(lambda changes: heard.append(changes.what))
    window.services.add_patient("Added elsewhere")
    qtbot.waitUntil(lambda: _people(window).filtered.rowCount() == 3)
    rest()
    assert heard
    assert Change.PATIENTS in heard[0]


@pytest.mark.parametrize("code", ["D-0001"])
def test_everything_one_can_use_has_a_name(window: Window, rest: Callable[[], None], code: str) -> None:
    window.unlock_page._offer(creating=True)
    _open(window, code, rest)
    for page in PAGES:
        window.open_page(page.id)
        rest()
    window.show_keys()
    nameless = []
    for widget in window.findChildren(QWidget):
        own = not widget.objectName().startswith("qt_") and not type(widget).__module__.startswith("PySide6.QtWidgets")
        if (
            isinstance(widget, INTERACTIVE)
            and not widget.isHidden()
            and (own or isinstance(widget, QLineEdit | QAbstractItemView))
        ):
            text = widget.text() if isinstance(widget, QAbstractButton) else ""
            if not (widget.accessibleName() or text):
                nameless.append(f"{type(widget).__name__} in {type(widget.parentWidget()).__name__}")
    assert nameless == []


@pytest.mark.slow
def test_jobs_are_listed_while_they_run_and_after(
    window: Window, rest: Callable[[], None], qtbot: QtBot, tmp_path: Path
) -> None:
    _open(window, "D-0001", rest)
    window.run_id("go.jobs")
    page = window.workspace.page("jobs")
    assert isinstance(page, JobsPage)
    window.run_id("vault.check")
    assert window.workspace.navigation._items["jobs"].number in ("", "1")
    window._write_report(window.services.patient("D-0001").id, tmp_path / "report.pdf")
    qtbot.waitUntil(lambda: len(board().jobs) == 2 and all(job.is_over for job in board().jobs), timeout=30_000)
    rest()
    assert [job.state for job in board().jobs] == [JobState.FINISHED, JobState.FINISHED]
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    assert all(job_words(job).startswith("Finished · ") for job in board().jobs)
    assert window.workspace.navigation._items["jobs"].number == ""
    sheet = window.open_sheet()
    assert sheet is not None
    assert sheet.title.text() == "The vault is as it was written"
    sheet.dismiss()
    window.run_id("vault.lock")
    rest()
    assert board().jobs == []


@pytest.mark.slow
def test_v22_locking_stops_a_job_of_this_process_and_says_so(
    window: Window, rest: Callable[[], None], qtbot: QtBot
) -> None:
    job = start_job("A long job", lambda _progress, cancel: _until_cancelled(cancel))
    qtbot.waitUntil(lambda: job.state is JobState.RUNNING)
    window.run_id("vault.lock")
    assert window.is_locked
    rest()
    assert job.state is JobState.CANCELLED
    assert job_words(job).startswith("Stopped when the vault locked.")


def _until_cancelled(cancel: CancelToken) -> None:
    while True:
        cancel.check()
        time.sleep(0.002)


@pytest.mark.slow
def test_the_keychain_opens_the_vault_once_it_was_asked_to(
    keychain: MemoryKeychain, services: Services, open_window: Callable[[Services], Window], rest: Callable[[], None]
) -> None:
    window = open_window(services)
    unlock = window.unlock_page
    assert unlock.keychain.isHidden()
    assert window.run_id("vault.keychain")
    rest()
    window.run_id("vault.lock")
    rest()
    assert not unlock.keychain.isHidden()
    unlock.keychain.click()
    rest()
    assert not window.is_locked

    window.run_id("vault.lock")
    rest()
    keychain.kept.clear()
    unlock.keychain.click()
    rest()
    assert window.is_locked
    assert unlock.first.line_text().startswith("The keychain does not open this vault.")


def test_v24_wrong_tries_bring_a_pause_in_words(
    services: Services, open_window: Callable[[Services], Window], rest: Callable[[], None]
) -> None:
    from clarity_desktop.vault.keys.tries import Tries

    services.lock()
    window = open_window(services)
    unlock = window.unlock_page
    owner = json.loads((services.vault_directory / "vault.keys").read_text("utf-8"))["users"][0]["id"]
    for _ in range(5):
        Tries(services.vault_directory / "vault.tries").begin(owner)
    unlock._refused(LockedError("vault.wrong_passphrase", "This passphrase does not open the vault."))
    rest()
    assert unlock.first.line_text() in {f"Pause after wrong passphrases: {left} seconds left" for left in (5, 4)} | {
        "Pause after wrong passphrases: 3 seconds left"
    }
    assert not unlock.passphrase.isEnabled()
    for _ in range(6):
        unlock._count_down()
    assert unlock.passphrase.isEnabled()
    unlock.passphrase.setText("again")
    assert unlock.button.isEnabled()
    rest()


def test_v13_a_recovery_code_is_used_and_replaced(
    services: Services, open_window: Callable[[Services], Window], rest: Callable[[], None]
) -> None:
    old = services.new_recovery_code()
    groups = old.text.split("-")
    services.keep_recovery_code(old, {number: groups[number - 1] for number in old.asked})
    services.lock()
    window = open_window(services)
    window.unlock_page.confirm_vault()
    rest()
    window.unlock_page.recovery.click()
    dialog = window.findChild(RecoveryDialog)
    assert dialog is not None
    assert not dialog.go.isEnabled()
    dialog.code.setText(old.text.lower())
    dialog.words.passphrase.setText(NEW_PASSPHRASE)
    dialog.words.repeat.setText(NEW_PASSPHRASE)
    dialog.go.click()
    rest()
    shown = window.findChild(CodeDialog)
    assert shown is not None
    assert shown.title.text() == "Keep your new recovery code"
    new = shown.view.pending
    assert new is not None
    assert new.text != old.text
    assert window.is_locked
    for line, number in zip((shown.view.first, shown.view.second), new.asked, strict=True):
        line.setText("AAAAAA")
        assert not shown.go.isEnabled()
        line.setText(new.text.split("-")[number - 1])
    shown.go.click()
    rest()
    assert not window.is_locked
    assert [slot.kind for slot in services.slots()] == ["passphrase", "recovery"]


def test_v14_the_sealed_code_opens_with_a_reason_and_the_window_says_so(
    services: Services, open_window: Callable[[Services], Window], rest: Callable[[], None]
) -> None:
    code = services.new_emergency_code()
    groups = code.text.split("-")
    services.keep_emergency_code(code, {number: groups[number - 1] for number in code.asked})
    services.lock()
    window = open_window(services)
    window.unlock_page.open_recovery()
    recovery = window.findChild(RecoveryDialog)
    assert recovery is not None
    recovery.emergency.click()
    dialog = window.findChild(EmergencyDialog)
    assert dialog is not None
    dialog.code.setText(code.text)
    dialog.reason.setText("ill")
    dialog.go.click()
    rest()
    assert "needs a reason" in dialog._reason.line_text()
    dialog.reason.setText("Everybody who has a passphrase is ill")
    dialog.go.click()
    rest()
    assert not window.is_locked
    assert services.user().emergency
    assert "Emergency access" in window.workspace.header.role.accessibleName()


def test_v43_several_people_choose_who_they_are(
    services: Services, open_window: Callable[[Services], Window], rest: Callable[[], None]
) -> None:
    services.lock()
    window = open_window(services)
    unlock = window.unlock_page
    unlock._show_names(("Owner",))
    assert unlock.whose.isHidden()
    assert unlock._who() is None
    unlock._show_names(("Owner", "Anna"))
    assert not unlock.whose.isHidden()
    unlock.person.set_value("Anna")
    assert unlock._who() == "Anna"
    rest()


def test_narrow_windows_fold_the_navigation(window: Window, rest: Callable[[], None]) -> None:
    assert window.workspace.navigation.width() == 184
    window.resize(1280, 720)
    rest()
    assert window.workspace.navigation.width() == 48
    assert window.workspace.navigation._items["patients"].toolTip() == "Patients"


def test_regions_are_reached_by_keyboard(window: Window, rest: Callable[[], None]) -> None:
    window.workspace.header.setFocus()
    reached = set()
    for _ in range(4):
        window.run_id("view.next_region")
        focused = QApplication.focusWidget()
        space = window.workspace
        for name, region in (("header", space.header), ("navigation", space.navigation), ("pages", space.pages)):
            if focused is not None and region.isAncestorOf(focused):
                reached.add(name)
    assert reached == {"header", "navigation", "pages"}
