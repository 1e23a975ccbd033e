"""Stretches of UTC laid on the local clock: the ground of actograms across clock changes and travel."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from clarity_desktop.domain.time import Instant, Span, ZoneTimeline

__all__ = ["ClockChange", "LocalStretch", "clock_changes", "local_stretches", "offset_text"]


@dataclass(frozen=True, slots=True)
class LocalStretch:
    """A stretch of one offset. ``start`` and ``stop`` are local seconds since 1970-01-01 00:00 local."""

    start: int
    stop: int
    offset_s: int


@dataclass(frozen=True, slots=True)
class ClockChange:
    """An instant at which the local clock jumps."""

    at: Instant
    before_s: int
    """Offset before, seconds."""
    after_s: int
    zone_before: str
    zone_after: str

    @property
    def is_travel(self) -> bool:
        """The zone itself changed; else the zone's own rule moved the clock."""
        return self.zone_before != self.zone_after

    @property
    def jump_s(self) -> int:
        """Seconds by which the clock jumps; positive when local time is skipped."""
        return self.after_s - self.before_s


def clock_changes(zone: ZoneTimeline, span: Span) -> list[ClockChange]:
    """The jumps of the clock strictly inside a span."""
    stretches = zone.offset_changes(span.start, span.stop)
    return [
        ClockChange(at, before, after, zone_before, zone_after)
        for (_, before, zone_before), (at, after, zone_after) in pairwise(stretches)
        if span.start < at < span.stop and (before != after or zone_before != zone_after)
    ]


def local_stretches(zone: ZoneTimeline, span: Span) -> list[LocalStretch]:
    """The span on the local clock, cut where the offset changes."""
    if span.length_s == 0:
        return []
    stretches = [entry for entry in zone.offset_changes(span.start, span.stop) if entry[0] < span.stop]
    ends = [*(at for at, _, _ in stretches[1:]), span.stop]
    return [
        LocalStretch(at + offset, end + offset, offset) for (at, offset, _), end in zip(stretches, ends, strict=True)
    ]


def offset_text(offset_s: int) -> str:
    """``UTC+1``, ``UTC+5:30``."""
    hours, minutes = divmod(abs(offset_s) // 60, 60)
    sign = "−" if offset_s < 0 else "+"
    return f"UTC{sign}{hours}:{minutes:02d}" if minutes else f"UTC{sign}{hours}"
