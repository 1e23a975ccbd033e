"""Jobs of a server: they finish by their answer, by a live event or by asking, whichever comes first, exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from clarity_desktop.cloud.client.clock import Clock, SystemClock
from clarity_desktop.cloud.client.exchange import CloudError
from clarity_desktop.cloud.realtime.frames import Frame

__all__ = ["Fetched", "JobRow", "ResultBook"]

_EVENTS: Final = {
    "analysis_update": "analysis",
    "analysis_complete": "analysis",
    "insight_generated": "insight",
}
_IDS: Final = {"analysis": ("analysis_id", "job_id", "processing_id"), "insight": ("insight_id", "id")}
_OVER: Final = frozenset({"completed", "complete", "finished", "failed", "error", "cancelled", "not_found"})
_FAILED: Final = frozenset({"failed", "error", "cancelled", "not_found"})
_MOST_ROWS: Final = 500
_FIRST_ASK_S, _MOST_ASK_S = 1.0, 15.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """What asking for a job by its id came to."""

    status: str
    values: Mapping[str, float] = field(default_factory=dict)
    text: str = ""


@dataclass(slots=True)
class JobRow:
    """One job as a list shows it."""

    kind: str
    """``analysis`` or ``insight``."""
    id: str
    status: str = "running"
    progress: int | None = None
    """Of 100, as the server says; ``None`` when it says nothing."""
    values: Mapping[str, float] = field(default_factory=dict)
    text: str = ""
    finished_by: str = ""
    """``answer``, ``event`` or ``asking``; empty while it runs."""

    @property
    def is_over(self) -> bool:
        """Whether it finished, one way or another."""
        return bool(self.finished_by)

    @property
    def has_failed(self) -> bool:
        """Whether it finished without a result."""
        return self.is_over and self.status in _FAILED


class ResultBook:
    """The jobs of one account. Used from the network's loop alone.

    Parameters
    ----------
    fetch:
        Asks for one job by kind and id; never for a list (L-64).
    changed:
        Told a row that moved on.
    """

    def __init__(
        self,
        fetch: Callable[[str, str], Awaitable[Fetched]],
        changed: Callable[[JobRow], None] = lambda _: None,
        clock: Clock | None = None,
    ) -> None:
        self._fetch, self._changed = fetch, changed
        self._clock: Clock = clock or SystemClock()
        self._rows: dict[tuple[str, str], JobRow] = {}
        self._over: dict[tuple[str, str], asyncio.Event] = {}
        self._asking: dict[tuple[str, str], asyncio.Task[None]] = {}
        self.fetches = 0
        """Requests that events and waiting have caused."""
        self.nameless = 0
        """Events without an id: counted, and never a reason to fetch anything."""

    def rows(self) -> tuple[JobRow, ...]:
        """The rows, the one that began last first."""
        return tuple(reversed(self._rows.values()))

    def begin(self, kind: str, job_id: str) -> JobRow:
        """The row of a job; made when it is new."""
        key = (kind, job_id)
        if key not in self._rows:
            if len(self._rows) >= _MOST_ROWS:
                oldest = next(iter(self._rows))
                del self._rows[oldest]
                self._over.pop(oldest, None)
            self._rows[key] = JobRow(kind, job_id)
            self._over[key] = asyncio.Event()
        return self._rows[key]

    def finish(self, kind: str, job_id: str, status: str, values: Mapping[str, float], text: str, *, by: str) -> bool:
        """Finish a job; answers False, and changes nothing, when it had finished before (L-68)."""
        row = self.begin(kind, job_id)
        if row.is_over:
            return False
        row.status, row.values, row.text, row.finished_by = status, dict(values), text, by
        row.progress = None if row.has_failed else 100
        self._over[kind, job_id].set()
        self._changed(row)
        return True

    # -- live events --------------------------------------------------------------------------------------------

    def on_frame(self, frame: Frame) -> None:
        """Take an event: a whole one updates its row directly, a fragment is completed by asking for its id (L-64)."""
        kind = _EVENTS.get(frame.kind)
        if kind is None:
            return
        job_id = next((found for name in _IDS[kind] if (found := _text(frame.fields, name))), "")
        if not job_id:
            self.nameless += 1
            return
        row = self.begin(kind, job_id)
        if row.is_over:
            return
        status = _text(frame.fields, "status").lower() or ("completed" if frame.kind != "analysis_update" else "")
        values, text = _result_of(frame.fields)
        if status in _FAILED or ((values or text) and status in _OVER):
            self.finish(kind, job_id, status, values, text, by="event")
            return
        progress = frame.fields.get("progress")
        if isinstance(progress, (int, float)) and not isinstance(progress, bool):
            row.progress = min(max(int(progress), 0), 100)
        if status in _OVER:
            # It is over, and what came of it is not said: this one job is asked for, once for all its events.
            self._ask(row)
            return
        row.status = status or row.status
        self._changed(row)

    def _ask(self, row: JobRow) -> None:
        key = (row.kind, row.id)
        running = self._asking.get(key)
        if running is None or running.done():
            self._asking[key] = asyncio.ensure_future(self._ask_once(row, by="event"))

    async def _ask_once(self, row: JobRow, *, by: str) -> None:
        self.fetches += 1
        try:
            found = await self._fetch(row.kind, row.id)
        except CloudError:
            # The next event or the next time of asking tries again.
            return
        if found.status.lower() in _OVER or found.values or found.text:
            self.finish(row.kind, row.id, found.status.lower() or "completed", found.values, found.text, by=by)

    # -- asking -------------------------------------------------------------------------------------------------

    async def refresh(self) -> None:
        """Ask for every job that runs, each by its id: after a gap in the live channel."""
        for row in [one for one in self._rows.values() if not one.is_over]:
            await self._ask_once(row, by="asking")

    async def wait(self, kind: str, job_id: str, *, most_s: float = 900.0) -> JobRow:
        """Wait until a job is over, by whatever tells first; a row that is not over when the time is."""
        row = self.begin(kind, job_id)
        over = self._over[kind, job_id]
        began, pause = self._clock.steady(), _FIRST_ASK_S
        while not row.is_over and self._clock.steady() - began < most_s:
            slept = asyncio.ensure_future(self._clock.sleep(pause))
            told = asyncio.ensure_future(over.wait())
            try:
                await asyncio.wait({slept, told}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                slept.cancel()
                told.cancel()
            if not over.is_set():
                await self._ask_once(row, by="asking")
            pause = min(pause * 2, _MOST_ASK_S)
        return row

    def close(self) -> None:
        """Stop asking."""
        for task in self._asking.values():
            task.cancel()


def _text(fields: Mapping[str, Any], name: str) -> str:
    found = fields.get(name)
    return found if isinstance(found, str) else ""


def _result_of(fields: Mapping[str, Any]) -> tuple[dict[str, float], str]:
    """Numbers and text of a whole event."""
    values: dict[str, float] = {}
    for name in ("result", "results", "analysis", "pat_features", "data"):
        inner = fields.get(name)
        if isinstance(inner, Mapping):
            values |= {
                str(key): float(one)
                for key, one in inner.items()
                if isinstance(one, (int, float)) and not isinstance(one, bool)
            }
    text = next((found for name in ("narrative", "insight", "text") if (found := _text(fields, name))), "")
    return values, text
