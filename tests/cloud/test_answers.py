"""Where an answer and its description differ: names and kinds, never values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarity_desktop.cloud.contract import profile
from clarity_desktop.cloud.contract.answers import answer_differences

ME = ("GET", "/api/v1/auth/me")
UPLOAD = ("POST", "/api/v1/health-data/")
RECEIPT: dict[str, Any] = {
    "processing_id": "b0a3bb9e-4c7e-4c5b-9f0d-1f1f1f1f1f1f",
    "status": "processing",
    "accepted_metrics": 3,
    "message": "ok",
}


def test_l86_an_answer_as_described_differs_in_nothing() -> None:
    found = {"user_id": "u", "email": None, "email_verified": False, "display_name": None, "auth_provider": "cognito"}
    assert answer_differences(*ME, found) == ()
    assert answer_differences("GET", "/api/v1/never/described", {"anything": 1}) == ()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"auth_provider": ...}, "auth_provider is missing"),
        ({"role": "admin"}, "role is not described"),
        ({"email_verified": "yes"}, "email_verified is string and described as boolean"),
        ({"user_id": 7}, "user_id is integer and described as string"),
        ({"ada@clinic.example": 1}, "a field of another form is not described"),
    ],
)
def test_l86_differences_are_names_and_kinds(changes: dict[str, Any], told: str) -> None:
    found = {"user_id": "u", "email": None, "email_verified": False, "display_name": None, "auth_provider": "cognito"}
    found = {name: one for name, one in {**found, **changes}.items() if one is not ...}
    assert answer_differences(*ME, found) == (told,)


def test_a_list_in_place_of_an_object() -> None:
    assert answer_differences(*ME, []) == ("the answer is array and described as object",)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
CANARY = "canary-0451"


@given(JSON, st.sampled_from([one for one in profile("openapi").endpoints if one.method != "WS"]))
def test_whatever_a_server_answers_is_compared_without_a_fault(document: Any, endpoint: Any) -> None:
    told = answer_differences(endpoint.method, endpoint.path, document)
    assert len(told) <= 12
    assert all(one.isprintable() for one in told)


def test_no_value_is_ever_repeated() -> None:
    document = {**dict.fromkeys(RECEIPT, CANARY), "metrics": [{CANARY: CANARY}], CANARY: CANARY}
    told = answer_differences(*UPLOAD, document)
    assert told
    assert CANARY not in json.dumps(told)
