"""The part of the services for analyses by a server: started with consent, finished once, kept, opened by id."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import numpy as np

from clarity_desktop.app.cloud_accounts import CloudAccountServices
from clarity_desktop.app.permissions import needs
from clarity_desktop.domain.changes import Change
from clarity_desktop.domain.errors import ClarityError, ConflictError, NotFoundError, UsageError
from clarity_desktop.domain.time import Instant, day_of_date
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clarity_desktop.app.cloud_sessions import CloudAccount, LiveAccount
    from clarity_desktop.cloud.api import StepAnalysis
    from clarity_desktop.cloud.realtime import JobRow
    from clarity_desktop.domain.work import CancelToken
    from clarity_desktop.vault.tables.insights import StoredInsight

__all__ = ["ANALYSIS_TOPIC", "SERVER_SIGNALS", "CloudResult", "CloudResultServices", "result_document"]

ANALYSIS_TOPIC: Final = "server.analysis"
"""Topic under which the vault keeps such results, beside the texts about a person."""
SERVER_SIGNALS: Final = ("steps", "activity_counts")
"""Signals whose weeks a server analyses."""
_MOST_MISSING: Final = 0.1
"""Share of a week's minutes that may be without a count when it is sent."""


@dataclass(frozen=True, slots=True)
class CloudResult:
    """A server's analysis of a week, as it is kept here: the answer is the only copy there is (D20)."""

    id: str
    """The vault's own; opens it."""
    patient_id: str
    made: Instant
    server: str
    """Base address."""
    analysis_id: str
    """The server's name for it."""
    signal: str
    first_day: date
    """First local date of the week."""
    minutes_without_count: int
    """Sent as 0."""
    values: Mapping[str, float]
    """By the server's names, in its units; its model is not verified (D21)."""
    finished_by: str
    """``answer``, ``event`` or ``asking``."""


class CloudResultServices(CloudAccountServices):
    """Part of ``Services``; its calls wait, so make them from a worker."""

    @needs(Right.SEND_INSIGHT)
    def cloud_steps_purpose(self, signal: str = "steps") -> str:
        """The purpose that a consent must name for a signal's weeks to go to the current account's server."""
        word = "steps" if signal == "steps" else "activity"
        return f"{word}:{urlsplit(self._account(None).server).netloc}"

    @needs(Right.SEND_INSIGHT)
    def cloud_steps(
        self, patient_id: str, first_day: date, *, cancel: CancelToken | None = None
    ) -> tuple[StepAnalysis, int]:
        """As :meth:`cloud_analyse` for steps; answers the analysis, and how many minutes were sent as 0."""
        from clarity_desktop.cloud.api import StepAnalysis

        found = self.cloud_analyse(patient_id, first_day, cancel=cancel)
        return StepAnalysis(found.analysis_id, found.values, (), False), found.minutes_without_count

    @needs(Right.SEND_INSIGHT)
    def cloud_analyse(
        self, patient_id: str, first_day: date, *, signal: str = "steps", cancel: CancelToken | None = None
    ) -> CloudResult:
        """The server's analysis of a week of somebody's steps or activity: to compare, never a finding (D21).

        A server that works on it for longer is waited for, by its live events and by asking.

        Parameters
        ----------
        first_day:
            First local date of the week.
        signal:
            Of :data:`SERVER_SIGNALS`.

        Raises
        ------
        ConsentError
            When no consent to this server is in force.
        UsageError
            ``cloud.signal``.
        NotFoundError
            ``pat.no_signal``; ``cloud.no_week`` when no week begins with this day.
        ConflictError
            ``cloud.week_gaps`` when less than 90 % of the minutes were worn; ``cloud.no_result`` when the server
            finished without numbers.
        """
        self._require_sending()
        account = self._account(None)
        self.vault.consents.require(patient_id, self.cloud_steps_purpose(signal))
        minutes, start = self._week_of(patient_id, first_day, signal)
        missing = ~np.isfinite(minutes)
        live = self._live_account(account)
        host, outcome = urlsplit(account.server).netloc, "refused"
        try:
            row = self._net.run(_analysed(live, signal, np.where(missing, 0.0, minutes), start), cancel)
            outcome = "ok" if row.is_over and row.values else "failed"
        finally:
            self.vault.audit.append(
                "cloud.steps", patient_id=patient_id, outcome=outcome, detail=f"{host}: {len(minutes)} minutes {signal}"
            )
        if outcome != "ok":
            raise ConflictError(
                "cloud.no_result",
                "The server ended its analysis without a result.",
                remedy="Begin it again later; what was computed here does not depend on it.",
                detail=row.status[:40],
            )
        return self._keep_result(account, patient_id, first_day, signal, int(missing.sum()), row)

    @needs(Right.READ_DATA)
    def cloud_results(self, patient_id: str) -> tuple[CloudResult, ...]:
        """Finished analyses of servers about somebody, newest first. Asks no server (L-77)."""
        kept = self.vault.insights.list(patient_id)
        return tuple(_result(one) for one in kept if one.topic == ANALYSIS_TOPIC)

    @needs(Right.READ_DATA)
    def cloud_result(self, result_id: str) -> CloudResult:
        """One finished analysis by its id (L-77); raises :class:`NotFoundError` (``cloud.result``)."""
        try:
            stored = self.vault.insights.get(result_id)
        except NotFoundError:
            raise _no_result() from None
        # Whoever may not see the person learns nothing of the result, and who may is recorded as having looked.
        found = next((one for one in self.cloud_results(stored.patient_id) if one.id == result_id), None)
        if found is None:
            raise _no_result()
        return found

    # -- inside -------------------------------------------------------------------------------------------------

    def _week_of(self, patient_id: str, first_day: date, signal: str) -> tuple[NDArray[np.float64], float]:
        """A week's minutes, not a number where nothing was worn, and the UTC instant of the first of them."""
        from clarity_desktop.analysis.weeks.embedding import read_weeks
        from clarity_desktop.domain.pat import WeekSignal
        from clarity_desktop.domain.pat_results import PatRequest

        if signal not in SERVER_SIGNALS:
            raise UsageError(
                "cloud.signal",
                "The server does not analyse this signal.",
                remedy=f"One of {', '.join(SERVER_SIGNALS)}.",
            )
        weeks = read_weeks(self.vault, patient_id, PatRequest(signal=WeekSignal(signal))).weeks
        places = [at for at, day in enumerate(weeks.day) if int(day) == day_of_date(first_day)]
        if not places:
            raise NotFoundError(
                "cloud.no_week",
                "No week of the recording begins with this day.",
                remedy="Choose a day at least seven days before the recording's end.",
            )
        minutes = weeks.values[weeks.places(np.array(places[:1], dtype=np.int64))[0]].astype(np.float64)
        missing = ~np.isfinite(minutes)
        if missing.mean() > _MOST_MISSING:
            raise ConflictError(
                "cloud.week_gaps",
                "This week has too many minutes without a count.",
                remedy="Choose a week in which the device was worn nine minutes of ten.",
                detail=f"{int(missing.sum())} minutes",
            )
        return minutes, float(weeks.start[places[0]])

    def _keep_result(
        self, account: CloudAccount, patient_id: str, first_day: date, signal: str, missing: int, row: JobRow
    ) -> CloudResult:
        document: dict[str, Any] = {
            "server": account.server,
            "analysis_id": row.id,
            "signal": signal,
            "first_day": first_day.isoformat(),
            "minutes_without_count": missing,
            "values": dict(row.values),
            "finished_by": row.finished_by,
        }
        key = hashlib.sha256(f"{account.key}/{row.id}".encode()).hexdigest()
        stored = self.vault.insights.keep(
            patient_id, provider="cloud", topic=ANALYSIS_TOPIC, cache_key=key, document=document
        )
        self._announce(Change.FINDINGS, patient_id)
        return _result(stored)


