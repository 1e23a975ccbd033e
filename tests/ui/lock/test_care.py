"""The notice about backups with a clock of the test, and the backup that the window makes by itself (V-51, V-58)."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from pytestqt.qtbot import QtBot

from clarity_desktop.ui.components.buttons import Button
from clarity_desktop.ui.jobs import JobState, board
from clarity_desktop.ui.shell.notices import HIDDEN_S, NoticeStrip
from clarity_desktop.ui.shell.window import Window

DAY_S = 86_400


def _button(strip: NoticeStrip, text: str) -> Button:
    return next(one for one in strip.findChildren(Button) if one.text() == text and one.isVisible())


def test_v58_the_notice_comes_after_a_week_returns_and_goes_with_a_backup(
    window: Window, rest: Callable[[], None], monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    strip = window.workspace.notices
    assert strip.codes == ()
    monkeypatch.setattr(window.services.vault.backups, "_clock", lambda: time.time() + 8 * DAY_S)
    window.care.look()
    rest()
    assert strip.codes == ("backup.overdue",)
    assert strip.isVisible()
    now = 0.0
    strip._now = lambda: now
    _button(strip, "Hide for an hour").click()
    assert strip.codes == ()
    window.care.look()
    rest()
    assert strip.codes == ()
    now = HIDDEN_S + 1
    window.care.look()
    rest()
    assert strip.codes == ("backup.overdue",)
    _button(strip, "Back up now").click()
    qtbot.waitUntil(lambda: bool(board().jobs) and all(job.is_over for job in board().jobs), timeout=30_000)
    rest()
    assert board().jobs[0].state is JobState.FINISHED
    assert strip.codes == ()


def test_v51_the_window_makes_the_daily_backup_by_itself(
    window: Window, rest: Callable[[], None], qtbot: QtBot
) -> None:
    assert window.services.backups() == []
    window.care.back_up_if_due()
    qtbot.waitUntil(lambda: bool(board().jobs) and all(job.is_over for job in board().jobs), timeout=30_000)
    (job,) = board().jobs
    assert job.quiet
    assert job.state is JobState.FINISHED
    assert len(window.services.backups()) == 1
    window.care.back_up_if_due()
    rest()
    assert len(window.services.backups()) == 1


def test_v51_no_backup_comes_where_that_was_switched_off(window: Window, rest: Callable[[], None]) -> None:
    window.services.settings.set("backup.automatic", False)
    window.care.back_up_if_due()
    rest()
    assert board().jobs == []
