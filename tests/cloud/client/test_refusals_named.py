"""What a server refuses is named: the feature that went, the right, the size, the service (L-41)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clarity_desktop.cloud.client import Call
from clarity_desktop.cloud.client.failures import from_problem
from clarity_desktop.cloud.problem import read_problem

TRANSCRIPTS = Path(__file__).parents[2] / "data" / "clarity" / "transcripts"
UPLOAD = Call("POST", "/api/v1/health-data", "/api/v1/health-data", body=b"x" * 5_242_900, capability="upload_metrics")
WRITE = Call("POST", "/api/v1/insights", "/api/v1/insights", document={"a": 1}, capability="insight_generate")
READY = Call("GET", "/api/v1/pat/health", "/api/v1/pat/health", capability="pat_health")


def recorded(name: str, status: int) -> bytes:
    """The body of the first recorded answer with a status."""
    for entry in json.loads((TRANSCRIPTS / f"{name}.json").read_text("utf-8")):
        if entry["response"].get("status") == status:
            return json.dumps(entry["response"]["body"]).encode()
    raise AssertionError(f"{name} holds no {status}")


@pytest.mark.parametrize(
    ("name", "status", "call", "words"),
    [
        ("published-data", 410, UPLOAD, "no longer offers this: Sending measurements"),
        ("published-insights", 403, WRITE, "no right to this at the server: Texts by the server"),
        ("published-limits", 413, UPLOAD, "5.2 MB were sent"),
        ("published-insights", 503, WRITE, "service of the server is down: Texts by the server"),
        ("published-insights", 503, READY, "service of the server is down: pat"),
    ],
)
def test_l41_what_is_refused_is_named(name: str, status: int, call: Call, words: str) -> None:
    problem = read_problem(status, {"content-type": "application/json"}, recorded(name, status))
    error = from_problem(call, problem)
    assert words in error.message
    assert str(status) not in error.message
    assert error.message.endswith(".")
    assert error.remedy.endswith(".")


def test_l41_what_takes_its_place_is_told() -> None:
    problem = read_problem(410, {"content-type": "application/json"}, recorded("published-data", 410))
    assert from_problem(UPLOAD, problem).remedy == "The server names in its place: GET /api/v1/health-data/."


def test_l41_a_refusal_with_words_of_its_own_keeps_them() -> None:
    body = b'{"detail": {"type": "email_not_verified", "title": "E-mail not verified", "status": 403, "detail": "d"}}'
    problem = read_problem(403, {"content-type": "application/json"}, body)
    assert from_problem(WRITE, problem).message == "E-mail not verified."
