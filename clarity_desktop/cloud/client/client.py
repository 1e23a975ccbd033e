"""The pipeline: correlation, offline, coalescing, token, own limit, breaker, one retry layer, transport."""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import json
import ssl
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from clarity_desktop.cloud.client.addresses import checked_address
from clarity_desktop.cloud.client.breaker import Breaker, BreakerState
from clarity_desktop.cloud.client.buckets import Buckets, BucketStore
from clarity_desktop.cloud.client.cache import CachedBody, HttpCache
from clarity_desktop.cloud.client.certificates import fingerprint_of, tls_context
from clarity_desktop.cloud.client.clock import Clock, SystemClock
from clarity_desktop.cloud.client.exchange import CONNECT_S, NO_PROXY, TOTAL_S, Answer, Call, CloudError, Hooks, Trace
from clarity_desktop.cloud.client.failures import (
    address_refused,
    bucket_empty,
    from_problem,
    no_answer,
    paused,
    unreadable,
)
from clarity_desktop.cloud.client.tokens import TokenSource
from clarity_desktop.cloud.client.wire import encoded, read_body, reference_of
from clarity_desktop.cloud.problem import Problem, read_problem

if TYPE_CHECKING:
    import httpx

__all__ = ["CloudClient", "Service"]

_PAUSES_S: Final = (0.0, 0.3, 1.0)
_JITTER: Final = 0.2
_FAULTS_IN_A_ROW: Final = 3
"""E8 answers after which a capability counts as broken (clarity-api §9)."""


@dataclass(frozen=True, slots=True)
class Service:
    """A server with what reaching it needs."""

    base_url: str
    ca_file: Path | None = None
    """Certificates of an own authority, besides the system's."""
    pin_sha256: str | None = None
    """SHA-256 of the server certificate (DER) that alone is trusted, in hex."""
    proxy: str | None = None
    """Address of a proxy; the system's own when ``None``, and none at all for :data:`NO_PROXY`."""
    connect_s: float = CONNECT_S
    """Longest wait for a connection."""
    total_s: float = TOTAL_S
    """Longest wait for an answer, but for calls that are known to take longer."""

    def longest_s(self, call: Call) -> float:
        """Longest wait for the answer of a call (L-7)."""
        if call.read_timeout_s == TOTAL_S:
            return self.total_s
        return max(call.read_timeout_s, self.total_s) if call.read_timeout_s > TOTAL_S else call.read_timeout_s


