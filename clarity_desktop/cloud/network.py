"""The asyncio loop of the network in a thread of its own; everything else calls into it and waits in its own thread."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from clarity_desktop.domain.errors import CancelledError
from clarity_desktop.domain.work import CancelToken

__all__ = ["Network"]

_T = TypeVar("_T")
_POLL_S = 0.05


class Network:
    """One loop, one thread, made at first use and joined by :meth:`close`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def submit(self, work: Coroutine[Any, Any, _T]) -> concurrent.futures.Future[_T]:
        """Start work in the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._started())

    def run(self, work: Coroutine[Any, Any, _T], cancel: CancelToken | None = None) -> _T:
        """Start work and wait for its end; never call it from the window's thread.

        Raises
        ------
        CancelledError
            When cancelled; the work's connections are freed.
        """
        future = self.submit(work)
        while True:
            try:
                return future.result(timeout=_POLL_S if cancel is not None else None)
            except concurrent.futures.TimeoutError:
                if future.done():
                    # The work's own time-out, not that of waiting.
                    raise
                if cancel is not None and cancel.cancelled:
                    future.cancel()
                    raise CancelledError from None
            except concurrent.futures.CancelledError:
                raise CancelledError from None

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                loop = self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._serve, args=(loop,), name="network", daemon=True)
                self._thread.start()
            return self._loop

    @staticmethod
    def _serve(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

    def close(self) -> None:
        """Cancel what runs and end the thread; may be called twice."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
