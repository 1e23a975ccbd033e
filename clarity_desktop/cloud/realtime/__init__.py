"""Live channels: one owner of all sockets with heartbeat, reconnection, limits, and both vocabularies of messages."""

from __future__ import annotations

from clarity_desktop.cloud.realtime.channel import Channel, ChannelState, UnsentText
from clarity_desktop.cloud.realtime.frames import KINDS, Counts, Frame, FrameBudget, read_frame
from clarity_desktop.cloud.realtime.live_sockets import LiveSockets

__all__ = [
    "KINDS",
    "Channel",
    "ChannelState",
    "Counts",
    "Frame",
    "FrameBudget",
    "LiveSockets",
    "UnsentText",
    "read_frame",
]
