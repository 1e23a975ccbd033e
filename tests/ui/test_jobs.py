"""Work leaves the window's thread and comes back to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from pytestqt.qtbot import QtBot

from clarity_desktop.domain.errors import CancelledError, ClarityError, InputError
from clarity_desktop.domain.work import CancelToken, Progress, ProgressListener
from clarity_desktop.ui.jobs import JobState, board, run_mutation, run_query, shut_down, start_job
from clarity_desktop.ui.qt import QObject


@pytest.fixture(autouse=True)
def _threads_end() -> Iterator[None]:
    yield
    shut_down()


def test_answers_arrive_on_the_windows_thread(qtbot: QtBot) -> None:
    owner, seen = QObject(), []

    def work() -> str:
        seen.append(threading.current_thread().name)
        return "answer"

    run_query(owner, work, lambda answer: seen.extend((answer, threading.current_thread().name)))
    qtbot.waitUntil(lambda: len(seen) == 3)
    assert seen[0].startswith("clarity-query")
    assert seen[1:] == ["answer", threading.main_thread().name]


def test_errors_reach_the_caller_as_they_are(qtbot: QtBot) -> None:
    owner: QObject = QObject()
    got: list[ClarityError] = []

    def refuse() -> None:
        raise InputError("x.y", "It was refused.")

    run_query(owner, refuse, lambda _: None, got.append)
    qtbot.waitUntil(lambda: bool(got))
    assert got[0].code == "x.y"


def test_a_fault_of_the_program_is_told_without_its_text(qtbot: QtBot, expect_log: Callable[[str], None]) -> None:
    owner: QObject = QObject()
    got: list[ClarityError] = []
    expect_log("ValueError at test_jobs.py")

    def fail() -> None:
        raise ValueError("secret value 42")

    board().failed.connect(got.append)
    run_query(owner, fail, lambda _: None)
    qtbot.waitUntil(lambda: bool(got))
    assert got[0].code == "program.fault"
    assert "secret" not in got[0].detail + got[0].message


def test_an_answer_for_nobody_is_dropped(qtbot: QtBot) -> None:
    owner: QObject | None = QObject()
    seen: list[int] = []
    release = threading.Event()

    def slow() -> int:
        release.wait(2)
        return 1

    run_query(owner, slow, seen.append)
    cancelled = run_query(QObject(), slow, seen.append)
    cancelled.cancel()
    assert owner is not None
    owner.deleteLater()
    owner = None
    qtbot.wait(20)
    release.set()
    qtbot.waitUntil(lambda: not board().is_busy)
    assert seen == []


def test_mutations_run_one_after_the_other_in_order(qtbot: QtBot) -> None:
    owner, order, inside = QObject(), [], []

    def change(number: int) -> int:
        inside.append(number)
        assert len(inside) == 1
        time.sleep(0.002)
        inside.remove(number)
        return number

    for number in range(12):
        run_mutation(owner, lambda number=number: change(number), order.append)
    qtbot.waitUntil(lambda: len(order) == 12)
    assert order == list(range(12))


def test_a_job_tells_progress_and_its_result(qtbot: QtBot) -> None:
    shares: list[float | None] = []

    def work(progress: ProgressListener, _cancel: CancelToken) -> str:
        for step in range(5):
            progress(Progress("Reading", step, 4))
            time.sleep(0.06)
        return "done"

    job = start_job("A job", work)
    job.progressed.connect(lambda: shares.append(job.progress.share if job.progress else None))
    with qtbot.waitSignal(job.ended):
        pass
    assert (job.state, job.result) == (JobState.FINISHED, "done")
    assert shares[-1] == 1.0
    assert job.seconds >= 0.25


def test_a_cancelled_job_stops_and_says_so(qtbot: QtBot) -> None:
    started = threading.Event()

    def work(_progress: ProgressListener, cancel: CancelToken) -> None:
        started.set()
        while True:
            cancel.check()
            time.sleep(0.001)

    job = start_job("A job", work)
    waiting = start_job("The next", lambda progress, cancel: None)
    assert started.wait(2)
    waiting.cancel()
    job.cancel()
    qtbot.waitUntil(lambda: job.is_over and waiting.is_over)
    assert job.state is JobState.CANCELLED
    assert waiting.state is JobState.CANCELLED
    assert isinstance(job.error, CancelledError)


def test_every_thread_is_named_and_joined(qtbot: QtBot) -> None:
    owner = QObject()
    before = set(threading.enumerate())
    done: list[int] = []
    for _ in range(4):
        run_query(owner, lambda: time.sleep(0.01) or 1, done.append)
    run_mutation(owner, lambda: 1, done.append)
    start_job("A job", lambda progress, cancel: None)
    qtbot.waitUntil(lambda: len(done) == 5 and not board().is_busy)
    own = [thread.name for thread in threading.enumerate() if thread not in before]
    assert own
    assert all(name.startswith("clarity-") for name in own)
    shut_down()
    assert set(threading.enumerate()) <= before
