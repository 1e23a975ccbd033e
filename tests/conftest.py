"""Rules every test lives by: no unexpected warning in the log, no thread left behind, an own home folder."""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import pytest

from tests.memory_keychain import MemoryKeychain

REPOSITORY = Path(__file__).resolve().parent.parent
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


class _Warnings(logging.Handler):
    """Keeps log records of our own code from WARNING up."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []
        self.expected: list[re.Pattern[str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(autouse=True)
def _log_watch() -> Iterator[_Warnings]:
    watch = _Warnings()
    logger = logging.getLogger("clarity_desktop")
    logger.addHandler(watch)
    yield watch
    logger.removeHandler(watch)
    texts = [record.getMessage() for record in watch.records]
    surprising = [text for text in texts if not any(pattern.search(text) for pattern in watch.expected)]
    assert not surprising, f"unexpected log records: {surprising}"
    absent = [pattern.pattern for pattern in watch.expected if not any(pattern.search(text) for text in texts)]
    assert not absent, f"expected log records that never came: {absent}"


@pytest.fixture
def expect_log(_log_watch: _Warnings) -> Callable[[str], None]:
    """Announce a pattern that a log record from WARNING up must match during this test."""
    return lambda pattern: _log_watch.expected.append(re.compile(pattern))


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 3.0
    while True:
        left = [thread for thread in threading.enumerate() if thread not in before and not thread.daemon]
        if not left or time.monotonic() > deadline:
            break
        time.sleep(0.02)
    assert not left, f"threads left running: {[thread.name for thread in left]}"


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may reach the settings, logs or vault of the person who runs it."""
    monkeypatch.setenv("CLARITY_DESKTOP_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def keychain() -> Iterator[MemoryKeychain]:
    """A working keychain for the length of a test."""
    before = keyring.get_keyring()
    memory = MemoryKeychain()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


@pytest.fixture(scope="session")
def others_data_dir() -> Path:
    """Recordings of others, read in place (marker ``others_data``); skipped without them, an error in CI."""
    folder = REPOSITORY.parent / "shared" / "data" / "circadian" / "raw"
    if not folder.is_dir():
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail("the recordings in ../shared/data/circadian/raw are missing")
        pytest.skip("the recordings in ../shared/data/circadian/raw are not on this machine")
    return folder
