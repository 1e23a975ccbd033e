"""The pipeline of the one client: retries, breaker, own limits, refresh, coalescing, cache, hooks (client-lessons)."""

from __future__ import annotations

import ast
import asyncio
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

import clarity_desktop
from clarity_desktop.cloud.client import Call, CloudClient, CloudError, Hooks, Service, Trace, checked_address
from clarity_desktop.cloud.client.buckets import LIMITS
from clarity_desktop.cloud.client.cache import CachedBody
from clarity_desktop.cloud.client.certificates import tls_context
from clarity_desktop.cloud.network import Network
from clarity_desktop.domain.errors import InputError, UsageError
from tests.cloud.client.conftest import TestClock, Tokens, code_of, get, post
from tests.servers.fault_proxy import ANSWERS, Fault, FaultProxy
from tests.servers.replica import Replica

Run = Callable[..., Any]
SOURCES = sorted(Path(clarity_desktop.__file__).parent.rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def test_l1_one_place_speaks_http() -> None:
    wire = ("httpx", "requests", "aiohttp", "urllib.request", "urllib3", "http.client", "websockets")
    allowed = ("cloud/client/", "cloud/realtime/", "insights/providers/", "cloud/auth/cognito.py")
    root = Path(clarity_desktop.__file__).parent
    assert len(SOURCES) > 100
    for path in SOURCES:
        names = {one for one in imports_of(path) if one.split(".")[0] in wire or one in wire}
        assert not names or path.relative_to(root).as_posix().startswith(allowed), (path, names)


def test_l2_a_service_that_is_down_leaves_another_working(proxy: FaultProxy, replica: Replica) -> None:
    clock = TestClock()
    proxy.always = Fault.CRASH

    async def main() -> tuple[str, str]:
        down = CloudClient(Service(proxy.url), Tokens(), clock=clock)
        up = CloudClient(Service(replica.url), Tokens(), clock=clock)
        async with down, up:
            for _ in range(5):
                await code_of(down, post())
            return await code_of(down, post()), await code_of(up, get())

    assert asyncio.run(main()) == ("cloud.paused", "ok")


@pytest.mark.parametrize("address", ["http://server.example", "ftp://a", "https://a:b@c", "ws://x", "", "https://a?b"])
def test_l3_an_address_that_may_not_be_spoken_to(address: str) -> None:
    with pytest.raises(UsageError):
        checked_address(address)
    with pytest.raises(UsageError):
        CloudClient(Service(address))


def test_l4_checking_certificates_cannot_be_switched_off(tmp_path: Path) -> None:
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        assert "verify=False" not in text, path
        assert "CERT_NONE" not in text, path
        assert "check_hostname = False" not in text, path
    context = tls_context()
    assert context.check_hostname
    no_certificate = tmp_path / "ca.pem"
    no_certificate.write_text("nothing")
    with pytest.raises(InputError):
        tls_context(no_certificate)


def test_l5_a_redirect_is_followed_nowhere(run: Run, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        ANSWERS,
        Fault.HTML,
        (307, "text/html\r\nLocation: http://thief.example/", b"x"),
    )
    proxy.always = Fault.HTML
    assert run(lambda client: code_of(client, get())) == "cloud.redirect"
    assert len(proxy.seen) == 1


def test_l7_a_server_that_drips_ends_at_the_time_out(run: Run, proxy: FaultProxy) -> None:
    proxy.always = Fault.DRIP
    began = time.monotonic()
    assert run(lambda client: code_of(client, post(read_timeout_s=0.6))) == "cloud.timeout"
    assert 0.5 < time.monotonic() - began < 1.6
    assert Call("GET", "/", "/").read_timeout_s == 30.0


def test_l7_the_waits_are_settings_and_known_long_calls_keep_theirs(proxy: FaultProxy, tokens: Tokens) -> None:
    quick = Service(proxy.url, connect_s=1.0, total_s=0.5)
    assert Service(proxy.url).longest_s(get()) == 30.0
    assert quick.longest_s(get()) == 0.5
    assert quick.longest_s(post(read_timeout_s=75.0)) == 75.0
    assert Service(proxy.url, total_s=120.0).longest_s(post(read_timeout_s=75.0)) == 120.0
    proxy.always = Fault.DRIP

    async def main() -> str:
        async with CloudClient(quick, tokens) as client:
            return await code_of(client, post())

    began = time.monotonic()
    assert asyncio.run(main()) == "cloud.timeout"
    assert time.monotonic() - began < 1.5


def test_l8_no_connection_opens_on_the_callers_thread(
    proxy: FaultProxy, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    real = asyncio.BaseEventLoop.create_connection

    async def noted(self: Any, *arguments: Any, **more: Any) -> Any:
        threads.append(threading.current_thread())
        return await real(self, *arguments, **more)

    monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", noted)
    network = Network()

    async def work() -> str:
        async with CloudClient(Service(proxy.url), tokens) as client:
            return await code_of(client, get())

    try:
        assert network.run(work()) == "ok"
    finally:
        network.close()
    assert threads
    assert threading.main_thread() not in threads


def test_l11_twenty_401_at_once_are_one_refresh(run: Run, proxy: FaultProxy, tokens: Tokens, replica: Replica) -> None:
    replica.state.revoked.add("stub-token-11111111-2222-4333-8444-555555555555-0")

    async def work(client: CloudClient) -> list[str]:
        calls = [get(query={"n": str(number)}) for number in range(20)]
        return list(await asyncio.gather(*(code_of(client, call) for call in calls)))

    assert run(work) == ["ok"] * 20
    assert tokens.renewals == 1
    assert len(proxy.seen) == 40


def test_l12_a_second_401_is_no_loop(run: Run, proxy: FaultProxy, tokens: Tokens) -> None:
    proxy.always = Fault.UNAUTHORISED
    assert run(lambda client: code_of(client, get())) == "cloud.status_401"
    assert (len(proxy.seen), tokens.renewals) == (2, 1)
    tokens.ends = True
    assert run(lambda client: code_of(client, get())) == "cloud.signed_out"
    assert len(proxy.seen) == 3


def test_l13_the_servers_clock_is_told(run: Run, tokens: Tokens, clock: TestClock) -> None:
    clock.time = time.time() - 7200
    run(lambda client: client.send(get()))
    assert tokens.skews
    assert abs(tokens.skews[-1] - 7200) < 5
    assert formatdate(clock.time)


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_l20_three_attempts_with_their_pauses(run: Run, proxy: FaultProxy, clock: TestClock, method: str) -> None:
    proxy.always = Fault.UNAVAILABLE
    call = Call(method, "/api/v1/auth/me", "/api/v1/auth/me", capability="update_me" if method == "PUT" else "")
    assert run(lambda client: code_of(client, call)) == "cloud.status_503"
    assert len(proxy.seen) == 3
    assert clock.slept == [0.3, 1.0]


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.CUT_BEFORE, Fault.CUT_AFTER, Fault.CRASH])
def test_l21_what_must_not_be_done_twice_is_not(run: Run, proxy: FaultProxy, method: str, fault: Fault) -> None:
    proxy.always = fault
    call = Call(method, "/api/v1/auth/logout", "/api/v1/auth/logout")
    assert run(lambda client: code_of(client, call)) != "ok"
    assert len(proxy.seen) == 1


