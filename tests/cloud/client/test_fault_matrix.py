"""What becomes of a read and of an upload under each fault; the table in the documents is what was seen here."""

from __future__ import annotations

import asyncio
import json
import uuid
from pathlib import Path

import pytest

from clarity_desktop.cloud.api import CloudApi
from clarity_desktop.cloud.client import CloudClient, CloudError, Service
from clarity_desktop.cloud.contract import detect
from clarity_desktop.cloud.contract.asking import ask_document
from tests.cloud.client.conftest import USER, TestClock, Tokens
from tests.servers.fault_proxy import Fault, FaultProxy
from tests.servers.replica import Replica

PAGE = Path(__file__).parents[3] / "docs" / "developers" / "fault-matrix.md"
WORDS = {
    Fault.NONE: "no fault",
    Fault.REFUSE: "connection refused",
    Fault.CUT_BEFORE: "request lost",
    Fault.CUT_MIDDLE: "answer cut in the middle",
    Fault.CUT_AFTER: "done, answer lost",
    Fault.DRIP: "answer drips beyond the time-out",
    Fault.LATENCY: "300 ms late",
    Fault.DUPLICATE: "request delivered twice",
    Fault.HTML: "page of a portal",
    Fault.TRUNCATED: "half a JSON text",
    Fault.UNAUTHORISED: "401 once more after a refresh",
    Fault.UNAVAILABLE: "503",
    Fault.CRASH: "plain 500",
    Fault.TOO_MANY: "429, Retry-After 0",
}


def body() -> bytes:
    metric = {
        "metric_id": str(uuid.uuid4()),
        "metric_type": "heart_rate",
        "biometric_data": {"heart_rate": 61},
        "created_at": "2026-01-02T03:04:05Z",
    }
    document = {
        "user_id": USER,
        "metrics": [metric],
        "upload_source": "clarity_desktop",
        "client_timestamp": "2026-01-02T03:04:05Z",
    }
    return json.dumps(document).encode()


async def row_of(proxy: FaultProxy, replica: Replica, fault: Fault) -> tuple[str, ...]:
    """One line of the table."""
    client = CloudClient(Service(proxy.url), Tokens(), clock=TestClock())
    async with client:
        proxy.always = Fault.NONE
        document = await ask_document(client)
        assert document is not None
        api = CloudApi(client, detect(document), USER)
        before = len(replica.state.uploads(USER))
        proxy.always = fault
        proxy.seen.clear()
        if fault is Fault.REFUSE:
            # Nobody listens there; the proxy could only reset what is connected already.
            api.client.base_url = "http://127.0.0.1:9"
        try:
            await api._call("me", read_timeout_s=0.5)
            read = "answer"
        except CloudError as error:
            read = error.code
        reads = len(proxy.seen)
        client.breaker.succeeded()
        client.capability_breaker("me").succeeded()
        proxy.seen.clear()
        upload, known = "answer", "known"
        try:
            await api._call("upload_metrics", body=body(), bucket="upload", read_timeout_s=0.5)
        except CloudError as error:
            upload, known = error.code, "unknown" if error.outcome_unknown else "known"
        sent = len(proxy.seen)
        if fault is Fault.DRIP:
            await asyncio.sleep(0.1)
        stored = len(replica.state.uploads(USER)) - before
    return (WORDS[fault], f"{read}, {reads}", upload, str(sent), known, str(stored))


def table(rows: list[tuple[str, ...]]) -> str:
    head = ("fault", "read: end, requests", "upload: end", "requests", "outcome", "stored")
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


@pytest.fixture
def rows(proxy: FaultProxy, replica: Replica) -> dict[Fault, tuple[str, ...]]:
    return {fault: asyncio.run(row_of(proxy, replica, fault)) for fault in Fault}


@pytest.mark.slow
def test_the_table_of_faults_is_what_happens(rows: dict[Fault, tuple[str, ...]]) -> None:
    assert table(list(rows.values())) in PAGE.read_text(encoding="utf-8"), table(list(rows.values()))
    for fault, (_, _, end, requests, outcome, stored) in rows.items():
        # Never twice by our own doing, and never lost as long as the end says "known".
        assert int(requests) <= (2 if fault is Fault.UNAUTHORISED else 1)
        assert int(stored) <= (2 if fault is Fault.DUPLICATE else 1)
        if end == "answer":
            assert stored in ("1", "2")
        elif outcome == "known":
            assert stored == "0", fault
