"""The capabilities of a server on the one client: typed in and out, off with a reason where a server lacks one."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from clarity_desktop.cloud.api.values import (
    CloudInsight,
    ProcessingState,
    StepAnalysis,
    StoredMetric,
    StoredUpload,
    UploadReceipt,
)
from clarity_desktop.cloud.client.client import CloudClient
from clarity_desktop.cloud.client.exchange import TOTAL_S, Answer, Call, CloudError
from clarity_desktop.cloud.contract.detection import Detection
from clarity_desktop.cloud.contract.features import not_offered
from clarity_desktop.cloud.contract.profiles import Auth
from clarity_desktop.cloud.dto import DirectActigraphyRequest, InsightGenerationRequest, StepDataRequest, UserUpdate

__all__ = ["INSIGHT_KEYS", "MOST_PAGES", "CloudApi", "insight_of", "server_time"]

MOST_PAGES: Final = 1000
_PAGE: Final = 100
"""Items may weigh 400 KB each; a page of them stays below what is read at most."""
_DAY_MIN, _WEEK_MIN, _MOST_MIN = 1440, 10_080, 20_160
_PAT_TIMEOUT_S: Final = 75.0
INSIGHT_KEYS: Final = (
    "sleep_efficiency",
    "circadian_rhythm_score",
    "depression_risk_score",
    "total_sleep_time",
    "wake_after_sleep_onset",
    "sleep_onset_latency",
)
"""What the server reads of an insight request; a missing one counts as 0 there, so all are sent or none (D18)."""


def server_time(instant: float) -> str:
    """A UTC instant as the server takes it: ISO 8601 with ``Z``."""
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class CloudApi:
    """One account's calls to one server.

    Every method raises :class:`CloudError`: ``cloud.capability`` when the server has no such thing, else what the
    client raises.
    """

    def __init__(self, client: CloudClient, detection: Detection, user_id: str = "") -> None:
        self.client = client
        self.detection = detection
        self.user_id = user_id
        """The token's ``sub``; compared with what is sent before it is sent (D13)."""

    def offers(self, capability: str) -> bool:
        """Whether this server has a capability."""
        return self.detection.offers(capability)

    async def _call(
        self,
        capability: str,
        parameters: Mapping[str, str] | None = None,
        *,
        document: Any = None,
        body: bytes | None = None,
        query: Mapping[str, str] | None = None,
        bucket: str = "read",
        correlation: str | None = None,
        read_timeout_s: float = TOTAL_S,
    ) -> Answer:
        known = self.detection.profile
        endpoint = None if known is None else known.endpoint(capability)
        if endpoint is None or not self.offers(capability):
            raise not_offered(self.detection, capability)
        more: dict[str, Any] = {} if correlation is None else {"correlation": correlation}
        return await self.client.send(
            Call(
                endpoint.method,
                endpoint.filled(**(parameters or {})),
                endpoint.path,
                query or {},
                document,
                body,
                is_protected=endpoint.auth is not Auth.NONE,
                bucket=bucket,
                read_timeout_s=read_timeout_s,
                capability=capability,
                **more,
            )
        )

    # -- account and probes -------------------------------------------------------------------------------------

    async def me(self) -> str:
        """The user id that the server knows the token by."""
        return str(_mapping(await self._call("me")).get("user_id", ""))

    async def update_me(self, display_name: str) -> None:
        """Set the display name. The e-mail address is never sent (D7)."""
        document: UserUpdate = {"display_name": display_name}
        await self._call("update_me", document=document)

    async def logout(self) -> None:
        """End the session at the server; tokens are dropped here whatever it answers."""
        await self._call("logout")

    async def health(self) -> dict[str, bool]:
        """Whether each probe answers; it proves reachability, not function."""
        found: dict[str, bool] = {}
        for capability in ("root_health", "health", "ready", "auth_health", "data_health", "pat_health"):
            if not self.offers(capability):
                continue
            try:
                await self._call(capability)
                found[capability] = True
            except CloudError:
                found[capability] = False
        return found

    # -- health data --------------------------------------------------------------------------------------------

    async def upload_metrics(self, body: bytes, *, correlation: str) -> UploadReceipt:
        """Upload a request made by :mod:`clarity_desktop.cloud.sync`; the same bytes at each try."""
        answer = await self._call("upload_metrics", body=body, bucket="upload", correlation=correlation)
        document = _mapping(answer)
        processing_id = document.get("processing_id")
        if not isinstance(processing_id, str) or not processing_id:
            # Something took it, and nothing tells under which number: that is an unknown outcome (Y-10).
            raise CloudError(
                "cloud.unreadable",
                "The server's answer could not be read.",
                remedy="The sync panel looks for it at the server; nothing is sent twice.",
                detail="upload_metrics: no processing id",
                correlation=correlation,
                outcome_unknown=True,
            )
        return UploadReceipt(
            processing_id, int(document.get("accepted_metrics") or 0), int(document.get("rejected_metrics") or 0)
        )

    async def processing_status(self, processing_id: str) -> ProcessingState | None:
        """What the server says of an upload; ``None`` when it knows no such one (which some say with 400)."""
        try:
            answer = await self._call("processing_status", {"processing_id": processing_id})
        except CloudError as error:
            if error.problem is not None and error.problem.is_not_found:
                return None
            raise
        return ProcessingState(processing_id, str(_mapping(answer).get("status", "")))

    async def list_uploads(
        self, data_type: str | None = None, *, page_size: int = _PAGE
    ) -> AsyncIterator[StoredUpload]:
        """All uploads, page by page by offset, until a short or repeated page; cursors and links are not believed."""
        first_of_page: str | None = None
        offset = 0
        for _ in range(MOST_PAGES):
            query = {"limit": str(page_size), "offset": str(offset)}
            if data_type is not None:
                query["data_type"] = data_type
            listed = _list(_mapping(await self._call("list_metrics", query=query)), "data")
            found = [upload for one in listed if (upload := _upload(one)) is not None]
            if not found or found[0].processing_id == first_of_page:
                return
            first_of_page = found[0].processing_id
            for upload in found:
                yield upload
            # A server may give more than was asked for; what it gave is what is behind.
            offset += len(listed)
            if len(listed) < page_size:
                return

    async def delete_upload(self, processing_id: str) -> bool:
        """Delete an upload; answers whether it is gone, as the status tells, not the deletion (D15, Y-76)."""
        try:
            await self._call("delete_upload", {"processing_id": processing_id})
        except CloudError as error:
            if error.problem is None or not error.problem.is_not_found:
                raise
        return await self.processing_status(processing_id) is None

    # -- analyses -----------------------------------------------------------------------------------------------

    async def pat_steps(self, counts: Sequence[int], start: float) -> StepAnalysis:
        """The server's analysis of minutes of steps, 1440 or 10,080 of them (D22).

        Parameters
        ----------
        counts:
            Steps a minute.
        start:
            UTC instant of the first minute.
        """
        if len(counts) not in (_DAY_MIN, _WEEK_MIN) or len(counts) > _MOST_MIN:
            raise CloudError(
                "cloud.pat_length",
                "The server analyses a day or a week of minutes.",
                remedy="Choose a window of one or seven days without a gap.",
                detail=f"{len(counts)} minutes",
            )
        stamps = [server_time(start + 60 * number) for number in range(len(counts))]
        document: StepDataRequest = {"step_counts": [int(one) for one in counts], "timestamps": stamps}
        answer = await self._call("pat_steps", document=document, bucket="pat", read_timeout_s=_PAT_TIMEOUT_S)
        return _analysis(_mapping(answer))

    async def pat_actigraphy(self, values: Sequence[float], start: float) -> StepAnalysis:
        """The server's analysis of minutes of activity; same lengths as :meth:`pat_steps`."""
        if len(values) not in (_DAY_MIN, _WEEK_MIN):
            raise CloudError(
                "cloud.pat_length",
                "The server analyses a day or a week of minutes.",
                remedy="Choose a window of one or seven days without a gap.",
                detail=f"{len(values)} minutes",
            )
        points = [{"timestamp": server_time(start + 60 * n), "value": float(one)} for n, one in enumerate(values)]
        document: DirectActigraphyRequest = {
            "data_points": points,
            "sampling_rate": 1.0,
            "duration_hours": len(values) // 60,
        }
        answer = await self._call("pat_actigraphy", document=document, bucket="pat", read_timeout_s=_PAT_TIMEOUT_S)
        return _analysis(_mapping(answer))

    async def pat_result(self, analysis_id: str) -> str:
        """The state of an analysis by id; the observed server keeps none (D20)."""
        return str(_mapping(await self._call("pat_result", {"processing_id": analysis_id})).get("status", ""))

    async def pat_models(self) -> Mapping[str, Any]:
        """What the server says of its model."""
        return _mapping(await self._call("pat_models"))

    # -- insights -----------------------------------------------------------------------------------------------

    async def insight_generate(self, results: Mapping[str, float]) -> CloudInsight:
        """A narrative from six numbers, all of them there and finite; no free text is sent (D18, D19)."""
        if set(results) != set(INSIGHT_KEYS) or not all(math.isfinite(one) for one in results.values()):
            raise CloudError(
                "cloud.insight_values",
                "The server needs six values, and some of them are missing.",
                remedy="Use insights by rules, which need none of them.",
            )
        document: InsightGenerationRequest = {
            "analysis_results": dict(results),
            "insight_type": "comprehensive",
            "language": "en",
        }
        return insight_of(_mapping(await self._call("insight_generate", document=document, bucket="insight")))

    async def insight_history(self, limit: int = 20, offset: int = 0) -> tuple[CloudInsight, ...]:
        """Previews of earlier narratives, at most 200 letters each (D17)."""
        query = {"limit": str(max(limit, 1)), "offset": str(max(offset, 0))}
        document = _mapping(await self._call("insight_history", {"user_id": self.user_id}, query=query))
        data = document.get("data", document)
        return tuple(insight_of({"data": one}) for one in _list(data, "insights") if isinstance(one, Mapping))


