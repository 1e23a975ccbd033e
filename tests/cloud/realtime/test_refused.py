"""What a server refuses of the live channel waits for a person, and nothing else is taken for it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from clarity_desktop.cloud.client.clock import SystemClock
from clarity_desktop.cloud.realtime import Channel, ChannelLimits, Frame, FrameBudget


class Wire:
    """One connection: the server answers each message with an error whose code stands in the message."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[str | None] = asyncio.Queue()
        self.queue.put_nowait(json.dumps({"type": "connection_ack", "server_info": {"max_message_size": 900}}))
        self.close_code = 1000
        self.sent: list[dict[str, Any]] = []

    def __aiter__(self) -> Wire:
        return self

    async def __anext__(self) -> str:
        found = await self.queue.get()
        if found is None:
            raise StopAsyncIteration
        return found

    async def send(self, text: str) -> None:
        frame = json.loads(text)
        self.sent.append(frame)
        code = frame.get("content", "")
        answer = {"type": "message", "user_id": "AI", "content": "fine"}
        refusal = {"type": "error", "error_code": code, "message": "no"}
        self.queue.put_nowait(json.dumps(refusal if code.isupper() else answer))

    async def close(self, code: int = 1000) -> None:
        del code
        self.queue.put_nowait(None)


class HeldTokens:
    async def access_token(self) -> str:
        return "token"

    async def renew(self, refused: str) -> str:
        return refused

    def holds_s(self) -> float:
        return 1e9


def test_l67_a_refused_message_is_kept_with_its_reason_and_goes_again_by_a_word() -> None:
    async def main() -> None:
        wire, frames = Wire(), list[Frame]()

        async def connect(token: str) -> Any:
            del token
            return wire

        limits = ChannelLimits()
        clock = SystemClock()
        channel = Channel(connect, HeldTokens(), clock, FrameBudget(clock, limits), frames.append)
        running = asyncio.ensure_future(channel.run())
        first = channel.send("message", content="HEALTH_ANALYSIS_ERROR")
        channel.send("message", content="hello")
        large = channel.send("message", content="MESSAGE_TOO_LARGE")
        for _ in range(400):
            await asyncio.sleep(0.005)
            if len([one for one in frames if one.kind in ("error", "message")]) >= 3:
                break
        assert limits.frame_bytes < 900
        assert (first.refused, large.too_large) == (True, True)
        assert list(channel.unsent) == [first, large]
        assert len(wire.sent) == 3
        channel.discard(large)
        channel.send_again(first)
        for _ in range(400):
            await asyncio.sleep(0.005)
            if first.refused:
                break
        assert [one["content"] for one in wire.sent].count("HEALTH_ANALYSIS_ERROR") == 2
        await channel.close()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(main())