RETRIED = {408, 425, 429, 500, 502, 503, 504}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 422, *sorted(RETRIED)])
def test_l22_which_answers_are_retried(
    run: Run, proxy: FaultProxy, tokens: Tokens, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ANSWERS, Fault.UNAVAILABLE, (status, "application/json", b'{"detail": "x"}'))
    proxy.always = Fault.UNAVAILABLE
    run(lambda client: code_of(client, get(is_protected=False)))
    assert len(proxy.seen) == (3 if status in RETRIED and status != 429 else 1)


def test_l23_retry_after_is_waited_for(
    run: Run, proxy: FaultProxy, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ANSWERS, Fault.UNAVAILABLE, (503, "application/json\r\nRetry-After: 7", b'{"detail": "x"}'))
    proxy.faults.append(Fault.UNAVAILABLE)
    assert run(lambda client: code_of(client, get())) == "ok"
    assert clock.slept == [7.0]


def test_l24_five_failures_open_the_breaker_for_a_minute(run: Run, proxy: FaultProxy, clock: TestClock) -> None:
    proxy.always = Fault.UNAVAILABLE

    async def work(client: CloudClient) -> list[str]:
        found = [await code_of(client, post()) for _ in range(5)]
        with pytest.raises(CloudError) as paused:
            await client.send(post())
        assert paused.value.code == "cloud.paused"
        assert "until" in paused.value.message
        clock.time += 61
        proxy.always = Fault.NONE
        found += [await code_of(client, post()) for _ in range(2)]
        return found

    assert run(work) == ["cloud.status_503"] * 5 + ["ok"] * 2
    assert len(proxy.seen) == 7


