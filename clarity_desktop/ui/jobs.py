"""The only way off the window's thread: queries, mutations and long jobs, with results back on the window's thread.

Three executors exist and no other thread is made: a small pool for queries, one serial thread for mutations, and one
serial thread for long jobs such as imports. All are named and joined by :func:`shut_down`.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, TypeVar

from clarity_desktop.domain.errors import CancelledError, ClarityError, LockedError
from clarity_desktop.domain.work import CancelToken, Progress, ProgressListener
from clarity_desktop.ui.qt import QCoreApplication, QObject, Qt, QTimer, Signal, isValid

__all__ = ["Job", "JobState", "Operation", "board", "run_mutation", "run_query", "shut_down", "start_job"]

_T = TypeVar("_T")
_log = logging.getLogger(__name__)
_POOL = 2
_PROGRESS_EVERY_S = 0.05
_LOOK_EVERY_S = 0.1


class JobState(StrEnum):
    """Where a long job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    STOPPED = "stopped"
    """It ended with an error."""


class Operation(Generic[_T]):
    """A query or mutation under way. Its answer is dropped when it is cancelled or its owner is gone."""

    def __init__(
        self,
        owner: QObject,
        on_success: Callable[[_T], None] | None,
        on_failure: Callable[[ClarityError], None] | None,
    ) -> None:
        self._owner = owner
        self._on_success = on_success
        self._on_failure = on_failure
        self._dropped = False

    def cancel(self) -> None:
        """Drop the answer. The function itself runs to its end unless it watches a token of its own."""
        self._dropped = True

    def _deliver(self, future: Future[_T]) -> None:
        if self._dropped or future.cancelled() or not isValid(self._owner):
            return
        error = future.exception()
        if error is None:
            if self._on_success is not None:
                self._on_success(future.result())
        elif self._on_failure is not None:
            self._on_failure(presentable(error))
        elif not isinstance(error, CancelledError):
            board().failed.emit(presentable(error))


class Job(QObject):
    """A long job with a title, progress, cancel and an end; the status bar and the import page show it."""

    progressed = Signal()
    ended = Signal()

    def __init__(
        self, title: str, parent: QObject, *, owner: str = "", outlives_lock: bool = False, quiet: bool = False
    ) -> None:
        super().__init__(parent)
        self.title = title
        self.owner = owner
        """Id of the user who started it; others do not see it."""
        self.outlives_lock = outlives_lock
        """Whether it works in a process of its own, which can end its item while the vault is locked."""
        self.quiet = quiet
        """Whether the program started it by itself, so that nobody is asked about it."""
        self.state = JobState.WAITING
        self.progress: Progress | None = None
        self.result: Any = None
        self.error: ClarityError | None = None
        self.began = time.monotonic()
        self.seconds = 0.0
        self.token = CancelToken()
        self.stopped_by_lock = False

    def stop_for_lock(self) -> None:
        """Ask the job to stop because the vault locks."""
        self.stopped_by_lock = True
        self.cancel()

    @property
    def is_over(self) -> bool:
        """Whether the job has ended, one way or another."""
        return self.state not in (JobState.WAITING, JobState.RUNNING)

    def cancel(self) -> None:
        """Ask the job to stop at its next check."""
        self.token.cancel()
        self.progressed.emit()


class _Board(QObject):
    """Where jobs are known, and where answers cross from worker threads to the window's thread."""

    changed = Signal()
    """A job was added, moved on or ended."""
    failed = Signal(object)
    """A ClarityError nobody else handles."""
    _crossing = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[Job] = []
        self._queries = ThreadPoolExecutor(_POOL, thread_name_prefix="clarity-query")
        self._mutations = ThreadPoolExecutor(1, thread_name_prefix="clarity-mutation")
        self._long = ThreadPoolExecutor(1, thread_name_prefix="clarity-job")
        self._crossing.connect(self._arrive, Qt.ConnectionType.QueuedConnection)
        self._open = True
        self.under_way = 0
        self.owner = ""
        """Id of the user whose jobs are shown."""
        self._of_others: list[Job] = []
        self._gate = threading.Event()
        self._gate.set()

    @property
    def is_busy(self) -> bool:
        """Whether any query, mutation or job has not answered yet."""
        return self.under_way > 0

    def submit(self, executor: ThreadPoolExecutor, function: Callable[[], _T], operation: Operation[_T]) -> None:
        self.under_way += 1
        future = executor.submit(function)

        def cross(done: Future[_T]) -> None:
            if self._open:
                self._crossing.emit(lambda: operation._deliver(done))

        future.add_done_callback(cross)

    def post(self, call: Callable[[], None]) -> None:
        """Run ``call`` on the window's thread; may be used from any thread."""
        if self._open:
            self._crossing.emit(("note", call))

    def _arrive(self, call: Any) -> None:
        if isinstance(call, tuple):
            call[1]()
            return
        self.under_way -= 1
        call()

    def forget_ended(self) -> None:
        """Drop jobs that have ended, with their titles and results."""
        self.jobs = [job for job in self.jobs if not job.is_over]
        self.changed.emit()

    @property
    def is_held(self) -> bool:
        """Whether jobs that wait stay waiting, because the vault is locked."""
        return not self._gate.is_set()

    def hold(self) -> None:
        """Start no further job: the vault locks. What runs is not touched."""
        self._gate.clear()

    def enter(self, owner: str) -> None:
        """Go on for a user: their own jobs are shown again, and what others left waiting is dropped."""
        known = [*self.jobs, *self._of_others]
        self.owner = owner
        self.jobs = [job for job in known if job.owner in ("", owner)]
        self._of_others = [job for job in known if job.owner not in ("", owner)]
        for job in self._of_others:
            if job.state is JobState.WAITING:
                job.cancel()
        self._gate.set()
        self.changed.emit()

    def wait_turn(self, token: CancelToken) -> None:
        """In the thread of jobs: wait while jobs are held; raises ``CancelledError``."""
        while not self._gate.wait(_LOOK_EVERY_S):
            token.check()
        token.check()

    def close(self) -> None:
        for job in (*self.jobs, *self._of_others):
            job.token.cancel()
        for executor in (self._queries, self._mutations, self._long):
            executor.shutdown(wait=True, cancel_futures=True)
        self._open = False


