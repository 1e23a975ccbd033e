"""Walking a list of a server that repeats, leaves out and claims (L-36), and finding out what a server is (L-52)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from clarity_desktop.cloud.api import CloudApi
from clarity_desktop.cloud.client import CloudClient, CloudError, Service
from clarity_desktop.cloud.contract import detect
from clarity_desktop.cloud.contract.asking import ask_document, find_out
from tests.cloud.client.conftest import USER, TestClock, Tokens
from tests.servers.replica import Replica


class Pages(CloudApi):
    """An api whose list has pages of its own."""

    def __init__(self, api: CloudApi, total: int, sticks: bool) -> None:
        super().__init__(api.client, api.detection, api.user_id)
        self.total, self.sticks, self.asked = total, sticks, 0

    async def _call(self, capability: str, *arguments: Any, **more: Any) -> Any:
        self.asked += 1
        query = more["query"]
        start = 0 if self.sticks else int(query["offset"])
        data = [{"processing_id": str(n), "metrics": []} for n in range(start, min(start + 200, self.total))]
        pagination = {"has_next": True, "next_cursor": None if start % 400 else "same"}
        return type("Answer", (), {"document": {"data": data, "pagination": pagination}})()


async def api_of(replica: Replica, client: CloudClient) -> CloudApi:
    document = await ask_document(client)
    assert document is not None
    del replica
    return CloudApi(client, detect(document), USER)


@pytest.mark.parametrize(("total", "sticks", "expected", "asked"), [(10_000, False, 10_000, 51), (500, True, 200, 2)])
def test_l36_a_list_is_walked_without_loop_or_gap(
    replica: Replica, total: int, sticks: bool, expected: int, asked: int
) -> None:
    async def main() -> tuple[int, int]:
        async with CloudClient(Service(replica.url), Tokens(), clock=TestClock()) as client:
            pages = Pages(await api_of(replica, client), total, sticks)
            found = [one.processing_id async for one in pages.list_uploads()]
            assert len(set(found)) == len(found)
            return len(found), pages.asked

    assert asyncio.run(main()) == (expected, asked)


def test_l52_what_a_server_lacks_is_off_before_the_first_click(replica: Replica) -> None:
    async def main() -> None:
        async with CloudClient(Service(replica.url), Tokens(), clock=TestClock()) as client:
            document = await ask_document(client)
            assert document is not None
            paths = {path: item for path, item in document["paths"].items() if "step-analysis" not in path}
            api = CloudApi(client, detect({**document, "paths": paths}), USER)
            assert not api.offers("pat_steps")
            before = sum(replica.state.calls.values())
            with pytest.raises(CloudError) as off:
                await api.pat_steps([0] * 1440, 0.0)
            assert off.value.code == "cloud.capability"
            assert off.value.message == "This server does not offer this: A week beside the server's analysis."
            assert "names no POST /api/v1/pat/step-analysis." in off.value.remedy
            assert sum(replica.state.calls.values()) == before

    asyncio.run(main())


def test_a_server_is_found_out_by_its_document(replica: Replica) -> None:
    async def main() -> str:
        async with CloudClient(Service(replica.url), clock=TestClock()) as client:
            found = await find_out(client)
            assert found.profile is not None
            return found.profile.name

    assert asyncio.run(main()) == "openapi"