async def _analysed(live: LiveAccount, signal: str, minutes: NDArray[np.float64], start: float) -> JobRow:
    """Send the minutes and wait until the analysis is over, whatever tells it first."""
    if signal == "steps":
        answer = await live.api.pat_steps([int(one) for one in np.rint(minutes)], start)
    else:
        answer = await live.api.pat_actigraphy([float(one) for one in minutes], start)
    if answer.values:
        live.results.finish("analysis", answer.analysis_id, "completed", answer.values, "", by="answer")
        # A live event may have been quicker; the row is the same either way.
        return replace(live.results.begin("analysis", answer.analysis_id))
    if not answer.analysis_id:
        raise _no_answer_at_all()
    opened = False
    if "ws_analysis" not in live.sockets.channels():
        with contextlib.suppress(ClarityError):
            # Without live updates the job is asked for, which is all that a server may offer (D3).
            live.sockets.open("ws_analysis", live.results.on_frame, fill_gap=live.results.refresh)
            opened = True
    try:
        return replace(await live.results.wait("analysis", answer.analysis_id))
    finally:
        if opened:
            await asyncio.shield(live.sockets.close_one("ws_analysis"))


def _result(stored: StoredInsight) -> CloudResult:
    held = stored.document
    return CloudResult(
        stored.id,
        stored.patient_id,
        stored.made,
        str(held["server"]),
        str(held["analysis_id"]),
        str(held["signal"]),
        date.fromisoformat(held["first_day"]),
        int(held["minutes_without_count"]),
        {str(name): float(value) for name, value in held["values"].items()},
        str(held["finished_by"]),
    )


def _no_answer_at_all() -> ConflictError:
    return ConflictError(
        "cloud.no_result",
        "The server gave neither numbers nor a name to ask for them by.",
        remedy="Begin it again later; what was computed here does not depend on it.",
    )


def _no_result() -> NotFoundError:
    return NotFoundError(
        "cloud.result", "There is no such result.", remedy="List the person's results, and open one by its id."
    )


def result_document(result: CloudResult) -> dict[str, Any]:
    """A result as commands print it."""
    return {
        "result_id": result.id,
        "patient_id": result.patient_id,
        "made": result.made,
        "server": result.server,
        "analysis_id": result.analysis_id,
        "signal": result.signal,
        "first_day": result.first_day.isoformat(),
        "minutes_without_count": result.minutes_without_count,
        "values": dict(result.values),
        "finished_by": result.finished_by,
        "verified": False,
    }
