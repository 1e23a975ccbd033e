"""One live channel: connects, keeps alive, comes back, fills gaps, and keeps what could not be sent."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

from clarity_desktop.cloud.client.clock import Clock
from clarity_desktop.cloud.client.exchange import CloudError
from clarity_desktop.cloud.client.sockets import SocketRefusedError
from clarity_desktop.cloud.realtime.frames import Counts, Frame, FrameBudget, encoded, read_frame

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

__all__ = ["Channel", "ChannelState", "LiveTokens", "UnsentText"]

HEARTBEAT_S: Final = 30.0
ACK_S: Final = 5.0
OFF_S: Final = 86_400.0
"""How long a channel that a server cannot open stays off (D3)."""
_FIRST_S, _MOST_S, _HEALTHY_S, _CROWDED_S = 1.0, 60.0, 60.0, 60.0
_MOST_MISSED: Final = 2
_ANY_SIZE: Final = 2**31
_ASKED: Final = frozenset({"message", "chat_message", "health_data", "health_insight", "start_analysis"})
"""Kinds that the model answers."""


class LiveTokens(Protocol):
    """A token source that knows how long its token holds."""

    async def access_token(self) -> str:
        """An access token that holds for some minutes yet."""

    async def renew(self, refused: str) -> str:
        """Another token than the one that was refused."""

    def holds_s(self) -> float:
        """Seconds until the access token is to be renewed."""


class ChannelState(StrEnum):
    """How a channel stands."""

    CONNECTING = "connecting"
    LIVE = "live"
    WAITING = "waiting"
    """It comes back by itself."""
    OFF = "off"
    """The server does not offer it now, or refuses; results arrive by asking for them."""
    CLOSED = "closed"


@dataclass(slots=True)
class UnsentText:
    """A frame that has not been answered yet."""

    kind: str
    fields: dict[str, Any] = field(repr=False)
    maybe_sent: bool = False
    """Whether it left before the connection broke; such a one waits for a person's word."""
    too_large: bool = False
    """Whether the server refused it for its size."""
    refused: bool = False
    """Whether the server refused it for another reason, which it has told."""