def _mapping(answer: Answer) -> Mapping[str, Any]:
    return answer.document if isinstance(answer.document, dict) else {}


def _list(document: Any, key: str) -> list[Any]:
    found = document.get(key) if isinstance(document, Mapping) else None
    return found if isinstance(found, list) else []


def _upload(entry: Any) -> StoredUpload | None:
    """One entry of a list, whatever of it the server gave; one without an id is nothing that could be found again."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("processing_id"), str):
        return None
    held = entry.get("metrics")
    metrics = list(held.values()) if isinstance(held, Mapping) else held if isinstance(held, list) else []
    return StoredUpload(
        entry["processing_id"],
        tuple(
            StoredMetric(
                str(one.get("metric_id", "")),
                str(one.get("metric_type", "")).lower(),
                raw if isinstance(raw := one.get("raw_data"), Mapping) else {},
            )
            for one in metrics
            if isinstance(one, Mapping)
        ),
    )


def _analysis(document: Mapping[str, Any]) -> StepAnalysis:
    inner = document.get("analysis")
    found = inner if isinstance(inner, Mapping) else {}
    numbers = {
        str(name): float(value)
        for name, value in found.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }
    embedding = tuple(float(one) for one in _list(found, "embedding") if isinstance(one, (int, float)))
    name = document.get("analysis_id") or document.get("job_id") or document.get("processing_id") or ""
    return StepAnalysis(str(name), numbers, embedding, bool(document.get("cached")))


def insight_of(document: Mapping[str, Any]) -> CloudInsight:
    """A narrative from an answer, in or out of its envelope."""
    inner, metadata = document.get("data"), document.get("metadata")
    data = inner if isinstance(inner, Mapping) else document
    about = metadata if isinstance(metadata, Mapping) else {}

    def texts(key: str) -> tuple[str, ...]:
        return tuple(one for one in _list(data, key) if isinstance(one, str))

    return CloudInsight(
        str(data.get("narrative", "")),
        texts("key_insights"),
        texts("recommendations"),
        str(data.get("generated_at", "")),
        str(data.get("id", "")),
        str(about.get("request_id", "")),
    )
