"""Faults around an application: answers that are lost, cut, late or foreign, drawn from a seed or from a script."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

__all__ = ["FAULTS", "Faults"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

FAULTS = (
    "lost_before",
    "lost_after",
    "cut_after",
    "html_after",
    "html_before",
    "500_before",
    "502_after",
    "503_before",
    "504_after",
    "429_before",
    "429_plain",
    "413_before",
    "fault-page_before",
    "fault-page_after",
    "half-json_after",
    "plain-text_after",
    "redirect_before",
    "slow",
    "twice",
)
"""``after``: the application has done its work, and the client does not learn of it."""


class Faults:
    """An ASGI application with faults in front of it; uploads, lists and look-ups alike."""

    def __init__(self, app: Any, share: float = 0.0, seed: int = 0, only: str = "/health-data") -> None:
        self.app, self.share, self.only = app, share, only
        self.draw = random.Random(seed)
        self.script: list[str] = []
        """Faults of the next requests, in order; an empty word lets one through."""
        self.kinds = tuple(one for one in FAULTS if one != "twice")
        """Drawn at random: what ends with one copy whoever counts."""
        self.made: list[str] = []

    def _next(self, scope: Scope) -> str:
        if scope["type"] != "http" or self.only not in scope["path"]:
            return ""
        if self.script:
            return self.script.pop(0) if scope["method"] == "POST" else ""
        return self.draw.choice(self.kinds) if self.draw.random() < self.share else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._next(scope)
        if not fault:
            await self.app(scope, receive, send)
            return
        self.made.append(fault)
        if fault == "twice":
            await self._twice(scope, receive, send)
            return
        if fault.endswith("_after") or fault == "slow":
            kept: list[MutableMapping[str, Any]] = []

            async def keep(message: MutableMapping[str, Any]) -> None:
                kept.append(message)

            await self.app(scope, receive, keep)
            if fault == "slow":
                await asyncio.sleep(0.2)
                for message in kept:
                    await send(message)
                return
        await _answer(fault, send)

    async def _twice(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What came once is delivered twice, and the second answer is the one that is heard."""
        heard: list[MutableMapping[str, Any]] = []
        while True:
            message = await receive()
            heard.append(message)
            if not message.get("more_body"):
                break

        def again() -> Receive:
            left = list(heard)

            async def replay() -> MutableMapping[str, Any]:
                return left.pop(0) if left else {"type": "http.disconnect"}

            return replay

        async def swallow(_: MutableMapping[str, Any]) -> None:
            return

        await self.app(scope, again(), swallow)
        await self.app(scope, again(), send)


async def _answer(fault: str, send: Send) -> None:
    kind = fault.split("_")[0]
    if kind == "lost":
        # Nothing was said: the server's loop closes the connection without an answer to read.
        await _say(send, 201, b"", promised=500)
    elif kind == "cut":
        await _say(send, 201, b'{"processing_id": "', promised=300)
    elif kind == "fault-page":
        await _say(send, 500, b"Internal Server Error", content_type=b"text/plain")
    elif kind == "half-json":
        await _say(send, 201, b'{"processing_id": "4f')
    elif kind == "plain-text":
        await _say(send, 201, b"created", content_type=b"text/plain")
    elif kind == "redirect":
        await _say(send, 307, b"", headers=[(b"location", b"/api/v1/health-data/")])
    elif kind == "html":
        await _say(send, 200, b"<html>Sign in to the hotel</html>", content_type=b"text/html")
    else:
        more = [(b"retry-after", b"2")] if fault == "429_before" else []
        body = json.dumps({"detail": f"fault {kind}"}).encode()
        await _say(send, int(kind), body, headers=more)


async def _say(
    send: Send,
    status: int,
    body: bytes,
    *,
    promised: int | None = None,
    content_type: bytes = b"application/json",
    headers: list[tuple[bytes, bytes]] | None = None,
) -> None:
    length = str(len(body) if promised is None else promised).encode()
    head = [(b"content-type", content_type), (b"content-length", length), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body, "more_body": False})