class Channel:
    """Runs in the network's loop until it is closed.

    Parameters
    ----------
    connect:
        Opens a socket with a token; raises :class:`SocketRefusedError`.
    on_frame:
        Told each frame that is understood and wanted.
    fill_gap:
        Asked after each reconnection to fetch by id what may have been missed.
    greet:
        Frames sent after each acknowledgement, such as subscriptions.
    """

    def __init__(
        self,
        connect: Callable[[str], Awaitable[ClientConnection]],
        tokens: LiveTokens,
        clock: Clock,
        budget: FrameBudget,
        on_frame: Callable[[Frame], None],
        *,
        fill_gap: Callable[[], Awaitable[None]] | None = None,
        greet: Callable[[], list[tuple[str, dict[str, Any]]]] = list,
        crowded: Callable[[Channel], Awaitable[None]] | None = None,
    ) -> None:
        self._connect, self._tokens, self._clock, self._budget = connect, tokens, clock, budget
        self._on_frame, self._fill_gap, self._greet, self._crowded = on_frame, fill_gap, greet, crowded
        self.counts = Counts()
        self.moved: Callable[[], None] = lambda: None
        """Told in the network's loop when the state changed."""
        self._state = ChannelState.CONNECTING
        self.reason = ""
        self.off_until = 0.0
        """Wall time until which a channel that is off is not tried."""
        self.unsent: deque[UnsentText] = deque()
        self._asked: deque[UnsentText] = deque()
        self._wake = asyncio.Event()
        self._connection: ClientConnection | None = None
        self._closed = False

    @property
    def state(self) -> ChannelState:
        """How it stands."""
        return self._state

    @state.setter
    def state(self, state: ChannelState) -> None:
        was, self._state = self._state, state
        if state is not was:
            self.moved()

    @property
    def most_bytes(self) -> int:
        """Largest frame that the server takes, as far as is known."""
        return self._budget.limits.frame_bytes

    # -- what others call ---------------------------------------------------------------------------------------

    def send(self, kind: str, **fields: Any) -> UnsentText:
        """Send a frame now or when there is a connection; raises :class:`InputError` (``cloud.frame_size``)."""
        encoded(kind, fields, self.most_bytes)
        text = UnsentText(kind, fields)
        self.unsent.append(text)
        self._wake.set()
        return text

    def discard(self, text: UnsentText) -> None:
        """Take back what has not been sent."""
        with contextlib.suppress(ValueError):
            self.unsent.remove(text)

    def send_again(self, text: UnsentText) -> None:
        """Send what may have been sent once more, on a person's word."""
        text.maybe_sent = text.refused = False
        self._wake.set()

    async def close(self) -> None:
        """End for good."""
        self._closed = True
        self.state = ChannelState.CLOSED
        if self._connection is not None:
            await self._connection.close()

    # -- the life of a channel ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Stay connected until :meth:`close`, or until the server does not offer it."""
        pause, faults, refused, first = _FIRST_S, 0, False, True
        while not self._closed:
            self.state = ChannelState.CONNECTING
            began = self._clock.steady()
            try:
                token = await self._tokens.access_token()
                connection = await self._connect(token)
                faults, refused = 0, False
                code = await self._live(connection, gap=not first)
                first = False
            except SocketRefusedError as error:
                code = 0
                if error.status == 403:
                    if refused:
                        self._off("The server refuses the live channel.", 0.0)
                        return
                    refused = True
                    await self._tokens.renew(token)
                    continue
                faults += error.status is not None and error.status >= 500
                if faults >= 2:
                    self._off("The server does not offer live updates.", OFF_S)
                    return
            except CloudError as error:
                self._off(error.message, 0.0)
                return
            if self.state is ChannelState.CLOSED:
                break
            if code == 1008:
                # Too many connections: ours are closed, and others may be another machine's.
                if self._crowded is not None:
                    await self._crowded(self)
                wait = _CROWDED_S
            elif code == 1000 and self._tokens.holds_s() <= 0:
                wait = 0.0
            else:
                if self._clock.steady() - began >= _HEALTHY_S:
                    pause = _FIRST_S
                # Full jitter: anything between nothing and the whole pause.
                wait, pause = self._clock.jitter(pause / 2, 1.0), min(pause * 2, _MOST_S)
            self.state, self.counts.reconnects = ChannelState.WAITING, self.counts.reconnects + 1
            await self._clock.sleep(wait)

    def _off(self, reason: str, seconds: float) -> None:
        self.reason = reason
        self.off_until = self._clock.now() + seconds
        self.state = ChannelState.OFF

    async def _live(self, connection: ClientConnection, *, gap: bool) -> int:
        """Serve one connection; answers the code that it was closed with."""
        from websockets.exceptions import ConnectionClosed

        self._connection = connection
        acknowledged, beats = asyncio.Event(), _Beats()
        tasks = [
            asyncio.ensure_future(self._read(connection, acknowledged, beats)),
            asyncio.ensure_future(self._keep_alive(connection, acknowledged, beats)),
            asyncio.ensure_future(self._write(connection, acknowledged)),
            asyncio.ensure_future(self._end_with_token(connection)),
        ]
        if gap and self._fill_gap is not None:
            tasks.append(asyncio.ensure_future(self._fill(acknowledged)))
        try:
            await tasks[0]
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd is not None else 1006
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await connection.close()
            self._connection = None
            # What was asked and not answered may have arrived: a person decides (L-67).
            while self._asked:
                text = self._asked.pop()
                text.maybe_sent = True
                self.unsent.appendleft(text)
        return connection.close_code or 1006

    async def _fill(self, acknowledged: asyncio.Event) -> None:
        await acknowledged.wait()
        if self._fill_gap is not None:
            with contextlib.suppress(CloudError):
                # The next poll tries again.
                await self._fill_gap()

    async def _read(self, connection: ClientConnection, acknowledged: asyncio.Event, beats: _Beats) -> None:
        async for raw in connection:
            frame = read_frame(raw, self.counts)
            if frame is None:
                continue
            if frame.kind == "connection_ack":
                for held in (frame.fields, frame.fields.get("server_info"), frame.fields.get("limits")):
                    if isinstance(held, Mapping):
                        self._budget.limits.learn(held)
                self.state = ChannelState.LIVE
                acknowledged.set()
            elif frame.kind == "heartbeat_ack":
                beats.missed = 0
                continue
            elif frame.kind == "error" and frame.text("error_code") == "RATE_LIMIT_EXCEEDED":
                # The frame that was over the limit is lost there: it goes again, once there is room.
                self._budget.block()
                if self._asked:
                    self.unsent.appendleft(self._asked.pop())
                continue
            elif frame.kind == "error" and self._asked:
                self._refused(frame.text("error_code"))
            elif frame.kind in ("message", "chat_message") and frame.text("user_id") == "AI":
                if not self._asked:
                    self.counts.unsolicited += 1
                    continue
                self._asked.popleft()
            elif frame.kind in ("analysis_complete", "insight_generated") and self._asked:
                self._asked.popleft()
            self._on_frame(frame)

    def _refused(self, code: str) -> None:
        """The server took one of ours and refused it: it waits for a person, who may change it or let it go."""
        if code == "MESSAGE_TOO_LARGE":
            text = self._asked.pop()
            self._budget.limits.refused(len(encoded(text.kind, text.fields, _ANY_SIZE).encode()))
            text.too_large = True
        else:
            # Errors come in the order of what they are about.
            text = self._asked.popleft()
            text.refused = True
        text.maybe_sent = True
        self.unsent.append(text)

    async def _keep_alive(self, connection: ClientConnection, acknowledged: asyncio.Event, beats: _Beats) -> None:
        await self._clock.sleep(ACK_S)
        if not acknowledged.is_set():
            await connection.close(1002)
            return
        while True:
            await self._clock.sleep(HEARTBEAT_S)
            if beats.missed >= _MOST_MISSED:
                await connection.close(1002)
                return
            beats.missed += 1
            self.counts.missed = max(self.counts.missed, beats.missed)
            self._budget.take()
            await connection.send(encoded("heartbeat", {}, self.most_bytes))

    async def _write(self, connection: ClientConnection, acknowledged: asyncio.Event) -> None:
        await acknowledged.wait()
        for kind, fields in self._greet():
            self._budget.take()
            await connection.send(encoded(kind, fields, self.most_bytes))
        while True:
            text = next((one for one in self.unsent if not one.maybe_sent), None)
            if text is None:
                self._wake.clear()
                await self._wake.wait()
                continue
            wait = self._budget.wait_s(reserve=2)
            if wait > 0:
                await self._clock.sleep(wait)
                continue
            self._budget.take()
            self.unsent.remove(text)
            if text.kind in _ASKED:
                self._asked.append(text)
            await connection.send(encoded(text.kind, text.fields, self.most_bytes))

    async def _end_with_token(self, connection: ClientConnection) -> None:
        """Reconnect with another token before this one ends (L-65)."""
        await self._clock.sleep(max(self._tokens.holds_s(), 1.0))
        await connection.close(1000)


@dataclass(slots=True)
class _Beats:
    missed: int = 0
