"""What PAT answers of a person: weeks, embeddings, profiles, likeness and heads, ready to show or export."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.pat import (
    DEFAULT_GATE,
    Checkpoint,
    ClockChange,
    Fill,
    Recipe,
    WeekEmbedding,
    WeekMinutes,
    WeekSignal,
)
from clarity_desktop.domain.time import Instant, ZoneTimeline

__all__ = [
    "HeadView",
    "Machine",
    "NormalisationChoice",
    "Occlusion",
    "PatRequest",
    "PatResult",
    "SimilarWeek",
    "TrajectoryView",
    "UnusualHours",
    "WeekDetail",
    "WeekStatus",
]


class NormalisationChoice(StrEnum):
    """How the user wants minutes standardised."""

    AUTO = "auto"
    """The cohort statistics that belong to the checkpoint where they are of the same signal, else the person's own."""
    COHORT = "cohort"
    OWN = "own"
    """The person's own z-score: approximate."""


@dataclass(frozen=True, slots=True)
class PatRequest:
    """What a person asks of PAT; ``None`` lets the program choose."""

    model: str | None = None
    """Id of a checkpoint."""
    signal: WeekSignal | None = None
    """Counts where there are any, else steps."""
    gate: float = DEFAULT_GATE
    fill: Fill = Fill.OWN_MEDIAN
    normalisation: NormalisationChoice = NormalisationChoice.AUTO
    device: str = "auto"
    zone: str | None = None
    """Zone name for all time, in place of the person's own timeline."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What this machine has for PAT."""

    torch: str | None
    """Version, or ``None`` when PyTorch is not installed."""
    missing: tuple[str, ...]
    """Packages that are not installed."""

    @property
    def ready(self) -> bool:
        """Whether a model can run."""
        return not self.missing


@dataclass(frozen=True, slots=True)
class WeekStatus:
    """One window of the recording, computed or not."""

    start: Instant
    day: int
    """Local day it begins with, days since 1970-01-01."""
    minutes: WeekMinutes
    changes: tuple[ClockChange, ...]
    reason: str
    """Why it is not computed; empty when it is."""

    @property
    def ok(self) -> bool:
        """Whether enough was worn."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class PatResult:
    """Every week of a person through one recipe."""

    checkpoint: Checkpoint
    recipe: Recipe
    normalisation_words: str
    approximate: bool
    zone: ZoneTimeline
    gate: float
    weeks: tuple[WeekStatus, ...]
    embeddings: tuple[WeekEmbedding, ...]
    """Of the weeks that are ok, in order of day."""
    computed: int
    """Weeks computed now; the others came from the cache."""
    seconds: float
    device: str

    def embedding_of(self, day: int) -> WeekEmbedding | None:
        """The embedding of the week that begins with a local day."""
        for one in self.embeddings:
            if one.day == day:
                return one
        return None


@dataclass(frozen=True, slots=True)
class WeekDetail:
    """The minutes of one week beside what the model made of them."""

    status: WeekStatus
    values: NDArray[np.float32]
    """Shape (10080,) in the signal's unit; NaN where not worn."""
    state: NDArray[np.uint8]
    """Shape (10080,), codes of :class:`~clarity_desktop.domain.epochs.EpochState`."""
    minute_of_day: NDArray[np.int64]
    """Shape (10080,): local clock minute."""
    signal: WeekSignal
    zone: ZoneTimeline
    embedding: WeekEmbedding | None
    cosine_to_first: float | None = None
    """Cosine similarity to the person's first computed week."""
    first_day: int | None = None


@dataclass(frozen=True, slots=True)
class Occlusion:
    """How far the embedding moves when a block of the week is replaced by the average."""

    day: int
    block_min: int
    distance: NDArray[np.float64]
    """Shape (10080 / block_min,), Euclidean."""


@dataclass(frozen=True, slots=True)
class UnusualHours:
    """What the masked autoencoder did not foresee: root mean square of its residual by hour, in standard deviations."""

    day: int
    residual: NDArray[np.float64]
    """Shape (168,); NaN for hours of which less than half was worn."""
    median: float
    """Median over the hours of this week, for comparison."""
    maskings: int


@dataclass(frozen=True, slots=True)
class TrajectoryView:
    """A person's weeks on their own principal components, and their distance to their first weeks."""

    day: NDArray[np.int64]
    places: NDArray[np.float64]
    """Shape (N, 2) or (N, 1)."""
    explained: NDArray[np.float64]
    distance: NDArray[np.float64]
    """Distance to the own baseline, shape (N,); NaN where none is free of overlap."""
    baseline_weeks: int
    baseline_spread: float
    change_days: tuple[int, ...]
    """Local days at which the level of the distance changes."""


@dataclass(frozen=True, slots=True)
class SimilarWeek:
    """A week near another one."""

    patient_id: str
    day: int
    start: Instant
    distance: float
    cosine: float
    coverage: float


@dataclass(frozen=True, slots=True)
class HeadView:
    """A local head with what cross-validation said of it."""

    id: str
    label: str
    recipe: str
    model: str
    signal: str
    created: Instant
    report: dict[str, Any]
    people_now: int
    """People it rests on who are still here."""
    notice: str = field(default="")

    @property
    def usable(self) -> bool:
        """Whether its scores may be shown."""
        return bool(self.report.get("usable"))
