"""Live channels: one owner of all sockets with heartbeat, reconnection, limits, and both vocabularies of messages."""

from __future__ import annotations

from clarity_desktop.cloud.realtime.channel import Channel, ChannelState, UnsentText
from clarity_desktop.cloud.realtime.frames import KINDS, ChannelLimits, Counts, Frame, FrameBudget, read_frame
from clarity_desktop.cloud.realtime.live_sockets import LiveSockets
from clarity_desktop.cloud.realtime.results import Fetched, JobRow, ResultBook

__all__ = [
    "KINDS",
    "Channel",
    "ChannelLimits",
    "ChannelState",
    "Counts",
    "Fetched",
    "Frame",
    "FrameBudget",
    "JobRow",
    "LiveSockets",
    "ResultBook",
    "UnsentText",
    "read_frame",
]
