"""The regular grid: the only form that rhythm, sleep and PAT functions accept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.time import Instant, Span, ZoneTimeline

__all__ = ["EpochState", "Epochs"]


class EpochState(IntEnum):
    """What is known about one epoch."""

    WORN = 0
    NOT_WORN = 1
    MISSING = 2
    EXCLUDED = 3
    """Left out by a person."""


@dataclass(frozen=True, slots=True)
class Epochs:
    """A regular grid in UTC: epoch *i* covers ``[start + i·step_s, start + (i+1)·step_s)``."""

    start: Instant
    step_s: int
    values: NDArray[np.float32]
    """Shape (N,). NaN where the state is MISSING. Values of epochs that are not worn are kept."""
    state: NDArray[np.uint8]
    """Shape (N,), codes of :class:`EpochState`."""
    zone: ZoneTimeline
    unit: str = ""
    kind: str = ""

    def __post_init__(self) -> None:
        if self.step_s <= 0:
            raise ValueError("step_s must be positive")
        if self.values.shape != self.state.shape or self.values.ndim != 1:
            raise ValueError("values and state must be one-dimensional and of equal length")

    def __len__(self) -> int:
        return int(self.values.size)

    @property
    def span(self) -> Span:
        """The UTC span of the grid."""
        return Span(self.start, self.start + self.step_s * len(self))

    @property
    def times(self) -> NDArray[np.int64]:
        """UTC seconds at which each epoch starts, shape (N,)."""
        return self.start + self.step_s * np.arange(len(self), dtype=np.int64)

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Worn and present, shape (N,): the epochs a metric may use."""
        return np.asarray((self.state == EpochState.WORN) & np.isfinite(self.values))
