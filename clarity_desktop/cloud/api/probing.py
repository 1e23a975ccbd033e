"""Asking a server how it is and what it can do, without sending or changing anything there (L-51, L-84)."""

from __future__ import annotations

import time
from typing import Any, Final

from clarity_desktop.cloud.api.capabilities import CloudApi
from clarity_desktop.cloud.client.exchange import Answer, Call, CloudError
from clarity_desktop.cloud.contract.features import not_offered
from clarity_desktop.cloud.contract.profiles import Auth
from clarity_desktop.domain.conditions import HealthProbe, LearnedAbility

__all__ = ["PARTS", "TEST_ROUTES", "learn_reading", "probe_health", "try_test_routes"]

PARTS: Final = (
    ("root", "root_health"),
    ("service", "health"),
    ("readiness", "ready"),
    ("auth", "auth_health"),
    ("health-data", "data_health"),
    ("pat", "pat_health"),
    ("insights", "insight_status"),
)
"""Parts of a server and the capability that asks each."""
TEST_ROUTES: Final = ("test_hello", "test_ping", "test_middleware")
"""Routes for trying a connection, behind a developer flag (L-75)."""
_NOBODY_THERE: Final = frozenset({"cloud.unreachable", "cloud.timeout", "cloud.portal", "cloud.certificate"})


async def probe_health(api: CloudApi, *, signed_in: bool = True) -> tuple[HealthProbe, ...]:
    """Ask every part once. When nothing answers at all, the other parts are not asked in vain.

    Parameters
    ----------
    signed_in:
        Whether parts that ask for a token are asked too.
    """
    found: list[HealthProbe] = []
    nobody = ""
    for part, capability in PARTS:
        known = api.detection.profile
        endpoint = None if known is None else known.endpoint(capability)
        now = int(time.time())
        if endpoint is None:
            found.append(HealthProbe(part, "not_offered", now))
        elif endpoint.auth is not Auth.NONE and not signed_in:
            found.append(HealthProbe(part, "refused", now, "cloud.signed_out"))
        elif nobody:
            found.append(HealthProbe(part, "no_answer", now, nobody))
        else:
            probe = await _one(api, part, capability, now)
            nobody = probe.code if probe.outcome == "no_answer" else ""
            found.append(probe)
    return tuple(found)


async def _one(api: CloudApi, part: str, capability: str, now: int) -> HealthProbe:
    began = time.monotonic()
    try:
        await _ask(api, capability)
    except CloudError as error:
        took = round(1000 * (time.monotonic() - began))
        return HealthProbe(part, _outcome(error, capability), now, error.code, took)
    return HealthProbe(part, "answers", now, took_ms=round(1000 * (time.monotonic() - began)))


def _outcome(error: CloudError, capability: str) -> str:
    if error.problem is None:
        return "no_answer" if error.code in _NOBODY_THERE else "unclear"
    status = error.problem.status
    if status in (401, 403):
        return "refused"
    if capability == "insight_status" or status in (404, 405):
        # The route is shadowed: the server answers it as a text named "status", which is no word on the service.
        return "unclear"
    return "fails" if status >= 500 else "unclear"


async def learn_reading(api: CloudApi, now: int) -> tuple[LearnedAbility, ...]:
    """Learn from reads alone whether cursors and ETags work.

    Raises
    ------
    CloudError
        When the server cannot be asked.
    """
    if not api.offers("list_metrics"):
        return (
            LearnedAbility("cursor", "unknown", now, "the server offers no list"),
            LearnedAbility("etag", "unknown", now, "the server offers no list"),
        )
    query = {"limit": "1", "offset": "0"}
    first = await _ask(api, "list_metrics", query)
    return (await _cursor(api, first, now), await _etag(api, first, query, now))


async def _cursor(api: CloudApi, first: Answer, now: int) -> LearnedAbility:
    ids, cursor = _page(first)
    if not ids:
        return LearnedAbility("cursor", "unknown", now, "the list is empty")
    if not cursor:
        return LearnedAbility("cursor", "no", now, "the server gives none")
    try:
        following, _ = _page(await _ask(api, "list_metrics", {"limit": "1", "cursor": cursor}))
    except CloudError as error:
        return LearnedAbility("cursor", "no", now, error.code)
    works = following != ids
    return LearnedAbility("cursor", "yes" if works else "no", now, "" if works else "it leads to the same page")


async def _etag(api: CloudApi, first: Answer, query: dict[str, str], now: int) -> LearnedAbility:
    if not first.is_from_cache and not first.headers.get("etag"):
        return LearnedAbility("etag", "no", now, "the server gives none")
    again = first if first.is_from_cache else await _ask(api, "list_metrics", query)
    return LearnedAbility("etag", "yes" if again.is_from_cache else "unknown", now)


def _page(answer: Answer) -> tuple[list[str], str]:
    document: Any = answer.document if isinstance(answer.document, dict) else {}
    data, pagination = document.get("data"), document.get("pagination")
    ids = [str(one.get("processing_id", "")) for one in data if isinstance(one, dict)] if isinstance(data, list) else []
    cursor = pagination.get("next_cursor") if isinstance(pagination, dict) else None
    return ids, cursor if isinstance(cursor, str) else ""


async def _ask(api: CloudApi, capability: str, query: dict[str, str] | None = None) -> Answer:
    known = api.detection.profile
    endpoint = None if known is None else known.endpoint(capability)
    if endpoint is None:
        raise not_offered(api.detection, capability)
    is_protected = endpoint.auth is not Auth.NONE
    return await api.client.send(
        Call(endpoint.method, endpoint.path, endpoint.path, query or {}, is_protected=is_protected)
    )


async def try_test_routes(api: CloudApi) -> tuple[HealthProbe, ...]:
    """Call the routes that a server has for trying the connection: without a token, and with nothing of anyone.

    Routes that echo, capture, purge or show settings are not among them and are called by nothing here.
    """
    known = api.detection.profile
    found = []
    for capability in TEST_ROUTES:
        endpoint = None if known is None else known.endpoint(capability)
        if endpoint is None:
            continue
        began = time.monotonic()
        try:
            await api.client.send(Call("GET", endpoint.path, endpoint.path, is_protected=False))
        except CloudError as error:
            took = round(1000 * (time.monotonic() - began))
            found.append(HealthProbe(capability, _outcome(error, capability), int(time.time()), error.code, took))
        else:
            took = round(1000 * (time.monotonic() - began))
            found.append(HealthProbe(capability, "answers", int(time.time()), took_ms=took))
    return tuple(found)
