"""An account's calls beyond sync: what it is at the server, results by id, and an ear for contradictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from clarity_desktop.cloud.api.capabilities import CloudApi, insight_of
from clarity_desktop.cloud.api.values import AccountFacts, CloudInsight, PatJob
from clarity_desktop.cloud.client.client import CloudClient
from clarity_desktop.cloud.client.exchange import Answer, CloudError
from clarity_desktop.cloud.contract.answers import answer_differences
from clarity_desktop.cloud.contract.detection import Detection
from clarity_desktop.cloud.realtime.results import Fetched

__all__ = ["AccountApi"]

_ROUTE_WORDS = ("not found", "method not allowed")
"""What a server without a route says, as opposed to one that has it and not the thing."""


class AccountApi(CloudApi):
    """One account's calls to one server, with an ear for contradictions.

    Parameters
    ----------
    noticed:
        Told a capability and sentences when the description and an answer disagree; the answer wins (L-86).
    """

    def __init__(
        self,
        client: CloudClient,
        detection: Detection,
        user_id: str = "",
        noticed: Callable[[str, tuple[str, ...]], None] = lambda *_: None,
    ) -> None:
        super().__init__(client, detection, user_id)
        self._noticed = noticed

    async def _call(self, capability: str, *args: Any, **kwargs: Any) -> Answer:
        try:
            answer = await super()._call(capability, *args, **kwargs)
        except CloudError as error:
            self._hear_refusal(capability, error)
            raise
        known = self.detection.profile
        endpoint = None if known is None else known.endpoint(capability)
        if endpoint is not None and known is not None and known.name == "openapi" and not answer.is_from_cache:
            told = answer_differences(endpoint.method, endpoint.path, answer.document)
            if told:
                self._noticed(capability, told)
        return answer

    def _hear_refusal(self, capability: str, error: CloudError) -> None:
        problem = error.problem
        if problem is None or problem.status not in (404, 405, 410):
            return
        if problem.status == 410 or problem.detail.rstrip(". ").lower() in _ROUTE_WORDS:
            self._noticed(capability, (f"the description lists it, and the server answers {problem.status}",))

    async def account_facts(self) -> AccountFacts:
        """What the server says of the account; it knows less of it than the identity service does (D6)."""
        answer = (await self._call("me")).document
        found = answer if isinstance(answer, dict) else {}

        def text(name: str) -> str:
            value = found.get(name)
            return value if isinstance(value, str) else ""

        return AccountFacts(text("user_id"), text("email"), text("display_name"), found.get("email_verified") is True)

    async def user_counts(self) -> Mapping[str, float]:
        """Numbers that the server keeps of this account, by its own names; of all that it has where that is its way."""
        if self.offers("metrics_summary") and not self.offers("metrics_user"):
            return _numbers((await self._call("metrics_summary")).document)
        answer = (await self._call("metrics_user", {"user_id": self.user_id})).document
        return _numbers(answer)

    async def pat_job(self, analysis_id: str) -> PatJob:
        """A server analysis by its id: its state, and its numbers where the server has kept them (D20)."""
        by_job = self.offers("job") and not self.offers("pat_result")
        name, parameter = ("job", "job_id") if by_job else ("pat_result", "processing_id")
        answer = (await self._call(name, {parameter: analysis_id})).document
        found = answer if isinstance(answer, dict) else {}
        status = found.get("status")
        values = _numbers(found.get("pat_features")) or _numbers(found.get("result"))
        return PatJob(analysis_id, status if isinstance(status, str) else "", values)

    async def fetch_job(self, kind: str, job_id: str) -> Fetched:
        """One job of this account by its id, as a live event or somebody who waits needs it."""
        if kind == "insight":
            found = await self.insight(job_id)
            return Fetched("not_found") if found is None else Fetched("completed", {}, found.narrative)
        job = await self.pat_job(job_id)
        return Fetched(job.status, job.values)

    async def insight(self, insight_id: str) -> CloudInsight | None:
        """A text by its id; ``None`` when the server has no such one, as the observed one never has (D17)."""
        try:
            answer = await self._call("insight_get", {"insight_id": insight_id})
        except CloudError as error:
            if error.problem is not None and error.problem.is_not_found:
                return None
            raise
        return insight_of(answer.document if isinstance(answer.document, dict) else {})

    async def insight_service(self) -> bool:
        """Whether the text service answers; an answer that it has no text of the name "status" is one (D16)."""
        try:
            await self._call("insight_status")
        except CloudError as error:
            if error.problem is not None and error.problem.code == "insight_not_found":
                return True
            raise
        return True


def _numbers(document: Any, before: str = "") -> dict[str, float]:
    """The numbers of a document by name, those inside of objects with their way in front."""
    found: dict[str, float] = {}
    if not isinstance(document, Mapping):
        return found
    for name, value in document.items():
        if isinstance(value, Mapping) and not before:
            found |= _numbers(value, f"{name}.")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found[f"{before}{name}"] = float(value)
    return found
