"""Lock, sleep, user switch and lid: a private bus with a small logind, and the messages of Windows as bytes."""

from __future__ import annotations

import os
import select
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from clarity_desktop.ui.qt import QDBusConnection
from clarity_desktop.ui.shell.session_bus import SessionBus
from clarity_desktop.ui.shell.session_windows import WOKE, lid_is_closed, reason_of
from clarity_desktop.ui.shell.window import Window
from tests.ui.lock.fake_logind import FakeSession, PrivateBus


@pytest.fixture
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateBus]:
    started = PrivateBus.start(tmp_path_factory.mktemp("bus"))
    if started is None:
        if os.environ.get("CI"):
            pytest.fail("dbus-daemon is not installed")
        pytest.skip("dbus-daemon is not installed")
    yield started
    started.stop()


@pytest.fixture
def fake(bus: PrivateBus) -> Iterator[FakeSession]:
    session = FakeSession(bus.address)
    yield session
    session.close()


@pytest.fixture
def listening(bus: PrivateBus, fake: FakeSession, window: Window, qtbot: QtBot) -> Iterator[Window]:
    """The window with its ears on the private bus."""
    name = uuid.uuid4().hex
    connection = QDBusConnection.connectToBus(bus.address, name)
    assert connection.isConnected()
    ears = SessionBus(connection, connection)
    window.session.listen_to(ears)
    window.session.delay_sleep()
    qtbot.waitUntil(lambda: ears.holds_delay and len(ears.heard) == 7, timeout=5000)
    yield window
    QDBusConnection.disconnectFromBus(name)


EVENTS: dict[str, tuple[Callable[[FakeSession], None], str]] = {
    "screen lock": (lambda fake: fake.lock(), "The screen was locked."),
    "screen saver": (lambda fake: fake.saver(True), "The screen was locked."),
    "locked hint": (lambda fake: fake.session_property("LockedHint", True), "The screen was locked."),
    "user switch": (lambda fake: fake.session_property("Active", False), "Another user came to the screen."),
    "sleep": (lambda fake: fake.sleep(True), "The computer went to sleep."),
    "lid": (lambda fake: fake.lid(True), "The lid was closed."),
}


@pytest.mark.slow
@pytest.mark.parametrize("event", list(EVENTS))
def test_v18_the_window_locks_at_once(
    listening: Window, fake: FakeSession, qtbot: QtBot, rest: Callable[[], None], event: str
) -> None:
    emit, words = EVENTS[event]
    emit(fake)
    qtbot.waitUntil(lambda: listening.is_locked, timeout=5000)
    rest()
    assert not listening.services.unlocked
    assert listening.unlock_page.words.text().startswith(words)


@pytest.mark.slow
def test_v18_sleep_waits_until_the_keys_are_gone(
    listening: Window, fake: FakeSession, qtbot: QtBot, rest: Callable[[], None]
) -> None:
    (ours,) = fake.inhibitors
    assert not select.select([ours], [], [], 0)[0]
    fake.sleep(True)
    qtbot.waitUntil(lambda: listening.is_locked, timeout=5000)
    rest()
    assert select.select([ours], [], [], 5)[0]
    assert os.read(ours, 1) == b""
    assert not listening.services.unlocked


def test_v18_what_means_nothing_does_not_lock(listening: Window, fake: FakeSession, qtbot: QtBot) -> None:
    fake.sleep(False)
    fake.saver(False)
    fake.lid(False)
    fake.session_property("Active", True)
    fake.session_property("IdleHint", True)
    qtbot.wait(300)
    assert not listening.is_locked


def test_v18_without_a_bus_nothing_is_heard_and_nothing_breaks(qtbot: QtBot, tmp_path: Path) -> None:
    dead = QDBusConnection.connectToBus(f"unix:path={tmp_path}/none", uuid.uuid4().hex)
    ears = SessionBus(dead, dead)
    ears.delay_sleep()
    ears.let_sleep()
    assert ears.heard == []
    assert not ears.holds_delay


def test_v18_the_messages_of_windows_are_understood() -> None:
    assert reason_of(0x02B1, 0x7) == "The screen was locked."
    assert reason_of(0x02B1, 0x2) == "Another user came to the screen."
    assert reason_of(0x02B1, 0x8) == ""
    assert reason_of(0x0218, 0x4) == "The computer went to sleep."
    assert reason_of(0x0218, 0x12) == WOKE
    assert reason_of(0x0218, 0x8013, lid_closed=True) == "The lid was closed."
    assert reason_of(0x0218, 0x8013) == ""
    assert reason_of(0x0100, 0x7) == ""
    lid = uuid.UUID("BA3E0F4D-B817-4094-A2D1-D56379E6A0F3").bytes_le
    assert lid_is_closed(lid + (4).to_bytes(4, "little") + (0).to_bytes(4, "little"))
    assert not lid_is_closed(lid + (4).to_bytes(4, "little") + (1).to_bytes(4, "little"))
    assert not lid_is_closed(bytes(16) + (4).to_bytes(4, "little") + bytes(4))
