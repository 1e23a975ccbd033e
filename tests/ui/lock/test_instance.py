"""A second start finds the first window by its socket, and nobody without the token is heard (V-70)."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from clarity_desktop.ui.qt import QLocalSocket
from clarity_desktop.ui.shell.single_instance import SingleInstance, call_first
from clarity_desktop.ui.shell.window import Window

_SECOND = (
    "import sys\n"
    "from pathlib import Path\n"
    "from clarity_desktop.ui.shell.single_instance import call_first\n"
    "sys.exit(0 if call_first(Path(sys.argv[1]), 'D-0002', 'sleep') else 3)\n"
)


@pytest.fixture
def first(tmp_path: Path, qtbot: QtBot) -> Iterator[SingleInstance]:
    instance = SingleInstance(tmp_path)
    assert instance.listen()
    yield instance
    instance.close()


def _start_again(home: Path, qtbot: QtBot) -> int:
    child = subprocess.Popen([sys.executable, "-c", _SECOND, str(home)])
    qtbot.waitUntil(lambda: child.poll() is not None, timeout=20_000)
    return child.returncode


def test_v70_a_second_start_raises_the_first(first: SingleInstance, tmp_path: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(first.called, timeout=20_000) as caught:
        assert _start_again(tmp_path, qtbot) == 0
    assert caught.args == ["D-0002", "sleep"]


@pytest.mark.slow
def test_v70_the_first_window_comes_to_the_front_and_goes_there(
    window: Window, qtbot: QtBot, rest: Callable[[], None]
) -> None:
    window.showMinimized()
    window.come_to_front("D-0002", "sleep")
    qtbot.waitUntil(lambda: window.patient is not None and window.patient.code == "D-0002", timeout=20_000)
    assert not window.isMinimized()
    window.lock()
    window.come_to_front("D-0001", None)
    rest()
    assert window.is_locked
    assert not window.services.unlocked
    assert window.patient is None


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_v70_only_the_own_account_reaches_the_socket_and_the_token(first: SingleInstance, tmp_path: Path) -> None:
    kept = tmp_path / "state" / "window.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    socket = Path(json.loads(kept.read_text("utf-8"))["socket"])
    assert stat.S_IMODE(socket.stat().st_mode) & 0o077 == 0
    first.close()
    assert not kept.exists()
    assert not socket.exists()


@pytest.mark.parametrize(
    "line", [b'{"token": "guessed"}\n', b"no json\n", b'["list"]\n', b"x" * 5000, '{"token":"é"}\n'.encode()]
)
def test_v70_without_the_token_nobody_is_answered(
    first: SingleInstance, tmp_path: Path, qtbot: QtBot, line: bytes
) -> None:
    heard: list[object] = []
    first.called.connect(lambda *args: heard.append(args))
    socket = QLocalSocket()
    socket.connectToServer(json.loads((tmp_path / "state" / "window.json").read_text("utf-8"))["socket"])
    assert socket.waitForConnected(2000)
    socket.write(line)
    qtbot.waitUntil(lambda: socket.state() == QLocalSocket.LocalSocketState.UnconnectedState, timeout=5000)
    assert heard == []


def test_v70_what_a_killed_window_left_is_no_obstacle(tmp_path: Path, qtbot: QtBot) -> None:
    state = tmp_path / "state"
    state.mkdir()
    assert not call_first(tmp_path)
    for left in ("", "[]", "{}", json.dumps({"socket": str(state / "window.sock"), "token": "old"})):
        (state / "window.json").write_text(left, "utf-8")
        assert not call_first(tmp_path)
    (state / "window.sock").write_bytes(b"")
    again = SingleInstance(tmp_path)
    assert again.listen()
    assert _start_again(tmp_path, qtbot) == 0
    again.close()


def test_v70_a_home_with_a_long_path_is_no_obstacle(tmp_path: Path, qtbot: QtBot) -> None:
    deep = tmp_path / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    instance = SingleInstance(deep)
    assert instance.listen()
    assert _start_again(deep, qtbot) == 0
    instance.close()