def test_l24_a_probe_that_fails_pauses_again(run: Run, proxy: FaultProxy, clock: TestClock) -> None:
    proxy.always = Fault.UNAVAILABLE

    async def work(client: CloudClient) -> list[str]:
        for _ in range(5):
            await code_of(client, post())
        clock.time += 61
        return [await code_of(client, post()) for _ in range(2)]

    assert run(work) == ["cloud.status_503", "cloud.paused"]


def test_l25_refusals_and_cancellations_do_not_count(run: Run, proxy: FaultProxy) -> None:
    async def work(client: CloudClient) -> int:
        for _ in range(8):
            await code_of(client, get("/api/v1/nothing"))
        proxy.always = Fault.LATENCY
        for _ in range(6):
            task = asyncio.ensure_future(client.send(post()))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        return client.breaker.failures

    assert run(work) == 0


def test_l27_own_limits_stay_below_the_servers(run: Run, proxy: FaultProxy, clock: TestClock) -> None:
    assert {name: most for name, (most, _) in LIMITS.items()} == {
        "upload": 90,
        "pat": 18,
        "login": 8,
        "register": 4,
        "insight": 45,
        "read": 200,
    }

    async def work(client: CloudClient) -> list[str]:
        found = [await code_of(client, post(bucket="register")) for _ in range(5)]
        clock.time += 3601
        return [*found, await code_of(client, post(bucket="register"))]

    assert run(work) == ["ok"] * 4 + ["cloud.limit", "ok"]
    assert len(proxy.seen) == 5


def test_l28_cancelling_frees_the_connection(run: Run, proxy: FaultProxy) -> None:
    proxy.always = Fault.DRIP

    async def work(client: CloudClient) -> float:
        task = asyncio.ensure_future(client.send(get()))
        await asyncio.sleep(0.3)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(proxy.closed_early.wait, 2)
        return time.monotonic() - began

    assert run(work) < 0.5


def test_l29_ten_equal_gets_are_one_request(run: Run, proxy: FaultProxy) -> None:
    async def work(client: CloudClient) -> list[Any]:
        queries = [{"a": "1", "b": "2"}, {"b": "2", "a": "1"}] * 5
        return list(await asyncio.gather(*(client.send(get(query=query)) for query in queries)))

    assert len(run(work)) == 10
    assert len(proxy.seen) == 1


def test_l30_one_who_leaves_takes_nothing_from_the_others(run: Run, proxy: FaultProxy) -> None:
    proxy.always = Fault.LATENCY

    async def work(client: CloudClient) -> Any:
        first, second = (asyncio.ensure_future(client.send(get())) for _ in range(2))
        await asyncio.sleep(0.1)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return (await second).status

    assert run(work) == 200
    assert len(proxy.seen) == 1


class Kept:
    """A cache in memory."""

    def __init__(self) -> None:
        self.bodies: dict[str, CachedBody] = {}

    def find(self, account: str, call: Call) -> CachedBody | None:
        return self.bodies.get(account + call.path)

    def keep(self, account: str, call: Call, body: CachedBody) -> None:
        self.bodies[account + call.path] = body


