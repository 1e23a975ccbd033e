"""Every endpoint of every profile: the replica serves it, those that are used have a caller, all others a reason."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
from pathlib import Path

import pytest

import clarity_desktop
from clarity_desktop.cloud.client import Call, CloudClient, CloudError, Service
from clarity_desktop.cloud.contract import Auth, Endpoint, compare_contract, profile
from clarity_desktop.cloud.contract.asking import find_out
from clarity_desktop.cloud.contract.profiles import PROFILE_NAMES
from clarity_desktop.cloud.problem import Problem
from tests.cloud.client.conftest import USER, TestClock, Tokens
from tests.servers.replica import running_replica

PARAMETER = re.compile(r"\{[^/{}]+\}")
_NEVER_MET = "no server with this profile has been met; the list was drawn up by hand"
WITHOUT_CALLER = {
    "api_info": "asked by its path, before a profile is known",
    "root": "the second signal has told the profile by then",
    "sync_status": _NEVER_MET,
    "pat_reports": _NEVER_MET,
    "chat": _NEVER_MET,
    "ws_room": "opened by cloud/realtime, which is told the path",
    "ws_stream": "opened by cloud/realtime, which is told the path",
    "ws_analysis": "opened by cloud/realtime, which is told the path",
}
"""Capabilities marked as used that no method of the api is named after, and why."""


def filled(endpoint: Endpoint) -> str:
    values = {name[1:-1]: USER for name in PARAMETER.findall(endpoint.path)}
    return endpoint.filled(**values)


async def problem_of(client: CloudClient, call: Call) -> Problem | None:
    try:
        await client.send(call)
    except CloudError as error:
        if error.problem is None:
            raise
        return error.problem
    return None


@pytest.mark.parametrize("name", PROFILE_NAMES)
def test_l74_every_endpoint_is_served_and_guarded(name: str, tmp_path: Path) -> None:
    known = profile(name)
    assert len({one.id for one in known.endpoints}) == len(known.endpoints)
    with running_replica(tmp_path / "replica.db", profile=name) as replica:
        for endpoint in known.endpoints:
            if endpoint.method == "WS":
                continue
            connection = http.client.HTTPConnection("127.0.0.1", replica.port, timeout=10)
            body = "{}" if endpoint.method in ("POST", "PUT") else None
            connection.request(endpoint.method, filled(endpoint), body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            connection.close()
            assert answer.status not in (404, 405), endpoint.id
            if endpoint.auth is Auth.BEARER:
                assert answer.status == 401, endpoint.id


@pytest.mark.parametrize("name", PROFILE_NAMES)
def test_l83_the_client_finds_each_profile_and_calls_its_reads(name: str, tmp_path: Path) -> None:
    async def main(url: str) -> None:
        async with CloudClient(Service(url), Tokens(), clock=TestClock()) as client:
            # The draft server serves no document, so a person says which it is.
            found = await find_out(client, "draft" if name == "draft" else "")
            assert found.profile is not None
            assert found.profile.name == name
            for endpoint in found.profile.endpoints:
                if endpoint.method != "GET" or not endpoint.is_used or endpoint.capability == "openapi":
                    continue
                call = Call("GET", filled(endpoint), endpoint.path, is_protected=endpoint.auth is Auth.BEARER)
                problem = await problem_of(client, call)
                assert problem is None or problem.is_not_found, endpoint.id

    with running_replica(tmp_path / "replica.db", profile=name) as replica:
        asyncio.run(main(replica.url))


@pytest.mark.parametrize("name", PROFILE_NAMES)
def test_l72_used_means_called_and_unused_has_a_reason(name: str) -> None:
    root = Path(clarity_desktop.__file__).parent / "cloud"
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(root.rglob("*.py")))
    missing = []
    for endpoint in profile(name).endpoints:
        assert bool(endpoint.used_for) != bool(endpoint.unused_because), endpoint.id
        if endpoint.is_used and f'"{endpoint.capability}"' not in text and endpoint.capability not in WITHOUT_CALLER:
            missing.append(endpoint.capability)
    assert missing == []


def test_l73_the_list_of_the_served_document_is_the_profiles() -> None:
    from clarity_desktop.assets import asset

    document = json.loads(asset("resources/cloud/openapi/served.json").read_text(encoding="utf-8"))
    report = compare_contract(document)
    assert [one for one in report.endpoints if one.status == "missing" and one.method != "WS"] == []
