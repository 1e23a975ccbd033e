"""Series of samples: their kinds, units and columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntFlag, StrEnum

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.people import PatientId
from clarity_desktop.domain.time import Instant, Span

__all__ = ["Accumulation", "Drawing", "Rollup", "SampleFlag", "Samples", "Series", "SeriesId", "SeriesKind"]

SeriesId = int


class Accumulation(StrEnum):
    """What a value means over the interval it covers."""

    SUM = "sum"
    """An amount spread over the interval (steps, energy, counts). Splits pro rata; adds up."""
    MEAN = "mean"
    """A level at a point or over an interval (heart rate, light). Never added."""
    CATEGORY = "category"
    """A state that holds over the interval (sleep stage, stand hour). ``value`` is an index into the series' labels."""


class Drawing(StrEnum):
    """How a chart draws the kind by default."""

    BARS = "bars"
    LINE = "line"
    POINTS = "points"
    STAGES = "stages"


@dataclass(frozen=True, slots=True)
class SeriesKind:
    """A registry entry for one kind of measurement. The catalogue is in :mod:`clarity_desktop.domain.kinds`."""

    id: str
    """The name in the source's own words (``HKQuantityTypeIdentifierHeartRate``) or ours (``ActivityCounts``)."""
    title: str
    """Words for a clinician: ``Heart rate``."""
    unit: str
    """Canonical unit values are read in; ``""`` for categories."""
    accumulation: Accumulation
    drawing: Drawing
    valid_range: tuple[float, float] | None = None
    """Plausible range in the canonical unit; values outside are kept and flagged."""
    colour: str = "rest"
    """Name of the data colour token."""
    known: bool = True
    """False for kinds nobody declared: they are kept under their own name and unit."""


class SampleFlag(IntFlag):
    """Facts about one sample. Never hides it."""

    NONE = 0
    USER_ENTERED = 1
    IMPLAUSIBLE = 2
    """Outside the kind's valid range."""
    REPAIRED = 4
    """The source text was damaged and read by a stated repair."""
    UNIT_MISSING = 8
    GONE = 16
    """No longer in the latest export of the person; left out of results, never deleted."""
    SUPERSEDED = 32
    """A later version of the same record has replaced it; left out of results, never deleted."""
    KEPT = 64
    """Somebody brought it back although the latest export does not hold it."""


@dataclass(frozen=True, slots=True)
class Series:
    """All samples of one kind, unit and source of one patient. Raw is kept per source; merging is a view."""

    id: SeriesId
    patient_id: PatientId
    kind: str
    unit: str
    """Unit as the source wrote it; readers convert to the kind's canonical unit."""
    source: str
    """Source name, Unicode NFC, otherwise as written."""
    labels: tuple[str, ...] = ()
    """Category labels; ``value`` of a category sample indexes them."""
    n: int = 0
    first: Instant | None = None
    last: Instant | None = None
    """End of the last sample."""
    device: str = ""
    """Device text of the most samples, without the volatile pointer."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Columns of one series, sorted by start, then length, then value. All arrays have shape (N,)."""

    start: NDArray[np.int64]
    """UTC seconds."""
    length_s: NDArray[np.int32]
    """Seconds the sample covers; 0 for a point."""
    value: NDArray[np.float64]
    """In ``unit``; for categories the index into ``labels``."""
    flags: NDArray[np.uint8]
    """Bits of :class:`SampleFlag`."""
    unit: str = ""
    labels: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.start.size)

    @property
    def stop(self) -> NDArray[np.int64]:
        """UTC seconds at which each sample ends."""
        return self.start + self.length_s

    @classmethod
    def empty(cls, unit: str = "", labels: tuple[str, ...] = ()) -> Samples:
        """No samples."""
        return cls(
            np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.float64), np.empty(0, np.uint8), unit, labels
        )

    def within(self, span: Span) -> Samples:
        """The samples that intersect a span (a point belongs when it lies in ``[start, stop)``)."""
        keep = (self.start < span.stop) & ((self.stop > span.start) | (self.start >= span.start))
        return Samples(
            self.start[keep], self.length_s[keep], self.value[keep], self.flags[keep], self.unit, self.labels
        )


@dataclass(frozen=True, slots=True)
class Rollup:
    """Hourly summary of one series; only hours with samples have a row. All arrays have shape (H,), sorted by hour."""

    hour: NDArray[np.int64]
    """UTC seconds of the start of the hour."""
    n: NDArray[np.int32]
    """Samples that start in the hour."""
    minimum: NDArray[np.float64]
    maximum: NDArray[np.float64]
    mean: NDArray[np.float64]
    total: NDArray[np.float64]
    """For :attr:`Accumulation.SUM` kinds the amount within the hour, spread pro rata; else the sum of values."""
    unit: str = field(default="")
