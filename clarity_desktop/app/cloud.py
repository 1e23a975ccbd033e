"""The part of the services that speaks with the cloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import numpy as np

from clarity_desktop.app.cloud_accounts import CloudAccountServices
from clarity_desktop.app.permissions import needs
from clarity_desktop.domain.errors import ConflictError, NotFoundError
from clarity_desktop.domain.time import day_of_date
from clarity_desktop.domain.users import Right

if TYPE_CHECKING:
    from clarity_desktop.cloud.api import CloudInsight, StepAnalysis
    from clarity_desktop.domain.work import CancelToken

__all__ = ["CloudServices"]

_MOST_MISSING: Final = 0.1
"""Share of a week's minutes that may be without a count when it is sent."""


class CloudServices(CloudAccountServices):
    """Servers, accounts and what they offer. Part of ``Services``; its calls wait, so make them from a worker."""

    @needs(Right.SEND_INSIGHT, Right.SET_POLICY)
    def cloud_models(self) -> Mapping[str, object]:
        """What the current account's server says of its model; a readiness it claims is not checked (D21)."""
        self._require_sending()
        return self._net.run(self._cloud_api(self._account(None)).pat_models())

    @needs(Right.SEND_INSIGHT)
    def cloud_insight_history(self, limit: int = 20) -> Sequence[CloudInsight]:
        """Previews of earlier texts of the current account's server, newest first as it lists them."""
        self._require_sending()
        return self._net.run(self._cloud_api(self._account(None)).insight_history(limit))

    @needs(Right.SEND_INSIGHT)
    def cloud_steps_purpose(self) -> str:
        """The purpose that a consent must name for steps to go to the current account's server."""
        return "steps:" + urlsplit(self._account(None).server).netloc

    @needs(Right.SEND_INSIGHT)
    def cloud_steps(
        self, patient_id: str, first_day: date, *, cancel: CancelToken | None = None
    ) -> tuple[StepAnalysis, int]:
        """The server's analysis of a week of somebody's steps: to compare, never a finding (D21).

        Parameters
        ----------
        first_day:
            First local date of the week.

        Returns
        -------
        The analysis, and how many minutes without a count were sent as 0.

        Raises
        ------
        ConsentError
            When no consent to this server is in force.
        NotFoundError
            ``pat.no_signal``; ``cloud.no_week`` when no week begins with this day.
        ConflictError
            ``cloud.week_gaps`` when less than 90 % of the minutes were worn.
        """
        from clarity_desktop.analysis.weeks.embedding import read_weeks
        from clarity_desktop.domain.pat import WeekSignal
        from clarity_desktop.domain.pat_results import PatRequest

        self._require_sending()
        account = self._account(None)
        self.vault.consents.require(patient_id, self.cloud_steps_purpose())
        weeks = read_weeks(self.vault, patient_id, PatRequest(signal=WeekSignal.STEPS)).weeks
        places = [at for at, day in enumerate(weeks.day) if int(day) == day_of_date(first_day)]
        if not places:
            raise NotFoundError(
                "cloud.no_week",
                "No week of the recording begins with this day.",
                remedy="Choose a day at least seven days before the recording's end.",
            )
        minutes = weeks.values[weeks.places(np.array(places[:1], dtype=np.int64))[0]]
        missing = ~np.isfinite(minutes)
        if missing.mean() > _MOST_MISSING:
            raise ConflictError(
                "cloud.week_gaps",
                "This week has too many minutes without a count.",
                remedy="Choose a week in which the device was worn nine minutes of ten.",
                detail=f"{int(missing.sum())} minutes",
            )
        counts = np.where(missing, 0, np.rint(minutes)).astype(np.int64)
        start = weeks.start + 60 * int(weeks.first[places[0]])
        api = self._cloud_api(account)
        outcome = "refused"
        try:
            found = self._net.run(api.pat_steps([int(one) for one in counts], float(start)), cancel)
            outcome = "ok"
        finally:
            host = urlsplit(account.server).netloc
            self.vault.audit.append(
                "cloud.steps", patient_id=patient_id, outcome=outcome, detail=f"{host}: {len(counts)} minutes"
            )
        return found, int(missing.sum())
