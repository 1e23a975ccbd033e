"""The idle clock with a clock of the test, and the warning in the real window."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from clarity_desktop.app import Services
from clarity_desktop.domain.errors import ClarityError
from clarity_desktop.ui.jobs import board, start_job
from clarity_desktop.ui.qt import QPoint, Qt
from clarity_desktop.ui.shell.idle import IdleClock, IdleGuard, IdleState, seconds_awake
from clarity_desktop.ui.shell.window import Window


class Hands:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def hands() -> Hands:
    return Hands()


def test_v17_the_clock_locks_after_its_minutes_and_warns_before(hands: Hands) -> None:
    clock = IdleClock(hands)
    clock.set_limit_min(10)
    assert clock.state is IdleState.IN_USE
    hands.at += 569
    assert clock.state is IdleState.IN_USE
    assert clock.next_look_s == pytest.approx(1.0)
    hands.at += 2
    assert clock.state is IdleState.WARNING
    assert clock.left_s == pytest.approx(29)
    hands.at += 29
    assert clock.state is IdleState.OVER
    clock.touch()
    assert clock.state is IdleState.IN_USE
    clock.set_limit_min(1)
    hands.at += 31
    assert clock.state is IdleState.WARNING


def test_v17_a_presentation_counts_as_use_for_an_hour_at_most(hands: Hands) -> None:
    clock = IdleClock(hands)
    clock.set_limit_min(5)
    clock.hold()
    hands.at += 59 * 60
    assert clock.state is IdleState.IN_USE
    hands.at += 60 + 299
    assert clock.state is IdleState.WARNING
    hands.at += 2
    assert clock.state is IdleState.OVER
    clock.hold()
    hands.at += 600
    clock.end_hold()
    assert clock.held_s == 0
    assert clock.left_s == pytest.approx(300)


def test_v17_the_clock_of_the_machine_goes_on_and_never_back() -> None:
    first = seconds_awake()
    assert seconds_awake() >= first


def _fast(window: Window, hands: Hands) -> IdleGuard:
    guard = window.idle
    guard.clock = IdleClock(hands)
    guard.clock.set_limit_min(10)
    return guard


@pytest.mark.slow
def test_v17_the_window_warns_and_then_locks(window: Window, hands: Hands, rest: Callable[[], None]) -> None:
    guard = _fast(window, hands)
    hands.at += 575
    guard.check()
    assert window.idle_warning.isVisible()
    assert window.idle_warning.text().startswith("The vault locks in 25 seconds.")
    assert not window.is_locked
    hands.at += 26
    guard.check()
    assert window.is_locked
    assert not window.idle_warning.isVisible()
    rest()
    assert not window.services.unlocked
    assert window.unlock_page.words.text().startswith("Nobody used the window for a while.")


@pytest.mark.parametrize("how", ["key", "mouse", "button"])
def test_v17_mouse_and_keys_are_use(window: Window, hands: Hands, qtbot: QtBot, how: str) -> None:
    qtbot.waitUntil(window.isActiveWindow)
    guard = _fast(window, hands)
    hands.at += 575
    guard.check()
    handle = window.windowHandle()
    if how == "key":
        QTest.keyClick(handle, Qt.Key.Key_Shift)
    elif how == "mouse":
        QTest.mouseMove(handle, QPoint(300, 300))
        QTest.mouseMove(handle, QPoint(310, 300))
    else:
        window.idle_warning.stay.emit()
    qtbot.waitUntil(lambda: not window.idle_warning.isVisible(), timeout=3000)
    assert guard.clock.left_s == pytest.approx(600)
    hands.at += 590
    assert not window.is_locked


@pytest.mark.slow
def test_v17_a_running_job_is_not_use(window: Window, hands: Hands, qtbot: QtBot, rest: Callable[[], None]) -> None:
    guard = _fast(window, hands)

    def long(progress: object, cancel: object) -> None:
        while True:
            cancel.check()  # type: ignore[attr-defined]

    job = start_job("A long job", long)
    qtbot.waitUntil(lambda: job.state.value == "running")
    hands.at += 601
    guard.check()
    assert window.is_locked
    rest()
    assert job.is_over
    assert board().is_held


def test_v17_the_command_holds_and_ends_and_the_header_says_so(window: Window, hands: Hands) -> None:
    guard = _fast(window, hands)
    assert window.run_id("vault.hold")
    assert window.workspace.header._hold.isVisible()
    hands.at += 3000
    guard.check()
    assert not window.is_locked
    assert not window.idle_warning.isVisible()
    assert window.run_id("vault.hold")
    assert not window.workspace.header._hold.isVisible()
    hands.at += 601
    guard.check()
    assert window.is_locked


def test_v17_the_setting_reaches_the_open_window_and_the_admins_limit_holds(
    window: Window, services: Services, rest: Callable[[], None]
) -> None:
    assert window.idle.clock.left_s == pytest.approx(600, abs=120)
    services.change_setting("lock.after_min", 60)
    rest()
    assert window.idle.clock.left_s == pytest.approx(3600, abs=120)
    services.change_setting("lock.after_min_most", 5)
    rest()
    assert window.idle.clock.left_s == pytest.approx(300, abs=120)
    with pytest.raises(ClarityError):
        services.change_setting("lock.after_min", 61)
    with pytest.raises(ClarityError):
        services.change_setting("lock.after_min", 0)
