"""Profiles, telling which server answers, and where it differs from what the program was made for."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from clarity_desktop.assets import asset
from clarity_desktop.cloud.contract import compare_contract, detect, profile, profiles
from clarity_desktop.cloud.contract.profiles import normal_path
from clarity_desktop.domain.errors import NotFoundError


def document(name: str) -> dict[str, Any]:
    found = json.loads(asset(f"resources/cloud/openapi/{name}.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def served_by(name: str) -> dict[str, Any]:
    """A document that names every route of a profile."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in profile(name).endpoints:
        if endpoint.method != "WS":
            paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = {}
    return {"paths": paths}


def test_every_endpoint_is_used_or_unused_with_its_reason() -> None:
    for one in profiles():
        assert one.endpoints
        for endpoint in one.endpoints:
            assert (endpoint.used_for is None) != (endpoint.unused_because is None), endpoint.id
    with pytest.raises(NotFoundError):
        profile("nobody")


@pytest.mark.parametrize("name", ["published", "served"])
def test_the_observed_server_is_told_by_its_document(name: str) -> None:
    found = detect(document(name))
    assert found.profile is not None
    assert found.profile.name == "openapi"
    assert found.offers("upload_metrics")
    assert found.offers("ws_room")
    assert not found.offers("metrics_user")


@pytest.mark.parametrize("name", ["openapi", "audit", "draft"])
def test_each_profile_is_told_by_its_own_routes(name: str) -> None:
    found = detect(served_by(name))
    assert found.profile is profile(name)


def test_an_unknown_server_has_no_capability() -> None:
    found = detect({"paths": {"/api/v1/pets": {"get": {}}}})
    assert found.profile is None
    assert not found.offers("upload_metrics")
    assert detect({"paths": None}).profile is None
    assert compare_contract({"paths": {"/x": {"get": {}}}}).differences


@pytest.mark.parametrize(
    ("path", "bare"),
    [
        ("/api/v1/health-data/", "/health-data"),
        ("/api/health", "/health"),
        ("/apiary", "/apiary"),
        ("/api/v1/", "/"),
        ("/", "/"),
        ("/api/v1/pat/analysis/{processing_id}", "/pat/analysis/{}"),
    ],
)
def test_paths_are_compared_whole_without_prefix_and_slash(path: str, bare: str) -> None:
    assert normal_path(path) == bare


def test_the_served_document_and_its_profile_agree() -> None:
    report = compare_contract(document("served"))
    assert not [one for one in report.endpoints if one.status == "missing"]
    assert {one.status for one in report.endpoints} == {"used", "unused"}
    assert all(one.reason for one in report.endpoints)
    assert report.differences == ()


def test_differences_are_named_one_by_one() -> None:
    changed = copy.deepcopy(document("served"))
    del changed["paths"]["/api/v1/pat/step-analysis"]
    changed["paths"]["/api/v1/new-route"] = {"get": {}}
    body = changed["paths"]["/api/v1/auth/register"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    name = body["$ref"].rsplit("/", 1)[-1]
    register = changed["components"]["schemas"][name]
    register["properties"]["birthday"] = {"type": "string"}
    register["required"].append("birthday")
    del register["properties"]["display_name"]
    register["properties"]["password"]["minLength"] = 12
    report = compare_contract(changed)
    text = "\n".join(report.differences)
    assert "GET /new-route is served and not known" in text
    assert "POST /auth/register request: the field birthday is new and needed." in text
    assert "the field display_name is gone" in text
    assert "the field password was" in text
    assert "minLength 12" in text
    missing = [one for one in report.endpoints if one.status == "missing"]
    assert [one.capability for one in missing] == ["pat_steps"]


def test_a_path_is_filled_with_quoted_parameters() -> None:
    endpoint = profile("openapi").endpoint("processing_status")
    assert endpoint is not None
    assert endpoint.filled(processing_id="a/b c") == "/api/v1/health-data/processing/a%2Fb%20c"
    with pytest.raises(KeyError):
        endpoint.filled()