def test_l31_an_etag_is_sent_back_and_304_serves_the_copy(
    run: Run, proxy: FaultProxy, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ANSWERS, Fault.HTML, (200, 'application/json\r\nETag: "7"', b'{"n": 1}'))
    monkeypatch.setitem(ANSWERS, Fault.CRASH, (304, "application/json", b""))
    proxy.faults.extend([Fault.HTML, Fault.CRASH])

    async def work(client: CloudClient) -> tuple[Any, Any]:
        first = await client.send(get())
        clock.time += 40
        return first, await client.send(get())

    first, second = run(work, cache=Kept())
    assert (first.is_from_cache, second.is_from_cache, second.document) == (False, True, {"n": 1})
    assert second.age_s == 40


def test_l31_a_server_without_etags_works_unchanged(run: Run, proxy: FaultProxy) -> None:
    kept = Kept()

    async def work(client: CloudClient) -> bool:
        await client.send(get())
        return (await client.send(get())).is_from_cache

    assert run(work, cache=kept) is False
    assert kept.bodies == {}


def test_l34_a_page_of_a_portal_is_no_answer(run: Run, proxy: FaultProxy) -> None:
    proxy.always = Fault.HTML
    assert run(lambda client: code_of(client, get())) == "cloud.portal"


def test_l37_every_failure_has_the_same_shape(run: Run, proxy: FaultProxy) -> None:
    async def work(client: CloudClient) -> list[CloudError]:
        found = []
        for fault in (Fault.UNAVAILABLE, Fault.CRASH, Fault.HTML, Fault.TRUNCATED, Fault.CUT_MIDDLE, Fault.REFUSE):
            proxy.always = fault
            with pytest.raises(CloudError) as raised:
                await client.send(get())
            found.append(raised.value)
            client.breaker.succeeded()
        return found

    for error in run(work):
        assert error.code.startswith("cloud.")
        assert error.message.endswith(".")
        assert error.remedy
        assert error.correlation
        assert isinstance(error.retryable, bool)


def test_l39_one_correlation_for_an_action_and_its_retries(run: Run, proxy: FaultProxy, replica: Replica) -> None:
    traces: list[Trace] = []
    hooks = Hooks(on_request=[traces.append])
    proxy.faults.extend([Fault.UNAVAILABLE, Fault.UNAVAILABLE])
    call = get()

    async def work(client: CloudClient) -> str:
        found = (await client.send(call)).correlation
        await asyncio.sleep(0.1)
        return found

    assert run(work, hooks=hooks) == call.correlation
    assert [one.attempt for one in traces] == [1, 2, 3]
    assert {one.correlation for one in traces} == {call.correlation}


def test_l42_no_error_tells_what_was_sent(run: Run, proxy: FaultProxy) -> None:
    secret = "canary-7781"
    call = Call("POST", f"/api/v1/x/{secret}", "/api/v1/x/{id}", document={"password": secret}, query={"q": secret})
    proxy.always = Fault.CRASH

    async def work(client: CloudClient) -> str:
        with pytest.raises(CloudError) as raised:
            await client.send(call)
        return f"{raised.value!r} {raised.value} {raised.value.as_document()} {raised.value.detail}"

    assert secret not in run(work)
    assert "password" not in repr(call)


def test_l43_hooks_see_shapes_alone(run: Run) -> None:
    traces: list[Trace] = []
    hooks = Hooks(on_response=[traces.append])

    async def work(client: CloudClient) -> None:
        await client.send(Call("GET", "/api/v1/auth/me", "/api/v1/auth/me", query={"id": "secret"}))
        await asyncio.sleep(0.1)

    run(work, hooks=hooks)
    assert set(Trace.__slots__) == {
        "template",
        "method",
        "status",
        "duration_s",
        "bytes_sent",
        "bytes_received",
        "attempt",
        "correlation",
    }
    assert "secret" not in repr(traces)
    assert traces[0].bytes_received > 0


def test_l45_a_hook_that_raises_or_hangs_harms_nobody(run: Run) -> None:
    free = threading.Event()

    def raises(trace: Trace) -> None:
        raise ValueError(trace)

    hooks = Hooks(on_request=[raises, lambda _: free.wait(5) and None])

    async def work(client: CloudClient) -> float:
        began = time.monotonic()
        await client.send(get())
        took = time.monotonic() - began
        free.set()
        await asyncio.sleep(0.1)
        return took

    assert run(work, hooks=hooks) < 2
    assert hooks.raised == 1
