"""The panel: everything that the analysis of one recording and window comes to, in one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from clarity_desktop.domain.epochs import Epochs
from clarity_desktop.domain.findings import Coverage, Finding, Provenance
from clarity_desktop.domain.sleep import Night
from clarity_desktop.domain.time import Span, ZoneTimeline

__all__ = ["AverageDay", "DayCoverage", "Panel", "WearBout"]


@dataclass(frozen=True, slots=True)
class AverageDay:
    """The average day by local minute, all arrays of shape (1440,) float64; NaN where no day has the minute (RH-4)."""

    mean: NDArray[np.float64]
    median: NDArray[np.float64]
    lower: NDArray[np.float64]
    """25th percentile."""
    upper: NDArray[np.float64]
    """75th percentile."""
    n: NDArray[np.int32]
    """Days that have the minute."""


@dataclass(frozen=True, slots=True)
class WearBout:
    """A stretch in which the device was not worn, with the rule that said so (RH-6…RH-9)."""

    span: Span
    rule: str


@dataclass(frozen=True, slots=True)
class DayCoverage:
    """Minutes of one local day by what is known of them. A day may have 1380, 1440 or 1500 minutes."""

    date: date
    worn_min: float
    not_worn_min: float
    missing_min: float
    valid: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """Findings, nights and the signals they rest on, for one person and window."""

    span: Span
    zone: ZoneTimeline
    epochs: Epochs
    """The activity signal as regular epochs."""
    signal: str
    """Kind id of the activity signal: ``ActivityCounts``, or steps where there are no counts."""
    signal_note: str
    """What is fed, in words: ``Steps per minute, merged from 2 sources. Not actigraphy counts: uncalibrated.``"""
    coverage: Coverage
    wear_rule: str
    wear_bouts: tuple[WearBout, ...]
    days: tuple[DayCoverage, ...]
    findings: tuple[Finding, ...]
    nights: tuple[Night, ...]
    """Main sleeps in order of date; naps apart."""
    naps: tuple[Night, ...]
    average_day: AverageDay | None
    provenance: Provenance
    simulated: bool = False
    notes: tuple[str, ...] = field(default=())
    """Sentences about what the numbers do not say: zone unknown, scorer uncalibrated …"""

    def finding(self, metric: str) -> Finding | None:
        """The finding of a metric, or ``None`` when the panel did not ask for it."""
        for candidate in self.findings:
            if candidate.metric == metric:
                return candidate
        return None
