"""What is said about PAT, without the model: signals, fills, minutes of a week, recipes, embeddings and checkpoints."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.kinds import ACTIVITY_COUNTS, HEART_RATE, STEPS
from clarity_desktop.domain.time import Instant

__all__ = [
    "ATTRIBUTION",
    "DAYS",
    "DEFAULT_GATE",
    "RESEARCH_NOTICE",
    "SIGNAL_KINDS",
    "SIMULATED_NOTICE",
    "STRICT_GATE",
    "WIDTH",
    "WINDOW_MIN",
    "Checkpoint",
    "ClockChange",
    "Fill",
    "Origin",
    "Recipe",
    "WeekEmbedding",
    "WeekMinutes",
    "WeekSignal",
]

WINDOW_MIN: Final = 10_080
"""Minutes of a window: seven times 24 hours."""
DAYS: Final = 7
WIDTH: Final = 96
"""Numbers of an embedding."""
DEFAULT_GATE: Final = 0.9
"""Least share of worn minutes of a week that is computed."""
STRICT_GATE: Final = 1.0

RESEARCH_NOTICE: Final = (
    "Research use. The numbers summarise how a week's movement looks to a model. "
    "They name no condition and are not a medical finding."
)
SIMULATED_NOTICE: Final = "Trained on simulated data, not clinical."
ATTRIBUTION: Final = (
    "PAT by F. Y. Ruan, A. Zhang, J. Y. Oh, S. Jin, N. C. Jacobson, CC BY 4.0, doi:10.48550/arXiv.2411.15240."
)


class WeekSignal(StrEnum):
    """What the minutes of a week are; only weeks of one signal are compared."""

    COUNTS = "activity_counts"
    STEPS = "steps"
    ENERGY = "active_energy"
    HEART_RATE = "heart_rate"

    @property
    def words(self) -> str:
        """Name and unit, as shown."""
        return _WORDS[self]

    @property
    def is_counts(self) -> bool:
        """Whether it is the kind of signal that PAT was made for."""
        return self is WeekSignal.COUNTS


_WORDS: Final = {
    WeekSignal.COUNTS: "activity counts/min",
    WeekSignal.STEPS: "steps/min, which are not counts",
    WeekSignal.ENERGY: "active energy in kcal/min, which is not counts",
    WeekSignal.HEART_RATE: "heart rate in 1/min, which is not counts",
}
SIGNAL_KINDS: Final = {
    WeekSignal.COUNTS: ACTIVITY_COUNTS,
    WeekSignal.STEPS: STEPS,
    WeekSignal.ENERGY: "HKQuantityTypeIdentifierActiveEnergyBurned",
    WeekSignal.HEART_RATE: HEART_RATE,
}
"""The series kind of each signal."""


class Fill(StrEnum):
    """What stands in for a minute that was not recorded or not worn."""

    OWN_MEDIAN = "own_median"
    """The person's own median of that minute of the day."""
    AVERAGE = "average"
    """0 after standardisation, which means the average of whom the standardisation rests on, not stillness."""

    @property
    def other(self) -> Fill:
        """The other fill, against which a result's sensitivity is measured."""
        return Fill.AVERAGE if self is Fill.OWN_MEDIAN else Fill.OWN_MEDIAN

    @property
    def words(self) -> str:
        """The policy in words."""
        return "own median of the minute of the day" if self is Fill.OWN_MEDIAN else "0 after standardisation"


@dataclass(frozen=True, slots=True)
class ClockChange:
    """The local clock jumps inside a week: by a clock change, or by travel to another zone."""

    at: Instant
    shift_s: int
    """Seconds by which the local clock jumps; positive skips clock time, negative repeats it."""
    zone: str
    """Zone in force afterwards."""
    travel: bool
    """Whether the zone itself is another one."""


