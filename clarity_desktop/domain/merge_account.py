"""What the account of a merged day says: each recorded interval, what of it counts, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from clarity_desktop.domain.time import Instant, Span

__all__ = ["DayAccount", "Interval", "Reason", "SourceShare"]


class Reason(StrEnum):
    """Why an interval counts as it does."""

    FIRST = "first"
    """Its source comes first, so all of it counts."""
    ALONE = "alone"
    """No source before it recorded anything at that time, so all of it counts."""
    PARTLY = "partly"
    """A source before it covers a part; the rest counts in proportion to its length."""
    COVERED = "covered"
    """Sources before it cover all of it, so nothing counts."""


@dataclass(frozen=True, slots=True)
class Interval:
    """One recorded interval of the day."""

    start: Instant
    stop: Instant
    source: str
    offered: float
    """What was recorded within the day, in the kind's canonical unit."""
    kept: float
    """What counts of it."""
    reason: Reason
    by: tuple[str, ...] = ()
    """Sources that cover what does not count, the first in order first."""


@dataclass(frozen=True, slots=True)
class SourceShare:
    """One source's part in a day."""

    source: str
    offered: float
    kept: float


@dataclass(frozen=True, slots=True)
class DayAccount:
    """The account of one day: intervals in order of time, and sums by source in order of priority."""

    span: Span
    unit: str
    intervals: tuple[Interval, ...]
    shares: tuple[SourceShare, ...]

    @property
    def total(self) -> float:
        """The merged total."""
        return float(sum(share.kept for share in self.shares))

    @property
    def plain_sum(self) -> float:
        """What adding all sources would give."""
        return float(sum(share.offered for share in self.shares))
