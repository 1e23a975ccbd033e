"""The client against a replica behind a proxy that faults are asked of, on a clock that tests move."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from clarity_desktop.cloud.client import Answer, Call, CloudClient, CloudError, Service
from clarity_desktop.cloud.client.failures import signed_out
from tests.servers.fault_proxy import FaultProxy, fault_proxy
from tests.servers.replica import Replica, running_replica
from tests.servers.replica.accounts import stub_token

USER = "11111111-2222-4333-8444-555555555555"
T = TypeVar("T")


@dataclass
class TestClock:
    """Time that only sleeping and tests move; every sleep is written down."""

    __test__ = False
    time: float = 1_800_000_000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def steady(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)

    def jitter(self, seconds: float, share: float) -> float:
        del share
        return seconds


@dataclass
class Tokens:
    """Tokens of the replica, with a new mark at each renewal."""

    mark: int = 0
    renewals: int = 0
    ends: bool = False
    skews: list[float] = field(default_factory=list)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def access_token(self) -> str:
        return stub_token(USER, str(self.mark))

    async def renew(self, refused: str) -> str:
        async with self._lock:
            if refused == stub_token(USER, str(self.mark)):
                if self.ends:
                    raise signed_out()
                self.renewals += 1
                await asyncio.sleep(0.01)
                self.mark += 1
            return stub_token(USER, str(self.mark))

    def server_time(self, skew_s: float) -> None:
        self.skews.append(skew_s)


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture(scope="module")
def shared_replica(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    with running_replica(tmp_path_factory.mktemp("replica") / "replica.db") as running:
        yield running


@pytest.fixture
def replica(shared_replica: Replica) -> Replica:
    shared_replica.state.calls.clear()
    shared_replica.state.bodies.clear()
    shared_replica.state.revoked.clear()
    return shared_replica


@pytest.fixture
def proxy(replica: Replica) -> Iterator[FaultProxy]:
    with fault_proxy(replica.url) as running:
        yield running


Run = Callable[[Callable[[CloudClient], Coroutine[Any, Any, T]]], T]


@pytest.fixture
def run(proxy: FaultProxy, tokens: Tokens, clock: TestClock) -> Callable[..., Any]:
    """Run a coroutine with a client whose requests go through the proxy."""

    def call(work: Callable[[CloudClient], Coroutine[Any, Any, T]], **more: Any) -> T:
        async def main() -> T:
            client = CloudClient(Service(proxy.url), tokens, account="a", clock=clock, **more)
            async with client:
                return await work(client)

        return asyncio.run(main())

    return call


def get(path: str = "/api/v1/auth/me", **more: Any) -> Call:
    return Call("GET", path, path, **more)


def post(path: str = "/api/v1/auth/logout", **more: Any) -> Call:
    return Call("POST", path, path, **more)


async def code_of(client: CloudClient, call: Call) -> str:
    """The code that a call fails by, or ``ok``."""
    try:
        answer = await client.send(call)
    except CloudError as error:
        return error.code
    assert isinstance(answer, Answer)
    return "ok"