@dataclass(frozen=True, slots=True)
class WeekMinutes:
    """The 10 080 minutes of a week, each in exactly one class."""

    worn: int
    not_worn: int
    missing: int
    """No sample, or beyond the recording's ends."""
    excluded: int
    """Left out by a person."""

    @property
    def coverage(self) -> float:
        """Share worn, 0…1."""
        return self.worn / WINDOW_MIN

    @property
    def to_fill(self) -> int:
        """Minutes that a fill must stand in for."""
        return WINDOW_MIN - self.worn


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything two embeddings must share to be compared."""

    weights: str
    """SHA-256 of the checkpoint's tensors as stored."""
    model: str
    """``PAT-S`` and its kin."""
    signal: WeekSignal
    normalisation: str
    """Identifier and version of the normalisation."""
    fill: Fill

    @property
    def key(self) -> str:
        """A hash of the recipe: like is only compared with like, and this says what is like."""
        said = json.dumps([self.weights, self.model, self.signal.value, self.normalisation, self.fill.value])
        return hashlib.sha256(said.encode()).hexdigest()[:24]

    def as_document(self) -> dict[str, Any]:
        """For JSON and exports."""
        return {
            "weights_sha256": self.weights,
            "model": self.model,
            "signal": self.signal.value,
            "normalisation": self.normalisation,
            "fill": self.fill.value,
            "recipe": self.key,
        }


@dataclass(frozen=True, slots=True)
class WeekEmbedding:
    """One week seen through one recipe."""

    start: Instant
    day: int
    """Local day it begins with, days since 1970-01-01."""
    minutes: WeekMinutes
    own_median_filled: int
    """Minutes filled with the person's own median."""
    average_filled: int
    """Minutes filled with 0 after standardisation; under the own median, those whose minute was never worn."""
    changes: tuple[ClockChange, ...]
    pooled: NDArray[np.float32]
    """Shape (96,): the mean of all tokens."""
    attention: NDArray[np.float32]
    """Shape (T,): attention received by each patch in the last block, sums to 1."""
    sensitivity: float
    """Euclidean distance to the embedding of the same week under the other fill."""
    neighbour_distance: float | None = None
    """Median distance to the weeks that begin seven days before and after; ``None`` when neither was computed."""

    @property
    def unreliable(self) -> bool:
        """Whether the choice of fill moves the embedding further than a neighbouring week does."""
        return self.neighbour_distance is not None and self.sensitivity > self.neighbour_distance


class Origin(StrEnum):
    """Where a checkpoint comes from."""

    BUNDLED = "bundled"
    """Trained by this project and part of the program."""
    INSTALLED = "installed"
    """A file that the user brought."""
    TRAINED = "trained"
    """Trained on this machine."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A set of weights that the program knows, with its card."""

    id: str
    size: str
    """Key of the size: ``s``, ``m``, ``l`` or a convolutional one."""
    label: str
    """``PAT-S`` and its kin."""
    origin: Origin
    sha256: str
    """Of the file it was made from; for own training, of the checkpoint."""
    stored_sha256: str
    """Of the checkpoint as it lies here."""
    bytes: int
    patch: int
    tokens: int
    heads: int
    blocks: int
    verified: bool
    """Whether the file is the one that was installed and its self-test passed on this machine."""
    problem: str
    """Why it is not verified, in words; empty when it is."""
    random: bool
    """Seeded random test weights: their numbers mean nothing about anybody."""
    simulated: bool
    """Trained on simulated data only."""
    trained_on: str
    licence: str
    cohort: str | None
    """Name of the cohort statistics file that belongs to it, beside the checkpoint."""
    autoencoder: str | None
    """Name of the whole autoencoder beside it, for reconstruction."""
    card: dict[str, Any]
    """The model card as stored."""
    clinical: bool = False

    @property
    def notice(self) -> str:
        """What must be said wherever its numbers are shown or leave the program."""
        if self.random:
            return "Random test weights. The numbers show that the method runs, and say nothing about the person."
        if self.simulated:
            return SIMULATED_NOTICE
        if self.origin is Origin.TRAINED:
            return "Trained on this machine on its own recordings; checked on nobody else."
        return "Research weights that nobody here has checked against their authors' own."
