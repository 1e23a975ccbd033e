"""The clipboard after a copy, after a minute, at the lock, and when somebody else has used it (V-38)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pytestqt.qtbot import QtBot

from clarity_desktop.ui.qt import QApplication, QGuiApplication, QLineEdit, QMimeData
from clarity_desktop.ui.shell.clipboard import KEPT_S, ClipboardGuard, marked
from clarity_desktop.ui.shell.screen_capture import ScreenCapture, exclusion_of
from clarity_desktop.ui.shell.window import Window


class Owner:
    """Whether this program filled the clipboard last; a platform without a desktop does not know."""

    ours = True

    def __call__(self) -> bool:
        return self.ours


@pytest.fixture
def owner() -> Owner:
    return Owner()


@pytest.fixture
def guard(qapp: QApplication, owner: Owner) -> Iterator[ClipboardGuard]:
    QGuiApplication.clipboard().clear()
    made = ClipboardGuard(is_ours=owner)
    made.start()
    yield made
    made.stop()
    made.deleteLater()


def _copied(qtbot: QtBot, text: str) -> None:
    line = QLineEdit(text)
    qtbot.addWidget(line)
    line.selectAll()
    line.copy()


def test_v38_a_copy_by_any_widget_goes_after_a_minute(guard: ClipboardGuard, qtbot: QtBot) -> None:
    _copied(qtbot, "TST 412 min")
    clipboard = QGuiApplication.clipboard()
    assert clipboard.text() == "TST 412 min"
    assert guard.holds_ours()
    assert KEPT_S - 2 < guard.left_s <= KEPT_S
    guard._timer.timeout.emit()
    assert clipboard.text() == ""
    assert not guard.holds_ours()


@pytest.mark.slow
def test_v38_a_copy_goes_at_the_lock(window: Window, qtbot: QtBot, rest: Callable[[], None]) -> None:
    window.clipboard._is_ours = lambda: True
    QGuiApplication.clipboard().setText("SRI 71")
    assert window.clipboard.holds_ours()
    window.lock()
    assert QGuiApplication.clipboard().text() == ""
    rest()
    QGuiApplication.clipboard().setText("typed while the vault is locked")
    assert window.clipboard.left_s == 0


def test_v38_what_somebody_else_put_there_stays(guard: ClipboardGuard, owner: Owner, qtbot: QtBot) -> None:
    _copied(qtbot, "TST 412 min")
    owner.ours = False
    QGuiApplication.clipboard().setText("from another program")
    assert guard.left_s == 0
    guard.clear()
    assert QGuiApplication.clipboard().text() == "from another program"
    guard.stop()
    assert QGuiApplication.clipboard().text() == "from another program"


def test_v38_a_second_copy_starts_the_minute_anew(guard: ClipboardGuard, qtbot: QtBot) -> None:
    _copied(qtbot, "one")
    qtbot.wait(60)
    before = guard.left_s
    _copied(qtbot, "two")
    assert guard.left_s > before
    assert guard.holds_ours()
    assert QGuiApplication.clipboard().text() == "two"


@pytest.mark.parametrize(
    ("platform", "flags"),
    [
        ("linux", {"x-kde-passwordManagerHint"}),
        (
            "win32",
            {
                'application/x-qt-windows-mime;value="ExcludeClipboardContentFromMonitorProcessing"',
                'application/x-qt-windows-mime;value="CanIncludeInClipboardHistory"',
                'application/x-qt-windows-mime;value="CanUploadToCloudClipboard"',
            },
        ),
        ("darwin", {"application/x-nspasteboard-concealed-type"}),
    ],
)
def test_v38_programs_of_history_are_asked_to_leave_it_out(platform: str, flags: set[str]) -> None:
    data = QMimeData()
    data.setText("SRI 71")
    data.setHtml("<b>SRI 71</b>")
    copy = marked(data, b"mark", platform)
    assert (copy.text(), copy.html()) == ("SRI 71", "<b>SRI 71</b>")
    assert flags <= set(copy.formats())
    assert bytes(copy.data("x-kde-passwordManagerHint").data()) == b"secret"


def test_v39_the_window_is_excluded_lifted_with_a_reason_and_excluded_again(
    window: Window, rest: Callable[[], None]
) -> None:
    asked: list[bool] = []
    window.capture = ScreenCapture(window, lambda handle, excluded: bool(handle) and not asked.append(excluded))
    window.capture.want(True)
    assert window.capture.is_excluded
    assert "capture" in window.state()
    window.lift_capture("slides for the ward round")
    rest()
    assert not window.capture.is_excluded
    assert window.capture.is_lifted
    entry = window.services.audit_entries(limit=1)[0]
    assert (entry.action, entry.detail) == ("capture.lifted", "slides for the ward round")
    window.capture._back.timeout.emit()
    assert window.capture.is_excluded
    assert asked == [True, False, True]


def test_v39_where_a_platform_has_no_way_the_setting_says_so(window: Window) -> None:
    from clarity_desktop.app.settings_registry import SETTINGS

    assert exclusion_of("linux") is None
    assert exclusion_of("win32") is not None
    assert exclusion_of("darwin") is not None
    plain = ScreenCapture(window, None)
    plain.want(True)
    assert not plain.is_available
    assert not plain.is_excluded
    if exclusion_of() is None:
        assert "no way" in SETTINGS["screen.capture_excluded"].unavailable
        assert not window.run_id("vault.capture")
