"""The lock in the real window: what is gone, what is kept sealed, what comes back, and to whom."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from clarity_desktop.app import Services, open_services
from clarity_desktop.app.safekeeping import Notice
from clarity_desktop.domain.users import Role
from clarity_desktop.domain.work import CancelToken
from clarity_desktop.ui.dialogs.choose_patient import ImportChoice
from clarity_desktop.ui.dialogs.drafts import DraftsDialog
from clarity_desktop.ui.dialogs.new_patient import NewPatientDialog
from clarity_desktop.ui.jobs import JobState, board, start_job
from clarity_desktop.ui.pages.imports import ImportPage
from clarity_desktop.ui.pages.jobs import job_words
from clarity_desktop.ui.qt import (
    QApplication,
    QEvent,
    QFileDialog,
    QLabel,
    QLineEdit,
    QObject,
    QPlainTextEdit,
    QScrollArea,
    QWidget,
    isValid,
)
from clarity_desktop.ui.shell.window import Window
from clarity_desktop.vault import KdfParameters, Vault

PASSPHRASE = "seven quiet herons"
OTHER = "nine loud magpies there"
CHEAP = KdfParameters.for_tests()


def _unlock(window: Window, rest: Callable[[], None], person: str | None = None, words: str = PASSPHRASE) -> None:
    """Open the vault as somebody; the slots of tests cost less than the unlock screen accepts."""
    services = window.services
    rest()
    services._adopt(
        Vault.open(
            services.vault_directory, words, person=person, kdf_floor=CHEAP, circumstances=services._circumstances()
        )
    )
    window.unlock_page.unlocked.emit(False)
    rest()


def _open(window: Window, code: str, page: str, rest: Callable[[], None]) -> None:
    window.open_patient(window.services.patient(code).id, page)
    rest()


def _texts(window: Window) -> list[str]:
    found = [window.windowTitle()]
    for widget in window.findChildren(QWidget):
        found += [widget.accessibleName(), widget.accessibleDescription(), widget.toolTip(), widget.windowTitle()]
        if isinstance(widget, QLabel | QLineEdit):
            found.append(widget.text())
        elif isinstance(widget, QPlainTextEdit):
            found.append(widget.toPlainText())
        elif hasattr(widget, "text") and callable(widget.text):
            found.append(str(widget.text()))
    return found


class _FirstPaint(QObject):
    """Notes what the window holds when the lock page is painted for the first time."""

    def __init__(self, window: Window) -> None:
        super().__init__()
        self._window = window
        self.texts: list[str] | None = None
        window.unlock_page.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - the name that Qt calls
        if event.type() == QEvent.Type.Paint and self.texts is None:
            self.texts = _texts(self._window)
        return False


@pytest.mark.slow
def test_v19_nothing_of_anyone_is_left_when_the_lock_page_is_first_painted(
    window: Window, rest: Callable[[], None], qtbot: QtBot
) -> None:
    _open(window, "D-0001", "overview", rest)
    window.new_patient()
    dialog = window.findChild(NewPatientDialog)
    assert dialog is not None
    dialog.name.setText("Ada Lovelace")
    assert any("Regular sleeper" in text for text in _texts(window))
    workspace = window.workspace
    seen = _FirstPaint(window)
    window.lock()
    assert window.is_locked
    qtbot.waitUntil(lambda: seen.texts is not None, timeout=5000)
    assert not isValid(workspace)
    assert not isValid(dialog)
    assert seen.texts is not None
    told = " ".join(seen.texts)
    for word in ("Regular sleeper", "Shift worker", "D-0001", "Ada Lovelace"):
        assert word not in told
    assert window.patient is None
    assert window.people == []
    assert not window.steps.undo_name


@pytest.mark.slow
def test_v18_a_lock_while_somebody_is_unlocking_wins(window: Window, rest: Callable[[], None]) -> None:
    window.lock()
    rest()
    services = window.services
    services._adopt(Vault.open(services.vault_directory, PASSPHRASE, kdf_floor=CHEAP))
    window.unlock_page.unlocked.emit(False)
    window.session.lock_wanted.emit("The screen was locked.")
    rest()
    assert window.is_locked
    assert not services.unlocked
    services._adopt(Vault.open(services.vault_directory, PASSPHRASE, kdf_floor=CHEAP))
    window.session.lock_wanted.emit("The screen was locked.")
    window.unlock_page.unlocked.emit(False)
    rest()
    assert window.is_locked
    assert not services.unlocked
    _unlock(window, rest)
    assert not window.is_locked


@pytest.mark.slow
def test_v40_the_title_and_the_name_of_the_report_have_the_code(
    window: Window, rest: Callable[[], None], qtbot: QtBot
) -> None:
    _open(window, "D-0001", "overview", rest)
    assert window.windowTitle() == "D-0001 · Clarity Desktop"
    window.make_report()
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    assert [Path(name).name for name in dialog.selectedFiles()] == ["D-0001-report.pdf"]
    window.lock()
    rest()
    assert not isValid(dialog) or not dialog.isVisible()


@pytest.mark.slow
def test_v21_unsaved_text_is_sealed_and_offered_to_the_same_user_only(window: Window, rest: Callable[[], None]) -> None:
    services = window.services
    services.vault.people.add("Second", OTHER, {Role.CLINICIAN}, kdf=CHEAP)
    window.new_patient()
    dialog = window.findChild(NewPatientDialog)
    assert dialog is not None
    dialog.name.setText("Grace of the fifth floor")
    dialog.born.setText("1987-04")
    window.lock()
    rest()
    raw = b"".join(path.read_bytes() for path in services.home.rglob("*") if path.is_file())
    assert b"fifth floor" not in raw

    _unlock(window, rest, "Second", OTHER)
    assert window.findChild(DraftsDialog) is None
    assert services.drafts() == []
    window.lock()

    _unlock(window, rest, "Owner")
    offer = window.findChild(DraftsDialog)
    assert offer is not None
    assert {(one.place, one.text) for one in offer.drafts} == {
        ("NewPatientDialog/Name or code", "Grace of the fifth floor"),
        ("NewPatientDialog/Date of birth", "1987-04"),
    }
    offer.back.click()
    rest()
    again = window.findChild(NewPatientDialog)
    assert again is not None
    assert (again.name.text(), again.born.text()) == ("Grace of the fifth floor", "1987-04")
    assert services.drafts() == []


@pytest.mark.slow
def test_v21_notes_of_several_lines_are_kept_with_their_patient_and_saved_text_is_not(
    window: Window, rest: Callable[[], None]
) -> None:
    _open(window, "D-0001", "overview", rest)
    page = window.workspace.current()
    assert page is not None
    note = QPlainTextEdit(page)
    note.setAccessibleName("Note")
    note.setPlainText("slept badly after the night shift")
    search = QLineEdit(page)
    search.setText("not a draft")
    window.lock()
    rest()
    _unlock(window, rest)
    (draft,) = window.services.drafts()
    assert (draft.place, draft.text) == ("overview/Note", "slept badly after the night shift")
    assert draft.patient_id == window.services.patient("D-0001").id
    _open(window, "D-0002", "overview", rest)
    other = QPlainTextEdit(window.workspace.current())
    other.setAccessibleName("Note")
    window._put_back([draft])
    assert other.toPlainText() == ""
    _open(window, "D-0001", "overview", rest)
    window._put_back([draft])
    rest()
    assert other.toPlainText() == "slept badly after the night shift"
    assert window.services.drafts() == []


@pytest.mark.slow
def test_v22_a_job_with_a_process_of_its_own_ends_and_the_outcome_is_told(
    window: Window, rest: Callable[[], None], qtbot: QtBot
) -> None:
    go, ran = threading.Event(), threading.Event()

    def work(_progress: object, cancel: CancelToken) -> str:
        ran.set()
        while not go.wait(0.02):
            cancel.check()
        return "of a patient"

    first = start_job("Importing one", work, outlives_lock=True)
    second = start_job("Importing two", lambda _p, _c: "done", outlives_lock=True)
    qtbot.waitUntil(ran.is_set)
    window.lock()
    assert window.is_locked
    go.set()
    qtbot.waitUntil(lambda: first.is_over, timeout=5000)
    assert first.state is JobState.FINISHED
    assert first.result is None
    qtbot.wait(300)
    assert second.state is JobState.WAITING
    assert job_words(second) == "Waiting until the vault is open"
    qtbot.waitUntil(lambda: not window._locking and not window.services.unlocked, timeout=5000)
    window.services._adopt(Vault.open(window.services.vault_directory, PASSPHRASE, kdf_floor=CHEAP))
    window.unlock_page.unlocked.emit(False)
    rest()
    assert window.workspace.toast.accessibleName() == ("1 job ended while the vault was locked. The job page says how.")
    assert second.state is JobState.FINISHED
    assert first in board().jobs


@pytest.mark.slow
def test_v22_a_real_import_ends_while_the_vault_is_locked(
    window: Window, rest: Callable[[], None], qtbot: QtBot, tmp_path: Path
) -> None:
    times = (np.arange(1_500_000) * 60 + 1_600_000_000).astype("datetime64[s]").astype(str)
    file = tmp_path / "counts.csv"
    file.write_text("timestamp,counts\n" + "\n".join(f"{at}Z,{at[-2:]}" for at in times) + "\n", "utf-8")
    patient = window.services.patient("D-0001")
    before = len(window.services.imports(patient.id))
    page = window._page("import")
    assert isinstance(page, ImportPage)
    page.start(ImportChoice((file,), patient.id, None, None))
    (job,) = board().jobs
    qtbot.waitUntil(lambda: job.progress is not None and job.progress.done > 0, timeout=30_000)
    # Held while the vault locks, so that no machine is too fast for it.
    (process,) = multiprocessing.active_children()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGSTOP)
    try:
        window.lock()
        qtbot.waitUntil(lambda: not window._locking and not window.services.unlocked, timeout=5000)
        assert not job.is_over
    finally:
        os.kill(process.pid, signal.SIGCONT)
    qtbot.waitUntil(lambda: job.is_over, timeout=60_000)
    assert job.state is JobState.FINISHED
    _unlock(window, rest)
    assert len(window.services.imports(patient.id)) == before + 1
    assert "1 job ended" in window.workspace.toast.accessibleName()
    assert not window.services.vault.is_read_only


@pytest.mark.slow
def test_v22_everything_stops_where_that_is_chosen(window: Window, rest: Callable[[], None], qtbot: QtBot) -> None:
    window.services.change_setting("lock.jobs", "stop")

    def work(_progress: object, cancel: CancelToken) -> None:
        while True:
            cancel.check()
            time.sleep(0.01)

    first = start_job("Importing one", work, outlives_lock=True)
    second = start_job("Importing two", work, outlives_lock=True)
    qtbot.waitUntil(lambda: first.state is JobState.RUNNING)
    window.lock()
    rest()
    assert (first.state, second.state) == (JobState.CANCELLED, JobState.CANCELLED)
    assert job_words(first).startswith("Stopped when the vault locked.")


@pytest.mark.slow
def test_v23_unlocking_returns_to_page_person_place_and_scroll(
    window: Window, rest: Callable[[], None], qtbot: QtBot, qapp: QApplication
) -> None:
    window.resize(1100, 640)
    _open(window, "D-0002", "sleep", rest)
    _open(window, "D-0001", "overview", rest)
    page = window.workspace.current()
    assert page is not None
    area = max(page.findChildren(QScrollArea), key=lambda one: one.verticalScrollBar().maximum())
    assert area.verticalScrollBar().maximum() > 40
    area.verticalScrollBar().setValue(40)
    place = page.place()
    window.lock()
    rest()
    assert window.is_locked
    _unlock(window, rest)
    page = window.workspace.current()
    assert page is not None
    assert page.id == "overview"
    assert window.patient is not None
    assert window.patient.code == "D-0001"
    assert page.place() == place
    again = max(page.findChildren(QScrollArea), key=lambda one: one.verticalScrollBar().maximum())
    assert again.verticalScrollBar().value() == 40
    window.go_back()
    rest()
    assert window.patient.code == "D-0002"


@pytest.mark.slow
def test_v43_switching_users_shows_the_second_ones_own_things_only(
    window: Window, rest: Callable[[], None], qtbot: QtBot
) -> None:
    services = window.services
    services.vault.people.add("Second", OTHER, {Role.CLINICIAN}, kdf=CHEAP)
    _open(window, "D-0001", "sleep", rest)
    window.run_id("vault.check")
    rest()
    mine = list(board().jobs)
    assert mine
    kept = start_job("Importing mine", lambda _p, _c: None, outlives_lock=True)
    assert window.run_id("vault.switch")
    assert window.is_locked
    qtbot.waitUntil(lambda: not window._locking, timeout=5000)
    services._adopt(Vault.open(services.vault_directory, OTHER, person="Second", kdf_floor=CHEAP))
    window.unlock_page.unlocked.emit(False)
    rest()
    page = window.workspace.current()
    assert page is not None
    assert page.id == "patients"
    assert window.patient is None
    assert not window.history.can_go_back
    assert window.lately == []
    assert board().jobs == []
    assert not window.workspace.toast.isVisible()
    _open(window, "D-0002", "overview", rest)
    window.run_id("vault.switch")
    _unlock(window, rest, "Owner")
    assert window.patient is not None
    assert window.patient.code == "D-0001"
    assert kept in board().jobs


def test_v70_the_read_only_banner_cannot_be_hidden(window: Window) -> None:
    assert window.workspace.notices.codes == ()
    occupied = Notice("vault.occupied", "The vault is open for writing by Ada on desk-4.", "Close it there.")
    window.workspace.notices.show_notices([occupied])
    strip = window.workspace.notices
    assert strip.isVisible()
    assert strip.codes == ("vault.occupied",)
    assert not [button for button in strip.findChildren(QWidget) if button.accessibleName().startswith("Hide")]
    assert any("Read-only" in label.text() for label in strip.findChildren(QLabel))


@pytest.mark.slow
def test_v70_the_vault_of_another_process_opens_with_the_banner(
    services: Services, open_window: Callable[[Services], Window], rest: Callable[[], None], tmp_path: Path
) -> None:
    services.lock()
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from clarity_desktop.vault import KdfParameters, Vault\n"
        "with Vault.open(Path(sys.argv[1]), sys.stdin.readline().strip(), kdf_floor=KdfParameters.for_tests()):\n"
        "    sys.stdout.write('open\\n'); sys.stdout.flush(); sys.stdin.readline()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(services.vault_directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(PASSPHRASE + "\n")
        child.stdin.flush()
        assert child.stdout.readline() == "open\n"
        other = open_services(services.home)
        other._adopt(Vault.open(other.vault_directory, PASSPHRASE, kdf_floor=CHEAP))
        window = open_window(other)
        rest()
        assert window.workspace.notices.codes == ("vault.occupied",)
        assert "so here it can be read and not changed" in " ".join(_texts(window))
        window.lock()
        rest()
        other.close()
    finally:
        child.communicate("\n", timeout=30)
