"""Every error envelope of the recorded transcripts becomes one shape, and nothing that was sent comes back with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.cloud.problem import MOST_WAIT_S, Problem, read_problem

TRANSCRIPTS = Path(__file__).parent.parent / "data" / "clarity" / "transcripts"


def exchanges() -> list[Any]:
    found = []
    for path in sorted(TRANSCRIPTS.glob("*.json")):
        for entry in json.loads(path.read_text(encoding="utf-8")):
            response = entry.get("response")
            if response and response.get("status", 0) >= 400:
                found.append(pytest.param(entry, id=f"{path.stem}-{entry['id']}"))
    return found


def read(entry: dict[str, Any]) -> Problem:
    response = entry["response"]
    body = response.get("body")
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode() if body is not None else b""
    headers = {name.lower(): value for name, value in response.get("headers", {}).items()}
    return read_problem(response["status"], headers, raw)


@pytest.mark.parametrize("entry", exchanges())
def test_each_recorded_failure_becomes_a_problem(entry: dict[str, Any]) -> None:
    found = read(entry)
    assert found.status == entry["response"]["status"]
    assert found.title
    assert found.detail
    assert "Internal Server Error" not in found.detail
    assert "<" not in found.detail
    body = entry["request"].get("body")
    if isinstance(body, dict) and isinstance(body.get("password"), str) and len(body["password"]) > 3:
        assert body["password"] not in repr(found)


def test_all_eight_envelopes_occur_in_the_transcripts() -> None:
    kinds = {read(param.values[0]).raw_kind for param in exchanges()}
    assert {"E1", "E2", "E3", "E4", "E5", "E6", "E7", "E8"} <= kinds


def test_d5_echoed_input_is_dropped_unread() -> None:
    body = {
        "detail": [
            {
                "type": "string_too_short",
                "loc": ["body", "password"],
                "msg": "too short",
                "input": "S3cret!",
                "ctx": {"x": "S3cret!"},
            }
        ]
    }
    found = read_problem(422, {}, json.dumps(body).encode())
    assert found.errors[0].field == "password"
    assert found.errors[0].code == "string_too_short"
    assert "S3cret!" not in repr(found)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", None),
        ("-5", None),
        ("soon", None),
        ("12", 12.0),
        ("3600", MOST_WAIT_S),
        ("Thu, 01 Jan 1970 00:00:30 GMT", 20.0),
        ("Thu, 01 Jan 1970 00:00:05 GMT", None),
    ],
)
def test_d29_a_wait_of_zero_counts_as_none(text: str, seconds: float | None) -> None:
    assert read_problem(429, {"retry-after": text}, b"{}", now=10.0).retry_after_s == seconds


def test_types_are_compared_by_their_last_part() -> None:
    body = json.dumps({"type": "https://x.example/problems/account-locked", "title": "t", "detail": "d"}).encode()
    found = read_problem(429, {"content-type": "application/problem+json"}, body)
    assert found.code == "account_locked"
    assert found.raw_kind == "problem+json"


def test_d13_some_routes_say_not_found_with_400() -> None:
    body = json.dumps({"detail": "Processing job abc not found"}).encode()
    assert read_problem(400, {}, body).is_not_found
    assert not read_problem(400, {}, b'{"detail": "no"}').is_not_found


@given(status=st.integers(400, 599), body=st.binary(max_size=200))
def test_no_body_makes_it_raise(status: int, body: bytes) -> None:
    assert read_problem(status, {}, body).status == status


@given(
    status=st.integers(400, 599),
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["detail", "type", "title", "errors", "code", "error", "loc"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    ),
)
def test_no_document_makes_it_raise(status: int, body: Any) -> None:
    assert read_problem(status, {"retry-after": "1"}, json.dumps(body).encode()).title
