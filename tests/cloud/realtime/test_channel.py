"""Live channels on real sockets: a scripted server for what goes wrong, the replica for what goes right."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clarity_desktop.assets import asset
from clarity_desktop.cloud.api import CloudApi
from clarity_desktop.cloud.client import CloudClient, CloudError, Service
from clarity_desktop.cloud.contract import detect
from clarity_desktop.cloud.realtime import KINDS, Channel, ChannelState, Counts, Frame, LiveSockets, read_frame
from clarity_desktop.cloud.realtime.live_sockets import private_room
from clarity_desktop.domain.errors import InputError
from tests.servers.recorded import TRANSCRIPTS
from tests.servers.replica import running_replica
from tests.servers.replica.accounts import stub_token

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response

USER = "11111111-2222-4333-8444-555555555555"
SPEED = 200
"""Seconds of the tests' clock in one of the wall's."""
DOCUMENT = json.loads(asset("resources/cloud/openapi/served.json").read_text(encoding="utf-8"))


class FastClock:
    """A clock that runs two hundred times as fast."""

    def now(self) -> float:
        return 1_800_000_000.0 + time.monotonic() * SPEED

    def steady(self) -> float:
        return time.monotonic() * SPEED

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / SPEED)

    def jitter(self, seconds: float, share: float) -> float:
        del share
        return seconds


class Tokens:
    """Tokens of the replica that hold for as long as a test says."""

    def __init__(self, holds: float = 1e9) -> None:
        self.holds, self.renewed, self.mark = holds, 0, 0

    async def access_token(self) -> str:
        self.mark += 1
        return stub_token(USER, str(self.mark))

    async def renew(self, refused: str) -> str:
        self.renewed += 1
        return await self.access_token()

    def holds_s(self) -> float:
        return self.holds

    def server_time(self, skew_s: float) -> None:
        return


def ack() -> str:
    return json.dumps({"type": "connection_ack", "user_id": USER, "session_id": "s", "server_info": {}})


Script = Callable[["ServerConnection", int], Awaitable[None]]


async def with_server(
    script: Script,
    work: Callable[[LiveSockets, list[Frame], list[str]], Awaitable[None]],
    *,
    tokens: Tokens | None = None,
    refuse: Callable[[int], int | None] = lambda _: None,
) -> Tokens:
    """Run a scripted server and a manager; ``refuse`` gives the status of each handshake that is refused."""
    from websockets.asyncio.server import serve

    handshakes: list[str] = []
    own = tokens or Tokens()

    def greet(connection: ServerConnection, request: Request) -> Response | None:
        handshakes.append(request.path)
        status = refuse(len(handshakes))
        return None if status is None else connection.respond(status, "no")

    async def handle(connection: ServerConnection) -> None:
        await script(connection, len(handshakes))

    async with serve(handle, "127.0.0.1", 0, process_request=greet) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        client = CloudClient(Service(f"http://127.0.0.1:{port}"), own, clock=FastClock())
        async with client:
            manager = LiveSockets(CloudApi(client, detect(DOCUMENT), USER), own)
            try:
                await work(manager, [], handshakes)
            finally:
                await manager.close()
    return own


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.005)


async def alive(connection: ServerConnection, _: int) -> None:
    """Acknowledge, answer heartbeats, and answer messages."""
    await connection.send(ack())
    async for raw in connection:
        frame = json.loads(raw)
        if frame["type"] == "heartbeat":
            await connection.send(json.dumps({"type": "heartbeat_ack"}))
        elif frame["type"] == "message":
            await connection.send(json.dumps({"type": "message", "user_id": "AI", "content": frame["content"]}))


def test_l60_heartbeats_keep_it_alive() -> None:
    beats = []

    async def script(connection: ServerConnection, _: int) -> None:
        await connection.send(ack())
        async for raw in connection:
            beats.append(json.loads(raw)["type"])
            await connection.send(json.dumps({"type": "HEARTBEAT_ACK"}))

    async def work(manager: LiveSockets, frames: list[Frame], handshakes: list[str]) -> None:
        channel = manager.open("ws_room", frames.append)
        await until(lambda: len(beats) >= 4)
        assert (channel.state, len(handshakes), channel.counts.reconnects) == (ChannelState.LIVE, 1, 0)

    asyncio.run(with_server(script, work))
    assert set(beats) == {"heartbeat"}


def test_l60_two_missed_answers_reconnect_and_the_gap_is_filled() -> None:
    filled = []

    async def script(connection: ServerConnection, number: int) -> None:
        if number > 1:
            return await alive(connection, number)
        await connection.send(ack())
        async for _ in connection:
            pass
        return None

    async def fill() -> None:
        filled.append(1)

    async def work(manager: LiveSockets, frames: list[Frame], handshakes: list[str]) -> None:
        channel = manager.open("ws_room", frames.append, fill_gap=fill, greet=lambda: [("subscribe_metrics", {})])
        await until(lambda: len(handshakes) == 2 and channel.state is ChannelState.LIVE and bool(filled))
        assert channel.counts.missed == 2

    asyncio.run(with_server(script, work))
    assert filled == [1]


def test_a_server_that_does_not_acknowledge_is_left() -> None:
    async def script(connection: ServerConnection, number: int) -> None:
        if number > 1:
            await alive(connection, number)
        await connection.wait_closed()

    async def work(manager: LiveSockets, frames: list[Frame], handshakes: list[str]) -> None:
        channel = manager.open("ws_room", frames.append)
        await until(lambda: len(handshakes) == 2 and channel.state is ChannelState.LIVE)

    asyncio.run(with_server(script, work))


def test_l59_403_refreshes_once_and_then_stops() -> None:
    async def work(manager: LiveSockets, frames: list[Frame], handshakes: list[str]) -> None:
        channel = manager.open("ws_room", frames.append)
        await until(lambda: channel.state is ChannelState.OFF)
        assert len(handshakes) == 2

    tokens = asyncio.run(with_server(alive, work, refuse=lambda _: 403))
    assert tokens.renewed == 1


def test_d3_500_twice_is_off_for_a_day() -> None:
    async def work(manager: LiveSockets, frames: list[Frame], handshakes: list[str]) -> None:
        channel = manager.open("ws_room", frames.append)
        await until(lambda: channel.state is ChannelState.OFF)
        assert len(handshakes) == 2
        assert channel.reason == "The server does not offer live updates."
        assert channel.off_until - FastClock().now() > 80_000
        await asyncio.sleep(0.01)
        with pytest.raises(CloudError) as off:
            manager.open("ws_room", frames.append)
        assert off.value.code == "cloud.channel_off"

    asyncio.run(with_server(alive, work, refuse=lambda _: 500))


def test_d3_is_what_the_replica_shows(tmp_path: Path) -> None:
    async def main(url: str) -> ChannelState:
        tokens = Tokens()
        async with CloudClient(Service(url), tokens, clock=FastClock()) as client:
            manager = LiveSockets(CloudApi(client, detect(DOCUMENT), USER), tokens)
            channel = manager.open("ws_analysis", lambda _: None)
            await until(lambda: channel.state is ChannelState.OFF)
            await manager.close()
            return channel.state

    with running_replica(tmp_path / "replica.db", defects=("D3",)) as replica:
        asyncio.run(main(replica.url))


def test_a_message_goes_to_the_replica_and_its_answer_comes_back(tmp_path: Path) -> None:
    async def main(url: str) -> list[Frame]:
        frames: list[Frame] = []
        tokens = Tokens()
        async with CloudClient(Service(url), tokens, clock=FastClock()) as client:
            manager = LiveSockets(CloudApi(client, detect(DOCUMENT), USER), tokens)
            channel = manager.open("ws_room", frames.append)
            channel.send("message", content="How did I sleep?", user_id=USER)
            await until(lambda: any(one.kind == "message" for one in frames))
            assert not channel.unsent
            await manager.close()
        return frames

    with running_replica(tmp_path / "replica.db") as replica:
        frames = asyncio.run(main(replica.url))
    assert [one.text("content") for one in frames if one.kind == "message"] == ["Heard: How did I sleep?"]


def test_1008_closes_the_others_and_waits_a_minute() -> None:
    times = []

    async def script(connection: ServerConnection, number: int) -> None:
        times.append(FastClock().steady())
        if number == 2:
            await connection.close(1008, "Too many connections")
            return
        await alive(connection, number)

    async def work(manager: LiveSockets, frames: list[Frame], handshakes: list[str]) -> None:
        first = manager.open("ws_room", frames.append)
        await until(lambda: first.state is ChannelState.LIVE)
        second = manager.open("ws_analysis", frames.append)
        await until(lambda: first.state is ChannelState.CLOSED and second.state is ChannelState.LIVE)

    asyncio.run(with_server(script, work))
    assert times[2] - times[1] >= 55


def test_l65_before_a_token_ends_it_reconnects_with_another() -> None:
    tokens = Tokens(holds=60)

    async def work(manager: LiveSockets, frames: list[Frame], handshakes: list[str]) -> None:
        channel = manager.open("ws_room", frames.append)
        await until(lambda: len(handshakes) >= 2)
        tokens.holds = 1e9
        await until(lambda: channel.state is ChannelState.LIVE)
        assert len({path.rsplit("=", 1)[-1] for path in handshakes}) == len(handshakes)

    asyncio.run(with_server(alive, work, tokens=tokens))


def test_l66_the_token_is_in_no_log_and_no_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)

    async def work(manager: LiveSockets, frames: list[Frame], handshakes: list[str]) -> None:
        channel = manager.open("ws_room", frames.append)
        await until(lambda: channel.state is ChannelState.OFF)
        assert stub_token(USER) in handshakes[0]
        assert "stub-token" not in channel.reason

    asyncio.run(with_server(alive, work, refuse=lambda _: 403))
    own = [one for one in caplog.records if not one.name.startswith("websockets.server")]
    assert not any("stub-token" in one.getMessage() for one in own)


def test_l67_what_was_typed_offline_is_sent_once_in_order_or_discarded() -> None:
    heard: list[str] = []

    async def script(connection: ServerConnection, number: int) -> None:
        if number == 1:
            await connection.send(ack())
            heard.append(json.loads(await connection.recv())["content"])
            await connection.close(1011)
            return
        await connection.send(ack())
        async for raw in connection:
            frame = json.loads(raw)
            if frame["type"] == "message":
                heard.append(frame["content"])
                await connection.send(json.dumps({"type": "message", "user_id": "AI", "content": "yes"}))

    async def work(manager: LiveSockets, frames: list[Frame], handshakes: list[str]) -> None:
        channel = manager.open("ws_room", frames.append)
        channel.send("message", content="one")
        await until(lambda: len(handshakes) == 2)
        taken_back = channel.send("message", content="never")
        channel.discard(taken_back)
        for content in ("two", "three"):
            channel.send("message", content=content)
        await until(lambda: heard[1:] == ["two", "three"])
        # What may have arrived is not sent again before a person says so.
        assert [one.fields["content"] for one in channel.unsent] == ["one"]
        assert channel.unsent[0].maybe_sent
        channel.send_again(channel.unsent[0])
        await until(lambda: heard == ["one", "two", "three", "one"])

    asyncio.run(with_server(script, work))


def test_d28_a_message_nobody_asked_for_is_dropped_and_counted() -> None:
    async def script(connection: ServerConnection, number: int) -> None:
        await connection.send(ack())
        await connection.send(json.dumps({"type": "message", "user_id": "AI", "content": "steered here"}))
        await connection.send(json.dumps({"type": "system", "content": "end"}))
        await connection.wait_closed()

    async def work(manager: LiveSockets, frames: list[Frame], handshakes: list[str]) -> None:
        channel = manager.open("ws_room", frames.append)
        await until(lambda: any(one.kind == "system" for one in frames))
        assert [one.kind for one in frames if one.kind == "message"] == []
        assert channel.counts.unsolicited == 1

    asyncio.run(with_server(script, work))


def test_l61_a_frame_that_is_too_large_is_refused_before_it_is_sent() -> None:
    async def work(manager: LiveSockets, frames: list[Frame], handshakes: list[str]) -> None:
        channel: Channel = manager.open("ws_room", frames.append)
        with pytest.raises(InputError) as large:
            channel.send("message", content="é" * 600)
        assert "1024" in large.value.message
        assert not channel.unsent

    asyncio.run(with_server(alive, work))


def test_the_rate_over_all_sockets_is_kept() -> None:
    times: list[float] = []

    async def script(connection: ServerConnection, number: int) -> None:
        await connection.send(ack())
        async for raw in connection:
            if json.loads(raw)["type"] == "message":
                times.append(FastClock().steady())
                await connection.send(json.dumps({"type": "message", "user_id": "AI", "content": "x"}))
            else:
                await connection.send(json.dumps({"type": "heartbeat_ack"}))

    async def work(manager: LiveSockets, frames: list[Frame], handshakes: list[str]) -> None:
        channel = manager.open("ws_room", frames.append)
        for number in range(12):
            channel.send("message", content=str(number))
        await until(lambda: len(times) == 12)

    asyncio.run(with_server(script, work))
    assert all(later - earlier >= 55 for earlier, later in zip(times, times[8:], strict=False))


def test_l63_unknown_kinds_are_counted_and_nothing_else_happens() -> None:
    counts = Counts()
    assert read_frame('{"type": "Party", "x": 1}', counts) is None
    assert read_frame("not json", counts) is None
    assert read_frame("[1]", counts) is None
    assert (counts.unknown["party"], counts.unreadable) == (1, 2)
    for number in range(500):
        read_frame(json.dumps({"type": f"kind{number}"}), counts)
    assert len(counts.unknown) <= 101


def test_l62_every_recorded_kind_is_understood_in_both_spellings() -> None:
    kinds = set()
    for path in TRANSCRIPTS.glob("*-ws.json"):
        for entry in json.loads(path.read_text(encoding="utf-8")):
            for frame in entry.get("frames", ()):
                document = frame.get("json")
                if frame.get("from") == "server" and isinstance(document, dict):
                    kinds.add(document["type"])
    assert {"connection_ack", "message", "heartbeat_ack", "error", "system", "typing"} <= kinds <= KINDS
    counts = Counts()
    for kind in KINDS:
        for spelled in (kind, kind.upper()):
            found = read_frame(json.dumps({"type": spelled}), counts)
            assert found is not None
            assert found.kind == kind
    assert not counts.unknown


def test_d27_a_room_is_nobodys_guess() -> None:
    assert private_room() != private_room()
    assert len(private_room()) == len("desk-") + 32