class CloudClient:
    """All requests to one server for one account. Used from one event loop; never from the window's thread.

    Parameters
    ----------
    service:
        Where to; raises :class:`UsageError` for an address that may not be spoken to.
    tokens:
        Of the account; ``None`` for calls that need none.
    cache:
        Where answers with an ETag are kept; ``None`` keeps none.
    """

    def __init__(
        self,
        service: Service,
        tokens: TokenSource | None = None,
        *,
        account: str = "",
        clock: Clock | None = None,
        bucket_store: BucketStore | None = None,
        cache: HttpCache | None = None,
        hooks: Hooks | None = None,
    ) -> None:
        self.base_url = checked_address(service.base_url)
        self._service = service
        self._tokens = tokens
        self.account = account
        self.clock: Clock = clock or SystemClock()
        self.buckets = Buckets(self.clock, bucket_store, f"{self.base_url}/{account}")
        self.breaker = Breaker(self.clock)
        self.hooks = hooks or Hooks()
        self.referred: Callable[[Call, str], None] | None = None
        """Told the server's own reference of a call, where it gives one (L-40); must not wait."""
        self._capabilities: dict[str, Breaker] = {}
        self._cache = cache
        self._running: dict[str, asyncio.Task[Answer]] = {}
        self._http: httpx.AsyncClient | None = None
        self._listeners = ThreadPoolExecutor(1, thread_name_prefix="cloud-hooks")

    async def __aenter__(self) -> CloudClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End all connections."""
        for task in tuple(self._running.values()):
            task.cancel()
        if self._http is not None:
            await self._http.aclose()
            self._http = None
        self._listeners.shutdown(wait=False, cancel_futures=True)

    @property
    def service(self) -> Service:
        """Where to, and with what trust."""
        return self._service

    def capability_breaker(self, capability: str) -> Breaker:
        """The breaker of one capability: it opens after three faults without an envelope in a row."""
        if capability not in self._capabilities:
            self._capabilities[capability] = Breaker(self.clock, most_failures=_FAULTS_IN_A_ROW)
        return self._capabilities[capability]

    def paused_capabilities(self) -> tuple[str, ...]:
        """Capabilities whose own breaker is open."""
        held = self._capabilities.copy()
        return tuple(sorted(name for name, one in held.items() if one.state is not BreakerState.CLOSED))

    async def reset_breakers(self) -> None:
        """Let calls pass again at once, of the server and of each capability."""
        for breaker in (self.breaker, *self._capabilities.values()):
            breaker.succeeded()

    # -- the way of a call ------------------------------------------------------------------------------------

    async def send(self, call: Call) -> Answer:
        """Make a call.

        Raises
        ------
        CloudError
            For everything but a success; ``outcome_unknown`` says when the server may have acted all the same.
        """
        if call.method != "GET" or call.token is not None:
            return await self._attempts(call)
        key = json.dumps([call.method, call.path, sorted(call.query.items()), self.account])
        task = self._running.get(key)
        if task is None or task.done():
            task = self._running[key] = asyncio.ensure_future(self._attempts(call))
            task.add_done_callback(lambda done: self._forget(key, done))
        # One who leaves does not stop the others; the last one to leave does.
        waiters = getattr(task, "clarity_waiters", 0) + 1
        task.clarity_waiters = waiters  # type: ignore[attr-defined]
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.clarity_waiters == 1 and not task.done():  # type: ignore[attr-defined]
                task.cancel()
            raise
        finally:
            task.clarity_waiters -= 1  # type: ignore[attr-defined]

    def _forget(self, key: str, done: asyncio.Task[Answer]) -> None:
        if self._running.get(key) is done:
            del self._running[key]
        if not done.cancelled():
            # Everybody may have left; what went wrong then concerns nobody.
            done.exception()

    async def _attempts(self, call: Call) -> Answer:
        last: CloudError | None = None
        for attempt, pause in enumerate(_PAUSES_S, 1):
            if pause:
                wait = self.clock.jitter(pause, _JITTER)
                if last is not None and last.wait_s is not None:
                    wait = max(wait, last.wait_s)
                await self.clock.sleep(wait)
            try:
                return await self._authorised(call, attempt)
            except CloudError as error:
                last = error
                # What must not be done twice is tried again only when not a byte of it was sent.
                is_unsent = error.problem is None and not error.outcome_unknown
                may_repeat = error.retryable and (call.may_repeat or is_unsent)
                if not may_repeat or attempt == len(_PAUSES_S):
                    raise
        raise AssertionError("a call ends in an answer or an error")

    async def _authorised(self, call: Call, attempt: int) -> Answer:
        token = call.token
        if call.is_protected and self._tokens is not None:
            token = await self._tokens.access_token()
        try:
            return await self._guarded(call, token, attempt)
        except CloudError as error:
            status = error.problem.status if error.problem is not None else None
            if status != 401 or token is None or self._tokens is None or call.token is not None:
                raise
        # One replay with another token; a second refusal is the end of the session.
        renewed = await self._tokens.renew(token)
        return await self._guarded(call, renewed, attempt)

    async def _guarded(self, call: Call, token: str | None, attempt: int) -> Answer:
        own = self.capability_breaker(call.capability) if call.capability else None
        for breaker in (self.breaker, own):
            if breaker is not None and not breaker.enter():
                raise paused(call, breaker.wait_s(), self.clock.now())
        bucket = self.buckets[call.bucket]
        if not bucket.take():
            self.breaker.left()
            raise bucket_empty(call, bucket.wait_s(), self.clock.now())
        try:
            answer = await self._exchange(call, token, attempt)
        except CloudError as error:
            self._judge(error, own)
            if error.problem is not None and error.problem.status == 429:
                bucket.empty(error.wait_s or 60.0)
            raise
        except BaseException:
            self.breaker.left()
            if own is not None:
                own.left()
            raise
        self.breaker.succeeded()
        if own is not None:
            own.succeeded()
        return answer

    def _judge(self, error: CloudError, own: Breaker | None) -> None:
        problem = error.problem
        if problem is None or problem.status >= 500:
            self.breaker.failed()
        else:
            self.breaker.succeeded()
        if own is None:
            return
        if problem is not None and problem.raw_kind == "E8" and problem.status >= 500:
            own.failed()
        elif problem is not None:
            own.succeeded()
        else:
            own.left()

    # -- the wire ---------------------------------------------------------------------------------------------

    async def _exchange(self, call: Call, token: str | None, attempt: int) -> Answer:
        import httpx

        http = await self._client()
        longest_s = self._service.longest_s(call)
        cached = self._cache.find(self.account, call) if self._cache is not None and call.method == "GET" else None
        headers = self._headers(call, token, cached)
        content = call.body if call.body is not None else encoded(call.document)
        if content is not None:
            headers["Content-Type"] = "application/json"
        request = http.build_request(
            call.method,
            self.base_url + call.path,
            params=dict(call.query) or None,
            content=content,
            headers=headers,
            timeout=httpx.Timeout(longest_s, connect=self._service.connect_s, pool=self._service.connect_s),
        )
        if self._service.pin_sha256 is not None:
            request.extensions["trace"] = self._check_pin
        began = self.clock.steady()
        sent = len(content or b"")

        def trace(status: int | None, received: int = 0) -> Trace:
            took = self.clock.steady() - began
            return Trace(call.template, call.method, status, took, sent, received, attempt, call.correlation)

        self._tell(self.hooks.on_request, trace(None))
        try:
            async with asyncio.timeout(longest_s):
                response = await http.send(request, stream=True)
                try:
                    body = await read_body(response)
                finally:
                    await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ssl.SSLError) as error:
            self._tell(self.hooks.on_error, trace(None))
            raise no_answer(call, error) from None
        self._tell(self.hooks.on_response, trace(response.status_code, len(body)))
        self._note_time(response.headers.get("date"))
        try:
            answer = await self._judged(call, response, body, cached)
        except CloudError as error:
            self._refer(call, "" if error.problem is None else error.problem.request_id)
            raise
        self._refer(call, reference_of(response.headers, answer.document))
        return answer

    def _refer(self, call: Call, theirs: str) -> None:
        if theirs and self.referred is not None:
            self.referred(call, theirs)

    async def _judged(self, call: Call, response: httpx.Response, body: bytes, cached: CachedBody | None) -> Answer:
        status, headers = response.status_code, response.headers
        if status == 304 and cached is not None:
            return Answer(
                200, cached.document, {}, call.correlation, is_from_cache=True, age_s=self.clock.now() - cached.fetched
            )
        if 300 <= status < 400:
            # Followed nowhere: a token never travels to where a server points (D32, L-5).
            raise from_problem(call, Problem("redirect", "", status, "The server points elsewhere.", raw_kind="E8"))
        if status >= 400:
            problem = read_problem(status, headers, body, now=self.clock.now())
            if problem.raw_kind == "E8" and status >= 500:
                await self._drop_connections()
            raise from_problem(call, problem)
        document = None
        if body:
            try:
                document = json.loads(body)
            except (ValueError, RecursionError):
                raise unreadable(call, headers.get("content-type", "")) from None
        elif status == 200 and call.method == "GET":
            raise unreadable(call, headers.get("content-type", ""))
        etag = headers.get("etag")
        if self._cache is not None and call.method == "GET" and etag:
            self._cache.keep(self.account, call, CachedBody(etag, document, self.clock.now()))
        return Answer(status, document, dict(headers), call.correlation)

    def _headers(self, call: Call, token: str | None, cached: CachedBody | None) -> dict[str, str]:
        headers = {
            "Accept": "application/json",
            "X-Correlation-ID": call.correlation,
            "X-Request-ID": str(uuid.uuid4()),
            "User-Agent": "clarity-desktop",
        }
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if cached is not None:
            headers["If-None-Match"] = cached.etag
        return headers

    async def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            # Reading the system's certificates takes a while; the loop goes on meanwhile.
            self._http = await asyncio.to_thread(self._make_client)
        return self._http

    def _make_client(self) -> httpx.AsyncClient:
        import httpx

        try:
            return httpx.AsyncClient(
                verify=tls_context(self._service.ca_file),
                follow_redirects=False,
                proxy=None if self._service.proxy == NO_PROXY else self._service.proxy,
                trust_env=self._service.proxy is None,
                limits=httpx.Limits(max_connections=8, max_keepalive_connections=4),
            )
        except httpx.InvalidURL as error:
            raise address_refused(str(self._service.proxy is not None)) from error

    async def _check_pin(self, event: str, info: Mapping[str, Any]) -> None:
        """Refuse another certificate than the pinned one before a byte of the request is written."""
        if event == "connection.start_tls.complete":
            found = info["return_value"].get_extra_info("ssl_object").getpeercert(binary_form=True)
            wanted = (self._service.pin_sha256 or "").replace(":", "").lower()
            if found is None or fingerprint_of(found) != wanted:
                raise ssl.SSLCertVerificationError("the certificate is not the pinned one")

    async def _drop_connections(self) -> None:
        """After a fault without an envelope the server cuts the connection in its next use (D2)."""
        if self._http is not None:
            old, self._http = self._http, None
            with contextlib.suppress(RuntimeError):
                await old.aclose()

    def _note_time(self, text: str | None) -> None:
        if text is None or self._tokens is None:
            return
        with contextlib.suppress(TypeError, ValueError):
            self._tokens.server_time(email.utils.parsedate_to_datetime(text).timestamp() - self.clock.now())

    def _tell(self, listeners: list[Callable[[Trace], None]], trace: Trace) -> None:
        for listener in tuple(listeners):
            self._listeners.submit(self._listen, listener, trace)

    def _listen(self, listener: Callable[[Trace], None], trace: Trace) -> None:
        try:
            listener(trace)
        except Exception:  # noqa: BLE001 - a listener of any kind must not reach the request; it is counted
            self.hooks.raised += 1
