"""The one owner of all sockets of an account: opens channels, shares their budget, and closes them together (L-59)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from clarity_desktop.cloud.api.capabilities import CloudApi
from clarity_desktop.cloud.client.exchange import CloudError
from clarity_desktop.cloud.client.sockets import open_socket
from clarity_desktop.cloud.realtime.channel import Channel, ChannelState, LiveTokens
from clarity_desktop.cloud.realtime.frames import ChannelLimits, Frame, FrameBudget

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

__all__ = ["MOST_SOCKETS", "LiveSockets", "private_room"]

MOST_SOCKETS: Final = 2


def _limits_of(api: CloudApi) -> ChannelLimits:
    """The profile's limits where they are below the smallest known ones; larger ones a server has to prove itself."""
    known = api.detection.profile
    told = {} if known is None else known.limits
    limits = ChannelLimits()
    for name, key in (
        ("frame_bytes", "ws_frame_bytes"),
        ("per_minute", "ws_messages_per_minute"),
        ("sockets", "ws_connections_per_user"),
    ):
        found = told.get(key)
        if isinstance(found, int) and not isinstance(found, bool) and found > 0:
            setattr(limits, name, min(found, getattr(limits, name)))
    return limits


def private_room() -> str:
    """A room that nobody else can name: 128 random bits (D27)."""
    return f"desk-{secrets.token_hex(16)}"


class LiveSockets:
    """Channels of one account. Used from the network's loop."""

    def __init__(self, api: CloudApi, tokens: LiveTokens) -> None:
        self._api, self._tokens = api, tokens
        self.limits = _limits_of(api)
        self._budget = FrameBudget(api.client.clock, self.limits)
        self._channels: dict[str, tuple[Channel, asyncio.Task[None]]] = {}
        self._off_until: dict[str, float] = {}

    def channels(self) -> dict[str, Channel]:
        """The channels by capability."""
        return {name: channel for name, (channel, _) in self._channels.items()}

    def open(
        self,
        capability: str,
        on_frame: Callable[[Frame], None],
        *,
        fill_gap: Callable[[], Awaitable[None]] | None = None,
        greet: Callable[[], list[tuple[str, dict[str, Any]]]] = list,
        room: str | None = None,
    ) -> Channel:
        """Begin a channel: ``ws_room`` or ``ws_analysis``.

        Raises
        ------
        CloudError
            ``cloud.capability`` where the server's profile has none, ``cloud.channel_off`` while it is off (D3),
            ``cloud.sockets`` beyond two at once.
        """
        known = self._api.detection.profile
        endpoint = None if known is None else known.endpoint(capability)
        if endpoint is None:
            raise CloudError(
                "cloud.capability", "This server does not offer this.", remedy="Results arrive by asking for them."
            )
        until = self._off_until.get(capability, 0.0)
        if until > self._api.client.clock.now():
            raise CloudError(
                "cloud.channel_off",
                "The server does not offer live updates.",
                remedy="It is tried again tomorrow; results arrive by asking for them.",
            )
        running = [name for name, (_, task) in self._channels.items() if not task.done() and name != capability]
        if len(running) >= self.limits.sockets:
            raise CloudError(
                "cloud.sockets",
                "As many live channels are open as the server takes.",
                remedy="Close one of them first.",
            )
        path = endpoint.filled(room_id=room or private_room(), user_id=self._api.user_id)
        client = self._api.client

        async def connect(token: str) -> ClientConnection:
            return await open_socket(client.service, client.base_url, path, token)

        channel = Channel(
            connect,
            self._tokens,
            client.clock,
            self._budget,
            on_frame,
            fill_gap=fill_gap,
            greet=greet,
            crowded=self._make_room,
        )
        task = asyncio.ensure_future(channel.run())
        task.add_done_callback(lambda _: self._ended(capability, channel))
        self._channels[capability] = (channel, task)
        return channel

    async def close_one(self, capability: str) -> None:
        """End one channel; one that is not open is no error."""
        found = self._channels.pop(capability, None)
        if found is not None:
            channel, task = found
            await channel.close()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def close(self) -> None:
        """End all: at lock, at sign-out, at the end of the program."""
        for channel, task in tuple(self._channels.values()):
            await channel.close()
            task.cancel()
        await asyncio.gather(*(task for _, task in self._channels.values()), return_exceptions=True)
        self._channels.clear()

    async def _make_room(self, crowded: Channel) -> None:
        """Close our other sockets: the server counts them all (1008)."""
        for channel, _ in tuple(self._channels.values()):
            if channel is not crowded:
                await channel.close()

    def _ended(self, capability: str, channel: Channel) -> None:
        if channel.state is ChannelState.OFF and channel.off_until > self._api.client.clock.now():
            self._off_until[capability] = channel.off_until