_board: _Board | None = None


def board() -> _Board:
    """The one board of this process; made at first use, on the window's thread."""
    global _board
    if _board is None:
        _board = _Board()
    return _board


def shut_down() -> None:
    """Cancel what runs, and join every thread. Afterwards a new board can be made."""
    global _board
    if _board is not None:
        closing, _board = _board, None
        closing.close()
        QCoreApplication.removePostedEvents(closing)
        closing.deleteLater()


def run_query(
    owner: QObject,
    function: Callable[[], _T],
    on_success: Callable[[_T], None],
    on_failure: Callable[[ClarityError], None] | None = None,
) -> Operation[_T]:
    """Read something off the window's thread.

    Parameters
    ----------
    owner:
        The widget that asked; when it is gone, the answer is dropped.
    function:
        Runs in a pool thread and must not touch widgets.
    on_success, on_failure:
        Called on the window's thread. Without ``on_failure`` the error dialog opens, except for a cancelled work.
    """
    operation = Operation(owner, on_success, on_failure)
    board().submit(board()._queries, function, operation)
    return operation


def run_mutation(
    owner: QObject,
    function: Callable[[], _T],
    on_success: Callable[[_T], None] | None = None,
    on_failure: Callable[[ClarityError], None] | None = None,
) -> Operation[_T]:
    """Change something off the window's thread; mutations run one after the other, in the order they were asked."""
    operation = Operation(owner, on_success, on_failure)
    board().submit(board()._mutations, function, operation)
    return operation


def start_job(
    title: str,
    function: Callable[[ProgressListener, CancelToken], Any],
    *,
    outlives_lock: bool = False,
    quiet: bool = False,
) -> Job:
    """Start a long job (or queue it behind the one that runs) and answer its handle at once.

    Parameters
    ----------
    title:
        Names the job for a person; no name of a patient.
    function:
        Gets a progress listener and a cancel token, runs in the job thread, answers the result.
    outlives_lock:
        Whether it works in a process of its own and so can end while the vault is locked (V-22).
    quiet:
        Whether the program starts it by itself: nobody is asked about it when the window closes.
    """
    home = board()
    job = Job(title, home, owner=home.owner, outlives_lock=outlives_lock, quiet=quiet)
    home.jobs.append(job)
    last = 0.0

    def listen(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        job.progress = progress
        if now - last >= _PROGRESS_EVERY_S or progress.share == 1.0:
            last = now
            home.post(lambda: _announce(job))

    def work() -> Any:
        home.wait_turn(job.token)
        job.state = JobState.RUNNING
        job.began = time.monotonic()
        home.post(lambda: _announce(job))
        return function(listen, job.token)

    def end(state: JobState, result: Any = None, error: ClarityError | None = None) -> None:
        # Nothing of anyone is kept while the vault is locked; the vault has what the job has stored.
        job.state, job.result, job.error = state, None if home.is_held else result, error
        job.seconds = time.monotonic() - job.began
        job.ended.emit()
        home.changed.emit()

    def stop(error: ClarityError) -> None:
        # A job of this process may meet the closed vault before it looks at its token.
        by_lock = job.stopped_by_lock and isinstance(error, LockedError)
        end(JobState.CANCELLED if by_lock or isinstance(error, CancelledError) else JobState.STOPPED, error=error)

    home.submit(home._long, work, Operation(job, lambda result: end(JobState.FINISHED, result), stop))
    QTimer.singleShot(0, home, lambda: _announce(job))
    return job


def _announce(job: Job) -> None:
    if isValid(job) and not job.is_over:
        job.progressed.emit()
        board().changed.emit()


def presentable(error: BaseException) -> ClarityError:
    """The error as one that is fit to be shown; a fault of the program keeps only its class and place."""
    if isinstance(error, ClarityError):
        return error
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown place"
    shown = ClarityError(
        "program.fault",
        "Something in the program did not work as planned. What is stored was not changed by it.",
        remedy="Try again. If it comes back, copy the details and report them.",
        detail=f"{type(error).__name__} at {place}",
    )
    _log.error("%s at %s, reference %s", type(error).__name__, place, shown.reference)
    return shown
