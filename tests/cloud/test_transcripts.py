"""Each recorded exchange replayed: to the client, and, where it is a pair, to the replica; differences have reasons."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
from pathlib import Path
from typing import Any

import pytest

from clarity_desktop.cloud.client import Answer, Call, CloudClient, CloudError, Service
from clarity_desktop.cloud.problem import read_problem
from tests.cloud.client.conftest import TestClock
from tests.servers.recorded import RecordedServer, exchanges, recorded_server
from tests.servers.replica import Replica, running_replica
from tests.servers.replica.accounts import stub_token

ALL = exchanges()
DEFECTS = ("D8", "D9", "D10", "D13", "D14", "D15", "D16", "D17", "D20", "D29")
NUMBERS = re.compile(r"Bearer <jwt (\d+)>")
OTHER_PEOPLE = ("9",)

_POOL = "the identity service decides it; shown against its emulator in tests/cloud/auth"
_UNUSED = "HealthKit upload is deliberately unused, so the replica only knows that the route is there"
DIFFERENCES = {
    "014-public-prometheus": "operator metrics are deliberately unused",
    "021-auth-login-malformed-json": "the client cannot send what is no JSON",
    "022-auth-register-short-password": "the rule is checked here before anything is sent",
    "024-auth-register-again": _POOL,
    "027-auth-login-wrong-password": _POOL,
    "032-auth-refresh-body": _POOL,
    "033-auth-refresh-header": _POOL,
    "036-auth-refresh-empty": "the client sends no empty refresh",
    "037-auth-forgot-password-unknown": _POOL,
    "039-auth-reset-password-wrong-code": _POOL,
    "040-auth-resend-confirmation-unknown": _POOL,
    "042-auth-confirm-wrong-code": _POOL,
    "043-auth-confirm-unknown": _POOL,
    "045-auth-logout-nothing": "the client always sends a token",
    "055-data-upload-heart_rate_variability": "the original cut the connection, as after any plain 500 (D2)",
    "081-data-processing-not-uuid": "the client sends ids that the server gave",
    "087-data-list-bad-date": "the client sends no date filter, which makes no difference there (D9)",
    "110-insights-status": "deliberately not called, as it is shadowed (D16)",
    "117-rest-healthkit-upload": _UNUSED,
    "118-rest-healthkit-empty": _UNUSED,
    "119-rest-healthkit-other-user": _UNUSED,
    "121-rest-healthkit-status-bad": _UNUSED,
    "122-rest-healthkit-status-other": _UNUSED,
}
"""Where the replica answers another status than the recording, and why that is all right."""


def test_the_recordings_are_all_here() -> None:
    assert len(ALL) > 250
    assert {name.split("-")[0] for name, _ in ALL} == {"published", "repaired", "situations"}


@pytest.mark.slow
def test_l80_the_client_reads_every_recorded_answer() -> None:
    async def replay(server: RecordedServer) -> list[str]:
        wrong = []
        for name, entry in ALL:
            server.response = entry["response"]
            request = entry["request"]
            method = "GET" if request["method"] in ("HEAD", "OPTIONS") else request["method"]
            call = Call(method, "/x", "/x", document=request.get("body"), is_protected=False, read_timeout_s=5.0)
            outcome = await outcome_of(server.url, call)
            if not fits(entry["response"], outcome):
                wrong.append(f"{name} {entry['id']}: {outcome!r}")
        return wrong

    with recorded_server() as server:
        assert asyncio.run(replay(server)) == []


async def outcome_of(url: str, call: Call) -> Answer | CloudError:
    # A client for each, so that no breaker and no limit of an earlier one stands in the way.
    async with CloudClient(Service(url), clock=TestClock()) as client:
        try:
            return await client.send(call)
        except CloudError as error:
            return error


def fits(recorded: dict[str, Any], outcome: Answer | CloudError) -> bool:
    """Whether the client made of a recorded answer what it is."""
    if "failure" in recorded:
        return isinstance(outcome, CloudError) and outcome.code == "cloud.unreachable"
    status = recorded["status"]
    if isinstance(outcome, Answer):
        return bool(status < 300 and outcome.status == status)
    if status < 300:
        # A text where JSON was asked for, such as a page of documentation or the operator's metrics.
        return isinstance(recorded.get("body"), str) or recorded.get("body") is None
    limited = status == 429 and outcome.code == "cloud.limit"
    return limited or (outcome.problem is not None and outcome.problem.status == status)


@pytest.mark.parametrize("kind", ["E1", "E2", "E3", "E4", "E5", "E6", "E7", "E8"])
def test_l37_each_envelope_occurs_and_is_told(kind: str) -> None:
    found = [
        read_problem(
            entry["response"]["status"],
            {name.lower(): value for name, value in entry["response"].get("headers", {}).items()},
            body_of(entry["response"]),
        )
        for _, entry in ALL
        if entry["response"].get("status", 0) >= 400
    ]
    own = [one for one in found if one.raw_kind == kind]
    assert own, f"no recording has envelope {kind}"
    for problem in own:
        assert problem.title
        assert problem.detail
        assert problem.code
        if kind == "E4":
            assert problem.errors
        assert problem.retry_after_s is None or problem.retry_after_s > 0


def body_of(response: dict[str, Any]) -> bytes:
    body = response.get("body")
    return b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()


@pytest.mark.parametrize("part", ["public", "auth", "data", "pat", "insights", "rest"])
def test_l80_the_replica_answers_as_the_original_did(part: str, tmp_path: Path) -> None:
    with running_replica(tmp_path / "replica.db", defects=DEFECTS) as replica:
        found = differences(replica, f"repaired-{part}")
    ids = {entry["id"] for _, entry in exchanges(f"repaired-{part}")}
    assert found == ids & set(DIFFERENCES)


def differences(replica: Replica, pattern: str) -> set[str]:
    """Ids of exchanges whose status differs at the replica; ids of uploads are followed through."""
    known: dict[str, str] = {}
    wrong = set()
    for _, entry in exchanges(pattern):
        request, response = entry["request"], entry["response"]
        body = request.get("body")
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        if text is not None and "more>" in text:
            # Long lists are shortened in the recordings; those limits have tests of their own.
            continue
        headers = {name: value for name, value in request["headers"].items() if name.lower() != "content-length"}
        who = NUMBERS.fullmatch(headers.get("Authorization", ""))
        if who:
            number = 2 if who[1] in OTHER_PEOPLE else 1
            headers["Authorization"] = "Bearer " + stub_token(f"00000000-0000-4000-8000-{number:012d}")
        if text is not None:
            headers.setdefault("Content-Type", "application/json")
        path = request["path"]
        for recorded, own in known.items():
            path = path.replace(recorded, own)
        status, document = asked(replica, request["method"], path, text, headers)
        recorded_body = response.get("body")
        if status < 300 and isinstance(document, dict) and isinstance(recorded_body, dict):
            given, own = recorded_body.get("processing_id"), document.get("processing_id")
            if given and own:
                known[given] = own
        if status != response.get("status"):
            wrong.add(entry["id"])
    return wrong


def asked(replica: Replica, method: str, path: str, text: str | None, headers: dict[str, str]) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", replica.port, timeout=10)
    try:
        connection.request(method, path, text, headers)
        answer = connection.getresponse()
        raw = answer.read()
        if "json" not in answer.headers.get("content-type", ""):
            return answer.status, None
        return answer.status, json.loads(raw)
    finally:
        connection.close()
